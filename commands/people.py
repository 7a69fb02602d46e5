"""`forewarn keys forget`: one of the vendor's own people, forgotten."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from api.forgotten_people import forget_person
from commands.options import ANYWHERE, ONESELF, Acting, Where
from commands.printing import tell
from storage import SystemClock


def forget(
    person: Annotated[str, Parameter(help="The name, as `forewarn keys list` has it.")],
    /,
    *,
    acting: Acting = ONESELF,
    where: Where = ANYWHERE,
) -> None:
    """Revoke a person's keys and take the name out of everything, the audit too, which stays whole."""
    keys = where.call(forget_person, person, SystemClock().now(), by=acting.person)
    tell(f"forgot {person}, who had {keys} {'key' if keys == 1 else 'keys'}")
