"""A program file: one program's requirements, rules and awards."""

from __future__ import annotations

import hashlib
import itertools
import math
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from credrules import rule_shapes as shapes
from credrules.attestations import ExceptionKind
from credrules.choices import choice
from credrules.claims import Rounding
from credrules.errors import Problem, nearest
from credrules.institution_file import (
    FACTS,
    check_condition,
    check_rule,
    raised,
    report_same_ids,
    report_undercut,
    texts,
    thousandths,
)
from credrules.life_cycle_file import check_renewal, own_ids, read_life_cycle
from credrules.pools import is_tested
from credrules.records import Course
from credrules.retention_file import asked_of_program, retention_rule
from credrules.rules import (
    Average,
    AwardSpec,
    Choice,
    Condition,
    Counted,
    Counting,
    CourseCount,
    CreditSum,
    Group,
    HoldsCredential,
    LearnerIs,
    Limit,
    Measure,
    MilestoneDone,
    Moment,
    Place,
    Program,
    Requirement,
    Rule,
    Selection,
    Ways,
    WeightedCount,
    may_ask_nothing,
    walk,
)
from credrules.shape_faults import keys_of
from credrules.timing import Timing
from credrules.timing_file import check_timing, read_timing, timing_text
from credrules.windows import Window
from credrules.wording import (
    condition_title,
    course_title,
    decimal_text,
    describe,
    listing,
    lowered,
    number,
    points_text,
    slug,
    with_grade,
)
from credrules.work import WorkDone
from credrules.work_file import read_work

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from credrules.grounds import RetentionRule
    from credrules.institution_file import InstitutionRules
    from credrules.yaml_files import Document, Path_

CATALOG_YEAR = "catalog-year"
"""The node under which a decision says which version of the program the learner is held to."""

CONDITIONS = 6
"""How many things may be asked of the facts that conditions are about: where they are unknown, each way is tried."""

OF_LEARNER = "learner."

ROUTES = 512
"""How many ways a program's alternatives may be combined; each is looked at whenever its requirements compete."""


class ProgramReader:
    """Turns one program's shape into a Program, noting problems as it goes."""

    def __init__(
        self, document: Document, shape: shapes.ProgramFile, institution: InstitutionRules, programs: Collection[str]
    ) -> None:
        """`programs` are the ids of all of them: what counts toward one, credrules knows itself."""
        self.programs = frozenset(programs)
        self.document = document
        self.shape = shape
        self.institution = institution
        self.scale = institution.scale
        self.static = {
            "program.credit-bearing": "true" if shape.credit_bearing else "false",
            "program.id": shape.program,
        }

    def program(self) -> Program:
        shape, document = self.shape, self.document
        counting = self.institution.counting
        if shape.counting:
            counting = self._counting(("counting",), shape.counting, counting)
        parts = [
            self._requirement(("requirements", index), part, counting, top=True)
            for index, part in enumerate(shape.requirements)
        ]
        limits = self._limits()
        root = Group(
            id="requirements", title="All requirements", place=self._place(()), need=len(parts), parts=tuple(parts)
        )
        self._check_ids(root, limits)
        self._check_tests(root)
        self._check_choices(root)
        check_timing(document, root)
        if shape.renews:
            check_renewal(document, root)
        if len(routes(root)) > ROUTES:
            message = f"the program can be completed in more than {ROUTES} combinations of alternatives."
            document.problem(("requirements",), f"{message} List single courses under 'choose' instead of groups.")
        report_same_ids(document, ("rules",), [rule.id for rule in shape.rules])
        for index, rule in enumerate(shape.rules):
            check_rule(document, ("rules", index), rule, self.institution.facts, self.institution.roles)
        return Program(
            id=shape.program,
            title=shape.title,
            description=shape.description or "",
            prose=tuple(shape.prose or ()),
            modelled_on=shape.modelled_on,
            effective=shape.effective,
            until=shape.until,
            migrates={old: None if new == "none" else new for old, new in shape.migrates.items()},
            exception_limits=_exception_limits(shape.exceptions),
            credit_bearing=shape.credit_bearing,
            open_to=frozenset(shape.open_to),
            requirements=root,
            limits=limits,
            excludes=frozenset(shape.excludes),
            time_limit=self._months(("time-limit",), shape.time_limit),
            life=read_life_cycle(document, shape, self._months(("expires",), shape.expires)),
            rules=self._rules(),
            awards=self._awards(),
            retention=self._retention(),
            place=self._place(()),
            digest=text_digest(self.institution.document.text, document.text, *document.parts),
            url=shape.url,
            image=shape.image,
            skills=tuple(shape.skills),
            notes=tuple(shape.notes),
            lead_name=shape.lead.name if shape.lead else None,
            lead_email=shape.lead.email if shape.lead else None,
        )

    def _place(self, path: Path_) -> Place:
        return Place(self.document.file(path), self.document.line(path))

    def _counting(self, path: Path_, shape: shapes.CountingShape, base: Counting) -> Counting:
        counting = raised(self.document, path, shape, base, self.scale)
        report_undercut(self.document, path, shape, counting, self.institution.floor, self.scale)
        return counting

    # requirements

    def _requirement(
        self,
        path: Path_,
        shape: Any,
        counting: Counting,
        share_group: str = "",
        *,
        top: bool = False,
        alternative: bool = False,
    ) -> Requirement:
        """One requirement, understood. `alternative` where it is one of several, of which not all are asked."""
        if isinstance(shape, shapes.CountingShape):
            counting = self._counting(path, shape, counting)
            share_group = getattr(shape, "share_group", None) or share_group
        match shape:
            case shapes.CourseShape():
                ways = (Ways(selection=_course(shape.course), counting=counting),)
                common = self._common(path, shape, slug(shape.course), course_title(ways))
                return CourseCount(**common, need=1, ways=ways, share_group=share_group)
            case shapes.AllShape() | shapes.AnyShape():
                parts, need = (shape.all, len(shape.all)) if isinstance(shape, shapes.AllShape) else (shape.any, 1)
                return self._group(path, shape, parts, need, counting, share_group)
            case shapes.ChooseShape():
                return self._choose(path, shape, counting, share_group)
            case shapes.IfShape():
                return self._if(path, shape, counting, share_group, alternative=alternative)
            case shapes.CreditsShape():
                return self._credits(path, shape, counting, share_group)
            case shapes.AverageShape():
                self._check_top(path, "an average is", top=top)
                return self._average(path, shape)
            case (
                shapes.CountedCoursesShape()
                | shapes.CountedCreditsShape()
                | shapes.CountedSubjectsShape()
                | shapes.CountedPercentShape()
            ):
                self._check_top(path, "this is", top=top)
                return self._counted(path, shape)
            case _:
                return self._work(path, shape)

    def _credential(self, path: Path_, shape: shapes.CredentialShape) -> Requirement:
        names = listing(shape.credential, "or")
        title = f"The credential {names}" + (", active or expired" if shape.active == "any" else "")
        common = self._common(path, shape, f"credential-{slug(names)}"[:80].rstrip("-"), title)
        return HoldsCredential(**common, codes=frozenset(shape.credential), active=shape.active == "required")

    def _check_role(self, path: Path_, role: str | None) -> None:
        roles = self.institution.roles
        if role is not None and role not in roles:
            message = f"'attested-by': '{role}' is not one of: {', '.join(roles)}.{nearest(role, roles)}"
            if not nearest(role, roles):
                message += " Other roles are declared under 'roles' in institution.yaml."
            self.document.problem(path, message)

    def _learner(self, path: Path_, shape: shapes.LearnerShape) -> Requirement:
        known = {f.removeprefix(OF_LEARNER): v for f, v in self.institution.facts.items() if f.startswith(OF_LEARNER)}
        for fact, value in shape.learner.items():
            check_condition(self.document, (*path, "learner", fact), fact, value, known)
        asked = [self._condition(f"{OF_LEARNER}{fact}", texts(value)) for fact, value in shape.learner.items()]
        titles = [condition_title(one) for one in asked]
        made_id = slug(
            " ".join(
                [
                    "learner",
                    *(word for one in asked for word in (one.fact.removeprefix(OF_LEARNER), *sorted(one.values))),
                ]
            )
        )
        common = self._common(path, shape, made_id[:80].rstrip("-"), listing(titles, "and"))
        if len(asked) == 1:
            return LearnerIs(**common, condition=asked[0])
        parts = tuple(
            LearnerIs(id=f"{common['id']}/{one.fact}", title=title, place=common["place"], condition=one)
            for one, title in zip(asked, titles, strict=True)
        )
        return Group(**common, need=len(parts), parts=parts)

    def _if(
        self, path: Path_, shape: shapes.IfShape, counting: Counting, share_group: str, *, alternative: bool
    ) -> Requirement:
        """What is asked where facts hold, and where they do not.

        Without `else`: where all parts of a group are asked it stands in nobody's way, and it is no alternative.
        """
        known = {fact: values for fact, values in self.institution.facts.items() if fact.startswith(OF_LEARNER)}
        for fact, value in shape.if_.items():
            check_condition(self.document, (*path, "if", fact), fact, value, known)
        then = self._requirement((*path, "then"), shape.then, counting, share_group, alternative=alternative)
        otherwise = None
        if shape.else_ is not None:
            otherwise = self._requirement((*path, "else"), shape.else_, counting, share_group, alternative=alternative)
        asked = [self._condition(fact, texts(value)) for fact, value in shape.if_.items()]
        title = f"Where {listing([lowered(condition_title(one)) for one in asked], 'and')}: {then.title}"
        title += f"; else: {otherwise.title}" if otherwise else ""
        common = self._common(path, shape, f"if-{then.id}"[:80].rstrip("-"), title)
        return choice(asked, then, otherwise, alternative=alternative, **common)

    def _check_choices(self, root: Group) -> None:
        for group in walk(root):
            if isinstance(group, Group) and not isinstance(group, Choice) and group.parts and may_ask_nothing(group):
                message = (
                    "nothing is asked here of a learner for whom no 'if' holds. "
                    "Add 'else', or a requirement that is asked in any case."
                )
                if group is root:
                    self.document.problem(("requirements",), message)
                else:
                    self.document.problems.append(Problem(group.place.file, group.place.line, message))
        facts = {one.condition.fact for one in walk(root) if isinstance(one, LearnerIs)}
        asked = {one.condition for one in walk(root) if isinstance(one, LearnerIs)}
        asked |= {c for rule in self._rules() for c in (*rule.when, *rule.require) if c.fact in facts}
        if len(asked) > CONDITIONS and any(isinstance(one, Choice) for one in walk(root)):
            message = (
                f"the program asks {len(asked)} different things of the facts that its 'if's are about; at most "
                f"{CONDITIONS} can be told apart where they are unknown. Make it several programs."
            )
            self.document.problem(("requirements",), message)

    def _work(self, path: Path_, shape: Any) -> Requirement:
        """A credential, a milestone, or activities: what is no course."""
        if isinstance(shape, shapes.CredentialShape):
            return self._credential(path, shape)
        if isinstance(shape, shapes.LearnerShape):
            return self._learner(path, shape)
        timing = self._in_term(read_timing(self.document, path, shape), shape)
        if isinstance(shape, shapes.MilestoneShape):
            self._check_role((*path, "attested-by"), shape.attested_by)
            title = f"The milestone '{shape.milestone}'{timing_text(timing)}"
            return MilestoneDone(
                **self._common(path, shape, shape.milestone, title),
                code=shape.milestone,
                evidence=shape.evidence == "required",
                attested_by=shape.attested_by,
                timing=timing,
            )
        made_id, made_title, work = read_work(self.document, path, shape)
        common = self._common(path, shape, made_id, f"{made_title}{timing_text(timing)}")
        return WorkDone(**common, work=work, timing=timing)

    def _in_term(self, timing: Timing | None, shape: Any) -> Timing | None:
        """Of a renewal: what has a day has to be done in the term that is renewed, or to make up for it later."""
        if not self.shape.renews or getattr(shape, "attested_by", None):
            return timing
        expires = self.shape.expires
        months = (expires.years or 0) * 12 + (expires.months or 0) if expires else 0
        return replace(timing or Timing(), renews=self.shape.renews, term=months)

    def _common(self, path: Path_, shape: Any, made_id: str, made_title: str) -> dict[str, Any]:
        common = {
            "id": shape.id or made_id,
            "title": f"{shape.title}: {made_title}" if shape.title else made_title,
            "place": self._place(path),
            "cites": shape.source,
            "prose": tuple(shape.prose or ()),
        }
        overlaps = getattr(shape, "overlaps", None)
        return {**common, "overlaps": frozenset(overlaps)} if overlaps else common

    def _group(
        self, path: Path_, shape: Any, parts: Sequence[Any], need: int, counting: Counting, share_group: str
    ) -> Requirement:
        """All, any or some of `parts`. Single courses to choose from make one requirement."""
        key = next(key for key in ("all", "any", "of") if (*path, key) in self.document.lines)
        read = [
            self._requirement((*path, key, index), part, counting, share_group, alternative=key != "all")
            for index, part in enumerate(parts)
        ]
        self._check_same_course((*path, key), parts)
        groups = {part.share_group for part in read if isinstance(part, CourseCount)}
        if (
            need < len(read)
            and len(groups) == 1
            and all(isinstance(part, CourseCount) and _is_plain(part) for part in read)
        ):
            ways = tuple(way for part in read if isinstance(part, CourseCount) for way in part.ways)
            codes = [next(iter(way.selection.courses)).code for way in ways]
            title = f"{number(need, 'course')} of {listing(codes, 'or')} {with_grade(ways)}"
            common = self._common(path, shape, f"{need}-of-{slug(codes[0])}", title)
            return CourseCount(**common, need=need, ways=ways, share_group=groups.pop())
        names = listing([part.title for part in read], "and" if need == len(read) else "or")
        title = f"All of: {names}" if need == len(read) else f"{need} of: {names}"
        prefix = "all" if need == len(read) else str(need)
        return Group(**self._common(path, shape, f"{prefix}-of-{read[0].id}", title), need=need, parts=tuple(read))

    def _weighted(
        self, path: Path_, shape: shapes.ChooseShape, counting: Counting, share_group: str
    ) -> WeightedCount | None:
        """Courses to choose from that count as more than one, or less. None where that cannot be said of them."""
        weights = {_parsed(code): thousandths(weight) for code, weight in (shape.weights or {}).items()}
        if shape.from_ is not None:
            ways: tuple[Ways, ...] = self._filtered(path, shape.from_, counting)
            what = describe(ways[0].selection)
        else:
            read = [
                self._requirement((*path, "of", index), part, counting, share_group)
                for index, part in enumerate(shape.of or ())
            ]
            courses = [part for part in read if isinstance(part, CourseCount) and _is_plain(part)]
            if len(courses) < len(read) or len({part.share_group for part in courses}) > 1:
                message = "'weights' are of courses; list single courses under 'of', of one share group."
                self.document.problem((*path, "weights"), message)
                return None
            self._check_same_course((*path, "of"), shape.of or ())
            ways = tuple(way for part in courses for way in part.ways)
            share_group = courses[0].share_group
            what = listing([next(iter(way.selection.courses)).code for way in ways], "or")
            listed = [next(iter(way.selection.courses)) for way in ways]
            most = sum(weights.get(course, 1000) for course in listed)
            if most < 1000 * shape.choose:
                amount = points_text(most).removesuffix(".0")
                message = f"'choose' asks for {shape.choose} of a list that counts as {amount}; that can never be met."
                self.document.problem((*path, "choose"), message)
        for course in weights:
            if not any(_may_be_in(way.selection, course) for way in ways):
                codes = [one.code for way in ways for one in sorted(way.selection.courses)]
                message = f"{course} is not among the courses to choose from, so its weight says nothing."
                self.document.problem((*path, "weights", course.code), message + nearest(course.code, codes))
        told = [f"{one} counts as {points_text(weight).removesuffix('.0')}" for one, weight in sorted(weights.items())]
        title = f"{number(shape.choose, 'course')} from {what} ({listing(told, 'and')}) {with_grade(ways)}"
        made_id = f"{shape.choose}-weighted-from-{slug(what)}"[:80].rstrip("-")
        return WeightedCount(
            **self._common(path, shape, made_id, title),
            need=1000 * shape.choose,
            ways=ways,
            share_group=share_group,
            weights=tuple(sorted(weights.items())),
        )

    def _choose(self, path: Path_, shape: shapes.ChooseShape, counting: Counting, share_group: str) -> Requirement:
        if shape.weights and (shape.of is None) is not (shape.from_ is None):
            if shape.of is not None:
                self._check_no_same(path, shape)
            weighted = self._weighted(path, shape, counting, share_group)
            if weighted is None:
                return self._broken(path, shape)
            return self._of_one_subject(path, weighted) if shape.same and shape.from_ else weighted
        if shape.of is not None and shape.from_ is None:
            if shape.choose > len(shape.of):
                message = f"'choose' asks for {shape.choose} of a list of {len(shape.of)}; that can never be met."
                self.document.problem((*path, "choose"), message)
            self._check_no_same(path, shape)
            return self._group(path, shape, shape.of, shape.choose, counting, share_group)
        if shape.from_ is None or shape.of is not None:
            self.document.problem(path, "'choose' needs 'of' with a list or 'from' with a filter, one of the two.")
            return self._broken(path, shape)
        ways = self._filtered(path, shape.from_, counting)
        title = f"{number(shape.choose, 'course')} from {describe(ways[0].selection)} {with_grade(ways)}"
        made_id = f"{shape.choose}-from-{slug(describe(ways[0].selection))}"[:80].rstrip("-")
        whole = CourseCount(
            **self._common(path, shape, made_id, title), need=shape.choose, ways=ways, share_group=share_group
        )
        return self._of_one_subject(path, whole) if shape.same else whole

    def _credits(self, path: Path_, shape: shapes.CreditsShape, counting: Counting, share_group: str) -> Requirement:
        if shape.of is not None and shape.from_ is None:
            self._check_no_same(path, shape)
            self._check_same_course((*path, "of"), shape.of)
            courses = frozenset(_parsed(code) for code in shape.of)
            ways: tuple[Ways, ...] = (Ways(selection=Selection(courses=courses), counting=counting),)
        elif shape.from_ is None or shape.of is not None:
            self.document.problem(path, "'credits' needs 'of' with a list or 'from' with a filter, one of the two.")
            return self._broken(path, shape)
        else:
            ways = self._filtered(path, shape.from_, counting)
        amount = decimal_text(shape.credits)
        title = f"{amount} credits from {describe(ways[0].selection)} {with_grade(ways)}"
        made_id = f"credits-{slug(amount)}-from-{slug(describe(ways[0].selection))}"[:80].rstrip("-")
        whole = CreditSum(
            **self._common(path, shape, made_id, title),
            need=thousandths(shape.credits),
            ways=ways,
            share_group=share_group,
        )
        return self._of_one_subject(path, whole) if shape.same else whole

    def _check_no_same(self, path: Path_, shape: shapes.ChooseShape | shapes.CreditsShape) -> None:
        if shape.same:
            message = "'same' is about a filter's subjects; give a filter with 'from', or leave 'same' out."
            self.document.problem((*path, "same"), message)

    def _of_one_subject(self, path: Path_, whole: CourseCount | CreditSum) -> Requirement:
        """The requirement once for each subject of its filter; one of them is enough."""
        way = whole.ways[0]
        subjects = sorted(way.selection.subjects)
        if len(subjects) < 2:
            message = "'same: subject' needs a filter that names the subjects to choose from: 'subject: [CSE, STA]'."
            self.document.problem((*path, "same"), message)
            return whole
        parts = []
        for subject in subjects:
            ways = (Ways(selection=replace(way.selection, subjects=frozenset({subject})), counting=way.counting),)
            amount = f"{points_text(whole.need).removesuffix('.0')} credits"
            if isinstance(whole, CourseCount):
                amount = number(whole.need, "course")
            elif isinstance(whole, WeightedCount):
                amount = number(whole.need // 1000, "course")
            title = f"{amount} from {describe(ways[0].selection)} {with_grade(ways)}"
            parts.append(replace(whole, id=f"{whole.id}-{slug(subject)}", title=title, ways=ways, prose=()))
        return Group(
            id=whole.id,
            title=f"{whole.title}, all of one subject",
            place=whole.place,
            cites=whole.cites,
            prose=whole.prose,
            need=1,
            parts=tuple(parts),
        )

    def _filtered(self, path: Path_, shape: shapes.FilterShape, counting: Counting) -> tuple[Ways, ...]:
        return (Ways(selection=self._selection((*path, "from"), shape), counting=counting),)

    def _selection(self, path: Path_, shape: shapes.FilterShape) -> Selection:
        low = high = None
        if shape.number is not None:
            ends = [int(end) for end in shape.number.split("-")]
            low, high = ends[0], ends[-1]
        selection = Selection(
            subjects=frozenset(name.strip().upper() for name in shape.subject or ()),
            low=low,
            high=high,
            levels=frozenset(shape.level or ()),
            attributes=frozenset(shape.attribute or ()),
            excluded=frozenset(_parsed(code) for code in shape.except_ or ()),
            origins=frozenset(shape.origin or ()),
            bases=frozenset(shape.basis or ()),
            toward=frozenset(shape.counts_toward or ()),
            own=self.programs & frozenset(shape.counts_toward or ()),
            completed=self._window((*path, "completed"), shape.completed) if shape.completed else None,
        )
        if self.shape.program in selection.own:
            message = f"everything that counts here counts toward '{self.shape.program}'. Name another program."
            self.document.problem((*path, "counts-toward"), message)
        if selection == Selection():
            possible = ", ".join(keys_of(shapes.FilterShape))
            self.document.problem(path, f"'from' is an empty filter. Give at least one of: {possible}.")
        return selection

    def _window(self, path: Path_, shape: shapes.WindowShape) -> Window:
        window = Window(
            since=shape.since,
            until=shape.until,
            months=self._months((*path, "within"), shape.within),
            after_enrolment_in=self.shape.program if shape.after else "",
        )
        if window == Window():
            possible = ", ".join(keys_of(shapes.WindowShape))
            self.document.problem(path, f"'completed' says nothing. Give at least one of: {possible}.")
        if shape.since and shape.until and shape.until < shape.since:
            self.document.problem(path, f"nothing is completed since {shape.since} and until {shape.until}.")
        return window

    def _months(self, path: Path_, shape: shapes.PeriodShape | None) -> int:
        if shape is None:
            return 0
        if (shape.years is None) is (shape.months is None):
            self.document.problem(path, "a period has 'years' or 'months', one of the two.")
        return (shape.years or 0) * 12 + (shape.months or 0)

    def _check_top(self, path: Path_, what: str, *, top: bool) -> None:
        if not top:
            message = f"{what} over everything that counts, so it stands in the program's own list, not in a group."
            self.document.problem(path, message)

    def _counted(self, path: Path_, shape: Any) -> Requirement:
        rounding = Rounding.EXACT
        match shape:
            case shapes.CountedSubjectsShape():
                measure, need = Measure.SUBJECTS, shape.counted_subjects
                title = f"{need} different subjects among everything that counted"
                common = self._common(path, shape, "counted-subjects", title)
                return Counted(**common, measure=measure, need=need, selection=Selection())
            case shapes.CountedCoursesShape():
                measure, need = Measure.COURSES, shape.counted_courses
                amount = number(need, "course")
            case shapes.CountedCreditsShape():
                measure, need = Measure.CREDITS, thousandths(shape.counted_credits)
                amount = f"{decimal_text(shape.counted_credits)} credits"
            case _:
                measure = Measure.SHARE_OF_CREDITS if shape.of == "credits" else Measure.SHARE_OF_COURSES
                need, rounding = shape.counted_percent, shape.rounding
                amount = f"{need} % of the {shape.of}"
        if shape.from_ is None:
            self.document.problem(path, "this needs 'from' with a filter: what to look for among what counted.")
            return self._broken(path, shape)
        selection = self._selection((*path, "from"), shape.from_)
        title = f"{amount}, of everything that counted, from {describe(selection)}"
        made_id = f"counted-{slug(describe(selection))}"[:80].rstrip("-")
        return Counted(
            **self._common(path, shape, made_id, title),
            measure=measure,
            need=need,
            selection=selection,
            rounding=rounding,
        )

    def _limits(self) -> tuple[Limit, ...]:
        limits = [self._limit(("limits", index), shape) for index, shape in enumerate(self.shape.limits)]
        return tuple(limit for limit in limits if limit is not None)

    def _limit(self, path: Path_, shape: shapes.LimitShape) -> Limit | None:
        if (shape.at_most is None) is (shape.at_most_credits is None):
            message = "a limit says either 'at-most' with a number of courses or 'at-most-credits', one of the two."
            self.document.problem(path, message)
            return None
        if shape.of is not None and shape.from_ is not None:
            self.document.problem(path, "a limit has 'of' with a list or 'from' with a filter, not both.")
            return None
        if shape.of is None and shape.from_ is None and shape.below_grade is None:
            message = "a limit needs 'of' with a list, 'from' with a filter, or 'below-grade': what is it about?"
            self.document.problem(path, message)
            return None
        selection = Selection()
        if shape.of is not None:
            self._check_same_course((*path, "of"), shape.of)
            selection = Selection(courses=frozenset(_parsed(code) for code in shape.of))
        elif shape.from_ is not None:
            selection = self._selection((*path, "from"), shape.from_)
        below = None
        if shape.below_grade is not None:
            below = self.scale.points.get(shape.below_grade)
            if below is None:
                known = ", ".join(self.scale.points)
                near = nearest(shape.below_grade, self.scale.points)
                message = f"'{shape.below_grade}' is not a grade with points. There are: {known}.{near}"
                self.document.problem((*path, "below-grade"), message.rstrip("."))
        credits_ = shape.at_most_credits or Decimal(0)
        most = shape.at_most if shape.at_most is not None else thousandths(credits_)
        amount = number(most, "course") if shape.at_most is not None else f"{decimal_text(credits_)} credits"
        what = f"from {describe(selection)}" if selection != Selection() else "in all"
        title = f"At most {amount} {what}" + (f" with a grade below {shape.below_grade}" if below is not None else "")
        common = self._common(path, shape, f"at-most-{slug(title.removeprefix('At most '))}"[:80].rstrip("-"), title)
        return Limit(**common, most=most, selection=selection, of_credits=shape.at_most is None, below=below)

    def _average(self, path: Path_, shape: shapes.AverageShape) -> Requirement:
        minimum = thousandths(shape.average_grade)
        if minimum > self.scale.top:
            message = f"{shape.average_grade} is above the scale's best grade, {points_text(self.scale.top)} points."
            self.document.problem((*path, "average-grade"), f"{message} It can never be met.")
        title = f"An average of {points_text(minimum)} grade points over everything that counted"
        return Average(**self._common(path, shape, "average-grade", title), minimum=minimum)

    def _broken(self, path: Path_, shape: Any) -> Requirement:
        """Stands in for a requirement whose problem is noted, so that the rest of the file is read all the same."""
        return Group(**self._common(path, shape, f"line-{self.document.line(path)}", ""), need=0, parts=())

    def _check_same_course(self, path: Path_, parts: Sequence[Any]) -> None:
        seen: set[str] = set()
        for index, part in enumerate(parts):
            code = part if isinstance(part, str) else getattr(part, "course", None)
            if code in seen:
                self.document.problem((*path, index), f"{code} is in this list already; a course counts once.")
            if code:
                seen.add(code)

    def _check_ids(self, root: Group, limits: Sequence[Limit]) -> None:
        first: dict[str, Requirement | Limit] = {}
        rules = {rule.id for rule in (*self.institution.rules, *self.shape.rules)} | {
            "open-to",
            "conferral",
            CATALOG_YEAR,
            *own_ids(self.shape),
        }
        named: list[Requirement | Limit] = [*walk(root), *limits]
        for requirement in named:
            place = requirement.place
            problem: str | None = None
            if requirement.id in rules or (requirement.id == root.id and requirement is not root):
                problem = f"the id '{requirement.id}' is used by a rule; give this requirement another with 'id:'."
            elif requirement.id in first:
                above = first[requirement.id].place
                where = f"on line {above.line}" if above.file == place.file else f"in {above}"
                problem = f"the id '{requirement.id}' is that of the requirement {where} too. Give one its own 'id:'."
            if problem:
                self.document.problems.append(Problem(place.file, place.line, problem))
            first.setdefault(requirement.id, requirement)

    def _check_tests(self, root: Group) -> None:
        averages = [part for part in root.parts if isinstance(part, Average)]
        spreads = [part for part in root.parts if isinstance(part, Counted) and part.measure is Measure.SUBJECTS]
        for name, found in (("average", averages), ("number of subjects", spreads)):
            for extra in found[1:]:
                message = f"a program has one {name}; the highest of two is enough."
                self.document.problems.append(Problem(extra.place.file, extra.place.line, message))
        tests = [part for part in root.parts if isinstance(part, Average | Counted)]
        if tests and not all(any(is_tested(leaf) for leaf in route) for route in routes(root)):
            what = "average" if isinstance(tests[0], Average) else "look at here"
            message = f"the program can be completed without any course, so there may be nothing to {what}."
            self.document.problems.append(Problem(tests[0].place.file, tests[0].place.line, message))

    # rules and awards

    def _rules(self) -> tuple[Rule, ...]:
        result = []
        for document, path, shape in (
            *((self.institution.document, ("rules", i), rule) for i, rule in enumerate(self.institution.rules)),
            *((self.document, ("rules", i), rule) for i, rule in enumerate(self.shape.rules)),
        ):
            if shape.for_ is not Moment.RETENTION and (rule := self._rule(document, path, shape)):
                result.append(rule)
        return tuple(result)

    def _retention(self) -> tuple[RetentionRule, ...]:
        """The program's own rules first: of one ground the first that names it decides."""
        every = (
            *((self.document, ("rules", i), rule) for i, rule in enumerate(self.shape.rules)),
            *((self.institution.document, ("rules", i), rule) for i, rule in enumerate(self.institution.rules)),
        )
        found = (
            retention_rule(shape)
            for document, path, shape in every
            if shape.for_ is Moment.RETENTION and self._applies(asked_of_program(shape.when))
        )
        return tuple(rule for rule in found if rule)

    def _rule(self, document: Document, path: Path_, shape: shapes.RuleShape) -> Rule | None:
        if not self._applies(shape.when):
            return None
        conditions = {fact: texts(value) for fact, value in shape.require.items()}
        return Rule(
            id=shape.id,
            moment=Moment(shape.for_),
            place=Place(document.file(path), document.line(path)),
            when=tuple(
                self._condition(fact, texts(value)) for fact, value in shape.when.items() if fact not in self.static
            ),
            require=tuple(
                self._condition(fact, values) for fact, values in conditions.items() if fact in self.institution.facts
            ),
            attestations=tuple(role for role in conditions.get("attestations", ()) if role in self.institution.roles),
            requirements="requirements" in conditions,
            no_holds="holds" in conditions,
            credentials=frozenset(conditions.get("credentials", ())),
            not_credentials=frozenset(conditions.get("not-credentials", ())),
            otherwise=shape.otherwise,
            cites=shape.source,
            prose=tuple(shape.prose or ()),
        )

    def _condition(self, fact: str, values: Sequence[str]) -> Condition:
        among = () if fact in FACTS else self.institution.facts.get(fact) or ()
        return Condition(fact, frozenset(values), frozenset(among))

    def _applies(self, when: Mapping[str, shapes.Value]) -> bool:
        """Whether what `when` says of the program, which does not change from learner to learner, is so."""
        return all(self.static[fact] in texts(value) for fact, value in when.items() if fact in self.static)

    def _awards(self) -> tuple[AwardSpec, ...]:
        result: list[AwardSpec] = []
        for index, shape in enumerate(self.shape.awards):
            path: Path_ = ("awards", index)
            for fact, value in shape.when.items():
                check_condition(
                    self.document,
                    (*path, "when", fact),
                    fact,
                    value,
                    {f: v for f, v in FACTS.items() if f in self.static},
                )
            kind = shape.id or slug(shape.issuer)
            if kind in {award.kind for award in result}:
                message = f"'{kind}' is an award above already. Give this one its own 'id:'; it may never change later."
                self.document.problem(path, message)
            options = {}
            for key, option in (shape.model_extra or {}).items():
                if isinstance(option, str | int):
                    options[key] = str(option)
                else:
                    self.document.problem((*path, key), f"'{key}' should be text.")
            if self._applies(shape.when):
                result.append(AwardSpec(kind=kind, issuer=shape.issuer, options=options, place=self._place(path)))
        return tuple(result)


def routes(requirement: Requirement) -> list[frozenset[Requirement]]:
    """Every way through the alternatives: which leaves have to be met, at most one more than ROUTES of them."""
    if not isinstance(requirement, Group):
        return [frozenset({requirement})]
    found: dict[frozenset[Requirement], None] = {}
    below = [routes(part) for part in requirement.parts]
    for chosen in itertools.combinations(below, requirement.need):
        if math.prod(len(part) for part in chosen) > ROUTES:
            return [frozenset({requirement})] * (ROUTES + 1)
        for combination in itertools.product(*chosen):
            found.setdefault(frozenset().union(*combination))
            if len(found) > ROUTES:
                return list(found)
    return list(found)


def _exception_limits(shape: shapes.ExceptionsShape | None) -> dict[ExceptionKind, int]:
    given = {
        ExceptionKind.SUBSTITUTION: shape.substitutions if shape else None,
        ExceptionKind.WAIVER: shape.waivers if shape else None,
    }
    return {kind: int(text.removeprefix("at-most ").replace("none", "0")) for kind, text in given.items() if text}


def _parsed(code: str) -> Course:
    course = Course.parse(code)
    if course is None:
        raise ValueError(code)  # cannot be: the shape has checked it
    return course


def _course(code: str) -> Selection:
    return Selection(courses=frozenset({_parsed(code)}))


def _may_be_in(selection: Selection, course: Course) -> bool:
    """Whether a filter or a list admits a course, as far as its code says."""
    return not (
        (selection.courses and course not in selection.courses)
        or course in selection.excluded
        or (selection.subjects and course.subject not in selection.subjects)
        or (selection.low is not None and course.numeric < selection.low)
        or (selection.high is not None and course.numeric > selection.high)
    )


def _is_plain(part: CourseCount) -> bool:
    return part.need == 1 and len(part.ways) == 1 and len(part.ways[0].selection.courses) == 1


def text_digest(*texts: str) -> str:
    """SHA-256 of texts in order, each preceded by its length so that none can run into the next."""
    total = hashlib.sha256()
    for text in texts:
        raw = text.encode()
        total.update(f"{len(raw)}:".encode() + raw)
    return total.hexdigest()
