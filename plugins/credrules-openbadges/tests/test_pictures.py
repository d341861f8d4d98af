"""Badges in pictures: drawn, baked, and read back by tools that are not ours."""

from __future__ import annotations

import json
from dataclasses import replace
from io import BytesIO

import pytest
from defusedxml import ElementTree as ET
from hypothesis import given, settings
from hypothesis import strategies as st
from openbadgeslib.baking import ITXT_KEYWORD_OB3, SVG_ELEMENT_OB3, extract_png, extract_svg
from openbadgeslib.ob3.ldp import OB3LdpVerifier
from PIL import Image

from credrules import Refused
from credrules.testing import sample_award
from credrules_openbadges import Look, OpenBadgesIssuer, Options, baking, image
from credrules_openbadges.image import Facts, contrast

URL = "https://university.example/badges"
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=300)
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"{}><rect width="9" height="9"/>{}</svg>'


@pytest.fixture
def shown(tmp_path, key_pem):
    return OpenBadgesIssuer("badges", tmp_path / "out", key_pem, URL, Options(look=Look()))


def in_png(path):
    return extract_png(path.read_bytes(), keyword=ITXT_KEYWORD_OB3)


def in_svg(path):
    return extract_svg(path.read_bytes(), element=SVG_ELEMENT_OB3, text_fallback=True)


def test_other_tools_read_the_badge_back_from_both_pictures(shown, issued):
    made = issued(shown, sample_award())

    for text in (in_png(made.path.with_suffix(".png")), in_svg(made.path.with_suffix(".svg"))):
        assert json.loads(text) == made.badge
        OB3LdpVerifier().verify(text)
    Image.open(BytesIO(made.path.with_suffix(".png").read_bytes())).verify()


def test_a_tool_from_npm_reads_the_badge_back(shown, issued, npm):
    made = issued(shown, sample_award())

    assert json.loads(npm("picture", made.path.with_suffix(".png"))["credential"]) == made.badge


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_a_picture_is_verified_as_its_badge_is(shown, issued, suffix):
    made = issued(shown, sample_award())
    path = made.path.with_suffix(suffix)
    assert shown.verify(path) == shown.verify(made.path)

    shown.revoke(shown.find(sample_award()), "It was awarded by mistake.")

    assert "taken back" in shown.verify(path).faults[0]


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_a_picture_with_one_byte_of_its_badge_changed_does_not_hold(shown, issued, suffix):
    path = issued(shown, sample_award()).path.with_suffix(suffix)
    path.write_bytes(path.read_bytes().replace(b'"Data Analytics"', b'"Data Analytic$"', 1))

    verification = shown.verify(path)

    assert verification is None or verification.faults


def test_the_badge_names_the_picture_of_its_program_which_is_there_and_carries_no_badge(shown, issued):
    made = [issued(shown, sample_award(learner)) for learner in ("L001", "L002")]

    pictures = {one.badge["credentialSubject"]["achievement"]["image"]["id"] for one in made}
    assert len(pictures) == 1
    path = shown.folder / pictures.pop().removeprefix(f"{URL}/")
    assert baking.from_png(path.read_bytes()) is None
    assert shown.verify(path) is None


def test_a_picture_says_what_it_shows_to_who_does_not_see_it():
    root = ET.fromstring(image.svg(Facts('Law & "Order" <b>', "Example University", "Advanced")))

    found = {child.tag.rpartition("}")[2]: child.text for child in root}
    assert root.get("role") == "img"
    assert found["title"] == 'Law & "Order" <b> · Advanced · Example University'
    assert found["desc"] == f"A badge: {found['title']}"


@given(st.integers(0, 0xFFFFFF))
def test_whatever_the_colour_the_text_can_be_read(number):
    facts = Facts("T", "U", colour=f"#{number:06x}")

    assert contrast(facts.ink, facts.colour) >= image.LEAST_CONTRAST


@settings(max_examples=25, deadline=None)
@given(TEXTS, TEXTS, st.just("") | TEXTS)
def test_every_text_fits_into_its_lines(title, institution, level):
    facts = Facts(title, institution, level)

    ET.fromstring(image.svg(facts))
    for line in image._lines(facts):
        assert image._font(None, line.size).getlength(line.text) <= image._ROOM + line.size  # dots may be added
        assert 190 < line.middle < 600


def test_a_long_title_stands_in_several_lines_and_none_of_it_is_lost():
    title = "Foundations of Inclusive Teaching, Assessment and Curriculum Design in Higher Education"

    lines = [line.text for line in image._lines(Facts(title, "")) if line.text]

    assert len(lines) > 2
    assert " ".join(lines) == title


def test_signs_that_the_font_lacks_are_in_the_svg_and_no_boxes_are_drawn(shown, issued):
    made = issued(shown, sample_award(achievement=replace(sample_award().achievement, title="数据分析")))

    assert not made.path.with_suffix(".png").exists()
    assert "数据分析" in made.path.with_suffix(".svg").read_text(encoding="utf-8")
    assert made.badge["credentialSubject"]["achievement"]["image"]["id"].endswith(".svg")


def supplied(tmp_path, key_pem, name, data):
    (tmp_path / "pictures").mkdir(exist_ok=True)
    (tmp_path / "pictures" / name).write_bytes(data)
    return OpenBadgesIssuer("b", tmp_path / "out", key_pem, URL, Options(look=Look(pictures=tmp_path / "pictures")))


def test_a_picture_that_the_institution_supplies_is_used(tmp_path, key_pem, issued):
    data = BytesIO()
    Image.new("RGB", (20, 20), "#00ff00").save(data, "PNG")
    issuer = supplied(tmp_path, key_pem, "data-analytics.png", data.getvalue())
    assert list(issuer.check()) == []

    made = issued(issuer, sample_award())

    assert Image.open(BytesIO(made.path.with_suffix(".png").read_bytes())).size == (20, 20)
    assert json.loads(in_png(made.path.with_suffix(".png"))) == made.badge
    assert b"data:image/png;base64," in made.path.with_suffix(".svg").read_bytes()
    assert json.loads(in_svg(made.path.with_suffix(".svg"))) == made.badge


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (SVG.format("", "<script>alert(1)</script>"), "does something"),
        (SVG.format(' onload="alert(1)"', ""), "does something"),
        (SVG.format("", '<a href="javascript:alert(1)"/>'), "elsewhere"),
        ('<!DOCTYPE svg [<!ENTITY a "b">]>' + SVG.format("", "&a;"), "document type"),
        ("<svg/>", "no SVG"),
        (SVG.format("", "<g>"), "no XML"),
        ('<svg xmlns="http://www.w3.org/2000/svg"/>', "empty"),
    ],
)
def test_a_supplied_picture_that_could_do_more_than_be_seen_is_refused(tmp_path, key_pem, bad, why):
    issuer = supplied(tmp_path, key_pem, "data-analytics.svg", bad.encode())

    assert why in next(iter(issuer.check()))
    with pytest.raises(Refused, match=why):
        issuer.issue(sample_award())


def test_a_supplied_svg_with_odd_signs_in_its_first_tag_is_baked_where_it_should(tmp_path, key_pem, issued):
    odd = '<?xml version="1.0"?><!-- <svg> -->' + SVG.format(" id='a>b'", "")
    made = issued(supplied(tmp_path, key_pem, "data-analytics.svg", odd.encode()), sample_award())

    assert json.loads(in_svg(made.path.with_suffix(".svg"))) == made.badge
    first = ET.fromstring(made.path.with_suffix(".svg").read_text(encoding="utf-8"))[0]
    assert first.tag == "{https://purl.imsglobal.org/ob/v3p0}credential"


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=80))
def test_any_text_is_read_back_from_both_pictures_by_us_and_by_others(text):
    credential = json.dumps({"a": text, "b": "]]>"}, ensure_ascii=False)
    png = baking.into_png(image.png(Facts("T", "U")), credential)
    svg = baking.into_svg(image.svg(Facts("T", "U")), credential)

    for found in (baking.from_png(png), extract_png(png, keyword=ITXT_KEYWORD_OB3), baking.from_svg(svg)):
        assert json.loads(found) == json.loads(credential)
    assert json.loads(extract_svg(svg, element=SVG_ELEMENT_OB3, text_fallback=True)) == json.loads(credential)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_picture_brings_the_reader_down(data):
    whole = baking.into_png(image.png(Facts("T", "U")), '{"a": 1}')
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    for picture in (cut, data.draw(st.binary(max_size=60)), b"\x89PNG\r\n\x1a\n" + data.draw(st.binary(max_size=60))):
        with pytest.raises(baking.NoPicture):
            baking.from_png(picture)
