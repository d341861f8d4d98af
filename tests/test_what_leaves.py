"""What leaves the institution to whom: every cell of the table, by the issuers as they are."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from benchmarks.credly import ORGANIZATION, TEMPLATE, TOKEN
from benchmarks.credly import emulator as credly
from pydantic import SecretStr
from tests.life import installed

from credrules import Affiliation, AwardField, Evidence, Privacy
from credrules.attestations import EVERY_PROGRAM, Attestation, Role, consent_to
from credrules.fields import TakesOnly, needed, table
from credrules.pipeline import run
from credrules.rule_files import load
from credrules.testing import FakeIssuer, sample_award, sample_record
from credrules.testing.samples import FALL
from credrules_credly import Account, CredlyIssuer, Line, Manner
from credrules_openbadges import OpenBadgesIssuer, new_key_pem
from credrules_transcript import TranscriptIssuer

ROOT = Path(__file__).parents[1]
KEY = new_key_pem()

ISSUERS = ("credly", "openbadges", "transcript")
TODAY = FALL.ends.replace(year=2026, month=6, day=1)


@pytest.fixture(scope="module")
def emulator():
    """Credly, as another process."""
    with credly() as process:
        yield process.url


@pytest.fixture
def outside(emulator, tmp_path):
    """The issuers, and a function that says what has left to one of them: the requests, or the files."""
    sent = []
    line = Line(emulator, SecretStr(TOKEN))
    line._client.event_hooks["request"].append(lambda request: sent.append(f"{request.url} {request.content.decode()}"))
    made = {
        "credly": CredlyIssuer("credly", Account(line, ORGANIZATION), Manner()),
        "openbadges": OpenBadgesIssuer("openbadges", tmp_path / "badges", KEY, "https://university.example/badges/"),
        "transcript": TranscriptIssuer("transcript", tmp_path / "orders"),
    }

    def left(issuer):
        if issuer == "credly":
            return "\n".join(one for one in sent if "badge_templates" not in one)
        folder = made[issuer].folder
        return "\n".join(path.read_text() for path in sorted(folder.rglob("*")) if path.is_file())

    yield made, left
    line.close()


# fields

COURSE, MILESTONE, ATTESTATION, EXCEPTION = (
    Evidence(title=f"A {kind}", detail="of the past", kind=kind)
    for kind in ("course", "milestone", "attestation", "exception")
)


def award_to(issuer, learner, **changes):
    options = {"template": TEMPLATE} if issuer == "credly" else {}
    evidence = (COURSE, MILESTONE, ATTESTATION, EXCEPTION)
    return sample_award(learner, issuer, **{"options": options, "evidence": evidence, **changes})


def another(award, field):
    """The same award, another only in one field; twice, where the field counts only if others are missing."""
    person = award.recipient
    match field:
        case AwardField.NAME:
            nameless = replace(person, given_name=None, family_name=None)
            return replace(award, recipient=nameless), replace(award, recipient=replace(nameless, name="Eva Other"))
        case AwardField.GIVEN_NAME:
            return award, replace(award, recipient=replace(person, given_name="Other"))
        case AwardField.FAMILY_NAME:
            return award, replace(award, recipient=replace(person, family_name="Other"))
        case AwardField.EMAIL:
            return award, replace(award, recipient=replace(person, email="other@learner.example"))
        case AwardField.CREDITS:
            return award, replace(award, credits=Decimal(42))
        case _:
            kind = {"courses": "course", "milestones": "milestone", "attestations": "attestation"}.get(
                field, "exception"
            )
            changed = [replace(one, title="Something else") if one.kind == kind else one for one in award.evidence]
            return award, replace(award, evidence=tuple(changed))


LEAVES = {
    "credly": {
        AwardField.NAME,
        AwardField.GIVEN_NAME,
        AwardField.FAMILY_NAME,
        AwardField.EMAIL,
        AwardField.COURSES,
        AwardField.MILESTONES,
    },
    "openbadges": {AwardField.EMAIL, AwardField.CREDITS, AwardField.COURSES, AwardField.MILESTONES},
    "transcript": {AwardField.CREDITS},
}


@pytest.mark.parametrize("field", AwardField)
@pytest.mark.parametrize("issuer", ISSUERS)
def test_a_field_leaves_exactly_where_the_table_says_so(outside, tmp_path, issuer, field):
    """Two awards that are the same but for the field: what leaves is the same too, or it is not."""
    made, left = outside
    learner = f"{field.replace(' ', '')}-learner"
    first, second = another(award_to(issuer, learner), field)

    made[issuer].issue(needed(first, made[issuer]))
    once = left(issuer)
    if issuer == "credly":
        made[issuer].revoke(made[issuer].find(needed(first, made[issuer])), "Made for a test.")
        body, other = _request(first, made[issuer]), _request(second, made[issuer])
        assert body["recipient_email"] in once
        assert (body != other) == (field in LEAVES[issuer])
        return
    folder = made[issuer].folder
    folder.rename(tmp_path / "before")
    made[issuer].issue(needed(second, made[issuer]))

    assert (once != left(issuer)) == (field in LEAVES[issuer])


def _request(award, issuer):
    from credrules_credly.request import issue_request

    return issue_request(needed(award, issuer), Manner())


@pytest.mark.parametrize("issuer", ISSUERS)
def test_what_an_issuer_takes_is_what_leaves(outside, issuer):
    made, _ = outside

    assert isinstance(made[issuer], TakesOnly)
    assert made[issuer].takes == LEAVES[issuer]


def test_no_address_and_no_name_is_readable_in_an_open_badge(outside):
    made, left = outside

    made["openbadges"].issue(needed(award_to("openbadges", "L001"), made["openbadges"]))

    assert left("openbadges")
    for text in ("Ada", "Sample", "l001@learner.example", "L001"):
        assert text not in left("openbadges")


def test_an_issuer_that_does_not_say_what_it_needs_is_given_all():
    award = award_to("fake", "L001")

    assert needed(award, FakeIssuer()) == award


def test_the_table_in_the_documentation_is_the_one_in_the_code(outside):
    made, _ = outside

    assert table(made) in (ROOT / "docs" / "privacy.md").read_text()


# consent, hold, affiliation, credit-bearing

INSTITUTION = """\
institution: { id: uni, name: University, url: https://university.example }
grades: { points: { A: 4.0, B: 3.0, C: 2.0, F: 0.0 } }
counting: { minimum-grade: B }
"""
PROGRAM = f"""\
program: p
title: P
effective: 2025-01-01
url: https://university.example/p
requirements: [{{ course: STA 501 }}]
awards:
  - {{ issuer: credly, template: {TEMPLATE} }}
  - {{ issuer: openbadges }}
  - {{ issuer: transcript, when: {{ program.credit-bearing: true }} }}
"""

CONSENT = {"not asked": "", "given": "consent: [{}], ", "missing": "consent: [{}], ", "withdrawn": "consent: [{}], "}
HOLD = {"no hold": (None, False), "hold": (Privacy.RESTRICTED, False), "hold, inside": (Privacy.RESTRICTED, True)}


def consents(issuer, learner, **more):
    return Attestation(
        learner_id=learner,
        program=EVERY_PROGRAM,
        role=Role.LEARNER,
        statement=consent_to(issuer),
        by="Ada Sample",
        on=TODAY,
        **more,
    )


_numbers = Counter()


@pytest.fixture
def decided(outside, tmp_path):
    """A run for one learner with an issuer outside, and what came of it."""
    made, left = outside

    def decide(issuer, consent, hold, affiliation, *, credit_bearing=True):
        _numbers["learner"] += 1
        learner = f"S{_numbers['learner']:04}"
        privacy, inside = HOLD[hold]
        said = CONSENT[consent].format(issuer) + (f"inside: [{issuer}]" if inside else "")
        folder = tmp_path / "rules"
        (folder / "programs").mkdir(parents=True)
        (folder / "institution.yaml").write_text(f"{INSTITUTION}privacy: {{ {said} }}\n")
        (folder / "programs" / "p.yaml").write_text(f"{PROGRAM}credit-bearing: {str(credit_bearing).lower()}\n")
        record = sample_record(learner, {"STA 501": "A"})
        record = replace(record, learner=replace(record.learner, privacy=privacy, affiliation=affiliation))
        installation = installed(tmp_path, load(folder), [record], issuers=made, engine=None)
        with installation.ledger() as ledger:
            if consent in ("given", "withdrawn"):
                ledger.attest(consents(issuer, learner))
            if consent == "withdrawn":
                ledger.attest(consents(issuer, learner, withdrawn=True))
        report = run(installation, TODAY)
        with installation.ledger() as ledger:
            kept = {one.issuer: str(one.reason) for one in ledger.withheld()}
            met = str(ledger.decision(learner, "p").outcome)
        return report, bool(left(issuer)), kept.get(issuer), met

    return decide


@pytest.mark.parametrize("affiliation", Affiliation)
@pytest.mark.parametrize("hold", HOLD)
@pytest.mark.parametrize("consent", CONSENT)
@pytest.mark.parametrize("issuer", ISSUERS)
def test_consent_and_a_hold_decide_whether_anything_leaves_and_never_what_is_decided(
    decided, issuer, consent, hold, affiliation
):
    _, left, reason, met = decided(issuer, consent, hold, affiliation)

    expected = "privacy-hold" if hold == "hold" else "no-consent" if consent in ("missing", "withdrawn") else None
    assert (met, reason, left) == ("met", expected, expected is None)


@pytest.mark.parametrize("credit_bearing", [True, False])
@pytest.mark.parametrize("issuer", ISSUERS)
def test_credits_are_told_of_programs_that_bear_credit(decided, outside, issuer, credit_bearing):
    _, left = outside
    _, anything, _, _ = decided(issuer, "not asked", "no hold", Affiliation.HOME, credit_bearing=credit_bearing)

    told = {"credly": False, "openbadges": '"creditsEarned"' in left(issuer), "transcript": anything}[issuer]
    assert told == (credit_bearing and issuer != "credly")
    assert anything == (credit_bearing or issuer != "transcript")
