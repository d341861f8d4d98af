"""One new grade for one learner at 20 programs: all programs that mention the course decided again, reasons included.

Learners are followed with the first half of their attempts; then the others arrive one by one, in an order drawn over
all learners, so that neighbours are seldom the same learner's. Before that, as many other learners go by the same way,
so that what is known of kinds of attempts is known. Every grade is measured once, with time.perf_counter_ns and the
garbage collector as it is by default. Grades at courses that no program mentions are left out of the figures.

What is inside the time of `plain`: from the attempt in hand, through `Followed.put`, to the programs it may have moved
with their outcomes at every node and what led there as data: what each attempt is worth, why it is refused, which are
claimed. The sentences are written when a reason is read; `told` is the same time with all of them written, so that
every Reason of the trees of all programs that were moved is there. Neither has the digest of the evidence in it, which
`Followed.decision` adds for the ledger.

What is inside the time of `durable`: the same as in that of `plain`, and then for each program that may have moved
`KeptSession.put`: a session of durable_rules into which the new attempt goes, up to the outcomes at every node. Fewer
learners are followed by it. The reasons are those of `plain`, with which it has to agree.

Figures: plain_p50_us, plain_p99_us, told_p50_us, durable_p50_us, durable_p99_us, grades, programs, redecided (programs
that a grade moved, in the mean), whole (share of them that the plain engine had to evaluate as a whole), shipped_local
(of the programs under rules/, how many are local), equal (in every case checked the decisions on all programs, reasons
included, are those of the plain engine on the whole record, and durable's outcomes plain's), checked.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from benchmarks.made_up import write_rules
from credrules.attestations import Word
from credrules.deciding import Decider
from credrules.engines.durable_kept import DurableProgram
from credrules.following import Follower
from credrules.kept_program import ProgramIndex
from credrules.plan import make_plan
from credrules.rule_files import load
from credrules.testing.population import AS_OF, population

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

    from credrules.following import Followed
    from credrules.records import Attempt
    from credrules.rules import RuleSet

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
    _plain(follower, rule_set, asked.learners, asked.seed + 1, told=False)
    plain = _plain(follower, rule_set, asked.learners, asked.seed, told=False)
    told = _plain(follower, rule_set, asked.learners, asked.seed, told=True)
    print(f"{len(plain.times)} grades, each about {plain.redecided:.2f} of {asked.programs} programs")
    durable, agree = _durable(follower, rule_set, asked.durable, asked.seed)
    equal = agree and _are_equal(follower, rule_set, asked)
    shipped = [ProgramIndex(program) for program in make_plan(load(RULES)).programs]
    return {
        "plain_p50_us": plain.at(0.5),
        "plain_p99_us": plain.at(0.99),
        "told_p50_us": told.at(0.5),
        "durable_p50_us": durable.at(0.5),
        "durable_p99_us": durable.at(0.99),
        "grades": len(plain.times),
        "programs": asked.programs,
        "redecided": round(plain.redecided, 2),
        "whole": plain.whole,
        "shipped_local": f"{sum(index.local for index in shipped)} of {len(shipped)}",
        "equal": equal,
        "checked": asked.check,
    }


class Times:
    """Microseconds of each grade, and what it moved."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.moved: list[int] = []
        self.steady = 0

    def at(self, share: float) -> float:
        return round(sorted(self.times)[int(len(self.times) * share)], 1)

    @property
    def redecided(self) -> float:
        return statistics.mean(self.moved)

    @property
    def whole(self) -> float:
        return round(1 - self.steady / sum(self.moved), 4)


def _plain(follower: Follower, rule_set: RuleSet, learners: int, seed: int, *, told: bool) -> Times:
    found = Times()
    for learner, attempt in list(_arrivals(follower, rule_set, learners, seed)):
        started = time.perf_counter_ns()
        moved = learner.put(attempt)
        if told:
            for one in moved:
                one.reason  # noqa: B018  reading it writes it
        took = time.perf_counter_ns() - started
        if moved:
            found.times.append(took / 1000)
            found.moved.append(len(moved))
            found.steady += sum(one.steady for one in moved)
    return found


def _durable(follower: Follower, rule_set: RuleSet, learners: int, seed: int) -> tuple[Times, bool]:
    """The times with durable, and whether it came to what plain came to at every node of what was moved."""
    programs = {one.program.id: DurableProgram(follower.plan, one) for one in follower.plan.programs}
    events = list(_arrivals(follower, rule_set, learners, seed))
    kept = {
        learner.record.learner.learner_id: {
            name: program.follow(learner.record, learner.word, AS_OF) for name, program in programs.items()
        }
        for learner in dict.fromkeys(learner for learner, _ in events)
    }
    found, agree = Times(), True
    for learner, attempt in events:
        mine = kept[learner.record.learner.learner_id]
        started = time.perf_counter_ns()
        moved = learner.put(attempt)
        outcomes = [mine[one.program].put(attempt) for one in moved]
        took = time.perf_counter_ns() - started
        agree &= all(list(theirs) == one.outcomes for theirs, one in zip(outcomes, moved, strict=True))
        if moved:
            found.times.append(took / 1000)
            found.moved.append(len(moved))
    return found, agree


def _arrivals(follower: Follower, rule_set: RuleSet, learners: int, seed: int) -> Iterator[tuple[Followed, Attempt]]:
    """Learners with half of their attempts, and the others in the order in which they come."""
    random, events = Random(seed), []
    for person in population(rule_set, learners, seed=seed):
        attempts = list(person.record.attempts)
        random.shuffle(attempts)
        half = len(attempts) // 2
        record = replace(person.record, attempts=tuple(attempts[:half]))
        learner = follower.follow(record, Word(person.attestations), AS_OF)
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
