"""Webhooks are believed only once they were asked about, and one that is lost is made good by asking."""

from __future__ import annotations

import io
import threading
import time
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from credrules import AcceptanceState, Unavailable
from credrules_credly import Webhooks

from .conftest import ORGANIZATION


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def changes():
    return []


@pytest.fixture
def account(make_account):
    return make_account()


@pytest.fixture
def webhooks(issuer, account, changes):
    return Webhooks(issuer, account, changes.append)


@pytest.fixture
def listening(webhooks, account):
    """The receiver on a real port, which the emulator knows."""
    server = make_server("127.0.0.1", 0, webhooks, handler_class=Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}/credly"
    account._line.write("PUT", f"/organizations/{ORGANIZATION}", {"webhook_url": url})
    yield webhooks
    account._line.write("PUT", f"/organizations/{ORGANIZATION}", {"webhook_url": None})
    server.shutdown()
    thread.join()
    server.server_close()


def until(condition):
    deadline = time.monotonic() + 10
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert condition()


def posted(webhooks, body, **environ):
    said = []
    given = {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body), **environ}
    list(webhooks(given, lambda status, _: said.append(status)))
    return said[0]


def test_an_acceptance_is_told_of_as_the_badge_stands_now(emulator, issuer, award, listening, changes):
    receipt = issuer.issue(award())
    emulator.tell("accept", {"badge": receipt.reference})
    until(lambda: emulator.tell("books")["webhooks"]["delivered"] == 2)

    assert listening.follow_up() == 2

    assert {(one.reference, one.state) for one in changes} == {(receipt.reference, AcceptanceState.ACCEPTED)}


def test_a_notice_that_comes_twice_is_followed_once(emulator, issuer, award, listening, changes):
    emulator.tell("settings", {"double_webhooks": 1.0})
    issuer.issue(award())
    until(lambda: emulator.tell("books")["webhooks"]["delivered"] == 2)

    assert listening.follow_up() == 2
    assert len(changes) == 1


def test_what_lost_notices_did_not_say_is_there_for_the_asking(emulator, issuer, award, listening, changes):
    emulator.tell("settings", {"lose_webhooks": 1.0})
    receipts = [issuer.issue(award(f"L{number}")) for number in range(3)]
    emulator.tell("accept", {"badge": receipts[0].reference})
    emulator.tell("reject", {"badge": receipts[1].reference})

    assert (listening.follow_up(), changes) == (0, [])
    assert emulator.tell("books")["webhooks"]["lost"] == 5
    assert [str(one.state) for one in issuer.acceptances(receipts)] == ["accepted", "rejected", "pending"]


def test_an_invented_notice_changes_nothing_and_is_asked_about(webhooks, changes):
    forged = (
        b'{"id": "11111111-1111-4111-8111-111111111111", "event_type": "badge.state.changed", "badge": {"state": "x"}}'
    )

    assert posted(webhooks, forged) == "200 OK"
    assert webhooks.follow_up() == 1
    assert changes == []


@pytest.mark.parametrize(
    ("body", "environ", "status"),
    [
        (b"{}", {}, "400"),
        (b"not json", {}, "400"),
        (b'{"id": "../../organizations", "event_type": "badge.created"}', {}, "400"),
        (b"[" * 60_000, {}, "400"),
        (b"", {"REQUEST_METHOD": "GET"}, "405"),
        (b"x", {"CONTENT_LENGTH": "9999999"}, "413"),
        (b"x", {"CONTENT_LENGTH": "-1"}, "413"),
        (b"x", {"CONTENT_LENGTH": ""}, "413"),
    ],
)
def test_what_is_no_notice_is_not_taken_for_one(webhooks, body, environ, status):
    assert posted(webhooks, body, **environ).startswith(status)
    assert webhooks.follow_up() == 0


def test_while_credly_cannot_be_asked_notices_wait(emulator, account, issuer, award, webhooks, changes):
    receipt = issuer.issue(award())
    event = account._line.read(f"/organizations/{ORGANIZATION}/events").data[0]
    assert posted(webhooks, f'{{"id": "{event["id"]}", "event_type": "badge.created"}}'.encode()) == "200 OK"
    emulator.fault("503", times=None)
    with pytest.raises(Unavailable):
        webhooks.follow_up()
    emulator.tell("faults", [])

    webhooks.follow_up()

    assert [one.reference for one in changes] == [receipt.reference]


def test_when_too_many_wait_credly_is_asked_to_come_again(webhooks, monkeypatch):
    monkeypatch.setattr(webhooks, "_waiting", type(webhooks._waiting)(1))
    notice = b'{"id": "1", "event_type": "badge.created"}'

    assert posted(webhooks, notice) == "200 OK"
    assert posted(webhooks, notice).startswith("503")
