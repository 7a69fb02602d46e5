"""Answers to repeated writes: what comes again under one `Idempotency-Key` is answered as the first time."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from api.problems import Kind, Problem
from storage import Statements, Tx, instant

sql = Statements(__package__)

#: How long an answer is kept.
KEPT = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Repeatable:
    """A write that may come again."""

    #: From `asker`.
    key_id: str
    idempotency_key: str
    #: SHA-256 of method, path and body.
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Kept:
    """The answer that was given the first time."""

    status: int
    body: str


def asker(key_id: str, install_token: str | None) -> str:
    """Return whose writes these are: a client app's key is in many hands, which their tokens tell apart."""
    return key_id if install_token is None else f"{key_id} {hashlib.sha256(install_token.encode()).hexdigest()}"


def fingerprint(method: str, path: str, body: bytes) -> str:
    """Return what tells one request from another under the same key."""
    return hashlib.sha256(b"\0".join((method.encode(), path.encode(), body))).hexdigest()


def begin(tx: Tx, write: Repeatable, now: datetime) -> Kept | None:
    """Return the answer this write had before, None where it is new: then finish it with `keep`.

    The row is written first, so that of two at the same moment the second waits for the first.
    Raises Problem (422) when the key came with another request.
    """
    names = {"key_id": write.key_id, "idempotency_key": write.idempotency_key}
    tx.run(sql.forget_answer, **names, before=instant(now - KEPT))
    if tx.run(sql.reserve_answer, **names, fingerprint=write.fingerprint, now=instant(now)):
        return None
    row = tx.one(sql.find_answer, **names)
    if row is None or row["fingerprint"] != write.fingerprint:
        raise Problem(Kind.KEY_REUSED, "This Idempotency-Key was used for another request.")
    return Kept(row["status"], row["body"])


def keep(tx: Tx, write: Repeatable, answer: Kept) -> None:
    """Store what a new write is answered with."""
    tx.run(
        sql.keep_answer,
        key_id=write.key_id,
        idempotency_key=write.idempotency_key,
        status=answer.status,
        body=answer.body,
    )


def forget_answers(tx: Tx, now: datetime) -> int:
    """Delete the answers that are kept no longer; return how many."""
    return tx.run(sql.forget_answers, before=instant(now - KEPT))


def forget_naming(tx: Tx, text: str) -> None:
    """Drop the answers that name somebody who is to be forgotten."""
    tx.run(sql.forget_answers_naming, text=msgspec.json.encode(text).decode())
