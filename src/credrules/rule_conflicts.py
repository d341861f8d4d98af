"""Rules held against each other: those that nobody can follow, that never apply, or that another one makes needless."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from credrules.facts import BUILT_IN
from credrules.findings import Finding, finding, near
from credrules.never_met import NEVER_MET
from credrules.records import AdmissionKind, Affiliation
from credrules.rules import Moment
from credrules.wording import listing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from credrules.rules import Condition, Place, Program, Rule

NEVER_APPLIES, SHADOWED = "rule-never-applies", "rule-shadowed"

LEARNERS = 20_000
"""How many kinds of learner are looked at; with more facts than that the rules are not held against each other."""

VALUES = 10
"""A fact of which rules name more values than this is not looked at, since learners may have any of them together."""

AFFILIATION, ADMISSION = "learner.affiliation", "learner.admission"

Fact = tuple[str, Moment]
Learner = dict[Fact, frozenset[str]]


def conflicts(programs: Sequence[Program], written: Mapping[Place, str]) -> Iterator[Finding]:
    """`written` are all rules in all files: their ids by their places. A program has those that can apply to it.

    A rule of the institution or of a template is for many programs: it never applies only where it applies to none.
    """
    about: dict[Place, list[_Fate]] = {place: [] for place in written}
    for program in programs:
        learners = _learners(program)
        if learners is None:
            for rule in program.rules:
                about.setdefault(rule.place, []).append(_Fate())
            continue
        if not any(_follows_all(one, program.rules) for one in learners):
            yield from _nobody(program, learners)
        for rule in program.rules:
            about.setdefault(rule.place, []).append(_fate(rule, program, learners))
    for place, fates in about.items():
        yield from _about(place, written.get(place, ""), fates)


@dataclass(frozen=True, slots=True)
class _Fate:
    """What becomes of a rule in one program."""

    applies: bool = True
    followed: bool = True  # somebody to whom it applies can follow it, and all others too
    shadow: Rule | None = None
    rival: Rule | None = None  # a rule that nobody to whom both apply can follow beside it


def _fate(rule: Rule, program: Program, learners: Sequence[Learner]) -> _Fate:
    concerned = [one for one in learners if _applies(one, rule)]
    followed = any(_follows_all(one, program.rules) for one in concerned)
    rival = None
    if concerned and not followed:
        rival = next(
            (
                other
                for other in program.rules
                if not any(_follows(one, rule) and _follows(one, other) for one in concerned)
            ),
            None,
        )
    return _Fate(bool(concerned), followed, _shadow(rule, program.rules), rival)


def _about(place: Place, rule_id: str, fates: Sequence[_Fate]) -> Iterator[Finding]:
    """What holds of a rule in every program that has it."""
    if not any(fate.applies for fate in fates):
        message = (
            f"the rule '{rule_id}' never applies: there is no program, with learners to whom it is open, that meets "
            "its 'when'. Correct 'when', or leave the rule out."
        )
        yield finding(NEVER_APPLIES, place, message)
        return
    applied = [fate for fate in fates if fate.applies]
    shadow = applied[0].shadow
    if shadow and all(fate.shadow and fate.shadow.id == shadow.id for fate in applied):
        message = (
            f"the rule '{rule_id}' adds nothing beside '{shadow.id}' ({near(shadow.place, place)}), which asks for "
            "as much of everybody to whom this one applies. Leave it out, or ask for more."
        )
        yield finding(SHADOWED, place, message)
    if not any(fate.followed for fate in applied):
        rival = applied[0].rival
        beside = f" beside '{rival.id}' ({near(rival.place, place)})" if rival and rival.id != rule_id else ""
        message = (
            f"nobody to whom the rule '{rule_id}' applies can follow it{beside}: what is required leaves no value. "
            "Correct 'when' or 'require'; where they are never to be awarded, that is all right as it is."
        )
        yield finding(NEVER_APPLIES, place, message)


def _nobody(program: Program, learners: Sequence[Learner]) -> Iterator[Finding]:
    """No learner at all can follow all rules of a program: a smallest set of them that nobody can."""
    clash = list(program.rules)
    for rule in program.rules:
        fewer = [other for other in clash if other is not rule]
        if not any(_follows_all(one, fewer) for one in learners):
            clash = fewer
    here = clash[-1].place if clash else program.place
    asked = [f"'{rule.id}' ({near(rule.place, here)}) requires {_required(rule)}" for rule in clash]
    if program.open_to != frozenset(Affiliation):
        asked.insert(0, f"it is open to {listing(sorted(program.open_to), 'and')} learners only")
    message = f"nobody can ever be awarded '{program.id}': {listing(asked, 'and')}. Change one of them, or its 'when'."
    yield finding(NEVER_MET, here, message, certain=True, node="conferral")


def _required(rule: Rule) -> str:
    return listing([f"'{one.fact}: {listing(sorted(one.values), 'or')}'" for one in rule.require] or ["nothing"], "and")


# learners, as far as rules can tell them apart


def _learners(program: Program) -> list[Learner] | None:
    """Every kind of learner that a program is open to, with each fact that its rules ask for."""
    asked: dict[str, set[str]] = {}
    among: dict[str, frozenset[str]] = {}
    for rule in program.rules:
        for condition in (*rule.when, *rule.require):
            asked.setdefault(condition.fact, set()).update(condition.values)
            among.setdefault(condition.fact, condition.among)
    choices: dict[Fact, list[frozenset[str]]] = {}
    for fact, values in asked.items():
        if fact == AFFILIATION:
            continue
        if fact == ADMISSION:
            for moment in (Moment.REGISTRATION, Moment.CONFERRAL):
                choices[fact, moment] = [frozenset({value}) for value in (*map(str, AdmissionKind), "none")]
        elif fact not in BUILT_IN:
            if len(values) > VALUES:
                return None
            choices[fact, Moment.CONFERRAL] = _several(values, among[fact])
    choices[AFFILIATION, Moment.CONFERRAL] = [frozenset({str(value)}) for value in sorted(program.open_to)]
    if math.prod(len(values) for values in choices.values()) > LEARNERS:
        return None
    return [dict(zip(choices, values, strict=True)) for values in itertools.product(*choices.values())]


def _several(values: Iterable[str], among: frozenset[str]) -> list[frozenset[str]]:
    """What a declared fact may be: none, or any of its values together. '' stands for those that no rule names."""
    known = sorted(set(values) - {"none"})
    others = [""] if not among or among - {"none"} - set(known) else []
    known = [*known, *others]
    sets = [frozenset(chosen) for size in range(1, len(known) + 1) for chosen in itertools.combinations(known, size)]
    return [frozenset({"none"}), *sets]


def _holds(learner: Learner, condition: Condition, moment: Moment) -> bool:
    known = learner.get((condition.fact, moment)) or learner.get((condition.fact, Moment.CONFERRAL))
    return known is None or not known.isdisjoint(condition.values)


def _applies(learner: Learner, rule: Rule) -> bool:
    return all(_holds(learner, condition, rule.moment) for condition in rule.when)


def _follows(learner: Learner, rule: Rule) -> bool:
    return not _applies(learner, rule) or all(_holds(learner, one, rule.moment) for one in rule.require)


def _follows_all(learner: Learner, rules: Iterable[Rule]) -> bool:
    return all(_follows(learner, rule) for rule in rules)


# one rule in the shadow of another


def _shadow(rule: Rule, rules: Sequence[Rule]) -> Rule | None:
    for other in rules:
        if other is rule or not _covers(other, rule):
            continue
        if _covers(rule, other) and rules.index(rule) < rules.index(other):
            continue  # the same twice: the later one is needless
        return other
    return None


def _covers(wide: Rule, narrow: Rule) -> bool:
    """Whether a rule applies wherever the other one does, and requires at least as much there."""
    return (
        wide.moment is narrow.moment
        and all(any(_as_narrow(own, one) for own in narrow.when) for one in wide.when)
        and all(any(_as_narrow(own, one) for own in wide.require) for one in narrow.require)
        and set(narrow.attestations) <= set(wide.attestations)
        and wide.requirements >= narrow.requirements
        and wide.no_holds >= narrow.no_holds
        and (not narrow.credentials or (bool(wide.credentials) and wide.credentials <= narrow.credentials))
        and narrow.not_credentials <= wide.not_credentials
    )


def _as_narrow(one: Condition, other: Condition) -> bool:
    return one.fact == other.fact and one.values <= other.values
