"""The catalogue's own words: shown beside the decision, and deciding nothing."""

from __future__ import annotations

from tests.worked import AS_OF, INSTITUTION, attempt

from credrules import Affiliation, Learner, Record
from credrules.attestations import Word
from credrules.deciding import Decider
from credrules.engines.durable import DurableEngine
from credrules.plan import make_plan
from credrules.rule_files import load

RULES = """
rules:
  - { id: approved, for: conferral, require: { attestations: [lead] }, prose: The lead approves. }
"""
PROGRAM = """\
program: p
title: P
effective: 2025-01-01
credit-bearing: true
prose: [Two courses., They are chosen freely.]
requirements:
  - { choose: 2, of: [STA 501, STA 502, STA 503], id: two, prose: Any two of three. }
  - STA 504
limits:
  - { at-most: 1, of: [STA 501, STA 502], prose: Only one of STA 501 and STA 502 counts. }
awards:
  - issuer: badges
"""


def decided(folder, program=PROGRAM):
    rules = folder / "rules"
    (rules / "programs").mkdir(parents=True, exist_ok=True)
    (rules / "institution.yaml").write_text(INSTITUTION + RULES)
    (rules / "programs" / "p.yaml").write_text(program)
    plan = make_plan(load(rules))
    attempts = tuple(attempt(code, "A") for code in ("STA 501", "STA 502"))
    record = Record(learner=Learner(learner_id="L1", affiliation=Affiliation.HOME), attempts=attempts)
    result = Decider(plan, DurableEngine(plan)).decide(record, Word(), AS_OF, everyone=True)
    return result.decisions[0]


def test_the_reasons_hold_the_words_of_program_requirement_rule_and_limit(tmp_path):
    found = {reason.node: reason.prose for reason in decided(tmp_path).reason.walk() if reason.prose}

    assert found == {
        "conferral": ("Two courses.", "They are chosen freely."),
        "two": ("Any two of three.", "Only one of STA 501 and STA 502 counts."),  # the limit stands in the way
        "approved": ("The lead approves.",),
    }


def test_words_change_the_rules_digest_and_no_outcome(tmp_path):
    other = PROGRAM.replace("Any two of three.", "All of them at once.")

    one, two = decided(tmp_path), decided(tmp_path, other)

    assert one.rules != two.rules
    assert [reason.outcome for reason in one.reason.walk()] == [reason.outcome for reason in two.reason.walk()]
