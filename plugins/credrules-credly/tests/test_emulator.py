"""The emulator behaves as reference descriptions of Credly say: states, lists, tokens, limits."""

from __future__ import annotations

import base64

import httpx
import pytest

from .conftest import ORGANIZATION, TEMPLATE, TOKEN

LEARNER = {
    "badge_template_id": TEMPLATE,
    "recipient_email": "ada@learner.example",
    "issued_to_first_name": "Ada",
    "issued_to_last_name": "Sample",
    "issued_at": "2014-04-01 09:41:00 -0500",
    "issuer_earner_id": "L001",
}


@pytest.fixture
def client(emulator):
    with httpx.Client(
        base_url=f"{emulator.url}/organizations/{ORGANIZATION}", auth=(TOKEN, ""), trust_env=False
    ) as one:
        yield one


def issue(client, **changes):
    return client.post("/badges", json={**LEARNER, **changes})


def test_a_time_comes_back_in_utc(client):
    answer = issue(client)

    assert answer.status_code == 201
    assert answer.json()["data"]["issued_at"] == "2014-04-01T14:41:00.000Z"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"recipient_email": ""}, "Validation failed: Recipient email can't be blank"),
        ({"issued_to_last_name": None, "locale": "xx"}, "last name can't be blank, Locale is not included"),
        ({"issued_at": "2014-04-01T09:41:00Z"}, "Issued at is invalid"),
        ({"issued_at": None}, "Issued at can't be blank"),
        ({"badge_template_id": None}, "Invalid or missing Badge Template ID: "),
        ({"expires_at": "2013-01-01 00:00:00 +0000"}, "Expires at must be after"),
        ({"evidence": [{"type": "TextEvidence"}]}, "Evidence type is not included"),
    ],
)
def test_a_request_that_lacks_something_is_answered_422_in_the_envelope(emulator, client, changes, message):
    answer = issue(client, **changes)

    assert answer.status_code == 422
    assert message in answer.json()["data"]["message"]
    assert answer.json()["metadata"] is None
    assert emulator.badges() == []


@pytest.mark.parametrize(
    "same",
    [
        {"issuer_earner_id": None},  # the address is the same
        {"recipient_email": "ADA@learner.example", "issuer_earner_id": "L002"},
        {"recipient_email": "else@learner.example"},  # the earner id is
        {"recipient_email": "ada@home.example", "issuer_earner_id": None},  # the account is
    ],
)
def test_the_same_learner_is_known_by_address_account_or_earner_id(emulator, client, same):
    badge = issue(client).json()["data"]["id"]
    emulator.tell("accept", {"badge": badge})
    emulator.tell("merge", {"emails": ["ada@learner.example", "ada@home.example"]})

    answer = issue(client, **same)

    assert answer.status_code == 422
    assert "already has this badge" in answer.json()["data"]["message"]


@pytest.mark.parametrize(("counts", "status"), [(False, 201), (True, 422)])
def test_whether_a_rejected_badge_stands_in_the_way_is_a_setting(emulator, client, counts, status):
    emulator.tell("settings", {"closed_count_as_duplicates": counts})
    emulator.tell("reject", {"badge": issue(client).json()["data"]["id"]})

    assert issue(client).status_code == status


def test_lists_have_pages_of_fifty_with_links_on_another_path(client):
    for number in range(120):
        issue(client, issuer_earner_id=f"L{number}", recipient_email=f"l{number}@learner.example")
    pages, url = [], "/badges?filter=state::pending,accepted&sort=issued_at"
    while url:
        page = client.get(url).json()
        pages.append(page)
        url = page["metadata"]["next_page_url"]

    assert [len(page["data"]) for page in pages] == [50, 50, 20]
    assert pages[0]["metadata"]["next_page_url"].split("?")[0].endswith(f"/api/v1/organizations/{ORGANIZATION}/badges")
    assert {page["metadata"]["total_count"] for page in pages} == {120}
    assert len({badge["id"] for page in pages for badge in page["data"]}) == 120
    empty = client.get("/badges?filter=state::revoked").json()
    assert (empty["data"], empty["metadata"]["total_pages"]) == ([], 1)


def test_the_search_for_large_numbers_says_only_where_the_next_page_is(client):
    for number in range(60):
        issue(client, issuer_earner_id=f"L{number}", recipient_email=f"l{number}@learner.example")

    page = client.get("/high_volume_issued_badge_search?badge_format=minimal").json()

    assert set(page["metadata"]) == {"next_page_url"}
    assert "evidence" not in page["data"][0]
    assert len(client.get(page["metadata"]["next_page_url"]).json()["data"]) == 10


def test_a_replaced_badge_names_the_one_in_its_place(client):
    old = issue(client).json()["data"]["id"]
    body = {"badge_template_id": TEMPLATE, "issued_at": LEARNER["issued_at"]}
    new = client.post(f"/badges/{old}/replace", json=body).json()["data"]

    again = client.post(f"/badges/{old}/replace", json=body)

    assert (new["issuer_earner_id"], new["replaces_badge_id"]) == (None, old)  # what is left out is not copied
    assert again.status_code == 422
    assert again.json()["metadata"] == {"current_badge_id": new["id"]}
    assert again.json()["data"]["message"] == (
        "Validation failed: This badge cannot be replaced because it has already been replaced."
    )
    assert client.put(f"/badges/{old}/revoke", json={"reason": "x"}).status_code == 422


def test_anybody_sees_a_badge_until_it_is_revoked(emulator, client):
    badge = issue(client).json()["data"]["id"]
    url = f"{emulator.url}/obi/v2/badge_assertions/{badge}"

    assert httpx.get(url, trust_env=False).json()["type"] == "Assertion"
    client.put(f"/badges/{badge}/revoke", json={"reason": "It was wrong"})
    assert httpx.get(url, trust_env=False).status_code == 410
    assert httpx.get(url[:-1], trust_env=False).status_code == 404


def test_a_token_ends_and_may_do_only_what_it_may(emulator, client):
    emulator.tell("tokens", {"token": "may-only-read", "write": False, "delete": False})
    badge = issue(client).json()["data"]["id"]

    def status(method, path, token):
        return client.request(method, path, json={}, auth=(token, "")).status_code

    assert status("GET", "/badges", "may-only-read") == 200
    assert status("POST", "/badges", "may-only-read") == 403
    assert status("DELETE", f"/badges/{badge}", "may-only-read") == 403
    assert status("DELETE", f"/badges/{badge}", TOKEN) == 204
    assert status("GET", f"/badges/{badge}", TOKEN) == 404
    emulator.tell("clock", {"advance_seconds": 181 * 86_400})
    assert status("GET", "/badges", TOKEN) == 401


def test_only_the_documented_form_of_a_token_is_taken_unless_told_otherwise(emulator, client):
    odd = {"Authorization": "Basic " + base64.b64encode(TOKEN.encode()).decode()}

    assert httpx.get(f"{emulator.url}/organizations", headers=odd, trust_env=False).status_code == 401
    emulator.tell("settings", {"lenient": True})
    assert httpx.get(f"{emulator.url}/organizations", headers=odd, trust_env=False).status_code == 200
    assert emulator.tell("books")["odd_tokens"] >= 2


def test_an_oauth_client_gets_a_token_for_two_hours(emulator, client):
    emulator.tell("clients", {"client_id": "c", "client_secret": "s"})
    form = {"grant_type": "client_credentials", "client_id": "c", "client_secret": "s"}
    root = emulator.url.removesuffix("/v1")
    bearer = httpx.post(f"{root}/oauth/token", data=form, trust_env=False).json()["access_token"]
    header = {"Authorization": f"Bearer {bearer}"}

    assert httpx.get(f"{emulator.url}/organizations", headers=header, trust_env=False).status_code == 200
    emulator.tell("clock", {"advance_seconds": 7300})
    assert httpx.get(f"{emulator.url}/organizations", headers=header, trust_env=False).status_code == 401
    assert httpx.post(f"{root}/oauth/token", data={**form, "client_secret": "x"}, trust_env=False).status_code == 401


def test_over_the_limit_it_is_said_how_long_to_wait(emulator, client):
    emulator.tell("settings", {"limit": 2, "window": 30})

    answers = [client.get("/badges") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 1 <= int(answers[2].headers["Retry-After"]) <= 30


def test_it_can_be_reached_from_this_machine_alone(emulator):
    assert emulator.url.startswith("http://127.0.0.1:")
