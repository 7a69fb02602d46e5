"""What an approver does to a defect from its page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final, Literal, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from console.pages import Answer, Redirect
from console.visiting import Visit
from feeds import holds, rules
from feeds import store as defects
from feeds.defects import Defect
from feeds.life import TRANSITIONS, Act
from feeds.signatures import needed
from feeds.types import Hold, Reason, Resolution
from installs_registry import products
from notifier import publishing
from notifier.publishing import By
from notifier.types import Acted
from storage import Tx
from storage.outcomes import Conflict, Invalid, NotFound

T = TypeVar("T")
Field = Literal["fixed_in", "reason", "until"]


@dataclass(frozen=True, slots=True)
class Offer:
    """One act that is open now."""

    act: Act
    fields: tuple[Field, ...]
    #: How many different people it takes.
    people: int


@dataclass(frozen=True, slots=True)
class _Form:
    fields: tuple[Field, ...]
    carry_out: Callable[[Tx, str, Mapping[str, Any], By], Acted]


#: In the order of the page.
_FORMS: Final[Mapping[Act, _Form]] = MappingProxyType(
    {
        Act.PUBLISH: _Form((), lambda tx, defect, _, by: publishing.publish(tx, defect, by)),
        Act.DISCARD: _Form((), lambda tx, defect, _, by: publishing.discard(tx, defect, by)),
        Act.RESOLVE: _Form(
            ("fixed_in",),
            lambda tx, defect, said, by: publishing.resolve(tx, defect, _as(Resolution, said), by),
        ),
        Act.REOPEN: _Form(
            ("reason",), lambda tx, defect, said, by: publishing.reopen(tx, defect, _as(Reason, said), by)
        ),
        Act.WITHDRAW: _Form(
            ("reason",), lambda tx, defect, said, by: publishing.withdraw(tx, defect, _as(Reason, said), by)
        ),
        Act.RESUME: _Form((), lambda tx, defect, _, by: publishing.resume(tx, defect, by)),
        Act.PAUSE: _Form(
            ("reason", "until"),
            lambda tx, defect, said, by: publishing.pause(tx, defect, _as(Hold, said), by),
        ),
        Act.OBJECT: _Form(
            ("reason", "until"),
            lambda tx, defect, said, by: publishing.object_to(tx, defect, _as(Hold, said), by),
        ),
    }
)


def offered(tx: Tx, visit: Visit, defect: Defect) -> list[Offer]:
    """Return what can be done now."""
    scheme = products.find_by_number(tx, defect.product_no).scheme
    paused = holds.active(tx, defect.no, visit.now).pause is not None
    pointless = {
        Act.PUBLISH: defect.proposed is None,
        Act.DISCARD: defect.proposed is None,
        Act.RESOLVE: defect.proposed is not None,
        Act.RESUME: not paused,
    }
    people = rules.current(tx).signatures_needed
    return [
        Offer(act, form.fields, needed(defect, act, scheme, people))
        for act, form in _FORMS.items()
        if (defect.state, act) in TRANSITIONS and not pointless.get(act, False)
    ]


def carry_out(tx: Tx, visit: Visit) -> Answer:
    """Do the act that the path names, with what the form says."""
    visit.require_trust()
    defect = defects.find(tx, visit.asked.path["defect"])
    form = _FORMS.get(_act(visit.asked.path["act"]))
    if form is None:
        raise NotFound("There is no such act.")
    if visit.asked.form.get("revision") != str(defect.latest):
        raise Conflict(f"{defect.id} has changed since you opened its page. Look at it again before you decide.")
    form.carry_out(tx, defect.id, _said(form.fields, visit), visit.by)
    return Redirect(f"/defects/{defect.id}")


def _act(word: str) -> Act:
    try:
        return Act(word)
    except ValueError:
        raise NotFound("There is no such act.") from None


def _said(fields: tuple[Field, ...], visit: Visit) -> dict[str, Any]:
    said: dict[str, Any] = {name: visit.asked.form.get(name, "").strip() for name in fields}
    if "until" in said:
        said["until"] = _moment(said["until"], visit.reader.time_zone)
    return said


def _moment(text: str, time_zone: str | None) -> datetime:
    """Return the moment of a form's date and time, which is in the visitor's zone. Raises Invalid."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid.at("/until", "Say until when: a day and a time.") from None
    if moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=ZoneInfo(time_zone) if time_zone else UTC)


def _as(wanted: type[T], said: Mapping[str, Any]) -> T:
    try:
        return msgspec.convert(said, wanted)
    except msgspec.ValidationError as error:
        raise Invalid.at("", f"{error}.") from None
