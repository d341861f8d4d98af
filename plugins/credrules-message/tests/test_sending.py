"""What is sent, to whom, and how often, whatever the server does."""

from __future__ import annotations

import logging
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from email.headerregistry import Address

import pytest
from pydantic import SecretStr

from credrules import OptionsReader, OutcomeUnknown, Refused, Unavailable
from credrules.testing import sample_award
from credrules_message import Post
from credrules_message.journal import What, digest

from .conftest import Server


def award_to(to, **changes):
    award = sample_award(options={"to": to}, **changes)
    return replace(award, achievement=replace(award.achievement, lead_email="lead@university.example"))


def with_address(address):
    award = sample_award()
    return replace(award, recipient=replace(award.recipient, email=address))


def text_of(message):
    return message.get_body(("plain",)).get_content().replace("\r\n", "\n")


def html_of(message):
    return message.get_body(("html",)).get_content().replace("\r\n", "\n")


# What is in a message.


def test_a_learner_is_told_what_was_awarded_in_text_and_in_html(issuer, mailroom):
    receipt = issuer.issue(sample_award())

    ((recipients, message),) = mailroom.letters
    assert recipients == ["l001@learner.example"]
    assert message["To"] == "l001@learner.example"
    assert message["From"] == '"Micro-credentials, UB" <micro@university.example>'
    assert message["Subject"] == "Example University: Data Analytics has been awarded to you"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"] == receipt.reference == f"<{digest(sample_award().key)}@university.example>"
    for said in ("Dear Ada", "Data Analytics", "2026-05-20", "9 credits", "https://university.example/data-analytics"):
        assert said in text_of(message)
        assert said in html_of(message).replace("<strong>", "")


def test_lead_and_office_are_told_who_it_is_and_neither_grades_nor_addresses(make_message, mailroom):
    issuer = make_message(office=Address(addr_spec="office@university.example"))
    issuer.issue(award_to("lead"))
    issuer.issue(award_to("office", key="another"))

    assert [recipients for recipients, _ in mailroom.letters] == [
        ["lead@university.example"],
        ["office@university.example"],
    ]
    for _, message in mailroom.letters:
        assert message["Subject"] == "Data Analytics was awarded to Ada Sample"
        assert "Ada Sample (L001)" in text_of(message)
        for private in ("A-", "CSE 574", "learner.example", "credits"):
            assert private not in message.as_string()


def test_no_grade_and_no_course_is_in_any_message(issuer, mailroom):
    issuer.issue(sample_award())

    for private in ("A-", "CSE 574", "L001"):
        assert private not in mailroom.letters[0][1].as_string().replace("l001@learner.example", "")


def test_the_institution_s_own_address_is_the_office_where_the_settings_name_none(issuer, mailroom):
    award = award_to("office")
    issuer.issue(replace(award, institution=replace(award.institution, email="registrar@university.example")))

    assert mailroom.letters[0][0] == ["registrar@university.example"]


def test_templates_of_the_institution_go_before_ours_each_by_itself(make_message, mailroom, tmp_path):
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "learner.subject.txt").write_text("Bravo,\n {{ given_name }}")
    (folder / "short.subject.txt").write_text("{{ program }}")
    (folder / "short.txt").write_text("See {{ link }}, {{ credits }}")
    (folder / "short.html").write_text("<p>{{ program }}</p>")
    issuer = make_message(templates=folder)

    issuer.issue(sample_award())
    issuer.issue(sample_award("L002", options={"template": "short", "link": "https://u.example/x"}))

    first, second = (message for _, message in mailroom.letters)
    assert first["Subject"] == "Bravo, Ada"
    assert "Dear Ada" in text_of(first)
    assert text_of(second) == "See https://u.example/x, 9\n"


def test_a_name_cannot_make_a_header_and_no_text_becomes_html(issuer, mailroom):
    award = sample_award()
    evil = "Eve\r\nBcc: all@university.example\r\n\r\n<script>alert(1)</script>"
    award = replace(
        award,
        recipient=replace(award.recipient, name=evil, given_name=evil),
        achievement=replace(award.achievement, title=f"{evil} & Co", url="javascript:alert(1)"),
        options={"link": "javascript:alert(1)"},
    )
    issuer.issue(award)

    ((recipients, message),) = mailroom.letters
    assert recipients == ["l001@learner.example"]
    assert message["Bcc"] is None
    assert "<script" not in html_of(message)
    assert "&lt;script&gt;" in html_of(message)
    assert "javascript:" not in message.as_string()


@pytest.mark.parametrize(
    "address",
    [
        "a@b.example, c@d.example",
        "a@b.example\r\nRCPT TO:<c@d.example>",
        "<a@b.example>",
        "a b@c.example",
        "a@b@c.example",
        "nobody",
        "@b.example",
        "a@",
        "a\x00@b.example",
        "x" * 250 + "@b.example",
    ],
)
def test_what_is_not_one_plain_address_is_refused_and_not_repeated(issuer, mailroom, address):
    with pytest.raises(
        Refused, match=r"The e-mail address of the learner is none\. Correct it in the learner's rec"
    ) as e:
        issuer.issue(with_address(address))

    assert address not in str(e.value)
    assert mailroom.letters == []


@pytest.mark.parametrize("to", ["learner", "lead", "office"])
def test_whoever_has_no_address_is_named(issuer, to):
    award = replace(with_address(" "), options={"to": to})

    with pytest.raises(Refused, match=f"There is no e-mail address of the {to}"):
        issuer.issue(award)


def test_an_address_beyond_ascii_is_written_to_where_the_server_takes_it(issuer, mailroom):
    issuer.issue(with_address("zoë@ünïversity.example"))

    assert mailroom.letters[0][0] == ["zoë@ünïversity.example"]


def test_an_address_beyond_ascii_is_refused_where_the_server_takes_none(make_message):
    with Server() as server:
        server._controller.SMTP_kwargs["enable_SMTPUTF8"] = False
        with pytest.raises(Refused, match="takes no such addresses"):
            make_message(port=server.port).issue(with_address("zoë@university.example"))


def test_a_line_of_one_dot_does_not_end_a_message(make_message, mailroom, tmp_path):
    (tmp_path / "dots.subject.txt").write_text("Dots")
    (tmp_path / "dots.txt").write_text("one\n.\n..\n.two\nthree")
    (tmp_path / "dots.html").write_text("<p>Dots</p>")

    make_message(templates=tmp_path).issue(sample_award(options={"template": "dots"}))

    assert text_of(mailroom.letters[0][1]) == "one\n.\n..\n.two\nthree\n"


# How often.


def test_a_message_is_sent_once_by_two_at_the_same_time(make_message, mailroom):
    def issue(_):
        try:
            return make_message().issue(sample_award()).reference
        except Refused as error:  # the other one is in the middle of it
            return error

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(issue, range(8)))

    assert len(mailroom.letters) == 1
    assert any(isinstance(one, str) for one in answers)


def test_nothing_is_sent_while_the_journal_cannot_be_written(issuer, mailroom):
    issuer.journal.folder.write_text("in the way")

    with pytest.raises(Unavailable, match="journal"):
        issuer.issue(sample_award())
    assert mailroom.letters == []


@pytest.mark.parametrize(
    ("answer", "failure", "said"),
    [
        (
            "550 5.1.1 <l001@learner.example>: who?",
            Refused,
            r"does not take the address of the learner \(550 5\.1\.1\)",
        ),
        ("450 4.2.1 l001@learner.example is busy", Unavailable, r"\(450 4\.2\.1\)"),
    ],
)
def test_an_address_that_the_server_does_not_take_gets_nothing_and_may_be_tried_again(
    issuer, mailroom, answer, failure, said
):
    mailroom.answers["l001@learner.example"] = answer

    with pytest.raises(failure, match=said) as error:
        issuer.issue(sample_award())
    assert "learner.example" not in str(error.value)
    assert issuer.find(sample_award()) is None

    mailroom.answers.clear()
    issuer.issue(sample_award())
    assert len(mailroom.letters) == 1


@pytest.mark.parametrize(("answer", "failure"), [("451 4.3.0 later", Unavailable), ("554 5.7.1 spam", Refused)])
def test_a_message_that_the_server_hears_and_does_not_take_may_be_sent_again(issuer, mailroom, answer, failure):
    mailroom.after_text = answer
    with pytest.raises(failure, match="does not take the message"):
        issuer.issue(sample_award())
    assert issuer.find(sample_award()) is None

    mailroom.after_text = "250 ok"
    receipt = issuer.issue(sample_award())

    assert issuer.find(sample_award()) == receipt
    assert len(mailroom.letters) == 1


def test_a_line_that_breaks_before_the_text_sent_nothing(issuer, mailroom):
    mailroom.dies_before_text = True
    with pytest.raises(Unavailable, match="went away before"):
        issuer.issue(sample_award())

    mailroom.dies_before_text = False
    issuer.issue(sample_award())
    assert len(mailroom.letters) == 1


def test_a_line_that_breaks_after_the_text_leaves_it_unknown_and_it_is_never_sent_by_itself(make_message, mailroom):
    mailroom.dies_before_answer = True
    with pytest.raises(OutcomeUnknown, match="did not say whether it took it"):
        make_message().issue(sample_award())
    mailroom.dies_before_answer = False

    for _ in range(3):
        assert make_message().find(sample_award()) is None
        with pytest.raises(Refused, match=r"Nobody knows whether <\w+@university\.example> was sent") as refused:
            make_message().issue(sample_award())

    assert "credrules messages not-sent" in str(refused.value)
    assert len(mailroom.letters) == 1


def test_a_message_that_was_taken_and_could_not_be_noted_is_not_sent_again(issuer, mailroom, monkeypatch):
    end = issuer.journal.end
    monkeypatch.setattr(issuer.journal, "end", lambda *_: (_ for _ in ()).throw(Unavailable("the disk is full")))
    with pytest.raises(OutcomeUnknown, match="could not be written down"):
        issuer.issue(sample_award())
    monkeypatch.setattr(issuer.journal, "end", end)

    with pytest.raises(Refused):
        issuer.issue(sample_award())
    assert len(mailroom.letters) == 1


@pytest.mark.parametrize(("word", "letters"), [(What.SAID_SENT, 0), (What.SAID_NOT_SENT, 1)])
def test_a_person_s_word_settles_it(issuer, mailroom, word, letters):
    name = f"<{digest(sample_award().key)}@university.example>"
    issuer.journal.begin(digest(sample_award().key), name, "2026-06-01T00:00:00+00:00")

    assert issuer.journal.settle(name, word, "2026-06-02T00:00:00+00:00")
    assert not issuer.journal.settle(name, word, "2026-06-02T00:00:00+00:00")
    assert not issuer.journal.settle("<nobody@university.example>", word, "2026-06-02T00:00:00+00:00")

    assert issuer.issue(sample_award()).reference == name
    assert issuer.find(sample_award()).reference == name
    assert len(mailroom.letters) == letters


def test_what_is_kept_names_nobody(issuer, mailroom, caplog):
    with caplog.at_level(logging.DEBUG):
        issuer.issue(sample_award())

    (path,) = issuer.journal.folder.iterdir()
    logged = [record.getMessage() for record in caplog.records if record.name.startswith("credrules")]
    kept = path.read_bytes() + "".join(logged).encode()
    for personal in (b"Ada", b"L001", b"learner.example"):
        assert personal not in kept
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT what FROM event ORDER BY number").fetchall()
    connection.close()
    assert rows == [("begun",), ("taken",)]


# In private.


@pytest.mark.filterwarnings("ignore:Requiring AUTH")  # the server's, which looks for STARTTLS only
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_user_and_password_go_over_tls_only(certificate, tmp_path, make_message, security):
    ours, theirs = certificate
    server = Server()
    options = {"auth_required": True, "authenticator": server.authenticate}
    if security == "tls":
        server._controller.ssl_context = ours
        options["auth_require_tls"] = False
    else:
        options["tls_context"] = ours
    server._controller.SMTP_kwargs.update(options)
    with server:
        post = Post("localhost", server.port, security, "office", SecretStr("open sesame"), 5, theirs)
        issuer = make_message()
        issuer.post = post
        assert list(issuer.check()) == []
        issuer.issue(sample_award())
        assert len(server.room.letters) == 1

        issuer.post = replace(post, password=SecretStr("guess"))
        assert list(issuer.check()) == ["localhost refuses user and password (535 5.7.8)."]
        with pytest.raises(Unavailable, match="refuses user and password"):
            issuer.issue(sample_award("L002"))
        assert "guess" not in repr(issuer.post)

        issuer.post = replace(post, trust=None)  # a certificate by nobody that the system knows
        assert [said[:42] for said in issuer.check()] == ["localhost cannot be spoken to in private: "]


def test_a_server_without_tls_is_told_neither_password_nor_message(make_message, running, mailroom):
    issuer = make_message()
    issuer.post = Post("127.0.0.1", running.port, "starttls", "office", SecretStr("open sesame"), 5)

    with pytest.raises(Unavailable, match="does not speak SMTP as it should: SMTPNotSupportedError"):
        issuer.issue(sample_award())
    assert mailroom.logins == []
    assert mailroom.letters == []


def test_a_server_that_is_not_there_is_named(make_message):
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1:1 cannot be reached"):
        make_message(port=1).issue(sample_award())


# What is said beforehand.


def test_what_a_program_file_asks_is_checked_beforehand(make_message, tmp_path):
    (tmp_path / "odd.subject.txt").write_text("{{ program }}")
    (tmp_path / "odd.txt").write_text("{{ grade }}")
    (tmp_path / "odd.html").write_text("<p>{% if %}</p>")
    issuer = make_message(templates=tmp_path)

    assert isinstance(issuer, OptionsReader)
    assert list(issuer.option_faults({"to": "lead"})) == []
    assert list(issuer.option_faults({"to": "leed", "txt": "x", "link": "file:x"})) == [
        "'txt' is nothing that a message has. There are: link, template, to.",
        "'link' is no web address; write it in full, as in https://university.example/badges.",
        "'leed' is nobody to write to. There are: learner, lead, office. Did you mean 'lead'?",
    ]
    assert list(issuer.option_faults({"template": "odd"})) == [
        "The template odd.txt cannot be filled: 'grade' is undefined.",
        "The template odd.html cannot be filled: line 1: Expected an expression, got 'end of statement block'.",
    ]
    assert len(list(issuer.option_faults({"template": "../odd"}))) == 3
    with pytest.raises(Refused, match="'grade' is undefined"):
        issuer.issue(sample_award(options={"template": "odd"}))


def test_a_template_is_no_program(make_message, tmp_path):
    for suffix in (".subject.txt", ".txt", ".html"):
        (tmp_path / f"evil{suffix}").write_text("{{ program.__class__.__mro__ }}")

    assert len(list(make_message(templates=tmp_path).option_faults({"template": "evil"}))) == 3


def test_credits_are_told_exactly(issuer, mailroom):
    issuer.issue(sample_award(credits=Decimal("10.500")))
    issuer.issue(sample_award("L002", credits=None))

    first, second = (text_of(message) for _, message in mailroom.letters)
    assert "with 10.5 credits." in first
    assert "credits" not in second
