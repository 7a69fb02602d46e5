"""Installs: their check-ins, and what is known of them."""

from __future__ import annotations

import msgspec

from api.asking import Answer, Ask
from api.handlers.notices import shown
from api.keys import Key, Role
from installs_registry import installs
from installs_registry.types import CheckIn
from notifier import registering
from notifier.registering import Reporter
from notifier.types import CheckInAnswer
from storage import Tx


def check_in(tx: Tx, ask: Ask[None, CheckIn]) -> Answer:
    """Store what an install reports of itself; answer with what its holder should know."""
    answer = registering.check_in(
        tx,
        ask.path["install"],
        ask.body,
        reporter=Reporter(ask.install_token, ask.key.product_no),
        rulebook=ask.rulebook,
        now=ask.now,
        links=ask.links,
    )
    return Answer(for_asker(answer, ask.key))


def for_asker(answer: CheckInAnswer, key: Key) -> CheckInAnswer:
    """Return what a key may see of the answer: of the other installs of a customer a client app knows nothing."""
    if key.role is not Role.APP or not answer.notices:
        return answer
    mine = [answer.install.install]
    return msgspec.structs.replace(answer, notices=[shown(notice, mine) for notice in answer.notices])


def get_install(tx: Tx, ask: Ask[None, None]) -> Answer:
    """Return an install; a client app sees the one whose token it has."""
    view = installs.view(tx, ask.path["install"], token=ask.install_token, vendor=ask.key.role is not Role.APP)
    return Answer(view)
