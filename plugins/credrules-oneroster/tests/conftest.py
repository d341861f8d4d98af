from __future__ import annotations

import zipfile

import pytest

from credrules import Section
from credrules.testing.services import AtOnce, Fault
from credrules_oneroster import OneRosterCsvSettings, OneRosterSettings, from_bundle, from_service
from oneroster_emulator.roster import sample
from oneroster_emulator.server import Server
from oneroster_emulator.service import Service

SECRET = "a-secret-of-the-emulator"  # noqa: S105  of no use anywhere else


class Campus:
    """A service, and a source that reads it."""

    def __init__(self, server, clock):
        self.server = server
        self.clock = clock
        self.settings = {"final": {"category": ["Final Grade"]}, "page": 3}

    @property
    def service(self):
        return self.server.service

    @property
    def roster(self):
        return self.service.roster

    @property
    def behaviour(self):
        return self.service.behaviour

    @property
    def source(self):
        values = {
            "url": self.server.url,
            "token-url": f"{self.server.url}/token",
            "client-id": "an-id",
            "client-secret": "env:ONEROSTER_SECRET",
            **self.settings,
        }
        settings = Section("records", "oneroster", values).read(OneRosterSettings)
        return from_service(settings, self.clock)

    def fault(self, do, on="", **more):
        self.server.faults.append(Fault(str(do), on, **more))

    def row(self, name, key):
        return next(one for one in self.roster[name] if one["sourcedId"] == key)

    def records(self):
        return {one.learner.learner_id: one for batch in self.source.batches() for one in batch.records}

    def set_aside(self):
        batches = self.source.batches()
        return {one.learner_id: " ".join(map(str, one.problems)) for batch in batches for one in batch.set_aside}

    def grades(self, user="U0001"):
        return {str(one.course): one.grade for one in self.records()[user].attempts}


class Bundled:
    """A bundle as an export program writes it, of the same people; each file as rows of text."""

    def __init__(self, folder):
        self.folder = folder
        self.settings = {"final": {"category": ["Final Grade"]}}
        self.files = as_files(sample())

    @property
    def source(self):
        path = self.folder / "oneroster.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name, rows in self.files.items():
                archive.writestr(f"{name}.csv", "".join(f"{row}\n" for row in rows))
        return self.source_at("oneroster.zip")

    def source_at(self, name):
        section = Section("records", "oneroster-csv", {"bundle": name, **self.settings}, str(self.folder / "c.toml"))
        return from_bundle(section.read(OneRosterCsvSettings))

    def manifest(self, name, value):
        self.files["manifest"] = [
            f"file.{name},{value}" if row.startswith(f"file.{name},") else row for row in self.files["manifest"]
        ]

    def records(self):
        return {one.learner.learner_id: one for batch in self.source.batches() for one in batch.records}


def as_files(roster):
    """1.2's files, with 1.2's roles.csv."""

    def key(row, name):
        return row[name]["sourcedId"]

    files = {
        "academicSessions": ["sourcedId,status,dateLastModified,title,type,startDate,endDate,parentSourcedId"]
        + [
            f"{r['sourcedId']},,,{r['title']},term,{r['startDate']},{r['endDate']}," for r in roster["academicSessions"]
        ],
        "courses": ["sourcedId,status,dateLastModified,title,courseCode,orgSourcedId"]
        + [f"{r['sourcedId']},,,{r['title']},{r['courseCode']},O1" for r in roster["courses"]],
        "classes": ["sourcedId,status,dateLastModified,title,courseSourcedId,classCode,schoolSourcedId,termSourcedIds"]
        + [
            f"{r['sourcedId']},,,{r['title']},{key(r, 'course')},{r['classCode']},O1,{r['terms'][0]['sourcedId']}"
            for r in roster["classes"]
        ],
        "users": ["sourcedId,status,dateLastModified,userIds,givenName,familyName,email,password,preferredGivenName"]
        + [
            f"{r['sourcedId']},,,{{Local:{r['identifier']}}},{r['givenName']},{r['familyName']},{r['email']},hunter2,"
            for r in roster["users"]
        ],
        "roles": ["sourcedId,status,dateLastModified,userSourcedId,roleType,role,orgSourcedId"]
        + [f"RO-{r['sourcedId']},,,{r['sourcedId']},primary,{r['role']},O1" for r in roster["users"]],
        "enrollments": ["sourcedId,status,dateLastModified,classSourcedId,userSourcedId,role"]
        + [f"{r['sourcedId']},,,{key(r, 'class')},{key(r, 'user')},{r['role']}" for r in roster["enrollments"]],
        "categories": ["sourcedId,status,dateLastModified,title"]
        + [f"{r['sourcedId']},,,{r['title']}" for r in roster["categories"]],
        "lineItems": ["sourcedId,status,dateLastModified,title,classSourcedId,categorySourcedId"]
        + [f"{r['sourcedId']},,,{r['title']},{key(r, 'class')},{key(r, 'category')}" for r in roster["lineItems"]],
        "results": [
            "sourcedId,status,dateLastModified,lineItemSourcedId,studentSourcedId,scoreStatus,textScore,scoreDate"
        ]
        + [
            f"{r['sourcedId']},,,{key(r, 'lineItem')},{key(r, 'student')},"
            f"{r['scoreStatus']},{r['textScore']},{r['scoreDate']}"
            for r in roster["results"]
        ],
    }
    files["manifest"] = ["propertyName,value", "oneroster.version,1.2", "file.demographics,absent"] + [
        f"file.{name},bulk" for name in files
    ]
    return files


@pytest.fixture(scope="session")
def one_server():
    server = Server()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def campus(one_server, monkeypatch):
    monkeypatch.setenv("ONEROSTER_SECRET", SECRET)
    one_server.service = Service()
    one_server.faults = []
    return Campus(one_server, AtOnce())


@pytest.fixture
def bundle(tmp_path):
    return Bundled(tmp_path)
