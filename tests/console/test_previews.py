"""What the pages show of a preview: the drift since, the questions of new releases, and nothing of who is few."""

from __future__ import annotations

from api.keys import Role
from tests.console.house import House

CLOSED = [{"introduced": "4.2.0", "last_affected": "4.2.1"}]


async def test_the_page_says_what_has_changed_since_the_preview(each_house: House) -> None:
    await each_house.stage.holds("ann", "ann-1")
    await each_house.stage.file()
    each_house.stage.later(hours=1)
    await each_house.stage.holds("bob", "bob-1")
    await each_house.enter()
    page = (await each_house.get("/defects/NOTES-4411")).text
    assert "quinn was shown revision 1" in page
    assert "+1 new." in page


async def test_a_release_behind_an_open_range_is_asked_about_on_both_pages(each_house: House) -> None:
    await each_house.stage.publish(affected=CLOSED, remedies=[])
    await each_house.stage.release("4.2.2")
    await each_house.enter()
    for path in ("/", "/defects/NOTES-4411"):
        page = (await each_house.get(path)).text
        assert "4.2.2 was registered after revision 1" in page
        assert page.count("Does it carry the defect still?") == 1


async def test_a_viewer_sees_no_small_count_and_a_reporter_does(house: House) -> None:
    await house.stage.holds("ann", "ann-1")
    await house.stage.file()
    await house.enter(Role.VIEWER)
    page = (await house.get("/defects/NOTES-4411")).text
    assert '<dt>at risk</dt><dd><span class="soft">fewer than</span> 5</dd>' in page
    assert "was shown revision" not in page
    assert "at most" in (await house.get("/")).text
    await house.enter(Role.REPORTER)
    page = (await house.get("/defects/NOTES-4411")).text
    assert "<dt>at risk</dt><dd>1<span" in page
    assert "at most" not in (await house.get("/")).text
