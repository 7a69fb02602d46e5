"""The customers' pages: what a link opens, and that opening it changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from installs_registry import customers, preferences
from notifier import forgetting
from notifier.tokens import Purpose, Tokens
from notifier.types import NoticeView
from risk import Severity
from storage import Tx
from tests.console.house import House

REMEDIES = [
    {"kind": "wait", "text": "Stay with 4.1."},
    {"kind": "roll_back"},
    {"kind": "credit", "text": "20 % off & a hug.", "url": "https://example.com/credit"},
    {"kind": "repair"},
]


async def _warned(house: House, version: str = "4.1.0") -> str:
    """Warn Ann; return the path of her page."""
    await house.stage.holds("ann", "ann-1", version)
    await house.stage.publish(remedies=REMEDIES)
    await house.stage.deliver()
    return await house.link("n", customer="ann")


async def _notice(house: House) -> NoticeView:
    return (await house.stage.notices(customer="ann"))[-1]


def _mail_refused(tx: Tx) -> str | None:
    no = customers.no_of(tx, "ann")
    assert no is not None
    return customers.contacts(tx, [no])[no].mail_refused_at


def _wanted(tx: Tx) -> set[Severity]:
    no = customers.number(tx, "ann")
    return {severity for severity in Severity if customers.contacts(tx, [no])[no].wants_mail(severity)}


def _chosen_by(tx: Tx) -> str:
    return preferences.of(tx, customers.number(tx, "ann"))["email"].chosen_by


async def test_a_notice_says_what_to_do_without_a_sign_in(each_house: House) -> None:
    page = await each_house.get(await _warned(each_house))

    assert page.status == 200
    assert "<b>Notes Ltd</b>" in page.text
    assert "Upgrading to 4.2 can erase notes kept in the v2 format" in page.text
    assert "20 % off &amp; a hug." in page.text
    assert "ann-1: version 4.1.0" in page.text


async def test_a_notice_does_not_name_its_recipient_and_leads_to_nobody_elses(house: House) -> None:
    await house.stage.holds("bo", "bo-1")
    page = (await house.get(await _warned(house))).text

    assert "Ann" not in page
    assert "ann@example.com" not in page
    assert "bo" not in page.replace("about", "").lower().split()
    assert "/defects" not in page


async def test_opening_the_links_changes_nothing(house: House) -> None:
    path = await _warned(house)
    before = await _notice(house)

    for each in (path, await house.link("u", customer="ann")):
        assert (await house.get(each)).status == 200
        assert (await house.client.head(each)).status == 200

    assert await _notice(house) == before
    assert await house.stage.database.read(_mail_refused) is None


async def test_only_remedies_that_are_of_use_are_offered(house: House) -> None:
    early = (await house.get(await _warned(house))).text
    await house.stage.check_in("ann-1", "4.2.1")
    late = (await house.get(await house.link("n", customer="ann"))).text

    assert _offered(early) == {"0", "2"}
    assert _offered(late) == {"1", "2", "3"}


async def test_a_customer_chooses_a_remedy_and_may_change_their_mind(each_house: House) -> None:
    path = await _warned(each_house)
    for remedy in (0, 2):
        chosen = await each_house.post(path, remedy=str(remedy), origin="null")
        assert (chosen.status, chosen.headers["Location"]) == (303, path)
        assert (await _notice(each_house)).chosen == remedy

    page = (await each_house.get(path)).text
    assert "This is your choice." in page
    assert _offered(page) == {"0"}
    assert (await _notice(each_house)).seen_at is not None


async def test_a_customer_says_that_the_notice_was_read(each_house: House) -> None:
    path = await _warned(each_house)
    assert "I have read this" in (await each_house.get(path)).text

    await each_house.post(path, origin=None)

    assert (await _notice(each_house)).seen_at == "2026-01-01T12:00:00.000000Z"
    assert "You told us on 1 January 2026 at 12:00 UTC that you have read this." in (await each_house.get(path)).text


@pytest.mark.parametrize("remedy", ["1", "3", "4", "-1", "x", "", "0 "])
async def test_a_remedy_that_is_not_offered_cannot_be_chosen(house: House, remedy: str) -> None:
    path = await _warned(house)

    refused = await house.post(path, remedy=remedy)

    assert refused.status == 422
    assert f'href="{path}"' in refused.text
    assert (await _notice(house)).chosen is None


async def test_saying_that_the_repair_is_done_ends_what_was_owed(house: House) -> None:
    path = await _warned(house, "4.2.1")
    await house.stage.check_in("ann-1", "4.1.0")
    assert "It is done" in (await house.get(path)).text

    await house.post(path, remedy="3")

    page = (await house.get(path)).text
    assert "This no longer concerns you." in page


async def test_a_notice_that_was_overtaken_leads_to_the_newer_one(each_house: House) -> None:
    old = await _warned(each_house)
    await each_house.stage.resolve("NOTES-4411")
    await each_house.stage.deliver()
    new = await each_house.link("n", customer="ann")

    page = (await each_house.get(old)).text

    assert old != new
    assert "There is news." in page
    assert new in page
    assert "<form" not in page
    assert "You can now install Notes 4.2.2" in (await each_house.get(new)).text


async def test_a_notice_that_no_longer_applies_says_so(house: House) -> None:
    path = await _warned(house)
    await house.stage.check_in("ann-1", footprint={"notebooks": 0})

    page = (await house.get(path)).text

    assert "This no longer concerns you." in page
    assert "Please do not" not in page
    assert "<form" not in page


async def test_dates_are_in_the_customers_zone(house: House) -> None:
    path = await _warned(house)
    await house.stage.customer("ann", time_zone="America/New_York", locale="en-US")
    await house.post(path)

    assert "January 1, 2026 at 7:00" in (await house.get(path)).text


@pytest.mark.parametrize("path", ["/n/", "/u/"])
async def test_a_token_that_is_not_ours_opens_nothing(house: House, path: str) -> None:
    await _warned(house)
    notice = (await _notice(house)).id
    other = Purpose.UNSUBSCRIBE if path == "/n/" else Purpose.NOTICE
    tokens = (
        notice,
        f"{notice}.AAAAAAAAAAAAAAAAAAAAAA",
        house.parts.links.tokens.sign(other, notice),
        Tokens("another secret").sign(Purpose(path.strip("/")), notice),
        house.parts.links.tokens.sign(Purpose(path.strip("/")), "no-such-notice"),
        "cut-off,",
        "caf%C3%A9.%ED%A0%80.%00",
    )
    for token in tokens:
        for answer in (await house.get(path + token), await house.post(path + token, remedy="0")):
            assert answer.status == 404
            assert "This link does not work" in answer.text
    assert await house.stage.database.read(_mail_refused) is None
    assert (await _notice(house)).chosen is None


async def test_no_more_mail_takes_a_button_and_leaves_what_says_that_data_is_lost(each_house: House) -> None:
    await _warned(each_house)
    path = await each_house.link("u", customer="ann")
    assert "Send me no more mails" in (await each_house.get(path)).text

    done = await each_house.post(path)

    assert (done.status, "with one exception" in done.text) == (200, True)
    assert await each_house.stage.database.read(_wanted) == {Severity.DATA_LOSS, Severity.DATA_CORRUPTION}
    assert await each_house.stage.database.read(_mail_refused) is None


async def test_the_gravest_are_stopped_by_a_second_choice_with_a_name_and_come_again_when_asked_for(
    each_house: House,
) -> None:
    await _warned(each_house)
    path = await each_house.link("u", customer="ann")
    await each_house.post(path)
    assert (await each_house.post(path, stop="everything", name=" ")).status == 422
    assert len(await each_house.stage.database.read(_wanted)) == 2

    done = await each_house.post(path, stop="everything", name="Ann Example")

    assert "no more mails from us at all" in done.text
    assert await each_house.stage.database.read(_wanted) == set()
    assert await each_house.stage.database.read(_mail_refused) == "2026-01-01T12:00:00.000000Z"
    assert await each_house.stage.database.read(_chosen_by) == "Ann Example"
    await each_house.post(path, again="yes")
    assert await each_house.stage.database.read(_wanted) == set(Severity)
    assert await each_house.stage.database.read(_mail_refused) is None


async def test_one_click_after_everything_was_stopped_brings_nothing_back(house: House) -> None:
    await _warned(house)
    path = await house.link("u", customer="ann")
    await house.post(path, stop="everything", name="Ann")
    await house.post(path)
    assert await house.stage.database.read(_wanted) == set()


@pytest.mark.parametrize(
    "request_parts",
    [
        {"data": {"List-Unsubscribe": "One-Click"}},
        {
            "data": b'--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n',
            "headers": {"Content-Type": "multipart/form-data; boundary=x"},
        },
    ],
)
async def test_a_mail_program_unsubscribes_with_one_click(house: House, request_parts: dict[str, Any]) -> None:
    """RFC 8058, section 3.2: a POST of that form in either encoding, without cookies, and no redirect."""
    await _warned(house)
    path = await house.link("u", customer="ann")

    answer = await house.client.post(path, allow_redirects=False, **request_parts)

    assert answer.status == 200
    assert await house.stage.database.read(_wanted) == {Severity.DATA_LOSS, Severity.DATA_CORRUPTION}


async def test_an_install_that_nobody_holds_has_no_mail_to_refuse(house: House) -> None:
    await house.stage.check_in("nobodys", footprint={"notebooks": 3, "storage_format": "v1"})
    await house.stage.publish()

    assert (await house.post(await house.link("u", install="nobodys"))).status == 200


async def test_the_links_of_a_customer_who_was_forgotten_open_nothing(house: House) -> None:
    path = await _warned(house)
    await house.stage.database.call(forgetting.erase_customer, "ann", house.stage.now)

    assert (await house.get(path)).status == 404


def _offered(page: str) -> set[str]:
    return {part.split('"')[0] for part in page.split('name="remedy" value="')[1:]}
