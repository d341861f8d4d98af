"""Whatever a learner is called and whatever Credly says, nothing breaks and nothing is believed too soon."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from credrules import AcceptanceState, Refused
from credrules.http_client import Clock
from credrules.testing import sample_award
from credrules_credly import Line, Manner
from credrules_credly.account import impersonal
from credrules_credly.request import earner_id, issue_request
from credrules_credly.shapes import BadgeShape, EventShape, TemplateShape, understood

from .conftest import TEMPLATE

TEXT = st.text(st.characters(exclude_categories=()), max_size=40)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
BADGE = {
    "id": "3d566829-ce3c-4719-9588-a89fb8646742",
    "state": "accepted",
    "badge_template": {"id": TEMPLATE},
    "issuer_earner_id": "L001",
    "created_at": "2021-04-14T07:33:44.113Z",
    "state_updated_at": None,
    "issued_at": "2021-04-14T07:22:14.000Z",
    "replacement_badge_id": None,
    "replaces_badge_id": None,
    "badge_url": "https://www.credly.com/badges/3d566829-ce3c-4719-9588-a89fb8646742",
    "evidence": [],
}


@settings(max_examples=200, deadline=None)
@given(data=JSON, name=st.sampled_from(sorted(BADGE)))
def test_any_json_in_any_field_is_understood_or_is_no_badge(data, name):
    badge = understood(BadgeShape, {**BADGE, name: data})

    assert understood(TemplateShape, data) is None or isinstance(data, dict)
    assert understood(EventShape, data) is None or isinstance(data, dict)
    if badge:
        assert re.fullmatch(r"[0-9A-Za-z_-]{1,64}", badge.id)
        assert badge.acceptance in AcceptanceState
        assert badge.url is None or badge.url.startswith("https://")
        assert badge.references() is not None
        badge.state.encode()


@settings(max_examples=200, deadline=None)
@given(first=TEXT, second=TEXT)
def test_an_earner_id_has_no_sign_of_the_filters_grammar_and_is_one_learners(first, second):
    ids = [earner_id(sample_award(learner, "credly")) for learner in (first, second)]

    assert all(re.fullmatch(r"[0-9A-Za-z_.@-]{1,64}", one) for one in ids)
    assert (ids[0] == ids[1]) == (first == second)


@settings(max_examples=100, deadline=None)
@given(given_name=TEXT, family=TEXT, email=TEXT | st.emails(), title=TEXT, learner=TEXT)
def test_a_request_is_whole_or_is_refused(given_name, family, email, title, learner):
    award = sample_award(learner, "credly", options={"template": TEMPLATE})
    person = type(award.recipient)(
        learner_id=learner, name=f"{given_name} {family}", given_name=given_name, family_name=family, email=email
    )
    evidence = (type(award.evidence[0])(title=title, detail=title),)
    changed = sample_award(learner, "credly", recipient=person, evidence=evidence, options=award.options)

    try:
        body = issue_request(changed, Manner(evidence="details"))
    except Refused:
        return
    str(body).encode()
    assert 0 < len(body["issued_to_first_name"]) <= 255
    assert 0 < len(body["issued_to_last_name"]) <= 255
    assert all(item["title"] for item in body["evidence"])


@settings(max_examples=200, deadline=None)
@given(before=TEXT, after=TEXT, person=st.text(st.characters(categories=["L"]), min_size=3, max_size=12))
def test_a_message_is_kept_without_the_person_it_repeats(before, after, person):
    message = f"{before} {person.upper()} {after} {person}@home.example"

    kept = impersonal(message, [person, person.upper()])

    assert len(kept) <= 300
    assert f"{person}@" not in kept
    assert person not in kept
    assert all(sign.isprintable() for sign in kept)


@settings(max_examples=200, deadline=None)
@given(said=st.none() | TEXT | st.integers().map(str) | st.datetimes().map(str))
def test_whatever_a_service_asks_to_wait_it_is_a_number_of_seconds(said):
    assert 0 <= LINE._asked_wait(said) < float("inf")


NOW = datetime(2026, 5, 20, 12, 0, 30, tzinfo=UTC)
LINE = Line("http://127.0.0.1:1/v1", SecretStr("a-token-for-nobody"), clock=Clock(wall=lambda: NOW))
