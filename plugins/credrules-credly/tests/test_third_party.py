"""Somebody else's client, unchanged, takes the emulator for Credly: it is not only our own reading of the service."""

from __future__ import annotations

import credly
import pytest
from credly.exceptions import NotFoundError, RateLimitError, UnauthorizedError, ValidationError

from .conftest import ORGANIZATION, TEMPLATE, TOKEN

LEARNER = {
    "badge_template_id": TEMPLATE,
    "recipient_email": "ada@learner.example",
    "issued_to_first_name": "Ada",
    "issued_to_last_name": "Sample",
    "issued_at": "2026-05-20 12:00:00 +0000",
    "issuer_earner_id": "L001",
}


@pytest.fixture
def client(emulator):
    client = credly.Client(api_key=TOKEN, base_url=emulator.url.removesuffix("/v1"))
    yield client
    client.http.session.close()


def test_it_lists_organizations_and_templates(emulator, client):
    for number in range(120):
        emulator.tell("templates", {"id": f"b1000000-0000-4000-8000-000000000{number:03}", "name": f"T{number:03}"})

    assert [one["id"] for one in client.organizations.list()] == [ORGANIZATION]
    assert len({one.id for one in client.badge_templates.list(ORGANIZATION)}) == 121
    assert [one.name for one in client.badge_templates.list(ORGANIZATION, filter="name::T007")] == ["T007"]
    assert [one.name for one in client.badge_templates.list(ORGANIZATION, sort="-name", page=1, per=2)] == [
        "T119",
        "T118",
    ]
    assert client.badge_templates.get(ORGANIZATION, TEMPLATE).state == "active"


def test_it_issues_replaces_revokes_and_deletes(client):
    badge = client.badges.issue(ORGANIZATION, **LEARNER)
    assert (badge.state, badge.issued_at_date, badge["badge_template"]["id"]) == ("pending", "2026-05-20", TEMPLATE)

    new = client.badges.replace(
        ORGANIZATION, badge.id, badge_template_id=TEMPLATE, issued_at="2027-05-20 12:00:00 +0000"
    )
    assert client.badges.get(ORGANIZATION, badge.id).replacement_badge_id == new.id
    assert client.badges.revoke(ORGANIZATION, new.id, reason="It was wrong").state == "revoked"
    assert [one.state for one in client.badges.list(ORGANIZATION)] == ["revoked", "replaced"]
    client.badges.delete(ORGANIZATION, new.id)
    with pytest.raises(NotFoundError):
        client.badges.get(ORGANIZATION, new.id)


def test_it_understands_what_goes_wrong(emulator, client):
    client.badges.issue(ORGANIZATION, **LEARNER)

    with pytest.raises(ValidationError) as duplicate:
        client.badges.issue(ORGANIZATION, **LEARNER)
    with pytest.raises(ValidationError) as missing:
        client.badges.issue(ORGANIZATION, **{**LEARNER, "badge_template_id": "nothing"})
    emulator.fault("429")
    with pytest.raises(RateLimitError):
        next(client.badges.list(ORGANIZATION))
    with pytest.raises(UnauthorizedError):
        next(credly.Client("another-token", client.http.base_url).organizations.list())

    assert "already has this badge" in duplicate.value.response["data"]["message"]
    assert missing.value.response["data"]["message"] == "Invalid or missing Badge Template ID: nothing"


def test_it_rotates_its_token(client):
    new = client.authorization_tokens.rotate(ORGANIZATION)

    with pytest.raises(UnauthorizedError):
        next(client.organizations.list())
    with_new = credly.Client(new.token, client.http.base_url)
    assert [one.id for one in with_new.authorization_tokens.list(ORGANIZATION)] == [new.id]
    with_new.http.session.close()


def test_what_it_has_issued_our_client_finds(client, issuer, award):
    theirs = client.badges.issue(ORGANIZATION, **LEARNER)

    assert issuer.find(award("L001")).reference == theirs.id
