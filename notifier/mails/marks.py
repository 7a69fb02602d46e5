"""Marks in a text that was rendered once, for what differs from recipient to recipient."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from notifier.mails.quoted import SOFT_BREAK, between, margin, quoted, quoted_value


class Slot(StrEnum):
    """What a mark stands for."""

    CUSTOMER = "c"
    #: The link to the notice's page.
    URL = "u"
    UNSUBSCRIBE = "x"
    #: The list of installs.
    INSTALLS = "i"
    #: The first line of one of them, and what follows it.
    HEAD = "h"
    TEXT = "t"


#: Breaks a paragraph into lines, after so many spaces each.
Wrap = Callable[[str, int], str]


def _digits() -> str:
    return f"{secrets.randbelow(10**20):020}"


@dataclass(frozen=True, slots=True)
class Marks:
    """The marks of one process. They hold chance, so that no text of others can hold one."""

    chance: str = field(default_factory=_digits)

    def of(self, slot: Slot) -> str:
        """Return the mark of a slot."""
        return f"⟪{self.chance}{slot}⟫"

    def among(self, text: str) -> bool:
        """Tell whether a text holds a mark."""
        return self.chance in text

    def paragraph(self, text: str, indent: int) -> str:
        """Return a paragraph with marks in it, which can be broken into lines only when they are filled."""
        return f"⟪{self.chance}[{indent}⟫{text}⟪{self.chance}]⟫"

    def split(self, text: str) -> list[str]:
        """Return what stands between the marks at the even places, and what the marks say at the odd ones."""
        return re.split(rf"⟪{self.chance}([a-z]|\[[0-9]+|\])⟫", text)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph that is broken into lines when it is filled: texts at the even places, slots at the odd ones."""

    indent: int
    parts: tuple[str, ...]
    #: The slots, by their places.
    slots: tuple[tuple[int, Slot], ...]
    wrap: Wrap

    @classmethod
    def of(cls, indent: int, parts: Sequence[str], wrap: Wrap) -> Paragraph:
        """Find the slots among the parts."""
        return cls(indent, tuple(parts), tuple((at, Slot(parts[at])) for at in range(1, len(parts), 2)), wrap)

    def filled(self, raw: Mapping[Slot, str]) -> bytes:
        """Return the lines with `raw` put in, encoded."""
        said = list(self.parts)
        for place, slot in self.slots:
            said[place] = raw[slot]
        wrapped = self.wrap("".join(said), self.indent)
        text = wrapped[self.indent :]
        coded = quoted_value(text)
        # What had to be encoded may no longer fit behind its margin.
        return margin(self.indent) + coded if len(coded) == len(text) else quoted(wrapped)


@dataclass(frozen=True, slots=True)
class Pieces:
    """A rendered text as encoded pieces, with slots between them."""

    #: A slot's place holds nothing.
    parts: tuple[bytes, ...]
    slots: tuple[tuple[int, Slot], ...]
    paragraphs: tuple[tuple[int, Paragraph], ...]

    @classmethod
    def of(cls, text: str, marks: Marks, wrap: Wrap) -> Pieces:
        """Take a rendered text apart. Line breaks of all kinds become those of a mail."""
        said = marks.split("\n".join(text.splitlines()) + "\n")
        parts: list[bytes] = [quoted(said[0])]
        slots: list[tuple[int, Slot]] = []
        paragraphs: list[tuple[int, Paragraph]] = []
        place = 1
        while place < len(said):
            name = said[place]
            if name.startswith("["):
                end = said.index("]", place)
                paragraphs.append((len(parts) + 1, Paragraph.of(int(name[1:]), said[place + 1 : end], wrap)))
                place = end
            else:
                slots.append((len(parts) + 1, Slot(name)))
            parts += [between(parts[-1]), b"", *_following(said[place + 1])]
            place += 2
        return cls(tuple(parts), tuple(slots), tuple(paragraphs))

    @classmethod
    def joined(cls, pieces: Sequence[Pieces | bytes]) -> Pieces:
        """Return pieces and finished bytes, one behind the other, as one."""
        parts: list[bytes] = []
        slots: list[tuple[int, Slot]] = []
        paragraphs: list[tuple[int, Paragraph]] = []
        for each in pieces:
            begin = len(parts)
            if isinstance(each, bytes):
                parts.append(each)
                continue
            parts += each.parts
            slots += [(begin + place, slot) for place, slot in each.slots]
            paragraphs += [(begin + place, paragraph) for place, paragraph in each.paragraphs]
        return cls(tuple(parts), tuple(slots), tuple(paragraphs))

    def around(self, slot: Slot, inner: Pieces) -> Pieces:
        """Return these pieces with others in the place of a slot, without the line end that ends those."""
        for place, there in self.slots:
            if there is slot:
                last = inner.parts[-1].removesuffix(b"\r\n")
                within = Pieces((*inner.parts[:-1], last), inner.slots, inner.paragraphs)
                return Pieces.joined((self._cut(0, place), within, self._cut(place + 1, len(self.parts))))
        return self

    def _cut(self, begin: int, end: int) -> Pieces:
        return Pieces(
            self.parts[begin:end],
            tuple((place - begin, slot) for place, slot in self.slots if begin <= place < end),
            tuple((place - begin, each) for place, each in self.paragraphs if begin <= place < end),
        )

    def filled(self, values: Mapping[Slot, bytes], raw: Mapping[Slot, str]) -> bytes:
        """Return the whole: `values` are encoded for this form, `raw` goes into paragraphs."""
        parts = list(self.parts)
        for place, slot in self.slots:
            parts[place] = values[slot]
        for place, paragraph in self.paragraphs:
            parts[place] = paragraph.filled(raw)
        return b"".join(parts)


def _following(text: str) -> tuple[bytes, bytes]:
    """Return the piece after a slot: on a line of its own, unless the text breaks there."""
    return (b"" if text.startswith("\n") else SOFT_BREAK, quoted(text))
