"""One rule: so many classes or credits of a list of courses."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from credrules.records import Origin
from credrules.scribe.courses import Picked
from credrules.scribe.drafting import (
    ALONE,
    SHARING,
    UNGRADED,
    ByHand,
    named_subjects,
    nearest_construct,
    shared_with,
    whole_number,
)
from credrules.scribe.report import Status
from credrules.wording import slug

if TYPE_CHECKING:
    from collections.abc import Sequence

    from credrules.scribe import tree
    from credrules.scribe.drafting import Drafting, Node
    from credrules.scribe.source import Span

MOST_COMBINATIONS = 64
"""Of one rule; a program has at most ROUTES of all its rules together."""


class SingleRule:
    """One rule: so many classes or credits of a list."""

    def __init__(self, draft: Drafting, rule: tree.Rule) -> None:
        self.draft = draft
        self.rule = rule
        self.extras: Node = {}
        self.guards: list[tuple[Span, str, str]] = []
        self.apart: list[tuple[int, Picked]] = []  # so many of the rule's classes are among these
        self.same = False

    def nodes(self) -> list[Node]:
        rule, draft = self.rule, self.draft
        if rule.courses is None or not rule.amounts:
            raise ByHand("it names no courses" if rule.amounts else "it does not say how many")
        if rule.courses.mixed or rule.courses.areas:
            raise ByHand("its courses are joined in more than one way")
        before = draft.so_far()
        try:
            return self._nodes(rule.courses)
        except ByHand:
            draft.back_to(before)
            raise

    def _nodes(self, courses: tree.Courses) -> list[Node]:
        rule, draft = self.rule, self.draft
        if not any(amount.number.least for amount in rule.amounts):
            draft.note(rule.span, Status.DIFFERENT, "it asks for nothing, and is left out")
            draft.tags(rule.qualifiers)
            return []
        picked, dropped = draft.reader.pick(courses)
        lost = any(note.status is Status.UNTRANSLATED for note in dropped)
        if lost and courses.every:
            raise ByHand(dropped[0].said)
        draft.result.notes += dropped
        for clause in rule.without:
            picked = self._without(picked, clause)
        if not picked.exact and not picked.patterns:
            raise ByHand("no course of its list could be read")
        for one in rule.qualifiers:
            self._qualifier(one, picked)
        self._check_conditions(picked)
        kind = self._gathered(self._kinds(picked, courses))
        node = draft.named(rule.span, kind, rule.label, {})
        if self.extras.pop("share", None):
            self.extras["share-group"] = node["id"]
        node = {
            **{key: value for key, value in node.items() if key not in {"id", "title"}},
            **self.extras,
            **{key: node[key] for key in ("id", "title") if key in node},
        }
        if self.same:
            draft.ids |= {f"{node['id']}-{slug(subject)}" for subject in picked.subjects or ()}
        ranges = [amount for amount in rule.amounts if amount.number.most > amount.number.least]
        if ranges:
            said = f"requirement '{node['id']}'; it uses as much as is needed, not as much as is allowed"
            draft.note(rule.span, Status.DIFFERENT, said, "Check the total, if the program has one.")
        else:
            draft.note(rule.span, Status.TRANSLATED, f"requirement '{node['id']}'")
        guards = [draft.guard(span, why, todo=todo) for span, why, todo in self.guards]
        return [node, *guards]

    # what the rule asks

    def _kinds(self, picked: Picked, courses: tree.Courses) -> list[Any]:
        amounts = self.rule.amounts
        if courses.every:
            return self._every(picked, courses)
        if len(amounts) == 1:
            return self._amount(amounts[0], picked)
        if self.rule.including or self.apart:
            raise ByHand("it has two amounts and asks for certain courses besides")
        if self.rule.either:
            return [{"any": [self._part(self._amount(amount, picked)) for amount in amounts]}]
        classes = next((one for one in amounts if one.unit == "classes"), None)
        credits_ = next((one for one in amounts if one.unit == "credits"), None)
        if classes is None or credits_ is None:
            raise ByHand("it has two amounts of the same kind")
        found = self._amount(classes, picked)
        whole_list = not picked.patterns and whole_number(classes.number.least) == len(picked.exact)
        if whole_list and not any(one.counting for one in picked.exact):
            return [*found, self._their_credits(credits_.number.least, picked)]
        why = "that so many courses have so many credits together can be asked only where all of them are needed"
        self.guards.append((credits_.span, why, "Ask for the number or for the credits, whichever is stricter."))
        return found

    def _amount(self, amount: tree.Amount, picked: Picked) -> list[Any]:
        least = amount.number.least
        if not least:
            raise ByHand("one of its amounts is nothing")
        if amount.unit == "credits":
            if self.rule.including or self.apart:
                raise ByHand("which of the credits must come from certain courses is for a person to write")
            return [self._credits(self.draft.exact(least), picked)]
        need = whole_number(least)
        parts: list[Any] = []
        if not picked.patterns and need > len(picked.exact):
            raise ByHand(f"it asks for {need} of a list of {len(picked.exact)} courses")
        for clause in self.rule.including:
            for course in self._included(clause):
                parts.append(self._course(course))
                picked = Picked(
                    tuple(one for one in picked.exact if one.code != course), picked.patterns, picked.excluded
                )
        for count, among in self.apart:
            parts += self._classes(count, among)
            need -= count
        if self.rule.including:
            need -= len(parts)
        if need < 0:
            raise ByHand("more is asked for within the rule than by it")
        return [*parts, *(self._classes(need, picked) if need else [])]

    def _classes(self, need: int, picked: Picked) -> list[Any]:
        exact, patterns = picked.exact, picked.patterns
        if self.same:
            return [self._of_one_subject(need, picked)]
        if not exact and len(patterns) == 1:
            return [{"choose": need, "from": patterns[0].filter(picked.excluded)}]
        if not patterns:
            if need > len(exact):
                raise ByHand(f"it asks for {need} of a list of {len(exact)} courses")
            plain = [one.code for one in exact]
            if any(one.counting for one in exact):
                if math.comb(len(exact), need) > MOST_COMBINATIONS:
                    raise ByHand("its courses have conditions, and there are too many of them")
                parts = [self._course(one.code, one.counting) for one in exact]
                return [parts[0]] if len(parts) == 1 else [{"choose": need, "of": parts}]
            if need == len(exact):
                return [self._course(code) for code in plain]
            return [{"choose": need, "of": plain}]
        if math.comb(len(exact) + need * len(patterns), need) > MOST_COMBINATIONS:
            raise ByHand("it mixes courses and patterns in too many combinations")
        parts = [self._course(one.code, one.counting) for one in exact]
        for pattern in patterns:
            for _ in range(need):
                name = self.draft.new_id(f"line {self.draft.source.line(self.rule.span.start)} from")
                parts.append({"choose": 1, "from": pattern.filter(picked.excluded), "id": name})
        return [{"choose": need, "of": parts}]

    def _of_one_subject(self, need: int, picked: Picked) -> Node:
        subjects = picked.subjects
        if subjects is None or picked.exact or len(picked.patterns) != 1:
            raise ByHand("one subject can be asked for where one filter names the subjects")
        kind: Node = {"choose": need, "from": picked.patterns[0].filter(picked.excluded)}
        return {**kind, "same": "subject"} if len(subjects) > 1 else kind

    def _credits(self, amount: Decimal, picked: Picked) -> Node:
        if picked.exact and picked.patterns:
            raise ByHand("credits are of a list of courses or of one filter, not of both")
        if picked.exact:
            if any(one.counting for one in picked.exact) or self.same:
                raise ByHand("credits of single courses with conditions are for a person to write")
            return {"credits": amount, "of": [one.code for one in picked.exact]}
        if len(picked.patterns) > 1:
            raise ByHand("credits are of one filter, and this needs several")
        kind: Node = {"credits": amount, "from": picked.patterns[0].filter(picked.excluded)}
        subjects = picked.subjects
        if self.same and subjects is None:
            raise ByHand("one subject can be asked for where one filter names the subjects")
        return {**kind, "same": "subject"} if self.same and len(subjects or ()) > 1 else kind

    def _every(self, picked: Picked, courses: tree.Courses) -> list[Any]:
        """A + B: all of them."""
        if self.rule.including or self.apart or self.same or self.rule.either:
            raise ByHand("all of its courses are asked for, and something else besides")
        if len(courses.items) != len(picked.exact) + len(picked.patterns):
            raise ByHand("all of its courses are asked for, and some of them overlap")
        found: list[Any] = [self._course(one.code, one.counting) for one in picked.exact]
        for pattern in picked.patterns:
            name = self.draft.new_id(f"line {self.draft.source.line(self.rule.span.start)} from")
            found.append({"choose": 1, "from": pattern.filter(picked.excluded), "id": name})
        for amount in self.rule.amounts:
            if amount.unit == "credits":
                if picked.patterns or any(one.counting for one in picked.exact):
                    raise ByHand("the credits of all of these together are for a person to write")
                found.append(self._their_credits(amount.number.least, picked))
            elif (need := whole_number(amount.number.least)) > len(courses.items):
                raise ByHand(f"it asks for {need} of {len(courses.items)} courses")
            elif need < len(courses.items):
                said = f"all {len(courses.items)} are asked for, since they are joined by + or And"
                self.draft.note(amount.span, Status.DIFFERENT, said, "Check whether that is meant.")
        return found

    def _their_credits(self, amount: Decimal, picked: Picked) -> Node:
        """That the very courses asked for beside this have so many credits; it takes none away."""
        name = self.draft.new_id(f"{self.rule.label or f'line {self.draft.source.line(self.rule.span.start)}'} credits")
        codes = [one.code for one in picked.exact]
        return {"credits": self.draft.exact(amount), "of": codes, "share-group": name, "id": name}

    def _gathered(self, kinds: list[Any]) -> Node:
        """All of these as one."""
        if len(kinds) == 1:
            return kinds[0] if isinstance(kinds[0], dict) else {"course": kinds[0]}
        return {"all": [one if isinstance(one, str) or "course" in one else self._part([one]) for one in kinds]}

    def _part(self, kinds: list[Any]) -> Node:
        kind = self._gathered(kinds)
        return (
            kind
            if "id" in kind
            else {**kind, "id": self.draft.new_id(f"{self.rule.label or f'line {self._line}'} part")}
        )

    def _check_conditions(self, picked: Picked) -> None:
        """A condition on courses and one of the rule may contradict each other or the institution's floor."""
        for key, value in (pair for one in picked.exact for pair in one.counting):
            allowed = self.draft.institution.floor.get(key)
            if (allowed is not None and value not in allowed) or key in self.extras:
                raise ByHand(f"its condition on single courses does not go with what else counts: {key}")
        counting = self.draft.counting
        let_in = {str(value) for value in (*counting.origins, *counting.bases)}
        for key in ("origins", "bases"):
            let_in |= set(self.draft.result.counting.get(key, ()))
        for value in {value for one in picked.patterns for key, value in one.having if key in {"origin", "basis"}}:
            if value not in let_in:
                said = f"{value} credit counts in this program only where 'counting' lets it in, which is stricter"
                self.draft.note(self.rule.span, Status.DIFFERENT, said, "Say so under 'counting', if it is meant.")

    def _course(self, code: str, counting: Sequence[tuple[str, str]] = ()) -> Any:
        """A course within a list; with an id of its own where another requirement has the one made from its code."""
        extras: Node = {key: [value] for key, value in counting}
        made = slug(code)
        if made not in self.draft.ids:
            self.draft.ids.add(made)
            return {"course": code, **extras} if extras else code
        return {"course": code, **extras, "id": self.draft.new_id(f"{made} line {self._line}")}

    @property
    def _line(self) -> int:
        return self.draft.source.line(self.rule.span.start)

    # what its clauses ask

    def _without(self, picked: Picked, clause: tree.Courses) -> Picked:
        gone, notes = self.draft.reader.pick(clause)
        odd = any(note.status is Status.UNTRANSLATED for note in notes) or any(one.counting for one in gone.exact)
        if gone.patterns or odd:
            why = "courses are left out one by one, by their codes"
            self.guards.append((clause.span, why, "List the courses that never count under 'except'."))
        return picked.without(one.code for one in gone.exact)

    def _included(self, clause: tree.Courses) -> list[str]:
        picked, notes = self.draft.reader.pick(clause)
        if notes or picked.patterns or any(one.counting for one in picked.exact):
            raise ByHand("what is to be included is not a list of courses")
        if len(picked.exact) > 1 and not clause.every:
            raise ByHand("which of the courses after Including must be taken is not clear")
        return [one.code for one in picked.exact]

    def _qualifier(self, one: tree.Qualifier, picked: Picked) -> None:
        draft = self.draft
        amount = one.number.least if one.number else Decimal(0)
        try:
            match one.word:
                case "mingrade":
                    draft.rule_grade(one, self.extras)
                case "maxtransfer" if not amount and not one.text:
                    self._only(
                        one, "origins", [origin for origin in draft.counting.origins if origin != Origin.TRANSFER]
                    )
                case "maxpassfail" if not amount and not one.courses:
                    self._only(one, "bases", [basis for basis in draft.counting.bases if basis not in UNGRADED])
                case "samedisc" if not one.text:
                    self.same = True
                    draft.note(one.span, Status.TRANSLATED, "same: subject")
                case "minclasses" if one.courses:
                    self._among(
                        one,
                        whole_number(amount),
                        draft.listed(one.courses, one.without).without(picked.excluded),
                        picked,
                    )
                case "minperdisc" if one.unit == "classes":
                    for subject in named_subjects(one.text):
                        self._among(one, whole_number(amount), picked.among(subject), picked)
                case word if word in SHARING:
                    self._shared(one)
                case word if word in ALONE and all(
                    kind == "thisblock" for kind, _ in shared_with(one.text) or [("", "")]
                ):
                    draft.note(one.span, Status.TRANSLATED, "nothing to write: a course counts once in a program")
                case _ if draft.harmless(one):
                    pass
                case _:
                    raise ByHand("there is no counterpart for it in a single requirement")
        except ByHand as why:
            self.guards.append((one.span, str(why), nearest_construct(one.word)))

    def _only(self, one: tree.Qualifier, key: str, values: Sequence[str]) -> None:
        if not values:
            raise ByHand("nothing else counts at this institution")
        allowed = self.draft.institution.floor.get(key)
        kept = sorted(str(value) for value in values if allowed is None or value in allowed)
        if not kept:
            raise ByHand("nothing else counts at this institution")
        self.extras[key] = kept
        self.draft.note(one.span, Status.TRANSLATED, f"{key}: {', '.join(kept)}")

    def _among(self, one: tree.Qualifier, count: int, among: Picked, picked: Picked) -> None:
        if not count:
            self.draft.note(one.span, Status.TRANSLATED, "0, which is no condition")
            return
        classes = len(self.rule.amounts) == 1 and self.rule.amounts[0].unit == "classes"
        taken = {subject for _, other in self.apart for subject in other.subjects or ["@"]}
        clash = bool(self.apart) and (among.subjects is None or "@" in taken or taken & set(among.subjects))
        if not classes or self.same or self.rule.including or clash or not picked.covers(among):
            raise ByHand("how it and the rule's other conditions go together is for a person to write")
        if not among.exact and not among.patterns:
            raise ByHand("the rule's list has no such course")
        self.apart.append((count, among))
        self.draft.note(one.span, Status.TRANSLATED, f"{count} of these within the requirement")

    def _shared(self, one: tree.Qualifier) -> None:
        here = [kind for kind, _ in shared_with(one.text) if kind == "thisblock"]
        if here and one.number is None and not self.draft.result.limits and not self.draft.tests:
            self.extras["share"] = True
            self.draft.note(one.span, Status.TRANSLATED, "a share-group of its own")
        else:
            self.draft.unshared(one)
