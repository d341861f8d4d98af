from __future__ import annotations

import email
import email.policy
import socket
import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.headerregistry import Address
from typing import TYPE_CHECKING

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from credrules_message import Addresses, MessageIssuer, Post

if TYPE_CHECKING:
    from email.message import EmailMessage


@dataclass
class Mailroom:
    """A mail server's mind: it keeps what it took, and goes wrong as it is told to."""

    letters: list[tuple[list[str], EmailMessage]] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)  # to an address, instead of yes
    after_text: str = "250 2.0.0 taken"
    dies_before_answer: bool = False
    dies_before_text: bool = False
    logins: list[str] = field(default_factory=list)
    password: bytes = b"open sesame"


class Server:
    """A real mail server on this machine."""

    def __init__(self, **options) -> None:
        self.room = Mailroom()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port, enable_SMTPUTF8=True, **options)

    async def handle_MAIL(self, server, session, envelope, address, options):
        if self.room.dies_before_text:
            server.transport.abort()
        envelope.mail_from = address
        return "250 2.1.0 ok"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.room.answers:
            return self.room.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server, session, envelope):
        if self.room.after_text.startswith("250"):
            message = email.message_from_bytes(envelope.content, policy=email.policy.default)
            self.room.letters.append((envelope.rcpt_tos, message))
        if self.room.dies_before_answer:
            server.transport.abort()
        return self.room.after_text

    def authenticate(self, server, session, envelope, mechanism, data):
        self.room.logins.append(data.login.decode())
        return AuthResult(success=data.password == self.room.password, handled=False)

    def __enter__(self) -> Server:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()


@pytest.fixture(scope="session")
def running():
    with Server() as server:
        yield server


@pytest.fixture
def mailroom(running):
    """The mind of the server, fresh for each test."""
    running.room = Mailroom()
    return running.room


@pytest.fixture
def make_message(running, mailroom, tmp_path):
    """A function that makes an issuer on the same journal every time."""

    def make(templates=None, office=None, reply_to=None, port=None):
        return MessageIssuer(
            "message",
            Post("127.0.0.1", port or running.port, security="none", timeout=5),
            Addresses(Address("Micro-credentials, UB", addr_spec="micro@university.example"), reply_to, office),
            tmp_path / "journal",
            templates,
        )

    return make


@pytest.fixture
def issuer(make_message):
    return make_message()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1 by nobody, and what trusts it: (the server's side, the client's)."""
    folder = tmp_path_factory.mktemp("certificate")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, SHA256())
    )
    pem = made.public_bytes(Encoding.PEM)
    path = folder / "server.pem"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + pem)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(path)
    return server, ssl.create_default_context(cadata=pem.decode())
