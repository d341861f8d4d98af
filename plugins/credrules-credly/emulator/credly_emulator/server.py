"""The service over HTTP, on this machine alone, with whatever faults are due."""

from __future__ import annotations

import json
import logging
import math
import socket
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from credly_emulator.answers import Failure, Reply
from credly_emulator.control import obey
from credly_emulator.service import Request, Service, TooMany

if TYPE_CHECKING:
    from credly_emulator.faults import Fault

log = logging.getLogger("credly_emulator")
LARGEST = 1 << 20


class Cut(Exception):
    """The line is cut without an answer."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, service: Service, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.service = service

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no fault of ours."""
        log.debug("a connection ended early", exc_info=True)


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: Any) -> None:
        log.debug(format, *args)

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        raw = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), LARGEST))
        try:
            if parts.path.startswith("/control/"):
                self._reply(obey(self.server.service, self.command, parts.path, json.loads(raw or b"{}")))
                return
            self._call(parts.path, dict(parse_qsl(parts.query)), raw)
        except Cut:
            self._cut()
        except TooMany as failure:
            wait = {"Retry-After": str(math.ceil(failure.wait))} if self.server.service.behaviour.retry_after else {}
            self._send(429, json.dumps(failure.body()).encode(), wait)
        except Failure as failure:
            self._send(failure.status, json.dumps(failure.body()).encode())

    def _call(self, path: str, query: dict[str, str], raw: bytes) -> None:
        service = self.server.service
        found = service.route(self.command, path)
        if found is None:
            raise Failure(404, "Resource not found")
        route, groups = found
        time.sleep(service.behaviour.latency)
        fault = service.faults.next(route.call)
        if fault and self._before(fault):
            return
        request = Request(
            method=self.command,
            path=path,
            query=query,
            authorization=self.headers.get("Authorization"),
            body=self._body(raw),
            host=self.headers.get("Host") or "127.0.0.1",
            parts=groups,
        )
        reply = service.answer(route, request)
        if fault:
            self._after(fault, reply)
        else:
            self._reply(reply)

    def _body(self, raw: bytes) -> dict[str, Any]:
        kind = (self.headers.get("Content-Type") or "").partition(";")[0].strip()
        lenient = self.server.service.behaviour.lenient or self.path == "/oauth/token"
        if kind == "application/x-www-form-urlencoded" and lenient:
            return dict(parse_qsl(raw.decode()))
        if not raw:
            return {}
        try:
            body = json.loads(raw)
        except ValueError:
            body = None
        if kind != "application/json" or not isinstance(body, dict):
            raise Failure(400, "The request is not a JSON object")
        return body

    def _before(self, fault: Fault) -> bool:
        """Faults in which nothing happens. False for the others."""
        match fault.do:
            case "drop-before":
                raise Cut
            case "hang-before":
                time.sleep(fault.seconds)
                raise Cut
            case "429":
                wait = {"Retry-After": fault.retry_after} if fault.retry_after is not None else {}
                self._send(429, json.dumps(Failure(429, "Too many requests").body()).encode(), wait)
            case "500-before":
                self._send(500, b'{"data":{"message":"Internal server error"},"metadata":null}')
            case "503":
                self._send(503, b"", {"Retry-After": fault.retry_after or "1"})
            case "502":
                self._send(502, b"<html><body><h1>502 Bad Gateway</h1></body></html>", kind="text/html")
            case "redirect":
                self._send(302, b"", {"Location": "https://elsewhere.invalid/v1/organizations"})
            case _:
                return False
        return True

    def _after(self, fault: Fault, reply: Reply) -> None:
        """Faults in which it has happened, whatever is answered."""
        body = json.dumps(reply.body()).encode()
        match fault.do:
            case "drop-after":
                raise Cut
            case "hang-after":
                time.sleep(fault.seconds)
                raise Cut
            case "slow":
                time.sleep(fault.seconds)
                self._send(reply.status, body)
            case "500-after":
                self._send(500, b'{"data":{"message":"Internal server error"},"metadata":null}')
            case "truncated":
                self._send(reply.status, body[: len(body) // 2], length=len(body))
                raise Cut
            case "malformed":
                self._send(reply.status, b'{"data": {"id": NaN, not json')
            case "wrong-shape":
                self._send(reply.status, b'{"data": ["x", {"id": 7}], "metadata": []}')
            case "wrong-badge":
                other = {**(reply.data or {}), "issuer_earner_id": "somebody-else", "evidence": []}
                self._send(reply.status, json.dumps(Reply(reply.status, other).body()).encode())
            case "deep":
                self._send(reply.status, b'{"data":' + b"[" * 100_000 + b"]" * 100_000 + b"}")
            case "huge":
                self._endless(reply.status)

    def _endless(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b'{"data": "')
        for _ in range(2_000):
            self.wfile.write(b"x" * 65_536)
        raise Cut

    def _reply(self, reply: Reply) -> None:
        self._send(reply.status, b"" if reply.status == 204 else json.dumps(reply.body()).encode())

    def _send(
        self,
        status: int,
        body: bytes,
        headers: dict[str, str] | None = None,
        *,
        kind: str = "application/json",
        length: int | None = None,
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if status != 204:
            self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _cut(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)
