"""A whole population at once: the outcomes of the plain engine at every node, column by column.

For each batch: what is every requirement's outcome by itself; whom does it concern that requirements compete, or that
something is asked which no column can say; those learners, and in those programs only, are decided by the plain
engine. `BatchOutcomes.by_plain` counts them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from credrules.decisions import Outcome
from credrules.engines.columnar import bits, known
from credrules.engines.columnar.arrays import valid
from credrules.engines.columnar.claims import alone, touched, wanted_bits
from credrules.engines.columnar.contests import Sharing, concerned, reached, rivals
from credrules.engines.columnar.encoding import NO_DAY, Encoder, coded, days, part
from credrules.engines.columnar.leaves import Leaves, admission_outcomes, any_admission
from credrules.engines.columnar.needed import np
from credrules.engines.columnar.outcomes import FAILED, BatchOutcomes, Beside, Failure
from credrules.engines.columnar.rows import Entries, Rows
from credrules.engines.columnar.sheet import TESTS, Sheet
from credrules.engines.columnar.signatures import Signatures, day_number
from credrules.engines.columnar.tables import arrow_to_records, records_to_arrow
from credrules.engines.columnar.totals import Totals
from credrules.engines.plain import PlainEngine
from credrules.errors import EngineError
from credrules.plan import Kind
from credrules.rules import Moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from credrules.attestations import Word
    from credrules.engines import Outcomes
    from credrules.engines.columnar.encoding import Block
    from credrules.engines.columnar.sheet import Leaf, SheetProgram
    from credrules.plan import Plan
    from credrules.records import Record

    Array = np.ndarray[Any, np.dtype[Any]]
    Known = Sequence[tuple[Record, Word]]


PLAIN_ENGINES = 1_000
"""How many are kept, one for each set of programs that learners are left over in."""


class ColumnarEngine:
    """Decides batches under one plan. One engine may be used by several threads at once."""

    name = "columnar"

    def __init__(self, plan: Plan, encoder: Encoder | None = None) -> None:
        self.plan = plan
        self.sheet = Sheet(plan)
        self.encoder = encoder or Encoder()
        self._prepared: dict[date, tuple[Entries, Signatures]] = {}
        self._plain: dict[tuple[int, ...], PlainEngine] = {}

    def outcomes(self, record: Record, word: Word, as_of: date) -> Outcomes:
        """One learner, as the other engines take them. Raises EngineError where nothing can be decided."""
        found = self.decide(records_to_arrow([record], [word]), as_of, [(record, word)])
        if found.failures:
            raise EngineError(found.failures[0].because)
        return tuple(tuple(map(Outcome, outcomes)) for outcomes in found.of(0))

    def decide(self, batch: Any, as_of: date, known: Known | None = None) -> BatchOutcomes:
        """Every learner of a record batch as `tables.record_schema` has it. Raises EngineError for unknown columns.

        `known` are the records that the batch was made of, where they are at hand.
        """
        return self.decide_block(self.encoder.block(batch), as_of, known)

    def decide_block(self, block: Block, as_of: date, known: Known | None = None) -> BatchOutcomes:
        """The same for a batch that is encoded already, by this engine's encoder."""
        return _Sitting(self, block, as_of).outcomes(known)

    def prepared(self, as_of: date) -> tuple[Entries, Signatures]:
        found = self._prepared.get(as_of)
        if found is None:
            entries = Entries(self.encoder, self.sheet, as_of)
            signatures = Signatures(self.encoder, self.plan.scale, self.sheet, as_of)
            found = self._prepared.setdefault(as_of, (entries, signatures))
        return found

    def plainly(self, programs: tuple[int, ...]) -> PlainEngine:
        """The plain engine for some of the programs."""
        found = self._plain.get(programs)
        if found is None:
            some = replace(self.plan, programs=tuple(self.plan.programs[number] for number in programs))
            found = PlainEngine(some)
            if len(self._plain) < PLAIN_ENGINES:
                self._plain[programs] = found
        return found


class _Sitting:
    """The decision of one batch."""

    def __init__(self, engine: ColumnarEngine, block: Block, as_of: date) -> None:
        self.engine = engine
        self.sheet = engine.sheet
        self.block = block
        self.batch = block.readable
        self.size = block.size
        self.as_of = as_of
        entries, signatures = engine.prepared(as_of)
        self.rows = Rows(block, entries, signatures, self.sheet, as_of)
        self.leaves = Leaves(self.batch, as_of)
        self.nodes = np.zeros((len(self.sheet.nodes), bits.LEVELS, bits.words(self.size)), np.uint64)
        self.undecided: dict[int, Array] = {}  # by node of the sheet, learners that columns cannot decide
        self.left: dict[int, Array] = {}  # by program, the same
        self.shared: dict[int, Beside] = {}
        self._touched: dict[int, Array] = {}
        self.pools = [np.flatnonzero(members) for members in self.rows.members]

    def outcomes(self, known: Known | None) -> BatchOutcomes:
        self._alone()
        for number, program in enumerate(self.sheet.programs):
            if program.beyond:
                self._leave(number, np.ones(self.size, bool))
            else:
                self._set_apart(number, program)
        self._everyone_left()
        self._groups()
        for number, program in enumerate(self.sheet.programs):
            if not program.beyond:
                self._share(number, program)
        result = BatchOutcomes(self.sheet, self.batch.column("learner_id"), self.nodes, dict(self.shared))
        _Plainly(self.engine, self.block.records, self.as_of, result, known).decide(self.left)
        return result

    def _leave(self, program: int, learners: Array) -> None:
        """Leave learners, as booleans, to the plain engine."""
        if learners.any():
            before = self.left.get(program)
            self.left[program] = learners if before is None else before | learners

    # Every requirement by itself.

    def _alone(self) -> None:
        leaves = [node.leaf for node in self.sheet.nodes if node.leaf]
        self.rows.want_bits(wanted_bits(self.rows, leaves))
        for at, one in enumerate(self.sheet.nodes):
            kind = one.node.kind
            if one.leaf:
                self.nodes[at] = alone(self.rows, one.leaf)
            elif kind not in TESTS and kind is not Kind.GROUP:
                program = self.sheet.plan.programs[one.program].program.id
                self.nodes[at], undecided = self.leaves.outcome(one, program)
                if undecided is not None:
                    self.undecided[at] = undecided

    def _groups(self) -> None:
        for at, one in enumerate(self.sheet.nodes):
            if one.node.kind is Kind.GROUP:
                need = one.node.need
                if not need:
                    self.nodes[at] = bits.constant(self.size, Outcome.MET)
                else:
                    self.nodes[at] = bits.at_least([self.nodes[part] for part in one.parts], need)

    def touched(self, number: int) -> Array:
        """Who has anything that a program counts, as booleans."""
        if number not in self._touched:
            found = np.zeros(bits.words(self.size), np.uint64)
            for leaf in self._demands(number):
                found |= touched(self.rows, leaf)
            self._touched[number] = bits.flags(found, self.size)
        return self._touched[number]

    def _demands(self, number: int) -> list[Leaf]:
        program = self.sheet.programs[number]
        leaves = [self.sheet.nodes[program.at[index]].leaf for index in program.plan.demands]
        return [leaf for leaf in leaves if leaf]

    # What no column can say.

    def _set_apart(self, number: int, program: SheetProgram) -> None:
        plan = program.plan
        for index, node in enumerate(plan.nodes):
            at = program.at[index]
            if at in self.undecided:
                self._leave(number, self.undecided[at])
            if node.kind is Kind.FACT and node.fact == "learner.admission" and node.moment is Moment.REGISTRATION:
                self._registered(number, at)
        if program.bounded and plan.demands:
            leaves = self._demands(number)
            alone_ = [bits.outcomes(self.nodes[program.at[index]], self.size) for index in plan.demands]
            totals = Totals(self.rows, program, leaves, alone_)
            for index, found in totals.outcomes.items():
                self.nodes[program.at[index]] = bits.planes(found)
            self._leave(number, totals.left)
        elif plan.tests or plan.limits or plan.time_limit:
            self._leave(number, self.touched(number))

    def _registered(self, number: int, at: int) -> None:
        """What somebody's admission was on the day of the first course that counts: where it was the same all along."""
        table = admission_outcomes(self.sheet.nodes[at].node)
        now, ever = table[self.leaves.admission()], table[any_admission(self.batch)]
        known, unknown, varied = self._registrations()
        touched = self.touched(number)
        never = touched & unknown & ~known  # no day is known of anything that may count
        self.nodes[at] = bits.planes(np.where(never, ever, now).astype(np.uint8))
        self._leave(number, touched & known & (varied | (unknown & (ever != now))))

    def _registrations(self) -> tuple[Array, Array, Array]:
        """Who has known days of registration, who unknown ones; and whose admission changed since the first of them."""
        size = self.size
        learner = self.rows.column(self.rows.attempts.learner)
        found = self.rows.attempts.days["registered_on"]
        first = np.full(size, day_number(self.as_of), np.int64)
        known, unknown = np.zeros(size, bool), np.zeros(size, bool)
        if found is None:
            unknown[learner] = True
        else:
            found = self.rows.column(found)
            there = found != NO_DAY
            known[learner[there]] = True
            unknown[learner[~there]] = True
            np.minimum.at(first, learner[there], found[there])
        varied = np.zeros(size, bool)
        rows, today = part(self.batch, "admissions"), day_number(self.as_of)
        if rows is not None and len(rows.learner):
            since, until = days(rows.column("since")), days(rows.column("until"))
            begun = first[rows.learner]
            if since is not None:
                varied[rows.learner[(since > begun) & (since <= today)]] = True
            if until is not None:
                varied[rows.learner[(until >= begun) & (until < today) & (until != NO_DAY)]] = True
        return known, unknown, varied

    def _everyone_left(self) -> None:
        """Learners with something that is not understood here are left to the plain engine, in every program."""
        found = np.zeros(self.size, bool)
        for learners in (*self.rows.plain, self.block.attempts.odd, self.block.spoilt, *self._odd_parts()):
            found[learners] = True
        for number in range(len(self.sheet.programs)):
            self._leave(number, found)
        rows = part(self.batch, "exceptions")
        if rows is None or not len(rows.learner):
            return
        programs, names = coded(rows.column("program"))
        kinds, values = coded(rows.column("kind"))
        chosen = np.array([value != "election" for value in values])[kinds]
        for number, program in enumerate(self.sheet.programs):
            if program.plan.program.id in names:
                there = np.zeros(self.size, bool)
                there[rows.learner[chosen & (programs == names.index(program.plan.program.id))]] = True
                self._leave(number, there)

    def _odd_parts(self) -> Iterable[Array]:
        for field in self.batch.schema:
            if field.name in known.PARTS:
                told = known.OF_PART.get(field.name)
                rows = part(self.batch, field.name) if told else None
                if rows is None or told is None:
                    continue
                for inner in rows.values.type:
                    column = rows.column(inner.name)
                    if inner.name not in told and column.null_count < len(column):
                        yield rows.learner[valid(column)]
            elif field.name not in known.LEARNER:
                yield np.flatnonzero(valid(self.batch.column(field.name)))

    # Requirements that compete.

    def _share(self, number: int, program: SheetProgram) -> None:
        plan, leaves = program.plan, self._demands(number)
        if len(leaves) < 2:
            return
        pools = [np.unique(np.concatenate([self.pools[pool.place] for pool in leaf.pools])) for leaf in leaves]
        groups = [plan.nodes[index].share_group for index in plan.demands]
        competing = rivals(pools, groups)
        if not competing:
            return
        demands = [self.nodes[program.at[index]] for index in plan.demands]
        found = np.zeros(self.size, bool)
        for one in competing:
            found |= concerned(self.rows, leaves, demands, one)
        found &= ~self.left.get(number, np.zeros(self.size, bool))
        learners = np.flatnonzero(found)
        if not len(learners):
            return
        small = all(len(one.demands) <= 8 for one in competing)
        if any(leaf.credits for leaf in leaves) or not small:
            self._leave(number, found)
            return
        self._share_out(number, program, learners, [Sharing(self.rows, leaves, one, learners) for one in competing])

    def _share_out(self, number: int, program: SheetProgram, learners: Array, sharings: Sequence[Sharing]) -> None:
        """The outcomes of those for whom not everything can be filled at once."""
        plan = program.plan
        alone_ = np.stack([bits.at(self.nodes[program.at[index]], learners) for index in plan.demands])
        everyone = np.arange(len(learners))
        full = np.ones(len(learners), bool)
        crowded = np.zeros(len(learners), bool)
        for sharing in sharings:
            full &= sharing.fits(alone_[list(sharing.of.demands)], everyone)
            crowded |= sharing.too_many
        short = np.flatnonzero(~full | crowded)
        if not len(short):
            return
        if not program.only_way or crowded.any():
            there = np.zeros(self.size, bool)
            there[learners[short if not program.only_way else np.flatnonzero(crowded)]] = True
            self._leave(number, there)
            if not program.only_way:
                return
            short = np.flatnonzero(~full & ~crowded)
        alone_ = alone_[:, short]
        ceiling = np.full(len(short), Outcome.MET, np.uint8)
        for leaf in plan.ways[0].leaves:
            ceiling = np.minimum(ceiling, bits.at(self.nodes[program.at[leaf]], learners[short]))
        fits = []
        for level in (Outcome.MET, Outcome.PENDING, Outcome.UNDETERMINED):
            all_fit = np.ones(len(short), bool)
            for sharing in sharings:
                asked = np.full((len(sharing.of.demands), len(short)), level, np.uint8)
                all_fit &= sharing.fits(asked, short)
            fits.append(all_fit)
        base = reached(fits, alone_.min(axis=0), ceiling)
        levels = alone_.copy()
        for sharing in sharings:
            mine = list(sharing.of.demands)
            wide = np.broadcast_to(base, (len(mine), len(short)))
            levels[mine] = sharing.raised(alone_[mine], wide, short)
        self.shared[number] = Beside(learners[short], self._again(program, learners[short], levels))

    def _again(self, program: SheetProgram, learners: Array, levels: Array) -> Array:
        """The outcomes of all nodes of a program for some learners, with other outcomes of what claims."""
        found = np.zeros((len(program.plan.nodes), len(learners)), np.uint8)
        claimed = dict(zip(program.plan.demands, levels, strict=True))
        for node in program.plan.nodes:
            if node.index in claimed:
                found[node.index] = claimed[node.index]
            elif node.kind is Kind.GROUP:
                ordered = np.sort(found[list(node.parts)], axis=0)[::-1]
                found[node.index] = ordered[node.need - 1] if node.need else Outcome.MET
            else:
                found[node.index] = bits.at(self.nodes[program.at[node.index]], learners)
        return found


class _Plainly:
    """The learners of a batch that are left to the plain engine."""

    def __init__(
        self, engine: ColumnarEngine, batch: Any, as_of: date, result: BatchOutcomes, known: Known | None
    ) -> None:
        self.engine = engine
        self.batch = batch
        self.as_of = as_of
        self.result = result
        self.known = known

    def decide(self, left: dict[int, Array]) -> None:
        if not left:
            return
        programs = sorted(left)
        which = np.stack([left[number] for number in programs])
        learners = np.flatnonzero(which.any(axis=0))
        places = [np.cumsum(one) - 1 for one in which]
        found = {
            number: np.zeros((len(self.engine.plan.programs[number].nodes), int(one.sum())), np.uint8)
            for number, one in zip(programs, which, strict=True)
        }
        for learner in learners.tolist():
            mine = tuple(number for number, one in zip(programs, which, strict=True) if one[learner])
            for number, outcomes in self._one(learner, mine).items():
                found[number][:, places[programs.index(number)][learner]] = outcomes
        for number, one in zip(programs, which, strict=True):
            mine_ = Beside(np.flatnonzero(one), found[number])
            self.result.plain_learners[number] = mine_.learners
            before = self.result.beside.get(number)
            self.result.beside[number] = _both(before, mine_) if before else mine_

    def _one(self, learner: int, programs: tuple[int, ...]) -> dict[int, Any]:
        """By program, the outcomes of one learner; FAILED where the plain engine cannot decide either."""
        learner_id = self.batch.column("learner_id")[learner].as_py()
        try:
            record, word = self.known[learner] if self.known else next(arrow_to_records(self.batch, [learner]))
        except (EngineError, ValueError) as error:
            self.result.failures.append(Failure(learner_id, -1, str(error)))
            return dict.fromkeys(programs, FAILED)
        try:
            return dict(zip(programs, self._outcomes(programs, record, word), strict=True))
        except EngineError:
            return self._one_by_one(learner_id, programs, record, word)

    def _outcomes(self, programs: Sequence[int], record: Record, word: Word) -> Outcomes:
        return self.engine.plainly(tuple(programs)).outcomes(record, word, self.as_of)

    def _one_by_one(self, learner_id: str, programs: Sequence[int], record: Record, word: Word) -> dict[int, Any]:
        """That one program cannot be decided keeps nobody from the others."""
        found: dict[int, Any] = {}
        for number in programs:
            try:
                found[number] = self._outcomes([number], record, word)[0]
            except EngineError as error:
                self.result.failures.append(Failure(learner_id, number, str(error)))
                found[number] = FAILED
        return found


def _both(shared: Beside, plain: Beside) -> Beside:
    """Those of both, in order; the plain engine's where both have a learner."""
    kept = ~np.isin(shared.learners, plain.learners)
    learners = np.concatenate([shared.learners[kept], plain.learners])
    outcomes = np.concatenate([shared.outcomes[:, kept], plain.outcomes], axis=1)
    order = np.argsort(learners, kind="stable")
    return Beside(learners[order], outcomes[:, order])
