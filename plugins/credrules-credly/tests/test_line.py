"""The line to Credly: how long it waits, what it believes, and what it never tells anybody."""

from __future__ import annotations

import logging
import ssl
import threading
import time
import traceback
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from pydantic import SecretStr

from credrules import OutcomeUnknown, Unavailable
from credrules.http_client import Clock
from credrules_credly import Line

from .conftest import ORGANIZATION, TOKEN

PATH = f"/organizations/{ORGANIZATION}/badges"


# Waiting.


@pytest.mark.parametrize(("said", "waited"), [("7", 7), ("0", 0), (None, 61), ("soon", 61), ("-5", 61), ("", 61)])
def test_a_wait_that_credly_asks_for_is_kept_and_then_it_is_issued_once(
    emulator, make_credly, award, at_once, said, waited
):
    at_once.wall = lambda: datetime(2026, 5, 20, 12, 0, 0, tzinfo=UTC)
    emulator.fault("429", on="issue", retry_after=said)

    make_credly().issue(award())

    assert sum(at_once.waits) == waited
    assert len(emulator.badges()) == 1


def test_a_wait_may_be_a_day_and_an_hour(emulator, make_credly, award, at_once):
    now = datetime(2026, 5, 20, 12, 0, 0, tzinfo=UTC)
    at_once.wall = lambda: now
    emulator.fault("429", on="issue", retry_after=format_datetime(now + timedelta(seconds=40), usegmt=True))

    make_credly().issue(award())

    assert sum(at_once.waits) == 40


@pytest.mark.parametrize("said", ["3600", "999999999", "99999999999999999999"])
def test_a_wait_that_is_too_long_leaves_the_award_owed(emulator, make_credly, award, said):
    emulator.fault("429", on="issue", retry_after=said, times=None)

    with pytest.raises(Unavailable, match=r"asks to wait for \d+ seconds more \(429\)"):
        make_credly(patience=120).issue(award())

    assert emulator.badges() == []


def test_while_credly_asks_to_wait_nobody_asks_again(emulator, make_credly, award):
    issuer = make_credly(patience=120)
    emulator.fault("429", on="issue", retry_after="3600", times=None)
    with pytest.raises(Unavailable):
        issuer.issue(award("L001"))
    calls = emulator.calls("list")

    with pytest.raises(Unavailable):
        issuer.find(award("L002"))

    assert emulator.calls("list") == calls


def test_a_limit_that_credly_keeps_is_kept_to_and_every_award_is_issued(emulator, make_credly, award):
    emulator.tell("settings", {"limit": 5, "window": 1.0})
    issuer = make_credly(clock=Clock(), patience=30)
    began = time.monotonic()

    for number in range(9):  # and one request for the templates
        issuer.issue(award(f"L{number}"))

    assert len(emulator.badges()) == 9
    assert time.monotonic() - began >= 1.0


def test_a_pace_that_is_set_is_kept(make_credly, award, at_once):
    issuer = make_credly(requests_per_minute=30)

    for number in range(4):  # and one request for the templates
        issuer.issue(award(f"L{number}"))

    assert at_once.waits == [2.0] * 4


# Believing.


class Rude(BaseHTTPRequestHandler):
    """A server that answers what the test says."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.seen.append((self.path, self.headers.get("Authorization"), self.client_address))
        self.server.answer(self)

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()

    def log_message(self, *_):
        pass

    def say(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in {"Content-Length": len(body), **headers}.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def rude():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Rude)
    server.daemon_threads = True
    server.seen = []
    server.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def line(rude, at_once):
    line = Line(rude.url, SecretStr(TOKEN), timeout=0.5, clock=at_once)
    yield line
    line.close()


@pytest.mark.parametrize(
    "page", ["https://elsewhere.example/v1/x", "http://127.0.0.1:1/v1/x", "/v1/x", "http://[", 7, {"a": 1}]
)
def test_a_next_page_on_another_machine_is_never_asked_for(rude, line, page):
    body = httpx.Response(200, json={"data": [], "metadata": {"next_page_url": page}}).content
    rude.answer = lambda one: one.say(200, body)

    with pytest.raises(Unavailable):
        list(line.pages("/x", {}))

    assert len(rude.seen) == 1


def test_a_list_that_goes_round_in_a_circle_ends(rude, line):
    body = httpx.Response(200, json={"data": [1], "metadata": {"next_page_url": f"{rude.url}/x?page=2"}}).content
    rude.answer = lambda one: one.say(200, body)

    with pytest.raises(Unavailable, match="a page twice"):
        list(line.pages("/x", {}))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"\xff\xfe",
        b'{"data": NaN}',
        b'{"data": 1, "metadata": [1]}',
        b'{"data": ' + b"1" * 5000 + b"}",
        b'{"data":' + b'{"a":' * 50_000 + b"1" + b"}" * 50_000 + b"}",
    ],
)
def test_an_answer_that_is_not_of_credlys_shape_is_not_believed(rude, line, body):
    rude.answer = lambda one: one.say(201, body)

    with pytest.raises(OutcomeUnknown, match="answer was lost"):
        line.write("POST", PATH, {})
    with pytest.raises(Unavailable, match="no answer that can be read"):
        line.read(PATH)


def test_an_answer_that_is_compressed_is_not_unpacked(rude, line):
    rude.answer = lambda one: one.say(200, b"\x1f\x8b", Content_Encoding="gzip")

    with pytest.raises(OutcomeUnknown):
        line.write("POST", PATH, {})


def test_an_answer_that_drips_ends(rude, line):
    def drip(one):
        one.send_response(200)
        one.end_headers()
        try:
            for _ in range(100):
                one.wfile.write(b" ")
                one.wfile.flush()
                time.sleep(0.1)
        except OSError:
            pass

    rude.answer = drip
    began = time.monotonic()

    with pytest.raises(OutcomeUnknown):
        line.write("POST", PATH, {})

    assert time.monotonic() - began < 5


def test_connections_are_used_again(rude, line):
    rude.answer = lambda one: one.say(200, b'{"data": []}')

    for _ in range(5):
        line.read(PATH)

    assert len({client for _, _, client in rude.seen}) == 1


def test_a_certificate_that_nobody_vouches_for_is_not_taken(rude, tmp_path, at_once):
    certificate = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    rude.socket = context.wrap_socket(rude.socket, server_side=True)
    rude.answer = lambda one: one.say(200, b'{"data": []}')
    line = Line(rude.url.replace("http:", "https:"), SecretStr(TOKEN), timeout=2, clock=at_once)

    with pytest.raises(Unavailable):
        line.read(PATH)

    assert rude.seen == []
    line.close()


def self_signed(folder):
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


# Never telling.

FIRST, SECOND = "s4711", "s4712"


def test_no_log_no_repr_and_no_error_holds_the_token_or_a_person(emulator, make_credly, award, caplog):
    caplog.set_level(logging.DEBUG)
    issuer = make_credly()
    texts = [repr(issuer), repr(issuer._account._line), repr(vars(issuer._account._line))]
    first, second = award(FIRST), award(SECOND)
    receipt = issuer.issue(first)
    issuer.find(first)
    for fault in ("drop-after", "redirect", "malformed", "429", "503", "deep"):
        emulator.fault(fault, on="issue", retry_after="9999")
        try:
            make_credly().issue(second)
        except (OutcomeUnknown, Unavailable) as error:
            texts.append("".join(traceback.format_exception(error)))
    issuer.revoke(receipt, "It was wrong.")
    texts += [caplog.text, *(str(vars(record)) for record in caplog.records)]

    assert any("HTTP Request" in text for text in texts)  # so the library did log
    basic = httpx.BasicAuth(TOKEN, "")._auth_header.removeprefix("Basic ")
    for text in texts:
        for secret in (TOKEN, basic, "learner.example", "Sample", FIRST, SECOND):
            assert secret not in text
