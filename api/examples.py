"""Examples of what is sent, for the OpenAPI document; a test decodes each."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from api.types import CheckQuestion, Choice
from feeds.rules import SignOffWish
from feeds.types import DefectReport, Hold, Reason, Resolution, TestMail
from installs_registry.claims import ClaimCodeWish
from installs_registry.preferences import PreferencesWish
from installs_registry.types import CheckIn, CustomerRecord, ProductDeclaration, ReleaseDeclaration

EXAMPLES: Final[Mapping[Any, Any]] = MappingProxyType(
    {
        ProductDeclaration: {
            "name": "Notes",
            "version_scheme": "semver",
            "facts": {"notebooks": {"type": "integer"}, "storage_format": {"type": "string"}},
        },
        ReleaseDeclaration: {"offered_at": "2026-11-21T09:00:00Z", "url": "https://example.com/notes/4.2.0"},
        CustomerRecord: {"name": "Ada Lovelace", "email": "ada@example.com", "locale": "en-GB"},
        CheckIn: {
            "product": "notes",
            "version": "4.1.3",
            "platform": {"os": "macos", "os_version": "14.6.1", "arch": "arm64"},
            "footprint": {"notebooks": 12, "storage_format": "v2"},
        },
        CheckQuestion: {
            "product": "notes",
            "from": "4.1.3",
            "to": "4.2.0",
            "footprint": {"notebooks": 12, "storage_format": "v2"},
        },
        DefectReport: {
            "product": "notes",
            "title": "Upgrading to 4.2 can erase notes kept in the v2 format",
            "summary": "The first start of 4.2 rewrites notebooks in the v2 format and drops attached files.",
            "severity": "data-loss",
            "affected": [{"introduced": "4.2.0", "fixed": "4.2.2"}],
            "condition": "notebooks > 0 && storage_format in ['v1', 'v2']",
            "remedies": [{"kind": "wait", "text": "Stay with 4.1 until 4.2.2 is out."}],
            "references": [{"type": "evidence", "url": "https://example.com/notes/4411"}],
        },
        Reason: {"reason": "The loss could not be reproduced; the reports were about another release."},
        Resolution: {"fixed_in": "4.2.2"},
        Hold: {"reason": "The wording is being checked.", "until": "2026-11-22T09:00:00Z"},
        TestMail: {"to": "qa@example.com"},
        Choice: {"remedy": 0},
        ClaimCodeWish: {"uses": 1, "days": 14},
        PreferencesWish: {"email": "data-corruption"},
        SignOffWish: {"people": 1},
    }
)
