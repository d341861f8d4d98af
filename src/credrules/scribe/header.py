"""What holds for the whole program: totals, averages, limits, what counts."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from credrules.records import Basis, Origin
from credrules.scribe.courses import Pattern, Picked
from credrules.scribe.drafting import (
    ALONE,
    SHARING,
    TAGS,
    UNGRADED,
    ByHand,
    amount_text,
    named_subjects,
    nearest_construct,
    shared_with,
    spelt,
    whole_number,
)
from credrules.scribe.report import Status
from credrules.scribe.yaml_text import COMMENT
from credrules.wording import points_text

if TYPE_CHECKING:
    from credrules.scribe import tree
    from credrules.scribe.drafting import Drafting, Node
    from credrules.scribe.source import Span


class ProgramWide:
    """Translates qualifiers and totals that belong to no single rule."""

    def __init__(self, draft: Drafting) -> None:
        self.draft = draft

    def qualifier(self, one: tree.Qualifier) -> None:
        try:
            self._qualifier(one)
        except ByHand as why:
            guard = self.draft.guard(one.span, str(why), todo=nearest_construct(one.word))
            self.draft.result.requirements.append(guard)

    def total(self, rule: tree.Rule) -> None:
        """So many credits or classes in all."""
        odd = [one.word for one in rule.qualifiers if one.word not in TAGS]
        try:
            if odd:
                raise ByHand(f"what {spelt(odd[0])} means for the total is not known to credrules")
            if rule.either or rule.without or rule.including:
                raise ByHand("a total is over everything that counts")
            for amount in rule.amounts:
                if amount.number.most > amount.number.least:
                    said = f"at least {amount_text(amount.number.least)}; that more may count needs no rule"
                    self.draft.note(amount.span, Status.TRANSLATED, said)
                if amount.number.least:
                    picked = Picked(patterns=(Pattern(),)) if rule.courses is None else self.draft.listed(rule.courses)
                    span = rule.span if len(rule.amounts) == 1 else amount.span
                    self._count(span, amount.number.least, amount.unit, picked)
        except ByHand as why:
            self.draft.result.requirements.append(self.draft.guard(rule.span, str(why)))
        self.draft.tags(rule.qualifiers)

    def _qualifier(self, one: tree.Qualifier) -> None:
        if one.word.startswith("max"):
            self._maximum(one)
        elif one.word.startswith("min"):
            self._minimum(one)
        elif one.word in SHARING | ALONE:
            self._sharing(one)
        elif one.word == "standaloneblock":
            self.draft.note(one.span, Status.TRANSLATED, "nothing to write: it decides nothing here")
        elif not self.draft.harmless(one):
            raise ByHand("there is no counterpart for it in the header")

    def _minimum(self, one: tree.Qualifier) -> None:
        amount = one.number.least if one.number else Decimal(0)
        match one.word:
            case "mingrade":
                self._program_grade(one, amount)
            case "mingpa":
                self._average(one, amount)
            case "minres":
                picked = Picked(patterns=(Pattern(having=(("origin", "institution"),)),))
                self._count(one.span, amount, one.unit, picked, one.label)
            case "mincredits" | "minclasses" if one.courses:
                unit = one.word.removeprefix("min")
                self._count(one.span, amount, unit, self.draft.listed(one.courses, one.without), one.label)
            case "minperdisc":
                for subject in named_subjects(one.text):
                    picked = Picked(patterns=(Pattern(frozenset({subject})),))
                    self._count(one.span, amount, one.unit, picked, one.label)
            case "minspread" if amount >= 2:
                self.draft.test(one.span, {"counted-subjects": whole_number(amount)}, one.label)
            case "minspread":
                self.draft.note(one.span, Status.TRANSLATED, "one subject, which is no condition")
            case _:
                raise ByHand("there is no counterpart for it in the header")

    def _maximum(self, one: tree.Qualifier) -> None:
        amount = one.number.least if one.number else Decimal(0)
        match one.word:
            case "maxtransfer":
                subjects = frozenset(named_subjects(one.text) if one.text else ())
                self._let_in("origins", Origin.TRANSFER, amount, one)
                self._limit(one.span, amount, one.unit, [Pattern(subjects, having=(("origin", "transfer"),)).filter()])
            case "maxpassfail" if not one.courses:
                self._let_in("bases", Basis.PASS_FAIL, amount, one)
                self._limit(one.span, amount, one.unit, [{"basis": [str(basis) for basis in UNGRADED]}])
            case "maxcredits" | "maxclasses" if one.courses:
                self._limit_of(one, amount, one.word.removeprefix("max"), self.draft.listed(one.courses, one.without))
            case "maxperdisc":
                for subject in named_subjects(one.text):
                    self._limit(one.span, amount, one.unit, [{"subject": subject}])
            case _:
                raise ByHand("there is no counterpart for it in the header")

    def _program_grade(self, one: tree.Qualifier, amount: Decimal) -> None:
        symbol, said = self.draft.grade(amount)
        self.draft.for_all.append(one.span)
        before = self.draft.result.counting.get("minimum-grade")
        points = self.draft.institution.scale.points
        if before is None or points[symbol] > points[before]:
            self.draft.result.counting["minimum-grade"] = symbol
        self.draft.note(
            one.span, Status.DIFFERENT if said else Status.TRANSLATED, said or f"'{symbol}' for the program"
        )

    def _average(self, one: tree.Qualifier, amount: Decimal) -> None:
        if one.courses or one.text:
            raise ByHand("an average is over everything that counts, not over a list")
        self.draft.exact(amount)
        if amount * 1000 > self.draft.institution.scale.top:
            raise ByHand(f"the best grade has {points_text(self.draft.institution.scale.top)} points")
        if amount:
            self.draft.test(one.span, {"average-grade": amount}, one.label)
        else:
            self.draft.note(one.span, Status.TRANSLATED, "an average of 0, which is no condition")

    def _count(self, span: Span, amount: Decimal, unit: str, picked: Picked, label: str = "") -> None:
        """So much of everything that counts."""
        if picked.exact or len(picked.patterns) != 1:
            raise ByHand("what counted is looked through by one filter, not by a list of courses")
        what = {"from": picked.patterns[0].filter(picked.excluded)}
        if not amount:
            self.draft.note(span, Status.TRANSLATED, "0, which is no condition")
        elif unit == "classes":
            self.draft.test(span, {"counted-courses": whole_number(amount), **what}, label)
        else:
            self.draft.test(span, {"counted-credits": self.draft.exact(amount), **what}, label)

    def _let_in(self, key: str, what: Origin | Basis, amount: Decimal, one: tree.Qualifier) -> None:
        """A limit above nothing is of use only where what it limits counts at all."""
        now = getattr(self.draft.counting, key)
        allowed = self.draft.institution.floor.get(key)
        if not amount or what in now or key in self.draft.result.counting:
            return
        if allowed is not None and what not in allowed:
            said = f"the institution's floor keeps {what} credit from counting, so none does"
            self.draft.note(
                one.span, Status.DIFFERENT, said, "Ask whether the floor in institution.yaml is meant to do that."
            )
            return
        self.draft.result.counting[key] = sorted({*map(str, now), str(what)})

    def _limit_of(self, one: tree.Qualifier, amount: Decimal, unit: str, picked: Picked) -> None:
        if any(single.counting for single in picked.exact):
            raise ByHand("a limit names courses, without conditions")
        if picked.exact and picked.patterns and amount:
            raise ByHand("a limit is over a list of courses or over one filter, not over both")
        if len(picked.patterns) > 1 and amount:
            raise ByHand("a limit is over one filter, and this needs several")
        found: list[Node] = [{"of": [single.code for single in picked.exact]}] if picked.exact else []
        found += [{"from": pattern.filter(picked.excluded)} for pattern in picked.patterns]
        self._limit(one.span, amount, unit, found, one.label)

    def _limit(self, span: Span, amount: Decimal, unit: str, found: list[Node], label: str = "") -> None:
        for what in found:
            most = (
                {"at-most": whole_number(amount)}
                if unit == "classes"
                else {"at-most-credits": self.draft.exact(amount)}
            )
            about = what if "of" in what or "from" in what else {"from": what}
            name = self.draft.new_id(f"{label or 'limit'} line {self.draft.source.line(span.start)}")
            title = {"title": label} if label else {}
            self.draft.result.limits.append({COMMENT: self.draft.comment(span), **most, **about, "id": name, **title})
            self.draft.note(span, Status.TRANSLATED, f"limit '{name}'")
        self.draft.for_all.append(span)

    def _sharing(self, one: tree.Qualifier) -> None:
        targets = shared_with(one.text)
        if one.word in SHARING and one.number is None:
            if any(kind == "thisblock" for kind, _ in targets):
                said = "rules of this program share no course unless each has a 'share-group', which is stricter"
                self.draft.note(one.span, Status.UNTRANSLATED, said, "Give those that may share a 'share-group' each.")
            else:
                said = "nothing to write: a course may count for several programs unless a limit says otherwise"
                self.draft.note(one.span, Status.TRANSLATED, said)
            return
        if targets and all(kind == "thisblock" for kind, _ in targets):
            if one.word in ALONE and one.number is None:
                self.draft.note(one.span, Status.TRANSLATED, "nothing to write: a course counts once in a program")
                return
            said = "rules of this program share no course, which is stricter"
            self.draft.note(one.span, Status.UNTRANSLATED, said, "Give those that may share a 'share-group' each.")
            return
        names = [value for _, value in targets if value]
        if not targets or len(names) < len(targets):
            raise ByHand("which degrees and programs are meant depends on the learner")
        amount = one.number.least if one.number else Decimal(0)
        self._limit(one.span, amount, one.unit or "classes", [{"counts-toward": names}])
        said = f"the records must call what a course counts toward {' and '.join(map(repr, names))}"
        self.draft.note(one.span, Status.DIFFERENT, said, "Check the names under 'counts-toward'.")
