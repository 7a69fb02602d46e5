"""The scenes of all incidents in their true order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from examples.demo.play import Play

#: After the warnings, some people upgrade; after the all-clear, most do.
_THEY_UPGRADE: Final = timedelta(hours=4)
_THEY_TAKE_THE_FIX: Final = timedelta(hours=20)


@dataclass(frozen=True, slots=True)
class Scene:
    """Something that happens at a moment."""

    at: datetime
    play: Callable[[], Awaitable[None]]


def scenes(play: Play) -> Iterator[Scene]:
    """Yield what happens in an incident, in order."""
    incident = play.incident
    yield Scene(incident.begins, play.begin)
    yield Scene(incident.filed.at, play.file)
    yield Scene(incident.published.at, play.publish)
    yield Scene(incident.published.at + _THEY_UPGRADE, play.react)
    for release in incident.releases:
        if release.offered_at > incident.begins:
            yield Scene(release.offered_at, partial(play.offer_later, release))
    if incident.revision is not None:
        yield Scene(incident.revision.proposed.at, play.revise)
        yield Scene(incident.revision.published.at, play.publish_revision)
    if incident.end is not None:
        yield Scene(incident.end.resolved.at, play.resolve)
        yield Scene(incident.end.resolved.at + _THEY_TAKE_THE_FIX, play.take_the_fix)
    last = incident.end.resolved.at if incident.end else incident.published.at
    yield Scene(last + 2 * _THEY_TAKE_THE_FIX, play.close)


def in_order(found: Iterable[Scene]) -> list[Scene]:
    """Return scenes by their moments; those of one moment stay as they are."""
    return sorted(found, key=lambda scene: scene.at)
