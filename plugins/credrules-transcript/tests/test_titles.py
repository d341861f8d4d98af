from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credrules_transcript.titles import fit

TITLES = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("aé \u0301\u200d👩🏽🇩🇪"), max_size=60
).map(lambda text: unicodedata.normalize("NFC", " ".join(text.split())))


@pytest.mark.parametrize(
    ("title", "fitted"),
    [
        ("Data Analytics", "Data Analytics"),
        ("Data Analytics for", "Data Analytics for"),
        ("Data Analytics for All", "Data Analytics..."),
        ("Data Analyticsforeverybody", "Data..."),
        ("Data Analytics ab cde", "Data Analytics..."),
        ("Rechtsschutzversicherung", "Rechtsschutzver..."),
        ("Pro\u0301gramaDeDatos", "Pr\u00f3gramaDeDatos"),
        ("e\u0331" * 9 + "x", "e\u0331" * 7 + "..."),
        ("👩\u200d🔬" * 7, "👩\u200d🔬" * 5 + "..."),
        ("🇩🇪" * 10, "🇩🇪" * 7 + "..."),
        ("👍🏽" * 10, "👍🏽" * 7 + "..."),
    ],
)
def test_a_title_ends_with_a_whole_word_or_at_least_with_a_whole_character(title, fitted):
    assert fit(title, 18) == fitted


@given(TITLES, st.integers(10, 60))
def test_a_title_is_whole_or_a_beginning_with_the_mark_and_never_wider_than_the_line(title, width):
    fitted = fit(title, width)

    assert len(fitted) <= width
    if len(title) <= width:
        assert fitted == title
    else:
        kept = fitted.removesuffix("...")
        assert kept != fitted
        assert title.startswith(kept)
        rest = title[len(kept) :]
        assert not unicodedata.combining(rest[0])
        assert rest.startswith(" ") or " " not in title[: width - 2]
