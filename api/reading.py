"""Reading a request: its body within limits, its query, its path and its headers, each strictly."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeVar, cast
from urllib.parse import unquote_to_bytes

import msgspec
from aiohttp import web

from api import json_text
from api.pointers import fault_of, pointer
from api.problems import Kind, Problem
from installs_registry.types import TOKEN_LENGTH
from storage.outcomes import Fault, Invalid

T = TypeVar("T")

#: Bytes that a body may have; imports are streamed and have no limit.
BODY_LIMIT = 1024 * 1024

#: The headers that we read, and what each may be: visible ASCII characters, as many as given.
HEADERS: Final[Mapping[str, tuple[int, int]]] = MappingProxyType(
    {"Idempotency-Key": (1, 255), "Install-Token": TOKEN_LENGTH}
)

_VISIBLE = re.compile(r"[!-~]+")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


async def read_body(request: web.Request, seconds: float) -> bytes:
    """Return the whole body.

    Raises Problem: 413 past `BODY_LIMIT`, 408 when it is not there within `seconds`, 400 when it breaks off.
    """
    if (request.content_length or 0) > BODY_LIMIT:
        raise Problem(Kind.TOO_LARGE, f"A body has at most {BODY_LIMIT} bytes.")
    try:
        if request.content.is_eof():
            # All of it is there, as nearly always: nothing to wait for, so no limit to set.
            return await request.read()
        async with asyncio.timeout(seconds):
            return await request.read()
    except TimeoutError:
        raise Problem(Kind.TIMEOUT, f"The body was not there within {seconds:g} seconds.") from None
    except web.RequestPayloadError:
        raise Problem(Kind.MALFORMED, "The body broke off or is not encoded as its headers say.") from None


async def pieces(request: web.Request, seconds: float) -> AsyncIterator[bytes]:
    """Yield a body of any length as it arrives, each piece within `seconds`. Raises as `read_body` does."""
    while True:
        try:
            async with asyncio.timeout(seconds):
                piece = await request.content.readany()
        except TimeoutError:
            raise Problem(Kind.TIMEOUT, f"Nothing more arrived for {seconds:g} seconds.") from None
        except web.RequestPayloadError:
            raise Problem(Kind.MALFORMED, "The body broke off or is not encoded as its headers say.") from None
        if not piece:
            return
        yield piece


def media_type(request: web.Request, allowed: tuple[str, ...]) -> str:
    """Return the body's media type. Raises Problem (415) when it is not one of `allowed` or not in UTF-8."""
    given = request.content_type if "Content-Type" in request.headers else None
    if given not in allowed:
        raise Problem(
            Kind.UNSUPPORTED_MEDIA_TYPE,
            f"Send the body as {' or '.join(allowed)}.",
            headers={"Accept": ", ".join(allowed)},
        )
    if (request.charset or "utf-8").lower() not in {"utf-8", "utf8", "us-ascii"}:
        raise Problem(Kind.UNSUPPORTED_MEDIA_TYPE, "Send the body in UTF-8.")
    return given


def decode_body(request: web.Request, body: bytes, wanted: type[T]) -> T:
    """Return a JSON body as the type `wanted`. Raises Problem (400, 415) or Invalid (422)."""
    media_type(request, ("application/json",))
    return json_text.decode(body, wanted)


def refuse_body(body: bytes) -> None:
    """Raise Problem (400) where a request has a body that means nothing there."""
    if body:
        raise Problem(Kind.MALFORMED, "This request has no body.")


def read_query(request: web.Request, wanted: object) -> object:
    """Return the query parameters as the Struct `wanted`, None where there are to be none.

    Raises Invalid for a parameter that is unknown, there twice or not of its type.
    """
    given = query_members(request)
    if wanted is not None:
        return convert(given, cast("type[object]", wanted))
    if given:
        raise Invalid(*(Fault(pointer(name), "There is no such parameter here.") for name in given))
    return None


def convert(members: Mapping[str, str], wanted: type[T]) -> T:
    """Return query parameters as the Struct `wanted`. Raises Invalid."""
    try:
        return msgspec.convert(members, wanted, strict=False)
    except msgspec.ValidationError as error:
        raise Invalid(fault_of(error, members, wanted)) from None


def query_members(request: web.Request) -> dict[str, str]:
    """Return the query parameters. Raises Invalid for one that is there twice or holds control characters."""
    _refuse_undecodable(request.rel_url.raw_query_string)
    faults = []
    members: dict[str, str] = {}
    for name, value in request.query.items():
        if name in members:
            faults.append(Fault(pointer(name), "This parameter is there twice."))
        if _CONTROLS.search(name + value):
            faults.append(Fault(pointer(name), "A parameter has no control characters."))
        members[name] = value
    if faults:
        raise Invalid(*faults)
    return members


def read_path(request: web.Request, wanted: Mapping[str, Any]) -> dict[str, str]:
    """Return the parameters of the path. Raises Problem (404) for one that no thing could be called."""
    _refuse_undecodable(request.rel_url.raw_path)
    given = dict(request.match_info)
    for name, value in given.items():
        if _CONTROLS.search(value) or not _fits(value, wanted[name]):
            raise Problem(Kind.NOT_FOUND, f"Nothing can have this {name} id.")
    return given


def _fits(value: str, wanted: object) -> bool:
    try:
        msgspec.convert(value, cast("type[object]", wanted))
    except msgspec.ValidationError:
        return False
    return True


def _refuse_undecodable(escaped: str) -> None:
    """Raise Problem (400) where the bytes of an address are not UTF-8: yarl would read their escapes as they stand."""
    if "%" not in escaped:
        return
    try:
        unquote_to_bytes(escaped).decode()
    except UnicodeDecodeError:
        raise Problem(Kind.MALFORMED, "The address is not UTF-8.") from None


def read_header(request: web.Request, name: str) -> str | None:
    """Return one of HEADERS, None where it is not sent. Raises Problem (400)."""
    values = request.headers.getall(name, [])
    if not values:
        return None
    least, most = HEADERS[name]
    if len(values) > 1 or not least <= len(values[0]) <= most or not _VISIBLE.fullmatch(values[0]):
        detail = f"{name} is sent once, as {least} to {most} visible ASCII characters."
        raise Problem(Kind.MALFORMED, detail)
    return values[0]
