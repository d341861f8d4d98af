"""Whatever goes wrong is one of three failures, and no failure leads to a second badge or to none."""

from __future__ import annotations

import socket
import threading

import pytest

from credrules import OutcomeUnknown, Refused, Unavailable
from credrules_credly import CredlyIssuer

from .conftest import ORGANIZATION, TEMPLATE

LOST_BEFORE = ("drop-before", "hang-before", "500-before", "502", "503")
LOST_AFTER = ("drop-after", "hang-after", "500-after", "truncated", "malformed", "wrong-shape", "wrong-badge", "deep")
BROKEN_READS = ("drop-before", "drop-after", "500-before", "502", "503", "truncated", "malformed", "deep", "huge")


@pytest.fixture
def quick(make_credly):
    """An issuer that does not wait long for an answer."""
    return make_credly(timeout=0.4)


@pytest.mark.parametrize("fault", LOST_BEFORE)
def test_a_call_that_did_not_arrive_is_unknown_and_then_surely_not_found(emulator, quick, award, fault):
    emulator.fault(fault, on="issue", seconds=0.8)

    with pytest.raises(OutcomeUnknown):
        quick.issue(award())

    assert quick.find(award()) is None
    assert quick.issue(award()) == quick.find(award())
    assert len(emulator.badges()) == 1


@pytest.mark.parametrize("fault", [*LOST_AFTER, "huge"])
def test_a_call_whose_answer_was_lost_is_unknown_and_then_found(emulator, quick, award, fault):
    emulator.fault(fault, on="issue", seconds=0.8)

    with pytest.raises(OutcomeUnknown):
        quick.issue(award())

    [badge] = emulator.badges()
    assert quick.find(award()).reference == badge["id"]
    assert quick.issue(award()).reference == badge["id"]
    assert len(emulator.badges()) == 1


@pytest.mark.parametrize("fault", BROKEN_READS)
def test_a_look_that_fails_once_is_taken_again(emulator, issuer, award, fault):
    receipt = issuer.issue(award())
    emulator.fault(fault, on="list")

    assert issuer.find(award()) == receipt


@pytest.mark.parametrize("fault", [*BROKEN_READS[:-1], "wrong-shape", "redirect"])
def test_a_look_that_goes_on_failing_is_never_taken_for_not_found(emulator, issuer, award, fault):
    issuer.issue(award())
    emulator.fault(fault, on="list", times=None)

    with pytest.raises(Unavailable):
        issuer.find(award())


def test_an_answer_that_is_slow_is_waited_for(emulator, make_credly, award):
    emulator.fault("slow", on="issue", seconds=0.5)

    assert make_credly(timeout=5).issue(award())


def test_where_nobody_listens_nothing_happened(make_credly, emulator, award):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    issuer = make_credly()
    issuer.check()
    issuer._account.templates()  # the template is known; Credly goes away only now
    issuer._account._line.url = nobody

    with pytest.raises(Unavailable, match="cannot be reached: ConnectError"):
        issuer.issue(award())

    assert emulator.badges() == []


@pytest.mark.parametrize("status", ["token", "rights"])
def test_a_token_that_is_not_taken_stops_the_issuer_and_no_award_is_lost(emulator, make_credly, award, status):
    body = (
        {"token": "another-token", "write": False} if status == "rights" else {"token": "ended-token", "expires_in": 0}
    )
    emulator.tell("tokens", body)
    issuer = make_credly(token=body["token"])

    with pytest.raises(Unavailable, match="403" if status == "rights" else "401.*180 days") as raised:
        issuer.issue(award())

    assert body["token"] not in str(raised.value)
    assert [("401" in text, "token" in text) for text in issuer.check()] == [(True, True)] * (status == "token")


def test_an_organization_that_credly_does_not_know_is_said_by_the_check(make_account):
    account = make_account()
    account._path = "/organizations/nobody"

    assert list(CredlyIssuer("credly", account).check()) == [
        f"Credly knows no organization {ORGANIZATION}, or not for this token."
    ]


def test_a_template_that_is_archived_is_refused_and_can_be_issued_once_it_is_not(emulator, make_account, issuer, award):
    line = make_account()._line
    path = f"/organizations/{ORGANIZATION}/badge_templates/{TEMPLATE}"
    line.write("PUT", path, {"state": "archived"})

    with pytest.raises(Refused, match=r"data-analytics cannot be issued: the template .* is archived"):
        issuer.issue(award())
    line.write("PUT", path, {"state": "active"})

    assert issuer.issue(award())


def test_a_template_that_was_archived_a_moment_ago_is_told_from_a_duplicate(make_account, issuer, award):
    issuer.issue(award("L001"))
    path = f"/organizations/{ORGANIZATION}/badge_templates/{TEMPLATE}"
    make_account()._line.write("PUT", path, {"state": "archived"})

    with pytest.raises(Refused, match=r"Credly refused it \(422\): Validation failed: Badge template is archived"):
        issuer.issue(award("L002"))


def test_what_credly_repeats_of_a_person_is_not_kept(emulator, make_account, issuer, award):
    """The emulator's message names the address, as Credly's do."""
    person = award().recipient.__class__(
        learner_id="L9", name="Ada Sample", given_name="Ada", family_name="Sample", email="ada@odd.example"
    )
    body = {
        "badge_template_id": TEMPLATE,
        "recipient_email": "not an@address",
        "issued_to_first_name": person.given_name,
    }
    with pytest.raises(Refused) as raised:
        make_account().issue({**body, "issued_to_last_name": "Sample"}, ["not an@address", "Ada"])

    assert str(raised.value) == (
        "Credly refused it (422): Validation failed: Recipient email [...] is not a valid email address"
    )


def test_what_is_issued_but_not_yet_listed_is_unknown_until_it_is_and_never_issued_twice(emulator, issuer, award):
    emulator.tell("settings", {"lag": 3600})
    emulator.fault("drop-after", on="issue")
    with pytest.raises(OutcomeUnknown):
        issuer.issue(award())

    assert issuer.find(award()) is None
    with pytest.raises(OutcomeUnknown, match="does not show it yet"):
        issuer.issue(award())
    emulator.tell("clock", {"advance_seconds": 3700})

    assert issuer.find(award()).reference == emulator.badges()[0]["id"]
    assert len(emulator.badges()) == 1


@pytest.mark.parametrize("fault", [*LOST_BEFORE, *LOST_AFTER])
def test_taking_back_may_be_repeated_after_any_failure(emulator, quick, award, fault):
    receipt = quick.issue(award())
    emulator.fault(fault, on="revoke", seconds=0.8)

    try:
        quick.revoke(receipt, "A grade was corrected.")
    except OutcomeUnknown:
        quick.revoke(receipt, "A grade was corrected.")

    [badge] = emulator.badges()
    assert (badge["state"], badge["reason"]) == ("revoked", "A grade was corrected.")


def test_many_threads_with_one_award_issue_one_badge(emulator, issuer, award):
    receipts, start = [], threading.Barrier(8)

    def issue():
        start.wait()
        receipts.append(issuer.issue(award()))

    threads = [threading.Thread(target=issue) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(receipts) == 8
    assert len({receipt.reference for receipt in receipts}) == len(emulator.badges()) == 1
