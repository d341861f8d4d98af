"""The service over HTTP, on this machine alone, with whatever faults are due."""

from __future__ import annotations

import base64
import json
import socket
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from credrules.testing.services import Fault, StubHandler, StubServer
from oneroster_emulator.service import Failure, Service


class Server(StubServer):
    def __init__(self, service: Service | None = None, port: int = 0) -> None:
        super().__init__(Handler, port)
        self.service = service or Service()


class Handler(StubHandler):
    server: Server

    def serve(self) -> None:
        parts = urlsplit(self.path)
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.server.due(parts.path)
        if fault and fault.do.isdigit():
            self.send(int(fault.do), b"<html>trouble</html>", fault.headers)
            return
        headers: dict[str, str] = {}
        try:
            if self.command == "POST":
                form = dict(parse_qsl(raw.decode()))
                body: Any = self.server.service.grant(form, self._client())
            else:
                token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
                body, headers = self.server.service.get(parts.path, dict(parse_qsl(parts.query)), token)
        except Failure as failure:
            text = {"imsx_codeMajor": "failure", "imsx_severity": "error", "imsx_description": failure.text}
            self.send(failure.status, json.dumps(text).encode(), {})
            return
        self._answer(json.dumps(body).encode(), headers, fault)

    def _answer(self, body: bytes, headers: dict[str, str], fault: Fault | None) -> None:
        match fault.do if fault else "":
            case "empty":
                name = next(iter(json.loads(body)))
                self.send(200, json.dumps({name: []}).encode(), headers)
            case "malformed":
                self.send(200, b'{"users": [{"sourcedId": NaN', headers)
            case "wrong-shape":
                self.send(200, b'{"users": ["x", 7]}', headers)
            case "deep":
                self.send(200, b"[" * 100_000 + b"]" * 100_000, headers)
            case "cut":
                self.send(200, body[: len(body) // 2], headers, length=len(body))
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
            case _:
                self.send(200, body, headers)

    def _client(self) -> tuple[str, str]:
        encoded = (self.headers.get("Authorization") or "").removeprefix("Basic ")
        name, _, secret = base64.b64decode(encoded).decode().partition(":")
        return name, secret
