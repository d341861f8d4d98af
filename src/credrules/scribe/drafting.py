"""What the translation of a block is made with: notes, ids, grades, and milestones for what has no counterpart."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from credrules.program_file import CATALOG_YEAR
from credrules.records import Basis
from credrules.scribe import tree
from credrules.scribe.courses import DROPPED, CourseReader, Picked, usual_digits
from credrules.scribe.report import Note, Status
from credrules.scribe.words import SPELT
from credrules.scribe.yaml_text import COMMENT
from credrules.wording import points_text, slug

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from credrules.institution_file import InstitutionRules
    from credrules.scribe.source import Source, Span

Node = dict[str, Any]


UNGRADED = (Basis.PASS_FAIL, Basis.SATISFACTORY, Basis.CREDIT)

NEAREST = {
    "mingpa": "'average-grade' is over everything that counts, once in a program.",
    "lastres": "'counted-credits' with 'from: { origin: institution }' asks for credits earned here, at any time.",
    "maxtransfer": "'limits' with 'from: { origin: transfer }' hold for the whole program.",
    "maxpassfail": "'limits' with 'from: { basis: pass-fail }' hold for the whole program.",
    "maxcredits": "'limits' with 'at-most-credits' hold for the whole program.",
    "maxclasses": "'limits' with 'at-most' hold for the whole program.",
    "maxperdisc": "'limits' with 'from: { subject: ... }' hold for the whole program.",
    "mincredits": "'counted-credits' with a filter looks at everything that counts; or write two requirements.",
    "minclasses": "'counted-courses' with a filter looks at everything that counts; or write two requirements.",
    "minperdisc": "'counted-credits' with 'from: { subject: ... }', or one requirement for each subject.",
    "minspread": "'counted-subjects' looks at everything that counts for the program.",
    "minarea": "'choose' with 'of', one requirement for each area.",
    "minterm": "'completed' in a filter says when.",
    "maxterm": "'completed' in a filter says when.",
    "under": "'limits' with 'at-most' or 'at-most-credits', if it is one.",
    "samedisc": "'same: subject' asks for one subject; list equal ones as 'equivalents' in institution.yaml.",
    "dontshare": "'limits' with 'from: { counts-toward: [...] }', which needs the degree's name in the records.",
    "exclusive": "'limits' with 'from: { counts-toward: [...] }', which needs the degree's name in the records.",
    "block": "Import that block as a program of its own, and ask for 'credential: ITS-ID'.",
    "blocktype": "Import that block as a program of its own, and ask for 'credential: ITS-ID'.",
    "copyrulesfrom": "Copy the rules of that block into this one, and import again.",
    "copyheaderfrom": "Copy the header of that block into this one, and import again.",
    "includeblockswith": "Import those blocks as programs of their own, and ask for 'credential: ITS-ID'.",
    "if": "'if' with 'then' and 'else', which asks for 'facts' in institution.yaml: declare them there, with "
    "their values or 'any', and import again.",
    "noncourses": "'milestone', or 'score' with 'in'.",
    "notgpa": "'average-grade' is over everything that counts.",
}
TAGS = frozenset({"ruletag", "headertag", "tag", "hiderule"})
WISHES = frozenset({"decide", "highpriority", "lowpriority", "lowestpriority"})
SHARING = frozenset({"share", "nonexclusive"})
ALONE = frozenset({"dontshare", "exclusive"})


@dataclass
class Translated:
    """What a block comes to."""

    counting: Node = field(default_factory=dict)
    requirements: list[Node] = field(default_factory=list)
    limits: list[Node] = field(default_factory=list)
    advice: list[str] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    by_hand: list[str] = field(default_factory=list)  # the milestones that stand for what is not translated


class ByHand(Exception):
    """There is no counterpart; the text says why."""


@dataclass(frozen=True, slots=True)
class SoFar:
    """How much of a program is drafted."""

    notes: int
    by_hand: int
    advice: int
    ids: set[str]
    unseen: bool


@dataclass
class Test:
    """A second look at everything that counts. Whether a program can have one is known only when all of it is read."""

    span: Span
    node: Node
    note: Note


class Drafting:
    """One block on its way to a program."""

    def __init__(self, source: Source, block: tree.Block, institution: InstitutionRules) -> None:
        self.source = source
        self.institution = institution
        self.counting = institution.counting
        self.result = Translated()
        self.tests: list[Test] = []
        self.for_all: list[Span] = []  # qualifiers of the header that hold for the courses of every rule
        self.unseen = False  # whether rules are left to the office, whose courses no limit or test would look at
        self.ids = {rule.id for rule in institution.rules} | {"requirements", "open-to", "conferral", CATALOG_YEAR}
        self.reader = CourseReader(source, usual_digits(course_lists((*block.header, *block.body))))
        self.words = set(words((*block.header, *block.body)))

    def test(self, span: Span, node: Node, label: str = "") -> None:
        title = {"title": label} if label else {}
        kind = next(iter(node))
        made = {**node, "id": self.new_id(label or f"{kind} line {self.source.line(span.start)}"), **title}
        note = Note(span, Status.TRANSLATED, f"requirement '{made['id']}', over everything that counts")
        self.tests.append(Test(span, {COMMENT: self.comment(span), **made}, note))

    def note(self, span: Span, status: Status, said: str, todo: str = "") -> None:
        self.result.notes.append(Note(span, status, said, todo))

    def guard(self, span: Span, why: str, *, title: str = "", label: str = "", todo: str = "") -> Node:
        """A milestone that stands for what is not translated."""
        line = self.source.line(span.start)
        name = self.new_id(f"by-hand-line-{line}")
        self.result.by_hand.append(name)
        said = f"{why}; until somebody writes it, the office attests '{name}'"
        self.note(span, Status.UNTRANSLATED, said, todo or "Write it as a requirement, and take the milestone out.")
        text = title or f"Line {line}, not translated: {f'{label}: ' if label else ''}{self.source.words(span)}"
        return {COMMENT: self.comment(span), "milestone": name, "attested-by": "office", "title": text}

    def guarded_rule(self, span: Span, why: str, *, label: str = "", todo: str = "") -> list[Node]:
        """The same for a whole rule: what it would count is not seen by the rest of the program."""
        self.unseen = True
        return [self.guard(span, why, label=label, todo=todo)]

    def so_far(self) -> SoFar:
        return SoFar(
            len(self.result.notes), len(self.result.by_hand), len(self.result.advice), set(self.ids), self.unseen
        )

    def back_to(self, before: SoFar) -> None:
        """Forget what was drafted since: the rule is left to the office instead."""
        del self.result.notes[before.notes :]
        del self.result.by_hand[before.by_hand :]
        del self.result.advice[before.advice :]
        self.ids = set(before.ids)
        self.unseen = before.unseen

    def told(self, advice: Sequence[tree.Advice]) -> None:
        for one in advice:
            if one.word in {"remark", "display"} and one.text:
                self.result.advice.append(one.text)
                said = "among the program's notes"
            elif one.word == "label":
                said = "a label of no rule; nothing to write"
            else:
                said = "nothing to write: credrules says in its own words what is missing"
            self.note(one.span, Status.TRANSLATED, said)

    def named(self, span: Span, kind: Node, label: str, extras: Node, *, made_from: str = "") -> Node:
        name = self.new_id(made_from or label or f"line-{self.source.line(span.start)}")
        title = {"title": label} if label else {}
        return {COMMENT: self.comment(span), **kind, **extras, "id": name, **title}

    def new_id(self, text: str) -> str:
        base = slug(text)[:60].strip("-") or "requirement"
        name = next(one for n in itertools.count(1) if (one := base if n == 1 else f"{base}-{n}") not in self.ids)
        self.ids.add(name)
        return name

    def comment(self, span: Span) -> str:
        return f"line {self.source.line(span.start)}: {self.source.words(span, 90)}"

    def listed(self, courses: tree.Courses, without: Sequence[tree.Courses] = ()) -> Picked:
        """A list of which nothing may be left out, but for what it excepts itself."""
        if courses.every or courses.mixed or courses.areas:
            raise ByHand("its courses are not simply alternatives")
        picked, notes = self.reader.pick(courses)
        lost = [note for note in notes if note.status is Status.UNTRANSLATED]
        if lost:
            raise ByHand(lost[0].said.replace(DROPPED, "not clear"))
        self.result.notes += notes
        for clause in without:
            gone = self.listed(clause)
            if gone.patterns or any(one.counting for one in gone.exact):
                raise ByHand("courses are excepted one by one, by their codes")
            picked = picked.without(one.code for one in gone.exact)
        return picked

    @staticmethod
    def exact(amount: Decimal) -> Decimal:
        if amount != round(amount, 3) or amount > 1000:
            raise ByHand(f"{amount_text(amount)} is more than 1000, or has more than three decimals")
        return amount

    def grade(self, amount: Decimal) -> tuple[str, str]:
        """The lowest symbol with at least so many points, and what is to be said of it."""
        scale = self.institution.scale
        enough = {symbol: points for symbol, points in scale.points.items() if points >= amount * 1000}
        if not enough:
            raise ByHand(f"no grade has {amount_text(amount)} points; the best has {points_text(scale.top)}")
        # A block says one grade for all levels, so that it has to keep to the highest floor of any.
        floors = self.institution.floor["minimum"].minima(None) if "minimum" in self.institution.floor else []
        least = max((one.points for one in floors), default=0)
        if min(enough.values()) < least:
            floor = next(symbol for symbol, points in scale.points.items() if points == least)
            return floor, f"'{floor}', the institution's floor, is higher and is asked for"
        return min(enough, key=lambda symbol: enough[symbol]), ""

    def rule_grade(self, one: tree.Qualifier, extras: Node) -> None:
        symbol, said = self.grade(one.number.least if one.number else Decimal(0))
        points = self.institution.scale.points
        for_all = self.result.counting.get("minimum-grade")
        if for_all and points[for_all] > points[symbol]:
            said = f"MinGrade of the header is higher, and '{for_all}' is asked for"
            symbol = for_all
        before = extras.get("minimum-grade")
        extras["minimum-grade"] = symbol if before is None or points[symbol] > points[before] else before
        self.note(one.span, Status.DIFFERENT if said else Status.TRANSLATED, said or f"minimum-grade '{symbol}'")

    def harmless(self, one: tree.Qualifier) -> bool:
        """Whether a qualifier decides nothing here; noted if so."""
        if one.word in TAGS:
            self.note(one.span, Status.TRANSLATED, "nothing to write: it decides nothing here")
        elif one.word in WISHES:
            self.wish(one)
        elif one.word == "notgpa" and "mingpa" not in self.words:
            self.note(one.span, Status.TRANSLATED, "nothing to write: the program has no average")
        elif one.word == "allow":
            said = "the amount before it is asked for; that less is allowed is left out, which is stricter"
            self.note(one.span, Status.DIFFERENT, said, "Where less is enough, lower the amount.")
        else:
            return False
        return True

    def tags(self, qualifiers: Sequence[tree.Qualifier]) -> None:
        for one in qualifiers:
            if one.word in TAGS:
                self.harmless(one)

    def wish(self, one: tree.Qualifier) -> None:
        said = "courses are shared out so that as much as possible is met; which of equal ones is used may differ"
        self.note(one.span, Status.DIFFERENT, said)

    def unshared(self, one: tree.Qualifier) -> None:
        if any(kind == "thisblock" for kind, _ in shared_with(one.text)) or one.number or one.text is None:
            said = "this requirement shares no course with others, which is stricter"
            todo = "Give it a 'share-group'; what it counts is then outside of limits and of averages."
            self.note(one.span, Status.UNTRANSLATED, said, todo)
        else:
            said = "nothing to write: a course may count for several programs unless a limit says otherwise"
            self.note(one.span, Status.TRANSLATED, said)


def nearest_construct(word: str) -> str:
    return f"Nearest: {NEAREST[word]}" if word in NEAREST else ""


def spelt(word: str) -> str:
    return SPELT.get(word, word.capitalize())


def amount_text(amount: Decimal) -> str:
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def whole_number(amount: Decimal) -> int:
    if amount != int(amount) or amount > 100:
        raise ByHand(f"{amount_text(amount)} is no number of courses up to 100")
    return int(amount)


def named_subjects(text: str | None) -> list[str]:
    names = [name.strip().upper() for name in re.split(r",|\bor\b", text or "", flags=re.IGNORECASE)]
    if not all(re.fullmatch(r"[A-Z][A-Z&]{0,9}", name) for name in names):
        raise ByHand("it is not a list of subjects")
    return list(dict.fromkeys(names))


def shared_with(text: str | None) -> list[tuple[str, str]]:
    """What is shared with: kinds of block, with a value where one is named."""
    found = []
    for name in re.split(r",|\bor\b", text or "", flags=re.IGNORECASE):
        kind, _, value = name.strip().partition("=")
        if kind.strip():
            found.append((kind.strip().lower().replace(" ", ""), value.strip().strip('"')))
    return found


def course_lists(parts: Sequence[tree.Part]) -> Iterator[tree.Courses]:
    for part in parts:
        if isinstance(part, tree.GroupRule | tree.Subset):
            yield from course_lists(part.parts)
        elif isinstance(part, tree.If):
            yield from course_lists((*part.then, *part.otherwise))
        elif isinstance(part, tree.Rule):
            yield from (one for one in (part.courses, *part.without, *part.including) if one)
        if not isinstance(part, tree.Advice | tree.If | tree.Qualifier):
            yield from (one.courses for one in part.qualifiers if one.courses)
        elif isinstance(part, tree.Qualifier) and part.courses:
            yield part.courses


def words(parts: Sequence[tree.Part]) -> Iterator[str]:
    """The qualifiers of the header and of all rules."""
    for part in parts:
        if isinstance(part, tree.Qualifier):
            yield part.word
        elif isinstance(part, tree.GroupRule | tree.Subset):
            yield from words((*part.parts, *part.qualifiers))
        elif isinstance(part, tree.If):
            yield from words((*part.then, *part.otherwise))
        elif not isinstance(part, tree.Advice):
            yield from (one.word for one in part.qualifiers)
