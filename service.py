"""Run: the command line of the whole program, `forewarn`.

It is quickly there: what a command needs is loaded when the command is called. What `serve` and `demo` run is put
together in `composition`.
"""

from __future__ import annotations

import sys
from typing import Final

from cyclopts import App

from commands.line import command_line, run
from commands.table import COMMANDS, GROUPS, Commands

_COMPOSED: Final[Commands] = {
    "composition:serve": "Serve until SIGTERM: the HTTP interface, the sweeps, and the delivery of what is owed.",
    "composition:demo": "Tell the whole story on real incidents, with a local mail catcher, then serve until Ctrl-C.",
}


def main() -> None:
    """Run the command line of this process."""
    sys.exit(run(program()))


def program() -> App:
    """Return all commands."""
    return command_line({**COMMANDS, **_COMPOSED}, GROUPS)


if __name__ == "__main__":
    main()
