"""`forewarn sign-off`: how many people clearing a warning takes, and how to change that."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from commands.options import ANYWHERE, ONESELF, Acting, Json, Where
from commands.printing import print_json, print_prose
from feeds import rules
from feeds.rules import RulesView
from storage import SystemClock, Tx


def sign_off(
    *,
    people: Annotated[int | None, Parameter(help="1 or 2; left out, the rules are shown and nothing changes.")] = None,
    json: Json = False,
    acting: Acting = ONESELF,
    where: Where = ANYWHERE,
) -> None:
    """Show the vendor's rules, or ask for another number of people that clearing takes.

    It takes as many different people as clearing takes now; the settings' wish for fewer counts as one.
    """
    view = where.read(rules.view) if people is None else where.call(_asked, people, acting.person)
    if json:
        print_json(view)
        return
    for line in _lines(view):
        print_prose(line)


def _asked(tx: Tx, people: int, person: str) -> RulesView:
    rules.sign_off(tx, people, person, SystemClock().now())
    return rules.view(tx)


def _lines(view: RulesView) -> list[str]:
    longest, escalated = _hours(view.longest_pause_hours), _hours(view.escalate_after_hours)
    alone = f"published by itself {_hours(view.publish_after_hours)} later" if view.publish_after_hours else None
    lines = [
        f"to narrow, resolve, withdraw or resume takes {_people(view.signatures_needed)}",
        f"a pause lasts {longest} at most; of a data-loss or data-corruption warning, all pauses together",
        f"a data-loss draft is escalated after {escalated}" if view.escalate_after_hours else "no draft is escalated",
        f"and {alone}" if alone else "and never published by itself",
    ]
    if view.asked is not None:
        signed = ", ".join(view.asked.signed_by)
        lines.append(f"{_people(view.asked.people)} is asked for by {signed}; it waits for another person's word")
    return lines


def _people(number: int) -> str:
    return "one person" if number == 1 else f"{number} people"


def _hours(number: int) -> str:
    return "1 hour" if number == 1 else f"{number} hours"
