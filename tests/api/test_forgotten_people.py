"""Somebody of the vendor's own who is forgotten is in no table any more; on both databases."""

from __future__ import annotations

from itertools import count
from typing import Any

from api.forgotten_people import forget_person
from api.keys import Role, create_key
from commands.serving.escalation import escalate_due
from feeds import audit
from installs_registry import claims, customers, preferences
from installs_registry.claims import ClaimCodeWish
from installs_registry.preferences import PreferencesWish
from notifier import previews, staff_mail
from storage import Database, Tx
from tests.api.house import AT_RISK, DEFECT, House, with_install, with_releases
from tests.dumping import found

NAME, MAIL = "Zebulon Quagmire", "zebulon@quagmire.example"
UNTIL = "2026-01-01T18:00:00Z"


async def _busy(house: House) -> House:
    """Let somebody do all that leaves a name, each write under a key of its own, so that the answers are kept."""
    text = await house.parts.database.call(_a_key, house)
    mine, number = House(house.client, house.parts, house.clock, {**house.keys, "mine": text}), count()

    async def write(method: str, path: str, body: object = None) -> Any:
        told = await mine.ask(
            method, path, role="mine", json=body, headers={"Idempotency-Key": f"write-{next(number)}"}
        )
        assert told.status in {200, 201, 202}, told.body
        return told.body

    await with_releases(house)
    await write("PUT", "/v1/customers/c-1", {"name": "Ann", "email": "ann@example.com"})
    await with_install(house, customer="c-1")
    await write("PUT", "/v1/customers/c-1/preferences", {"webhook": "data-loss"})
    await write("POST", "/v1/customers/c-1/claim-codes", {"uses": 1})
    await write("POST", "/v1/defects", {**DEFECT, "id": "LIES"})
    await write("POST", "/v1/defects", DEFECT)
    await write("POST", "/v1/defects/NOTES-4411/publish")
    await write("PUT", "/v1/defects/NOTES-4411", {**DEFECT, "title": "Other words"})
    await write("POST", "/v1/defects/NOTES-4411/object", {"reason": "Sales.", "until": UNTIL})
    await write("POST", "/v1/defects/NOTES-4411/pause", {"reason": "Too fast.", "until": UNTIL})
    await write("POST", "/v1/defects/NOTES-4411/resume")
    await write("POST", "/v1/rules/sign-off", {"people": 1})
    await mine.get("/v1/defects/LIES/audience", role="mine")
    question = {"product": "notes", "from": "4.1.3", "to": "4.2.0", "footprint": AT_RISK, "accept": ["NOTES-4411"]}
    assert (await mine.post("/v1/check", question, role="mine")).status == 200
    return mine


def _a_key(tx: Tx, house: House) -> str:
    return create_key(tx, Role.ADMIN, NAME, mail=MAIL, now=house.clock.now()).text


async def test_a_name_that_is_forgotten_is_in_no_table(each_house: House) -> None:
    house, database = await _busy(each_house), each_house.parts.database
    now = house.clock.now().replace(year=2027)
    await database.call(escalate_due, now, "https://warn.example")
    held = await database.read(found, [NAME, MAIL])
    assert held.keys() >= {
        "accepted_risks",
        "answers",
        "audit_people",
        "claim_codes",
        "defects",
        "holds",
        "keys",
        "preferences",
        "previews",
        "revisions",
        "rule_signatures",
        "signatures",
        "staff_mails",
    }
    await database.call(forget_person, " zebulon  QUAGMIRE ", now)
    assert await database.read(found, [NAME, MAIL]) == {}
    assert await database.read(audit.verify) is None


async def test_other_people_keep_what_is_theirs(database: Database, each_house: House) -> None:
    house = await _busy(each_house)
    now = house.clock.now()

    def beside(tx: Tx) -> None:
        create_key(tx, Role.APPROVER, "Zebulon", mail="other@example.com", now=now)
        number = customers.number(tx, "c-1")
        preferences.choose(tx, number, PreferencesWish(email="outage"), "Zebulon", now)
        claims.make(tx, number, ClaimCodeWish(), "Zebulon", now)
        previews.shown(tx, "LIES", "Zebulon", now)
        staff_mail.owe(tx, ["other@example.com"], "LIES", "Look", "Zebulon filed it.", now)
        forget_person(tx, NAME, now)

    await database.call(beside)
    held = await database.read(found, ["Zebulon", "other@example.com"])
    assert held.keys() == {"audit_people", "claim_codes", "keys", "preferences", "previews", "staff_mails"}
