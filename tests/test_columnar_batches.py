"""A population in batches: wherever they are cut, whatever their order, and kept on disk, the outcomes are the same."""

from __future__ import annotations

import pickle
import tracemalloc
from dataclasses import replace
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

pytest.importorskip("pyarrow")

import numpy as np
import pyarrow as pa
from tests.test_columnar import batch_of, expected, people
from tests.test_columnar_programs import learners, plan_of

from credrules.engines.columnar import (
    Changed,
    ColumnarEngine,
    KeptBlocks,
    Partition,
    changed,
    nested,
    records_to_arrow,
)
from credrules.engines.plain import PlainEngine
from credrules.errors import EngineError
from credrules.testing.random_cases import TODAY, random_plan

PLAN = random_plan(Random(5))
PEOPLE = people(5, PLAN, 30)
ROWS = batch_of(PEOPLE)


def decided(batches, **options):
    """Everything that comes of a stream, as one table without where batches were cut."""
    return pa.Table.from_batches(Partition(PLAN, TODAY, **options)(batches)).combine_chunks()


def whole():
    return decided([ROWS])


@pytest.mark.parametrize("size", [1, 7, 29, 30, 31])
@pytest.mark.parametrize("threads", [1, 2])
def test_where_batches_are_cut_makes_no_difference(size, threads):
    pieces = [ROWS.slice(first, 4) for first in range(0, 30, 4)]

    assert decided(pieces, learners=size, threads=threads).to_pylist() == whole().to_pylist()


def test_empty_batches_are_nothing():
    assert decided([ROWS.slice(0, 0), ROWS.slice(0, 10), ROWS.slice(0, 0), ROWS.slice(10)]).equals(whole())
    assert list(Partition(PLAN, TODAY)([ROWS.slice(0, 0)])) == []
    assert list(Partition(PLAN, TODAY)([])) == []


def test_a_learner_who_is_split_across_batches_is_an_error_and_not_two_half_learners():
    with pytest.raises(EngineError, match="L0009 comes twice"):
        decided([ROWS.slice(0, 10), ROWS.slice(9)])


def flat(table):
    """The attempts and learners of a batch as flat tables."""
    attempts = table.column("attempts")
    names = table.column("learner_id").take(
        pa.array(np.repeat(np.arange(table.num_rows), [len(x) for x in attempts.to_pylist()]))
    )
    inner = attempts.flatten()
    columns = {"learner_id": names} | {field.name: inner.field(field.name) for field in inner.type}
    return {"learners": table.select(["learner_id", "affiliation"]), "attempts": pa.RecordBatch.from_pydict(columns)}


@pytest.mark.parametrize("rows", [1, 2, 5, 1000])
def test_a_learner_whose_rows_are_split_across_the_batches_of_a_table_is_one_learner(rows):
    tables = flat(ROWS)
    pieces = {name: [one.slice(first, rows) for first in range(0, one.num_rows, rows)] for name, one in tables.items()}

    cut = decided(nested(pieces, 8))

    assert cut.to_pylist() == decided(nested({name: [one] for name, one in tables.items()})).to_pylist()


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(30)))
def test_the_order_of_learners_makes_no_difference_to_any_of_them(order):
    found = ColumnarEngine(PLAN).decide(ROWS.take(pa.array(order)), TODAY)

    assert [found.of(order.index(at)) for at in range(30)] == expected(PLAN, PEOPLE)


@settings(max_examples=25, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_attempts_makes_no_difference(random):
    shuffled = []
    for record, word in PEOPLE:
        attempts = list(record.attempts)
        random.shuffle(attempts)
        shuffled.append((replace(record, attempts=tuple(attempts)), word))

    found = ColumnarEngine(PLAN).decide(batch_of(shuffled), TODAY)

    assert [found.of(at) for at in range(30)] == expected(PLAN, PEOPLE)


def test_memory_is_that_of_a_few_batches_however_many_there_are(tmp_path):
    plan = plan_of(tmp_path, ["  - choose: 2\n    of: [CSE 500, CSE 501, STA 500]\n    id: two"])
    rows = records_to_arrow(learners(Random(1), 500))

    def stream(count):
        for number in range(count):
            names = pa.array([f"{number:04}-{at:04}" for at in range(500)])
            yield rows.set_column(0, rows.schema.field(0), names)

    def peak(count):
        partition = Partition(plan, TODAY, learners=1000)
        list(partition(stream(2)))  # what is made once
        tracemalloc.start()
        before = pa.total_allocated_bytes()
        most = 0
        for _ in partition(stream(count)):
            most = max(most, pa.total_allocated_bytes() - before)
        numpy_peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most, numpy_peak

    few, many = peak(8), peak(40)

    assert many[0] < 1.25 * few[0] + 100_000
    assert many[1] < 1.25 * few[1] + 100_000


def test_a_partition_can_be_sent_to_another_process_after_it_was_used():
    partition = Partition(PLAN, TODAY, threads=2, learners=11)
    here = list(partition([ROWS]))

    there = pickle.loads(pickle.dumps(partition))  # noqa: S301  our own

    assert there == partition
    assert [batch.to_pylist() for batch in there([ROWS])] == [batch.to_pylist() for batch in here]


# Values that no record can have.


def spoilt(at, change):
    rows = ROWS.to_pylist()
    change(rows[at])
    return pa.RecordBatch.from_pylist(rows, schema=ROWS.schema)


SPOILT = next(at for at, (record, _) in enumerate(PEOPLE) if record.attempts)


@pytest.mark.parametrize(
    ("change", "because"),
    [
        (lambda row: row["attempts"][0].update(course=None), "has no 'course'"),
        (lambda row: row["attempts"][0].update(course="nonsense"), "'nonsense' is not written like 'STA 501'"),
        (lambda row: row["attempts"][0].update(basis="magic"), "'magic' is not a valid Basis"),
        (lambda row: row["attempts"].__setitem__(0, None), "is null"),
        (lambda row: row.update(affiliation="nowhere"), "'nowhere' is not a valid Affiliation"),
        (lambda row: row.update(milestones=[{"code": "x", "status": "perhaps"}]), "'perhaps' is not a valid"),
        (lambda row: row.update(admissions=[{"kind": "degree", "since": None}]), "has no 'since'"),
    ],
)
def test_a_value_that_cannot_be_read_sets_its_learner_aside_and_nobody_else(change, because):
    found = decided([spoilt(SPOILT, change)]).to_pylist()
    clean = whole().to_pylist()

    assert set(found[SPOILT]["decisions"]) == {255}
    assert because in found[SPOILT]["faults"][0]["because"]
    assert found[SPOILT]["faults"][0]["program"] == -1
    for at in set(range(30)) - {SPOILT}:
        assert (found[at]["decisions"], found[at]["nodes"], found[at]["faults"]) == (
            clean[at]["decisions"],
            clean[at]["nodes"],
            [],
        )


# Kept blocks.


def outcomes_of(blocks):
    return {name: found.of(at) for found in blocks.outcomes() for at, name in enumerate(found.learner_ids.to_pylist())}


@settings(max_examples=10, deadline=None)
@given(st.integers(min_value=0))
def test_kept_blocks_after_changes_are_what_a_full_run_gives(tmp_path_factory, seed):
    random = Random(seed)
    plan = random_plan(random)
    before, other = people(seed, plan, 24), people(f"other {seed}", plan, 24)
    folder = tmp_path_factory.mktemp("kept") / "blocks"
    KeptBlocks.made(folder, plan, TODAY, [batch_of(before[:20])], learners=7)
    now = list(before[:20])
    for _ in range(3):
        chosen = random.sample(range(24), 6)
        for at in chosen:
            if at < len(now):
                now[at] = other[at] if random.random() < 0.7 else before[at]
        kept = KeptBlocks(folder, plan, TODAY)  # opened anew each time
        known = [at for at in chosen if at < len(now)]
        old = outcomes_of(kept)
        update = kept.update([batch_of([now[at] for at in known])] if known else [])

        roots = {record.learner.learner_id: of for (record, _), of in zip(now, expected(plan, now), strict=True)}
        assert outcomes_of(KeptBlocks(folder, plan, TODAY)) == roots
        differing = {
            (name, program.program.id, old[name][at][program.root], roots[name][at][program.root])
            for name in roots
            for at, program in enumerate(plan.programs)
            if old[name][at][program.root] != roots[name][at][program.root]
        }
        assert {(one.learner_id, one.program, one.old, one.new) for one in update.changes} == differing


def test_records_that_say_the_same_are_not_decided_again(tmp_path):
    kept = KeptBlocks.made(tmp_path / "k", PLAN, TODAY, [ROWS])

    update = kept.update([ROWS])

    assert (update.new, update.other, update.same, update.changes) == (0, 0, 30, [])


def test_a_learner_who_is_new_gets_a_block(tmp_path):
    kept = KeptBlocks.made(tmp_path / "k", PLAN, TODAY, [ROWS.slice(0, 25)])

    update = kept.update([ROWS])

    assert (update.new, update.other, update.same) == (5, 0, 25)
    assert list(outcomes_of(KeptBlocks(tmp_path / "k", PLAN, TODAY)).values()) == expected(PLAN, PEOPLE)


def test_a_run_that_dies_before_its_outcomes_are_written_is_made_good_when_the_folder_is_opened(tmp_path, monkeypatch):
    kept = KeptBlocks.made(tmp_path / "k", PLAN, TODAY, [ROWS.slice(0, 15)])
    other = [(replace(record, attempts=()), word) for record, word in PEOPLE[:15]]
    monkeypatch.setattr(KeptBlocks, "_apply", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        kept.update([batch_of(other)])
    monkeypatch.undo()

    assert list(outcomes_of(KeptBlocks(tmp_path / "k", PLAN, TODAY)).values()) == expected(PLAN, other)


def test_kept_blocks_of_other_rules_or_another_day_are_not_read(tmp_path):
    KeptBlocks.made(tmp_path / "k", PLAN, TODAY, [ROWS])

    with pytest.raises(EngineError, match="other rules or as of another day"):
        KeptBlocks(tmp_path / "k", random_plan(Random(6)), TODAY)
    with pytest.raises(EngineError, match="other rules or as of another day"):
        KeptBlocks(tmp_path / "k", PLAN, TODAY.replace(year=2027))
    with pytest.raises(EngineError, match="holds no kept population"):
        KeptBlocks(tmp_path / "nothing", PLAN, TODAY)
    with pytest.raises(EngineError, match="is not empty"):
        KeptBlocks.made(tmp_path / "k", PLAN, TODAY, [ROWS])


def test_only_the_owner_may_read_kept_records(tmp_path):
    KeptBlocks.made(tmp_path / "k", PLAN, TODAY, [ROWS])

    assert (tmp_path / "k").stat().st_mode & 0o077 == 0


# Two rule sets.


def difference(old, new, held):
    """By brute force: who has another outcome, and at which requirements and rules."""
    found = set()
    plans = dict(zip(("old", "new"), (old, new), strict=True))
    for record, word in held:
        was, now = (PlainEngine(plan).outcomes(record, word, TODAY) for plan in plans.values())
        for program, before, after in zip(new.programs, was, now, strict=True):
            if before[program.root] is not after[program.root]:
                nodes = [
                    node.id for node in program.nodes if not node.parts and before[node.index] is not after[node.index]
                ]
                name = record.learner.learner_id
                found.add(Changed(name, program.program.id, before[program.root], after[program.root], tuple(nodes)))
    return found


def higher(plan, points):
    """The same programs with another least grade everywhere."""
    programs = []
    for program in plan.programs:
        nodes = [
            replace(
                node,
                ways=tuple(
                    replace(way, counting=replace(way.counting, minimum=points, by_level=())) for way in node.ways
                ),
            )
            for node in program.nodes
        ]
        programs.append(replace(program, nodes=tuple(nodes)))
    return replace(plan, programs=tuple(programs))


@settings(max_examples=15, deadline=None)
@given(st.integers(min_value=0, max_value=10_000), st.sampled_from([2000, 3000, 3670]))
@example(1130, 2000)  # subjects are counted where every requirement shares what it claims
def test_a_changed_minimum_grade_comes_out_as_the_brute_force_difference(tmp_path_factory, seed, points):
    plan = random_plan(Random(seed))
    plan = replace(plan, programs=tuple({one.program.id: one for one in plan.programs}.values()))
    held = people(seed, plan, 15)
    new = higher(plan, points)

    found = list(changed(plan, new, [batch_of(held)], TODAY))

    assert set(found) == difference(plan, new, held)
    assert len(found) == len(set(found))
    kept = KeptBlocks.made(tmp_path_factory.mktemp("kept") / "k", plan, TODAY, [batch_of(held)])
    assert set(kept.changed_under(new)) == set(found)


def test_nothing_is_decided_where_nothing_is_asked_otherwise(monkeypatch):
    monkeypatch.setattr(PlainEngine, "outcomes", lambda *_: pytest.fail("somebody was decided"))

    assert list(changed(PLAN, PLAN, [ROWS], TODAY)) == []


def test_a_program_that_is_gone_is_reported_for_those_who_had_anything_in_it():
    gone = replace(PLAN, programs=PLAN.programs[1:])
    first = PLAN.programs[0]

    found = [one for one in changed(PLAN, gone, [ROWS], TODAY) if one.new is None]

    above = [of[0][first.root] for of in expected(PLAN, PEOPLE) if of[0][first.root]]
    assert [one.old for one in found] == above
