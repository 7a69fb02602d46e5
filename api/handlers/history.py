"""What an install has been."""

from __future__ import annotations

from api.asking import Answer, Ask
from api.keys import Role
from installs_registry import history, installs
from storage import Tx


def get_history(tx: Tx, ask: Ask[None, None]) -> Answer:
    """Return an install's versions and when its facts changed; a client app sees those of its own."""
    install = ask.path["install"]
    installs.view(tx, install, token=ask.install_token, vendor=ask.key.role is not Role.APP)
    return Answer(history.of_install(tx, install))
