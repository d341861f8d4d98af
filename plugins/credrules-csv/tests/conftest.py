from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from credrules import RecordsError
from credrules_csv import CsvRecords

if TYPE_CHECKING:
    from pathlib import Path

    from credrules import Problem, Record

LEARNERS = """\
learner_id,given_name,family_name,preferred_name,email,affiliation,privacy
0001,Ada,Lovelace,,ada@university.example,home,open
0002,Bao,Nguyen,,bao@work.example,outside,restricted
"""
ATTEMPTS = """\
attempt_id,learner_id,course,term_id,grade,credits_earned,registered_on
A1,0001,STA 501,2259,A-,3,2025-08-11
A2,0001,STA 502,2261,,,
A3,0002,STA 501,2259,B,3,2025-08-20
"""
TERMS = """\
term_id,title,starts,ends
2259,fall 2025,2025-08-25,2025-12-19
2261,spring 2026,2026-01-21,2026-05-15
"""


@dataclass
class Campus:
    """A folder of CSV files with two learners in it, to be changed by a test and then read."""

    folder: Path

    def write(self, name: str, content: str | bytes) -> None:
        self.folder.joinpath(name).write_bytes(content.encode() if isinstance(content, str) else content)

    def change(self, name: str, old: str, new: str) -> None:
        text = self.folder.joinpath(name).read_text(encoding="utf-8")
        assert old in text
        self.write(name, text.replace(old, new))

    def add(self, name: str, *lines: str) -> None:
        with self.folder.joinpath(name).open("a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)

    @property
    def source(self) -> CsvRecords:
        return CsvRecords(self.folder)

    def records(self) -> dict[str, Record]:
        """Everybody, where nobody is set aside."""
        batches = list(self.source.batches())
        assert [one for batch in batches for one in batch.set_aside] == []
        return {record.learner.learner_id: record for batch in batches for record in batch.records}

    def read(self) -> tuple[list[str], dict[str, list[str]]]:
        """Who has a record; and who is set aside, with the problems as they are printed."""
        batches = list(self.source.batches())
        records = [record.learner.learner_id for batch in batches for record in batch.records]
        aside = {one.learner_id: [str(problem) for problem in one.problems] for b in batches for one in b.set_aside}
        return records, aside

    def refusal(self) -> list[str]:
        """Why the folder cannot be read at all."""
        with pytest.raises(RecordsError) as refused:
            list(self.source.batches())
        problems: tuple[Problem, ...] = refused.value.problems
        return [str(problem) for problem in problems]


@pytest.fixture
def campus(tmp_path: Path) -> Campus:
    campus = Campus(tmp_path)
    campus.write("learners.csv", LEARNERS)
    campus.write("attempts.csv", ATTEMPTS)
    campus.write("terms.csv", TERMS)
    return campus
