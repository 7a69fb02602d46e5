"""What the commands that act on a defect share: who acts and when, and what came of it."""

from __future__ import annotations

from commands.options import Acting
from commands.printing import minute, print_json, print_prose
from feeds.types import DefectView
from notifier.publishing import By
from notifier.types import Acted
from storage import SystemClock


def by(acting: Acting) -> By:
    """Return who acts, now; raises Invalid where that is nobody."""
    return By(acting.person, SystemClock().now())


def print_acted(defect: str, acted: Acted, *, json: bool, stays: str | None = None) -> None:
    """Print how the defect stands; or for whom it waits, and how it `stays` meanwhile: None is its state."""
    if isinstance(acted.view, DefectView):
        print_defect(acted.view, json=json)
    elif json:
        print_json(acted.view)
    else:
        signed = ", ".join(acted.view.pending.signed_by)
        print_prose(
            f"{defect} stays {stays or acted.view.state} until another person signs the same; signed so far by {signed}"
        )


def print_defect(view: DefectView, *, json: bool) -> None:
    """Print how a defect stands: its state, what is proposed, and what was put against it."""
    if json:
        print_json(view)
        return
    proposed = f"; revision {view.proposed.revision} is proposed" if view.proposed else ""
    print_prose(f"{view.id} is {view.state}, revision {view.revision}{proposed}")
    if view.pause is not None:
        print_prose(f"  paused until {minute(view.pause.until)} by {view.pause.person}: {view.pause.reason}")
    for each in view.objections:
        upgraded = f"; {each.upgraded_meanwhile:,} installs have upgraded since" if each.upgraded_meanwhile else ""
        print_prose(f"  {each.person} objects until {minute(each.until)}: {each.reason}{upgraded}")
