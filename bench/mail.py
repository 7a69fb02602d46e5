"""Sending mails, from prepared rows to accepted: ours beside aiosmtplib, near and far, signed and not."""

from __future__ import annotations

from collections.abc import Iterator

from bench.children import Child, child
from bench.figures import Contestant, Finding, Goal, Remark, in_turn
from bench.plan import Plan
from bench.senders import Order, Way, serve_senders
from bench.sink import serve_sink

NAME = "mail"
#: Seconds there and back on the long way.
_FAR = 0.02
_CONNECTIONS = 16
#: How many shorter turns one is parted into where nothing but the processor counts: on a shared machine its clock
#: changes from second to second.
_PARTS = 5

_BUILT = "aiosmtplib.send_message, each mail built"
_BYTES = "aiosmtplib.sendmail of bytes"


def run(plan: Plan) -> Iterator[Finding]:
    """Compare mails accepted per second on as many connections."""
    with child(serve_sink, _FAR) as sink, child(serve_senders) as senders:
        size = senders.greeting()
        near, far = sink.greeting()

        def way(name: Way, port: int, parts: int = 1) -> Contestant:
            return _contestant(senders, Order(name, port, _CONNECTIONS, plan.seconds / parts))

        case = f"{size / 1000:.0f} KB, {_CONNECTIONS} connections"
        peers = {_BUILT: way("send_message", near), _BYTES: way("sendmail", near)}
        yield from in_turn(NAME, f"{case}, a fast server", way("ours", near), peers, plan.rounds, Goal("speed", 14))
        signing, signed = {"signing alone": way("signing", near, _PARTS)}, way("signed", near, _PARTS)
        yield from in_turn(
            NAME, f"{case}, signed (RSA-2048)", signed, signing, plan.rounds * _PARTS, Goal("speed", 0.85)
        )
        distant = {_BYTES: way("sendmail", far)}
        yield from in_turn(
            NAME, f"{case}, {_FAR * 1000:.0f} ms away", way("ours", far), distant, plan.rounds, Goal("speed", 3.5)
        )
        yield Remark(
            NAME,
            "All senders run on uvloop and on one core, the server on the other. Ours are made as a delivery makes "
            "them, many at a time: what is a recipient's own is put into what all share, then all are signed.",
        )


def _contestant(senders: Child, order: Order) -> Contestant:
    return lambda: senders.ask(order)
