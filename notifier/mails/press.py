"""Mails in numbers: what is the same for many is rendered once, and what differs is put into the finished bytes.

A *master* is a mail with slots. It is made of the facts that all its recipients share, so that nothing of one
recipient's can come into the mail of another; `outline` says which these are.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import format_datetime
from operator import attrgetter
from typing import NamedTuple

from markupsafe import escape
from msgspec import structs

from notifier.mails.build import Envelope, Mail, Sender
from notifier.mails.dkim import Signer
from notifier.mails.facts import Line, MailFacts
from notifier.mails.heads import Head
from notifier.mails.letters import Item, Letter, items_of_installs, letter, one_line
from notifier.mails.marks import Marks, Pieces, Slot
from notifier.mails.quoted import plain_values, quoted_value
from notifier.mails.render import Renderer, wrapped
from notifier.states import NoticeKind
from risk import Exposure

#: Facts of which an outline keeps little or nothing.
_NOT_SHARED = frozenset({"customer", "url", "unsubscribe_url", "lines", "told_at", "locale", "time_zone"})
#: Kinds of notice that do not say when the recipient was told before.
_TELL_NO_DATE = frozenset({NoticeKind.WARNING, NoticeKind.RECOVERY})

#: What HTML must not hold as it is.
_SPECIAL = re.compile("[&<>'\"]")

#: The outline of a single install, by its exposure.
_ALONE = {exposure: (Line(install="", version="", exposure=exposure),) for exposure in (*Exposure, None)}

#: Masters that are kept; the one that was not used for longest is given up.
MASTERS = 256

_HEAD_OF_PART = b'Content-Type: text/%b; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'


class _Values(NamedTuple):
    """What differs from recipient to recipient, or from install to install."""

    raw: Mapping[Slot, str]
    #: Encoded for the text.
    encoded: dict[Slot, bytes]
    #: Encoded for the HTML; the same object where nothing has to be escaped.
    escaped: dict[Slot, bytes]

    @classmethod
    def of(cls, raw: Mapping[Slot, str]) -> _Values:
        """Encode the values."""
        plain = plain_values(tuple(raw.values()))
        if plain is not None:
            coded = dict(zip(raw, plain, strict=True))
            return cls(raw, coded, coded)
        encoded = {slot: quoted_value(text) for slot, text in raw.items()}
        if not _SPECIAL.search("".join(raw.values())):
            return cls(raw, encoded, encoded)
        return cls(raw, encoded, {slot: quoted_value(str(escape(text))) for slot, text in raw.items()})

    @classmethod
    def of_item(cls, item: Item) -> _Values:
        """Encode an entry of the list of installs."""
        return cls.of({Slot.HEAD: item.head, Slot.TEXT: item.text or ""})


@dataclass(frozen=True, slots=True)
class _Form:
    """The text or the HTML of a mail, with slots."""

    whole: Pieces
    #: One install, with more to say of it and without.
    item: Pieces
    short_item: Pieces
    is_html: bool

    @classmethod
    def of(cls, texts: Sequence[str], marks: Marks, *, is_html: bool) -> _Form:
        """Take the whole apart, an entry on an install, and a short one."""
        whole, item, short_item = (Pieces.of(text, marks, wrapped) for text in texts)
        return cls(whole, item, short_item, is_html)

    def filled(self, own: _Values, items: Sequence[_Values]) -> bytes:
        """Return this form of the mail of one recipient."""
        values = dict(own.escaped if self.is_html else own.encoded)
        values[Slot.INSTALLS] = b"".join([self._item(item) for item in items])[:-2]
        return self.whole.filled(values, own.raw)

    def of_one(self, *, short: bool) -> Pieces:
        """Return the whole with one install in it."""
        return self.whole.around(Slot.INSTALLS, self.short_item if short else self.item)

    def _item(self, item: _Values) -> bytes:
        pieces = self.item if item.raw[Slot.TEXT] else self.short_item
        return pieces.filled(item.escaped if self.is_html else item.encoded, item.raw)


@dataclass(frozen=True, slots=True)
class Master:
    """A mail with slots."""

    _head: Head
    _text: _Form
    _html: _Form
    #: What stands before the text, between it and the HTML, and after that.
    _frame: tuple[bytes, bytes, bytes]
    #: The whole body of a mail on one install of which there is more to say, and of one without.
    _usual: tuple[Pieces, Pieces]

    @classmethod
    def of(cls, head: Head, text: _Form, html: _Form, boundary: bytes) -> Master:
        """Put the two forms into a frame."""
        plain, rich = (b"--%b\r\n%b" % (boundary, _HEAD_OF_PART % kind) for kind in (b"plain", b"html"))
        end = b"--%b--\r\n" % boundary
        longer, shorter = (
            Pieces.joined((plain, text.of_one(short=short), rich, html.of_one(short=short), end))
            for short in (False, True)
        )
        return cls(head, text, html, (plain, rich, end), (longer, shorter))

    def filled(self, facts: MailFacts, envelope: Envelope, date: str, signer: Signer) -> Mail:
        """Return the finished mail; raises UnsafeMail where any text of others would change its header.

        `date` is the envelope's, as a header has it.
        """
        head = self._head.filled(envelope, date, facts.customer, facts.unsubscribe_url)
        body = self._body(facts)
        signatures = signer.signatures(head, body, envelope.date)
        content = b"".join((signatures, head, b"\r\n", body))
        returned = envelope.returned or envelope.sender.address
        return Mail(returned, envelope.recipient, envelope.message_id, content, is_even=True)

    def _body(self, facts: MailFacts) -> bytes:
        raw = {
            Slot.URL: facts.url,
            Slot.UNSUBSCRIBE: facts.unsubscribe_url or "",
            Slot.CUSTOMER: one_line(facts.customer or ""),
        }
        items = items_of_installs(facts)
        if len(items) == 1:
            usual = _Values.of({**raw, Slot.HEAD: items[0].head, Slot.TEXT: items[0].text or ""})
            if usual.escaped is usual.encoded:
                return self._usual[items[0].text is None].filled(usual.encoded, usual.raw)
        own, listed = _Values.of(raw), [_Values.of_item(each) for each in items]
        plain, rich, end = self._frame
        return b"".join((plain, self._text.filled(own, listed), rich, self._html.filled(own, listed), end))


class Press:
    """Makes mails. One serves a whole process, in all of its threads."""

    def __init__(self, signer: Signer | None = None) -> None:
        self._signer = signer or Signer()
        self._renderer = Renderer()
        self._masters: OrderedDict[tuple[object, ...], Master] = OrderedDict()
        #: Some of them, by what a batch has alike.
        self._batch: dict[tuple[object, ...], Master] = {}
        self._shared = attrgetter(*(each for each in MailFacts.__struct_fields__ if each not in _NOT_SHARED))
        self._changing = threading.Lock()
        self._last_date: tuple[datetime | None, str] = (None, "")

    def mail(self, facts: MailFacts, envelope: Envelope, alike: Hashable = None) -> Mail:
        """Return the finished mail; raises UnsafeMail where any text of others would change its header.

        `alike` may stand for the kind and for all that follows from the defect: mails with an equal one have these the
        same, and find their master sooner. None: that is not known.
        """
        master = self.master(facts, envelope) if alike is None else self._found(facts, envelope, alike)
        return master.filled(facts, envelope, self._written(envelope.date), self._signer)

    def _found(self, facts: MailFacts, envelope: Envelope, alike: Hashable) -> Master:
        key = (alike, facts.safe_version, facts.changes, *_outlined(facts), envelope.sender, envelope.product)
        master = self._batch.get(key)
        if master is None:
            if len(self._batch) >= MASTERS:
                self._batch.clear()
            master = self._batch[key] = self.master(facts, envelope)
        return master

    def _written(self, date: datetime) -> str:
        """Return a date as a header has it; mails that are written together have the same."""
        last, written = self._last_date
        if last is not date:
            written = format_datetime(date)
            self._last_date = (date, written)
        return written

    def master(self, facts: MailFacts, envelope: Envelope) -> Master:
        """Return what a mail shares with all others of the same outline; raises UnsafeMail."""
        key = (*self._shared(facts), *_outlined(facts), envelope.sender, envelope.product)
        with self._changing:
            master = self._masters.get(key)
            if master is not None:
                self._masters.move_to_end(key)
                return master
        master = self._made(outline(facts, self._renderer.marks), envelope.sender, envelope.product)
        with self._changing:
            self._masters[key] = master
            if len(self._masters) > MASTERS:
                self._masters.popitem(last=False)
        return master

    def _made(self, shared: MailFacts, sender: Sender, product: str) -> Master:
        marks = self._renderer.marks
        written = _with_slot(letter(shared), marks)
        rendered = self._renderer.render_letter(written, shared)
        # The boundary follows from the mail, so that a second attempt is the same to the byte. It cannot occur
        # inside, since no quoted-printable line holds "=_" (RFC 2045, section 6.7).
        digest = hashlib.sha256(rendered.html.replace(marks.chance, "").encode("utf-8", "replace")).hexdigest()
        boundary = f"=_{digest[:32]}"
        long, short = (
            self._renderer.render_item(Item(head=marks.of(Slot.HEAD), text=text), written)
            for text in (marks.of(Slot.TEXT), None)
        )
        return Master.of(
            Head.of(sender, written.subject, product, boundary),
            _Form.of([each.text for each in (rendered, long, short)], marks, is_html=False),
            _Form.of([each.html for each in (rendered, long, short)], marks, is_html=True),
            boundary.encode(),
        )


def _with_slot(written: Letter, marks: Marks) -> Letter:
    """Return a letter with one slot in place of the recipient's installs."""
    slot = (Item(head="", slot=marks.of(Slot.INSTALLS)),)
    sections = tuple(replace(each, items=slot) if each.of_installs else each for each in written.sections)
    return replace(written, sections=sections)


def outline(facts: MailFacts, marks: Marks) -> MailFacts:
    """Return what a mail's facts share with those of many others: all that its words depend on, but for the slots."""
    lines, told_at, locale, time_zone, *_ = _outlined(facts)
    return structs.replace(
        facts,
        customer=marks.of(Slot.CUSTOMER) if facts.customer else None,
        url=marks.of(Slot.URL),
        unsubscribe_url=marks.of(Slot.UNSUBSCRIBE) if facts.unsubscribe_url else None,
        lines=lines,
        told_at=told_at,
        locale=locale,
        time_zone=time_zone,
    )


def _outlined(facts: MailFacts) -> tuple[tuple[Line, ...], datetime | None, str | None, str | None, bool, bool]:
    """Return what the facts that are in `_NOT_SHARED` leave in an outline.

    The lines, when the recipient was told, locale and time zone, and whether there is a name and an unsubscribe link.
    """
    has = (bool(facts.customer), bool(facts.unsubscribe_url))
    if facts.kind in _TELL_NO_DATE:
        return (_outlines(facts), None, None, None, *has)
    # A mail names the minute.
    told_at = facts.told_at.replace(second=0, microsecond=0) if facts.told_at else None
    return (_outlines(facts), told_at, facts.locale, facts.time_zone, *has)


def _outlines(facts: MailFacts) -> tuple[Line, ...]:
    """Return the installs without what is their own: of each exposure one, or two that stand for several."""
    if facts.kind is not NoticeKind.RECOVERY and len(facts.lines) == 1:
        return _ALONE[facts.lines[0].exposure]
    lines: list[Line] = []
    for exposure in (*Exposure, None):
        there = [line for line in facts.lines if line.exposure is exposure]
        is_named = facts.kind is NoticeKind.RECOVERY and exposure is Exposure.ALREADY_UPGRADED
        versions = {line.version for line in there} if is_named else {""}
        named = [versions.pop()] * 2 if len(versions) == 1 else ["one", "another"]
        lines += [Line(install="", version=each, exposure=exposure) for _, each in zip(there, named, strict=False)]
    return tuple(lines)
