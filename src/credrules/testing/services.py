"""For tests of what reads a service over HTTP: a server on this machine with faults to order, and a clock of no waits.

The server knows nothing of any service, nor of what reads one. Needs httpx for the clock.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from credrules.http_client import Clock


class AtOnce(Clock):
    """A clock on which waiting takes no time, and which remembers for how long it was waited."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        super().__init__(now=lambda: sum(self.waits), sleep=self.waits.append)


@dataclass
class Fault:
    """Happens to `times` calls whose path ends with `on`, after `skip` of them; `do` is a status or a word."""

    do: str
    on: str = ""
    times: int = 1
    skip: int = 0
    headers: dict[str, str] = field(default_factory=dict)


class StubServer(ThreadingHTTPServer):
    """Serves on this machine alone, in a thread of its own, with whatever `faults` are due."""

    daemon_threads = True

    def __init__(self, handler: type[StubHandler], port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), handler)
        self.faults: list[Fault] = []
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()

    def due(self, path: str) -> Fault | None:
        """The fault that happens to this call, which is thereby counted."""
        for fault in self.faults:
            if not path.endswith(fault.on) or fault.times == 0:
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            fault.times -= 1
            return fault
        return None

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no fault of ours."""


class StubHandler(BaseHTTPRequestHandler):
    """Gives every call to `serve`."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def serve(self) -> None:
        raise NotImplementedError

    def do_GET(self) -> None:
        self.serve()

    def do_POST(self) -> None:
        self.serve()

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def send(self, status: int, body: bytes, headers: dict[str, str], *, length: int | None = None) -> None:
        """Answer with JSON; `length` is what is said of its length, where that is not the truth."""
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
