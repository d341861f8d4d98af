"""Sharing-outs too large for the search: a constraint solver in whole numbers, bounded by work and not by time.

CP-SAT of OR-Tools reasons in integers throughout, so that what it proves is proved. One thread and a limit on its
deterministic time give the same answer on every run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from credrules.claims import Floor, Proof, Rounding, Undecided

if TYPE_CHECKING:
    from credrules.claims import Claims, Offer, Question, Share

WORK = 20.0
"""What one question may cost, in the solver's deterministic seconds (about as many of an ordinary machine)."""


def solve(question: Question) -> tuple[Claims | None, Proof]:
    """The claims that answer a question, None where there are none; and what was proved of them.

    Raises Undecided where the bound was reached first, or where the solver is not installed.
    """
    try:
        from ortools.sat.python import cp_model  # noqa: PLC0415  large, and few learners need it
    except ImportError:
        advice = "Install the solver: pip install 'credrules[solver]'."
        raise Undecided(
            f"Sharing out {len(question.order)} courses takes more than a simple search. {advice}"
        ) from None
    return _Model(question, cp_model).answer()


class _Model:
    def __init__(self, question: Question, library: Any) -> None:
        self.question = question
        self.library = library
        self.model = library.CpModel()
        self.work = WORK
        self.takes = {
            (item, d): self.model.new_bool_var(f"{item} for {d}")
            for item in question.order
            for d in question.edges[item]
        }
        self._fill()
        self._keep_to_caps()
        if question.balanced:
            self._pass_tests()

    def answer(self) -> tuple[Claims | None, Proof]:
        terms = self.question.terms
        if terms.averaged:
            self.model.maximize(sum(self._weights(0)))
        found = self._solve()
        if found is None:
            return None, Proof.OPTIMAL
        values, best = found
        if terms.averaged:
            if not best:
                return self._claims(values), Proof.MET
            gained = sum(self._offer(item, d).weights[0] for (item, d), value in values.items() if value)
            self.model.add(sum(self._weights(0)) == gained)
            self.model.clear_objective()
        return self._in_order(values)

    def _in_order(self, values: dict[tuple[int, int], bool]) -> tuple[Claims, Proof]:
        """The first answer in the order of items: each in turn with the earliest demand that it can have."""
        for item in self.question.order:
            for d in self.question.edges[item]:
                if values[item, d]:
                    break
                self.model.add_assumption(self.takes[item, d])
                try:
                    found = self._solve()
                except Undecided:
                    return self._claims(values), Proof.MET
                self.model.clear_assumptions()
                if found is None:
                    self.model.add(self.takes[item, d] == 0)
                else:
                    values, _ = found
                    break
            for d in self.question.edges[item]:
                self.model.add(self.takes[item, d] == int(values[item, d]))
        return self._claims(values), Proof.OPTIMAL

    def _solve(self) -> tuple[dict[tuple[int, int], bool], bool] | None:
        """What is taken, and whether that is proved to be best; None where nothing can be."""
        solver = self.library.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = 0
        solver.parameters.max_deterministic_time = self.work
        status = solver.solve(self.model)
        self.work -= solver.response_proto.deterministic_time
        if status == self.library.INFEASIBLE:
            return None
        if status not in (self.library.OPTIMAL, self.library.FEASIBLE) or self.work <= 0:
            raise Undecided(f"Sharing out {len(self.question.order)} courses is undecided within the bound.")
        values = {key: solver.boolean_value(variable) for key, variable in self.takes.items()}
        return values, status == self.library.OPTIMAL

    def _fill(self) -> None:
        """An item goes to one demand at most; courses are counted up to the need, and credits past it by one item."""
        demands = self.question.demands
        for item in self.question.order:
            self.model.add_at_most_one(self.takes[item, d] for d in self.question.edges[item])
        for d in self.question.active:
            items = [item for item in self.question.order if d in self.question.edges[item]]
            need = demands[d].need
            sizes = [self._offer(item, d).size * self.takes[item, d] for item in items]
            filled = self.model.new_bool_var(f"{d} is filled") if d in self.question.optional else 1
            if demands[d].counts:
                self.model.add(sum(sizes) == need * filled)
                continue
            self.model.add(sum(sizes) >= need * filled)
            for item in items:
                self.model.add(self.takes[item, d] <= filled)
            for at, item in enumerate(items):
                self.model.add(sum(sizes[:at]) <= need - 1).only_enforce_if(self.takes[item, d])

    def _keep_to_caps(self) -> None:
        for at, cap in enumerate(self.question.terms.caps):
            self.model.add(
                sum(self._offer(item, d).loads[at] * variable for (item, d), variable in self.takes.items()) <= cap
            )

    def _pass_tests(self) -> None:
        terms = self.question.terms
        for test in terms.tests:
            if isinstance(test, Floor):
                self.model.add(sum(self._weights(test.sum)) >= test.least)
            else:
                self._pass_share(test)
        if terms.kinds:
            found = (self._offer(item, d).kind for item, d in self.takes)
            kinds = sorted({kind for kind in found if kind is not None})
            there = [self.model.new_bool_var(f"kind {kind}") for kind in kinds]
            for kind, variable in zip(kinds, there, strict=True):
                self.model.add_bool_or(
                    *(take for (item, d), take in self.takes.items() if self._offer(item, d).kind == kind)
                ).only_enforce_if(variable)
            self.model.add(sum(there) >= terms.kinds)

    def _pass_share(self, share: Share) -> None:
        part, whole = sum(self._weights(share.part)), sum(self._weights(share.whole))
        scaled = 100 * share.unit
        if share.rounding is Rounding.EXACT:
            self.model.add(part * 100 >= whole * share.percent)
            return
        most = sum(max(0, self._offer(item, d).weights[share.whole]) for item, d in self.takes)
        units = self.model.new_int_var(0, most * share.percent // scaled + 1, "units")
        if share.rounding is Rounding.UP:
            self.model.add(units * scaled >= whole * share.percent)
        else:
            self.model.add(units * scaled > whole * share.percent - scaled)
        self.model.add(part >= units * share.unit)

    def _offer(self, item: int, d: int) -> Offer:
        return self.question.demands[d].offers[item]

    def _weights(self, at: int) -> list[Any]:
        return [self._offer(item, d).weights[at] * variable for (item, d), variable in self.takes.items()]

    def _claims(self, values: dict[tuple[int, int], bool]) -> Claims:
        claims: Claims = [[] for _ in self.question.demands]
        for (item, d), taken in values.items():
            if taken:
                claims[d].append(item)
        return claims
