"""At which point a process is killed: at a statement or a commit of its own, or at a step of its talk with a server."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import msgspec


class Phase(StrEnum):
    """What the outbox is at."""

    #: Those at risk are warned.
    TELLING = "telling"
    #: The defect is withdrawn, and the warned hear so.
    CLEARING = "clearing"


class Verb(StrEnum):
    """What a mail server is asked."""

    CONNECT = "connection"
    EHLO = "EHLO"
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    #: The whole message has arrived.
    DOT = "final dot"


@dataclass(frozen=True, slots=True)
class Step:
    """A moment in the talk with a mail server."""

    when: Literal["before", "after"]
    #: Whose answer it is.
    verb: Verb


class AtStatement(msgspec.Struct, frozen=True, tag="statement"):
    """The process kills itself at a statement, or at the commit of a transaction that has run these statements."""

    when: Literal["before", "after", "before the commit of", "after the commit of"]
    statements: tuple[str, ...]
    phase: Phase = Phase.TELLING
    count: int = 1

    def __str__(self) -> str:
        return f"{self.phase}, {self.when} {' and '.join(self.statements)} {self.count}"


class AtStep(msgspec.Struct, frozen=True, tag="step"):
    """The mail server kills the process."""

    when: Literal["before", "after"]
    verb: Verb
    phase: Phase = Phase.TELLING
    count: int = 1

    def __str__(self) -> str:
        return f"{self.phase}, {self.when} the answer to {self.verb} {self.count}"


Strike = AtStatement | AtStep


def before(statement: str, phase: Phase = Phase.TELLING, count: int = 1) -> AtStatement:
    return AtStatement("before", (statement,), phase, count)


def after(statement: str, phase: Phase = Phase.TELLING, count: int = 1) -> AtStatement:
    return AtStatement("after", (statement,), phase, count)


def uncommitted(*statements: str, phase: Phase = Phase.TELLING, count: int = 1) -> AtStatement:
    return AtStatement("before the commit of", statements, phase, count)


def committed(*statements: str, phase: Phase = Phase.TELLING, count: int = 1) -> AtStatement:
    return AtStatement("after the commit of", statements, phase, count)


def unanswered(verb: Verb, phase: Phase = Phase.TELLING, count: int = 1) -> AtStep:
    return AtStep("before", verb, phase, count)


def answered(verb: Verb, phase: Phase = Phase.TELLING, count: int = 1) -> AtStep:
    return AtStep("after", verb, phase, count)
