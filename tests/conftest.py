from __future__ import annotations

import pytest
from hypothesis import Phase, settings
from tests.browser import Browser
from tests.browser import find as find_browser
from tests.worked import AS_OF, INSTITUTION

from credrules import Affiliation, Learner, Record
from credrules.attestations import Word
from credrules.deciding import Decider
from credrules.engines.durable import DurableEngine
from credrules.plan import make_plan
from credrules.rule_files import load

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
