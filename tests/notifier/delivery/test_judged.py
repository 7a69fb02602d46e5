"""What mails judge installs by is what the rules would see of each, on both databases."""

from __future__ import annotations

from installs_registry import installs, products
from notifier.delivery.claims import NoticeLine
from notifier.delivery.judged import Judged, judged
from risk import Exposure
from storage import Tx
from tests.notifier.stage import AT_RISK, NOTES, Stage

NAMES = ("notebooks", "plugins", "storage_format", "platform.os", "platform.os_version", "install.first_version")
MORE = {"type": "boolean"}


def read(tx: Tx, names: tuple[str, ...], exposure: Exposure | None = Exposure.AT_RISK) -> list[Judged]:
    product = products.find(tx, "notes")
    found = tx.built("SELECT no, version_no FROM installs ORDER BY no", {})
    lines = [NoticeLine(row["no"], "an install", row["version_no"], exposure) for row in found]
    seen = judged(tx, product, names, lines)
    for line in lines:
        state = installs.state(tx, product, line.install_no)
        assert seen[line.install_no].version == state.version
        assert seen[line.install_no].facts == {name: state.facts[name] for name in names if name in state.facts}
        assert seen[line.install_no].history == (state.history if exposure is Exposure.ALREADY_UPGRADED else ())
    return [seen[line.install_no] for line in lines]


async def test_the_facts_that_are_named_are_seen_as_they_are(stage: Stage) -> None:
    await stage.check_in("a", footprint={**AT_RISK, "plugins": ["x", "y"]}, platform={"os": "macos", "arch": "arm64"})
    await stage.check_in("b", "4.2.0", footprint={"storage_format": "v3"}, platform={"os_version": "14.2"})
    await stage.check_in("c")
    for names in (NAMES, ("plugins",), ("platform.os",), ("install.first_version", "notebooks"), ()):
        await stage.database.read(read, names)


async def test_facts_that_are_retired_or_were_never_declared_are_not_known(stage: Stage) -> None:
    await stage.check_in("a", footprint=AT_RISK)
    await stage.declare("notes", {**NOTES, "facts": {"storage_format": {"type": "string"}, "encrypted": MORE}})
    [one] = await stage.database.read(read, (*NAMES, "encrypted", "gone"))
    assert "notebooks" not in one.facts


async def test_installs_share_one_where_the_rules_cannot_tell_them_apart(stage: Stage) -> None:
    for install, notebooks in (("a", 1), ("b", 1), ("c", 2)):
        await stage.check_in(install, footprint={"notebooks": notebooks, "storage_format": install})
    await stage.check_in("d", "4.2.0", footprint={"notebooks": 1})
    a, b, c, d = await stage.database.read(read, ("notebooks",))
    assert a is b
    assert len({id(each) for each in (a, c, d)}) == 3


async def test_the_versions_it_has_had_are_read_of_what_has_upgraded(stage: Stage) -> None:
    for version in ("4.1.0", "4.2.0"):
        await stage.check_in("a", version, footprint=AT_RISK)
    await stage.check_in("b", "4.2.0", footprint=AT_RISK)
    a, b = await stage.database.read(read, ("notebooks",), Exposure.ALREADY_UPGRADED)
    assert (a.history, b.history) == (("4.1.0", "4.2.0"), ("4.2.0",))
