"""The warning of a defect as its customers would see it, sent to one of our own people."""

from __future__ import annotations

from datetime import datetime

import risk
from feeds import store as defects
from feeds.defects import as_rule_input
from installs_registry import products
from notifier.delivery.compose import Composer
from notifier.delivery.subjects import Subject
from notifier.delivery.telling import of_defect
from notifier.mails.build import Envelope, Mail, message_id
from notifier.mails.facts import Line, MailFacts
from notifier.mails.headers import UnsafeMail, plain_address
from notifier.states import NoticeKind
from risk import Exposure, Standing
from storage import Tx, new_id
from storage.outcomes import Invalid


def test_mail(tx: Tx, composer: Composer, defect_id: str, to: str, now: datetime) -> Mail:
    """Return the warning, marked as a test, of a draft or of what is live; raises NotFound, and Invalid at /to."""
    try:
        plain_address(to)
    except UnsafeMail as error:
        raise Invalid.at("/to", str(error)) from error
    subject = _subject(tx, composer, defect_id)
    facts = _facts(composer, subject)
    envelope = Envelope(
        sender=composer.sender,
        recipient=to,
        message_id=message_id(f"test-{new_id(now)}", composer.sender),
        date=now,
        product=subject.product.id,
    )
    return composer.press.mail(facts, envelope)


def _subject(tx: Tx, composer: Composer, defect_id: str) -> Subject:
    """Return the defect with its rule, which a draft does not have in the index."""
    defect = defects.find(tx, defect_id)
    product = products.find_by_number(tx, defect.product_no)
    index = composer.rulebook.index(tx, product.no)
    rule = risk.Rule.compile(as_rule_input(defect), index.product, index.shelf)
    return Subject(defect, product, index, rule, composer.guides.of(product.no, index))


def _facts(composer: Composer, subject: Subject) -> MailFacts:
    line = Line(install="example-install", version=_version_at_risk(subject), exposure=Exposure.AT_RISK)
    return MailFacts(
        kind=NoticeKind.WARNING,
        vendor=composer.sender.name,
        customer=None,
        lines=(line,),
        url=composer.links.public_url,
        unsubscribe_url=None,
        is_test=True,
        **of_defect(subject, NoticeKind.WARNING, (line,)),
    )


def _version_at_risk(subject: Subject) -> str:
    """Return the newest release from which the upgrade would harm; "1.0" where none is registered."""
    exposed = [
        version
        for version in subject.index.shelf.versions
        if subject.rule and subject.rule.standing(version) is Standing.EXPOSED
    ]
    return exposed[-1] if exposed else "1.0"
