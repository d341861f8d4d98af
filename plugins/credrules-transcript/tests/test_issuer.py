"""What is written, what is refused, and what is answered."""

from __future__ import annotations

import csv
import os
import time
from decimal import Decimal

import pytest

from credrules import Issuer, OutcomeUnknown, Receipt, Refused, Section, Unavailable, Verifier
from credrules.errors import SettingsError
from credrules.plugins import Plugins
from credrules_transcript import TranscriptIssuer
from credrules_transcript.orders import HEADER, order_for

HEADER_TEXT = (
    '"order_id","action","learner_id","institution","program","title","awarded_on","credits","text","rule_version",'
    '"decision"\n'
)


def rows(issuer: TranscriptIssuer) -> list[dict[str, str]]:
    with (issuer.folder / "transcript-notes.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def content(issuer: TranscriptIssuer) -> str:
    return (issuer.folder / "transcript-notes.csv").read_text(encoding="utf-8")


def test_an_award_becomes_one_row(issuer, make_award):
    receipt = issuer.issue(make_award())

    assert content(issuer) == (
        f'{HEADER_TEXT}"order-97e8e9e102c67790cb2e946906a13509","add","50010001","example-university","data-analytics",'
        f'"Data Analytics","2026-05-22","9","","2026-01-01","{"c0ffee" * 10}beef"\n'
    )
    assert receipt == Receipt(
        award_key="example-university/50010001/data-analytics/transcript",
        issuer="transcript",
        reference="order-97e8e9e102c67790cb2e946906a13509",
        detail={"file": "transcript-notes.csv"},
    )


def test_what_was_never_ordered_is_not_found_and_looking_makes_no_file(issuer, make_award):
    assert issuer.find(make_award()) is None
    assert list(issuer.folder.iterdir()) == []


def test_what_was_ordered_is_found_by_its_key_also_by_another_process_and_after_changes_to_the_program(
    issuer, make_award, tmp_path
):
    receipt = issuer.issue(make_award())

    assert issuer.find(make_award(title="A New Title")) == receipt
    assert TranscriptIssuer("transcript", tmp_path).find(make_award(credits=None)) == receipt
    assert issuer.find(make_award(learner_id="50010002")) is None


def test_ordering_again_writes_nothing_and_answers_the_same(issuer, make_award, tmp_path):
    receipt = issuer.issue(make_award())
    before = content(issuer)

    assert issuer.issue(make_award()) == receipt
    assert issuer.issue(make_award(title="=1+1")) == receipt
    assert TranscriptIssuer("transcript", tmp_path).issue(make_award(title="A New Title")) == receipt
    assert content(issuer) == before


def test_two_writers_see_each_others_orders(issuer, make_award, tmp_path):
    other = TranscriptIssuer("transcript", tmp_path)
    for number in range(6):
        writer, reader = (issuer, other) if number % 2 else (other, issuer)
        writer.issue(make_award(learner_id=str(number)))
        reader.issue(make_award(learner_id=str(number)))

    assert [row["learner_id"] for row in rows(issuer)] == ["0", "1", "2", "3", "4", "5"]


def test_an_order_says_nothing_about_the_learner_but_the_id(issuer, make_award):
    issuer.issue(make_award())

    assert "Ada" not in content(issuer)
    assert "@" not in content(issuer)


def test_credits_that_nobody_knows_are_blank_and_others_are_exact(issuer, make_award):
    for learner_id, credits_ in (("1", None), ("2", Decimal("10.500")), ("3", Decimal(0)), ("4", Decimal("1E+1"))):
        issuer.issue(make_award(learner_id=learner_id, credits=credits_))

    assert [row["credits"] for row in rows(issuer)] == ["", "10.5", "0", "10"]


def test_the_text_of_the_program_goes_before_that_of_the_settings(tmp_path, make_award):
    issuer = TranscriptIssuer("transcript", tmp_path, text="Micro-credential, {title}")
    issuer.issue(make_award(learner_id="1"))
    issuer.issue(make_award(learner_id="2", options={"text": "Credit-bearing\n  micro-credential"}))

    assert [row["text"] for row in rows(issuer)] == ["Micro-credential, {title}", "Credit-bearing micro-credential"]


def test_a_long_title_is_cut_to_the_width_of_the_line(tmp_path, make_award):
    issuer = TranscriptIssuer("transcript", tmp_path, line_width=20)
    issuer.issue(make_award(title='Analytics "for" Health and Society, Advanced'))

    assert rows(issuer)[0]["title"] == 'Analytics "for"...'


# What a spreadsheet would run.


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "＝", "＋", "－", "＠"])
def test_a_cell_that_a_spreadsheet_would_run_is_refused_and_not_escaped(issuer, make_award, sign):
    formula = f"{sign}SUM(A1)"
    for award in (
        make_award(learner_id=formula),
        make_award(title=f"  {formula}"),
        make_award(program=formula),
        make_award(options={"text": formula}),
    ):
        with pytest.raises(Refused, match=f"begins with '[{sign}]', which a spreadsheet would run as a formula"):
            issuer.issue(award)

    assert not (issuer.folder / "transcript-notes.csv").exists()


def test_an_id_of_an_at_sign_and_digits_is_written_as_it_is(issuer, make_award):
    issuer.issue(make_award(learner_id="@00123456"))

    assert rows(issuer)[0]["learner_id"] == "@00123456"


@pytest.mark.parametrize("learner_id", ["1\n2", "\t1", "1\x1b[2J", "1\x00", "1\ud800", "1\u2028"])
def test_a_control_character_in_an_id_is_refused_and_not_repeated(issuer, make_award, learner_id):
    with pytest.raises(Refused) as refused:
        issuer.issue(make_award(learner_id=learner_id))

    assert str(refused.value) == (
        "The transcript note cannot be written: learner_id holds a control character or a line end. "
        "Correct it at its source."
    )


def test_every_reason_to_refuse_is_told_at_once(issuer, make_award):
    with pytest.raises(Refused) as refused:
        issuer.issue(make_award(learner_id="", title=" ", credits=Decimal("NaN"), decision='"'))

    assert str(refused.value) == (
        "The transcript note cannot be written: learner_id is blank. title is blank. credits is not a number. "
        "decision is not a digest. Correct it at its source."
    )


# What the machine may do.


def test_a_folder_that_is_not_there_is_made_with_the_first_order(tmp_path, make_award):
    issuer = TranscriptIssuer("transcript", tmp_path / "out" / "notes")
    assert list(issuer.check()) == []
    assert not (tmp_path / "out").exists()

    issuer.issue(make_award())

    assert len(rows(issuer)) == 1


def test_a_file_in_the_place_of_the_folder_is_told_by_check_and_orders_nothing(tmp_path, make_award):
    tmp_path.joinpath("out").write_text("")
    issuer = TranscriptIssuer("transcript", tmp_path / "out")

    assert list(issuer.check()) == [
        f"{tmp_path / 'out'} is not a folder, so that {tmp_path / 'out' / 'transcript-notes.csv'} cannot be written."
    ]
    with pytest.raises(Unavailable):
        issuer.issue(make_award())


def test_a_file_of_somebody_elses_is_left_alone(issuer, make_award):
    path = issuer.folder / "transcript-notes.csv"
    path.write_text("a,b,c\n1,2,3\n")

    assert list(issuer.check()) == [
        f"{issuer.folder}: transcript-notes.csv:1: the first line is not the header of transcript notes. "
        "Move the file away."
    ]
    with pytest.raises(Unavailable, match=r"transcript-notes\.csv:1"):
        issuer.find(make_award())
    with pytest.raises(Unavailable, match=r"transcript-notes\.csv:1"):
        issuer.issue(make_award())
    assert path.read_text() == "a,b,c\n1,2,3\n"


def test_a_line_that_nobody_can_read_stops_all_orders_until_it_is_repaired(issuer, make_award):
    issuer.issue(make_award(learner_id="1"))
    path = issuer.folder / "transcript-notes.csv"
    good = path.read_bytes()
    path.write_bytes(good + b"spilled coffee\n")

    for _ in range(2):
        with pytest.raises(Unavailable, match=r"transcript-notes\.csv:3: the row has 1 cells, an order 11\."):
            issuer.issue(make_award(learner_id="2"))
    path.write_bytes(good)
    issuer.issue(make_award(learner_id="2"))

    assert [row["learner_id"] for row in rows(issuer)] == ["1", "2"]


def test_a_file_that_was_exchanged_is_read_anew(issuer, make_award):
    issuer.issue(make_award(learner_id="1"))
    issuer.issue(make_award(learner_id="2"))
    path = issuer.folder / "transcript-notes.csv"
    lines = path.read_bytes().splitlines(keepends=True)
    path.unlink()
    path.write_bytes(lines[0] + lines[2])

    assert issuer.find(make_award(learner_id="1")) is None
    assert issuer.find(make_award(learner_id="2")) is not None
    path.write_bytes(lines[0])
    assert issuer.find(make_award(learner_id="2")) is None


def test_a_full_disk_orders_nothing_and_leaves_no_piece(issuer, make_award, monkeypatch):
    issuer.issue(make_award(learner_id="1"))
    before = content(issuer)
    write = os.write

    monkeypatch.setattr(os, "write", lambda descriptor, line: write(descriptor, line[:50]))
    with pytest.raises(Unavailable, match="is the disk full"):
        issuer.issue(make_award(learner_id="2"))
    assert content(issuer) == before

    monkeypatch.undo()
    issuer.issue(make_award(learner_id="2"))
    assert [row["learner_id"] for row in rows(issuer)] == ["1", "2"]


def test_a_disk_that_does_not_confirm_leaves_the_outcome_unknown_and_find_knows(issuer, make_award, monkeypatch):
    issuer.issue(make_award(learner_id="1"))

    def refuse(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OutcomeUnknown, match="may not be on the disk"):
        issuer.issue(make_award(learner_id="2"))
    with pytest.raises(Unavailable):  # still not known to be on the disk
        issuer.find(make_award(learner_id="2"))

    monkeypatch.undo()
    assert issuer.find(make_award(learner_id="2")) is not None
    issuer.issue(make_award(learner_id="2"))
    assert [row["learner_id"] for row in rows(issuer)] == ["1", "2"]


def test_a_disk_that_can_neither_write_nor_put_back_leaves_the_outcome_unknown(issuer, make_award, monkeypatch):
    issuer.issue(make_award(learner_id="1"))

    def refuse(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "write", refuse)
    monkeypatch.setattr(os, "ftruncate", refuse)

    with pytest.raises(OutcomeUnknown, match="neither be written nor put back: Input/output error"):
        issuer.issue(make_award(learner_id="2"))


def test_finding_among_fifty_thousand_orders_reads_the_file_once(issuer, make_award):
    path = issuer.folder / "transcript-notes.csv"
    with path.open("wb") as file:
        file.write(HEADER)
        file.writelines(order_for(make_award(learner_id=str(number)), 40, "").line() for number in range(50_000))
    wanted = [make_award(learner_id=str(number)) for number in (0, 49_999, 50_000)]
    assert [bool(issuer.find(award)) for award in wanted] == [True, True, False]

    began = time.perf_counter()
    for _ in range(300):
        for award in wanted:
            issuer.find(award)

    assert (time.perf_counter() - began) / 900 < 0.002  # reading the file would take a hundred times as long


# What is taken back.


def test_what_is_taken_back_is_a_row_of_its_own_that_names_the_order_and_the_reason(issuer, make_award):
    receipt = issuer.issue(make_award())
    before = content(issuer)

    issuer.revoke(receipt, "The grade was\n corrected.")
    issuer.revoke(receipt, "Another reason.")

    assert content(issuer).startswith(before)
    ordered, removed = rows(issuer)
    assert removed == {
        **ordered,
        "order_id": "order-97e8e9e102c67790cb2e946906a13509-removal",
        "action": "remove",
        "text": "The grade was corrected.",
    }
    assert issuer.find(make_award()) == receipt
    assert issuer.issue(make_award()) == receipt
    verification = issuer.verify(issuer.folder / "transcript-notes.csv")
    assert verification.facts == {"orders": "1", "removals": "1"}
    assert verification.references == (receipt.reference,)
    assert verification.faults == ()


def test_a_reason_that_a_spreadsheet_would_run_is_refused(issuer, make_award):
    receipt = issuer.issue(make_award())

    with pytest.raises(Refused, match="text begins with '='"):
        issuer.revoke(receipt, "=1+1")
    assert len(rows(issuer)) == 1


def test_a_removal_of_what_was_never_ordered_is_a_fault(issuer, make_award):
    receipt = issuer.issue(make_award())
    issuer.revoke(receipt, "By mistake.")
    path = issuer.folder / "transcript-notes.csv"
    header, _, removal = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(header + removal)

    assert issuer.verify(path).faults == (
        f"Line 2: {receipt.reference}-removal takes back what was not ordered before it.",
    )


# How it is set up.


def test_the_settings_make_an_issuer_that_also_verifies(tmp_path, make_award):
    values = {"folder": "out", "line-width": 10, "text": "Micro-credential"}
    section = Section("registrar", "transcript", values, where=str(tmp_path / "credrules.toml"))

    issuer = Plugins().issuer(section)
    issuer.issue(make_award())

    assert isinstance(issuer, Issuer)
    assert isinstance(issuer, Verifier)
    assert issuer.name == "registrar"
    assert '"Data..."' in tmp_path.joinpath("out", "transcript-notes.csv").read_text(encoding="utf-8")


def test_settings_that_are_wrong_are_told_together():
    section = Section("registrar", "transcript", {"folder": "out", "line_width": 30, "line-width": 3, "txt": "x"})

    with pytest.raises(SettingsError) as refused:
        Plugins().issuer(section)

    assert len(refused.value.problems) == 3


# What verify says.


def test_a_good_file_is_verified_under_any_name_and_no_other_file_is_ours(issuer, make_award, tmp_path):
    for number in range(3):
        issuer.issue(make_award(learner_id=str(number)))
    path = tmp_path / "transcript-notes.csv"
    copy = tmp_path / "notes of may.csv"
    copy.write_bytes(path.read_bytes())
    tmp_path.joinpath("badge.json").write_text("{}")

    for one in (path, copy):
        assert issuer.verify(one).facts == {"orders": "3"}
        assert issuer.verify(one).faults == ()
    assert issuer.verify(tmp_path / "badge.json") is None
    assert issuer.verify(tmp_path / "nothing.json") is None
    assert issuer.verify(tmp_path) is None


def test_verify_tells_every_fault_with_its_line(issuer, make_award, tmp_path):
    issuer.issue(make_award(learner_id="1"))
    issuer.issue(make_award(learner_id="2"))
    path = tmp_path / "transcript-notes.csv"
    header, first, second = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text(
        header
        + first
        + second
        + first
        + second.replace("Data", "=Data").replace("05-22", "5-22")
        + "a,b\n"
        + second[:60],
        encoding="utf-8",
    )

    assert issuer.verify(path).faults == (
        f"Line 4: {first[1:39]} is there a second time.",
        f"Line 5: {second[1:39]} is there a second time.",
        "Line 5: title begins with '=', which a spreadsheet would run as a formula.",
        "Line 5: awarded_on is not a day, YYYY-MM-DD.",
        "Line 6: the row has 2 cells, an order 11.",
        "Line 7: the line is not a row of CSV in UTF-8.",
    )


def test_verify_tells_what_is_wrong_with_a_file_as_a_whole(issuer, make_award, tmp_path):
    path = tmp_path / "transcript-notes.csv"
    path.write_text("")
    assert issuer.verify(path).faults == ("The file is empty.",)

    path.write_text("order_id,action\n" + "x\n" * 60)
    faults = issuer.verify(path).faults
    assert faults[0] == "Line 1 is not the header of transcript notes."
    assert faults[-1] == "There are 11 more faults."

    path.unlink()
    issuer.issue(make_award())
    row = path.read_bytes().removeprefix(HEADER)
    path.write_bytes(HEADER + row[:-1])
    assert issuer.verify(path).faults == ()  # only its line end is missing, and `find` says that it was given
    assert issuer.find(make_award())
    path.write_bytes(HEADER + row.replace(b'"', b"")[:-1])
    assert issuer.verify(path).faults == (
        "Line 2 has no end. Do not load it: it may be a piece of an order that is still to be given.",
    )

    path.unlink()
    path.mkdir()
    assert issuer.verify(path).faults == ("It cannot be read: Is a directory.",)
