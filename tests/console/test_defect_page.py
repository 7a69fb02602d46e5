"""One defect, whole."""

from __future__ import annotations

import pytest

from api.keys import Role
from notifier import notices
from tests.console.house import House, propose

PEOPLE = [Role.ADMIN, Role.APPROVER, Role.REPORTER, Role.VIEWER]
TRUSTED = {Role.ADMIN, Role.APPROVER}


async def _told(house: House) -> None:
    await house.stage.holds("ann", "ann-1")
    await house.stage.check_in("nobodys", footprint={"notebooks": 3, "storage_format": "v1"})
    await house.stage.publish()
    house.stage.later(minutes=5)
    await house.stage.deliver(customer="ann")


async def test_the_page_says_what_the_defect_is_and_what_became_of_the_warnings(each_house: House) -> None:
    await _told(each_house)
    await each_house.enter()

    page = (await each_house.get("/defects/NOTES-4411")).text

    for said in (
        "Upgrading to 4.2 can erase notes kept in the v2 format",
        "The upgrade drops what it cannot convert.",
        "version 4.2.0 and later, before 4.2.2",
        "notebooks &gt; 0 &amp;&amp; storage_format in [&#39;v1&#39;, &#39;v2&#39;]",
        "<b>Install version 4.2.2</b>",
        '<td>1</td><th scope="row">told in time, and still on the version they had</th>',
        '<td>5 minutes</td><th scope="row">from publishing to the first delivery</th>',
        "<dt>at risk</dt><dd>2",
        "<b>quinn</b> filed it.",
        "<b>ada</b> published revision 1.",
        "4.2.2 is not a registered release.",
    ):
        assert said in page


@pytest.mark.parametrize("role", PEOPLE)
async def test_only_who_decides_sees_names_and_forms(house: House, role: Role) -> None:
    await _told(house)
    await house.enter(role)

    page = (await house.get("/defects/NOTES-4411")).text
    told = (await house.get("/defects/NOTES-4411/told")).text

    assert ("What you can do" in page) is (role in TRUSTED)
    assert ("ann@example.com" in told) is (role in TRUSTED)
    assert ("Ann<" in told) is (role in TRUSTED)
    # So few are not listed at all for a role that may not see customers: an install's id may name its holder.
    assert ("ann-1" in told) is (role in TRUSTED)
    assert ("nobodys" in told) is (role in TRUSTED)
    assert ("Fewer than 5 recipients" in told) is (role not in TRUSTED)


async def test_who_was_told_is_listed_in_pages_with_their_answers(
    each_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.defect_page.PAGE", 2)
    stage = each_house.stage
    for number in range(3):
        await stage.holds(f"c{number}", f"i{number}")
    await stage.publish()
    await stage.deliver()
    (first, second, _) = await stage.notices()
    await stage.database.call(notices.choose, first.id, 1, stage.now)
    await stage.database.call(notices.seen, second.id, stage.now)
    await each_house.enter()

    page = (await each_house.get("/defects/NOTES-4411/told")).text
    rest = (await each_house.get("/defects/NOTES-4411/told?after=2")).text

    assert "Install version 4.2.2" in page
    assert "read on 1 January 2026 at 12:00 UTC" in page
    assert 'href="/defects/NOTES-4411/told?after=2"' in page
    assert page.count("@example.com") == 2
    assert rest.count("@example.com") == 1


async def test_a_proposed_revision_stands_beside_the_live_one(house: House) -> None:
    stage = house.stage
    await stage.publish()
    await propose(stage, severity="outage", condition=None)
    await house.enter()

    page = (await house.get("/defects/NOTES-4411")).text

    assert "Proposed: revision 2" in page
    assert '<td data-label="Live"><p>data loss</p></td>' in page
    assert '<td data-label="Proposed"><p>outage</p></td>' in page
    assert '<td data-label="Proposed"><p>everyone</p></td>' in page
    assert "Whom the proposed revision would concern" in page
    assert '<th scope="row">Title</th>' not in page


async def test_a_withdrawn_defect_says_why_and_counts_nobody(each_house: House) -> None:
    await _told(each_house)
    await each_house.stage.withdraw("NOTES-4411")
    await each_house.enter()

    page = (await each_house.get("/defects/NOTES-4411")).text

    assert "<b>Withdrawn:</b> It was the test rig." in page
    assert "<b>omar</b> withdrew it, signed also by ada." in page
    assert "Whom it concerns now" not in page


async def test_a_discarded_draft_still_has_its_page(house: House) -> None:
    await house.enter()
    await house.stage.file()
    await house.post("/defects/NOTES-4411/discard", revision="1")

    assert "discarded 1 January 2026" in (await house.get("/defects/NOTES-4411")).text
    assert "discarded" in (await house.get("/")).text


@pytest.mark.parametrize("path", ["/defects/nope", "/defects/nope/told"])
async def test_what_is_not_there_is_said_on_a_page(house: House, path: str) -> None:
    await house.enter()

    missing = await house.get(path)

    assert missing.status == 404
    assert "There is no such defect." in missing.text


async def test_the_page_says_before_publishing_what_it_would_change_and_whom_it_would_tell(each_house: House) -> None:
    stage = each_house.stage
    await _told(each_house)
    await propose(stage, affected=[{"introduced": "4.1.1", "fixed": "4.2.2"}])
    await each_house.enter()

    page = (await each_house.get("/defects/NOTES-4411")).text

    assert "What publishing revision 2 would do" in page
    assert "<li>Affected range widened: 4.2.0 → 4.1.1</li>" in page
    assert '<td>1</td><th scope="row">were told before, and it is different for them now: a correction</th>' in page


async def test_so_few_that_they_would_be_known_are_not_counted_to_a_viewer(house: House) -> None:
    await house.stage.holds("ann", "ann-1")
    await house.stage.file()
    await house.enter(Role.VIEWER)

    page = (await house.get("/defects/NOTES-4411")).text

    assert '<td>fewer than 5</td><th scope="row">newly at risk: they would be warned</th>' in page


async def test_an_objection_stands_beside_the_number_who_upgraded_meanwhile(house: House) -> None:
    stage = house.stage
    await stage.holds("ann", "ann-1")
    await stage.file()
    await house.enter()
    await house.post("/defects/NOTES-4411/object", revision="1", reason="Bad for sales.", until="2026-02-01T00:00")
    await stage.check_in("ann-1", "4.2.0")

    assert "Since then 1 install took an affected version." in (await house.get("/defects/NOTES-4411")).text


async def test_no_page_of_the_list_goes_round_what_is_kept_back(each_house: House) -> None:
    await _told(each_house)
    await each_house.enter(Role.VIEWER)
    for address in ("/defects/NOTES-4411/told?after=1", "/defects/NOTES-4411/told?after=0"):
        page = (await each_house.get(address)).text
        assert "Fewer than 5 recipients" in page
        assert "nobodys" not in page
        assert "ann-1" not in page


async def test_all_that_was_said_before_is_shown_with_what_changed(each_house: House) -> None:
    await _told(each_house)
    await propose(
        each_house.stage, title="Upgrading erases notes", affected=[{"introduced": "4.1.5", "fixed": "4.2.2"}]
    )
    await each_house.enter(Role.VIEWER)
    page = (await each_house.get("/defects/NOTES-4411")).text
    assert page.count("<summary>Revision ") == 2
    assert "<li>Affected range widened: 4.2.0 → 4.1.5</li>" in page
    assert page.index("Revision 2 <") < page.index("Revision 1 <")
    assert "proposed; by quinn on" in page


async def test_a_defect_of_one_wording_has_no_list_of_them(house: House) -> None:
    await house.stage.publish()
    await house.enter()
    assert "<h2>Revisions</h2>" not in (await house.get("/defects/NOTES-4411")).text
