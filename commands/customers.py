"""`forewarn customer`: what a customer may ask of the vendor, and a code that links its installs."""

from __future__ import annotations

from typing import Annotated

import msgspec
from cyclopts import Parameter

from api import erasing
from commands.options import ANYWHERE, ONESELF, Acting, Json, Where, checked
from commands.printing import print_json, print_line, tell
from installs_registry import claims, customers, erasures
from installs_registry.claims import ClaimCodeWish, NewClaimCode
from notifier import forgetting
from storage import SystemClock, Tx

CustomerId = Annotated[str, Parameter(help="The vendor's name for the customer.")]


def export(customer: CustomerId, /, *, where: Where = ANYWHERE) -> None:
    """Print all that is held on a customer, as JSON."""
    print_json(where.read(forgetting.export_customer, customer))


def erase(customer: CustomerId, /, *, where: Where = ANYWHERE) -> None:
    """Forget a customer for good. Its installs stay, held by nobody known."""
    where.call(erasing.erase, customer, SystemClock().now())
    tell("erased; backups made before still hold it, until they are restored or thrown away")


def erased(*, where: Where = ANYWHERE) -> None:
    """List those who were erased, as salted hashes, a line of JSON each: for `forewarn restore --erased FILE`."""
    for each in where.read(erasures.listing):
        print_line(msgspec.json.encode(each).decode())


def claim_code(
    customer: CustomerId,
    /,
    *,
    uses: Annotated[int, Parameter(help="Installs that it links at most.")] = 1,
    days: Annotated[int, Parameter(help="For how long it is good.")] = 14,
    json: Json = False,
    acting: Acting = ONESELF,
    where: Where = ANYWHERE,
) -> None:
    """Make a claim code and print it, alone, on standard output. It is shown this once."""
    wish = checked({"uses": uses, "days": days}, ClaimCodeWish)
    made = where.call(_made, customer, wish, acting.person)
    if json:
        print_json(made)
    else:
        tell(f"good for {made.uses} installs until {made.expires_at}")
        print_line(str(made.code))


def _made(tx: Tx, customer: str, wish: ClaimCodeWish, by: str) -> NewClaimCode:
    return claims.make(tx, customers.number(tx, customer), wish, by, SystemClock().now())
