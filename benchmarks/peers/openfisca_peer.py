"""OpenFisca: one variable a node, vectorised over learners; attempts are the persons of a learner's group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from openfisca_core.entities import build_entity
from openfisca_core.periods import ETERNITY
from openfisca_core.simulations import SimulationBuilder
from openfisca_core.taxbenefitsystems import TaxBenefitSystem
from openfisca_core.variables import Variable

from benchmarks.made_up import COURSES
from benchmarks.peers.relational import NO_GRADE, STATUSES

if TYPE_CHECKING:
    from benchmarks.peers.relational import Rules

WHEN = "2026"


class OpenFiscaPeer:
    name = "openfisca"

    def __init__(self, rules: Rules, columns: dict[str, dict[str, Any]], threads: int) -> None:
        self.rules, self.columns, self.base = rules, columns, rules.base
        self.attempt = build_entity(key="attempt", plural="attempts", label="An attempt", is_person=True)
        self.learner = build_entity(
            key="learner",
            plural="learners",
            label="A learner",
            roles=[{"key": "attempt_of", "plural": "attempts_of", "label": "An attempt of the learner"}],
        )
        self.system = TaxBenefitSystem([self.attempt, self.learner])
        for name in ("course", "grade", "running", "attempted", "earned", "preferred", "whose"):
            self._input(name, self.attempt)
        self._input("home", self.learner)
        self._input("non_degree", self.learner)
        self._input("held", self.learner)
        self.inputs: dict[str, Any] = {}
        self._classes()
        self._leaves()
        for node, need, _ in rules.group:
            self._group(node, need, [part for one, part in rules.edge if one == node])
        self.found: list[Any] = []

    def _input(self, name: str, entity: Any) -> None:
        self._variable(name, entity, None)

    def _variable(self, name: str, entity: Any, formula: Any) -> None:
        parts = {"value_type": int, "entity": entity, "definition_period": ETERNITY, "label": name}
        if formula:
            parts["formula"] = formula
        self.system.add_variable(type(name, (Variable,), parts))

    def _classes(self) -> None:
        """What an attempt is worth, and whether it is the best at its course: in whole columns."""
        for klass in sorted({row[0] for row in self.rules.worth}):
            table = np.zeros((NO_GRADE + 1, 2), np.int32)
            for minimum, grade, running, level in self.rules.worth:
                if minimum == klass:
                    table[grade, running] = level

            def formula(attempt: Any, period: Any, parameters: Any, table: Any = table) -> Any:
                level = table[attempt("grade", period), attempt("running", period)]
                key = attempt("whose", period).astype(np.int64) * len(COURSES) + attempt("course", period)
                order = np.lexsort((attempt.simulation.preferred, level, key))
                last = np.ones(len(order), bool)
                last[:-1] = np.diff(key[order]) != 0
                best = np.zeros(len(order), np.int32)
                best[order[last]] = level[order[last]]
                return best

            self._variable(f"best_{klass}", self.attempt, formula)

    def _leaves(self) -> None:
        rules = self.rules
        for node, need, credits_ in rules.claim:
            pools: dict[int, Any] = {}
            for one, klass, course in rules.pool:
                if one == node:
                    pools.setdefault(klass, np.zeros(len(COURSES), bool))[course] = True
            self._claim(node, need, credits_, pools)
        for node, _, _ in rules.milestone:
            self._input(f"node_{node}", self.learner)
        for node, _, _ in rules.word:
            self._input(f"node_{node}", self.learner)
        for (node,) in rules.hold:
            self._variable(
                f"node_{node}", self.learner, lambda learner, period: np.where(learner("held", period), 0, 4)
            )
        for node in sorted({row[0] for row in rules.fact}):
            levels = {(aff, adm): level for one, aff, adm, level in rules.fact if one == node}
            home, non, none = levels["home", "degree"], levels["outside", "non-degree"], levels["outside", "none"]

            def fact(learner: Any, period: Any, parameters: Any, of: Any = (home, non, none)) -> Any:
                return np.where(learner("home", period), of[0], np.where(learner("non_degree", period), of[1], of[2]))

            self._variable(f"node_{node}", self.learner, fact)

    def _claim(self, node: int, need: int, credits_: int, pools: dict[int, Any]) -> None:
        def formula(learner: Any, period: Any, parameters: Any) -> Any:
            course = learner.members("course", period)
            level = sum(
                np.where(inside[course], learner.members(f"best_{klass}", period), 0) for klass, inside in pools.items()
            )
            size = np.ones(len(course), np.int32)
            if credits_:
                size = np.where(level == 4, learner.members("earned", period), learner.members("attempted", period))
            found = np.zeros(learner.count, np.int32)
            for least in (1, 2, 4):
                found[learner.sum(np.where(level >= least, size, 0)) >= need] = least
            return found

        self._variable(f"node_{node}", self.learner, formula)

    def _group(self, node: int, need: int, parts: list[int]) -> None:
        def formula(learner: Any, period: Any, parameters: Any) -> Any:
            levels = [learner(f"node_{part}", period) for part in parts]
            if need == len(levels):
                return np.minimum.reduce(levels)
            if need == 1:
                return np.maximum.reduce(levels)
            return np.sort(np.stack(levels), axis=0)[-need]

        self._variable(f"node_{node}", self.learner, formula)

    def decide(self) -> None:
        columns, rules = self.columns, self.rules
        count = len(columns["learners"]["learner"])
        builder = SimulationBuilder()
        builder.create_entities(self.system)
        attempts = columns["attempts"]
        builder.declare_person_entity("attempt", np.arange(len(attempts["learner"])))
        group = builder.declare_entity("learner", np.arange(count))
        builder.join_with_persons(group, attempts["learner"], roles=np.array(["attempt_of"] * len(attempts["learner"])))
        simulation = builder.build(self.system)
        for name in ("course", "grade", "running", "attempted", "earned"):
            simulation.set_input(name, WHEN, attempts[name])
        simulation.set_input("whose", WHEN, attempts["learner"])
        simulation.preferred = attempts["preferred"]
        simulation.persons.simulation.preferred = attempts["preferred"]
        learners = columns["learners"]
        simulation.set_input("home", WHEN, np.array(learners["affiliation"]) == "home")
        simulation.set_input("non_degree", WHEN, np.array(learners["admission"]) == "non-degree")
        held = np.zeros(count, np.int32)
        held[columns["holds"]["learner"]] = 1
        simulation.set_input("held", WHEN, held)
        self._told(simulation, count)
        self.found = [np.asarray(simulation.calculate(f"node_{node}", WHEN)) for node in range(len(rules.base))]

    def _told(self, simulation: Any, count: int) -> None:
        milestones, said = self.columns["milestones"], self.columns["attestations"]
        code, linked = np.array(milestones["code"]), np.array([one is not None for one in milestones["evidence"]])
        status = np.array([STATUSES[one] for one in milestones["status"]])
        for node, asked, evidence in self.rules.milestone:
            level = np.where(evidence & (status == 4) & ~linked, 3, status)
            found = np.zeros(count, np.int32)
            here = code == asked
            np.maximum.at(found, milestones["learner"][here], level[here])
            simulation.set_input(f"node_{node}", WHEN, found)
        program, role = np.array(said["program"]), np.array(said["role"])
        for node, whose, who in self.rules.word:
            found = np.full(count, 3, np.int32)
            found[said["learner"][(program == whose) & (role == who)]] = 4
            simulation.set_input(f"node_{node}", WHEN, found)

    def result(self) -> tuple[Any, Any, Any]:
        base = self.rules.base
        rows = [(np.flatnonzero(found != base[node]), node, found) for node, found in enumerate(self.found)]
        learner = np.concatenate([who for who, _, _ in rows])
        node_ = np.concatenate([np.full(len(who), node) for who, node, _ in rows])
        return learner, node_, np.concatenate([found[who] for who, _, found in rows])
