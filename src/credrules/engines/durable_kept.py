"""One program for one learner on durable_rules, kept up to date attempt by attempt.

A ruleset of one program, and a session for each attempt: what the productions said of the other attempts and of
everything else stands, the new attempt goes in alone, and what follows from the claims is derived anew. Where more than
that may change the whole record is decided.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from credrules.engines.durable import DurableEngine, LearnerSession
from credrules.standing import GONE, stand

if TYPE_CHECKING:
    from datetime import date

    from credrules.attestations import Word
    from credrules.decisions import Outcome
    from credrules.plan import Plan, ProgramPlan
    from credrules.records import Attempt, Record


class DurableProgram:
    """The ruleset of one program, for all learners. For one thread."""

    def __init__(self, plan: Plan, program: ProgramPlan) -> None:
        self.engine = DurableEngine(replace(plan, programs=(program,)))

    def follow(self, record: Record, word: Word, as_of: date) -> KeptSession:
        """Decide the program for a learner, to be kept up to date from here on. Raises EngineError."""
        return KeptSession(self.engine, record, word, as_of)


class KeptSession:
    """One program for one learner: `outcomes` are those of its nodes."""

    def __init__(self, engine: DurableEngine, record: Record, word: Word, as_of: date) -> None:
        self.engine = engine
        self.word = word
        self.as_of = as_of
        self._record = record
        self.attempts = {attempt.attempt_id: attempt for attempt in record.attempts}
        self.outcomes: tuple[Outcome, ...] = ()
        self._learner: LearnerSession | None = None
        self._restart()

    @property
    def record(self) -> Record:
        """The record as it is now."""
        return replace(self._record, attempts=tuple(self.attempts.values()))

    def _restart(self) -> None:
        """Decide the whole record; it is kept as a session where there is but one way in which things may be."""
        self._learner = None
        self.outcomes, self._learner = session_of(self.engine, self.record, self.word, self.as_of)

    def put(self, attempt: Attempt) -> tuple[Outcome, ...]:
        """Take in an attempt that is new, or that replaces the one with its id."""
        is_new = attempt.attempt_id not in self.attempts
        self.attempts[attempt.attempt_id] = attempt
        if not is_new or self._learner is None:
            self._restart()
            return self.outcomes
        standing = stand(attempt, self.engine.plan.scale, self.as_of)
        if standing.stage in GONE or not self.engine.mentions(attempt):
            return self.outcomes
        learner, self._learner = self._learner, None  # of which nothing is known any more if the engine fails
        with self.engine.driver.session() as session:
            learner.begin_anew(session)
            learner.take_in(standing)
            self.outcomes = learner.follow_through(0)
        self._learner = learner
        return self.outcomes


def session_of(
    engine: DurableEngine, record: Record, word: Word, as_of: date
) -> tuple[tuple[Outcome, ...], LearnerSession | None]:
    """The outcomes of an engine's only program, with what was derived where things may be in but one way."""
    told = [supposed.ways(record, as_of) for supposed in engine.supposed]
    if any(len(ways) > 1 for ways in told) or word.exceptions:
        return engine.outcomes(record, word, as_of)[0], None
    with engine.driver.session() as session:
        learner = LearnerSession(engine, session, record, word, as_of, [ways[0] for ways in told])
        return learner.outcomes()[0], learner
