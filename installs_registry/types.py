"""What a client may say of products, releases, customers and installs, and what it is answered.

These types decode the bodies of the HTTP face and the lines of an import, and generate the OpenAPI document;
the limits of the input stand here. Times are RFC 3339; in answers they are UTC text. A field that is UNSET
was left out, which is not the same as null where a comment says so.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from installs_registry.preferences import Preference

ProductId = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=64,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$(?!\n)",
        description="The vendor's name for the product: letters, digits, dots, hyphens and underscores.",
        examples=["notes"],
    ),
]
CustomerId = Annotated[
    str,
    Meta(min_length=1, max_length=200, description="The vendor's name for the customer.", examples=["C-1042"]),
]
InstallId = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=200,
        description="The name of the install; a client app makes a UUID.",
        examples=["5f0c6f3e-6d0a-4b43-9a52-1d1f4e2f7a10"],
    ),
]
FactName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=63,
        pattern=r"^[a-z][a-z0-9_]{0,62}$(?!\n)",
        description="A lower-case letter, then lower-case letters, digits and underscores.",
        examples=["notebooks"],
    ),
]
VersionText = Annotated[str, Meta(min_length=1, max_length=200, examples=["4.1.3"])]
Line = Annotated[str, Meta(min_length=1, max_length=200, description="One line of text.")]
Prose = Annotated[str, Meta(max_length=2_000)]
Word = Annotated[str, Meta(min_length=1, max_length=200)]
Moment = Annotated[datetime, Meta(tz=True, examples=["2026-11-21T09:00:00Z"])]
VersionScheme = Literal["intdot", "semver", "pep440", "calver", "deb", "list"]
FactScheme = Literal["intdot", "semver", "pep440", "calver", "deb"]
FactTypeName = Literal["integer", "number", "boolean", "string", "strings", "version"]
Status = Literal["offered", "held", "withdrawn"]

#: Facts that a product may declare at a time.
MAX_FACTS = 1_000
#: Facts that a product may ever have declared, retired ones included: their columns stay.
MAX_FACTS_EVER = 5_000
#: Values in one footprint: those of declared facts, and of retired ones that are still sent.
MAX_VALUES = 2_000
#: Characters of an `Install-Token`: 128 random bits are 22 in base64url and 32 in hexadecimal digits.
TOKEN_LENGTH = (22, 200)


class FactDeclaration(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """One key of the footprint: what its values are."""

    type: FactTypeName
    unit: Annotated[str, Meta(max_length=40, examples=["GiB"])] | None = None
    description: Prose | None = None
    scheme: Annotated[FactScheme | None, Meta(description="how values of type version compare; for that type only")] = (
        None
    )


class ProductDeclaration(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the vendor ships, how its versions compare, and the facts that its installs report."""

    name: Line
    version_scheme: VersionScheme
    facts: Annotated[
        dict[FactName, FactDeclaration],
        Meta(
            max_length=MAX_FACTS,
            description="a fact that a later declaration leaves out is retired: clients may go on sending it",
        ),
    ] = {}


class ReleaseDeclaration(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One version of a product, as it is offered."""

    offered_at: Annotated[Moment, Meta(description="from when it is offered")]
    url: Annotated[str, Meta(max_length=2_000, examples=["https://example.com/notes/4.2"])] | None = None
    status: Status = "offered"
    after: Annotated[
        VersionText | UnsetType | None,
        Meta(
            description="for products of scheme list: the release before this one, null for the first; "
            "left out, a known release stays where it is"
        ),
    ] = UNSET


class CustomerRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A person or organisation that holds products, and how to reach it."""

    name: Line
    email: (
        Annotated[str, Meta(max_length=254, extra_json_schema={"format": "email"}, examples=["ada@example.com"])] | None
    ) = None
    locale: Annotated[str, Meta(max_length=35, description="BCP 47", examples=["de-AT"])] | None = None
    time_zone: Annotated[str, Meta(max_length=64, description="IANA", examples=["Europe/Vienna"])] | None = None
    partner: Annotated[Line, Meta(description="the sales channel that the customer bought through")] | None = None
    webhook: (
        Annotated[
            str,
            Meta(
                max_length=2_000,
                description="an https address that notices are posted to",
                examples=["https://hooks.example.com/forewarn"],
            ),
        ]
        | None
    ) = None


class Platform(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What an install runs on. What is left out stays as it was; null clears it."""

    os: Annotated[Word | UnsetType | None, Meta(examples=["macos"])] = UNSET
    os_version: Annotated[Word | UnsetType | None, Meta(examples=["14.6.1"])] = UNSET
    arch: Annotated[Word | UnsetType | None, Meta(examples=["arm64"])] = UNSET


class CheckIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An install's report of itself. What is left out stays as it was; null clears it."""

    product: ProductId
    version: VersionText
    customer: Annotated[
        CustomerId | UnsetType | None, Meta(description="who holds the install; not from a client app's key")
    ] = UNSET
    claim: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=64,
                description="a claim code that the customer was given; it links a client app's install to the customer",
                examples=["7QX2A-M4T9B-0RWZK-5C8EH"],
            ),
        ]
        | UnsetType
    ) = UNSET
    platform: Platform | UnsetType | None = UNSET
    footprint: (
        Annotated[
            dict[str, Any],
            Meta(
                max_length=MAX_VALUES,
                description="values of declared facts: a number, a truth value, a string, a list of strings; "
                "null clears a fact",
                examples=[{"notebooks": 12, "storage_format": "v2"}],
            ),
        ]
        | UnsetType
    ) = UNSET
    acquired_through: Annotated[Word | UnsetType | None, Meta(examples=["app-store"])] = UNSET


class ReleaseLine(ReleaseDeclaration, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A line of an import of releases."""

    product: ProductId
    version: VersionText


class CustomerLine(CustomerRecord, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A line of an import of customers."""

    customer: CustomerId


class InstallLine(CheckIn, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A line of an import of installs."""

    install: InstallId
    cells: (
        Annotated[
            dict[str, str],
            Meta(
                max_length=MAX_VALUES,
                description="a footprint as a CSV file has it, in text; the declared facts say of which type",
            ),
        ]
        | UnsetType
    ) = UNSET


class ProductView(msgspec.Struct, frozen=True, kw_only=True):
    """A product as it is answered; retired facts are left out."""

    product: str
    name: str
    version_scheme: VersionScheme
    facts: dict[str, FactDeclaration]
    changed_at: str


class ReleaseView(msgspec.Struct, frozen=True, kw_only=True):
    """A release as it is answered."""

    product: str
    version: str
    offered_at: str
    url: str | None
    status: Status
    #: For products of scheme list: the release before this one, null for the first.
    after: str | UnsetType | None = UNSET


class CustomerView(msgspec.Struct, frozen=True, kw_only=True):
    """A customer as it is answered; name and addresses are left out for whom they are not meant."""

    customer: str
    name: str | UnsetType
    email: str | UnsetType | None
    locale: str | None
    time_zone: str | None
    partner: str | None
    webhook: str | UnsetType | None
    #: When the customer asked for no more mail at all; null: mail is welcome.
    mail_refused_at: str | None
    #: What the customer has chosen to hear, by channel; a channel without a choice hears everything.
    preferences: dict[str, Preference] | UnsetType
    changed_at: str

    def without_addresses(self) -> CustomerView:
        """Return the view for a role that may not read names and addresses."""
        return msgspec.structs.replace(self, name=UNSET, email=UNSET, webhook=UNSET, preferences=UNSET)


class PlatformView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an install runs on; what is not known is left out."""

    os: str | None = None
    os_version: str | None = None
    arch: str | None = None


class InstallView(msgspec.Struct, frozen=True, kw_only=True):
    """An install as it is answered; absent and retired facts are left out."""

    install: str
    product: str
    version: str
    #: The version at its first check-in.
    first_version: str
    #: The customer's id, null where nobody is known.
    customer: str | None
    platform: PlatformView
    footprint: dict[str, Any]
    acquired_through: str | None
    first_seen_at: str
    last_seen_at: str
