"""What a block says, with the place of each part of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal

    from credrules.scribe.source import Span


@dataclass(frozen=True, slots=True)
class Number:
    """An amount, or a range of amounts as in 3:6."""

    least: Decimal
    most: Decimal


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison within (With ...)."""

    name: str
    sign: str
    value: str


@dataclass(frozen=True, slots=True)
class With:
    span: Span
    conditions: tuple[Condition, ...]  # empty where it is not a list of comparisons that must all hold


@dataclass(frozen=True, slots=True)
class Item:
    """A course, a range of course numbers, or a pattern with @."""

    span: Span
    subject: str
    number: str
    last: str = ""  # where the number is the first of a range
    withs: tuple[With, ...] = ()


@dataclass(frozen=True, slots=True)
class Courses:
    span: Span
    items: tuple[Item, ...]
    every: bool = False  # joined by + or And: all of them
    mixed: bool = False  # joined by both
    areas: bool = False  # written in square brackets


@dataclass(frozen=True, slots=True)
class Qualifier:
    """A reserved word, such as MinGrade, with what belongs to it."""

    span: Span
    word: str
    number: Number | None = None
    of: Number | None = None  # LastRes 12 of 30
    unit: str = ""  # classes or credits
    courses: Courses | None = None
    without: tuple[Courses, ...] = ()
    text: str | None = None  # what stands in parentheses or after an equals sign
    label: str = ""


@dataclass(frozen=True, slots=True)
class Advice:
    """Text that is shown and decides nothing."""

    span: Span
    word: str  # remark, display, proxyadvice or label
    text: str


@dataclass(frozen=True, slots=True)
class Amount:
    span: Span
    number: Number
    unit: str


@dataclass(frozen=True, slots=True)
class Rule:
    """So many classes or credits."""

    span: Span
    amounts: tuple[Amount, ...]
    either: bool = False  # two amounts joined by Or
    courses: Courses | None = None
    without: tuple[Courses, ...] = ()
    including: tuple[Courses, ...] = ()
    qualifiers: tuple[Qualifier, ...] = ()
    advice: tuple[Advice, ...] = ()
    label: str = ""


@dataclass(frozen=True, slots=True)
class GroupRule:
    """So many groups."""

    span: Span
    need: Number
    parts: tuple[Part, ...]
    qualifiers: tuple[Qualifier, ...] = ()
    advice: tuple[Advice, ...] = ()
    label: str = ""


@dataclass(frozen=True, slots=True)
class Subset:
    """BeginSub ... EndSub: all of these."""

    span: Span
    parts: tuple[Part, ...]
    qualifiers: tuple[Qualifier, ...] = ()
    advice: tuple[Advice, ...] = ()
    label: str = ""


@dataclass(frozen=True, slots=True)
class If:
    span: Span
    condition: str
    then: tuple[Part, ...]
    otherwise: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class NonCourse:
    span: Span
    need: Number
    text: str
    qualifiers: tuple[Qualifier, ...] = ()
    advice: tuple[Advice, ...] = ()
    label: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """Another block: Block, Blocktype, CopyRulesFrom, CopyHeaderFrom, IncludeBlocksWith."""

    span: Span
    word: str
    text: str
    qualifiers: tuple[Qualifier, ...] = ()
    advice: tuple[Advice, ...] = ()
    label: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """RuleComplete or RuleIncomplete."""

    span: Span
    complete: bool
    qualifiers: tuple[Qualifier, ...] = ()
    advice: tuple[Advice, ...] = ()
    label: str = ""


Part = Rule | GroupRule | Subset | If | NonCourse | Call | Said | Qualifier | Advice


@dataclass(frozen=True, slots=True)
class Block:
    begin: Span
    header: tuple[Part, ...]
    body: tuple[Part, ...]
    end: Span
