"""Line: requests to Credly, and what is known after each of them. The only file that speaks HTTP."""

from __future__ import annotations

import json
import random
import threading
import weakref
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx

from credrules import OutcomeUnknown, Unavailable
from credrules.http_client import LOOPBACK, Clock, Unreadable, asked_wait, body_of, keep_queries_out_of_logs, no_number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import SecretStr

MAX_BYTES = 8 << 20  # a page of 50 badges has about 200 kB
MAX_PAGES = 20_000
READ_ATTEMPTS = 4
FIRST_WAIT = 1.0  # seconds, about; each later one is twice as long
AGENT = "credrules-credly/0.1"

_NOT_TAKEN = (
    "Credly does not take the token (401). Tokens end after 180 days: make a new one at Credly, under Developers, and "
    "put it where the settings say. Nothing is lost; awards wait."
)
_RIGHTS = "Credly says that the token may not do this (403). It needs to read and to write in this organization."


@dataclass(frozen=True, slots=True)
class Answer:
    """What Credly said. `data` and `metadata` are hostile until they have been parsed."""

    status: int
    data: Any = field(default=None, repr=False)
    metadata: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def message(self) -> str:
        """The text of a failure; '' where there is none."""
        text = self.data.get("message") if isinstance(self.data, dict) else None
        return text if isinstance(text, str) else ""


class Line:
    """One account at Credly. Connections are kept and used again; safe for many threads.

    `patience` is how many seconds a call may wait because Credly asks it to, before it gives up as Unavailable.
    """

    def __init__(
        self,
        url: str,
        token: SecretStr,
        *,
        timeout: float = 30.0,
        patience: float = 150.0,
        requests_per_minute: float | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self._timeout = timeout
        self._patience = patience
        self._clock = clock or Clock()
        self._pause = 60.0 / requests_per_minute if requests_per_minute else 0.0
        self._turn = threading.Lock()
        self._not_before = 0.0
        parts = urlsplit(self.url)
        self._origin = _origin(self.url)
        self._client = httpx.Client(
            auth=httpx.BasicAuth(token.get_secret_value(), ""),
            headers={"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": AGENT},
            timeout=httpx.Timeout(timeout, connect=min(timeout, 10.0)),
            follow_redirects=False,
            trust_env=parts.hostname not in LOOPBACK,  # proxies of the machine, but not to the machine itself
        )
        weakref.finalize(self, self._client.close)  # the core keeps issuers for as long as it runs, and closes none
        keep_queries_out_of_logs()

    def __repr__(self) -> str:
        return f"Line({self.url!r})"

    def close(self) -> None:
        self._client.close()

    def read(self, path: str, params: Mapping[str, str] | None = None) -> Answer:
        """Ask for something; changes nothing, so it is asked again where it failed for no fault of ours.

        Answers 200, 400, 404, 410 and 422. Raises Unavailable.
        """
        return self._read(f"{self.url}{path}", params)

    def pages(self, path: str, params: Mapping[str, str]) -> Iterator[Any]:
        """The items of a list, page after page. Raises Unavailable where one of them cannot be had."""
        url, query = f"{self.url}{path}", params or None
        seen: set[str] = set()
        for _ in range(MAX_PAGES):
            answer = self._read(url, query)
            if answer.status != 200 or not isinstance(answer.data, list):
                raise Unavailable(f"Credly answered {answer.status} and no list where a list was asked for.")
            yield from answer.data
            following = answer.metadata.get("next_page_url")
            if following is None:
                return
            if not isinstance(following, str) or _origin(following) != self._origin or following in seen:
                # The token goes along with every request: never to another machine, whatever a list says.
                raise Unavailable("Credly's list names a next page that is not on its own machine, or a page twice.")
            seen.add(following)
            url, query = following, None
        raise Unavailable(f"Credly's list has more than {MAX_PAGES} pages.")

    def write(self, method: str, path: str, body: Mapping[str, Any]) -> Answer:
        """Ask for a change, once. Answers successes, and refusals after which nothing has changed.

        Raises Unavailable where nothing happened, OutcomeUnknown where it may have.
        """
        try:
            answer = self._ask(method, f"{self.url}{path}", None, dict(body))
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
            raise Unavailable(f"Credly cannot be reached: {type(error).__name__}.") from None
        except (httpx.HTTPError, httpx.InvalidURL, Unreadable) as error:
            raise OutcomeUnknown(f"Credly's answer was lost ({type(error).__name__}); it may have been done.") from None
        if answer.status >= 500 or answer.status == 408:
            raise OutcomeUnknown(f"Credly answered {answer.status}; it may have been done.")
        return answer

    def _read(self, url: str, params: Mapping[str, str] | None) -> Answer:
        trouble = ""
        for attempt in range(READ_ATTEMPTS):
            if attempt:
                self._clock.sleep(FIRST_WAIT * 2 ** (attempt - 1) * random.uniform(0.5, 1.5))  # noqa: S311  jitter
            try:
                answer = self._ask("GET", url, params, None)
            except httpx.InvalidURL:
                raise Unavailable("Credly's list names a next page that is no address.") from None
            except (httpx.HTTPError, Unreadable) as error:
                trouble = f"no answer that can be read ({type(error).__name__})"
                continue
            if answer.status < 500 and answer.status != 408:
                return answer
            trouble = f"{answer.status}"
        raise Unavailable(f"Credly gave {trouble}, {READ_ATTEMPTS} times. Try again later.")

    def _ask(self, method: str, url: str, params: Mapping[str, str] | None, body: dict[str, Any] | None) -> Answer:
        """One request, waiting as long as Credly asks for. A 429 changes nothing, so it is safe to ask again."""
        began = self._clock.now()
        while True:
            self._wait_for_turn(began)
            answer, retry_after = self._once(method, url, params, body)
            if answer.status == 401:
                raise Unavailable(_NOT_TAKEN)
            if answer.status == 403:
                raise Unavailable(_RIGHTS)
            if 300 <= answer.status < 400:
                raise Unavailable(
                    f"Credly answers with a redirect ({answer.status}), which is not followed. Look at `url`."
                )
            if answer.status != 429:
                return answer
            with self._turn:
                self._not_before = max(self._not_before, self._clock.now() + self._asked_wait(retry_after))

    def _wait_for_turn(self, began: float) -> None:
        """Keep to the pace that is set, and to the wait that Credly has asked for."""
        with self._turn:
            now = self._clock.now()
            turn = max(now, self._not_before)
            if turn - began > self._patience:
                seconds = round(turn - now)
                raise Unavailable(f"Credly asks to wait for {seconds} seconds more (429). Awards wait as long.")
            self._not_before = turn + self._pause
        if turn > now:
            self._clock.sleep(turn - now)

    def _asked_wait(self, text: str | None) -> float:
        """Seconds, from Retry-After; to the next full minute and a second more where it says nothing of use."""
        wall = self._clock.wall()
        seconds = asked_wait(text, wall)
        return 61.0 - wall.second if seconds is None else seconds

    def _once(
        self, method: str, url: str, params: Mapping[str, str] | None, body: dict[str, Any] | None
    ) -> tuple[Answer, str | None]:
        """Raises httpx.HTTPError, httpx.InvalidURL or Unreadable."""
        request = self._client.build_request(method, url, params=params, json=body)
        response = self._client.send(request, stream=True)
        try:
            # An answer that says nothing but its number need not be one of Credly's own: a proxy's page is HTML.
            if response.status_code >= 500 or response.status_code in (401, 403, 408, 429) or response.is_redirect:
                return Answer(response.status_code), response.headers.get("Retry-After")
            if response.status_code == 204:
                return Answer(204), None
            return self._read_body(response), None
        finally:
            response.close()

    def _read_body(self, response: httpx.Response) -> Answer:
        return _parsed(response.status_code, body_of(response, most=MAX_BYTES, seconds=2 * self._timeout))


def _origin(url: str) -> tuple[str, str] | None:
    """Scheme, machine and port; None where it is no address."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return parts.scheme, parts.netloc


def _parsed(status: int, data: bytes) -> Answer:
    try:
        document = json.loads(data, parse_constant=no_number)
    except (ValueError, RecursionError):
        document = None
    metadata = document.get("metadata") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(metadata, dict | None):
        if status >= 400:
            return Answer(status)
        raise Unreadable("not of Credly's shape")
    return Answer(status, document.get("data"), metadata or {})
