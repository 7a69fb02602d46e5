"""The command line as a whole: which commands there are, and what becomes of an error."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version

from cyclopts import App, CycloptsError
from rich.console import Console
from rich.text import Text

from api.problems import Problem
from commands import backups, checks, compacting, customers, defects, doctor, imports, keys, mail, products, sign_off
from commands.printing import tell
from commands.raw_settings import SettingsError
from storage import StorageError
from storage.outcomes import Fault, Invalid, Refusal

#: The exit code where the command could not do what it was asked.
REFUSED = 1
#: The exit code where the command line or the settings are wrong.
USAGE = 2
#: The exit code after Ctrl-C, as shells have it: 128 and the number of SIGINT.
INTERRUPTED = 130


def command_line() -> App:
    """Return the commands of this package."""
    app = App(
        name="forewarn",
        help="Warns the users whose data the next upgrade would harm, before they install it.",
        version=version("forewarn"),
        help_format="plaintext",
        error_formatter=_usage,
        error_console=Console(stderr=True, soft_wrap=True),
        result_action="return_value",
    )
    app.command(products.group())
    app.command(imports.import_, name="import")
    app.command(customers.group())
    app.command(defects.group())
    app.command(checks.check)
    app.command(keys.group())
    app.command(sign_off.sign_off)
    app.command(mail.group())
    app.command(doctor.doctor)
    app.command(backups.backup)
    app.command(backups.restore)
    app.command(compacting.compact)
    return app


def run(app: App, tokens: Sequence[str] | None = None) -> int:
    """Carry out one command line, that of the process by default; return the exit code."""
    return attempt(lambda: app(tokens) or 0)


def attempt(work: Callable[[], int]) -> int:
    """Return the exit code of `work`; what it is refused is told in sentences."""
    try:
        return work()
    except KeyboardInterrupt:
        return INTERRUPTED
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


def _usage(error: CycloptsError) -> Text:
    return Text(f"forewarn: {' '.join(str(error).split())}")
