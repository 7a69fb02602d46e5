"""A product to check for through the lane, and what both lanes are sent besides."""

from __future__ import annotations

from typing import Any, cast

from tests.api.house import PRODUCT, House, with_defect, with_releases

#: Facts of every type, and one that is retired.
FACTS = {
    **cast("dict[str, Any]", PRODUCT["facts"]),
    "ratio": {"type": "number"},
    "encrypted": {"type": "boolean"},
    "plugins": {"type": "strings"},
    "engine": {"type": "version", "scheme": "semver"},
}
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
OK = b"HTTP/1.1 200 OK"


async def a_shop(house: House) -> House:
    """Return the house with a product of which one fact is retired, releases and a defect."""
    await house.put("/v1/products/notes", {**PRODUCT, "facts": {**FACTS, "colour": {"type": "string"}}})
    await house.put("/v1/products/notes", {**PRODUCT, "facts": FACTS})
    await with_releases(house)
    await with_defect(house)
    await house.parts.keys.refresh(house.parts.database)
    return house
