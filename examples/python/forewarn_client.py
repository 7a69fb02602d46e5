"""Ask Forewarn before an upgrade. One file for your app: copy it. Needs Python 3.9 and nothing else.

    client = Client("https://forewarn.example.com", APP_KEY, "notes", state=Path("forewarn.json"))
    for notice in client.check_in("4.1.3", footprint={"notebooks": 12}):
        show(notice["title"], notice["summary"])
    advice = client.before_upgrade("4.1.3", "4.2.0", footprint={"notebooks": 12})
    if advice.action == "proceed": ...

The app key is no secret; the install's token is, and stays in the state file.
"""

from __future__ import annotations

import json
import os
import queue
import secrets
import socket
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

#: Seconds in which an answer must be there, from first to last byte.
TIME_LIMIT: Final = 5.0
_LONGEST_ANSWER: Final = 1024 * 1024
_DECISIONS: Final = ("proceed", "caution", "hold")
#: What an app may do when nobody answers; going ahead is not among them.
_RULES: Final = ("ask", "hold")

Footprint = Mapping[str, Any]


class NoAnswer(Exception):
    """The service could not be reached in time, or did not accept the question; the text says which."""


@dataclass(frozen=True)
class Advice:
    """What the app should do now."""

    #: proceed; caution: tell the user and go on if they agree; hold: do not upgrade; ask: let the user decide.
    action: str
    #: The service's verdict, None where there is none to go by.
    verdict: Mapping[str, Any] | None
    #: Why the service was not asked anew; None: this is its own answer.
    reason: str | None = None

    @property
    def safe_target(self) -> str | None:
        """Return the version that is safe to go to, None where none is known."""
        target = self.verdict.get("safe_target") if self.verdict else None
        return str(target["version"]) if target else None


class Client:
    """One install of one product. Not for use by several threads at once."""

    def __init__(
        self,
        server: str,
        key: str,
        product: str,
        state: Path,
        *,
        no_answer: str = "ask",
        time_limit: float = TIME_LIMIT,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`no_answer` is the vendor's rule: "ask" the user, or "hold". Raises ValueError for any other."""
        if no_answer not in _RULES:
            raise ValueError(f"no_answer is one of {', '.join(_RULES)}: an app never silently goes ahead.")
        self._server = server.rstrip("/")
        self._key = key
        self._product = product
        self._state = _State(state)
        self._no_answer = no_answer
        self._time_limit = time_limit
        self._clock = clock

    @property
    def install(self) -> str:
        """Return the id of this install, made at its first use."""
        return self._state.install

    def check_in(
        self, version: str, *, footprint: Footprint, platform: Footprint | None = None
    ) -> Sequence[Mapping[str, Any]]:
        """Report what is installed; return the notices to show. Raises NoAnswer; repeating it is harmless."""
        body = {"product": self._product, "version": version, "footprint": footprint}
        if platform is not None:
            body["platform"] = platform
        answer = self._send("PUT", f"/v1/installs/{quote(self.install, safe='')}", body)
        self._state.remember_check_in()
        notices: Sequence[Mapping[str, Any]] = answer["notices"]
        return notices

    def before_upgrade(
        self,
        from_version: str,
        to_version: str | None = None,
        *,
        footprint: Footprint,
        platform: Footprint | None = None,
        accept: Sequence[str] = (),
    ) -> Advice:
        """Ask whether to upgrade; never raises for want of an answer.

        Without `to_version`: which upgrade should I take? `accept` names the defects whose risk the user takes.
        """
        question = self._question(from_version, to_version, footprint, platform)
        try:
            verdict = self._ask(question, accept)
        except NoAnswer as error:
            return self._without_answer(question, str(error))
        if not accept:
            self._state.keep(_key_of(question), verdict, self._clock())
        return Advice(verdict["decision"], verdict)

    def seen(self, notice: str) -> None:
        """Say that the user has read a notice. Raises NoAnswer."""
        self._send("POST", self._notice_path(notice, "seen"))

    def choose(self, notice: str, remedy: int) -> None:
        """Say which remedy the user takes, by its place in the notice's `remedies`. Raises NoAnswer."""
        self._send("POST", self._notice_path(notice, "choose"), {"remedy": remedy})

    def _question(
        self, from_version: str, to_version: str | None, footprint: Footprint, platform: Footprint | None
    ) -> dict[str, Any]:
        question: dict[str, Any] = {"product": self._product, "from": from_version, "footprint": footprint}
        if to_version is not None:
            question["to"] = to_version
        if platform is not None:
            question["platform"] = platform
        return question

    def _ask(self, question: Mapping[str, Any], accept: Sequence[str]) -> Mapping[str, Any]:
        body = dict(question)
        if self._state.has_checked_in:
            body["install"] = self.install
        if accept:
            body["accept"] = list(accept)
        verdict = self._send("POST", "/v1/check", body)
        if verdict.get("decision") not in _DECISIONS:
            raise NoAnswer("The service's answer is none that this app understands.")
        return verdict

    def _without_answer(self, question: Mapping[str, Any], reason: str) -> Advice:
        """Go by the last verdict while it is valid, else by the vendor's rule."""
        verdict = self._state.kept(_key_of(question), self._clock())
        return Advice(verdict["decision"] if verdict else self._no_answer, verdict, reason)

    def _notice_path(self, notice: str, act: str) -> str:
        return f"/v1/notices/{quote(notice, safe='')}/{act}?install={quote(self.install, safe='')}"

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the JSON answer; raises NoAnswer once the time limit has passed, whatever the network does."""
        headers = {"Authorization": f"Bearer {self._key}", "Install-Token": self._state.token}
        if body is not None:
            headers["Content-Type"] = "application/json"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._server + path, data, headers, method=method)  # noqa: S310 - the vendor's own address
        answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        threading.Thread(target=_fetch, args=(request, self._time_limit, answers), daemon=True).start()
        try:
            answer = answers.get(timeout=self._time_limit)
        except queue.Empty:
            raise NoAnswer(f"The service did not answer within {self._time_limit:g} seconds.") from None
        if isinstance(answer, NoAnswer):
            raise answer
        return dict(answer)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows nothing: a redirect would carry the key and the token to another place."""

    def redirect_request(self, *_: Any) -> None:  # noqa: ANN401 - as the base class has it
        return None


def _fetch(request: urllib.request.Request, time_limit: float, answers: queue.SimpleQueue[Any]) -> None:
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=time_limit) as response:
            answer = json.loads(response.read(_LONGEST_ANSWER))
        answers.put(answer if isinstance(answer, dict) else NoAnswer("The answer is no JSON object."))
    except urllib.error.HTTPError as error:
        answers.put(NoAnswer(f"The service refused the question: {error.code} {_detail(error)}"))
    except (OSError, HTTPException, ValueError, RecursionError) as error:
        # That it took too long is said by the one that waits, who has the same limit.
        if not isinstance(getattr(error, "reason", error), socket.timeout):
            answers.put(NoAnswer(f"The service could not be reached: {error}"))


def _detail(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.loads(error.read(_LONGEST_ANSWER))["detail"])
    except (OSError, ValueError, KeyError, TypeError):
        return str(error.reason)


def _key_of(question: Mapping[str, Any]) -> str:
    """Return what a verdict is kept under: another version or other data is another question."""
    return json.dumps(question, sort_keys=True)


class _State:
    """What survives a restart: who this install is, and its last verdict."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._values = self._read()
        if "install" not in self._values:
            self._write({"install": str(uuid.uuid4()), "token": secrets.token_urlsafe(32)})

    @property
    def install(self) -> str:
        return str(self._values["install"])

    @property
    def token(self) -> str:
        return str(self._values["token"])

    @property
    def has_checked_in(self) -> bool:
        return "checked_in" in self._values

    def remember_check_in(self) -> None:
        if not self.has_checked_in:
            self._write({**self._values, "checked_in": True})

    def keep(self, question: str, verdict: Mapping[str, Any], now: float) -> None:
        self._write({**self._values, "last": {"question": question, "verdict": verdict, "at": now}})

    def kept(self, question: str, now: float) -> Mapping[str, Any] | None:
        """Return the verdict on this very question while it is valid; a clock set back ends that too."""
        last = self._values.get("last")
        if last is None or last["question"] != question:
            return None
        verdict: Mapping[str, Any] = last["verdict"]
        return verdict if 0 <= now - last["at"] < verdict["valid_for_seconds"] else None

    def _read(self) -> dict[str, Any]:
        try:
            values = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return values if isinstance(values, dict) and {"install", "token"} <= values.keys() else {}

    def _write(self, values: dict[str, Any]) -> None:
        """Replace the file in one step, readable by its owner alone: it holds the token."""
        new = self._path.with_name(self._path.name + ".new")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(values, file)
        new.replace(self._path)
        self._values = values
