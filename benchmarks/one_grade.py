"""One new grade for one learner at 20 programs: all programs that mention the course decided again, reasons included.

Learners are followed with the first half of their attempts; then the others arrive one by one, in an order drawn over
all learners, so that neighbours are seldom the same learner's. Before that, as many other learners go by the same way,
so that what is known of kinds of attempts is known, and rulesets are compiled. Then gc.freeze() is called, as the page
on following recommends to a service, and the garbage collector runs as it does by default. Every grade is measured
once, with time.perf_counter_ns. Grades at courses that no program mentions are left out of the figures.

What is inside the time of `plain`: from the attempt in hand, through `Followed.put`, to the programs it may have moved
with their outcomes at every node and what led there as data: what each attempt is worth, why it is refused, which are
claimed. The sentences are written when a reason is read; `told` is the same time with all of them written, so that
every Reason of the trees of all programs that were moved is there. Neither has the digest of the evidence in it, which
`Followed.decision` adds for the ledger.

What is inside the time of `durable`: the same as in that of `plain`, and then `DurableFollowed.put`: the grade through
the productions of durable_rules, from what it is worth up to the decisions of the same programs. The reasons are those
of `plain`, with whose outcomes it has to agree at every node of every program after every grade.

`replaced` is the same for attempts that were in progress: the learner has them all from the start, and then the grades
of the second half come, each in place of an attempt that had none.

Figures: plain_p50_us, plain_p99_us, told_p50_us, durable_p50_us, durable_p99_us, the same with replaced_ before them,
grades, programs, redecided (programs a grade moved, in the mean), whole (share of them that the plain engine had to
evaluate as a whole), shipped_local (of the programs under rules/, how many are local), equal (in every case checked the
decisions on all programs, reasons included, are those of the plain engine on the whole record, and durable's outcomes
plain's), checked, load (of the machine, in the minute before the end).
"""

from __future__ import annotations

import gc
import os
import statistics
import tempfile
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from benchmarks.made_up import write_rules
from credrules.attestations import Word
from credrules.deciding import Decider
from credrules.engines.durable_following import DurableFollower
from credrules.following import Follower
from credrules.kept_program import ProgramIndex
from credrules.plan import make_plan
from credrules.records import Term
from credrules.rule_files import load
from credrules.testing.population import AS_OF, population

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

    from credrules.following import Followed
    from credrules.kept_program import KeptProgram
    from credrules.records import Attempt
    from credrules.rules import RuleSet

NOW = Term(AS_OF - timedelta(days=60), AS_OF + timedelta(days=60), "now", "now")
RULES = Path(__file__).parents[1] / "rules"


def options(parser: ArgumentParser) -> None:
    parser.add_argument("--learners", type=int, default=150)
    parser.add_argument("--programs", type=int, default=20)
    parser.add_argument("--durable", type=int, default=40, help="learners that durable follows as well")
    parser.add_argument("--check", type=int, default=150, help="grades after which everything is decided afresh")
    parser.add_argument("--seed", type=int, default=1)


def measure(asked: Namespace) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        rule_set = load(write_rules(Path(folder) / "rules", asked.programs))
    follower = Follower(make_plan(rule_set))
    plain = _plain(follower, rule_set, asked)
    told = _plain(follower, rule_set, asked, told=True)
    replaced = _plain(follower, rule_set, asked, replaced=True)
    print(f"{len(plain.times)} grades, each about {plain.redecided:.2f} of {asked.programs} programs")
    engine = DurableFollower(follower.plan)
    durable, agree = _durable(follower, engine, rule_set, asked)
    durable_replaced, agree_too = _durable(follower, engine, rule_set, asked, replaced=True)
    shipped = [ProgramIndex(program) for program in make_plan(load(RULES)).programs]
    return {
        "plain_p50_us": plain.at(0.5),
        "plain_p99_us": plain.at(0.99),
        "told_p50_us": told.at(0.5),
        "durable_p50_us": durable.at(0.5),
        "durable_p99_us": durable.at(0.99),
        "replaced_plain_p50_us": replaced.at(0.5),
        "replaced_plain_p99_us": replaced.at(0.99),
        "replaced_durable_p50_us": durable_replaced.at(0.5),
        "replaced_durable_p99_us": durable_replaced.at(0.99),
        "grades": len(plain.times),
        "programs": asked.programs,
        "redecided": round(plain.redecided, 2),
        "whole": plain.whole,
        "shipped_local": f"{sum(index.local for index in shipped)} of {len(shipped)}",
        "equal": agree and agree_too and _are_equal(follower, rule_set, asked),
        "checked": asked.check,
        "load": round(os.getloadavg()[0], 1),
    }


class Times:
    """Microseconds of each grade, and what it moved."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.moved: list[int] = []
        self.steady = 0

    def at(self, share: float) -> float:
        return round(sorted(self.times)[int(len(self.times) * share)], 1)

    def add(self, took: int, moved: list[KeptProgram]) -> None:
        """A grade with what it moved; one that no program mentions is left out."""
        if moved:
            self.times.append(took / 1000)
            self.moved.append(len(moved))
            self.steady += sum(one.steady for one in moved)

    @property
    def redecided(self) -> float:
        return statistics.mean(self.moved)

    @property
    def whole(self) -> float:
        return round(1 - self.steady / sum(self.moved), 4)


def _plain(
    follower: Follower, rule_set: RuleSet, asked: Namespace, *, told: bool = False, replaced: bool = False
) -> Times:
    for learner, attempt in list(_arrivals(follower, rule_set, asked.learners, asked.seed + 1, replaced=replaced)):
        learner.put(attempt)
    events = list(_arrivals(follower, rule_set, asked.learners, asked.seed, replaced=replaced))
    found = Times()
    with _frozen():
        for learner, attempt in events:
            started = time.perf_counter_ns()
            moved = learner.put(attempt)
            if told:
                for one in moved:
                    one.reason  # noqa: B018  reading it writes it
            found.add(time.perf_counter_ns() - started, moved)
    return found


def _durable(
    follower: Follower, engine: DurableFollower, rule_set: RuleSet, asked: Namespace, *, replaced: bool = False
) -> tuple[Times, bool]:
    """The times with durable, and whether it came to what plain came to at every node."""
    found = Times()
    for seed in (asked.seed + 1, asked.seed):  # the first time round is not measured
        events = list(_arrivals(follower, rule_set, asked.durable, seed, replaced=replaced))
        others = {id(learner): engine.follow(learner.record, learner.word, AS_OF) for learner, _ in events}
        found, agree = Times(), True
        with _frozen():
            for learner, attempt in events:
                other = others[id(learner)]
                started = time.perf_counter_ns()
                moved = learner.put(attempt)
                other.put(attempt)
                found.add(time.perf_counter_ns() - started, moved)
                agree &= all(list(other.outcomes(at)) == one.outcomes for at, one in enumerate(learner.kept))
    return found, agree


@contextmanager
def _frozen() -> Iterator[None]:
    """What is there by now is not looked at by the garbage collector."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def _arrivals(
    follower: Follower, rule_set: RuleSet, learners: int, seed: int, *, replaced: bool = False
) -> Iterator[tuple[Followed, Attempt]]:
    """Learners with half of their attempts, and the others in the order in which they come."""
    random, events = Random(seed), []
    for person in population(rule_set, learners, seed=seed):
        attempts = list(person.record.attempts)
        random.shuffle(attempts)
        half = len(attempts) // 2
        there = attempts[:half]
        if replaced:
            there += [replace(one, term=NOW, grade=None, graded_on=None) for one in attempts[half:]]
        learner = follower.follow(replace(person.record, attempts=tuple(there)), Word(person.attestations), AS_OF)
        events += [(learner, attempt) for attempt in attempts[half:]]
    random.shuffle(events)
    yield from events


def _are_equal(follower: Follower, rule_set: RuleSet, asked: Namespace) -> bool:
    """Whether decisions, after each of so many grades, are those that are made afresh on the whole record."""
    decider = Decider(follower.plan, None)
    for learner, attempt in list(_arrivals(follower, rule_set, 20, asked.seed + 2))[: asked.check]:
        learner.put(attempt)
        fresh = decider.decide(learner.record, learner.word, AS_OF, everyone=True).decisions
        if any(learner.decision(one.program) != one for one in fresh):
            return False
    return True
