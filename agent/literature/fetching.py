"""Gets JSON from a catalogue: bounded in time and size, patient where asked to be, cached."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from typing import TypeVar

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from agent.literature.cache import AnswerCache
from agent.llm.backoff import delays, retry_after_s
from templates.errors import InfrastructureError

__all__ = ["Answer", "Fetcher"]

_MOST_BYTES = 8_000_000
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
# Deeper places hold what somebody else wrote, such as the words of an abstract.
_SHOWN_OF_PLACE = 3
_Answer = TypeVar("_Answer", bound="Answer")


class Answer(BaseModel):
    """What an answer must look like; what it holds beyond that is left out."""

    model_config = ConfigDict(frozen=True, strict=True)


@dataclass
class Fetcher:
    """Gets JSON by HTTP; every failure is an InfrastructureError that says what happened.

    Args:
        cache: Where answers are kept; None for nowhere.
        timeout_s: Bound of one request as a whole, however slowly bytes come.
        tries: How often a request is tried where trying again may help.
        longest_wait_s: Longest pause between tries. A server that asks for a longer one is left
            alone: the search is unavailable then.
        wait: Sleeps that many seconds, or raises when the caller shall stop.
        pause_s: Least time between two requests of this fetcher, as catalogues ask of everybody
            without a key.
    """

    cache: AnswerCache | None = None
    timeout_s: float = 20.0
    tries: int = 4
    longest_wait_s: float = 60.0
    wait: Callable[[float], None] = time.sleep
    pause_s: float = 1.0
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _next_at: float = 0.0

    def get(
        self,
        address: str,
        parameters: Mapping[str, str],
        shape: type[_Answer],
        *,
        secrets: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> _Answer:
        """The JSON document at an address; one that is not understood is never kept.

        Args:
            address: Without its query.
            parameters: The query.
            shape: What the document must look like.
            secrets: Further parameters that are no part of the cache's key and of no message.
            headers: Of the request; never cached or shown either.

        Raises:
            InfrastructureError: There is no usable answer; the message says why.
        """
        kept = self._kept(address, parameters, shape)
        if kept is not None:
            return kept
        for attempt in range(1, self.tries + 1):
            self._take_turn()
            try:
                body = self._once(address, {**parameters, **(secrets or {})}, headers or {})
                answer = _understood(body, shape)
            except _FinalError as error:
                raise InfrastructureError(str(error)) from error
            except InfrastructureError as error:
                if attempt == self.tries:
                    raise InfrastructureError(f"{error}, {self.tries} times in a row") from error
                wanted_s = error.retry_after_s or 0.0
                if wanted_s > self.longest_wait_s:
                    raise InfrastructureError(f"{error} and asks for {wanted_s:.0f} s") from error
                self.wait(delays(1.0, self.longest_wait_s, attempt, wanted_s))
                continue
            if self.cache is not None:
                kept_part = answer.model_dump(mode="json", by_alias=True)
                self.cache.put(address, parameters, kept_part)
            return answer
        raise AssertionError("a fetcher tries at least once")

    def _kept(
        self, address: str, parameters: Mapping[str, str], shape: type[_Answer]
    ) -> _Answer | None:
        kept = None if self.cache is None else self.cache.get(address, parameters)
        try:
            return None if kept is None else shape.model_validate(kept)
        except ValidationError:
            # Kept by somebody who understood it otherwise: asked for anew.
            return None

    def _take_turn(self) -> None:
        with self._guard:
            now = time.monotonic()
            pause = max(0.0, self._next_at - now)
            self._next_at = now + pause + self.pause_s
        if pause:
            self.wait(pause)

    def _once(
        self, address: str, parameters: Mapping[str, str], headers: Mapping[str, str]
    ) -> bytes:
        end = time.monotonic() + self.timeout_s
        agent = f"discovery-agent/{version('discovery-agent')}"
        try:
            # Redirects are not followed: they would take the headers, and a key in them, along.
            with (
                httpx.Client(
                    timeout=self.timeout_s, follow_redirects=False, verify=_certificates()
                ) as client,
                client.stream(
                    "GET",
                    address,
                    params=dict(parameters),
                    headers={"User-Agent": agent, "Accept": "application/json", **headers},
                ) as response,
            ):
                body = self._read(response, end)
                status = response.status_code
                wanted_s = retry_after_s(response.headers.get("Retry-After"))
        except httpx.TimeoutException as error:
            raise InfrastructureError(f"no answer within {self.timeout_s:g} s") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # Not its text: that may hold the address with a key in it.
            raise InfrastructureError(f"the connection failed ({type(error).__name__})") from error
        if status in _AGAIN:
            raise InfrastructureError(f"it answers {status}", retry_after_s=wanted_s)
        if status != httpx.codes.OK:
            hint = ": is its key right?" if status in (401, 403) else ""
            raise _FinalError(f"it answers {status}{hint}")
        return body

    def _read(self, response: httpx.Response, end: float) -> bytes:
        """The body; a server that sends a byte a second is cut off at the deadline as well."""
        body = bytearray()
        for part in response.iter_bytes():
            body += part
            if time.monotonic() > end:
                raise InfrastructureError(f"no whole answer within {self.timeout_s:g} s")
            if len(body) > _MOST_BYTES:
                raise _FinalError(f"its answer is longer than {_MOST_BYTES} bytes")
        return bytes(body)


@cache
def _certificates() -> ssl.SSLContext:
    """Reading the certificates takes longer than a request."""
    return httpx.create_ssl_context()


class _FinalError(Exception):
    """Trying again cannot help."""


def _understood(body: bytes, shape: type[_Answer]) -> _Answer:
    try:
        return shape.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        if first["type"] == "json_invalid":
            raise InfrastructureError("its answer is no JSON") from error
        place = ".".join(map(str, first["loc"][:_SHOWN_OF_PLACE])) or "as a whole"
        raise _FinalError(
            f"its answer is not that of a search ({place}: {first['msg']})"
        ) from error
