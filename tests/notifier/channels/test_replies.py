"""What a mail server's refusal is about: only what is about the mailbox may count against it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from notifier.channels.failures import Cause
from notifier.channels.replies import judge, judge_sender

#: What the collection's own classes come to here.
MEANT = {
    "blacklist": Cause.REPUTATION,
    "greylist": Cause.REPUTATION,
    "recipient": Cause.RECIPIENT,
    "spam": Cause.CONTENT,
    "other": Cause.REPUTATION,
    "capacity": Cause.RECIPIENT,
    "policy": Cause.CONTENT,
    "network": Cause.CONNECTION,
}

#: Where we decide otherwise than the collection, which takes its first rule that fits.
OTHERWISE = {
    # They name the block list that our address is on; the recipient has nothing to do with it.
    "553 5.3.0 11.22.33.44 Rejected - see": (Cause.REPUTATION, False),
    "553 5.3.0 <recipient@example.com>... Mail from 11.22.33.44 rejected,see": (Cause.REPUTATION, False),
    # It refuses an IP address, ours: no reason to give the recipient up.
    "554 IP:11.22.33.44 - A problem occurred.": (Cause.REPUTATION, False),
    # "Too many connections, slow down": about us, while the collection reads "capacity" as a full mailbox.
    "421 mwinf5c63 ME Trop de connexions": (Cause.REPUTATION, False),
    # A full mailbox is emptied one day, so trying again is of use.
    "552 5.1.1 Boite du destinataire pleine.": (Cause.RECIPIENT, False),
}


def test_all_collected_replies_are_sorted_by_their_cause(data: Path) -> None:
    examples = json.loads((data / "delivery/smtp_replies.json").read_text("utf-8"))["examples"]
    wrong = []
    for example in examples:
        reply = example["reply"]
        meant = (MEANT[example["zone_reason"]], example["zone_action"] == "reject")
        meant = next((ours for start, ours in OTHERWISE.items() if reply.startswith(start)), meant)
        judged = judge(int(reply[:3]), reply[4:])
        if (judged.cause, judged.permanent) != meant:
            wrong.append((reply, judged, meant))
    assert wrong == []
    assert len(examples) > 100


@pytest.mark.parametrize(
    ("reply", "cause", "permanent"),
    [
        ("550 5.1.1 The email account that you tried to reach does not exist", Cause.RECIPIENT, True),
        ("550 5.1.1 <a@b>: Recipient address rejected: User unknown in virtual mailbox table", Cause.RECIPIENT, True),
        ("550 no such user here", Cause.RECIPIENT, True),
        ("550 5.2.1 The mailbox is disabled", Cause.RECIPIENT, True),
        ("550 5.1.10 The domain takes no mail", Cause.RECIPIENT, True),
        ("552 5.2.2 Mailbox over quota", Cause.RECIPIENT, False),
        ("450 4.2.0 Greylisted", Cause.REPUTATION, False),
        ("550 5.7.26 This mail is unauthenticated", Cause.REPUTATION, False),
        ("421 4.7.28 Unusual rate of mail", Cause.REPUTATION, False),
        ("554 5.7.9 Message not accepted for policy reasons", Cause.REPUTATION, False),
        ("550 5.7.515 Access denied, the domain does not meet the required level", Cause.REPUTATION, False),
        ("554 5.6.0 The message is malformed", Cause.CONTENT, True),
        ("550 no", Cause.REPUTATION, False),
        ("451 4.3.0 Try later", Cause.CONNECTION, False),
    ],
)
def test_other_replies_are_sorted_by_their_cause(reply: str, cause: Cause, *, permanent: bool) -> None:
    judged = judge(int(reply[:3]), reply[4:])
    assert (judged.cause, judged.permanent) == (cause, permanent)


def test_what_is_said_of_the_sender_never_counts_against_the_recipient() -> None:
    assert judge_sender(550, "5.1.1 unknown user") == judge_sender(550, "no")
    assert not judge_sender(550, "5.1.1 unknown user").permanent
