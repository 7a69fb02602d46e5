"""What can go wrong, as a client is told of it: RFC 9457 problem details."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

import msgspec

from storage.outcomes import Fault

MEDIA_TYPE = "application/problem+json"


class Kind(Enum):
    """What can go wrong, as the status, the last part of `type`, and the title."""

    MALFORMED = (400, "malformed", "The request could not be read")
    UNAUTHORIZED = (401, "unauthorized", "A valid key is needed")
    FORBIDDEN = (403, "forbidden", "This key may not do that")
    NOT_FOUND = (404, "not-found", "There is no such thing")
    METHOD_NOT_ALLOWED = (405, "method-not-allowed", "This address does not know that method")
    TIMEOUT = (408, "timeout", "The request took too long to arrive")
    CONFLICT = (409, "conflict", "The state of things does not allow this")
    TOO_LARGE = (413, "too-large", "The request is too large")
    URI_TOO_LONG = (414, "uri-too-long", "The address is too long")
    UNSUPPORTED_MEDIA_TYPE = (415, "unsupported-media-type", "The body is of the wrong type")
    EXPECTATION_FAILED = (417, "expectation-failed", "The Expect header asks for what is not offered")
    INVALID = (422, "invalid", "The input is wrong")
    KEY_REUSED = (422, "idempotency-key-reused", "This Idempotency-Key belongs to another request")
    TOO_MANY_REQUESTS = (429, "too-many-requests", "Too many requests")
    INTERNAL = (500, "internal", "Something broke on our side")
    UNAVAILABLE = (503, "unavailable", "The service cannot answer right now")

    @property
    def status(self) -> int:
        """Return the HTTP status code."""
        return self.value[0]

    @property
    def type(self) -> str:
        """Return the URI that names the kind of problem."""
        return f"urn:forewarn:problem:{self.value[1]}"

    @property
    def title(self) -> str:
        """Return the same short sentence for every problem of the kind."""
        return self.value[2]


class FaultView(msgspec.Struct, frozen=True):
    """One thing that is wrong with the input."""

    #: JSON pointer (RFC 6901) into the body, or into the object that the parameters make; "": the whole.
    at: str
    #: A sentence that names what was expected.
    detail: str


class ProblemView(msgspec.Struct, frozen=True, omit_defaults=True):
    """An error answer, as RFC 9457 has it."""

    type: str
    title: str
    status: int
    detail: str
    #: What stands in the server's log beside this request.
    request_id: str
    errors: list[FaultView] = []


class Problem(Exception):
    """The request ends with this error."""

    def __init__(
        self,
        kind: Kind,
        detail: str,
        faults: tuple[Fault, ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.faults = faults
        self.headers = dict(headers or {})
