"""`forewarn keys create|list|revoke`: who may ask."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from api.keys import KeyRecord, Role, create_key, list_keys, revoke_key
from commands.options import ANYWHERE, ONESELF, Acting, Json, Where
from commands.printing import print_json, print_line, tell
from commands.tables import print_table
from storage import SystemClock

_HEADINGS = ("key", "role", "person", "mail", "product", "made", "revoked")


def create(
    *,
    role: Annotated[Role, Parameter(help="What the key may do.")],
    name: Annotated[str, Parameter(help="Who uses it. Two keys of one person are one person.")],
    mail: Annotated[str | None, Parameter(help="The person's mail address.")] = None,
    product: Annotated[str | None, Parameter(help="The one product of an app key.")] = None,
    acting: Acting = ONESELF,
    where: Where = ANYWHERE,
) -> None:
    """Make a key and print it, alone, on standard output. It is shown this once, and holds at once."""
    now = SystemClock().now()
    key = where.call(create_key, role, name, mail=mail, product=product, by=acting.person, now=now)
    tell(f"made the key {key.id}; to take it back: forewarn keys revoke {key.id}")
    print_line(key.text)


def list_(*, json: Json = False, where: Where = ANYWHERE) -> None:
    """List all keys, revoked ones too. The keys themselves are kept nowhere."""
    keys = where.read(list_keys)
    if json:
        print_json(keys)
    else:
        print_table(_HEADINGS, map(_row, keys))


def revoke(
    key: Annotated[str, Parameter(help="The key's id, as `forewarn keys list` has it.")],
    /,
    *,
    acting: Acting = ONESELF,
    where: Where = ANYWHERE,
) -> None:
    """Make a key worthless, at once and in every running process."""
    where.call(revoke_key, key, SystemClock().now(), by=acting.person)
    tell(f"revoked the key {key}")


def _row(key: KeyRecord) -> tuple[str | None, ...]:
    return (key.id, key.role, key.person, key.mail, key.product, key.created_at, key.revoked_at)
