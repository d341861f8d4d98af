"""The columnar engine: a population at once is what the plain engine says of each learner, at every node."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("pyarrow")


from credrules.engines.columnar import (
    ColumnarEngine,
    arrow_to_records,
    records_to_arrow,
)
from credrules.engines.durable import DurableEngine
from credrules.engines.plain import PlainEngine
from credrules.testing import EngineSuite
from credrules.testing.random_cases import TODAY, random_case, random_plan, random_record, random_word


class TestColumnar(EngineSuite):
    cases = 60

    def make_engine(self, plan):
        return ColumnarEngine(plan)


def people(seed, plan, count, words=True):
    """Learners of one plan: records and what people said, in order of their ids."""
    found = []
    for number in range(count):
        random = Random(f"{seed}/{number}")
        record = random_record(random)
        learner = replace(record.learner, learner_id=f"L{number:04}")
        found.append((replace(record, learner=learner), random_word(random, plan)))
    return found


def expected(plan, found):
    plain = PlainEngine(plan)
    return [tuple(tuple(map(int, one)) for one in plain.outcomes(record, word, TODAY)) for record, word in found]


def batch_of(found):
    return records_to_arrow([record for record, _ in found], [word for _, word in found])


@settings(max_examples=40, deadline=None)
@given(st.integers(min_value=0))
def test_a_batch_of_learners_comes_out_as_the_plain_engine_decides_each(seed):
    plan = random_plan(Random(seed))
    found = people(seed, plan, 20)

    decided = ColumnarEngine(plan).decide(batch_of(found), TODAY)

    assert [decided.of(learner) for learner in range(20)] == expected(plan, found)


@settings(max_examples=60, deadline=None)
@given(st.integers(min_value=0))
def test_all_three_engines_agree_at_every_node(seed):
    case = random_case(Random(seed))

    plain, durable, columnar = (
        engine(case.plan).outcomes(case.record, case.word, case.as_of)
        for engine in (PlainEngine, DurableEngine, ColumnarEngine)
    )

    assert durable == plain
    assert columnar == plain


def test_a_record_comes_back_from_its_columns_as_it_was():
    for seed in range(100):
        case = random_case(Random(seed))

        [(record, word)] = arrow_to_records(records_to_arrow([case.record], [case.word]))

        assert (record, word) == (case.record, case.word)
