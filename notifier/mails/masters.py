"""Masters: mails that are rendered once, with slots for what differs from recipient to recipient."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from markupsafe import escape

from notifier.mails.build import Draft, Envelope
from notifier.mails.facts import MailFacts
from notifier.mails.headers import address_value
from notifier.mails.heads import HeadMaster, Moment
from notifier.mails.listing import items_of_installs
from notifier.mails.marks import Marks, Pieces, Slot
from notifier.mails.parts import Item
from notifier.mails.quoted import plain_values, quoted_value
from notifier.mails.render import wrapped
from notifier.mails.sentences import one_line
from notifier.mails.stencils import Stencil

#: What HTML must not hold as it is.
_SPECIAL = re.compile("[&<>'\"]")

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
class Form:
    """The text or the HTML of a mail, with slots."""

    whole: Pieces
    #: One install, with more to say of it and without.
    item: Pieces
    short_item: Pieces
    is_html: bool

    @classmethod
    def of(cls, texts: Sequence[str], marks: Marks, *, is_html: bool) -> Form:
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

    _head: HeadMaster
    _text: Form
    _html: Form
    #: What stands before the text, between it and the HTML, and after that.
    _frame: tuple[bytes, bytes, bytes]
    #: For mails on one install of which there is more to say, and without; None: such mails have no quick way.
    _longer: Stencil | None
    _shorter: Stencil | None

    @classmethod
    def of(cls, head: HeadMaster, text: Form, html: Form, boundary: bytes) -> Master:
        """Put the two forms into a frame."""
        plain, rich = (b"--%b\r\n%b" % (boundary, _HEAD_OF_PART % kind) for kind in (b"plain", b"html"))
        end = b"--%b--\r\n" % boundary
        longer, shorter = (
            Stencil.of(head, Pieces.joined((plain, text.of_one(short=short), rich, html.of_one(short=short), end)))
            for short in (False, True)
        )
        return cls(head, text, html, (plain, rich, end), longer, shorter)

    def filled(self, facts: MailFacts, envelope: Envelope, moment: Moment) -> Draft:
        """Return the mail; raises UnsafeMail where any text of others would change its header.

        `moment` is the envelope's.
        """
        body = self._body(facts)
        to = address_value("To", facts.customer, envelope.recipient)
        return Draft.of(envelope, self._head.filled(envelope, moment, to, facts.unsubscribe_url, body), body)

    def stencil(self, said: str | None) -> Stencil | None:
        """Return the quick way to mails on one install of which there is this to say beside its name."""
        return self._longer if said else self._shorter

    def _body(self, facts: MailFacts) -> tuple[bytes, ...]:
        own = _Values.of(
            {
                Slot.URL: facts.url,
                Slot.UNSUBSCRIBE: facts.unsubscribe_url or "",
                Slot.CUSTOMER: one_line(facts.customer or ""),
            }
        )
        listed = [_Values.of_item(each) for each in items_of_installs(facts)]
        plain, rich, end = self._frame
        return (plain, self._text.filled(own, listed), rich, self._html.filled(own, listed), end)
