"""In which order a batch owes: what may be decided at once stands in one round, all else as one after another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from installs_registry.checked_in import CheckedIn
from notifier.exposures import Change
from risk import Exposure

#: An install's check-in with what it changes, by defect id.
Differing = tuple[CheckedIn, Mapping[str, Change]]

_WARNED: Final = "warned"
_UPGRADED: Final = "upgraded"

#: What an exposure means for notices; None: nothing.
_PHASES: Final[Mapping[Exposure | None, str | None]] = {
    None: None,
    Exposure.AT_RISK: _WARNED,
    Exposure.CANNOT_TELL: _WARNED,
    Exposure.ALREADY_UPGRADED: _UPGRADED,
    Exposure.REPAIR_OWED: _UPGRADED,
}

#: From which phase to which an exposure went.
_Way = tuple[str | None, str | None]


def rounds(differing: Iterable[Differing]) -> list[list[Differing]]:
    """Return the installs in rounds: one round after another leaves what one install after another would.

    A recipient's installs share a round as long as their exposures to a defect all go the same way: then it does not
    matter in which order. An install that goes to another recipient is alone in its round among those of both.
    """
    found: list[list[Differing]] = []
    places: dict[int, _Place] = {}
    for one in differing:
        place = _place(places, *one)
        if place == len(found):
            found.append([])
        found[place].append(one)
    return found


@dataclass(slots=True)
class _Place:
    """The last round so far that holds installs of a recipient."""

    round: int
    #: The ways that they go in it, by defect id; None: nobody may join them.
    ways: dict[str, _Way] | None = field(default_factory=dict)

    def admits(self, ways: Mapping[str, _Way]) -> bool:
        """Say whether an install that goes these ways may join."""
        return self.ways is not None and all(self.ways.get(defect, way) == way for defect, way in ways.items())


def _place(places: dict[int, _Place], checked: CheckedIn, changes: Mapping[str, Change]) -> int:
    """Return the round of an install, and note it."""
    if checked.left is not None:
        holders = (checked.left, checked.recipient)
        alone = 1 + max(places[holder].round if holder in places else -1 for holder in holders)
        places.update((holder, _Place(alone, None)) for holder in holders)
        return alone
    ways = {defect: (_PHASES[change.before], _PHASES[change.after]) for defect, change in changes.items()}
    last = places.setdefault(checked.recipient, _Place(0))
    if not last.admits(ways):
        last = places[checked.recipient] = _Place(last.round + 1)
    if last.ways is not None:
        last.ways.update(ways)
    return last.round
