"""Lists in parts: a store is asked for one item more than a page has, to know whether there is a next one."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from msgspec import UNSET, UnsetType

from api.types import Page
from storage.outcomes import Invalid

T = TypeVar("T")

_NUMBER = re.compile(r"[0-9]{1,15}")


def page(found: Sequence[T], limit: int, cursor_of: Callable[[T], str]) -> Page[T]:
    """Return the first `limit` of what was found, with the cursor of the last of them where there is more."""
    items = list(found[:limit])
    return Page(items, cursor_of(items[-1]) if len(found) > limit else None)


def numbered_page(found: Sequence[tuple[int, T]], limit: int) -> Page[T]:
    """Return the page of items that come with our own number."""
    numbers = page(found, limit, lambda item: str(item[0]))
    return Page([item for _, item in numbers.items], numbers.next)


def number_of(cursor: str | UnsetType) -> int:
    """Return the number that a cursor of `numbered_page` stands for, 0 for the first page. Raises Invalid."""
    if cursor is UNSET:
        return 0
    if not _NUMBER.fullmatch(cursor):
        raise Invalid.at("/after", "This is not the `next` of a page.")
    return int(cursor)
