"""What a killed process leaves behind, and what becomes of it."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credrules import Refused, Unavailable
from credrules_transcript import TranscriptIssuer

WRITER = """
import sys
from datetime import date
from pathlib import Path
from credrules import Achievement, Award, Institution, Recipient
from credrules_transcript import TranscriptIssuer

issuer = TranscriptIssuer("transcript", Path(sys.argv[1]))
achievement = Achievement(program="p", version="2026-01-01", title="Título", description="", criteria="")
for number in range(int(sys.argv[2])):
    issuer.issue(Award(
        key=f"u/{number}/p/transcript", issuer="transcript", kind="transcript",
        institution=Institution(id="u", name="U"), recipient=Recipient(learner_id=str(number), name=""),
        achievement=achievement, earned_on=date(2026, 5, 22),
    ))
"""


def writer(folder: Path, orders: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", WRITER, str(folder), str(orders)])


def test_writers_that_are_killed_leave_whole_lines_and_double_no_order(tmp_path):
    issuer = TranscriptIssuer("transcript", tmp_path)
    path = tmp_path / "transcript-notes.csv"
    chance = random.Random(20261123)
    orders = 400
    sizes = []
    for _ in range(5):
        before = path.stat().st_size if path.exists() else 0
        writers = [writer(tmp_path, orders), writer(tmp_path, orders)]  # at once, and at the same orders
        deadline = time.monotonic() + 30
        while (not path.exists() or path.stat().st_size == before) and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.06))
        for one in writers:
            one.send_signal(signal.SIGKILL)
            one.wait()
        assert issuer.verify(path).faults == ()
        sizes.append(path.stat().st_size)

    assert writer(tmp_path, orders).wait() == 0
    assert issuer.verify(path).faults == ()
    assert issuer.verify(path).facts == {"orders": str(orders)}
    assert len(path.read_bytes().splitlines()) == orders + 1
    assert sizes[0] < path.stat().st_size  # at least one was killed at its work


def test_wherever_a_row_was_torn_the_next_order_is_whole_and_nothing_before_it_is_lost(tmp_path, make_award):
    first, second, third = (make_award(learner_id=str(number), options={"text": 'a "b", ü'}) for number in range(3))
    whole = TranscriptIssuer("transcript", tmp_path / "whole")
    for award in (first, second):
        whole.issue(award)
    written = (tmp_path / "whole" / "transcript-notes.csv").read_bytes()
    whole.issue(third)
    complete = (tmp_path / "whole" / "transcript-notes.csv").read_bytes()
    row = written.index(b"\n", written.index(b"\n") + 1) + 1  # where the second order begins
    for end in range(len(written)):
        for torn in {written[:end], written[:end] + b"\0" * 7}:
            path = tmp_path / f"{end}-{len(torn)}" / "transcript-notes.csv"
            path.parent.mkdir()
            path.write_bytes(torn)
            issuer = TranscriptIssuer("transcript", path.parent)

            was_there = issuer.find(second) is not None
            assert was_there == (torn == written[:-1])  # all of it but its end
            assert (issuer.find(first) is not None) == (end >= row - 1 and torn != written[: row - 1] + b"\0" * 7)
            assert path.read_bytes() == torn  # looking changes nothing
            for award in (first, second, third):
                issuer.issue(award)
            assert path.read_bytes() == complete


def test_a_last_line_that_credrules_did_not_write_is_not_dropped(issuer, make_award):
    issuer.issue(make_award(learner_id="1"))
    path = issuer.folder / "transcript-notes.csv"
    written = path.read_bytes()
    saved_again = written.replace(b'"', b"")[len(written.splitlines()[0].replace(b'"', b"")) + 1 : -1]
    path.write_bytes(written + saved_again)

    with pytest.raises(Unavailable, match=r"transcript-notes\.csv:3: the last line has no end, and credrules did not"):
        issuer.issue(make_award(learner_id="2"))

    assert path.read_bytes() == written + saved_again


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_whatever_is_ordered_and_torn_off_every_order_is_there_once_in_the_end(make_award, data):
    awards = [
        make_award(learner_id=str(number), title="T" + data.draw(TEXTS), options={"text": "t" + data.draw(TEXTS)})
        for number in range(4)
    ]
    with TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "transcript-notes.csv"
        issuers = [TranscriptIssuer("transcript", folder) for _ in range(2)]
        safe: set[str] = set()
        for _ in range(data.draw(st.integers(0, 8))):
            award = data.draw(st.sampled_from(awards))
            issuer = data.draw(st.sampled_from(issuers))
            before = path.read_bytes() if path.exists() else b""
            if refused(issuer, award):
                continue
            if path.read_bytes() != before and data.draw(st.booleans()):  # it was killed while it wrote
                path.write_bytes(path.read_bytes()[: data.draw(st.integers(len(before), path.stat().st_size - 1))])
                issuers = [TranscriptIssuer("transcript", folder) for _ in range(2)]
            else:
                safe.add(award.key)
            assert all(issuers[1].find(one) for one in awards if one.key in safe)
        done = [award for award in awards if not refused(issuers[0], award)]

        if done:
            verification = issuers[0].verify(path)
            assert verification.faults == ()
            assert verification.facts == {"orders": str(len(done))}


def refused(issuer: TranscriptIssuer, award: object) -> bool:
    try:
        issuer.issue(award)
    except Refused:
        return True
    return False
