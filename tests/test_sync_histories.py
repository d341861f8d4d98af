"""Whatever happens to a source while it is synchronised: in the end everything is known that a full reading says.

`python -m benchmarks sync` does the same for thousands of histories, on PostgreSQL too.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from benchmarks.campuses import CsvCampus, SqlCampus
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from sqlalchemy import make_url

from credrules.testing.histories import SCOPE, FakeCampus, History


class Synchronised(RuleBasedStateMachine):
    """A fake system, written to and synchronised in any order."""

    @initialize(seed=st.integers(0, 10_000))
    def begin(self, seed):
        self.folder = TemporaryDirectory()
        self.history = History(Random(seed), FakeCampus(), Path(self.folder.name, "sync.db"))

    @rule()
    def write(self):
        self.history.write()

    @rule()
    def change_without_a_stamp(self):
        self.history.unstamped()

    @rule()
    def wait(self):
        self.history.wait()

    @rule()
    def synchronise(self):
        self.history.synchronise()

    def teardown(self):
        same = self.history.finish()
        self.history.close()
        self.folder.cleanup()
        assert same


TestSynchronised = Synchronised.TestCase
TestSynchronised.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)


def lived(campus, folder, seed, scope=SCOPE, steps=25):
    """Whether a history ends as a full reading does."""
    history = History(Random(seed), campus, folder / f"{seed}.db", scope)
    for _ in range(steps):
        history.step()
    same = history.finish()
    history.close()
    return same


@pytest.mark.parametrize("seed", range(4))
def test_a_folder_of_csv_files_is_synchronised_whatever_happens(tmp_path, seed):
    assert lived(CsvCampus(tmp_path), tmp_path, seed)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("holds_are_stamped", [True, False])
def test_a_database_is_synchronised_whatever_happens(tmp_path, seed, holds_are_stamped):
    path = tmp_path / "sis.db"
    path.touch()

    assert lived(SqlCampus(make_url(f"sqlite:///{path}"), holds_are_stamped), tmp_path, seed)


def test_histories_are_hard_enough_to_find_what_is_missing(tmp_path):
    """Without an overlap, what clocks that differ have written out of the scope is lost."""
    careless = replace(SCOPE, overlap=timedelta(0))

    assert not all(lived(FakeCampus(), tmp_path, seed, careless) for seed in range(40))
