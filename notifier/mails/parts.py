"""What a letter is made of, in words and without a form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from msgspec import Struct

#: Sets the colour of the heading: stop, act, look again, fine.
Tone = Literal["stop", "act", "news", "fine"]


class Item(Struct, frozen=True, kw_only=True):
    """One entry of a list."""

    #: None: a point without a number.
    number: int | None = None
    head: str
    text: str | None = None
    url: str | None = None
    #: Stands for the entries, where the mail is rendered once for many; there is no other in it then.
    slot: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading and what stands under it."""

    heading: str
    paragraphs: tuple[str, ...] = ()
    items: tuple[Item, ...] = ()
    #: The items are the recipient's installs.
    of_installs: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail in words, without a form."""

    subject: str
    tone: Tone
    #: Two words over the headline.
    label: str
    headline: str
    opening: tuple[str, ...]
    sections: tuple[Section, ...]
    #: What the link to the notice's page says.
    button: str
    closing: tuple[str, ...]
