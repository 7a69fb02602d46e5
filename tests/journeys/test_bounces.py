"""What mail servers send back, handed to a running service as they wrote it: it ends in the ledger."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import Mapping

from tests.journeys.asking import done, file_and_publish, have_product
from tests.journeys.services import ADMIN_KEY, Client, beside, eventually, serving
from tests.notifier.post_office import PostOffice, open_post_office
from tests.notifier.stage import AT_RISK

#: As Postfix 3.7 reports on a delivery that RFC 3461's NOTIFY=SUCCESS asked about: `{to}` came back, `{rcpt}` has it.
SUCCESS = """\
Return-Path: <>
Received: by mx.example.com (Postfix) id 4TQXJ92kZ5z3wbn; Tue, 13 Jan 2026 09:12:41 +0100 (CET)
Date: Tue, 13 Jan 2026 09:12:41 +0100 (CET)
From: Mail Delivery System <MAILER-DAEMON@mx.example.com>
Subject: Successful Mail Delivery Report
To: {to}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="4TQXJ835F2z3wbl.1768291961/mx.example.com"
Content-Transfer-Encoding: 8bit
Message-Id: <4TQXJ92kZ5z3wbn@mx.example.com>

This is a MIME-encapsulated message.

--4TQXJ835F2z3wbl.1768291961/mx.example.com
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.example.com.

Your message was successfully delivered to the destination(s)
listed below. If the message was delivered to mailbox you will
receive no further notifications. Otherwise you may still receive
notifications of mail delivery errors from other systems.

                   The mail system

<{rcpt}>: delivery via local: delivered to maildir

--4TQXJ835F2z3wbl.1768291961/mx.example.com
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com
X-Postfix-Queue-ID: 4TQXJ835F2z3wbl
X-Postfix-Sender: rfc822; {to}
Arrival-Date: Tue, 13 Jan 2026 09:12:40 +0100 (CET)

Final-Recipient: rfc822; {rcpt}
Original-Recipient: rfc822;{rcpt}
Action: delivered
Status: 2.0.0
Diagnostic-Code: X-Postfix; delivery via local: delivered to maildir

--4TQXJ835F2z3wbl.1768291961/mx.example.com
Content-Description: Message Headers
Content-Type: text/rfc822-headers

Return-Path: <{to}>
From: Notes Ltd <warnings@notes.example>
To: {rcpt}
Subject: Please do not update Notes yet

--4TQXJ835F2z3wbl.1768291961/mx.example.com--
"""
#: The same server about a mailbox that is none.
FAILURE = (
    SUCCESS.replace("Successful Mail Delivery Report", "Undelivered Mail Returned to Sender")
    .replace("was successfully delivered to", "could not be delivered to")
    .replace("Action: delivered\nStatus: 2.0.0", "Action: failed\nStatus: 5.1.1")
    .replace("X-Postfix; delivery via local: delivered to maildir", 'x-unix; 550 5.1.1 user unknown: "{rcpt}"')
)
#: And on a mail that it has only passed on.
RELAYED = SUCCESS.replace("Action: delivered", "Action: relayed")

NAMES = ("has-it", "has-none", "passed-on", "quiet")


async def test_a_report_of_success_ends_in_the_ledger_as_delivered(empty_url: str) -> None:
    async with open_post_office() as office:
        await asyncio.to_thread(_story, empty_url, office)


def _story(url: str, office: PostOffice) -> None:
    settings = {
        "smtp": f"smtp://127.0.0.1:{office.port}?starttls=never",
        "mail_from": "Notes Ltd <warnings@notes.example>",
        "bounces_to": "bounces@notes.example",
    }
    with serving(url, **settings) as (service, client):
        defect = _tell_all(client)
        eventually(lambda: done(client, "GET", f"/v1/defects/{defect}/progress")["sent"] == len(NAMES))
        came_from = {str(each.rcpt_tos[0]): str(each.mail_from) for each in office.received}
        assert _proofs(url, defect) == dict.fromkeys(NAMES, "accepted")
        assert _hand_in(client, SUCCESS, "has-it", came_from) == "delivered"
        assert _hand_in(client, SUCCESS, "has-it", came_from) == "known"
        assert _hand_in(client, FAILURE, "has-none", came_from) == "failed"
        assert _hand_in(client, RELAYED, "passed-on", came_from) == "no_report"
        proofs = {"has-it": "delivered", "has-none": "not_reached", "passed-on": "accepted", "quiet": "accepted"}
        assert _proofs(url, defect) == proofs
        counts = done(client, "GET", f"/v1/defects/{defect}/ledger")["proof_now"]
        assert {name: count for name, count in counts.items() if count} == {
            "delivered": 1,
            "accepted": 2,
            "not_reached": 1,
        }
        assert beside(url, "mail", "suppressions").startswith("has-none@example.com  until ")
        service.terminate()
        assert service.ended() == 0


def _tell_all(client: Client) -> str:
    have_product(client)
    for name in NAMES:
        done(client, "PUT", f"/v1/customers/{name}", {"name": name, "email": f"{name}@example.com"})
        body = {"product": "notes", "version": "4.1.0", "customer": name, "footprint": AT_RISK}
        done(client, "PUT", f"/v1/installs/of-{name}", body)
    return file_and_publish(client)


def _hand_in(client: Client, report: str, name: str, came_from: Mapping[str, str]) -> str:
    """Post a report as a mail server pipes it; return what became of it."""
    address = f"{name}@example.com"
    raw = report.format(to=came_from[address], rcpt=address).replace("\n", "\r\n").encode()
    connection = client.connect()
    try:
        headers = {"Authorization": f"Bearer {ADMIN_KEY}", "Content-Type": "message/rfc822"}
        connection.request("POST", "/v1/mail/bounces", raw, headers)
        return str(json.loads(connection.getresponse().read())["result"])
    finally:
        connection.close()


def _proofs(url: str, defect: str) -> dict[str, str]:
    """Return the strongest proof for each customer, as the ledger's table has it."""
    table = beside(url, "defect", "ledger", defect, "--csv")
    return {line["customer"]: line["proof"] for line in csv.DictReader(io.StringIO(table))}
