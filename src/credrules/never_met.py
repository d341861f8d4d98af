"""Requirements that no record could ever meet, exceptions aside; and branches that can never be part of a whole.

Every answer is for the most favourable record there could be: whoever has every course, in the best terms and with the
best grades. What even that record does not meet is certainly wrong. Kinds of requirement that are not known here are
taken to be possible.
"""

from __future__ import annotations

import itertools
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from credrules.claims import Demand, Offer, Rounding, Route, Share, Terms, Undecided, all_fit, allocate
from credrules.decisions import Outcome
from credrules.findings import Finding, finding, near
from credrules.pools import Codes, Pool, is_tested, pool_of, pools
from credrules.program_file import routes
from credrules.records import Course
from credrules.rules import (
    Counted,
    CourseCount,
    CreditSum,
    HoldsCredential,
    Limit,
    Measure,
    MilestoneDone,
    Selection,
    walk,
)
from credrules.wording import describe, listing, number, points_text
from credrules.work import WorkDone

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from credrules.claims import Contest
    from credrules.equivalents import Equivalence
    from credrules.pools import Claim
    from credrules.rules import Program, Requirement
    from credrules.timing import Timing

NEVER_MET, BRANCH = "never-met", "branch-never-reached"

ITEMS_SHOWN = 6
BRANCHES_EXPLAINED = 10
"""So many branches of a program that can never be completed are named."""


def never_met(program: Program, codes: Codes, *, unattainable: frozenset[str] = frozenset()) -> Iterator[Finding]:
    """What can never be met in a program. `unattainable` are programs that nobody can ever be awarded."""
    leaves = list(dict.fromkeys(leaf for route in routes(program.requirements) for leaf in route))
    leaves.sort(key=lambda leaf: (leaf.place.file, leaf.place.line, leaf.id))
    alone = {leaf: why for leaf in leaves if (why := _why_never(leaf, program, codes, unattainable))}
    for leaf, why in alone.items():
        # A share can be reached by a program that is not complete, so that there it is the whole that is never met.
        node = "requirements" if isinstance(leaf, Counted) and leaf.measure.is_share else leaf.id
        yield finding(NEVER_MET, leaf.place, f"'{leaf.id}' can never be met: {why}", certain=True, node=node)
    yield from _excluded(program)
    if not alone:
        yield from _together(program, codes, leaves)


def unattainable_programs(programs: Sequence[Program]) -> frozenset[str]:
    """Programs that ask, however one goes about them, for a credential that only such programs give."""
    attainable: set[str] = set()
    here = {program.id for program in programs}
    while True:
        more = {
            program.id
            for program in programs
            if program.id not in attainable
            and any(
                all(_can_be_held(leaf, here, attainable) for leaf in route) for route in routes(program.requirements)
            )
        }
        if not more:
            return frozenset(here - attainable)
        attainable |= more


def _can_be_held(leaf: Requirement, here: set[str], attainable: set[str]) -> bool:
    return not isinstance(leaf, HoldsCredential) or any(code not in here or code in attainable for code in leaf.codes)


# one requirement by itself


def _why_never(leaf: Requirement, program: Program, codes: Codes, unattainable: frozenset[str]) -> str:
    match leaf:
        case CourseCount() | CreditSum():
            return _why_no_courses(leaf) or _why_limited(leaf, program, codes) or _why_too_few(leaf, codes)
        case Counted():
            return _why_not_counted(leaf, program, codes)
        case MilestoneDone() | WorkDone():
            return _why_too_late(leaf, program)
        case HoldsCredential():
            return _why_not_held(leaf, program, unattainable)
    return ""


def _why_no_courses(leaf: Claim) -> str:
    """Filters whose parts contradict what may count."""
    if not all(pool.empty for pool in pools(leaf)):
        return ""
    way = leaf.ways[0]
    for key, asked, counting in (
        ("origin", way.selection.origins, way.counting.origins),
        ("basis", way.selection.bases, way.counting.bases),
    ):
        if asked and asked.isdisjoint(counting):
            plural = "origins" if key == "origin" else "bases"
            return (
                f"its filter asks for '{key}: {', '.join(sorted(asked))}', and what counts for it has "
                f"{listing(sorted(counting), 'or')} only. Write '{plural}: [{', '.join(sorted(counting | asked))}]' "
                f"at the requirement, where the institution allows it, or change the filter."
            )
    return "nothing counts for it. Change its 'origins' or 'bases'."


def _why_limited(leaf: Claim, program: Program, codes: Codes) -> str:
    if not is_tested(leaf):
        return ""
    for limit in program.limits:
        starved = limit.most < leaf.need and limit.of_credits is isinstance(leaf, CreditSum)
        if (starved or (limit.most == 0 and not limit.of_credits)) and _is_under(limit, pools(leaf), codes):
            return (
                f"all that can fill it is under the limit '{limit.id}' ({near(limit.place, leaf.place)}), "
                f"{limit_text(limit)}, and it asks for {_amount(leaf)}. Raise the limit, or ask for less."
            )
    return ""


def _is_under(limit: Limit, of: Iterable[Pool], codes: Codes) -> bool:
    """Whether all of some pools is surely under a limit. What is good enough may be above a limit of lesser grades."""
    return limit.below is None and all(codes.within(pool, limit.selection) for pool in of)


def _why_too_few(leaf: Claim, codes: Codes) -> str:
    if not isinstance(leaf, CourseCount) or any(not pool.named for pool in pools(leaf)):
        return ""
    named = frozenset[Course]().union(*(pool.named for pool in pools(leaf)))
    items = codes.items(named)
    if len(items) >= leaf.need:
        return ""
    same = [one.code for one in sorted(named)]
    return (
        f"it asks for {number(leaf.need, 'course')} of {listing(same, 'or')}, which are "
        f"{number(len(items), 'course')} under several codes, as institution.yaml lists them. Name other courses."
    )


def _why_not_held(leaf: HoldsCredential, program: Program, unattainable: frozenset[str]) -> str:
    if not leaf.codes <= unattainable:
        return ""
    if leaf.codes == {program.id}:
        return "the program asks for itself. Ask for what a learner can hold before it."
    names = listing([f"'{code}'" for code in sorted(leaf.codes)], "and")
    circle = "these programs ask for each other in a circle, so that nobody can begin"
    return f"it asks for {names}, and {circle}. Leave one of the requirements out."


def _excluded(program: Program) -> Iterator[Finding]:
    """Credentials that are asked for, and beside which the program is not awarded: of all learners, or in a branch."""
    every = routes(program.requirements)
    barred = [
        leaf
        for leaf in walk(program.requirements)
        if isinstance(leaf, HoldsCredential) and leaf.codes <= program.excludes
    ]
    for leaf in barred:
        names = listing(sorted(leaf.codes), "or")
        certain = all(not route.isdisjoint(barred) for route in every)
        what = "can never be awarded with it" if certain else "is not awarded by this branch"
        message = (
            f"'{leaf.id}' asks for {names}, and 'excludes' says that the program is not awarded beside it: the program "
            f"{what}. Take it out of one of the two."
        )
        check = NEVER_MET if certain else BRANCH
        yield finding(check, leaf.place, message, certain=certain, node="conferral" if certain else leaf.id)


# times


def _timing(leaf: Requirement) -> Timing | None:
    return leaf.timing if isinstance(leaf, MilestoneDone | WorkDone) else None


def _why_too_late(leaf: Requirement, program: Program) -> str:
    timing = _timing(leaf)
    if timing is None or timing.by is None:
        return ""
    by_id = {one.id: one for one in walk(program.requirements)}
    for name in filter(None, (timing.after, timing.since)):
        first = _earliest(by_id.get(name), by_id)
        if first > timing.by:
            return (
                f"it has to be done by {timing.by}, and after '{name}', which cannot be met before {first}. "
                f"Give it a later day, or '{name}' an earlier one."
            )
    return ""


def _earliest(leaf: Requirement | None, by_id: Mapping[str, Requirement]) -> date:
    """The first day on which a requirement could be met; the names in a timing lead upwards in the file only."""
    if isinstance(leaf, CourseCount | CreditSum):
        days = [way.selection.completed.since if way.selection.completed else None for way in leaf.ways]
        return min((day or date.min for day in days), default=date.min)
    timing = _timing(leaf) if leaf else None
    if timing is None:
        return date.min
    return max((_earliest(by_id.get(name), by_id) for name in (timing.after, timing.since) if name), default=date.min)


# tests over everything that counted


def _why_not_counted(test: Counted, program: Program, codes: Codes) -> str:
    claims = [leaf for leaf in walk(program.requirements) if isinstance(leaf, CourseCount | CreditSum)]
    claims = [leaf for leaf in claims if is_tested(leaf)]
    wanted = pool_of(test.selection)
    if test.measure is Measure.SUBJECTS:
        return _why_few_subjects(test, claims, codes)
    for limit in program.limits:
        if _is_under(limit, [wanted], codes) and _starves(limit, test):
            return (
                f"the limit '{limit.id}' ({near(limit.place, test.place)}) lets {limit_text(limit)} count, and "
                f"this asks for more of it. Raise the limit, or ask for less."
            )
    most = {leaf: _most_in(leaf, wanted, codes) for leaf in claims}
    if test.measure is Measure.COURSES and (reach := sum(most.values())) < test.need:
        some = f"at most {reach:g}" if reach else "none"
        return (
            f"of all that the program's requirements can count, {some} can be {_wanted(test)}. "
            f"Ask for such courses in a requirement, or for fewer here."
        )
    if test.measure is Measure.CREDITS and not any(most.values()):
        return f"nothing that the program's requirements count can be {_wanted(test)}. Ask for it in a requirement."
    if test.measure.is_share and not _share_possible(test, program, most):
        reach = sum(most.values())
        some = f"at most {reach:g} of the courses" if reach else "nothing"
        return (
            f"of all that the program's requirements count, {some} can be {_wanted(test)}, which is less than "
            f"{test.need} %. Ask for such courses in a requirement, or for a smaller part here."
        )
    return ""


def _starves(limit: Limit, test: Counted) -> bool:
    if limit.of_credits:
        return test.measure is Measure.CREDITS and limit.most < test.need
    return (test.measure is Measure.COURSES and limit.most < test.need) or (
        limit.most == 0 and test.measure in (Measure.COURSES, Measure.CREDITS)
    )


def _wanted(test: Counted) -> str:
    return f"among '{describe(test.selection)}'"


def _most_in(leaf: Claim, wanted: Pool, codes: Codes) -> float:
    """The most courses that a requirement could claim in a pool: as many as it asks for, of those that can be in it.

    Credits may come from any number of courses.
    """
    fitting = [pool for pool in pools(leaf) if not pool.empty and codes.may_meet(pool, wanted)]
    if not fitting:
        return 0
    open_ = any(not pool.named for pool in fitting)
    named = frozenset(course for pool in fitting for course in pool.named)
    able = {
        item
        for course in named
        for item in codes.items([course])
        if codes.may_meet(Pool(Selection(courses=frozenset({course})), wanted.origins, wanted.bases), wanted)
    }
    there: float = float("inf") if open_ else len(able)
    return there if isinstance(leaf, CreditSum) else min(there, leaf.need)


def _share_possible(test: Counted, program: Program, most: Mapping[Claim, float]) -> bool:
    inside = sum(most.values())
    if inside == float("inf") or (test.measure.of_credits and inside):
        return True
    share = Share(0, 1, test.need, 1, test.rounding)
    for route in routes(program.requirements):
        claims = [leaf for leaf in route if isinstance(leaf, CourseCount | CreditSum) and is_tested(leaf)]
        if test.measure.of_credits:  # a claim of courses may be one of no credits
            outside = sum(isinstance(leaf, CreditSum) for leaf in claims)
            if not outside or test.rounding is Rounding.DOWN:
                return True
            continue
        outside = sum(_least_out(leaf, most[leaf]) for leaf in claims)
        if share.holds(int(inside), int(inside) + outside):
            return True
    return False


def _least_out(leaf: Claim, most: float) -> int:
    if isinstance(leaf, CreditSum):
        return 0 if most else 1
    return max(0, leaf.need - int(most))


def _why_few_subjects(test: Counted, claims: Sequence[Claim], codes: Codes) -> str:
    """Named courses and filters by subject tell which subjects there can be; other filters leave that open."""
    subjects: set[str] = set()
    room = 0.0
    for leaf in claims:
        room += float("inf") if isinstance(leaf, CreditSum) else leaf.need
        for pool in pools(leaf):
            found = {code.subject for code in codes.of(pool.named)} or pool.selection.subjects
            if not found:
                subjects |= {f"?{number_}" for number_ in range(test.need)}
            subjects |= found
    possible = min(len(subjects), room)
    if possible >= test.need:
        return ""
    there_are = f"{number(len(subjects), 'subject')} ({', '.join(sorted(subjects))})"
    what = there_are if len(subjects) < test.need else number(int(room), "course")
    return (
        f"it asks for {test.need} different subjects, and the program's requirements count {what} at most. "
        "Ask for fewer, or let a requirement take courses of other subjects."
    )


# requirements together: a course counts once, and limits hold for all


class _Item(NamedTuple):
    """A course that is named, or several codes that are one, for one share group."""

    item: Course | Equivalence
    share_group: str


@dataclass(frozen=True)
class _Favourable:
    """The most favourable sharing-out: every course named, and as many others as a filter could wish for."""

    leaves: tuple[Claim, ...]
    demands: tuple[Demand, ...]
    items: tuple[_Item | None, ...]  # None: some course that only a filter asks for
    limits: tuple[Limit, ...]

    @property
    def terms(self) -> Terms:
        return Terms(caps=tuple(limit.most for limit in self.limits))


def _favourable(leaves: Iterable[Requirement], program: Program, codes: Codes) -> _Favourable:
    claims = tuple(leaf for leaf in leaves if isinstance(leaf, CourseCount | CreditSum))
    limits = tuple(limit for limit in program.limits if not limit.of_credits and limit.below is None)
    items: dict[_Item | int, int] = {}
    fresh = itertools.count()
    demands = []
    for leaf in claims:
        wanted: dict[_Item | int, list[Pool]] = {}
        need = leaf.need if isinstance(leaf, CourseCount) else 1
        for pool in pools(leaf):
            if pool.named:
                for course in sorted(pool.named):
                    own = Pool(Selection(courses=frozenset({course})), pool.origins, pool.bases)
                    for item in sorted(codes.items([course]), key=str):
                        wanted.setdefault(_Item(item, leaf.share_group), []).append(own)
            elif not pool.empty:
                wanted |= {next(fresh): [pool] for _ in range(need)}
        offers = {}
        for key, of in wanted.items():
            loads = tuple(int(is_tested(leaf) and _is_under(limit, of, codes)) for limit in limits)
            offers[items.setdefault(key, len(items))] = Offer(Outcome.MET, loads=loads)
        demands.append(Demand(need, offers))
    names = tuple(None if isinstance(item, int) else item for item in items)
    return _Favourable(claims, tuple(demands), names, limits)


def _together(program: Program, codes: Codes, leaves: Sequence[Requirement]) -> Iterator[Finding]:
    """What cannot be met beside the rest: of the whole program, or of one branch of it."""
    every = routes(program.requirements)
    world = _favourable(leaves, program, codes)
    possible = [route for route in every if _fits(world, route) and not _over_credits(program.limits, route, codes)]
    if len(possible) == len(every):
        return
    reached = {leaf for route in possible for leaf in route}
    if not possible:  # one combination is enough: when it can be met, the others are branches
        explanations = (list(_clashes(world, program, route, codes)) for route in every[:BRANCHES_EXPLAINED])
        for leaf, why in next(filter(None, explanations), []):
            yield finding(NEVER_MET, leaf.place, why, certain=True, node="requirements")
        return
    explained: set[Requirement] = set()
    for route in every:
        lost = [leaf for leaf in leaves if leaf in route and leaf not in reached]
        if lost and lost[0] not in explained and len(explained) < BRANCHES_EXPLAINED:
            explained.add(lost[0])
            why = next((why for _, why in _clashes(world, program, route, codes)), "its parts compete.")
            message = f"the branch with '{lost[0].id}' can never be completed: {why}"
            yield finding(BRANCH, lost[0].place, message, node=lost[0].id)


def _fits(world: _Favourable, route: frozenset[Requirement]) -> bool:
    """Whether all requirements of a route can be filled at once; so it is taken to be where that is too much to ask."""
    demands = [demand for leaf, demand in zip(world.leaves, world.demands, strict=True) if leaf in route]
    try:
        return all_fit(demands, world.terms)
    except Undecided:
        return True


def _over_credits(
    limits: Iterable[Limit], route: frozenset[Requirement], codes: Codes
) -> list[tuple[Limit, list[CreditSum]]]:
    """Limits of credits under which requirements ask for more than there may be."""
    found = []
    for limit in limits:
        under = [
            leaf
            for leaf in sorted((one for one in route if isinstance(one, CreditSum)), key=lambda one: one.place.line)
            if is_tested(leaf) and _is_under(limit, pools(leaf), codes)
        ]
        if limit.of_credits and sum(leaf.need for leaf in under) > limit.most:
            found.append((limit, under))
    return found


def _clashes(
    world: _Favourable, program: Program, route: frozenset[Requirement], codes: Codes
) -> Iterator[tuple[Requirement, str]]:
    """Each requirement of a route that comes short, and why."""
    for limit, under in _over_credits(program.limits, route, codes):
        names = listing([f"'{leaf.id}'" for leaf in under], "and")
        amount = points_text(sum(leaf.need for leaf in under)).removesuffix(".0")
        why = (
            f"{names} ask for {amount} credits in all that are under the limit '{limit.id}' "
            f"({near(limit.place, under[-1].place)}), {limit_text(limit)}. Raise the limit, or ask for less."
        )
        yield under[-1], why
    kept = [at for at, leaf in enumerate(world.leaves) if leaf in route]
    demands = [world.demands[at] for at in kept]
    full: set[tuple[int, ...]] = set()
    with suppress(Undecided):
        allocation = allocate(demands, [Route(frozenset(range(len(kept))))], world.terms)
        for short, contest in allocation.contests.items():
            if not contest.caps or contest.caps not in full:  # a limit that is too low is said once
                full.add(contest.caps)
                yield world.leaves[kept[short]], _contested(world, kept, short, contest)


def _contested(world: _Favourable, kept: Sequence[int], short: int, contest: Contest) -> str:
    """Why a requirement and its rivals, if it has any, cannot all be met."""
    leaves = [world.leaves[at] for at in kept]
    here = leaves[short].place
    rivals = [f"'{leaves[at].id}' ({near(leaves[at].place, here)})" for at in contest.demands if at != short]
    names = sorted({_item_name(item) for at in contest.items if (item := world.items[at])})
    beside = f" beside {listing(rivals, 'and')}" if rivals else ""
    they = "they ask" if rivals else "it asks"
    shown = names[:ITEMS_SHOWN] + (
        ["other courses"] if len(names) > ITEMS_SHOWN or len(names) < len(contest.items) else []
    )
    for_what = f"{they} for {listing(shown, 'and')}"
    if contest.caps:
        limits = [world.limits[at] for at in contest.caps]
        caps = listing([f"'{limit.id}' ({near(limit.place, here)})" for limit in limits], "and")
        why = f"{for_what}, and the limit {caps} lets fewer count. Raise the limit, or ask for less."
    else:
        why = f"{for_what}, and a course counts once. Name other courses, or give one a 'share-group'."
    return f"'{leaves[short].id}' can never be met{beside}: {why}"


def _item_name(item: _Item) -> str:
    course = item.item
    return course.code if isinstance(course, Course) else course.courses[-1].code


def _amount(leaf: Claim) -> str:
    if isinstance(leaf, CreditSum):
        return f"{points_text(leaf.need).removesuffix('.0')} credits"
    return number(leaf.need, "course")


def limit_text(limit: Limit) -> str:
    """'at most 3 credits from courses of transfer credit': its title without what its author put before that."""
    made = limit.title[max(0, limit.title.rfind("At most")) :]
    return made[:1].lower() + made[1:]
