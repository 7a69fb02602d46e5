"""How the application is served: connections with limits, and one line of log for what is not HTTP at all."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog
from aiohttp import web
from aiohttp.http import RawRequestMessage
from aiohttp.http_exceptions import LineTooLong

from api.known_heads import is_whole
from api.lane import LANE, LONGEST, Lane
from api.observing import HEADERS, BrokenOff, new_request_id
from api.problem_answers import answer_of
from api.problems import Kind, Problem

#: Seconds that a connection may be idle, or take to complete its first request; longer than the 60 of common
#: reverse proxies, which would else find it closed. aiohttp's own default is an hour.
KEEP_ALIVE = 75.0
#: Bytes of an address, and of a header with its name. They differ so that aiohttp's error tells which was too long.
ADDRESS_LIMIT, HEADER_LIMIT = 8190, 8192
#: Seconds that a request which is under way gets to finish when the service stops.
FINISH = 10.0


class _Protocol(web.RequestHandler):
    """aiohttp's protocol, with a lane for plain checks and check-ins; what is not HTTP is answered as all else is."""

    __slots__ = ("_answered", "_between", "_drained", "_lane", "_parked")

    def __init__(self, manager: web.Server, lane: Lane, **settings: Any) -> None:  # noqa: ANN401  (RequestHandler's own)
        super().__init__(manager, **settings)
        self._lane = lane
        #: Requests of this connection whose answers have been written whole.
        self._answered = 0
        #: Whether the request that is next is a check-in in the lane, not yet durable; nothing behind it is begun.
        self._parked = False
        #: Whether it is certain that all that arrived has been read as whole requests, and that a new one begins next.
        self._between = True
        #: Is done when nothing is parked any more; None: nobody waits for that.
        self._drained: asyncio.Future[None] | None = None

    def data_received(self, data: bytes) -> None:
        """Answer a plain check at once, where nothing goes before it; let aiohttp read all but heads that it knows."""
        if self._request_count != self._answered and not self._parked:
            self._between = False
            super().data_received(data)
            return
        if self._between and not self._parked and self._knew(data):
            return
        # aiohttp's task may wait for a request. It is not woken before it is known whether there is one for it.
        waiter, self._waiter = self._waiter, None
        between, self._between = self._between, False
        try:
            super().data_received(data)
        finally:
            self._waiter = waiter
        if self._messages and not self._parked and not self._took(waiter, data if between else b""):
            self._wake(waiter)

    def _wake(self, waiter: asyncio.Future[None] | None) -> None:
        """Let aiohttp's task take the request that is next, if it waits for one."""
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _knew(self, data: bytes) -> bool:
        """Answer what is one plain check behind a head that aiohttp has read before."""
        known = self._lane.known_heads.find(data)
        if known is None or self._close or self.transport is None or self.writing_paused:
            return False
        answer = self._lane.answer(*known)
        if answer is not None:
            self._write(self.transport, answer)
        return answer is not None

    def _took(self, waiter: asyncio.Future[None] | None, data: bytes) -> bool:
        """Take the one request that has arrived, if it is plain and there whole; else leave it where it is.

        `data` is what it was read from, empty where something before it was read from that too, perhaps.
        """
        message, payload = self._messages[0]
        if len(self._messages) > 1 or not isinstance(message, RawRequestMessage) or self.transport is None:
            return False
        if not payload.is_eof() or payload.total_bytes > LONGEST or self.writing_paused:
            return False
        body = b"".join(payload._buffer) if payload.total_bytes else b""  # noqa: SLF001 - read, and left there
        self._between = is_whole(data, body) and not message.upgrade
        head = self._lane.head(message) if body else None
        answer = None if head is None else self._lane.answer(head, body)
        if head is not None and answer is not None:
            self._answer(answer)
            if self._between:
                self._lane.known_heads.keep(data, body, head)
            return True
        # It stays in its place, where aiohttp's task must not find it: that has to be waiting.
        if body and waiter is not None and not waiter.done() and self._lane.take(message, body, self._settled):
            self._parked = True
            self._next_keepalive_close_time = self._loop.time() + self.keepalive_timeout
        return self._parked

    def _answer(self, answer: bytes) -> None:
        """Write the answer to the request that is next."""
        self._messages.popleft()
        if self._parser is not None and self.transport is not None:
            self._parser.message_consumed()
            self._answered += 1
            self._write(self.transport, answer)

    def _write(self, transport: asyncio.Transport, answer: bytes) -> None:
        self._next_keepalive_close_time = self._loop.time() + self.keepalive_timeout
        transport.write(answer)

    def _settled(self, answer: bytes | None) -> None:
        """Answer the check-in that is parked; without an answer, leave it to the application."""
        self._parked = False
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
        if self.transport is None:
            # The client has gone, or was not waited for any longer.
            return
        if answer is not None:
            self._answer(answer)
            if self._close:
                super().close()
                return
        if self._messages:
            self._wake(self._waiter)

    def close(self) -> None:
        """Read no more requests; what is parked is answered first."""
        if self._parked:
            self._close = True
        else:
            super().close()

    async def shutdown(self, timeout: float | None = 15.0) -> None:  # noqa: ASYNC109 - RequestHandler's own
        """End the connection, when what is parked has been answered or `timeout` seconds have passed."""
        if self._parked:
            self._drained = self._loop.create_future()
            await asyncio.wait([self._drained], timeout=timeout)
        if self._parked:
            # It has had its time: let aiohttp's task end, so that nothing is acknowledged any more.
            super().close()
        await super().shutdown(timeout)

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Write an answer of the application, and note that it is out."""
        finished = await super().finish_response(request, resp, start_time)
        self._answered += 1
        return finished

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Return the problem; the application has already answered whatever else can go wrong in it."""
        if isinstance(exc, BrokenOff):
            raise exc
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
        response = answer_of(Problem(kind, detail), request_id)
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
    def __init__(self, lane: Lane, *args: Any, **settings: Any) -> None:  # noqa: ANN401  (web.Server's own)
        super().__init__(*args, **settings)
        self._lane = lane

    def __call__(self) -> web.RequestHandler:
        return _Protocol(self, self._lane, loop=self._loop, **self._kwargs)


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
            self.app[LANE],
            made.request_handler,
            request_factory=made.request_factory,
            loop=asyncio.get_running_loop(),
            **made._kwargs,  # noqa: SLF001 - aiohttp has no public way to its own settings
        )
