"""The first page."""

from __future__ import annotations

from datetime import timedelta

import pytest

from api.keys import Role
from console.overview import Outcomes
from feeds.types import Hold
from notifier import publishing
from tests.console.house import House

HOSTILE = "<script>alert(1)</script> \"onload='x' &amp; {{ 7 * 7 }}"


async def test_an_empty_list_says_so(house: House) -> None:
    await house.enter()

    assert "No defect has been filed yet." in (await house.get("/")).text


async def test_a_published_defect_shows_what_became_of_its_warnings(each_house: House) -> None:
    stage = each_house.stage
    for number in range(4):
        await stage.holds(f"c{number}", f"i{number}", "4.2.0" if number == 3 else "4.1.0")
    await stage.publish()
    stage.later(minutes=1)
    await stage.deliver()
    await each_house.enter()

    page = (await each_house.get("/")).text

    assert "<strong>75 %</strong>\n  of 4 exposed installs warned before installing" in page
    assert "<b>3</b> warned before installing" in page
    assert "<b>1</b> after" in page
    assert "Now: 3 at risk, 1 already upgraded." in page
    assert '<rect class="before" x="0.0" width="75.0" height="4"/>' in page


async def test_a_draft_shows_whom_it_would_concern(each_house: House) -> None:
    await each_house.stage.holds("ann", "ann-1")
    await each_house.stage.holds("bo", "bo-1", "4.2.0")
    await each_house.stage.file()
    await each_house.enter(Role.REPORTER)

    page = (await each_house.get("/")).text

    assert "<strong>1</strong>\n    would be warned before installing" in page
    assert "1 already upgraded" in page


async def test_a_draft_whose_facts_were_retired_since_still_has_its_place(house: House) -> None:
    await house.stage.holds("ann", "ann-1")
    await house.stage.file()
    await house.stage.set_up(facts={"plugins": {"type": "strings"}})
    await house.enter()

    for path in ("/", "/defects/NOTES-4411"):
        assert "NOTES-4411" in (await house.get(path)).text
    refused = await house.post("/defects/NOTES-4411/publish", revision="1")
    assert refused.status == 409


async def test_a_hostile_title_stays_text(house: House) -> None:
    await house.stage.publish(title=HOSTILE)
    await house.enter()

    for path in ("/", "/defects/NOTES-4411", "/defects/NOTES-4411/told"):
        page = (await house.get(path)).text
        assert "<script" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt; &#34;onload=" in page
        assert "{{ 7 * 7 }}" in page


async def test_the_newest_come_first_in_pages(each_house: House) -> None:
    for number in range(21):
        await each_house.stage.file(id=f"D-{number}")
    await each_house.enter()

    first = (await each_house.get("/?state=draft")).text
    older = (await each_house.get("/?state=draft&before=2")).text

    assert first.index("D-20") < first.index("D-19")
    assert ">D-0<" not in first.replace(" ", "")
    assert 'href="/?state=draft&amp;before=2"' in first
    assert "D-0" in older
    assert "D-1" not in older


async def test_the_list_is_filtered_by_product_and_state(house: House) -> None:
    await house.stage.publish(id="LIVE-1")
    await house.stage.file(id="DRAFT-1")
    await house.enter()

    live = (await house.get("/?product=notes&state=published")).text
    draft = (await house.get("/?product=&state=draft")).text

    assert ("LIVE-1" in live, "DRAFT-1" in live) == (True, False)
    assert ("LIVE-1" in draft, "DRAFT-1" in draft) == (False, True)
    assert "<option selected>draft</option>" in draft
    assert "No defect here." in (await house.get("/?state=withdrawn")).text


@pytest.mark.parametrize(
    "query", ["product=nope", "state=nope", "before=x", "before=-1", f"before={'9' * 30}", "product=%00"]
)
async def test_a_filter_that_is_none_is_refused_with_the_way_back(house: House, query: str) -> None:
    await house.enter()

    refused = await house.get(f"/?{query}")

    assert refused.status == 422
    assert 'href="/"' in refused.text


async def test_what_is_paused_objected_proposed_or_waits_for_a_second_person_stands_in_the_list(house: House) -> None:
    stage = house.stage
    defect = await stage.publish()
    until = stage.now + timedelta(hours=3)
    await stage.act(publishing.pause, defect, Hold("We are checking.", until))
    await stage.act(publishing.object_to, defect, Hold("The fair!", until), person="Sally Sales")
    await stage.database.call(publishing.resume, defect, stage.by("ada"))
    await house.enter(Role.VIEWER)

    page = (await house.get("/")).text

    assert "<b>Paused</b> until 1 January 2026 at 15:00 UTC by ada: We are checking." in page
    assert "<b>Objection</b> of Sally Sales, until 1 January 2026 at 15:00 UTC: The fair!" in page
    assert "<b>Waits for another person</b> to resume it, as ada has signed" in page


def test_the_parts_of_a_bar_fill_it() -> None:
    outcomes = Outcomes(exposed=8, warned_before=4, warned_after=2, unwarned=1)

    assert outcomes.waiting == 1
    assert outcomes.bars == [
        ("before", 0.0, 50.0),
        ("after", 50.0, 25.0),
        ("never", 75.0, 12.5),
        ("waiting", 87.5, 12.5),
    ]
    assert Outcomes(0, 0, 0, 0).bars == []
