"""The progress in a frame that needs no script, and the effectiveness check."""

from __future__ import annotations

from tests.console.house import House


async def with_warned(house: House) -> str:
    for name in ("ann", "bob"):
        await house.stage.holds(name, f"{name}-1")
    return await house.stage.publish()


async def test_while_warnings_go_out_a_frame_draws_the_progress_anew(house: House) -> None:
    defect = await with_warned(house)
    await house.enter()
    assert f'<iframe class="live" src="/defects/{defect}/progress"' in (await house.get(f"/defects/{defect}")).text
    frame = await house.get(f"/defects/{defect}/progress")
    assert '<meta http-equiv="refresh" content="2">' in frame.text
    assert "0 of 2 made, 2 waiting" in frame.text
    policy = frame.headers["Content-Security-Policy"]
    assert "frame-ancestors 'self'" in policy
    assert "default-src 'none'" in policy
    assert "script" not in policy + frame.text


async def test_when_nothing_is_left_nothing_is_drawn_anew(house: House) -> None:
    defect = await with_warned(house)
    await house.stage.deliver()
    await house.enter()
    page = (await house.get(f"/defects/{defect}")).text
    assert "2 of 2 made" in page
    assert "<iframe" not in page
    assert "refresh" not in (await house.get(f"/defects/{defect}/progress")).text


async def test_what_a_withdrawal_took_back_is_told_with_its_all_clears(house: House) -> None:
    defect = await with_warned(house)
    await house.stage.deliver(customer="ann")
    await house.stage.withdraw(defect)
    await house.enter()
    frame = (await house.get(f"/defects/{defect}/progress")).text
    assert "Withdrawn on 1 January 2026 at 12:00 UTC. Of its warnings: 1 never sent, 0 in doubt, 1 sent." in frame
    assert "All-clears to those who have it or may have it: 0 of 1 sent." in frame
    await house.stage.deliver()
    page = (await house.get(f"/defects/{defect}")).text
    assert "1 never sent, 0 in doubt, 1 sent" in page
    assert "1 of 1 sent" in page


async def test_the_frame_and_the_check_are_for_those_who_are_signed_in(house: House) -> None:
    defect = await with_warned(house)
    for name in ("progress", "funnel"):
        assert (await house.get(f"/defects/{defect}/{name}")).status == 303
    await house.enter()
    for name in ("progress", "funnel"):
        assert (await house.get(f"/defects/NONE-1/{name}")).status == 404


async def test_the_effectiveness_check_names_its_parts_with_their_shares(house: House) -> None:
    defect = await with_warned(house)
    await house.stage.deliver(customer="ann")
    await house.enter()
    page = (await house.get(f"/defects/{defect}/funnel")).text
    for part in ("Population", "Notified", "Responded", "Acted", "Not responded", "Unreachable"):
        assert f'<th scope="row">{part}' in page
    assert "50.0 %" in page
    assert "ann@" not in page
