"""The words of a condition's text: CEL's, as far as the subset goes, each with its place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from risk.facts import MAX_INTEGER, UNSTORABLE
from risk.tree import Scalar

from .errors import ConditionError


@dataclass(frozen=True, slots=True)
class Token:
    """One word; `kind` is number, text, word, mark or end."""

    kind: str
    text: str
    position: int

    def error(self, sentence: str) -> ConditionError:
        """Return an error that points here."""
        return ConditionError(sentence, self.position, len(self.text))


def tokens(text: str) -> list[Token]:
    """Split a condition; the last token is the end. Raises ConditionError."""
    found: list[Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise ConditionError(_strange(text[position]), position, 1)
        if match.lastgroup != "space":
            found.append(Token(str(match.lastgroup), match[0], position))
        position = match.end()
    return [*found, Token("end", "", len(text))]


def _strange(character: str) -> str:
    if character in "'\"":
        return "This text is never closed: expected the same quote again on the same line."
    hints = {"=": "; to compare, write ==", "&": "; to join, write &&", "|": "; to join, write ||"}
    return f"{character!r} has no meaning here{hints.get(character, '')}."


def number(token: Token) -> int | float:
    """Return a number token's value; raises ConditionError for one too large to hold exactly."""
    value: int | float = int(token.text) if token.text.lstrip("-").isdigit() else float(token.text)
    if abs(value) > MAX_INTEGER if isinstance(value, int) else value in (float("inf"), float("-inf")):
        raise token.error(f"This number is too large: whole numbers go to {MAX_INTEGER}.")
    return value


def string(token: Token) -> Scalar:
    """Return a text token's value, CEL's escapes undone; raises ConditionError."""

    def undo(match: re.Match[str]) -> str:
        place = Token("text", match[0], token.position + 1 + match.start())
        code = match["hex"] or match["octal"]
        if code is None and match["simple"] is None:
            raise place.error(f"{match[0]} is no escape: write \\\\ for a backslash.")
        point = ord(_SIMPLE[match["simple"]]) if code is None else int(code.lstrip("xuU"), 8 if match["octal"] else 16)
        if point > _LAST_POINT or UNSTORABLE.search(chr(point)):
            raise place.error(f"{match[0]} is not a character that a fact can hold.")
        return chr(point)

    return _ESCAPE.sub(undo, token.text[1:-1])


_TOKEN: Final = re.compile(
    r"""
    (?P<space>[ \t\r\n\f]+)
    | (?P<number>-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![A-Za-z0-9_.]))
    | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<text>'(?:[^'\\\r\n\x00\ud800-\udfff]|\\.)*' | "(?:[^"\\\r\n\x00\ud800-\udfff]|\\.)*")
    | (?P<mark>&& | \|\| | [=!<>]= | [<>!()\[\],.])
    """,
    re.VERBOSE,
)
_ESCAPE: Final = re.compile(
    r"\\(?:(?P<hex>x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})"
    r"|(?P<octal>[0-3][0-7]{2})|(?P<simple>[abfnrtv\\?\"'`])|.)"
)
_LAST_POINT: Final = 0x10FFFF
#: What stands behind a backslash, and what it means.
_SIMPLE: Final = dict(zip("abfnrtv\\?\"'`", "\a\b\f\n\r\t\v\\?\"'`", strict=True))
