"""One small institution whose programs have a life after they are met: decided, recorded and issued as by a run."""

from __future__ import annotations

from datetime import date

from credrules.attestations import CLAIM, DECLINE, Attestation, Role
from credrules.deciding import Decider
from credrules.engines.durable import DurableEngine
from credrules.installation import Installation
from credrules.plan import make_plan
from credrules.rule_files import load
from credrules.settings import Section, Settings
from credrules.testing import FakeIssuer, FakeRecords

INSTITUTION = """\
institution: { id: uni, name: University }
grades: { points: { A: 4.0, B: 3.0, C: 2.0, F: 0.0 } }
counting: { minimum-grade: B }
"""


def rules(folder, **programs):
    """A rule folder with these programs: each the lines that are its own."""
    there = folder / "rules"
    (there / "programs").mkdir(parents=True, exist_ok=True)
    (there / "institution.yaml").write_text(INSTITUTION)
    for name, text in programs.items():
        program = name.replace("_", "-")
        head = f"program: {program}\ntitle: {program}\neffective: 2025-01-01\ncredit-bearing: true\n"
        tail = "" if "\nawards:" in text else "\nawards: [{ issuer: badges }]\n"
        (there / "programs" / f"{program}.yaml").write_text(head + text + tail)
    return load(there)


def installed(
    folder, rule_set, records, *, only=None, issuers=("badges", "transcript"), engine=DurableEngine, columns=None
):
    plan = make_plan(rule_set, only)
    settings = Settings(
        path=folder / "credrules.toml",
        rules=folder,
        ledger=f"sqlite:///{folder / 'ledger.db'}",
        engine="durable",
        records=Section("records", "fake", {}),
        issuers=(),
    )
    made = issuers if isinstance(issuers, dict) else {name: FakeIssuer(name) for name in issuers}
    return Installation(
        settings=settings,
        rule_set=rule_set,
        plan=plan,
        decider=Decider(plan, engine(plan) if engine else None, columns(plan) if columns else None),
        records=FakeRecords(records),
        issuers=made,
    )


def says(statement, day, program="p", *, learner="L001", withdrawn=False):
    return Attestation(
        learner_id=learner,
        program=program,
        role=Role.LEARNER,
        statement=statement,
        by="Ada Sample",
        on=day if isinstance(day, date) else date.fromisoformat(day),
        withdrawn=withdrawn,
    )


def claims(day, program="p", **more):
    return says(CLAIM, day, program, **more)


def declines(day, program="p", **more):
    return says(DECLINE, day, program, **more)
