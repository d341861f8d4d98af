from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from credrules.testing import sample_award
from credrules.testing.services import AtOnce
from credrules_credly import Account, CredlyIssuer, Line, Manner

EMULATOR = Path(__file__).parents[1] / "emulator"
ORGANIZATION = "e0000000-0000-4000-8000-000000000001"
TEMPLATE = "b0000000-0000-4000-8000-000000000001"
TOKEN = "a-token-for-the-emulator"  # noqa: S105  of no use anywhere else


@dataclass
class Emulator:
    """Another process, reached over HTTP alone, as the service is."""

    url: str
    process: subprocess.Popen[str]

    def tell(self, order: str, body: Any = None) -> Any:
        root = self.url.removesuffix("/v1")
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310  to this machine
            f"{root}/control/{order}", data, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310  from this machine
            return json.load(answer)

    def fault(self, do: str, on: str = "any", times: int | None = 1, **more: Any) -> None:
        self.tell("faults", [{"do": do, "on": on, "times": times, **more}])

    def badges(self) -> list[dict[str, Any]]:
        return self.tell("books")["badges"]

    def calls(self, call: str) -> int:
        return self.tell("books")["calls"].get(call, 0)


def start(*arguments: str) -> Emulator:
    process = subprocess.Popen(
        [sys.executable, "-m", "credly_emulator", "--token", TOKEN, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(EMULATOR)},
    )
    return Emulator(process.stdout.readline().strip(), process)


def stop(emulator: Emulator) -> None:
    emulator.process.send_signal(signal.SIGTERM)
    emulator.process.wait(10)
    emulator.process.stdout.close()


@pytest.fixture(scope="session")
def shared_emulator():
    """One process for all tests, each in an organization of its own."""
    emulator = start()
    yield emulator
    stop(emulator)


@pytest.fixture
def emulator(shared_emulator):
    shared_emulator.tell("reset", {})
    return shared_emulator


@pytest.fixture
def at_once():
    """A clock that is never waited for."""
    return AtOnce()


@pytest.fixture
def make_account(emulator, at_once):
    lines = []

    def make(token=TOKEN, url=None, clock=at_once, **settings):
        line = Line(url or emulator.url, SecretStr(token), clock=clock, **{"timeout": 1.0, **settings})
        lines.append(line)
        return Account(line, ORGANIZATION)

    yield make
    for line in lines:
        line.close()


@pytest.fixture
def make_credly(make_account):
    def make(manner=None, **settings):
        return CredlyIssuer("credly", make_account(**settings), manner or Manner())

    return make


@pytest.fixture
def issuer(make_credly):
    return make_credly()


@pytest.fixture
def award():
    def make(learner_id="L001", template=TEMPLATE, **changes):
        options = {"template": template, **changes.pop("options", {})}
        return sample_award(learner_id, "credly", options=options, **changes)

    return make
