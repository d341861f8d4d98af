"""When the ground shifts: what has changed under the awards that were issued, since they were.

Rows that are not there any more say nothing of what became of them; nothing is revoked because of them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from credrules.decisions import Outcome, decision_digest
from credrules.grounds import NEVER_REVOKES, Finding, Ground, policy
from credrules.ledger.cases import NewCase
from credrules.standing import GONE, Stage, stand

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import date

    from credrules.adapters import SetAside
    from credrules.attestations import Word
    from credrules.deciding import Decider
    from credrules.decisions import Decision, Reason, Use
    from credrules.grounds import RetentionRule
    from credrules.ledger import Ledger
    from credrules.ledger.cases import Case, Group, Held
    from credrules.records import Attempt, Record
    from credrules.rules import GradeScale, RuleSet

REQUIREMENTS = "requirements"
"""The node of all requirements. What is asked beside them, at conferral, was asked on that day."""

_WORDS = frozenset({"attested", "attested-early", "claimed", "waived"})
_OTHERWISE = frozenset({"milestone-failed", "milestone-in-progress", "milestone-submitted"})
_GRADES = frozenset({Stage.GRADED, Stage.PASSED, Stage.FAILED})


class Watch:
    """Follows one run over all learners, and opens a case wherever an award no longer has the ground it had."""

    def __init__(self, ledger: Ledger, rule_set: RuleSet, decider: Decider, run: int, as_of: date) -> None:
        self._rule_set = rule_set
        self._decider = decider
        self._run = run
        self._as_of = as_of
        self._book = ledger.case_book()
        self._unseen = self._book.holders()  # ids alone, and of those who were awarded: what a run has to remember
        self.opened: list[Case] = []

    def look(
        self,
        judged: Sequence[tuple[Record, Word]],
        decisions: Sequence[Decision],
        programs: Collection[str],
        set_aside: Collection[SetAside] = (),
    ) -> None:
        """Hold learners who were just decided against what they were awarded.

        `programs` are those that were decided. A learner who was set aside was seen, and nothing is made of that.
        """
        aside = {one.learner_id for one in set_aside}
        known = {one.learner.learner_id: (one, word) for one, word in judged if one.learner.learner_id not in aside}
        successors = {former: one for one, _ in judged for former in one.learner.former_ids}
        self.saw(successors)
        decided = {(one.learner_id, one.program): one for one in decisions}
        found: list[NewCase] = []
        groups: set[Group] = set()
        for group, awards in _grouped(self._book.held({*known, *successors})).items():
            learner, program, _ = group
            if learner in successors:
                findings = [_merged(learner, successors[learner])]
            elif program not in programs:
                continue
            else:
                findings = list(self._findings(awards, *known[learner], decided.get((learner, program))))
            groups.add(group)
            found += self._cases(awards[0], findings, decided.get((learner, program)))
        if groups:
            self.opened += self._book.keep_up(self._run, self._as_of, found, groups)

    def saw(self, learners: Collection[str]) -> None:
        """These are still in the records."""
        self._unseen.difference_update(learners)

    def end(self) -> None:
        """After everybody was read: whoever was awarded something and is not among them is not seen any more."""
        found: list[NewCase] = []
        for group, awards in _grouped(self._book.held(self._unseen)).items():
            before, after = "in the records", "not in the records"
            gone = Finding(ground=Ground.NOT_SEEN, text=f"The learner {group[0]}", before=before, after=after)
            found += self._cases(awards[0], [gone], None)
        if found:
            self.opened += self._book.keep_up(self._run, self._as_of, found, {one.group for one in found})

    def _findings(self, awards: Sequence[Held], record: Record, word: Word, now: Decision | None) -> Iterator[Finding]:
        yield from _of_the_person(awards, record)
        rules = self._rules(awards[0])
        yield from _conduct(rules, record, self._as_of)
        held = awards[0]
        if now is not None and (now.cycle != held.award.cycle or decision_digest(now) == held.decision):
            return
        before = self._book.decision(held)
        if before is None:
            return
        found = list(shifted(before, now, record, self._rule_set.scale, self._as_of))
        if any(one.ground is not Ground.UNCLEAR for one in found) or not self._is_met_then(before, record, word):
            yield from found

    def _is_met_then(self, before: Decision, record: Record, word: Word) -> bool:
        """Whether, by the record as it is, it was met on the day of the decision: then only time has passed."""
        decided = self._decider.decide(record, word, before.as_of).decisions
        return any(one.program == before.program and _outcome(one) is Outcome.MET for one in decided)

    def _rules(self, held: Held) -> tuple[RetentionRule, ...]:
        """Those of the version that was awarded, or of the program's latest where that is no longer in the files."""
        about = held.award.achievement
        program = self._rule_set.program(about.program, about.version) or self._rule_set.program(about.program)
        return program.retention if program else ()

    def _cases(self, held: Held, findings: Sequence[Finding], now: Decision | None) -> Iterator[NewCase]:
        """One case for each ground."""
        rules = self._rules(held)
        for ground in dict.fromkeys(one.ground for one in findings):
            same = tuple(one for one in findings if one.ground is ground)
            yield NewCase(
                group=held.group,
                ground=ground,
                findings=same,
                policy=policy(rules, same),
                decision_before=held.decision,
                decision_after=decision_digest(now) if now else "",
            )


def _grouped(awards: Sequence[Held]) -> dict[Group, list[Held]]:
    found: dict[Group, list[Held]] = {}
    for held in awards:
        found.setdefault(held.group, []).append(held)
    return found


def _merged(former: str, record: Record) -> Finding:
    return Finding(ground=Ground.MERGED, text=f"The learner {former}", before=former, after=record.learner.learner_id)


def _of_the_person(awards: Sequence[Held], record: Record) -> Iterator[Finding]:
    """A name or an address that is another than the one that was issued. One that is no longer known is no other."""
    learner = record.learner
    named = learner.given_name or learner.family_name or learner.preferred_name
    pairs = (
        (Ground.RENAMED, "The name", {one.award.recipient.name for one in awards}, learner.display_name, named),
        (
            Ground.EMAIL_CHANGED,
            "The e-mail address",
            {one.award.recipient.email for one in awards} - {None},
            learner.email,
            learner.email,
        ),
    )
    for ground, text, issued, now, known in pairs:
        if known and now:
            for before in sorted(str(one) for one in issued if one != now):
                yield Finding(ground=ground, text=text, before=before, after=now)


def _conduct(rules: Sequence[RetentionRule], record: Record, as_of: date) -> Iterator[Finding]:
    """Holds that stand now and that the institution's rules name as a decision about conduct."""
    codes = {code for rule in rules if Ground.CONDUCT in rule.grounds for code in rule.holds}
    for hold in record.holds or ():
        begun = hold.since is None or hold.since <= as_of
        over = hold.until is not None and hold.until < as_of
        if hold.code in codes and begun and not over:
            since = f"since {hold.since}" if hold.since else "no day given"
            text, after = f"The hold {hold.code}", f"{since}{f': {hold.reason}' if hold.reason else ''}"
            yield Finding(ground=Ground.CONDUCT, text=text, before="none", after=after, hold=hold.code)


def shifted(
    before: Decision, now: Decision | None, record: Record, scale: GradeScale, as_of: date
) -> Iterator[Finding]:
    """Why what was decided then is not decided now; nothing where it still is.

    `now` is None of a learner who has nothing to do with the program any more. That time has passed is no ground.
    """
    if now is not None and before.evidence == now.evidence and _same_rules(before, now):
        return
    nodes = {reason.node: reason for reason in now.reason.walk()} if now else {}
    found = list(_words_taken_back(before, nodes))
    still_met = _outcome(now) is Outcome.MET
    if not still_met:
        found += _lost_work(before, nodes, record, scale, as_of)
        found += [] if found else [_why(before, now)]
    unknown = any(one.ground in NEVER_REVOKES for one in found)
    sure = not unknown and (still_met or _outcome(now) is Outcome.UNMET)
    for one in found:
        yield replace(one, sure=sure)


def _same_rules(before: Decision, now: Decision) -> bool:
    return (before.rules, before.version) == (now.rules, now.version)


def _outcome(decision: Decision | None) -> Outcome | None:
    """That of the requirements."""
    if decision is None:
        return None
    reasons = (one.outcome for one in decision.reason.walk() if one.node == REQUIREMENTS)
    return next(reasons, decision.outcome)


def _why(before: Decision, now: Decision | None) -> Finding:
    if now is None or _same_rules(before, now):
        after = "not met" if now is None else str(_outcome(now))
        return Finding(ground=Ground.UNCLEAR, text="The requirements", before="met", after=after)
    return Finding(
        ground=Ground.RULE_CHANGED,
        text="The rules",
        before=f"version {before.version}, {before.rules[:12]}: met",
        after=f"version {now.version}, {now.rules[:12]}: {_outcome(now)}",
    )


def _words_taken_back(before: Decision, nodes: Mapping[str, Reason]) -> Iterator[Finding]:
    for reason in before.reason.walk():
        now = nodes.get(reason.node)
        if reason.because in _WORDS and now is not None and now.outcome is not Outcome.MET:
            yield Finding(ground=Ground.WORD_WITHDRAWN, text=reason.title, before=reason.text, after=now.text)


def _lost_work(
    before: Decision, nodes: Mapping[str, Reason], record: Record, scale: GradeScale, as_of: date
) -> Iterator[Finding]:
    attempts = {one.attempt_id: one for one in record.attempts}
    uses = {use.attempt_id: use for reason in before.reason.walk() for use in reason.used}
    for use in uses.values():
        finding = _of_attempt(use, attempts.get(use.attempt_id), scale, as_of)
        if finding:
            yield finding
    for reason in before.reason.walk():
        now = nodes.get(reason.node)
        if reason.because == "milestone-complete" and (now is None or now.outcome is not Outcome.MET):
            yield _of_milestone(reason, now)


def _of_attempt(use: Use, attempt: Attempt | None, scale: GradeScale, as_of: date) -> Finding | None:
    """What became of an attempt that was used; None where it is as good as it was."""
    if attempt is None:
        return Finding(ground=Ground.NOT_SEEN, text=use.course, before=use.standing, after="no row")
    now = stand(attempt, scale, as_of)
    after = now.symbol or attempt.grade or now.stage.value
    if now.stage in GONE:
        return Finding(ground=Ground.RECORD_WITHDRAWN, text=use.course, before=use.standing, after=now.stage.value)
    symbol = use.standing.partition(", ")[0]
    if symbol == now.symbol:
        return None
    if now.stage not in _GRADES:
        return Finding(ground=Ground.UNCLEAR, text=use.course, before=use.standing, after=after)
    was = scale.points.get(symbol)
    if was is not None and now.points is not None and now.points >= was:
        return None
    return Finding(ground=Ground.GRADE_LOWERED, text=use.course, before=use.standing, after=after)


def _of_milestone(reason: Reason, now: Reason | None) -> Finding:
    """A row that says otherwise withdraws it; that there is none, or that it says nothing, does not."""
    ground = Ground.RECORD_WITHDRAWN if now is not None and now.because in _OTHERWISE else Ground.NOT_SEEN
    return Finding(ground=ground, text=reason.title, before=reason.text, after=now.text if now else "no row")
