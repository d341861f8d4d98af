"""The HTML reports, opened in a real browser, on a screen and on paper."""

from __future__ import annotations

import re
from datetime import date

import pytest
from PIL import Image
from tests.test_audit import RULES

from credrules import rule_files
from credrules.attestations import Word
from credrules.audit import Audit, ProgramAuditor
from credrules.cli.compare import DIRECTIONS
from credrules.compare import Change, Comparison, ProgramComparison
from credrules.deciding import Decider
from credrules.decisions import Outcome
from credrules.plan import make_plan
from credrules.reports import html
from credrules.testing.population import AS_OF, population


@pytest.fixture(scope="module")
def audit_page(tmp_path_factory):
    rules = rule_files.load(RULES)
    decider = Decider(make_plan(rules), None)
    auditors = [ProgramAuditor(plan) for plan in decider.plan.programs]
    for person in population(rules, 40):
        for at, outcomes in decider.outcomes(person.record, Word(), AS_OF):
            auditors[at].add(outcomes)
    path = tmp_path_factory.mktemp("pages") / "audit.html"
    found = Audit(AS_OF, "0" * 64, [auditor.tally for auditor in auditors], learners=40, plain=40)
    path.write_text(html("audit", "Audit", audit=found), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def compare_page(tmp_path_factory):
    change = Change(learner_id="L1", program="p", old=Outcome.MET, new=Outcome.UNMET, why=("STA 501: met before",))
    program = ProgramComparison("p", "Program P")
    program.moves["met", "unmet"] += 1
    program.directions["loses"] += 1
    program.causes["STA 501: met before"] += 1
    found = Comparison(date(2026, 1, 1), "0" * 64, "1" * 64, learners=9, programs=[program], changes=[change])
    path = tmp_path_factory.mktemp("pages") / "compare.html"
    text = html("compare", "Comparison", found=found, people=True, directions=DIRECTIONS, counts=found.counts())
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(params=["audit_page", "compare_page"])
def page(request):
    return request.getfixturevalue(request.param)


def test_a_browser_shows_the_page_as_it_was_written(page, browser):
    dom = browser.dom(page)

    assert dom.count("<h1>") == 1
    assert dom.count("<section") == page.read_text(encoding="utf-8").count("<section")
    assert "{{" not in dom


def test_a_page_fetches_nothing_and_runs_nothing(page):
    text = page.read_text(encoding="utf-8")

    assert not re.search(r"<(script|link|img|iframe|object)\b", text)
    assert not re.search(r"""(src|href)=["'](?!#)""", text)


def test_every_bar_has_its_numbers_beside_it_in_words(audit_page, browser):
    dom = browser.dom(audit_page)

    drawn = re.findall(r"<svg viewBox[^>]*>", dom)
    spoken = [one for one in drawn if 'role="img"' in one]
    assert spoken
    assert all(re.search(r'aria-label="met \d', one) for one in spoken)
    assert all('role="img"' in one or 'aria-hidden="true"' in one for one in drawn)


def test_every_table_says_what_its_columns_and_rows_are(page, browser):
    dom = browser.dom(page)

    heads = re.findall(r"<th\b[^>]*>", dom)
    assert heads
    assert all("scope=" in head for head in heads)


def test_outcomes_can_be_told_apart_without_colour(audit_page, browser, tmp_path):
    """Each fill of the key, in grey: the share of dark dots or the pattern differs from that of every other."""
    shades = set()
    for outcome in map(str, Outcome):
        text = audit_page.read_text(encoding="utf-8")
        patterns = re.search(r"<svg width=\"0\".*?</svg>", text, re.S)[0]
        swatch = tmp_path / f"{outcome}.html"
        swatch.write_text(
            f"<body style='margin:0;filter:grayscale(1)'>{patterns}<svg width='60' height='60'>"
            f"<rect width='60' height='60' fill='url(#{outcome})'/></svg></body>"
        )
        browser.picture(swatch, tmp_path / f"{outcome}.png", "60,60")
        pixels = Image.open(tmp_path / f"{outcome}.png").convert("L").tobytes()
        shades.add((min(pixels) // 16, max(pixels) // 16, sum(pixels) // len(pixels) // 16))

    assert len(shades) == len(Outcome)


def test_a_page_can_be_printed(page, browser, tmp_path):
    paper = browser.paper(page, tmp_path / "page.pdf")

    assert paper.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) >= 1
