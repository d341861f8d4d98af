"""The service over HTTP, on this machine alone, with whatever faults are due."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from ethos_emulator.service import Answer, Failure, Service


@dataclass
class Fault:
    """Happens to `times` calls whose path ends with `on`, after `skip` of them; `do` is a status or a word."""

    do: str
    on: str = ""
    times: int = 1
    skip: int = 0
    headers: dict[str, str] = field(default_factory=dict)


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, service: Service | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.service = service or Service()
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


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.server.due(parts.path)
        if fault and fault.do.isdigit():
            self._send(int(fault.do), b"<html>trouble</html>", fault.headers)
            return
        query = dict(parse_qsl(parts.query))
        bearer = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        service = self.server.service
        try:
            if self.command == "POST":
                answer = service.authenticate(bearer, query)
            else:
                answer = service.get(parts.path, query, bearer, self.headers.get("Accept") or "")
        except Failure as failure:
            self._send(failure.status, json.dumps({"errors": [{"message": failure.text}]}).encode(), {})
            return
        self._answer(answer, fault)

    def _answer(self, answer: Answer, fault: Fault | None) -> None:
        body = answer.body.encode() if answer.text else json.dumps(answer.body).encode()
        match fault.do if fault else "":
            case "empty":
                self._send(200, b"[]", answer.headers)
            case "malformed":
                self._send(200, b'[{"id": NaN', answer.headers)
            case "wrong-shape":
                self._send(200, b'{"id": ["x"]}', answer.headers)
            case _:
                self._send(200, body, answer.headers)

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
