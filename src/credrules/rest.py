"""Reading a service over HTTP: what every adapter of one does in the same way. Needs `credrules[rest]`.

It only ever asks. What it cannot get is a RecordsError that names the path, and neither its query nor its answer:
those hold people.
"""

from __future__ import annotations

import json
import weakref
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, NoReturn, Protocol
from urllib.parse import urlsplit

import httpx

from credrules.errors import Problem, RecordsError
from credrules.http_client import LOOPBACK, Clock, Unreadable, asked_wait, body_of, keep_queries_out_of_logs, no_number

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping

MAX_BYTES = 32 << 20
TRIES = 4
FIRST_WAIT = 1.0  # seconds; each later one is twice as long
AGENT = "credrules/0.1"


@dataclass(frozen=True, slots=True)
class Token:
    """An access token, and for how many seconds it holds; None where nothing was said."""

    text: str = field(repr=False)
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service said. `data` is hostile until parsed; its numbers are text, so that none is rounded."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    data: Any = field(default=None, repr=False)


class Tokens(Protocol):
    """How a service gives out its access tokens."""

    def request(self) -> httpx.Request:
        """What asks for a token."""

    def token(self, body: bytes) -> Token:
        """The token in the answer. Raises ValueError where there is none, without repeating what is there."""


class Line:
    """One account at one service. `patience` is how many seconds one call may wait because the service asks it to."""

    def __init__(
        self, url: str, tokens: Tokens, *, timeout: float = 60.0, patience: float = 300.0, clock: Clock | None = None
    ) -> None:
        self.url = url.rstrip("/")
        self._tokens = tokens
        self._timeout = timeout
        self._patience = patience
        self._clock = clock or Clock()
        self._token = Token("")
        self._token_ends = float("-inf")
        self._client = httpx.Client(
            headers={"Accept-Encoding": "identity", "User-Agent": AGENT},
            timeout=httpx.Timeout(timeout, connect=min(timeout, 10.0)),
            verify=_certificates(),
            follow_redirects=False,
            trust_env=urlsplit(url).hostname not in LOOPBACK,  # proxies of the machine, but not to the machine itself
        )
        weakref.finalize(self, self._client.close)  # nobody closes a source of records
        keep_queries_out_of_logs()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"

    def get(self, url: str, params: Mapping[str, str] | None = None, accept: str = "application/json") -> Answer:
        """What the service answers, asked again where it failed for no fault of ours. Raises RecordsError.

        Of statuses that are no success, 400, 404, 406, 410 and 422 are answers: what they mean is the caller's to know.
        """
        for renewed in (False, True):
            answer = self._patiently(url, lambda: self._asking(url, params, accept))
            if answer.status != 401:
                break
            self._token_ends = float("-inf")  # ended before its time: another one is asked for, once
            if renewed:
                fail(url, "the service does not take the token that it has just given (401).")
        if answer.status == 403:
            fail(url, "the account may not read this (403). The page of this system says what to ask for.")
        return answer

    def _asking(self, url: str, params: Mapping[str, str] | None, accept: str) -> httpx.Request:
        headers = {"Authorization": f"Bearer {self._bearer()}", "Accept": accept}
        return self._client.build_request("GET", url, params=params, headers=headers)

    def _bearer(self) -> str:
        if self._clock.now() >= self._token_ends:
            request = self._tokens.request()
            answer = self._patiently(str(request.url), self._tokens.request, raw=True)
            if answer.status not in (200, 201):
                fail(
                    str(request.url),
                    f"gives no token ({answer.status}). Look at the credentials that the settings name, and at whether "
                    "they still hold.",
                )
            try:
                self._token = self._tokens.token(answer.data)
            except ValueError as error:
                fail(str(request.url), f"gives no token: {error}.")
            seconds = self._token.seconds
            self._token_ends = self._clock.now() + (float("inf") if seconds is None else max(1.0, seconds * 0.9))
        return self._token.text

    def _patiently(self, url: str, make: Callable[[], httpx.Request], *, raw: bool = False) -> Answer:
        """One request, as often as it takes: a 429 as long as there is patience, trouble of the service four times."""
        began, troubles = self._clock.now(), 0
        while True:
            try:
                answer = self._once(make(), raw=raw)
            except (httpx.HTTPError, httpx.InvalidURL, Unreadable) as error:
                trouble, wait = f"no answer that can be read ({type(error).__name__})", None
            else:
                if answer.status == 429:
                    wait = max(FIRST_WAIT, self._asked_wait(answer.headers))
                    if self._clock.now() + wait - began > self._patience:
                        fail(url, f"asks to wait for {round(wait)} seconds more (429). Run it again later.")
                    self._clock.sleep(wait)
                    continue
                if answer.status < 500 and answer.status != 408:
                    return answer
                trouble, wait = f"{answer.status}", self._asked_wait(answer.headers, 0.0)
            troubles += 1
            if troubles == TRIES:
                fail(url, f"gave {trouble}, {TRIES} times. Run it again later.")
            self._clock.sleep(max(wait or 0.0, FIRST_WAIT * 2 ** (troubles - 1)))

    def _asked_wait(self, headers: Mapping[str, str], otherwise: float = 60.0) -> float:
        """Seconds, as the service asks; and no more than a second longer than there is patience."""
        seconds = asked_wait(headers.get("Retry-After"), self._clock.wall())
        return otherwise if seconds is None else min(seconds, self._patience + 1)

    def _once(self, request: httpx.Request, *, raw: bool) -> Answer:
        """Raises httpx.HTTPError, httpx.InvalidURL or Unreadable."""
        response = self._client.send(request, stream=True)
        try:
            status = response.status_code
            if response.is_redirect:
                fail(str(request.url), f"answers with a redirect ({status}), which is not followed. Look at `url`.")
            if status >= 400:
                return Answer(status, response.headers, self._said(response))
            body = self._body(response)
            return Answer(status, response.headers, body if raw else parsed(body))
        finally:
            response.close()

    def _body(self, response: httpx.Response) -> bytes:
        return body_of(response, most=MAX_BYTES, seconds=10 * self._timeout)

    def _said(self, response: httpx.Response) -> Any:
        """What came with a failure; None where it is no JSON, as a proxy's page is not."""
        try:
            return parsed(self._body(response))
        except Unreadable:
            return None


def parsed(body: bytes) -> Any:
    """JSON as data, its numbers as the text that they are written with. Raises Unreadable."""
    try:
        return json.loads(body, parse_float=str, parse_int=str, parse_constant=no_number)
    except (ValueError, RecursionError):
        raise Unreadable("no JSON") from None


def fail(url: str, message: str) -> NoReturn:
    """Raise RecordsError about an address, without its query: that may hold people."""
    raise RecordsError([Problem(url.partition("?")[0], 0, message)])


def secure_address(text: str) -> str:
    """The address of a service. Raises ValueError where a secret would go to it unencrypted."""
    try:
        parts = urlsplit(text)
    except ValueError:
        raise ValueError("is no address") from None
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    if safe and parts.hostname and "@" not in parts.netloc and not parts.query and not parts.fragment:
        return text.rstrip("/")
    raise ValueError("is no address; write it as in https://sis.university.example (https, but for this machine)")


@cache
def _certificates() -> ssl.SSLContext:
    """Loaded once: that takes longer than many a request."""
    return httpx.create_ssl_context()
