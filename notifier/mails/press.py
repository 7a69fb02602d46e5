"""Mails in numbers: what is the same for many is rendered once, and what differs is put into the finished bytes.

A *master* is a mail with slots. It is made of the facts that all its recipients share, so that nothing of one
recipient's can come into the mail of another; `outline` says which these are. A *stencil* is the quick way
to the ordinary ones among the mails of a master.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import replace
from datetime import datetime

from notifier.mails.build import Draft, Envelope, Mail, Sender, finished
from notifier.mails.dkim import Signer
from notifier.mails.facts import MailFacts
from notifier.mails.heads import HeadMaster, Moment
from notifier.mails.letters import letter
from notifier.mails.listing import head_of, said_of_one
from notifier.mails.marks import Marks, Slot
from notifier.mails.masters import Form, Master
from notifier.mails.outlines import outline, shared
from notifier.mails.parts import Item, Letter
from notifier.mails.render import Renderer
from notifier.mails.stencils import Own, Stencil

#: Masters that are kept; the one that was not used for longest is given up.
MASTERS = 256


class Press:
    """Makes mails. One serves a whole process, in all of its threads."""

    def __init__(self, signer: Signer | None = None) -> None:
        self._signer = signer or Signer()
        self._renderer = Renderer()
        self._masters: OrderedDict[Hashable, Master] = OrderedDict()
        self._changing = threading.Lock()
        self._last: tuple[datetime | None, Moment] = (None, Moment("", 0))

    def mail(self, facts: MailFacts, envelope: Envelope) -> Mail:
        """Return the finished mail; raises UnsafeMail where any text of others would change its header."""
        [mail] = finished([self.draft(facts, envelope)])
        return mail.whole()

    def draft(self, facts: MailFacts, envelope: Envelope) -> Draft:
        """Return the same without its signatures."""
        master, moment = self.master(facts, envelope.sender, envelope.product), self._moment(envelope)
        if len(facts.lines) == 1:
            head = head_of(facts.lines[0].install, facts.lines[0].version)
            own = Own(facts.customer or "", head, facts.url, facts.unsubscribe_url or "")
            said = said_of_one(facts)
            stencil = master.stencil(said)
            draft = stencil.filled(own, said, envelope, moment) if stencil else None
            if draft:
                return draft
        return master.filled(facts, envelope, moment)

    def filled(self, stencil: Stencil, own: Own, said: str | None, envelope: Envelope) -> Draft | None:
        """Return the ordinary mail of one recipient, None where it is none; raises UnsafeMail as `mail` does."""
        return stencil.filled(own, said, envelope, self._moment(envelope))

    def master(self, facts: MailFacts, sender: Sender, product: str) -> Master:
        """Return what a mail shares with all others of the same outline; raises UnsafeMail."""
        key = (*shared(facts), sender, product)
        with self._changing:
            master = self._masters.get(key)
            if master is not None:
                self._masters.move_to_end(key)
                return master
        master = self._made(outline(facts, self._renderer.marks), sender, product)
        with self._changing:
            self._masters[key] = master
            if len(self._masters) > MASTERS:
                self._masters.popitem(last=False)
        return master

    def _moment(self, envelope: Envelope) -> Moment:
        last, moment = self._last
        if last is not envelope.date:
            moment = Moment.of(envelope)
            self._last = (envelope.date, moment)
        return moment

    def _made(self, told: MailFacts, sender: Sender, product: str) -> Master:
        marks = self._renderer.marks
        written = _with_slot(letter(told), marks)
        rendered = self._renderer.render_letter(written, told)
        # The boundary follows from the mail, so that a second attempt is the same to the byte. It cannot occur
        # inside, since no quoted-printable line holds "=_" (RFC 2045, section 6.7).
        digest = hashlib.sha256(rendered.html.replace(marks.chance, "").encode("utf-8", "replace")).hexdigest()
        boundary = f"=_{digest[:32]}"
        long, short = (
            self._renderer.render_item(Item(head=marks.of(Slot.HEAD), text=text), written)
            for text in (marks.of(Slot.TEXT), None)
        )
        return Master.of(
            HeadMaster.of(sender, written.subject, product, boundary, self._signer),
            Form.of([each.text for each in (rendered, long, short)], marks, is_html=False),
            Form.of([each.html for each in (rendered, long, short)], marks, is_html=True),
            boundary.encode(),
        )


def _with_slot(written: Letter, marks: Marks) -> Letter:
    """Return a letter with one slot in place of the recipient's installs."""
    slot = (Item(head="", slot=marks.of(Slot.INSTALLS)),)
    sections = tuple(replace(each, items=slot) if each.of_installs else each for each in written.sections)
    return replace(written, sections=sections)
