"""What is special about single incidents: a risk taken knowingly, a repair left over, a fix that is faulty itself."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial

from examples.demo.play import Play
from examples.demo.post import Letter
from examples.demo.timeline import Scene

_BAD_FIX = "6.1.66-1"
_GOOD_FIX = "6.1.67-1"


def twists(plays: Mapping[str, Play]) -> Iterator[Scene]:
    """Yield the scenes that belong to one incident only."""
    yield from _postgresql(plays["postgresql-14-cic"])
    yield from _ext4(plays["linux-ext4-6.1.64"], plays["linux-6.1.66"])


def _postgresql(play: Play) -> Iterator[Scene]:
    """Yield: the holder of the app takes the risk by name; later, the fix leaves a repair to do."""
    incident = play.incident
    yield Scene(incident.begins, partial(_becomes_known, play))
    yield Scene(incident.published.at + timedelta(hours=2), partial(_takes_the_risk, play))
    yield Scene(_end_of(play) + timedelta(days=1), partial(_repairs, play))


def _ext4(first: Play, second: Play) -> Iterator[Scene]:
    """Yield: the fixed release has a fault of its own, and the safe target skips it."""
    yield Scene(_end_of(first), partial(_all_clear_names_no_bad_fix, first))
    yield Scene(_end_of(second), partial(_safe_target_skips, first))


def _end_of(play: Play) -> datetime:
    if play.incident.end is None:
        raise LookupError(f"{play.incident.key} has no end")
    return play.incident.end.resolved.at + timedelta(minutes=1)


async def _becomes_known(play: Play) -> None:
    """Link the app's install to a customer, as only the vendor may."""
    stage, app = play.stage, play.app.install
    customer = next(iter(stage.fleet.addresses))
    body = {"product": play.product, "version": play.incident.app.version, "customer": customer}
    await stage.people.admin.put(f"/v1/installs/{app}", body)
    stage.holders[app] = customer


async def _takes_the_risk(play: Play) -> None:
    """Go ahead through a hold, knowingly."""
    stage, customer = play.stage, play.stage.holders[play.app.install]
    advice = await play.app_asks(accept=[play.defect])
    play.must("who accepts the risk may go on", advice.action == "proceed")
    play.tell(f"customer {customer} accepts the risk, by name, and upgrades to {play.incident.app.to}")
    await play.app_checks_in(play.incident.app.to)
    await stage.settled()
    ledger = await stage.people.admin.get(f"/v1/defects/{play.defect}/ledger")
    play.must("the ledger names one accepted risk", ledger["accepted_risk"] == 1)


async def _repairs(play: Play) -> None:
    """Whoever ran 14.0 to 14.3 with such an index has work left after the fix; one says that it is done."""
    shown = await play.app_checks_in("14.4")
    await play.stage.settled()
    owed = await play.installs("repair_owed")
    play.must("the fix leaves a repair to exactly those whose data it touched", owed == len(_damaged(play)) + 1)
    play.tell(f"{owed} installs have the fix and still owe a repair")
    notice = next(each for each in shown if each["kind"] == "all_clear")
    repair = [remedy["kind"] for remedy in notice["remedies"]].index("repair")
    await asyncio.to_thread(play.app.choose, notice["id"], repair)
    play.must("a repair that is done is owed no more", await play.installs("repair_owed") == owed - 1)
    play.tell("the app's customer reindexes and says so: one repair less is owed")


def _damaged(play: Play) -> list[str]:
    """Return the installs of the fleet that have left 14.0 to 14.3, and did not rule the damage out."""
    stage = play.stage
    return [
        line["install"]
        for line in stage.fleet.installs[play.product]
        if stage.versions[line["install"]] == "14.4"
        and (line["version"].startswith("14.") or line["install"] in play.bold)
        and line["footprint"].get("concurrent_indexes") != 0
    ]


async def _all_clear_names_no_bad_fix(play: Play) -> None:
    """Check that the all-clear of the first fault sends nobody into the second."""
    cleared = [letter for letter in play.letters if letter.kind == "all_clear"]
    sent = [letter for letter in cleared if _BAD_FIX in letter.mail.subject]
    play.must("some are told to wait a little longer", len(sent) < len(cleared))
    play.must(
        "nobody with a wireless card is sent to the faulty fix", not any(_endangered(play, each) for each in sent)
    )
    play.tell(f"{len(cleared) - len(sent)} of the all-clears say: fixed, but wait a little longer")


def _endangered(play: Play, letter: Letter) -> bool:
    """Tell whether a letter is about an install that has a wireless card, and does not have the faulty fix yet."""
    stage = play.stage
    return any(
        line["footprint"].get("wifi") is True and stage.versions[line["install"]] != _BAD_FIX
        for line in stage.fleet.installs[play.product]
        if line["install"] in letter.installs
    )


async def _safe_target_skips(play: Play) -> None:
    """Ask from before both faults: the way leads past the faulty fix."""
    held = await play.app_asks(_BAD_FIX)
    play.must(f"{_BAD_FIX} is a hold", held.action == "hold")
    play.must(f"the safe target is {_GOOD_FIX}", held.safe_target == _GOOD_FIX)
    play.tell(f"an app asks {play.incident.app.version} → {_BAD_FIX}: {held.action}; safe is {held.safe_target}")
