"""The vendor's own rules: how many people clearing takes, and who asks for another number."""

from __future__ import annotations

from api.asking import Answer, Ask
from feeds import rules
from feeds.rules import SignOffWish
from storage import Tx


def get_rules(tx: Tx, _: Ask[None, None]) -> Answer:
    """Return the rules in force, and what is asked for beside them."""
    return Answer(rules.view(tx))


def sign_off(tx: Tx, ask: Ask[None, SignOffWish]) -> Answer:
    """Ask for another number of people that clearing takes; it takes as many as clearing takes now."""
    after = rules.sign_off(tx, ask.body.people, ask.by.person, ask.now)
    return Answer(rules.view(tx), 202 if after.asked == ask.body.people else 200)
