from __future__ import annotations

import pytest

from credrules import Section
from credrules.testing.services import AtOnce, Fault
from credrules_ethos import EthosSettings, queue_of, records_of
from ethos_emulator.campus import guid
from ethos_emulator.server import Server
from ethos_emulator.service import Service

KEY = "an-api-key-of-the-emulator"


class Campus:
    """A service, and a source that reads it."""

    def __init__(self, server, folder):
        self.server = server
        self.folder = folder
        self.clock = AtOnce()
        self.settings = {"emails": ["personal", "school"], "page": 3, "holds": {"academic": "conferral"}}

    @property
    def service(self):
        return self.server.service

    @property
    def read_settings(self):
        values = {"url": self.server.url, "api-key": "env:ETHOS_API_KEY", **self.settings}
        return Section("records", "ethos", values).read(EthosSettings)

    @property
    def source(self):
        return records_of(self.read_settings, self.clock)

    @property
    def queue(self):
        return queue_of(self.read_settings, self.folder / "queue.db", self.clock)

    def fault(self, do, on="", **more):
        self.server.faults.append(Fault(str(do), on, **more))

    def row(self, resource, name):
        return next(one for one in self.service.campus[resource] if one["id"] == guid(name))

    def drop(self, resource, name):
        self.service.campus[resource].remove(self.row(resource, name))

    def records(self):
        return {one.learner.learner_id: one for batch in self.source.batches() for one in batch.records}

    def set_aside(self):
        batches = self.source.batches()
        return {one.learner_id: " ".join(map(str, one.problems)) for batch in batches for one in batch.set_aside}

    def attempt(self, course="STA 501", learner="A00000001"):
        return next(one for one in self.records()[learner].attempts if str(one.course) == course)


@pytest.fixture(scope="session")
def one_server():
    server = Server()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def campus(one_server, monkeypatch, tmp_path):
    monkeypatch.setenv("ETHOS_API_KEY", KEY)
    one_server.service = Service()
    one_server.faults = []
    return Campus(one_server, tmp_path)
