"""`forewarn keys`, on both databases."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import pytest

from api.keys import Role, create_key
from feeds import audit
from feeds.types import Reason
from notifier import publishing
from tests.commands.conftest import Forewarn
from tests.commands.vendors import a_vendor, on
from tests.notifier.stage import Stage


def test_a_new_key_stands_alone_on_standard_output(forewarn: Forewarn) -> None:
    made = forewarn("keys", "create", "--role", "approver", "--name", "Anna", "--mail", "anna@notes.example")
    assert made.code == 0
    assert len(made.out.splitlines()) == 1
    assert len(made.out.strip()) >= 32
    assert made.out.strip() not in made.err


def test_the_list_shows_who_has_a_key_and_not_the_key(forewarn: Forewarn) -> None:
    made = forewarn("keys", "create", "--role", "viewer", "--name", "Ben")
    listed = forewarn("keys", "list")
    assert "viewer" in listed.out
    assert "Ben" in listed.out
    assert made.out.strip() not in listed.out
    assert hashlib.sha256(made.out.strip().encode()).hexdigest() not in listed.out


def test_a_revoked_key_stays_in_the_list_with_its_end(forewarn: Forewarn) -> None:
    forewarn("keys", "create", "--role", "viewer", "--name", "Ben")
    (key,) = forewarn("keys", "list", "--json").answer
    assert key["revoked_at"] is None
    assert forewarn("keys", "revoke", key["id"]).code == 0
    (revoked,) = forewarn("keys", "list", "--json").answer
    assert revoked["revoked_at"] is not None


def test_a_key_that_is_not_there_cannot_be_revoked(forewarn: Forewarn) -> None:
    refused = forewarn("keys", "revoke", "nothing")
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith("forewarn: ")


@pytest.mark.parametrize(
    "flags",
    [
        ("--role", "app", "--name", "Notes"),
        ("--role", "app", "--name", "Notes", "--product", "unknown"),
        ("--role", "admin", "--name", " "),
    ],
)
def test_a_key_that_cannot_be_is_refused_with_a_sentence(forewarn: Forewarn, flags: tuple[str, ...]) -> None:
    refused = forewarn("keys", "create", *flags)
    assert (refused.code, refused.out) == (1, "")
    assert "Traceback" not in refused.err
    assert refused.err.count("\n") == 1


def test_a_role_that_is_none_is_a_usage_error(line: Forewarn) -> None:
    refused = line("keys", "create", "--role", "boss", "--name", "Anna")
    assert refused.code == 2
    assert "--role" in refused.err


def test_every_change_of_a_right_is_in_the_audit_without_the_name(forewarn: Forewarn, database_url: str) -> None:
    forewarn("keys", "create", "--role", "approver", "--name", "Ben", "--as", "Anna")
    (key,) = forewarn("keys", "list", "--json").answer
    forewarn("keys", "revoke", key["id"], "--as", "Anna")
    entries = on(database_url, lambda database: database.read(audit.of, key["id"]))
    assert [(each.person, each.act, each.detail) for each in entries] == [
        ("Anna", "create key", {"role": "approver", "whose": "Ben"}),
        ("Anna", "revoke key", {"role": "approver", "whose": "Ben"}),
    ]


def test_a_revoked_approvers_word_counts_no_more_unless_another_key_decides(
    forewarn: Forewarn, database_url: str
) -> None:
    async def live(stage: Stage) -> None:
        await stage.publish()
        for role in (Role.APPROVER, Role.ADMIN):
            await stage.database.call(create_key, role, "ada", now=stage.now)
        await stage.act(publishing.withdraw, "NOTES-4411", Reason("Wrong."))

    a_vendor(database_url, live)
    first, second = forewarn("keys", "list", "--json").answer
    for key, waiting in ((first, 1), (second, 0)):
        forewarn("keys", "revoke", key["id"])
        shown = on(database_url, lambda database: database.read(publishing.view, "NOTES-4411", datetime.now(UTC)))
        assert len(shown.signatures) == waiting


def test_a_person_is_forgotten_everywhere_and_the_audit_stays_whole(forewarn: Forewarn, database_url: str) -> None:
    a_vendor(database_url, Stage.publish)
    forewarn("keys", "create", "--role", "approver", "--name", "Ada", "--mail", "ada@notes.example")
    assert forewarn("keys", "forget", "ada").code == 0
    assert "ada@notes.example" not in forewarn("keys", "list").out
    (key,) = forewarn("keys", "list", "--json").answer
    assert key["person"] == "somebody who was forgotten"
    assert key["revoked_at"] is not None
    assert on(database_url, lambda database: database.read(audit.verify)) is None
    assert forewarn("keys", "forget", "ada").code == 1


@pytest.mark.parametrize("name", ["the settings", "The  Service"])
def test_no_key_has_the_name_of_what_is_no_person(forewarn: Forewarn, name: str) -> None:
    assert forewarn("keys", "create", "--role", "admin", "--name", name).code == 1
