"""The commands: where each is, and what it says of itself.

A command's module is loaded when the command is called. So the words that `--help` shows of it stand here too, as they
do in its docstring; a test holds the two together. Its name is that of its function.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

#: Where each command's function is, "module:function", and what it does.
Commands = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Group:
    """Commands about one subject, which stand behind its name."""

    name: str
    words: str
    commands: Commands


COMMANDS: Final[Commands] = {
    "commands.imports:import_": """\
Store the lines that are right, and tell which are not and why; exits with 1 where some are not.

A line is the object of the HTTP interface with its ids inside; in CSV the heading names the members, such
as install, platform.os or footprint.notebooks. To store a line again changes nothing.""",
    "commands.checks:check": "Ask before an upgrade: proceed, caution or hold, and why.",
    "commands.sign_off:sign_off": """\
Show the vendor's rules, or ask for another number of people that clearing takes.

It takes as many different people as clearing takes now; the settings' wish for fewer counts as one.""",
    "commands.doctor:doctor": "Look the database and the audit over; exits with 1 where something is wrong.",
    "commands.backups:backup": "Write a copy of the database, as of one moment, beside a running service.",
    "commands.restoring:restore": """\
Put a backup in the database's place. Stop the service first.

No mail leaves before `forewarn mail release --since TIME` says when the backup was made: it does not know
what was sent after that, so each mail that waits in it may have been sent already. Who was erased after it
was made is erased again: as the database that it replaces knows, and as a list says (--erased).""",
    "commands.compacting:compact": """\
Write the database file anew, so that no copy of a deleted row is left in it; writers wait meanwhile.

A service does this by itself, within the hour after an erasure, while the file has 256 MiB at most.""",
}

_PRODUCT: Final = Group(
    "product",
    "Declare and list products.",
    {
        "commands.products:declare": "Declare a product: how its versions compare, and what its installs report of "
        "their data.",
        "commands.products:list_": "List the products by id.",
    },
)

_CUSTOMER: Final = Group(
    "customer",
    "Export and erase customers, and make codes that link their installs.",
    {
        "commands.customers:export": "Print all that is held on a customer, as JSON.",
        "commands.customers:erase": "Forget a customer for good. Its installs stay, held by nobody known.",
        "commands.customers:erased": "List those who were erased, as salted hashes, a line of JSON each: for "
        "`forewarn restore --erased FILE`.",
        "commands.customers:claim_code": "Make a claim code and print it, alone, on standard output. It is shown "
        "this once.",
    },
)

_DEFECT: Final = Group(
    "defect",
    "File, preview, publish, resolve, withdraw, list and show defects.",
    {
        "commands.defects:file_": "File a defect as a draft. Nobody is warned before it is published.",
        "commands.defects:preview": "Count whom a defect would concern; of a filed one it is remembered that you "
        "looked.",
        "commands.defects:publish": "Publish a draft, or the revision that is proposed: who is at risk is warned.",
        "commands.defects:resolve": "Name the release without the defect: who was warned hears that it is safe. "
        "Takes two people.",
        "commands.defects:withdraw": "Take a defect back: nothing unsent leaves, and who was warned hears why. "
        "Takes two people.",
        "commands.defect_texts:list_": "List the defects, oldest first.",
        "commands.defect_texts:show": "Show a defect: what stands, what is proposed; with --revisions each wording, "
        "and what it changed.",
        "commands.watching:watch": "Show how far the sending is until nothing is left to send. Ctrl-C leaves the "
        "sending going.",
        "commands.ledgers:ledger_": "Print who was warned before installing, who after, who never, and how long it "
        "took.",
        "commands.call_lists:call_list_": "Print as CSV who is exposed to a defect and cannot be told: somebody has "
        "to call them.",
        "commands.deciding:revise": "Change a draft, or propose a revision beside the live one; shows what "
        "publishing it would do.",
        "commands.deciding:discard": "Drop a draft, or the revision that is proposed.",
        "commands.deciding:reopen": "Say that a resolved defect is not resolved: who is at risk is warned again.",
        "commands.deciding:pause": "Hold back what is unsent, at once and alone; it runs out by itself.",
        "commands.deciding:resume": "Go on before a pause runs out. Takes two people.",
        "commands.deciding:object_": "Put your name and a reason against a defect; it stops nothing.",
    },
)

_KEYS: Final = Group(
    "keys",
    "Make, list and revoke the keys that people and programs ask with.",
    {
        "commands.keys:create": "Make a key and print it, alone, on standard output. It is shown this once, and "
        "holds at once.",
        "commands.keys:list_": "List all keys, revoked ones too. The keys themselves are kept nowhere.",
        "commands.keys:revoke": "Make a key worthless, at once and in every running process.",
        "commands.people:forget": "Revoke a person's keys and take the name out of everything, the audit too, which "
        "stays whole.",
    },
)

_MAIL: Final = Group(
    "mail",
    "Keys that mails are signed with (DKIM), lanes, what came back, and a held outbox.",
    {
        "commands.dkim:dkim_key": "Make a key, write it to FILE for your eyes only, and print the DNS record that "
        "belongs to it.",
        "commands.dkim:dkim_record": "Print the DNS record of a key.",
        "commands.mail:bounces": """\
Take mails that came back: what is given up is recorded, and addresses that are gone are left alone.

The same message may be given again: it counts once, so that a mailbox can be read as often as you like.""",
        "commands.mail:suppressions": "Show the addresses that are left alone, since their own server has refused "
        "them.",
        "commands.mail:lanes": "Show the lanes that are paused or slowed down, and why.",
        "commands.mail:release": """\
Let mail leave again after the database was put back.

What was owed before --since and still waits may have been sent after the backup was made. It is in doubt: sent
again under the same Message-ID where the setting repeat_in_doubt says so, and else not.""",
    },
)

GROUPS: Final = (_PRODUCT, _CUSTOMER, _DEFECT, _KEYS, _MAIL)
