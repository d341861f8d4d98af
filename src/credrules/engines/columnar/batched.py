"""The columnar engine, asked about one learner at a time after a whole batch was decided at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from credrules.decisions import Outcome
from credrules.engines.columnar.engine import ColumnarEngine
from credrules.engines.columnar.needed import np
from credrules.engines.columnar.tables import records_to_arrow
from credrules.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from credrules.attestations import Word
    from credrules.engines import Outcomes
    from credrules.plan import Plan
    from credrules.records import Record

_OUTCOMES = tuple(Outcome)


@dataclass(frozen=True, slots=True)
class _Answer:
    record: Record
    word: Word
    as_of: date
    outcomes: bytes  # of all nodes, program by program
    failure: str = ""

    def is_for(self, record: Record, word: Word, as_of: date) -> bool:
        return record is self.record and as_of == self.as_of and word == self.word


class Batched:
    """Under one plan. A learner who is in no batch, or whose record is seen otherwise, is decided alone."""

    name = ColumnarEngine.name

    def __init__(self, plan: Plan) -> None:
        self.engine = ColumnarEngine(plan)
        self.sizes = [len(program.nodes) for program in plan.programs]
        self._answers: dict[str, _Answer] = {}

    def prepare(self, known: Sequence[tuple[Record, Word]], as_of: date) -> None:
        """Decide these learners at once, and forget all others."""
        kept = {}
        missing = []
        for record, word in known:
            answer = self._answers.get(record.learner.learner_id)
            if answer and answer.is_for(record, word, as_of):
                kept[record.learner.learner_id] = answer
            else:
                missing.append((record, word))
        for answer in self._decide(missing, as_of):
            kept[answer.record.learner.learner_id] = answer
        self._answers = kept

    def told(self, record: Record) -> bytes:
        """The outcomes at every node of a learner of the batch, a byte each; nothing where one could not be decided."""
        answer = self._answers[record.learner.learner_id]
        return b"" if answer.failure else answer.outcomes

    def outcomes(self, record: Record, word: Word, as_of: date) -> Outcomes:
        """As the other engines. Raises EngineError where nothing can be decided."""
        answer = self._answers.get(record.learner.learner_id)
        if answer is None or not answer.is_for(record, word, as_of):
            [answer] = self._decide([(record, word)], as_of)
        if answer.failure:
            raise EngineError(answer.failure)
        found = []
        at = 0
        for size in self.sizes:
            found.append(tuple(map(_OUTCOMES.__getitem__, answer.outcomes[at : at + size])))
            at += size
        return tuple(found)

    def _decide(self, known: Sequence[tuple[Record, Word]], as_of: date) -> list[_Answer]:
        if not known:
            return []
        try:
            batch = records_to_arrow([record for record, _ in known], [word for _, word in known])
        except EngineError as error:
            if len(known) == 1:
                return [_Answer(*known[0], as_of, b"", str(error))]
            return [answer for one in known for answer in self._decide([one], as_of)]
        found = self.engine.decide(batch, as_of, known)
        failures = {failure.learner_id: failure.because for failure in found.failures}
        every = np.concatenate([found.program(number) for number in range(len(self.sizes))])
        rows = np.ascontiguousarray(every.T)
        return [
            _Answer(record, word, as_of, row.tobytes(), failures.get(record.learner.learner_id, ""))
            for (record, word), row in zip(known, rows, strict=True)
        ]
