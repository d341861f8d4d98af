"""The service over HTTP, on this machine alone, with whatever faults are due."""

from __future__ import annotations

import base64
import json
import socket
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from oneroster_emulator.service import Failure, Service


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

    def __init__(self, service: Service | None = None, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
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
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _serve(self, method: str) -> None:
        parts = urlsplit(self.path)
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.server.due(parts.path)
        if fault and fault.do.isdigit():
            self._send(int(fault.do), b"<html>trouble</html>", fault.headers)
            return
        headers: dict[str, str] = {}
        try:
            if method == "POST":
                form = dict(parse_qsl(raw.decode()))
                body: Any = self.server.service.grant(form, self._client())
            else:
                token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
                body, headers = self.server.service.get(parts.path, dict(parse_qsl(parts.query)), token)
        except Failure as failure:
            text = {"imsx_codeMajor": "failure", "imsx_severity": "error", "imsx_description": failure.text}
            self._send(failure.status, json.dumps(text).encode(), {})
            return
        self._answer(json.dumps(body).encode(), headers, fault)

    def _answer(self, body: bytes, headers: dict[str, str], fault: Fault | None) -> None:
        match fault.do if fault else "":
            case "empty":
                name = next(iter(json.loads(body)))
                self._send(200, json.dumps({name: []}).encode(), headers)
            case "malformed":
                self._send(200, b'{"users": [{"sourcedId": NaN', headers)
            case "wrong-shape":
                self._send(200, b'{"users": ["x", 7]}', headers)
            case "deep":
                self._send(200, b"[" * 100_000 + b"]" * 100_000, headers)
            case "cut":
                self._send(200, body[: len(body) // 2], headers, length=len(body))
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
            case _:
                self._send(200, body, headers)

    def _client(self) -> tuple[str, str]:
        encoded = (self.headers.get("Authorization") or "").removeprefix("Basic ")
        name, _, secret = base64.b64decode(encoded).decode().partition(":")
        return name, secret

    def _send(self, status: int, body: bytes, headers: dict[str, str], *, length: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
