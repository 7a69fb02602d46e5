"""The lanes that do not go as fast as they might: which, why, and until when."""

from __future__ import annotations

from console.pages import Answer, Page
from console.visiting import Visit
from notifier.delivery import lane_store
from storage import Tx


def show(tx: Tx, visit: Visit) -> Answer:
    """Show how the lanes stand, to those who may see customers: what a server says may name one."""
    visit.require_trust()
    return Page("lanes.html", {"standings": lane_store.standings(tx), "held": lane_store.held(tx)})
