"""The command line as a whole: it is made of tables of commands, and what becomes of an error."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence

from cyclopts import App, CycloptsError

from api.problems import Problem
from commands.printing import tell
from commands.raw_settings import SettingsError
from commands.table import Commands, Group
from storage import StorageError
from storage.outcomes import Fault, Invalid, Refusal

#: The exit code where the command could not do what it was asked.
REFUSED = 1
#: The exit code where the command line or the settings are wrong.
USAGE = 2
#: The exit code after Ctrl-C, as shells have it: 128 and the number of SIGINT.
INTERRUPTED = 130


def command_line(commands: Commands, groups: Iterable[Group]) -> App:
    """Return the command line of these commands; none of them is loaded before it is called."""
    app = App(
        name="forewarn",
        help="Warns the users whose data the next upgrade would harm, before they install it.",
        version=_version,
        help_format="plaintext",
        result_action="return_value",
        exit_on_error=False,
        print_error=False,
    )
    _add(app, commands)
    for group in groups:
        within = App(name=group.name, help=group.words)
        _add(within, group.commands)
        app.command(within)
    return app


def _add(app: App, commands: Commands) -> None:
    for where, words in commands.items():
        app.command(where, help=words)


def _version() -> str:
    from importlib.metadata import version  # noqa: PLC0415 - only who asks for it waits for it

    return version("forewarn")


def run(app: App, tokens: Sequence[str] | None = None) -> int:
    """Carry out one command line, that of the process by default; return the exit code."""
    return attempt(lambda: app(tokens) or 0)


def attempt(work: Callable[[], int]) -> int:
    """Return the exit code of `work`; what it is refused is told in sentences."""
    try:
        return work()
    except KeyboardInterrupt:
        return INTERRUPTED
    except CycloptsError as error:
        tell(" ".join(str(error).split()))
        return USAGE
    except BrokenPipeError:
        # Whoever read our output has gone; what is left of it goes nowhere, or Python would complain in the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return REFUSED
    except (SettingsError, Problem, Refusal, StorageError, OSError) as error:
        for sentence in sentences(error):
            tell(sentence)
        return USAGE if isinstance(error, SettingsError) else REFUSED


def sentences(error: Exception) -> tuple[str, ...]:
    """Return what to tell of an error, without any of the program's inside."""
    if isinstance(error, SettingsError):
        return error.faults
    faults: tuple[Fault, ...] = error.faults if isinstance(error, Invalid | Problem) else ()
    if faults:
        return tuple(f"{fault.at}: {fault.detail}" if fault.at else fault.detail for fault in faults)
    if isinstance(error, OSError) and error.filename:
        return (f"{error.filename}: {error.strerror}",)
    return (str(error),)
