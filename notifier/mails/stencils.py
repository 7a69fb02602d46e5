"""The quick way to an ordinary mail: all of it is written already but for what is one recipient's own.

An ordinary mail is about one install, and nothing of the recipient's own must be encoded or escaped. Filled, a stencil
is the same to the byte as what its master makes of all the facts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from markupsafe import escape

from notifier.mails.build import Draft, Envelope
from notifier.mails.gapped import Gapped
from notifier.mails.headers import plain_display
from notifier.mails.heads import HeadMaster, Moment
from notifier.mails.marks import Paragraph, Pieces, Slot
from notifier.mails.quoted import margin, plain_values, quoted_value
from notifier.mails.render import WIDTH
from notifier.mails.words import is_word

#: What is said of installs that is kept in its encoded forms; then all is given up.
KEPT = 512


class Own(NamedTuple):
    """What is one recipient's own; where a mail has no place for it, it is empty."""

    name: str
    #: The line that begins with what the vendor calls the install.
    head: str
    url: str
    unsubscribe_url: str


#: The gaps for what is one recipient's own, in the order of `Own`.
_OWN = {slot: number for number, slot in enumerate((Slot.CUSTOMER, Slot.HEAD, Slot.URL, Slot.UNSUBSCRIBE))}
#: The gaps for what is said of its install, in the text and in the HTML.
_IN_TEXT, _IN_HTML = len(_OWN), len(_OWN) + 1


@dataclass(frozen=True, slots=True)
class Stencil:
    """A mail on one install with gaps for what is one recipient's own, and for what is said of its install."""

    _head: HeadMaster
    _body: Gapped
    #: Characters up to which a name leaves every paragraph that it is in on one line.
    _room: int
    #: The paragraph of what is said of the install; None: nothing is.
    _saying: Paragraph | None
    #: What has been said, in the text and in the HTML.
    _said: dict[str, tuple[bytes, bytes]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, head: HeadMaster, body: Pieces) -> Stencil | None:
        """Take the pieces of a whole body; None where more than what gaps are for must be put into them."""
        greetings = [each for _, each in body.paragraphs if _greets(each)]
        sayings = [each for _, each in body.paragraphs if each.parts == ("", Slot.TEXT, "")]
        told = {slot for _, slot in body.slots} - _OWN.keys()
        if len(greetings) + len(sayings) < len(body.paragraphs) or told != ({Slot.TEXT} if sayings else set()):
            return None
        room = min((WIDTH - each.indent - len("".join(each.parts[::2])) for each in greetings), default=WIDTH)
        return cls(head, Gapped.of(_with_gaps(body)), room, sayings[0] if sayings else None)

    def filled(self, own: Own, said: str | None, envelope: Envelope, moment: Moment) -> Draft | None:
        """Return the mail, None where it is no ordinary one; raises UnsafeMail.

        `said` is what is said of the install; `moment` is the envelope's.
        """
        coded = plain_values(own)
        # A dot that begins a name is encoded only where the name begins a line.
        if coded is None or len(own.name) > self._room or own.name.startswith("."):
            return None
        body = self._body.pieces([*coded, *self._encoded(said)] if said else coded)
        to = plain_display(own.name, envelope.recipient) if own.name else envelope.recipient
        are_words = is_word(envelope.message_id) and is_word(envelope.answers or "")
        head = self._head.filled(envelope, moment, to, own.unsubscribe_url, body, are_words=are_words)
        return Draft.of(envelope, head, body)

    def _encoded(self, said: str) -> tuple[bytes, bytes]:
        try:
            return self._said[said]
        except KeyError:
            if len(self._said) >= KEPT:
                self._said.clear()
            in_text = self._saying.filled({Slot.TEXT: said}) if self._saying else b""
            coded = self._said[said] = (in_text, quoted_value(str(escape(said))))
            return coded


def _greets(paragraph: Paragraph) -> bool:
    """Return whether a paragraph is a name between words in which nothing is to be encoded."""
    if [slot for _, slot in paragraph.slots] != [Slot.CUSTOMER]:
        return False
    before, _, after = paragraph.parts
    example = f"{before}name{after}"
    return plain_values((example,)) == [example.encode("utf-8", "replace")]


def _with_gaps(body: Pieces) -> Iterator[bytes | int]:
    slots, paragraphs = dict(body.slots), dict(body.paragraphs)
    for place, part in enumerate(body.parts):
        if place in slots:
            yield _OWN.get(slots[place], _IN_HTML)
        elif place in paragraphs:
            yield from _greeting(paragraphs[place])
        else:
            yield part


def _greeting(paragraph: Paragraph) -> Iterator[bytes | int]:
    if paragraph.parts == ("", Slot.TEXT, ""):
        yield _IN_TEXT
        return
    before, _, after = paragraph.parts
    yield margin(paragraph.indent) + before.encode("ascii")
    yield _OWN[Slot.CUSTOMER]
    yield after.encode("ascii")
