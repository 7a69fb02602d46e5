"""The page docs/settings.md, made from the settings themselves.

`python -m commands.settings_page > docs/settings.md` renews it.
"""

from __future__ import annotations

import sys
from dataclasses import Field, fields
from typing import Any

from commands.raw_settings import Raw, flag, variable

_HEAD = """\
# Settings

Each setting can be given in three places. A flag of `forewarn serve` goes before a variable, a variable
before the file, the file before the default. The file is TOML; `--config FILE` or `FOREWARN_CONFIG` names it:

```toml
database = "postgresql://forewarn@db.example/forewarn"
port = 8080
smtp = "smtp://mail.example:25"
mail_from = "Notes Ltd <warnings@notes.example>"
allowed_networks = ["10.1.0.0/16"]
```

A wrong value, an unknown name in the file, and a variable that is nearly one of these stop the start, with a
line for each that says where it came from. The other commands read the same three places, and take
`--database` and `--config` as flags.

This page is made from the program: `python -m commands.settings_page > docs/settings.md`.
"""


def page() -> str:
    """Return the whole page, in Markdown."""
    return "\n".join([_HEAD, *map(_section, fields(Raw))])


def _section(each: Field[Any]) -> str:
    default = each.metadata["unless_given"]
    return (
        f"## {each.name}\n\n{each.metadata['meaning']}\n\n"
        f"- flag `{flag(each.name)}`, variable `{variable(each.name)}`, in the file `{each.name}`\n"
        f"- default: {f'`{default}`' if default is not None else 'none'}\n"
    )


if __name__ == "__main__":
    sys.stdout.write(page())
