from __future__ import annotations

import pytest
from hypothesis import Phase, settings
from tests import ledgers
from tests.browser import Browser
from tests.browser import find as find_browser
from tests.worked import AS_OF, INSTITUTION

from credrules import Affiliation, Learner, Record
from credrules.attestations import Word
from credrules.deciding import Decider
from credrules.engines.durable import DurableEngine
from credrules.plan import make_plan
from credrules.rule_files import load


@pytest.fixture(scope="session", params=ledgers.KINDS)
def kept_ledger(request, tmp_path_factory):
    """The kind of a database, and the address of an empty ledger in it, to be copied."""
    with ledgers.template(request.param, tmp_path_factory.mktemp("ledger")) as url:
        yield request.param, url


@pytest.fixture
def url(kept_ledger, tmp_path):
    """The address of a new ledger, on each kind of database in turn."""
    with ledgers.copied(kept_ledger[0], tmp_path, kept_ledger[1]) as url:
        yield url


@pytest.fixture
def empty_url(kept_ledger, tmp_path):
    """The address of a database without a ledger, on each kind in turn."""
    folder = tmp_path / "empty"
    folder.mkdir()
    with ledgers.empty(kept_ledger[0], folder) as url:
        yield url


settings.register_profile("quick", phases=[Phase.explicit, Phase.generate], deadline=None)


@pytest.fixture
def outcome(tmp_path):
    """The outcome of one program's requirements, rules and all, by both engines."""

    def decide(requirements, attempts=(), *, rules="", word=Word(), minimum="B", repeats="best", **parts):  # noqa: B008
        folder = tmp_path / "rules"
        (folder / "programs").mkdir(parents=True, exist_ok=True)
        (folder / "institution.yaml").write_text(INSTITUTION + rules)
        (folder / "programs" / "p.yaml").write_text(
            "program: p\ntitle: P\neffective: 2025-01-01\ncredit-bearing: true\n"
            f"counting: {{ minimum-grade: {minimum}, repeats: {repeats} }}\n"
            f"requirements:\n{requirements}\nawards:\n  - issuer: badges\n"
        )
        plan = make_plan(load(folder))
        record = Record(
            learner=Learner(learner_id="L1", affiliation=parts.pop("affiliation", Affiliation.HOME)),
            attempts=tuple(attempts),
            **{"admissions": (), "milestones": (), "holds": (), **parts},
        )
        decided = Decider(plan, DurableEngine(plan)).decide(record, word, AS_OF, everyone=True)
        assert decided.disagreements == ()
        return str(decided.decisions[0].outcome)

    return decide


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """A real browser, with a profile of its own."""
    program = find_browser()
    if program is None:
        pytest.skip("there is no browser: `make browser` installs one, or name one in CREDRULES_TEST_BROWSER")
    return Browser(program, tmp_path_factory.mktemp("profile"))
