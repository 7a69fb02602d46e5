"""Version schemes: each turns a version's text into a sort key, and that key is the only order there is.

A sort key is printable ASCII without spaces whose code-point order is the version order and whose equality
is version equality. Memory, SQLite (BINARY) and PostgreSQL (COLLATE "C") compare it alike.
A number in a key is its digits behind one character for their count: `212` is 12, and sorts above `19`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import total_ordering
from types import MappingProxyType
from typing import Final

from packaging.version import InvalidVersion as _NotPep440
from packaging.version import Version

#: Longest version text taken, in characters; the longest in the public vectors has 92.
MAX_LENGTH: Final = 200
#: Most digits of one number in a version; the longest in the public vectors has 30.
MAX_DIGITS: Final = 64


class InvalidVersion(ValueError):
    """The text is no version of the scheme; the first argument is a sentence for people."""


class UnrankedVersion(InvalidVersion):
    """A version of a `list` product whose place in the vendor's order is not declared."""


@total_ordering
@dataclass(frozen=True, slots=True, eq=False)
class Key:
    """A version's place in the order of its scheme; comparing keys of two schemes raises TypeError."""

    scheme: str
    #: the sort key
    text: str

    def __eq__(self, other: object) -> bool:
        return self.text == self._peer(other)

    def __lt__(self, other: object) -> bool:
        return self.text < self._peer(other)

    def __hash__(self) -> int:
        return hash((self.scheme, self.text))

    def _peer(self, other: object) -> str:
        if not isinstance(other, Key) or other.scheme != self.scheme:
            raise TypeError(f"a {self.scheme} version cannot be compared with {other!r}")
        return other.text


@dataclass(frozen=True, slots=True)
class Scheme:
    """How the versions of one product, or of one fact, are read and ordered."""

    #: one of SCHEMES
    name: str
    encode: Callable[[str], str]
    #: of `list`, the sort keys of the releases in the vendor's own order
    places: Mapping[str, str] = field(default_factory=dict, hash=False)

    def key(self, text: str) -> Key:
        """Return the version's place; raise InvalidVersion."""
        return Key(self.name, self.sort_key(text))

    def sort_key(self, text: str) -> str:
        """Return the version's place as text; raise InvalidVersion."""
        if not 0 < len(text) <= MAX_LENGTH:
            raise _invalid(text, self.name, f"1 to {MAX_LENGTH} printable characters")
        return self.places.get(text) or self.encode(text)

    def place(self, text: str) -> str | None:
        """Return the version's place as text, None where it has none in this scheme."""
        try:
            return self.sort_key(text)
        except InvalidVersion:
            return None


def scheme(name: str, order: Sequence[str] = ()) -> Scheme:
    """Return the scheme of that name; `order` is for `list` alone: its releases, oldest first.

    Raises ValueError for an unknown name and for a release that the order names twice.
    """
    if name == "list":
        if len(set(order)) < len(order):
            raise ValueError("The order names a release twice.")
        return Scheme(name, _list, {text: f"{place:08d}" for place, text in enumerate(order)})
    if name not in _ENCODERS:
        raise ValueError(f"{_quoted(name)} is not a version scheme; there are {', '.join(SCHEMES)}.")
    return Scheme(name, _ENCODERS[name])


def _list(text: str) -> str:
    """Refuse a version that is not among the releases."""
    if not text.isprintable():
        raise _invalid(text, "list", "printable characters")
    raise UnrankedVersion(
        f"{_quoted(text)} is not among the declared releases, so its place in their order is unknown."
    )


def _intdot(text: str) -> str:
    """Numbers joined by dots; missing ones are 0, so 4.2 is 4.2.0."""
    if not _INTDOT.fullmatch(text):
        raise _invalid(text, "intdot", "numbers joined by dots, such as 4.12.1")
    return _numbers(text.split("."), text)


def _calver(text: str) -> str:
    """Numbers of a date, padded or not (2024.01 is 2024.1), and a letter where there is one (2024a)."""
    if not _CALVER.fullmatch(text):
        raise _invalid(text, "calver", "numbers joined by . - or _, then perhaps one letter, such as 2024.01b")
    digits = text.rstrip(_LETTERS)
    return f"{_numbers(re.split('[._-]', digits), text)}!{text[len(digits) :].lower()}"


def _semver(text: str) -> str:
    """SemVer 2.0 §11; a leading v, common by its FAQ, is let pass; build metadata does not count (§10)."""
    found = _SEMVER.fullmatch(text)
    if not found:
        raise _invalid(text, "semver", "three numbers joined by dots, then perhaps -pre.release, such as 4.2.0-rc.1")
    core = "".join(_number(part, text) for part in found.group(1, 2, 3))
    if found[4] is None:
        return core + "~"
    return core + "!" + "".join(_identifier(part, text) for part in found[4].split("."))


def _identifier(part: str, text: str) -> str:
    return "#" + _number(part, text) if part.isdigit() else f"A{part}!"


def _pep440(text: str) -> str:
    """Read by `packaging`; the order is that of its Version (PEP 440, "Summary of permitted suffixes")."""
    try:
        # packaging forgives white space around a version, and such a text would not compare equal as text
        version = Version(text) if text.isascii() and text.isprintable() and " " not in text else None
    except _NotPep440:
        version = None
    if version is None:
        raise _invalid(text, "pep440", "a Python version, such as 4.2.0rc1")
    stage = f"{version.pre[0][0]}{_number(str(version.pre[1]), text)}" if version.pre else "~"
    if version.pre is None and version.post is None and version.dev is not None:
        stage = "!"
    post = "!" if version.post is None else "+" + _number(str(version.post), text)
    dev = "~" if version.dev is None else "#" + _number(str(version.dev), text)
    release = _numbers([str(part) for part in version.release], text)
    return f"{_number(str(version.epoch), text)}{release}!{stage}{post}{dev}{_local(version.local, text)}"


def _local(local: str | None, text: str) -> str:
    parts = local.split(".") if local else []
    return "".join("1" + _number(part, text) if part.isdigit() else f"#{part}!" for part in parts)


def _deb(text: str) -> str:
    """deb-version(7) in dpkg's order: ~ below the end of a part, letters above it, the rest above letters."""
    found = _DEB.fullmatch(text)
    upstream = (found["upstream"] or found["native"]) if found else ""
    if not found or (found["epoch"] is None and ":" in upstream):
        raise _invalid(text, "deb", "[epoch:]upstream[-revision], such as 1:6.1.64-1")
    epoch = _number(found["epoch"] or "0", text)
    return epoch + _deb_part(upstream, text) + _deb_part(found["revision"] or "", text)


def _deb_part(part: str, text: str) -> str:
    """Pairs of non-digits and a number: each run of non-digits ends in #, and so does the whole."""
    pairs = _DEB_PAIR.findall(part)[:-1] or [("", "0")]
    return "".join(f"{other.translate(_DEB_ORDER)}#{_number(digits or '0', text)}" for other, digits in pairs) + "#"


def _numbers(parts: Sequence[str], text: str) -> str:
    """Encode numbers of which trailing zeros do not count; the first always stands."""
    numbers = [_number(part, text) for part in parts]
    while len(numbers) > 1 and numbers[-1] == "10":
        numbers.pop()
    return "".join(numbers)


def _number(digits: str, text: str) -> str:
    stripped = digits.lstrip("0") or "0"
    if len(stripped) > MAX_DIGITS:
        raise InvalidVersion(f"{_quoted(text)} holds a number of more than {MAX_DIGITS} digits.")
    return chr(ord("0") + len(stripped)) + stripped


def _invalid(text: str, name: str, expected: str) -> InvalidVersion:
    return InvalidVersion(f"{_quoted(text)} is not a {name} version: expected {expected}.")


def _quoted(text: str) -> str:
    return repr(text if len(text) <= MAX_DIGITS else text[:MAX_DIGITS] + "…")


_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_INTDOT: Final = re.compile(r"[0-9]+(?:\.[0-9]+)*")
_CALVER: Final = re.compile(r"[0-9]+(?:[._-][0-9]+)*[A-Za-z]?")
_WHOLE: Final = r"(0|[1-9][0-9]*)"
_PRE: Final = r"(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_BUILD: Final = r"[0-9A-Za-z-]+"
_SEMVER: Final = re.compile(rf"v?{_WHOLE}\.{_WHOLE}\.{_WHOLE}(?:-({_PRE}(?:\.{_PRE})*))?(?:\+{_BUILD}(?:\.{_BUILD})*)?")
_DEB: Final = re.compile(
    r"(?:(?P<epoch>[0-9]{1,9}):)?"
    r"(?:(?P<upstream>[0-9][A-Za-z0-9.+~:-]*)-(?P<revision>[A-Za-z0-9.+~]+)|(?P<native>[0-9][A-Za-z0-9.+~:]*))"
)
_DEB_PAIR: Final = re.compile(r"([^0-9]*)([0-9]*)")
_DEB_ORDER: Final = str.maketrans({"~": "!", "+": "{", "-": "|", ".": "}", ":": "~"})
_ENCODERS: Final[Mapping[str, Callable[[str], str]]] = MappingProxyType(
    {"intdot": _intdot, "semver": _semver, "pep440": _pep440, "calver": _calver, "deb": _deb}
)
#: The names of all schemes.
SCHEMES: Final = (*_ENCODERS, "list")
