"""The service over HTTP, on this machine alone, with whatever faults are due."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl, urlsplit

from credrules.testing.services import Fault, StubHandler, StubServer
from ethos_emulator.service import Answer, Failure, Service


class Server(StubServer):
    def __init__(self, service: Service | None = None, port: int = 0) -> None:
        super().__init__(Handler, port)
        self.service = service or Service()


class Handler(StubHandler):
    server: Server

    def serve(self) -> None:
        parts = urlsplit(self.path)
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.server.due(parts.path)
        if fault and fault.do.isdigit():
            self.send(int(fault.do), b"<html>trouble</html>", fault.headers)
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
            self.send(failure.status, json.dumps({"errors": [{"message": failure.text}]}).encode(), {})
            return
        self._answer(answer, fault)

    def _answer(self, answer: Answer, fault: Fault | None) -> None:
        body = answer.body.encode() if answer.text else json.dumps(answer.body).encode()
        match fault.do if fault else "":
            case "empty":
                self.send(200, b"[]", answer.headers)
            case "malformed":
                self.send(200, b'[{"id": NaN', answer.headers)
            case "wrong-shape":
                self.send(200, b'{"id": ["x"]}', answer.headers)
            case _:
                self.send(200, body, answer.headers)
