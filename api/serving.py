"""How the application is served: connections with limits, and one line of log for what is not HTTP at all."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog
from aiohttp import web
from aiohttp.http_exceptions import LineTooLong

from api.observing import HEADERS, new_request_id
from api.problems import Kind, Problem

#: Seconds that a connection may be idle, or take to complete its first request; longer than the 60 of common
#: reverse proxies, which would else find it closed. aiohttp's own default is an hour.
KEEP_ALIVE = 75.0
#: Bytes of an address, and of a header with its name. They differ so that aiohttp's error tells which was too long.
ADDRESS_LIMIT, HEADER_LIMIT = 8190, 8192
#: Seconds that a request which is under way gets to finish when the service stops.
FINISH = 10.0


class _Protocol(web.RequestHandler):
    """aiohttp's protocol, answering what could not be parsed as everything else is answered."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Return the problem; the application has already answered whatever else can go wrong in it."""
        request_id = new_request_id()
        log = structlog.get_logger("forewarn.http")
        if status == Kind.INTERNAL.status:
            log.error("request_broke", request_id=request_id, exc_info=exc)
            kind, detail = Kind.INTERNAL, "The log has the details under this request's id."
        else:
            log.info("not_http", request_id=request_id, reason=type(exc).__name__)
            kind, detail = _refused(exc, message or "unreadable")
        if request.writer.output_size > 0:
            raise ConnectionError("A part of an answer is out already")
        response = Problem(kind, detail).response(request_id)
        response.headers.update({**HEADERS, "Server": "forewarn", "X-Request-Id": request_id})
        response.force_close()
        return response

    def log_exception(self, *args: Any, **settings: Any) -> None:  # noqa: ANN401  (RequestHandler's own)
        """Log what broke; the rest of a body that cannot be read is not ours, and its request has been answered."""
        error = settings.get("exc_info")
        if isinstance(error, web.RequestPayloadError):
            log = structlog.get_logger("forewarn.http")
            log.info("not_http", request_id=new_request_id(), reason=type(error).__name__)
        else:
            super().log_exception(*args, **settings)


def _refused(error: BaseException | None, message: str) -> tuple[Kind, str]:
    """Return what is wrong with what could not be parsed."""
    if isinstance(error, LineTooLong) and ADDRESS_LIMIT in error.args:
        return Kind.URI_TOO_LONG, f"An address has at most {ADDRESS_LIMIT} bytes."
    return Kind.MALFORMED, f"This is not HTTP/1.1: {message.splitlines()[0]}"


class _Server(web.Server):
    def __call__(self) -> web.RequestHandler:
        return _Protocol(self, loop=self._loop, **self._kwargs)


class Runner(web.AppRunner):
    """Serves an application made by `create_app`."""

    __slots__ = ()

    def __init__(self, app: web.Application, **settings: Any) -> None:  # noqa: ANN401  (AppRunner's own)
        super().__init__(
            app,
            access_log=None,
            keepalive_timeout=KEEP_ALIVE,
            shutdown_timeout=FINISH,
            lingering_time=2.0,
            max_line_size=ADDRESS_LIMIT,
            max_field_size=HEADER_LIMIT,
            **settings,
        )

    async def _make_server(self) -> web.Server:
        # aiohttp has no setting for the class of its protocol; test_serving holds this against its releases.
        made = await super()._make_server()
        return _Server(
            made.request_handler,
            request_factory=made.request_factory,
            loop=asyncio.get_running_loop(),
            **made._kwargs,  # noqa: SLF001 - aiohttp has no public way to its own settings
        )
