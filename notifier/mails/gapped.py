"""Finished bytes with gaps, which are filled for each mail."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Gapped:
    """Bytes that all mails share, and the places where a value of one mail's own stands."""

    #: Nothing stands in the place of a value.
    _parts: tuple[bytes, ...]
    #: The places of the values, each with the number of the value that goes there.
    _gaps: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, pieces: Iterable[bytes | int]) -> Gapped:
        """Return pieces as one; a number stands for the value of that number."""
        parts: list[bytes] = [b""]
        gaps: list[tuple[int, int]] = []
        for piece in pieces:
            if isinstance(piece, int):
                gaps.append((len(parts), piece))
                parts += [b"", b""]
            else:
                parts[-1] += piece
        return cls(tuple(parts), tuple(gaps))

    def filled(self, values: Sequence[bytes]) -> bytes:
        """Return the whole."""
        return b"".join(self.pieces(values))

    def pieces(self, values: Sequence[bytes]) -> list[bytes]:
        """Return the same in pieces, which are to be put together."""
        parts = list(self._parts)
        for place, number in self._gaps:
            parts[place] = values[number]
        return parts
