"""Post: one message to the institution's mail server, and what is known of it afterwards."""

from __future__ import annotations

import re
import smtplib
import ssl
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from credrules import OutcomeUnknown, Refused, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pydantic import SecretStr

    from credrules_message.letters import Letter

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
GOODBYE_SECONDS = 5.0
PORTS = {"starttls": 587, "tls": 465, "none": 25}
_BEGINS_WITH_A_DOT = re.compile(rb"^\.", re.MULTILINE)
_ENHANCED = re.compile(rb"[245]\.\d{1,3}\.\d{1,3}\b")


@dataclass(frozen=True)
class Post:
    """Where messages are handed in. `trust` is what certificates are checked by: the system's, where it is None."""

    server: str
    port: int
    security: str = "starttls"
    user: str | None = None
    password: SecretStr | None = None
    timeout: float = 30.0
    trust: ssl.SSLContext | None = None

    def check(self) -> Iterator[str]:
        """What would keep the server from taking messages, as far as it says without being given one."""
        try:
            with self._connected():
                pass
        except Unavailable as error:
            yield str(error)

    def send(self, letter: Letter, begin: Callable[[], object]) -> None:
        """Hand a letter in. `begin` is called when the server is ready for its text, before the first word of it.

        Whatever goes wrong before that is Refused or Unavailable; so is an answer that says no. No answer after the
        text is OutcomeUnknown: the server may have taken it.
        """
        with self._connected() as smtp:
            options = _options(smtp, letter)
            _asked(lambda: smtp.mail(letter.sender, options), "the sender's address", never=False)
            _asked(lambda: smtp.rcpt(letter.recipient), f"the address of the {letter.to}", never=True)
            _asked(lambda: smtp.docmd("DATA"), "a message", never=True, good=354)
            begin()
            code, reply = self._hand_over(smtp, letter.data())
            _judge(code, reply, "the message", never=True)

    def _hand_over(self, smtp: smtplib.SMTP, data: bytes) -> tuple[int, bytes]:
        try:
            smtp.send(_BEGINS_WITH_A_DOT.sub(b"..", data) + b".\r\n")
            code, reply = smtp.getreply()
        except (OSError, smtplib.SMTPException) as error:
            raise OutcomeUnknown(
                f"{self.server} was given the message and did not say whether it took it ({type(error).__name__})."
            ) from None
        if code == -1:  # as smtplib says that there was no code in the answer
            raise OutcomeUnknown(f"{self.server} was given the message and gave an answer that is none.")
        return code, reply

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        """Raises Unavailable, which never holds what the server or the password says."""
        try:
            smtp = self._open()
        except smtplib.SMTPAuthenticationError as error:
            raise Unavailable(
                f"{self.server} refuses user and password ({_codes(error.smtp_code, error.smtp_error)})."
            ) from None
        except ssl.SSLError as error:
            raise Unavailable(
                f"{self.server} cannot be spoken to in private: {error.reason or 'TLS failed'}."
            ) from None
        except smtplib.SMTPException as error:
            raise Unavailable(f"{self.server} does not speak SMTP as it should: {type(error).__name__}.") from None
        except OSError as error:
            raise Unavailable(f"{self.server}:{self.port} cannot be reached: {error.strerror or error}.") from None
        try:
            yield smtp
            # What it was to say has been said; a failure to say goodbye changes nothing. After a failure none is said:
            # in the middle of a message it would be taken for a part of its text.
            with suppress(OSError, smtplib.SMTPException):
                if smtp.sock:
                    smtp.sock.settimeout(min(self.timeout, GOODBYE_SECONDS))
                smtp.quit()
        finally:
            smtp.close()

    def _open(self) -> smtplib.SMTP:
        smtp: smtplib.SMTP
        if self.security == "tls":
            smtp = smtplib.SMTP_SSL(self.server, self.port, timeout=self.timeout, context=self._trusted())
        else:
            smtp = smtplib.SMTP(self.server, self.port, timeout=self.timeout)
        try:
            smtp.ehlo_or_helo_if_needed()
            if self.security == "starttls":
                smtp.starttls(context=self._trusted())
                smtp.ehlo()
            if self.user is not None and self.password is not None:
                smtp.login(self.user, self.password.get_secret_value())
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _trusted(self) -> ssl.SSLContext:
        return self.trust or ssl.create_default_context()


def _options(smtp: smtplib.SMTP, letter: Letter) -> list[str]:
    if not letter.is_international:
        return []
    if not smtp.has_extn("smtputf8"):
        raise Refused(
            f"The address of the {letter.to} is not in ASCII, and the mail server takes no such addresses (SMTPUTF8)."
        )
    return ["SMTPUTF8", "BODY=8BITMIME"]


def _asked(ask: Callable[[], tuple[int, bytes]], what: str, *, never: bool, good: int = 250) -> None:
    """One step before the text. A line that breaks here breaks before anything was sent."""
    try:
        code, reply = ask()
    except (OSError, smtplib.SMTPException) as error:
        raise Unavailable(f"The mail server went away before it was given {what} ({type(error).__name__}).") from None
    _judge(code, reply, what, never=never, good=good)


def _judge(code: int, reply: bytes, what: str, *, never: bool, good: int = 250) -> None:
    """`never`: whether a permanent no is about this one message, so that a person has to look at it."""
    if code == good or (good == 250 and code == 251):
        return
    answer = f"The mail server does not take {what} ({_codes(code, reply)})."
    if never and 500 <= code < 600:
        raise Refused(answer)
    raise Unavailable(answer)


def _codes(code: int, reply: bytes | str) -> str:
    """What the server said, without its words: they often hold the address."""
    enhanced = _ENHANCED.match(reply if isinstance(reply, bytes) else reply.encode("ascii", "replace"))
    return f"{code} {enhanced[0].decode()}" if enhanced else str(code)
