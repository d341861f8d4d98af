"""The engines: they agree at every node, and the durable one refuses what it cannot be trusted with."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credrules.engines.durable import DurableEngine
from credrules.engines.durable_driver import Driver, Production, Test, Unsafe, fnv1a
from credrules.engines.plain import PlainEngine
from credrules.errors import EngineError
from credrules.records import Basis, Registration
from credrules.testing import EngineSuite
from credrules.testing.random_cases import random_case

Test.__test__ = False  # a comparison, not a test case


class TestDurable(EngineSuite):
    def make_engine(self, plan):
        return DurableEngine(plan)


class TestPlain(EngineSuite):
    def make_engine(self, plan):
        return PlainEngine(plan)


@settings(max_examples=300, deadline=None)
@given(st.integers(min_value=0))
def test_durable_and_plain_agree_at_every_node(seed):
    case = random_case(Random(seed))

    durable = DurableEngine(case.plan).outcomes(case.record, case.word, case.as_of)

    assert durable == PlainEngine(case.plan).outcomes(case.record, case.word, case.as_of)


@pytest.mark.parametrize("make", [PlainEngine, DurableEngine])
def test_the_order_of_programs_does_not_matter(make):
    for seed in range(40):
        case = random_case(Random(seed))
        turned = replace(case.plan, programs=tuple(reversed(case.plan.programs)))

        outcomes = make(turned).outcomes(case.record, case.word, case.as_of)

        assert tuple(reversed(outcomes)) == make(case.plan).outcomes(case.record, case.word, case.as_of)


def test_outcomes_do_not_depend_on_the_hash_seed():
    program = (
        "from random import Random\n"
        "from credrules.testing.random_cases import random_case\n"
        "from credrules.engines.plain import PlainEngine\n"
        "from credrules.engines.durable import DurableEngine\n"
        "from credrules.records import digest\n"
        "from credrules.reasons import Explainer\n"
        "out = []\n"
        "for seed in range(40):\n"
        "    c = random_case(Random(seed))\n"
        "    out.append(DurableEngine(c.plan).outcomes(c.record, c.word, c.as_of))\n"
        "    for plan, e in zip(c.plan.programs, PlainEngine(c.plan).evaluate(c.record, c.word, c.as_of)):\n"
        "        out.append(Explainer(plan, e, c.record, c.word, c.as_of).reason())\n"
        "print(digest(out))\n"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("0", "1", "4711")
    }

    assert len(seen) == 1


# The driver's guards: each is a way in which durable_rules 2.0.28 is known to go wrong.


def equals(name, value):
    return Test(name, "==", value)


@pytest.mark.parametrize(
    ("productions", "why"),
    [
        ([Production(())], "without a condition"),
        ([Production((equals("a", 1),), count=0)], "count of 0"),
        ([Production((equals("a", 1),), count=65_536)], "count of 65536"),
        ([Production((equals("a", 1),)), Production((equals("a", 1),), count=2)], "the same condition"),
        ([Production((equals("a", 1), equals("b", 2))), Production((equals("b", 2), equals("a", 1)))], "the same"),
        ([Production((Test("a", ">=", "B"),))], "equality only"),
        ([Production((Test("a", ">=", 1),))], "must be an equality"),
        ([Production((Test("a", "!=", 1),))], "not among the operators"),
        ([Production((equals("a", 1.5),))], "neither text nor a whole number"),
        ([Production((equals("a", True),))], "neither text nor a whole number"),
        ([Production((equals("a", 2**31),))], "neither text nor a whole number"),
        ([Production((equals("a", "x" * 1000),))], "too long"),
        ([Production((equals("a", "e\u0301"),))], "normal form"),
        ([Production((equals("a", 1),)), Production((equals("a", "1"),))], "a number here and with text"),
        ([Production((equals("$and", 1),))], "cannot be a property"),
        ([Production((equals("sid", 1),))], "cannot be a property"),
        ([Production((equals("glbvs", 1),)), Production((equals("yacxa", 1),))], "same hash"),
        ([Production((equals("a", number),)) for number in range(401)], "401 conditions"),
        ([Production((equals("a", 1), Test("g", ">=", n))) for n in range(61)], "at once"),
        ([Production((equals(f"p{n}", 1),)) for n in range(61)], "at once"),
        ([Production((equals("b", n // 300), equals("p", n))) for n in range(4001)], "4001 rules"),
    ],
)
def test_the_driver_refuses_rules_that_the_engine_cannot_be_trusted_with(productions, why):
    with pytest.raises(Unsafe, match=why):
        Driver(productions)


def test_the_two_property_names_with_one_hash_are_as_known():
    assert fnv1a("glbvs") == fnv1a("yacxa")


@pytest.mark.parametrize(
    "fact",
    [
        {"a": 1.5},
        {"a": float("inf")},
        {"a": True},
        {"a": None},
        {"a": 2**31},
        {"a": "x" * 1000},
        {"a": "e\u0301"},
        {"a": "nul\0"},
        {"a": "\ud800"},
        {"k": 1},  # the rules compare it with text
        {"n": "1"},  # the rules compare it with a number
        {"a": {"b": 1}},
        {"a": [1]},
    ],
)
def test_the_driver_refuses_a_fact_that_the_engine_cannot_be_trusted_with(fact):
    driver = Driver([Production((equals("k", "x"),)), Production((equals("n", 1),))])

    with driver.session() as session, pytest.raises(EngineError):
        session.run([fact])


BROKEN = [
    '{"k": "x", "n": 1e-05, "id": "50", "sid": "s"}',
    '{"k": "x", "n": 1e+16, "id": "50", "sid": "s"}',
    '{"k": "x", "n": Infinity, "id": "50", "sid": "s"}',
    '{"k": "x", "n": -Infinity, "id": "50", "sid": "s"}',
    '{"k": "x", "n": nonsense, "id": "50", "sid": "s"}',
    '{"k": "x", "id": "50", "sid": "s"',
    json.dumps({**{f"p{number}": number for number in range(253)}, "id": "50", "sid": "s"}),
]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda text: text[:30])
@pytest.mark.parametrize("place", [1, 3, 6])
def test_a_batch_that_the_engine_drops_a_part_of_is_noticed(broken, place):
    driver = Driver([Production((equals("k", "x"),))])
    batch = [json.dumps({"k": "x", "id": str(number + 1), "sid": "s"}) for number in range(5)]
    batch.insert(0, json.dumps({"opening": 1, "id": "0", "sid": "s"}))
    batch.insert(place, broken)
    batch.append(json.dumps({"sentinel": 1, "id": "99", "sid": "s"}))

    with driver.session() as session, pytest.raises(EngineError):
        session._fire(f"[{','.join(batch)}]")  # past the checks that would have refused it

    with driver.session() as session:  # and the next learner is not touched by it
        assert len(session.run([{"k": "x"}, {"k": "y"}])) == 1


def test_too_many_facts_for_one_learner_are_refused():
    driver = Driver([Production((equals("k", "x"),))])

    with driver.session() as session, pytest.raises(EngineError, match="at most 2000"):
        session.run([{"k": "x"}] * 2001)


def test_a_learner_who_satisfies_nothing_does_not_bring_the_engine_down():
    case = random_case(Random(3))
    engine = DurableEngine(case.plan)
    record = replace(case.record, attempts=(), milestones=(), holds=())

    for _ in range(50):
        engine.outcomes(record, case.word, case.as_of)


def test_text_from_a_source_that_the_engine_cannot_hold_is_an_error_and_not_a_wrong_answer():
    cases = (random_case(Random(seed)) for seed in itertools.count())
    case = next(case for case in cases if any(map(DurableEngine(case.plan).mentions, case.record.attempts)))
    known = {"registration": Registration.ENROLLED, "registered_on": None, "basis": Basis.GRADED, "grade": "A"}
    attempts = tuple(replace(attempt, level="grad\0uate", **known) for attempt in case.record.attempts)

    with pytest.raises(EngineError):
        DurableEngine(case.plan).outcomes(replace(case.record, attempts=attempts), case.word, case.as_of)


def test_facts_that_are_text_are_looked_at_like_all_others():
    driver = Driver([Production((Test("k", "==", "x"),)), Production((Test("k", "==", "x"), Test("n", ">=", 2)))])
    form = driver.form({"k": "x"}, ["n"])

    with driver.session() as session:
        assert sorted(session.run_bodies([driver.body({"k": "x"}), form.body((1,)), form.body((2,))])) == [0, 0, 0, 1]
    for unsafe in ({"k": 1}, {"n": "2"}, {"k": "x" * 1000}, {"n": 2**31}, {}):
        with pytest.raises(EngineError):
            driver.body(unsafe)
    for values in ((2**31,), (True,), (1.5,)):
        with pytest.raises(EngineError):
            form.body(values)
    with pytest.raises(EngineError):
        driver.form({"n": 1}, ["k"])


def test_text_that_the_engine_cannot_read_is_noticed_in_a_batch_of_texts():
    driver = Driver([Production((Test("k", "==", "x"),))])

    with driver.session() as session, pytest.raises(EngineError):
        session.run_bodies([driver.body({"k": "x"}), '"k": "x", "n": 1e-05'])
