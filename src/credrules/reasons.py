"""Why: an evaluation as a tree of reasons, each with a code for programs and a sentence for the learner.

Every code is explained in docs/reasons.md; a test holds that page and this module together.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING

from credrules import catalog_year, conferral, exceptions, never_both, reasons_work
from credrules.attestations import COMPLETE, Role
from credrules.credentials import held_by, statuses, that_fit
from credrules.decisions import Outcome, Reason, Refusal, Use
from credrules.facts import BUILT_IN, declared, possible_values
from credrules.plan import CLAIMS, Kind
from credrules.records import MilestoneStatus
from credrules.rules import Measure, Moment
from credrules.standing import Stage
from credrules.wording import decimal_text, describe, listing, lowered, number, period, points_text, role_title

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from credrules.attestations import Attestation, Word
    from credrules.engines.plain import Bid, Evaluation, Refused
    from credrules.exceptions import NotApplied
    from credrules.plan import Fork, Node, ProgramPlan
    from credrules.records import Course, Milestone, Record
    from credrules.standing import Standing

MET, AWAITING, PENDING, UNDETERMINED, UNMET = sorted(Outcome, reverse=True)

SHOWN = 8
"""The most courses that a sentence lists one by one."""

NOT_USED = {
    "below-minimum": "below {minimum}",
    "not-passing": "does not pass",
    "displaced": "another attempt stands, by the rule for repeated courses",
    "superseded": "another attempt at the course counts",
    "origin": "{origin} credit does not count here",
    "basis": "{basis} grading does not count here",
    "repeat-excluded": "left out by the registrar's repeat checking",
    "no-credit": "bears no credit",
    "dropped": "dropped",
    "withdrawn": "withdrawn",
    "waitlisted": "on the waiting list only",
    "planned": "not registered yet",
    "audited": "audited",
    "used-elsewhere": "counts for '{other}' instead",
    "over-limit": "{limit}, and there is no more room under it",
    "outside-time-limit": "not within {period} of the first course that counts",
    "not-needed": "not needed",
}
"""Codes of attempts that a requirement looked at and does not use."""

UNSURE = {
    "in-progress": "in progress",
    "incomplete": "incomplete",
    "grade-not-reported": "the term is over and no grade is reported",
    "grade-unreadable": "the grade is not in the institution's scale",
    "basis-unknown": "the grading basis is unknown",
    "repeat-unknown": "repeat checking has not been done",
    "course-unsure": "what the filter asks of it is unknown",
    "order-unknown": "it is unknown which attempt was the last",
    "level-unknown": "the least grade depends on its level, which is unknown",
    "credits-unknown": "its credits are unknown",
}
"""Codes of attempts that are used, but not surely."""

OUTCOMES = {
    "waived": "an exception was granted",
    "counted": "enough counts",
    "in-progress": "work in progress would be enough",
    "unknown": "something is not known",
    "not-taken": "nothing for it has been attempted",
    "not-enough": "some counts, but too little",
    "none-counts": "what was attempted does not count",
    "contested": "other requirements need the same courses",
    "limited": "a limit stands in the way",
    "average-reached": "the average is reached",
    "average-reachable": "work in progress could still reach it",
    "average-unknown": "a grade or credits are not known",
    "average-below": "the average is below what is asked",
    "average-nothing-counted": "nothing has counted yet",
    "counted-enough": "enough of what counted is of that kind",
    "counted-reachable": "work in progress would be enough of that kind",
    "counted-unknown": "whether enough of it is of that kind is not known",
    "counted-short": "too little of what counted is of that kind",
    "milestone-complete": "done",
    "milestone-submitted": "handed in, not yet judged",
    "milestone-evidence-missing": "done, but the evidence is missing",
    "milestone-in-progress": "under way",
    "milestone-failed": "not passed",
    "milestone-missing": "not recorded",
    "milestone-unknown": "the records do not tell",
    "attested": "a person has said so",
    "attested-early": "a person has said that everything is complete, but it is not",
    "attestation-awaited": "a person's word is missing",
    "evidence-awaited": "a person has said so, but without the evidence",
    "claimed": "the learner has asked for the credential",
    "claim-awaited": "the learner has not asked for the credential yet",
    "holds": "it is so",
    "fails": "it is not so",
    "does-not-apply": "the rule or the requirement does not apply",
    "condition-holds": "what is asked depends on the learner, and the condition holds",
    "condition-fails": "what is asked depends on the learner, and the condition does not hold",
    "condition-unknown": "what is asked depends on something that is not known of the learner",
    "no-alternative": "an alternative that is for other learners",
    "credential-held": "a credential that is asked for is held",
    "credential-missing": "no credential that is asked for is held",
    "credential-unknown": "the records do not tell whether it is held, or active",
    "excluded": "a credential is held beside which this one is not awarded",
    "not-excluded": "no credential is held beside which this one is not awarded",
    "no-hold": "nothing blocks it",
    "hold-active": "a hold blocks it",
    "all-parts": "all parts are met",
    "parts-missing": "a part is missing",
    "enough-parts": "enough of the parts are met",
    **catalog_year.CODES,
    **conferral.CODES,
    **never_both.CODES,
    **exceptions.CODES,
    **reasons_work.OUTCOMES,
}
"""Codes of nodes."""


class Explainer:
    """Turns one program's evaluation for one learner into its reasons.

    `known` are the reasons that stand already, by node: they are taken as they are, and those that are made are added.
    """

    def __init__(
        self,
        plan: ProgramPlan,
        evaluation: Evaluation,
        record: Record,
        word: Word,
        as_of: date,
        known: dict[int, Reason] | None = None,
    ) -> None:
        self.known = {} if known is None else known
        self.plan = plan
        self.evaluation = evaluation
        self.record = record
        self.word = word
        self.as_of = as_of

    @cached_property
    def attestations(self) -> list[Attestation]:
        return [said for said in self.word.attestations if said.program == self.plan.program.id]

    @cached_property
    def claimed_by(self) -> dict[tuple[Course, str], int]:
        return {
            (course, self.plan.nodes[node].share_group): node
            for node, courses in self.evaluation.claims.items()
            for course in courses
        }

    def reason(self, index: int | None = None) -> Reason:
        """The reasons below a node; below the root where none is named."""
        index = self.plan.root if index is None else index
        if index not in self.known:
            self.known[index] = self._reason(self.plan.nodes[index])
        return self.known[index]

    def _reason(self, node: Node) -> Reason:
        outcome = self.evaluation.outcomes[node.index]
        used: tuple[Use, ...] = ()
        refused: tuple[Refusal, ...] = ()
        parts: tuple[Reason, ...] = ()
        if node.index in self.evaluation.waived:
            granted = self.evaluation.waived[node.index]
            because, text = "waived", f"Waived by {granted.by} on {granted.on}: {granted.reason}."
        elif node.kind in CLAIMS:
            used, refused = self._used(node), self._refused(node)
            because, text = self._claim(node, outcome, used, refused)
        elif node.fork:
            because, text, shown = self._fork(node, node.fork, outcome)
            parts = tuple(map(self.reason, shown))
        elif node.kind is Kind.GROUP:
            because, text = self._group(node, outcome)
            shown = self._unless(node) if because == "does-not-apply" else node.parts
            parts = tuple(self.reason(part) for part in shown if not self._stands_elsewhere(node, part))
        else:
            because, text = {
                Kind.AVERAGE: self._average,
                Kind.COUNTED: self._counted,
                Kind.MILESTONE: self._milestone,
                Kind.WORD: self._word,
                Kind.FACT: self._fact,
                Kind.NO_HOLD: self._no_hold,
                Kind.CREDENTIAL: self._credential,
                Kind.AMOUNT: self._work,
                Kind.SCORES: self._work,
            }[node.kind](node, outcome)
        if node.index == self.plan.root:
            parts += tuple(map(self._not_applied, self.evaluation.exceptions.not_applied))
        return Reason(
            node=node.id,
            title=node.title,
            outcome=outcome,
            because=because,
            text=text,
            rule=str(node.place),
            cites=node.cites,
            prose=self._prose(node),
            used=used,
            refused=refused,
            parts=parts,
        )

    def _prose(self, node: Node) -> tuple[str, ...]:
        """The catalogue's words for a node, and those for the limits that have no room for what it would use."""
        contest = self.evaluation.contests.get(node.index)
        in_the_way = set(contest.limits if contest else ())
        for course, bid in self.evaluation.bids.get(node.index, {}).items():
            if (
                course not in self.evaluation.claims[node.index]
                and (limit := self._limit_without_room(bid)) is not None
            ):
                in_the_way.add(limit)
        return (*node.prose, *(text for at in sorted(in_the_way) for text in self.plan.limits[at].prose))

    def _not_applied(self, one: NotApplied) -> Reason:
        """An exception that was granted and does nothing, with the outcome of what it was granted for."""
        granted = one.granted
        what = f"The {granted.kind} of '{granted.requirement}'"
        return Reason(
            node=f"{granted.requirement}/{granted.kind}",
            title=f"{what} is not applied",
            outcome=self.evaluation.outcomes[self.plan.root if one.node is None else one.node.index],
            because=one.because,
            text=f"{what}, granted by {granted.by} on {granted.on} ({granted.reason}), is not applied. {one.text}",
            rule=str(self.plan.program.place),
        )

    def _stands_elsewhere(self, node: Node, part: int) -> bool:
        """The requirements stand under the root; a rule that asks for them need not repeat them all."""
        return part == self.plan.requirements and node.index != self.plan.root

    # Attempts.

    def _used(self, node: Node) -> tuple[Use, ...]:
        bids = self.evaluation.bids[node.index]
        return tuple(self._use(node, bids[course]) for course in self.evaluation.claims[node.index])

    def _use(self, node: Node, bid: Bid) -> Use:
        attempt = bid.standing.attempt
        credits_ = attempt.credits_earned if bid.standing.stage in (Stage.GRADED, Stage.PASSED) else None
        return Use(
            attempt_id=attempt.attempt_id,
            course=attempt.course.code,
            standing=_standing_text(bid.standing, UNSURE.get(bid.because, "")),
            known_as=_known_as(bid.standing, node),
            outcome=bid.offer.level,
            credits=None if credits_ is None else decimal_text(credits_),
            because=bid.because,
            source=attempt.source,
        )

    def _refused(self, node: Node) -> tuple[Refusal, ...]:
        result = [self._refusal(node, refused) for refused in self.evaluation.refused[node.index]]
        for course, bid in sorted(self.evaluation.bids[node.index].items()):
            if course in self.evaluation.claims[node.index]:
                continue
            other = self.claimed_by.get((course, node.share_group))
            limit = None if other is not None else self._limit_in_the_way(bid)
            code = "used-elsewhere" if other is not None else "over-limit" if limit else "not-needed"
            if not self.evaluation.in_time(bid.standing.attempt):
                code = "outside-time-limit"
            names = {
                "other": "" if other is None else self.plan.nodes[other].title,
                "limit": limit,
                "period": period(self.plan.time_limit),
            }
            result.append(_refusal(node, bid.standing, code, NOT_USED[code].format(**names)))
        unique = {(refusal.attempt_id, refusal.because): refusal for refusal in result}
        return tuple(unique.values())

    def _limit_in_the_way(self, bid: Bid) -> str | None:
        """The title of a limit that has no room left for an attempt, as a sentence goes on."""
        at = self._limit_without_room(bid)
        return None if at is None else lowered(self.plan.limits[at].title)

    def _limit_without_room(self, bid: Bid) -> int | None:
        for at, limit in enumerate(self.plan.limits):
            taken = sum(
                self.evaluation.bids[index][course].offer.loads[at]
                for index, courses in self.evaluation.claims.items()
                for course in courses
            )
            load = bid.offer.loads[at]
            if load and taken + load > limit.most:
                return at
        return None

    def _refusal(self, node: Node, refused: Refused) -> Refusal:
        attempt = refused.standing.attempt
        minima = [
            least
            for way in node.ways
            if refused.standing.is_in(way.selection, self.record, self.as_of)
            for least in way.counting.minima(attempt.level)
        ] or node.ways[0].counting.minima(attempt.level)
        minimum = min(minima, key=lambda one: one.points).symbol
        text = NOT_USED[refused.because].format(minimum=minimum, origin=attempt.origin, basis=attempt.basis)
        return _refusal(node, refused.standing, refused.because, text)

    def _claim(self, node: Node, outcome: Outcome, used: Sequence[Use], refused: Sequence[Refusal]) -> tuple[str, str]:
        sure = [f"{_named(use)} ({use.standing})" for use in used if use.outcome is MET]
        open_ = [f"{_named(use)} ({use.standing})" for use in used if use.outcome is not MET]
        sentences = []
        if sure:
            sentences.append(f"{listing(sure, 'and')} {'counts' if len(sure) == 1 else 'count'}.")
        if open_ and outcome is PENDING:
            sentences.append(f"{listing(open_, 'and')} would complete it.")
        elif open_:
            sentences.append(f"{listing(open_, 'and')} may or may not come to count.")
        torn = node.index in self.evaluation.torn
        if torn:
            sentences.append("Whether they count here depends on something that is not known of the learner.")
        if outcome is UNDETERMINED and not open_ and not torn:
            courses = listing(
                [course.code for course in self.evaluation.at_best.get(node.index, ())] or ["nothing"], "and"
            )
            sentences.append(f"{courses} may or may not count: what a limit or a test asks of it is not known.")
        if outcome is UNMET:
            sentences.append(self._shortfall(node))
        sentences += [
            f"{_named(one)} ({one.standing}) is not used: {one.text}." for one in refused if one.because != "not-needed"
        ]
        sentences += self._stand_in(node)
        contest = self.evaluation.contests.get(node.index)
        if contest:
            rivals = [f"'{self.plan.nodes[rival].title}'" for rival in contest.rivals]
            courses = listing([course.code for course in contest.courses] or ["the same courses"], "and")
            limits = [f"'{self.plan.limits[at].title}'" for at in contest.limits]
            if len(rivals) > 1:
                once = f"under the limit {listing(limits, 'and')}" if limits else "and a course counts once"
                sentences.append(f"{listing(rivals, 'and')} compete for {courses}, {once}.")
            else:
                sentences.append(f"The limit {listing(limits, 'and')} stands in the way of {courses}.")
        return self._claim_code(node, outcome, refused), " ".join(sentences)

    def _stand_in(self, node: Node) -> Iterator[str]:
        """Who let a course stand in, where one that is used was asked for by an exception only."""
        for course in self.evaluation.claims[node.index]:
            taken = self.evaluation.bids[node.index][course].standing.attempt.course
            for one in self.evaluation.stand_ins(node, course, self.record, self.as_of)[:1]:
                yield f"{taken} stands in: granted by {one.by} on {one.on}: {one.reason}."

    def _claim_code(self, node: Node, outcome: Outcome, refused: Sequence[Refusal]) -> str:
        contest = self.evaluation.contests.get(node.index)
        if contest and outcome is not MET:
            return "limited" if contest.limits else "contested"
        if outcome is not UNMET:
            return {MET: "counted", PENDING: "in-progress", UNDETERMINED: "unknown"}[outcome]
        if self.evaluation.claims[node.index]:
            return "not-enough"
        return "none-counts" if refused else "not-taken"

    def _shortfall(self, node: Node) -> str:
        bids = self.evaluation.bids[node.index]
        claimed = [bids[course].offer for course in self.evaluation.claims[node.index]]
        have = sum(offer.size for offer in claimed)
        if node.kind is Kind.CREDITS:
            return f"{points_text(node.need - have).removesuffix('.0')} more credits are needed."
        if node.kind is Kind.WEIGHTED:
            return f"Courses that count as {points_text(node.need - have).removesuffix('.0')} more are needed."
        missing = node.need - have
        named = self._that_would_do(node)
        if 0 < missing <= len(named) <= SHOWN:
            if missing == len(named):
                return f"{listing(named, 'and')} {'is' if missing == 1 else 'are'} needed."
            return f"{missing} more of {listing(named, 'or')} {'is' if missing == 1 else 'are'} needed."
        return f"{number(missing, 'course')} more {'is' if missing == 1 else 'are'} needed."

    def _that_would_do(self, node: Node) -> list[str]:
        """The courses that a requirement names and that nothing has claimed yet; none where it is about a filter."""
        if not all(way.selection.courses for way in node.ways):
            return []
        named = {course for way in node.ways for course in way.selection.courses}
        return [course.code for course in sorted(named) if (course, node.share_group) not in self.claimed_by]

    # The other leaves.

    def _average(self, node: Node, outcome: Outcome) -> tuple[str, str]:
        bids = [
            self.evaluation.bids[index][course]
            for index, courses in self.evaluation.claims.items()
            for course in courses
        ]
        if not bids:
            return "average-nothing-counted", "Nothing has counted yet, so there is no average."
        now = _mean(bids)
        is_now = f"The average is {points_text(now)} now" if now is not None else "There are no grade points yet"
        asked = points_text(node.need)
        match outcome:
            case Outcome.MET if now is None:
                return "average-reached", "Nothing that counted carries grade points, so no average falls short."
            case Outcome.MET:
                return "average-reached", f"The average is {points_text(now or 0)}; {asked} is asked."
            case Outcome.PENDING:
                return "average-reachable", f"{is_now}; with the work in progress it can reach {asked}."
            case Outcome.UNDETERMINED:
                return "average-unknown", f"{is_now}; a grade or credits that are not known decide about {asked}."
        return "average-below", f"{is_now}, and the work in progress cannot bring it to {asked}."

    def _counted(self, node: Node, outcome: Outcome) -> tuple[str, str]:
        bids = [
            self.evaluation.bids[index][course]
            for index, courses in self.evaluation.claims.items()
            if not self.plan.nodes[index].share_group
            for course in courses
        ]
        found = self._looked_for(node, [bid for bid in bids if bid.offer.level is MET])
        match outcome:
            case Outcome.MET:
                return "counted-enough", f"{found} That is enough."
            case Outcome.PENDING:
                return "counted-reachable", f"{found} With the work in progress it would be enough."
            case Outcome.UNDETERMINED:
                return "counted-unknown", f"{found} Whether it is enough depends on something that is not known."
        return "counted-short", f"{found} That is not enough."

    def _looked_for(self, node: Node, bids: Sequence[Bid]) -> str:
        """How much of what surely counts is of the kind that a test looks for."""
        if node.measure is Measure.SUBJECTS:
            subjects = sorted({bid.standing.attempt.course.subject for bid in bids})
            return f"What counts is from {number(len(subjects), 'subject')}" + (
                f": {listing(subjects, 'and')}." if subjects else "."
            )
        inside = [bid for bid in bids if bid.standing.is_in(node.selection, self.record, self.as_of)]
        what = describe(node.selection)
        if node.measure.of_credits:
            part, whole = (_credits_text(some) for some in (inside, bids))
            return f"{part} of the {whole} credits that count are from {what}."
        return f"{len(inside)} of the {number(len(bids), 'course')} that count are from {what}."

    def _milestone(self, node: Node, outcome: Outcome) -> tuple[str, str]:
        if self.record.milestones is None:
            return "milestone-unknown", f"The records do not tell whether '{node.code}' is done."
        return self._untimely(node, outcome) or self._milestone_status(node, outcome, self.record.milestones)

    def _milestone_status(self, node: Node, outcome: Outcome, milestones: Sequence[Milestone]) -> tuple[str, str]:
        name = f"'{node.code}'"
        statuses = {one.status for one in milestones if one.code == node.code}
        match outcome:
            case Outcome.MET:
                return "milestone-complete", f"{name} is done."
            case Outcome.AWAITING if MilestoneStatus.COMPLETE in statuses:
                return "milestone-evidence-missing", f"{name} is done, but its evidence is not recorded yet."
            case Outcome.AWAITING:
                return "milestone-submitted", f"{name} is handed in and waits to be judged."
            case Outcome.PENDING:
                return "milestone-in-progress", f"{name} is under way."
            case Outcome.UNDETERMINED:
                return "milestone-unknown", f"The records do not tell how {name} stands."
        if MilestoneStatus.FAILED in statuses:
            return "milestone-failed", f"{name} was not passed."
        return "milestone-missing", f"{name} is not recorded."

    def _work(self, node: Node, outcome: Outcome) -> tuple[str, str]:
        known = self.record.activities is not None
        because, text = reasons_work.work(node, self.evaluation.work[node.index], outcome, known=known)
        untimely = self._untimely(node, outcome) if known else None
        return (untimely[0], f"{text} {untimely[1]}") if untimely else (because, text)

    def _untimely(self, node: Node, outcome: Outcome) -> tuple[str, str] | None:
        """Why, where it is the time that keeps a requirement down."""
        before = [self.plan.nodes[index] for index in (node.after, node.since) if index is not None]
        first = min(before, key=lambda one: self.evaluation.outcomes[one.index], default=node)
        looked = self.evaluation.work.get(node.index)
        return reasons_work.untimely(node, looked, outcome, first.title) if looked else None

    def _word(self, node: Node, outcome: Outcome) -> tuple[str, str]:
        said = [one for one in self.attestations if one.role == node.role and one.statement == node.code]
        if node.role == Role.LEARNER:
            if outcome is MET:
                return "claimed", f"{said[0].by} asked for the credential on {said[0].on}."
            return "claim-awaited", f"The learner has not asked for the credential yet.{_advice(node)}"
        what = "that everything is complete" if node.code == COMPLETE else f"that '{node.code}' is done"
        if outcome is MET:
            text = f"{_who(said[0])} has attested {what}."
            if node.code == COMPLETE and self.evaluation.outcomes[self.plan.requirements] is not MET:
                return (
                    "attested-early",
                    f"{text} But not every requirement is met: nothing is conferred before they are.",
                )
            return "attested", text
        if said:
            return "evidence-awaited", f"{_who(said[0])} has attested {what}, but without a link to the evidence."
        return "attestation-awaited", f"The {role_title(node.role or '')} has not attested yet {what}.{_advice(node)}"

    def _fact(self, node: Node, outcome: Outcome) -> tuple[str, str]:
        day = self.evaluation.registered_on if node.moment is Moment.REGISTRATION else self.as_of
        name = node.fact.partition(".")[2]
        known = None if node.fact in BUILT_IN else declared(node.fact, self.record)
        possible = known or (possible_values(node.fact, self.record, day) if node.fact in BUILT_IN else frozenset())
        when = f" on {day}" if day and node.fact == "learner.admission" else ""
        if known:
            found = f"The learner's {name} is {listing(sorted(known), 'and')}."
            if outcome is UNDETERMINED:
                found = f"{found} The institution's facts do not say what that means."
        elif not possible:
            found = f"The records do not tell the learner's {name}."
        elif len(possible) > 1:
            found = f"The learner's {name}{when} is not known: {listing(sorted(possible), 'or')}."
        else:
            found = f"The learner's {name}{when} is {next(iter(possible))}."
        if outcome is MET:
            return "holds", found
        return ("unknown" if outcome is UNDETERMINED else "fails"), f"{found}{_advice(node)}"

    def _credential(self, node: Node, outcome: Outcome) -> tuple[str, str]:
        names = listing(sorted(node.codes), "or")
        if outcome is UNDETERMINED:
            return "credential-unknown", f"The records do not tell whether {names} is held."
        fitting = sorted({held.code for held in that_fit(node, self.record, self.word, self.as_of)})
        if node.negated:
            if outcome is MET:
                return "not-excluded", f"{names} is not held."
            text = f"{listing(fitting, 'and')} is held, and this is not awarded to who holds it.{_advice(node)}"
            return "excluded", text if node.otherwise else text.replace("to who holds it", "beside it")
        if outcome is MET:
            return "credential-held", f"{listing(fitting, 'and')} is held."
        there = [held for held in held_by(self.record, self.word, self.as_of) if held.code in node.codes]
        if there:
            return "credential-missing", f"{names} is {statuses(there)}; an active one is asked for.{_advice(node)}"
        return "credential-missing", f"{names} is not held.{_advice(node)}"

    def _no_hold(self, node: Node, outcome: Outcome) -> tuple[str, str]:
        if outcome is MET:
            return "no-hold", "No hold blocks conferral."
        if outcome is UNDETERMINED:
            return "unknown", "The records do not tell what the learner's holds block."
        return "hold-active", f"A hold blocks conferral until it is lifted.{_advice(node)}"

    # Groups.

    def _fork(self, node: Node, fork: Fork, outcome: Outcome) -> tuple[str, str, tuple[int, ...]]:
        """Which of the branches is asked, and why."""
        conditions = [self.plan.nodes[index] for index in fork.asks]
        found = " ".join(dict.fromkeys(self._fact(one, self.evaluation.outcomes[one.index])[1] for one in conditions))
        branches = tuple(index for index in (fork.then, fork.otherwise) if index is not None)
        states = {self.evaluation.outcomes[one.index] for one in conditions}
        decides = MET if fork.turned else UNMET  # one such condition is enough to lead to `otherwise`
        if decides not in states and UNDETERMINED in states:
            names = listing([f"'{self.plan.nodes[index].title}'" for index in branches], "or")
            asked = f"{found} So it is not known whether {names} is asked"
            if outcome is UNDETERMINED:
                return "condition-unknown", f"{asked}, and the outcome depends on it.", branches
            least = "at least " if len(branches) > 1 and outcome not in (MET, UNMET) else ""
            return "condition-unknown", f"{asked}; whichever it is, this is {least}{outcome}.", branches
        branch = fork.otherwise if decides in states else fork.then
        if branch is not None:
            because = "condition-fails" if decides in states else "condition-holds"
            return because, f"{found} So '{self.plan.nodes[branch].title}' is asked: it is {outcome}.", (branch,)
        if fork.turned:
            return "does-not-apply", f"Does not apply: {found}", ()
        return "no-alternative", f"{found} So this is no way to complete it.", ()

    def _unless(self, node: Node) -> tuple[int, ...]:
        """The parts that keep a rule from applying."""
        outcomes = self.evaluation.outcomes
        return tuple(part for part in node.parts if _is_unless(self.plan.nodes[part]) and outcomes[part] is MET)

    def _group(self, node: Node, outcome: Outcome) -> tuple[str, str]:
        outcomes = self.evaluation.outcomes
        for part in self._unless(node):
            return "does-not-apply", f"Does not apply: {self._fact(self.plan.nodes[part], MET)[1]}"
        met = sum(outcomes[part] is MET for part in node.parts)
        if outcome is MET:
            if node.need == len(node.parts):
                return "all-parts", "Everything asked for is there."
            return "enough-parts", f"{met} of {len(node.parts)} are met; {node.need} are needed."
        missing = [
            f"'{self.plan.nodes[part].title}' is {outcomes[part]}"
            for part in node.parts
            if outcomes[part] is not MET and not _is_unless(self.plan.nodes[part])
        ]
        return "parts-missing", f"{listing(missing, 'and')}."


def _known_as(standing: Standing, node: Node) -> str:
    """What the course that was taken is to the one that is asked for, where they have different codes."""
    asked = frozenset(course for way in node.ways for course in way.selection.courses)
    taken, equal = standing.attempt.course, standing.equal
    if equal is None or equal.equivalence is None or taken in asked:
        return ""
    named = min(asked & equal.names, default=equal.course)
    return "" if named == taken else equal.equivalence.between(taken, named)


def _named(one: Use | Refusal) -> str:
    return f"{one.course}, {one.known_as}" if one.known_as else one.course


def _refusal(node: Node, standing: Standing, code: str, text: str) -> Refusal:
    attempt = standing.attempt
    return Refusal(
        attempt_id=attempt.attempt_id,
        course=attempt.course.code,
        standing=_standing_text(standing, ""),
        known_as=_known_as(standing, node),
        because=code,
        text=text,
        source=attempt.source,
    )


def _standing_text(standing: Standing, unsure: str) -> str:
    """'A-, fall 2026' or 'in progress, fall 2026'; with what is unsure about it, if anything."""
    words = {Stage.IN_PROGRESS: "in progress", Stage.NOT_REPORTED: "no grade"}
    first = standing.symbol or standing.attempt.grade or words.get(standing.stage, standing.stage.value)
    parts = [words.get(standing.stage, first)]
    if standing.attempt.term:
        parts.append(standing.attempt.term.title)
    if unsure and unsure not in parts:
        parts.append(unsure)
    return ", ".join(parts)


def _mean(bids: Sequence[Bid]) -> int | None:
    """The credit-weighted mean of the grade points so far, in thousandths, rounded down; None where there are none."""
    points = credits_ = 0
    for bid in bids:
        standing = bid.standing
        if (
            standing.points is None
            or standing.attempt.credits_earned is None
            or standing.attempt.origin != "institution"
        ):
            continue
        thousandths = int(standing.attempt.credits_earned * 1000)
        points += thousandths * standing.points
        credits_ += thousandths
    return points // credits_ if credits_ else None


def _credits_text(bids: Sequence[Bid]) -> str:
    return decimal_text(sum((bid.standing.attempt.credits_earned or Decimal(0) for bid in bids), Decimal(0)))


def _is_unless(node: Node) -> bool:
    """Whether a node is the condition of a rule, turned round."""
    return node.kind is Kind.FACT and node.negated


def _who(said: Attestation) -> str:
    return f"{said.by} ({role_title(said.role)}, {said.on})"


def _advice(node: Node) -> str:
    return f" {node.otherwise}" if node.otherwise else ""
