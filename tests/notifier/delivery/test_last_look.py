"""What is marked ahead of its turn still does not leave once it was taken back, and only what may be is marked so."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from notifier.delivery.desk import Batches
from notifier.delivery.worker import Postman
from storage import DatabaseUnavailable, Tx, instant
from tests.notifier.post_office import PostOffice, a_postman
from tests.notifier.stage import Stage

PEOPLE = ("ada", "bob", "cyd", "dan", "eve", "fay", "gil")
#: Beside the mail under way and the one announced behind it: four of them are marked ahead.
CONNECTIONS = 1


async def told_of(stage: Stage, **defect: str) -> str:
    """Let everybody hold an install, and publish; return the defect."""
    for name in PEOPLE:
        await stage.holds(name, f"{name}-mac")
    return await stage.publish(**defect)


async def marked(stage: Stage) -> int:
    """Count the deliveries that are marked as handed over."""

    def work(tx: Tx) -> int:
        row = tx.built("SELECT count(*) AS n FROM deliveries WHERE handed_over_at IS NOT NULL", {})[0]
        return int(row["n"])

    return await stage.database.read(work)


def a_slow_postman(stage: Stage, office: PostOffice) -> Postman:
    return a_postman(stage, office, connections=CONNECTIONS)


async def test_nothing_that_was_marked_ahead_leaves_once_a_withdrawal_has_committed(
    stage: Stage, office: PostOffice
) -> None:
    postman = a_slow_postman(stage, office)
    defect = await told_of(stage)
    seen: list[int] = []

    async def take_it_back() -> None:
        if not seen:
            seen.append(await marked(stage))
            await stage.withdraw(defect)

    office.on_message = take_it_back
    await postman.deliver_due()
    await postman.close()
    assert seen[0] > 1
    sent = [kind for kind, state in await stage.kinds() if state == "sent"]
    assert sorted(sent) == ["all_clear", "warning"]
    assert len(set(office.recipients())) == 1
    # The marks are gone: nobody but who was written to may be thought to know.
    assert await marked(stage) == len(office.received) == 2


async def test_an_all_clear_waits_until_it_is_known_whether_the_warning_has_left(
    stage: Stage, office: PostOffice
) -> None:
    first, second = a_slow_postman(stage, office), a_slow_postman(stage, office)
    await stage.holds("ada", "ada-mac")
    defect = await stage.publish()
    tried: list[int] = []

    async def take_it_back() -> None:
        if not tried:
            tried.append(0)
            await stage.withdraw(defect)
            tried.append(await second.deliver_due())

    office.on_message = take_it_back
    await first.deliver_due()
    assert tried == [0, 1]
    assert len(office.received) == 1
    stage.later(seconds=2)
    await second.deliver_due()
    for postman in (first, second):
        await postman.close()
    assert [kind for kind, state in await stage.kinds() if state == "sent"] == ["warning", "all_clear"]
    assert len(office.received) == 2


async def test_a_pause_holds_back_what_was_marked_ahead(stage: Stage, office: PostOffice) -> None:
    postman = a_slow_postman(stage, office)
    defect = await told_of(stage)
    paused: list[str] = []

    async def pause() -> None:
        if not paused:
            paused.append(instant(stage.now))
            await stage.database.call(_pause, defect, instant(stage.now.replace(hour=18)))

    office.on_message = pause
    await postman.deliver_due()
    assert len(office.received) == await marked(stage) == 1
    stage.later(hours=7)
    await postman.deliver_due()
    await postman.close()
    assert len(office.received) == await marked(stage) == len(PEOPLE)


def _pause(tx: Tx, defect: str, until: str) -> None:
    tx.run_built(
        "INSERT INTO holds (defect_no, kind, person, reason, made_at, until)"
        " SELECT no, 'pause', 'omar', 'Wait.', '2026-01-01T12:00:00.000000Z', :until FROM defects WHERE id = :defect",
        {"until": until, "defect": defect},
    )


async def test_what_is_not_sent_again_in_doubt_is_not_marked_ahead(stage: Stage, office: PostOffice) -> None:
    postman = a_slow_postman(stage, office)
    await told_of(stage, severity="degraded")
    seen: list[int] = []

    async def count() -> None:
        seen.append(await marked(stage))

    office.on_message = count
    await postman.deliver_due()
    await postman.close()
    assert seen == list(range(1, len(PEOPLE) + 1))


async def test_an_answer_serves_all_who_ask_meanwhile() -> None:
    asked: list[list[int]] = []

    async def doubled(numbers: Sequence[int]) -> Sequence[int]:
        asked.append(list(numbers))
        return [2 * number for number in numbers]

    batches: Batches[int, int] = Batches(doubled)
    answers = [batches.put(number) for number in range(3)]
    assert [await answer for answer in answers] == [0, 2, 4]
    assert await batches.put(5) == 10
    assert asked == [[0, 1, 2], [5]]


async def test_who_has_gone_does_not_keep_the_others_from_their_answer() -> None:
    async def same(numbers: Sequence[int]) -> Sequence[int]:
        return numbers

    batches: Batches[int, int] = Batches(same)
    gone, there = batches.put(1), batches.put(2)
    gone.cancel()
    assert await there == 2


async def test_a_database_that_is_gone_is_told_to_all_who_asked() -> None:
    async def refused(numbers: Sequence[int]) -> Sequence[int]:
        raise DatabaseUnavailable(f"it is gone for {len(numbers)}")

    batches: Batches[int, int] = Batches(refused)
    answers = [batches.put(number) for number in range(2)]
    for answer in answers:
        with pytest.raises(DatabaseUnavailable):
            await answer
