"""`forewarn keys`, on both databases."""

from __future__ import annotations

import hashlib

import pytest

from tests.commands.conftest import Forewarn


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
