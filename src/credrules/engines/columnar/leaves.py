"""Requirements and rules that claim no course: milestones, people's words, facts, credentials, holds.

What a row is worth is asked of the plain engine's functions, once for every value that there is. Work that is no
course, and what has to be done in time, is decided here only for those who have done nothing of it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from credrules.attestations import Word
from credrules.credentials import credential_outcome
from credrules.decisions import Outcome
from credrules.engines.columnar import bits
from credrules.engines.columnar.arrays import arrow, texts
from credrules.engines.columnar.encoding import BETWEEN, NO_DAY, coded, days, part
from credrules.engines.columnar.needed import np, pa
from credrules.engines.columnar.signatures import day_number
from credrules.engines.plain import declared_fact, milestone, no_hold
from credrules.engines.plain_work import looked_at, outcome_of
from credrules.errors import EngineError
from credrules.facts import BUILT_IN, possible_values
from credrules.plan import Kind
from credrules.records import (
    Activity,
    AdmissionKind,
    Affiliation,
    CredentialHeld,
    CredentialStatus,
    Hold,
    Learner,
    Milestone,
    MilestoneStatus,
    Record,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from datetime import date

    from credrules.engines.columnar.encoding import Part
    from credrules.engines.columnar.sheet import SheetNode

    Array = np.ndarray[Any, np.dtype[Any]]

_LEARNER = Learner(learner_id="")
_NONE = 4
_KINDS = {"degree": 1, "non-degree": 2, "none": _NONE}
ANYTHING = 7
"""What a learner's admission may be, as bits: of _KINDS."""


class Found:
    """The rows of a part by what they say: for each combination of some columns, whose rows have it."""

    def __init__(self, rows: Part | None, size: int, names: tuple[str, ...], kept: Array | None = None) -> None:
        self.size = size
        self.missing = np.ones(size, bool) if rows is None else rows.unknown
        self.known: list[tuple[Any, ...]] = []
        if rows is None or not len(rows.learner):
            self.learner = np.zeros(0, np.int32)
            self.bounds = np.zeros(1, np.intp)
            return
        key = np.zeros(len(rows.learner), np.intp)
        told: list[list[Any]] = []
        for name in names:
            column = rows.column(name)
            local, values = coded(column) if column is not None else (np.full(len(key), -1), [])
            key = key * (len(values) + 1) + local + 1
            told.append([None, *values])
        if kept is not None:
            key[~kept] = -1
        order = np.argsort(key, kind="stable")
        order = order[np.searchsorted(key[order], 0) :]
        found, starts = np.unique(key[order], return_index=True)
        for one in found.tolist():
            values = []
            for choices in reversed(told):
                one, at = divmod(one, len(choices))  # noqa: PLW2901  digit by digit
                values.append(choices[at])
            self.known.append(tuple(reversed(values)))
        self.learner = rows.learner[order]
        self.bounds = np.append(starts, len(order))

    def whose(self, at: int) -> Array:
        """The learners of the rows with a combination."""
        return self.learner[self.bounds[at] : self.bounds[at + 1]]


class Leaves:
    """The leaves of one batch that claim nothing."""

    def __init__(self, batch: Any, as_of: date) -> None:
        self.batch = batch
        self.size = batch.num_rows
        self.as_of = as_of
        self._found: dict[Hashable, Found] = {}
        self._words: dict[tuple[str, str, str], dict[bool, Array]] | None = None
        self._admission: Array | None = None

    def outcome(self, one: SheetNode, program: str) -> tuple[Array, Array | None]:
        """The four rows of a node, and the learners that columns cannot decide, as booleans."""
        node = one.node
        if node.work or node.timing:
            return self._work(one)
        match node.kind:
            case Kind.MILESTONE:
                return self._milestone(one), None
            case Kind.WORD:
                return self._word(one, program), None
            case Kind.CREDENTIAL:
                return self._credential(one), None
            case Kind.NO_HOLD:
                return self._no_hold(), None
            case Kind.FACT:
                return self._fact(one), None
        raise AssertionError(node.kind)

    def rows(self, name: str, *columns: str) -> Found:
        key = (name, columns)
        if key not in self._found:
            self._found[key] = Found(part(self.batch, name), self.size, columns)
        return self._found[key]

    def _raised(self, found: Found, worth: Callable[..., Outcome], missing: Outcome) -> Array:
        """The best that any row is worth; `missing` where the source cannot tell."""
        node = bits.nothing(self.size)
        for at, told in enumerate(found.known):
            if level := worth(*told):
                self._raise(node, found.whose(at), level)
        if found.missing is not None:
            self._raise(node, np.flatnonzero(found.missing), missing)
        return node

    def _raise(self, node: Array, learners: Array, level: int) -> None:
        there = np.zeros(self.size, bool)
        there[learners] = True
        node[:level] |= bits.row(there)

    # Milestones and people's words.

    def _milestone(self, one: SheetNode) -> Array:
        def worth(code: str, status: str | None, evidence: str | None) -> Outcome:
            told = Milestone(code=code, status=MilestoneStatus(status) if status else None, evidence=evidence)
            return milestone(one.node, Record(learner=_LEARNER, milestones=(told,)))

        return self._raised(self._milestones(), worth, Outcome.UNDETERMINED)

    def _milestones(self) -> Found:
        """Milestones by code, status, and whether there is any evidence."""
        if "milestones" not in self._found:
            rows = part(self.batch, "milestones")
            self._found["milestones"] = Found(_flagged(rows, "evidence"), self.size, ("code", "status", "evidence"))
        return self._found["milestones"]

    def _word(self, one: SheetNode, program: str) -> Array:
        if self._words is None:
            self._words = {}
            found = Found(
                _flagged(part(self.batch, "attestations"), "evidence"),
                self.size,
                ("program", "role", "statement", "evidence"),
            )
            for at, (whose, role, statement, evidence) in enumerate(found.known):
                self._words.setdefault((whose, role, statement), {})[bool(evidence)] = found.whose(at)
        node = bits.constant(self.size, Outcome.AWAITING)
        said = self._words.get((program, str(one.node.role), one.node.code), {})
        for evidence, learners in said.items():
            if evidence or not one.node.evidence:
                self._raise(node, learners, Outcome.MET)
        return node

    # Credentials and holds.

    def _credential(self, one: SheetNode) -> Array:
        node = replace(one.node, negated=False)
        held = bits.nothing(self.size)
        for name in ("credentials", "awarded"):
            found = self._credentials(name)

            def worth(code: str, status: str | None, expired: bool) -> Outcome:
                told = CredentialHeld(
                    code=code,
                    status=CredentialStatus(status) if status else None,
                    expires_on=self.as_of - timedelta(days=1) if expired else None,
                )
                return credential_outcome(node, Record(learner=_LEARNER, credentials=(told,)), Word(), self.as_of)

            held |= self._raised(found, worth, Outcome.UNDETERMINED if name == "credentials" else Outcome.UNMET)
        if not one.node.negated:
            return held
        return np.stack([~held[Outcome.MET - 1], *[~held[Outcome.UNDETERMINED - 1]] * 3])

    def _credentials(self, name: str) -> Found:
        """Credentials that were earned by the day, by code, status, and whether they have expired."""
        if name not in self._found:
            rows = part(self.batch, name)
            kept, today = None, day_number(self.as_of)
            if rows is not None:
                earned, expires = days(rows.column("earned_on")), days(rows.column("expires_on"))
                kept = None if earned is None else earned <= today
                expired = (
                    np.zeros(len(rows.learner), bool) if expires is None else (expires < today) & (expires != NO_DAY)
                )
                rows = _with_flag(rows, "expired", expired)
            self._found[name] = Found(rows, self.size, ("code", "status", "expired"), kept)
        return self._found[name]

    def _no_hold(self) -> Array:
        rows = part(self.batch, "holds")
        kept = None
        if rows is not None:
            since, until = days(rows.column("since")), days(rows.column("until"))
            kept, today = np.ones(len(rows.learner), bool), day_number(self.as_of)
            if since is not None:
                kept &= since <= today
            if until is not None:
                kept &= (until >= today) | (until == NO_DAY)
        found = Found(rows, self.size, ("blocks",), kept)
        node = bits.constant(self.size, Outcome.MET)
        for at, (blocks,) in enumerate(found.known):
            told = Hold(code="", blocks=None if blocks is None else frozenset(blocks.split(BETWEEN)) - {""})
            self._lower(node, found.whose(at), no_hold(Record(learner=_LEARNER, holds=(told,)), self.as_of))
        if found.missing is not None:
            self._lower(node, np.flatnonzero(found.missing), Outcome.UNDETERMINED)
        return node

    def _lower(self, node: Array, learners: Array, level: int) -> None:
        there = np.zeros(self.size, bool)
        there[learners] = True
        node[level:] &= ~bits.row(there)

    # Facts.

    def _fact(self, one: SheetNode) -> Array:
        node = one.node
        if node.fact not in BUILT_IN:
            return self._declared(one)
        if node.fact == "learner.affiliation":
            found = np.full(self.size, _possible(node, possible_values(node.fact, Record(learner=_LEARNER), None)))
            at = self.batch.schema.get_field_index("affiliation")
            local, values = coded(self.batch.column(at)) if at >= 0 else (None, [])
            if local is not None:
                each = [_possible(node, frozenset({str(Affiliation(value))})) for value in values]
                found = np.array([*each, found[0] if self.size else 0], np.uint8)[local]
            return bits.planes(found.astype(np.uint8))
        table = admission_outcomes(node)
        return bits.planes(table[self.admission()])

    def _declared(self, one: SheetNode) -> Array:
        name = one.node.fact.removeprefix("learner.")
        found = self.rows("facts", "fact", "values")
        node = bits.constant(self.size, declared_fact(one.node, Record(learner=_LEARNER)))
        for at, (fact, values) in enumerate(found.known):
            if fact == name:
                told = frozenset((values or "").split(BETWEEN)) - {""}
                level = declared_fact(one.node, Record(learner=_LEARNER, facts={name: told}))
                self._lower(node, found.whose(at), 0)
                self._raise(node, found.whose(at), level)
        return node

    def admission(self) -> Array:
        """What each learner's admission may be on the day of the decision, as bits."""
        if self._admission is None:
            self._admission = admissions_on(self.batch, np.full(self.size, day_number(self.as_of)))
        return self._admission

    # Work that is no course, and what has to be done in time.

    def _work(self, one: SheetNode) -> tuple[Array, Array | None]:
        node = one.node
        if node.work is not None:
            found = self.rows("activities", "code", "category")
            nothing = outcome_of(node.work, [])
        else:
            found = self.rows("milestones", "code")
            nothing = Outcome.UNMET
        left = np.zeros(self.size, bool)
        for at, told in enumerate(found.known):
            if node.work is None:
                concerned = told[0] == node.code
            else:
                concerned = looked_at(
                    node.work, Activity(activity_id="", code=told[0] or "", status=None, category=told[1])
                )
            if concerned:
                left[found.whose(at)] = True
        waits = node.after is not None or node.since is not None
        if nothing and waits:
            left[:] = True
        decided = bits.constant(self.size, nothing)
        if found.missing is not None:
            if waits:
                left |= found.missing
            self._lower(decided, np.flatnonzero(found.missing), 0)
            self._raise(decided, np.flatnonzero(found.missing), Outcome.UNDETERMINED)
        return decided, left if left.any() else None


def _possible(node: Any, possible: frozenset[str]) -> Outcome:
    """The outcome of a fact that may be any of these."""
    fits = [(value in node.values) is not node.negated for value in possible]
    return Outcome.MET if all(fits) else Outcome.UNDETERMINED if any(fits) else Outcome.UNMET


def admission_outcomes(node: Any) -> Array:
    """The outcome of a fact about admission, by what it may be as bits."""
    found = [Outcome.UNMET]
    for possible in range(1, ANYTHING + 1):
        found.append(_possible(node, frozenset(kind for kind, bit in _KINDS.items() if possible & bit)))
    return np.array(found, np.uint8)


def admissions_on(batch: Any, on: Array) -> Array:
    """What each learner's admission may be on a day of their own, as bits."""
    size = batch.num_rows
    rows = part(batch, "admissions")
    if rows is None:
        return np.full(size, ANYTHING, np.uint8)
    found = np.zeros(size, np.uint8)
    if len(rows.learner):
        since = days(rows.column("since"))
        until = days(rows.column("until"))
        day = on[rows.learner]
        if since is None:
            raise EngineError("No row of 'admissions' has a day in the column 'since'.")
        current = since <= day
        if until is not None:
            current &= (until >= day) | (until == NO_DAY)
        newest = np.full(size, NO_DAY, np.int64)
        np.maximum.at(newest, rows.learner[current], since[current])
        current &= since == newest[rows.learner]
        for kind, there in kinds_of(rows).items():
            found[rows.learner[current & there]] |= np.uint8(_KINDS[kind])
    found[found == 0] = _NONE
    if rows.unknown is not None:
        found[rows.unknown] = ANYTHING
    return found


def kinds_of(rows: Part) -> dict[str, Array]:
    local, values = coded(rows.column("kind"))
    return {str(AdmissionKind(value)): local == at for at, value in enumerate(values)}


def any_admission(batch: Any) -> Array:
    """What a learner's admission may be on a day that is not known, as bits."""
    size = batch.num_rows
    rows = part(batch, "admissions")
    if rows is None:
        return np.full(size, ANYTHING, np.uint8)
    found = np.full(size, _NONE, np.uint8)
    if len(rows.learner):
        for kind, there in kinds_of(rows).items():
            found[rows.learner[there]] |= np.uint8(_KINDS[kind])
    if rows.unknown is not None:
        found[rows.unknown] = ANYTHING
    return found


def _flagged(rows: Part | None, name: str) -> Part | None:
    """The same rows with a text turned into whether there is any."""
    if rows is None:
        return None
    column = rows.column(name)
    there = np.zeros(len(rows.learner), bool)
    if column is not None and len(column):
        local, values = coded(column)
        there = np.array([*map(bool, values), False])[local]
    return _with_flag(rows, name, there)


def _with_flag(rows: Part, name: str, there: Array) -> Part:
    names = [field.name for field in rows.values.type if field.name != name]
    columns = [rows.column(one) for one in names]
    flag = pa.DictionaryArray.from_arrays(arrow(there.astype(np.int8)), texts(["", "yes"]))
    values = pa.StructArray.from_arrays([*columns, flag], [*names, name])
    return replace(rows, values=values)
