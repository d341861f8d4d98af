"""The page of a badge, opened in a real browser."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from openbadgeslib.ob3.ldp import OB3LdpVerifier

from credrules import Evidence
from credrules.testing import sample_award
from credrules_openbadges import Look, OpenBadgesIssuer, Options
from credrules_openbadges.image import contrast

URL = "https://university.example/badges"
EVIL = '</title><script>document.title="owned"</script>"onerror="x'


class Page(HTMLParser):
    """Its elements with their attributes, and its text."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.text = [], ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture
def shown(tmp_path, key_pem):
    return OpenBadgesIssuer("badges", tmp_path / "out", key_pem, URL, Options(look=Look()))


@pytest.fixture
def html(shown, issued):
    return issued(shown, sample_award()).path.with_suffix(".html").read_text(encoding="utf-8")


def test_the_receipt_leads_to_the_page(shown):
    receipt = shown.issue(sample_award())

    assert receipt.url == f"{URL}/{receipt.detail['file'].removesuffix('.json')}.html"
    assert (shown.folder / receipt.url.rpartition("/")[2]).exists()


def test_a_page_needs_no_script_fetches_nothing_from_elsewhere_and_names_nobody(html):
    page = Page(html)

    assert not page.all("script")
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    assert all("/" not in image["src"] for image in page.all("img"))
    for personal in ("Ada", "Sample", "l001@learner.example", "L001"):
        assert personal not in html


def test_links_images_and_fields_can_be_used_by_keyboard_and_read_aloud(html):
    page = Page(html)

    assert all(image["alt"].startswith("Badge: Data Analytics") for image in page.all("img"))
    assert all(link.get("href") and "tabindex" not in link for link in page.all("a"))
    fields = {one["id"] for one in page.all("input") + page.all("textarea")}
    assert {label["for"] for label in page.all("label")} == fields
    assert next(tag for tag, _ in page.elements if tag in ("h1", "h2")) == "h1"
    assert page.all("html")[0]["lang"] == "en"


def test_every_colour_of_text_can_be_read_on_its_paper(html):
    for scheme in re.findall(r":root \{([^}]*)\}", html):
        colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{3,6})", scheme))
        full = {name: "#" + "".join(c * 2 for c in v[1:]) if len(v) == 4 else v for name, v in colours.items()}
        for name in ("ink", "faint", "link", "good", "bad"):
            assert contrast(full[name], full["paper"]) >= 4.5, name


def test_linkedin_gets_its_form_filled_and_nothing_about_the_learner(html, shown):
    [link] = [one["href"] for one in Page(html).all("a") if "linkedin" in one["href"]]

    receipt = shown.find(sample_award())
    assert urlsplit(link).path == "/profile/add"
    assert parse_qs(urlsplit(link).query) == {
        "startTask": ["CERTIFICATION_NAME"],
        "name": ["Data Analytics"],
        "organizationName": ["Example University"],
        "issueYear": ["2026"],
        "issueMonth": ["5"],
        "certUrl": [receipt.url],
        "certId": [receipt.reference],
    }


def test_what_a_page_offers_is_there(html, shown):
    page = Page(html)
    near = [link["href"] for link in page.all("a") if "/" not in link["href"]]
    near += [link["href"] for link in page.all("link")]

    assert {Path(name).suffix for name in near} == {".json", ".png", ".svg"}
    for name in near:
        assert (shown.folder / name).exists()
    assert f'<a href="{shown.find(sample_award()).url}"><img' in page.text  # to be put into another page


def test_a_badge_that_was_taken_back_says_so_and_why_and_offers_nothing(shown, issued):
    made = issued(shown, sample_award())
    shown.revoke(shown.find(sample_award()), "It was awarded by <b>mistake</b>.")

    html = made.path.with_suffix(".html").read_text(encoding="utf-8")

    assert "Revoked on" in html
    assert "It was awarded by &lt;b&gt;mistake&lt;/b&gt;." in html
    assert "linkedin" not in html


def test_the_browser_shows_whatever_stands_in_a_badge_as_text(shown, issued, page_browser):
    award = sample_award(evidence=(Evidence(title=EVIL, detail=EVIL, url="javascript:alert(1)"),))
    made = issued(shown, replace(award, achievement=replace(award.achievement, title=EVIL, criteria=EVIL)))

    dom = Page(page_browser.dom(made.path.with_suffix(".html")))

    assert not dom.all("script")
    assert not any("onerror" in attributes for _, attributes in dom.elements)
    assert not any(link["href"].startswith("javascript:") for link in dom.all("a"))
    assert EVIL in dom.text


def test_the_browser_shows_the_picture_and_prints_the_page(shown, issued, page_browser, tmp_path):
    path = issued(shown, sample_award()).path.with_suffix(".html")

    picture = page_browser.picture(path, tmp_path / "page.png", "1100,1500")

    assert len(picture) > 20_000
    assert page_browser.paper(path, tmp_path / "page.pdf").startswith(b"%PDF")
    OB3LdpVerifier().verify(path.with_suffix(".json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def page_browser(tmp_path_factory):
    from tests.browser import Browser, find

    program = find()
    if program is None:
        pytest.skip("there is no browser: `make browser` installs one")
    return Browser(program, tmp_path_factory.mktemp("profile"))


def test_a_badge_that_ends_says_so_on_its_page_and_to_linkedin(shown, issued):
    made = issued(shown, sample_award(expires_on=date(2031, 5, 31)))

    page = Page(made.path.with_suffix(".html").read_text(encoding="utf-8"))

    assert "Valid until 2031-05-31" in page.text
    [link] = [one["href"] for one in page.all("a") if "linkedin" in one["href"]]
    assert "expirationYear=2031&expirationMonth=5&" in link
