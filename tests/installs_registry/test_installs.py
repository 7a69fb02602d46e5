"""Check-ins, and what is then known of an install."""

from __future__ import annotations

import asyncio
import json

import msgspec
import pytest

from installs_registry import installs, products
from installs_registry.checked_in import CheckedIn
from installs_registry.reports import Arrival
from installs_registry.types import CheckIn, InstallView
from storage import Database, Tx, instant
from storage.outcomes import Conflict, Invalid, NotFound
from tests.installs_registry.builders import (
    FACTS,
    LATER,
    NOW,
    TOKEN,
    a_check_in,
    a_customer,
    a_declaration,
    a_product,
    a_release,
    taken,
)

FOOTPRINT = {
    "notebooks": 12,
    "size_gb": 1.5,
    "encrypted": False,
    "storage_format": "v2 \N{PILE OF POO} ü",
    "plugins": ["b", "a", "a", "ü"],
    "engine": "1.2.3-rc.1",
}
NORMALISED = FOOTPRINT | {"plugins": ("a", "b", "ü")}
PLATFORM = {"os": "macos", "os_version": "14.6.1", "arch": "arm64"}
OTHER_TOKEN = "another-token-of-128-random-bits"  # noqa: S105 - opens nothing


async def state_after(database: Database, checked: CheckedIn) -> installs.InstallState:
    """The install as it is stored, which is as the check-in told."""
    state = await database.read(state_of, checked.install_no)
    assert (state.recipient, state.version, state.version_no) == (
        checked.recipient,
        checked.after.version,
        checked.after.version_no,
    )
    assert state.facts == checked.after.facts
    return state


def state_of(tx: Tx, install_no: int) -> installs.InstallState:
    return installs.state(tx, products.find(tx, "notes"), install_no)


def view_of(tx: Tx, install: str = "i-1", token: str | None = None) -> InstallView:
    return installs.view(tx, install, token=token, vendor=token is None)


async def refusal_of(database: Database, **fields: object) -> list[str]:
    with pytest.raises(Invalid) as refused:
        await database.call(lambda tx: a_check_in(tx, **fields))  # type: ignore[arg-type]
    return [fault.at for fault in refused.value.faults]


async def test_a_first_check_in_is_stored_whole(database: Database) -> None:
    await database.call(a_product)
    checked = await database.call(a_check_in, footprint=FOOTPRINT, platform=PLATFORM, acquired_through="app-store")
    assert (checked.before, checked.changed) == (None, True)
    assert checked.recipient == -checked.install_no
    assert checked.after.facts == {
        **NORMALISED,
        "platform.os": "macos",
        "platform.os_version": "14.6.1",
        "platform.arch": "arm64",
        "install.first_version": "4.1.0",
    }
    assert (await state_after(database, checked)).history == ("4.1.0",)


async def test_an_install_is_answered_without_what_is_absent(database: Database) -> None:
    await database.call(a_product)
    await database.call(a_check_in, footprint={"notebooks": 12}, platform={"os": "linux"})
    view = await database.read(view_of)
    assert json.loads(msgspec.json.encode(view)) == {
        "install": "i-1",
        "product": "notes",
        "version": "4.1.0",
        "first_version": "4.1.0",
        "customer": None,
        "platform": {"os": "linux"},
        "footprint": {"notebooks": 12},
        "acquired_through": None,
        "first_seen_at": instant(NOW),
        "last_seen_at": instant(NOW),
    }


async def test_a_repeat_with_nothing_new_stores_only_that_it_was_seen(database: Database) -> None:
    await database.call(a_product)
    first = await database.call(a_check_in, footprint=FOOTPRINT, platform=PLATFORM)
    again = await database.call(a_check_in, footprint=FOOTPRINT, platform=PLATFORM, now=LATER)
    assert not again.changed
    assert (again.before, again.after.facts) == (first.after, first.after.facts)
    view = await database.read(view_of)
    assert (view.first_seen_at, view.last_seen_at) == (instant(NOW), instant(LATER))


async def test_what_is_left_out_stays_and_null_clears(database: Database) -> None:
    await database.call(a_product)
    await database.call(a_check_in, footprint=FOOTPRINT, platform=PLATFORM, acquired_through="app-store")
    kept = await database.call(a_check_in, footprint={"notebooks": 13})
    assert kept.after.facts["storage_format"] == FOOTPRINT["storage_format"]
    assert kept.after.facts["notebooks"] == 13
    cleared = await database.call(
        a_check_in,
        footprint=dict.fromkeys(FOOTPRINT),
        platform={"os_version": None},
        acquired_through=None,
    )
    assert cleared.after.facts == {
        "platform.os": "macos",
        "platform.arch": "arm64",
        "install.first_version": "4.1.0",
    }
    await state_after(database, cleared)
    emptied = await database.call(a_check_in, platform=None)
    assert emptied.after.facts == {"install.first_version": "4.1.0"}
    assert not (await database.call(a_check_in, platform=None, footprint={"notebooks": None})).changed


async def test_a_number_that_is_whole_is_the_same_number(database: Database) -> None:
    await database.call(a_product)
    await database.call(a_check_in, footprint={"size_gb": 2, "notebooks": 12.0})
    again = await database.call(a_check_in, footprint={"size_gb": 2.0, "notebooks": 12})
    assert not again.changed


async def test_every_version_an_install_has_had_is_kept(database: Database) -> None:
    await database.call(a_product)
    for version in ("4.1.0", "4.2.0", "4.1.0"):
        await database.call(a_check_in, version=version)
    checked = await database.call(a_check_in, version="4.3.0")
    assert checked.before is not None
    assert (checked.before.version, checked.after.version) == ("4.1.0", "4.3.0")
    assert checked.after.facts["install.first_version"] == "4.1.0"
    assert (await state_after(database, checked)).history == ("4.1.0", "4.2.0", "4.3.0")


async def test_the_vendor_links_and_unlinks_the_customer(database: Database) -> None:
    await database.call(a_product)
    number = await database.call(a_customer)
    alone = await database.call(a_check_in)
    linked = await database.call(a_check_in, customer="C-1")
    assert linked.changed
    assert (linked.recipient, linked.after.customer) == (number, "C-1")
    assert not (await database.call(a_check_in)).changed
    assert (await database.read(view_of)).customer == "C-1"
    unlinked = await database.call(a_check_in, customer=None)
    assert unlinked.recipient == -alone.install_no
    await state_after(database, unlinked)


#: Check-ins that are refused, and where.
WRONG: list[tuple[dict[str, object], list[str]]] = [
    ({"version": "four"}, ["/version"]),
    ({"version": "4.1\n"}, ["/version"]),
    ({"version": "\ud800"}, ["/version"]),
    ({"version": "9" * 200}, ["/version"]),
    ({"customer": "nobody"}, ["/customer"]),
    ({"customer": "\0"}, ["/customer"]),
    ({"platform": {"os_version": "14.x"}}, ["/platform/os_version"]),
    ({"platform": {"os": "a\nb", "arch": "\0"}}, ["/platform/os", "/platform/arch"]),
    ({"acquired_through": "\x1b[2J"}, ["/acquired_through"]),
    ({"footprint": {"a/b~c": 1}}, ["/footprint/a~1b~0c"]),
    ({"footprint": {"notebooks": "12"}}, ["/footprint/notebooks"]),
    ({"footprint": {"notebooks": True}}, ["/footprint/notebooks"]),
    ({"footprint": {"notebooks": 2**53}}, ["/footprint/notebooks"]),
    ({"footprint": {"notebooks": 10**400}}, ["/footprint/notebooks"]),
    ({"footprint": {"size_gb": float("nan")}}, ["/footprint/size_gb"]),
    ({"footprint": {"size_gb": float("inf")}}, ["/footprint/size_gb"]),
    ({"footprint": {"storage_format": "\0"}}, ["/footprint/storage_format"]),
    ({"footprint": {"storage_format": "\ud800"}}, ["/footprint/storage_format"]),
    ({"footprint": {"plugins": "a"}}, ["/footprint/plugins"]),
    ({"footprint": {"plugins": [["a"]]}}, ["/footprint/plugins"]),
    ({"footprint": {"encrypted": 1}}, ["/footprint/encrypted"]),
    ({"footprint": {"engine": "one"}}, ["/footprint/engine"]),
    ({"install": " "}, [""]),
    ({"install": "\ud800"}, [""]),
    (
        {
            "version": "!",
            "customer": "nobody",
            "platform": {"os_version": "!"},
            "footprint": {"no": 1, "engine": []},
        },
        ["/version", "/customer", "/platform/os_version", "/footprint/no", "/footprint/engine"],
    ),
]


async def test_what_is_wrong_with_a_check_in_is_told_at_its_places_and_nothing_stored(
    database: Database,
) -> None:
    await database.call(a_product)
    for fields, places in WRONG:
        assert await refusal_of(database, **fields) == places, fields
    with pytest.raises(NotFound):
        await database.read(view_of)


async def test_a_retired_fact_is_ignored_and_unknown_until_it_is_declared_again(database: Database) -> None:
    await database.call(a_product)
    await database.call(a_check_in, footprint={"notebooks": 12, "encrypted": True})
    fewer = a_declaration({name: fact for name, fact in FACTS.items() if name != "notebooks"})
    await database.call(products.declare, "notes", fewer, NOW)
    ignored = await database.call(a_check_in, footprint={"notebooks": "of any type"})
    assert not ignored.changed
    assert "notebooks" not in ignored.after.facts
    assert (await database.read(view_of)).footprint == {"encrypted": True}
    await database.call(products.declare, "notes", a_declaration(), NOW)
    assert (await database.read(view_of)).footprint == {"encrypted": True, "notebooks": 12}


async def test_a_client_app_can_repeat_its_first_check_in_and_see_its_install(database: Database) -> None:
    await database.call(a_product)
    first = await database.call(a_check_in, token=TOKEN)
    again = await database.call(a_check_in, token=TOKEN)
    assert (again.install_no, again.changed) == (first.install_no, False)
    assert (await database.read(view_of, "i-1", TOKEN)).version == "4.1.0"


async def test_an_install_of_others_looks_like_none_at_all_to_a_client_app(database: Database) -> None:
    await database.call(a_product)
    await database.call(a_product, "other")
    await database.call(a_check_in, "vendors")
    await database.call(a_check_in, "apps", token=TOKEN)
    sentences = set()
    for install in ("vendors", "apps", "nowhere", "\0"):
        with pytest.raises(NotFound) as unseen:
            await database.read(view_of, install, OTHER_TOKEN)
        sentences.add(unseen.value.detail)
    for install, product in (("vendors", "notes"), ("apps", "notes"), ("apps", "other")):
        with pytest.raises(NotFound) as untouched:
            await database.call(a_check_in, install, token=OTHER_TOKEN, product=product, version="9.9")
        sentences.add(untouched.value.detail)
    assert len(sentences) == 1
    assert (await database.read(view_of, "apps", TOKEN)).version == "4.1.0"


async def test_a_token_that_cannot_hold_128_random_bits_is_refused(database: Database) -> None:
    await database.call(a_product)
    for token in ("", "short", "x" * 201, "ü" * 32, "\n" * 32):
        assert await refusal_of(database, token=token) == [""]


async def test_a_client_app_without_a_token_is_refused(database: Database) -> None:
    await database.call(a_product)
    body = CheckIn(product="notes", version="4.1")
    with pytest.raises(Invalid, match="Install-Token"):
        await database.call(taken, Arrival("i-1", body, None, vendor=False))


async def test_a_client_app_cannot_say_who_the_customer_is(database: Database) -> None:
    await database.call(a_product)
    await database.call(a_customer)
    for customer in ("C-1", "nobody", None):
        assert await refusal_of(database, token=TOKEN, customer=customer) == ["/customer"]


async def test_the_vendor_may_check_in_for_an_install_that_an_app_made(database: Database) -> None:
    await database.call(a_product)
    await database.call(a_customer)
    await database.call(a_check_in, token=TOKEN)
    await database.call(a_check_in, customer="C-1")
    assert (await database.read(view_of, "i-1", TOKEN)).customer == "C-1"


async def test_an_install_stays_with_its_product(database: Database) -> None:
    await database.call(a_product)
    await database.call(a_product, "other")
    await database.call(a_check_in)
    with pytest.raises(Conflict):
        await database.call(a_check_in, product="other")


async def test_a_list_product_keeps_a_version_whose_place_is_unknown(database: Database) -> None:
    await database.call(a_product, scheme="list")
    await database.call(a_release, "Jaunty")
    checked = await database.call(a_check_in, version="Nightly 7", footprint={"notebooks": 1})
    assert checked.after.version == "Nightly 7"
    await state_after(database, checked)


async def test_first_check_ins_at_the_same_moment_make_one_install(database: Database) -> None:
    await database.call(a_product)
    checked = await asyncio.gather(
        *(database.call(a_check_in, version=f"4.{number}", footprint={"notebooks": number}) for number in range(8))
    )
    assert len({one.install_no for one in checked}) == 1
    assert sum(one.before is None for one in checked) == 1
    state = await database.read(state_of, checked[0].install_no)
    assert sorted(state.history) == sorted(f"4.{number}" for number in range(8))
    assert state.version == f"4.{state.facts['notebooks']}"


async def test_a_state_that_there_is_not_is_not_found(database: Database) -> None:
    await database.call(a_product)
    with pytest.raises(NotFound):
        await database.read(state_of, 99)
