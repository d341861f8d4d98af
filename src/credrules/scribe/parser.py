"""Words and signs -> tree. Every mistake in the block at once: after one, reading goes on behind the next semicolon."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from credrules.errors import Problem, nearest
from credrules.scribe import tree
from credrules.scribe.source import MOST_PROBLEMS, Kind, ScribeError, Span, find_begin, tokens
from credrules.scribe.words import QUALIFIERS, SPELT, reserved

if TYPE_CHECKING:
    from credrules.scribe.source import Source, Token

MAX_DEPTH = 30

_NUMBER = re.compile(r"\d{1,9}(?:\.\d{0,6})?|\.\d{1,6}")
_RANGE = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)-(\d{1,9}(?:\.\d{1,6})?)")
_NUMBER_LIKE = re.compile(r"[\d@][\w@.&-]*", re.ASCII)
_CONDITION_END = frozenset({"and", ",", "or"})
_UNITS = frozenset({"classes", "credits"})
_CALLS = frozenset({"block", "blocktype", "copyrulesfrom", "copyheaderfrom", "includeblockswith"})
_ADVICE = frozenset({"remark", "display", "proxyadvice"})
_OPENING = frozenset(
    {"if", "beginsub", "rulecomplete", "ruleincomplete", "copyrulesfrom", "copyheaderfrom", "includeblockswith"}
)
_POSSIBLE = (
    "an amount as in '2 Classes in' or '1 Group in', If, BeginSub, RuleComplete, Remark, "
    "a qualifier such as MinGrade, or END."
)


class _Wrong(Exception):
    """What stands here cannot stand here; the problem is noted."""


def parse(source: Source) -> tree.Block:
    """Raises ScribeError with every problem."""
    begin = find_begin(source)
    if begin is None:
        message = "has no line with BEGIN, with which every block starts. Is this a Scribe block?"
        raise ScribeError([Problem(source.name, 0, message)])
    problems: list[Problem] = []
    reader = _Parser(source, tokens(source, begin.end, problems), problems)
    block = reader.block(begin)
    if problems:
        found = sorted(set(problems))
        if len(found) > MOST_PROBLEMS:
            rest = Problem(source.name, 0, f"has {len(found) - MOST_PROBLEMS} more problems after these.")
            found = [*found[:MOST_PROBLEMS], rest]
        raise ScribeError(found)
    return block


class _Parser:
    def __init__(self, source: Source, found: list[Token], problems: list[Problem]) -> None:
        self.source = source
        self.found = found
        self.problems = problems
        self.at = 0
        self.depth = 0

    # the block

    def block(self, begin: Span) -> tree.Block:
        header = self._parts(header=True)
        self._skip_mark(";")
        body = self._parts(header=False)
        token = self._now
        if token is None or token.kind is not Kind.END:
            self._note("the block ends without 'END.', which has a full stop. Is the file complete?", at_end=True)
            end = Span(len(self.source.text), len(self.source.text))
        else:
            end = Span(token.start, token.end)
        return tree.Block(begin=begin, header=header, body=body, end=end)

    def _parts(self, *, header: bool) -> tuple[tree.Part, ...]:
        parts: list[tree.Part] = []
        while (token := self._now) is not None and token.kind is not Kind.END:
            if self._is_mark(";"):
                if header:
                    break
                self.at += 1
                continue
            if self._is_mark("{", "}") or self._word == "hide":  # hides from advice what counts all the same
                self.at += 1
                continue
            before = self.at
            try:
                parts.append(self._part(header=header))
            except _Wrong:
                self._recover(before, header=header)
        return tuple(parts)

    def _recover(self, before: int, *, header: bool) -> None:
        """Go on behind the next semicolon; in the header, with the next line that begins with a reserved word."""
        self.depth = 0
        self.at = max(self.at, before + 1)
        if len(self.problems) > 2 * MOST_PROBLEMS:  # more than anybody reads; this is no block
            self.at = len(self.found)
        while (token := self._now) is not None and token.kind is not Kind.END and token.text != ";":
            if header and (self._word in QUALIFIERS or self._word in _ADVICE) and self._is_first_of_line:
                return
            self.at += 1

    @property
    def _is_first_of_line(self) -> bool:
        last = self.found[self.at - 1]
        return "\n" in self.source.text[last.end : self._at_start]

    def _part(self, *, header: bool = False) -> tree.Part:
        word = self._word
        if word == "if":
            return self._if()
        if word == "beginsub":
            return self._subset()
        if word in {"rulecomplete", "ruleincomplete"}:
            start = self._take().start
            return tree.Said(complete=word == "rulecomplete", **self._rest(start))
        if word in _CALLS:
            return self._call(self._at_start)
        if word in _ADVICE or word == "label":
            return self._advice()
        if word in QUALIFIERS:
            return self._qualifier(labelled=header)
        if self._is_number:
            return self._counted(header=header)
        raise self._wrong(_POSSIBLE)

    # rules

    def _counted(self, *, header: bool) -> tree.Part:
        start = self._at_start
        number = self._number()
        word = self._word
        if word == "groups":
            self.at += 1
            return self._group(start, number)
        if word in {"block", "blocktype"}:
            return self._call(start)
        if word == "noncourses":
            self.at += 1
            text = self._parentheses("the name of what is asked for, as in (RECITAL) or (EXAM = Y)")
            return tree.NonCourse(need=number, text=text, **self._rest(start))
        if word not in _UNITS:
            raise self._wrong("Classes, Credits, Group, Block, Blocktype or NonCourse after a number")
        return self._rule(start, number, header=header)

    def _rule(self, start: int, number: tree.Number, *, header: bool) -> tree.Rule:
        amounts = [tree.Amount(Span(start, self._take().end), number, self._last_word)]
        joined = ""
        hints = self._hints()
        while self._word in {"and", "or"} and len(amounts) < 2:
            joined = self._word
            self.at += 1
            begun = self._at_start
            number = self._number()
            if self._word not in _UNITS:
                raise self._wrong("Classes or Credits")
            amounts.append(tree.Amount(Span(begun, self._take().end), number, self._last_word))
            hints += self._hints()
        courses = None
        if self._word == "in":
            self.at += 1
            hints += self._hints()
            courses = self._courses()
        elif self._is_mark("["):
            courses = self._courses()
        without, including = self._around(courses)
        if header:
            return tree.Rule(
                span=self._span(start),
                amounts=tuple(amounts),
                either=joined == "or",
                courses=courses,
                without=without,
                including=including,
                qualifiers=(*hints, *self._while(self._header_hint)),
            )
        rest = self._rest(start, courses, without, including)
        rest["qualifiers"] = (*hints, *rest["qualifiers"])
        return tree.Rule(amounts=tuple(amounts), either=joined == "or", courses=courses, **rest)

    def _around(self, courses: tree.Courses | None) -> tuple[tuple[tree.Courses, ...], tuple[tree.Courses, ...]]:
        without: list[tree.Courses] = []
        including: list[tree.Courses] = []
        subject = courses.items[-1].subject if courses and courses.items else ""
        while True:
            start = self._at_start
            if self._word == "but" and self._following == "not":
                self.at += 1
            elif self._word not in {"except", "including"} and self._text.lower() not in {"butnot", "but-not"}:
                return tuple(without), tuple(including)
            into = including if self._word == "including" else without
            self.at += 1
            if self._word == "in":
                self.at += 1
            into.append(self._courses(subject, start))

    def _header_hint(self) -> tree.Qualifier | None:
        return self._qualifier() if self._word in {"pseudo", "tag", "headertag"} else None

    def _hints(self) -> list[tree.Qualifier]:
        """(Allow 8:9) and (Decide=...), which may follow an amount."""
        return list(self._while(self._hint))

    def _hint(self) -> tree.Qualifier | None:
        if not self._is_mark("(") or self._following_word not in {"allow", "decide"}:
            return None
        start, word = self._at_start, self._following_word
        text = self._parentheses("")
        return tree.Qualifier(span=self._span(start), word=word, text=text)

    def _while(self, read: Any) -> tuple[Any, ...]:
        found = []
        while (one := read()) is not None:
            found.append(one)
        return tuple(found)

    def _rest(
        self,
        start: int,
        courses: tree.Courses | None = None,
        without: tuple[tree.Courses, ...] = (),
        including: tuple[tree.Courses, ...] = (),
    ) -> dict[str, Any]:
        """The qualifiers, advice and label of a rule, and the span of all of it."""
        qualifiers: list[tree.Qualifier] = []
        advice: list[tree.Advice] = []
        label = ""
        while True:
            if hint := self._hint():
                qualifiers.append(hint)
            elif self._word == "label":
                label = self._labelled()
            elif self._word in {"proxyadvice", "display"}:
                advice.append(self._advice())
            elif self._word in QUALIFIERS:
                qualifiers.append(self._qualifier())
            elif self._is_mark("{", "}"):
                self.at += 1
            elif courses and (more := self._around(courses)) != ((), ()):
                without, including = (*without, *more[0]), (*including, *more[1])
            else:
                break
        rest: dict[str, Any] = {
            "span": self._span(start),
            "qualifiers": tuple(qualifiers),
            "advice": tuple(advice),
            "label": label,
        }
        return {**rest, "without": without, "including": including} if courses else rest

    def _labelled(self) -> str:
        self.at += 1
        names = 0
        while (token := self._now) and token.kind is not Kind.STRING and names < 4 and self._is_name(token):
            self.at += 1  # the label's tag: Label 1.2 "Electronics"
            names += 1
        if self._now is None or self._now.kind is not Kind.STRING:
            raise self._wrong("the label's text in quotes")
        return self._take().text.strip()

    @staticmethod
    def _is_name(token: Token) -> bool:
        return token.kind is Kind.WORD or token.text in {"=", ":"}

    def _group(self, start: int, need: tree.Number) -> tree.Part:
        if self._word == "in":
            self.at += 1
        parts: list[tree.Part] = []
        self._deeper()
        while True:
            while self._is_mark("{", "}") or self._word == "hide":
                self.at += 1
            if not self._is_mark("("):
                raise self._wrong("'(' and a rule, for each part of a Group")
            self.at += 1
            if self._is_number or self._word in _OPENING:
                parts.append(self._part())
            else:
                parts.append(self._listed())
            self._skip_mark(";")
            if not self._is_mark(")"):
                raise self._wrong("')' at the end of this part of the Group, or a qualifier of it")
            self.at += 1
            while self._is_mark("{", "}"):
                self.at += 1
            if self._word in {"or", "and"} or self._is_mark(",", "+"):
                self.at += 1
                continue
            break
        self.depth -= 1
        return tree.GroupRule(need=need, parts=tuple(parts), **self._rest(start))

    def _listed(self) -> tree.Rule:
        """A list of courses with no amount before it, as a part of a Group."""
        start = self._at_start
        courses = self._courses()
        without, including = self._around(courses)
        rest = self._rest(start, courses, without, including)
        return tree.Rule(amounts=(), courses=courses, **rest)

    def _subset(self) -> tree.Part:
        start = self._take().start
        self._deeper()
        parts = self._until("endsub", "EndSub")
        self.depth -= 1
        return tree.Subset(parts=parts, **self._rest(start))

    def _until(self, word: str, spelt: str) -> tuple[tree.Part, ...]:
        parts: list[tree.Part] = []
        while self._word != word:
            if self._now is None or self._now.kind is Kind.END:
                raise self._wrong(spelt)
            if self._is_mark(";", "{", "}") or self._word == "hide":
                self.at += 1
                continue
            parts.append(self._part())
        self.at += 1
        return tuple(parts)

    def _if(self) -> tree.Part:
        start = self._take().start
        self._deeper()
        begun = self._at_start
        while self._word != "then":
            if self._now is None or self._now.kind is Kind.END or self._is_mark(";"):
                raise self._wrong("Then, after what If asks")
            self.at += 1
        condition = self.source.words(Span(begun, self._at_start)) if self._at_start > begun else ""
        if not condition:
            raise self._wrong("a condition between If and Then")
        self.at += 1
        then = self._branch("beginif", "endif", "EndIf")
        otherwise: tuple[tree.Part, ...] = ()
        mark = self.at
        self._skip_mark(";")
        if self._word == "else":
            self.at += 1
            otherwise = self._branch("beginelse", "endelse", "EndElse")
        else:
            self.at = mark
        self.depth -= 1
        return tree.If(span=self._span(start), condition=condition, then=then, otherwise=otherwise)

    def _branch(self, begin: str, end: str, spelt: str) -> tuple[tree.Part, ...]:
        if self._word in {begin, "beginif"}:
            closing = ("endif", "EndIf") if self._word == "beginif" else (end, spelt)
            self.at += 1
            parts = self._until(*closing)
            while self._word == "label":
                self._labelled()
            return parts
        return (self._part(),)

    def _call(self, start: int) -> tree.Part:
        word = self._word
        self.at += 1
        text = self._parentheses("which block, as in (OTHER=CORE)") if self._is_mark("(") else self._assigned()
        if not text:
            raise self._wrong("which block, as in (OTHER=CORE)")
        return tree.Call(word=word, text=text, **self._rest(start))

    def _assigned(self) -> str:
        """Words and equals signs up to something else, as in RuleTag Remark = Yes."""
        start = self._at_start
        if self._now is None or self._now.kind is not Kind.WORD or self._word:
            return ""
        self.at += 1
        while self._is_mark("="):
            self.at += 1
            if self._now is None or self._now.kind not in {Kind.WORD, Kind.STRING}:
                raise self._wrong("a value after '='")
            self.at += 1
        return self.source.words(self._span(start))

    def _advice(self) -> tree.Advice:
        start, word = self._at_start, self._word
        if word == "label":
            return tree.Advice(text=self._labelled(), span=self._span(start), word=word)
        self.at += 1
        texts = self._strings()
        while texts and self._word == word and self._follows_string:  # one text over several lines
            self.at += 1
            texts += self._strings()
        if not texts:
            raise self._wrong("text in quotes")
        return tree.Advice(span=self._span(start), word=word, text=" ".join(filter(None, texts)))

    def _strings(self) -> list[str]:
        texts = []
        while self._now and self._now.kind is Kind.STRING:
            texts.append(self._take().text.strip())
        return texts

    @property
    def _follows_string(self) -> bool:
        token = self._peek(1)
        return token is not None and token.kind is Kind.STRING

    # qualifiers

    def _qualifier(self, *, labelled: bool = False) -> tree.Qualifier:
        start, word = self._at_start, self._word
        follows = QUALIFIERS[word]
        self.at += 1
        found: dict[str, Any] = {}
        if follows.number or (follows.may_number and self._is_number):
            if not self._is_number:
                raise self._wrong(f"a number after {follows.spelt}")
            found["number"] = self._number()
            if follows.of and self._word == "of":
                self.at += 1
                found["of"] = self._number()
            if follows.unit or follows.may_number:
                if self._word not in _UNITS:
                    raise self._wrong("Classes or Credits")
                self.at += 1
                found["unit"] = self._last_word
        if follows.text and self._is_mark("(") and self._following_word not in {"allow", "decide"}:
            found["text"] = self._parentheses("")
        elif follows.equals:
            if self._is_mark("="):
                self.at += 1
            found["text"] = self._assigned() or None
        if follows.courses and (self._word == "in" or self._starts_courses):
            if self._word == "in":
                self.at += 1
            found["courses"] = self._courses()
            found["without"], including = self._around(found["courses"])
            if including:
                raise self._wrong(f"something else than Including after {follows.spelt}")
        if labelled and self._word == "label":
            found["label"] = self._labelled()
        return tree.Qualifier(span=self._span(start), word=word, **found)

    @property
    def _starts_courses(self) -> bool:
        """Whether a list of courses begins here, without 'in': a subject and a number."""
        token, after = self._now, self._peek(1)
        if token is None or after is None or token.kind is not Kind.WORD or self._word or token.text[:1].isdigit():
            return False
        return after.kind is Kind.WORD and bool(_NUMBER_LIKE.fullmatch(after.text))

    # courses

    def _courses(self, subject: str = "", start: int = -1) -> tree.Courses:
        start = self._at_start if start < 0 else start
        items: list[tree.Item] = []
        joined: set[str] = set()
        areas = False
        while True:
            while self._is_mark("{", "}", "[", "]") or self._word == "hide":
                areas = areas or self._is_mark("[", "]")
                self.at += 1
            if items and not self._continues:
                break
            item = self._item(subject)
            subject = item.subject
            items.append(item)
            while self._is_mark("{", "}"):
                self.at += 1
            if self._is_mark(",") or self._word == "or":
                joined.add("or")
            elif self._is_mark("+") or self._word == "and":
                joined.add("and")
            elif self._is_mark("]", "["):
                continue
            else:
                break
            self.at += 1
        return tree.Courses(
            span=self._span(start), items=tuple(items), every=joined == {"and"}, mixed=len(joined) > 1, areas=areas
        )

    @property
    def _continues(self) -> bool:
        """Whether another course follows; a comma may end a list before a closing bracket."""
        token = self._now
        return token is not None and token.kind in {Kind.WORD, Kind.STRING} and not self._word

    def _item(self, subject: str) -> tree.Item:
        start = self._at_start
        token = self._now
        if token is None or token.kind not in {Kind.WORD, Kind.STRING} or self._word:
            raise self._wrong("a course, such as STA 501, 5@ or 500:599")
        after = self._peek(1)
        is_number = token.kind is Kind.WORD and token.text[0].isdigit()
        follows = (
            after is not None
            and after.kind is Kind.WORD
            and (bool(_NUMBER_LIKE.fullmatch(after.text)) or not reserved(after.text))
        )
        if not is_number and follows:
            subject = token.text.upper()
            self.at += 1
        elif not is_number and "@" not in token.text:
            self.at += 1
            raise self._wrong(f"a course number after {token}")
        if not subject:
            raise self._wrong("a subject before the first course number")
        number = self._take().text.upper()
        last = ""
        if self._is_mark(":"):
            self.at += 1
            if self._now is None or self._now.kind is not Kind.WORD:
                raise self._wrong("the last course number of the range")
            last = self._take().text.upper()
        elif "-" in number and _RANGE.fullmatch(number):
            number, _, last = number.partition("-")
        withs = []
        while self._is_mark("(") and self._following_word in {"with", "decide"}:
            if self._following_word == "with":
                withs.append(self._with())
            else:
                self._parentheses("")
        return tree.Item(span=self._span(start), subject=subject, number=number, last=last, withs=tuple(withs))

    def _with(self) -> tree.With:
        start = self._at_start
        begun = self.at
        self._parentheses("")
        inner = self.found[begun + 2 : self.at - 1]
        conditions: list[tree.Condition] = []
        clear = True
        while inner and clear:
            condition, joint = inner[:3], inner[3:4]
            clear = _is_comparison(condition) and (
                not joint or joint[0].text == "," or reserved(joint[0].text) == "and"
            )
            if clear:
                name, sign, value = condition
                conditions.append(tree.Condition(name.text.lower(), sign.text, value.text.strip()))
            inner = inner[4:]
        return tree.With(self._span(start), tuple(conditions) if clear else ())

    # words and signs

    @property
    def _now(self) -> Token | None:
        return self.found[self.at] if self.at < len(self.found) else None

    def _peek(self, ahead: int) -> Token | None:
        return self.found[self.at + ahead] if self.at + ahead < len(self.found) else None

    @property
    def _at_start(self) -> int:
        return self._now.start if self._now else len(self.source.text)

    @property
    def _text(self) -> str:
        return self._now.text if self._now and self._now.kind is Kind.WORD else ""

    @property
    def _word(self) -> str:
        """The reserved word that stands here, or ''."""
        return reserved(self._text) if self._text else ""

    @property
    def _following_word(self) -> str:
        token = self._peek(1)
        return reserved(token.text) if token and token.kind is Kind.WORD else ""

    @property
    def _following(self) -> str:
        token = self._peek(1)
        return token.text.lower() if token and token.kind is Kind.WORD else ""

    @property
    def _last_word(self) -> str:
        return reserved(self.found[self.at - 1].text)

    @property
    def _is_number(self) -> bool:
        return bool(_NUMBER.fullmatch(self._text) or _RANGE.fullmatch(self._text))

    def _is_mark(self, *marks: str) -> bool:
        return self._now is not None and self._now.kind is Kind.MARK and self._now.text in marks

    def _skip_mark(self, mark: str) -> None:
        if self._is_mark(mark):
            self.at += 1

    def _take(self) -> Token:
        token = self.found[self.at]
        self.at += 1
        return token

    def _span(self, start: int) -> Span:
        return Span(start, self.found[self.at - 1].end)

    def _number(self) -> tree.Number:
        text = self._text
        if both := _RANGE.fullmatch(text):
            self.at += 1
            return tree.Number(Decimal(both[1]), Decimal(both[2]))
        if not _NUMBER.fullmatch(text):
            raise self._wrong("a number")
        self.at += 1
        least = most = Decimal(text.rstrip("."))
        if self._is_mark(":"):
            self.at += 1
            if not _NUMBER.fullmatch(self._text):
                raise self._wrong("the upper end of the range")
            most = Decimal(self._take().text.rstrip("."))
        if most < least:
            self.at -= 1
            raise self._wrong(f"an upper end that is not below {least}")
        return tree.Number(least, most)

    def _parentheses(self, what: str) -> str:
        """What stands between parentheses here, as text."""
        if not self._is_mark("("):
            raise self._wrong(f"'(' and {what}" if what else "'('")
        opened, depth = self.at, 0
        while (token := self._now) is not None and token.kind is not Kind.END and not self._is_mark(";"):
            self.at += 1
            if token.kind is Kind.MARK and token.text in "()":
                depth += 1 if token.text == "(" else -1
                if depth == 0:
                    inner = Span(self.found[opened].end, token.start)
                    text = self.source.words(inner) if inner.end > inner.start else ""
                    if not text:
                        self.at = opened
                        raise self._wrong(f"{what or 'something'} between the parentheses")
                    return text
        line = self.source.line(self.found[opened].start)
        raise self._wrong(f"')' for the '(' on line {line}")

    def _deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self._note(f"rules are nested more than {MAX_DEPTH} deep here. Write some of them as rules of their own.")
            raise _Wrong

    def _wrong(self, possible: str) -> _Wrong:
        """Note what stands here and what could; to be raised."""
        token = self._now
        found = str(token) if token else "the end of the file"
        near = ""
        if token is not None and 3 < len(token.text) < 40 and len(self.problems) < MOST_PROBLEMS:
            near = nearest(token.text, SPELT.values())
        self._note(f"found {found}; possible here: {possible.rstrip('.')}.{near}", at_end=token is None)
        return _Wrong()

    def _note(self, message: str, *, at_end: bool = False) -> None:
        place = len(self.source.text.rstrip()) if at_end else self._at_start
        self.problems.append(Problem(self.source.name, self.source.line(place), message))


def _is_comparison(found: list[Token]) -> bool:
    return (
        len(found) == 3
        and found[0].kind is Kind.WORD
        and found[1].text in {"=", "<>", "<", ">", "<=", ">="}
        and found[2].kind in {Kind.WORD, Kind.STRING}
    )
