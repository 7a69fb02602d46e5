"""How far a defect's deliveries are, in a frame that draws itself anew; and its effectiveness check.

The frame needs no script, and what an approver is writing on the page around it stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from console.pages import POLICY, Answer, Page
from console.visiting import Visit
from notifier.funnel import PARTS, funnel
from notifier.progress import progress
from storage import Tx

#: Seconds after which the frame is drawn anew.
_EVERY: Final = 2
#: Our own pages, and no others, may frame it.
_FRAMED: Final = POLICY.replace("frame-ancestors 'none'", "frame-ancestors 'self'")


def show(tx: Tx, visit: Visit) -> Answer:
    """Show the progress alone."""
    defect = visit.asked.path["defect"]
    shown = {"defect": defect, "progress": progress(tx, defect, visit.now), "seconds": _EVERY}
    return Page("progress.html", shown, policy=_FRAMED)


def show_funnel(tx: Tx, visit: Visit) -> Answer:
    """Show the effectiveness check."""
    view = funnel(tx, visit.asked.path["defect"], visit.now)
    parts = [(part, _SENTENCES[part], getattr(view, part)) for part in PARTS]
    return Page("funnel.html", {"funnel": view, "parts": parts})


#: What each part of the funnel means.
_SENTENCES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "population": "ever exposed to the defect",
        "notified": "told: a server has taken it, or the app has shown it",
        "responded": "have opened the notice or answered it",
        "acted": "chose a remedy, repaired, or left for a version without the defect",
        "not_responded": "notified, and neither responded nor acted",
        "in_doubt": "may have been notified: the connection broke at the last moment",
        "unreachable": "not notified, and there is no way to tell them",
        "not_notified": "not notified so far",
        "installed_unwarned": "had an affected version and were never told",
    }
)
