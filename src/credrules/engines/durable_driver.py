"""durable_rules behind a narrow door: only what is known to be safe in release 2.0.28 gets through.

Used freely, that release gives silent wrong answers and ends the process in ordinary situations: a fact that it cannot
parse ends a batch without a word, negation and joins are unreliable, 256 rules on one condition fire each other. So
this driver takes rules of one flat condition each and a count; it checks everything that is known to go wrong before
the first fact (`Unsafe`) or with it (`EngineError`), and it proves of every batch that all of it was seen: the last
fact of a batch is a sentinel whose rule must fire.

The only module that imports durable_rules.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NewType, Self

from credrules.errors import EngineError, EngineUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from types import ModuleType

RELEASE = "2.0.28"
SESSION = "s"  # one session at a time, so that a constant name serves; odd names break the engine's own bookkeeping

Value = int | str
Fact = dict[str, Value]
Body = NewType("Body", str)
"""A fact as text, without its id, that has been looked at: it can be used again and again."""

MAX_RULES = 4000  # 4096 per rule set
MAX_SIBLINGS = 400  # distinct conditions under one prefix; 512 fail at run time, 513 hang the compiler
MAX_MATCHES = 60  # conditions under one prefix that one fact can meet at once; 64 is an error that depends on the data
MAX_COUNT = 60_000  # 65,536 wraps to 0
MAX_FACTS = 2000  # a batch's cost grows with its square
MAX_INT = 2**31
MAX_TEXT = 1000
_PROPERTY = re.compile(r"[a-z][a-z0-9_]{0,30}")
_FACT_ID = re.compile(r'"id": "(\d+)"')
_RESERVED = frozenset({"id", "sid"})
_ENCODER = json.JSONEncoder(ensure_ascii=False)
_OPERATORS = {"==": None, ">=": "$gte", "<=": "$lte"}


class Unsafe(EngineError):
    """A rule set that durable_rules cannot be trusted with. Refused before any learner is looked at."""


@dataclass(frozen=True, slots=True)
class Test:
    """One comparison: a property with a constant. Text is only ever compared for equality."""

    property: str
    operator: str
    value: Value


@dataclass(frozen=True, slots=True)
class Production:
    """When `count` facts have met all `tests`, it fires. The first tests are the prefix that it is filed under."""

    tests: tuple[Test, ...]
    count: int = 1


@dataclass(frozen=True, slots=True)
class Firing:
    """A production that fired, by its number, and the numbers of the batch's facts that it fired on."""

    production: int
    facts: tuple[int, ...]


def load_engine() -> ModuleType:
    """The C module that durable_rules wraps. Raises EngineUnavailable with how to get it."""
    from importlib import metadata  # noqa: PLC0415  not needed where only the plain engine is used

    try:
        import durable_rules_engine  # noqa: PLC0415  cannot be imported everywhere; that is what is found out here

        version = metadata.version("durable_rules")
    except (ImportError, metadata.PackageNotFoundError) as error:
        raise EngineUnavailable(
            f"The rules engine durable_rules {RELEASE} is not in working order here ({error}).\n"
            "Install it with a C compiler and Python's headers at hand:\n"
            "    CPPFLAGS=-DPyEval_CallObject=PyObject_CallObject "
            f"pip install --no-cache-dir --force-reinstall 'durable_rules=={RELEASE}'\n"
            "(the flag is needed from Python 3.13 on and does no harm before), or let the plain engine decide alone\n"
            'with engine = "plain" in credrules.toml.'
        ) from None
    if version != RELEASE:
        raise EngineUnavailable(f"durable_rules {version} is installed; what is safe is known of {RELEASE} only.")
    return durable_rules_engine  # type: ignore[no-any-return]  # it has no types


class Form:
    """Facts with the same properties, of which some differ: whole numbers, put into a text that has been looked at."""

    def __init__(self, constants: Body, differing: Sequence[str]) -> None:
        self._text = ", ".join([constants.replace("%", "%%"), *(f'"{name}": %d' for name in differing)])

    def body(self, values: tuple[int, ...]) -> Body:
        """The fact with these numbers, in the order of the properties' names."""
        for value in values:
            if type(value) is not int or not -MAX_INT < value < MAX_INT:
                raise EngineError(f"a fact is {value!r}, which is no whole number of 32 bits.")
        return Body(self._text % values)


class Driver:
    """A compiled rule set. For one thread; every session starts from nothing."""

    def __init__(self, productions: Sequence[Production]) -> None:
        self._engine = load_engine()
        self._types = _property_types(productions)
        _refuse_unsafe(productions, self._types)
        self._end = len(productions)
        definition = {f"n{number}": _definition(production) for number, production in enumerate(productions)}
        definition[f"n{self._end}"] = _definition(Production((Test("sentinel", "==", 1),)))
        try:
            self._handle = self._engine.create_ruleset("credrules", json.dumps(definition, ensure_ascii=False))
        except Exception as error:
            raise Unsafe(f"durable_rules could not compile the rules: {error}.") from error
        with self.session() as session:  # a first session in which nothing fires would crash when it is deleted
            session.run([])

    def __del__(self) -> None:
        if hasattr(self, "_handle"):
            self._engine.delete_ruleset(self._handle)

    def session(self) -> Session:
        return Session(self._engine, self._handle, self._end, self._types)

    @property
    def properties(self) -> frozenset[str]:
        """What the rules ask of facts."""
        return frozenset(self._types)

    def body(self, fact: Fact) -> Body:
        """A fact as text, looked at once however often it is used. Raises EngineError where it is unsafe."""
        if not fact:
            raise EngineError("a fact that says nothing.")
        _check(fact, self._types)
        return Body(_ENCODER.encode(fact)[1:-1])

    def form(self, constants: Fact, differing: Sequence[str]) -> Form:
        """Facts that are alike but for these properties. Raises EngineError where they would be unsafe."""
        for name in differing:
            if not _PROPERTY.fullmatch(name) or name in constants:
                raise Unsafe(f"'{name}' cannot be a property's name.")
            _check({name: 0}, self._types)
        return Form(self.body(constants), differing)


class Session:
    """One learner. Facts go in batch by batch, firings come out; used as a context manager, it forgets them all."""

    def __init__(self, engine: ModuleType, handle: int, end: int, types: Mapping[str, type]) -> None:
        self._engine = engine
        self._handle = handle
        self._end = f'{{"n{end}"'
        self._types = types
        self._facts = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._engine.delete_state(self._handle, SESSION)
        except Exception as error:
            if "309" not in str(error):  # 309: there is no such session, as after a batch that failed
                raise EngineError(f"durable_rules could not end a session: {error}.") from error

    def run(self, facts: Sequence[Fact]) -> list[Firing]:
        """Assert one batch and let every rule fire that can. Raises EngineError where any of it went unseen."""
        first = self._facts
        if first + len(facts) > MAX_FACTS:
            raise EngineError(f"{first + len(facts)} facts for one learner; at most {MAX_FACTS} are safe.")
        batch: list[Fact] = [{"opening": 1, "id": str(first), "sid": SESSION}]
        for number, fact in enumerate(facts, start=first + 1):
            _check(fact, self._types)
            batch.append({**fact, "id": str(number), "sid": SESSION})
        batch.append({"sentinel": 1, "id": str(first + 1 + len(facts)), "sid": SESSION})
        self._facts += len(batch)
        return [
            Firing(_production(message), tuple(int(number) - first - 1 for number in _FACT_ID.findall(message)))
            for message in self._fire(_ENCODER.encode(batch))
        ]

    def run_bodies(self, bodies: Sequence[Body]) -> list[int]:
        """The same for facts that are text already: the numbers of the productions that fired."""
        first = self._facts
        self._facts += len(bodies) + 2
        if self._facts > MAX_FACTS:
            raise EngineError(f"{self._facts} facts for one learner; at most {MAX_FACTS} are safe.")
        named = enumerate(('"opening": 1', *bodies, '"sentinel": 1'), start=first)
        facts = ", ".join([f'{{{body}, "id": "{number}", "sid": "{SESSION}"}}' for number, body in named])
        return [_production(message) for message in self._fire(f"[{facts}]")]

    def _fire(self, batch: str) -> list[str]:
        """What fired, as the engine tells it. Raises EngineError where any of the batch went unseen."""
        fired: list[str] = []
        seen = False
        engine, handle = self._engine, self._handle
        try:
            _, state = engine.assert_facts(handle, batch)
            started = engine.start_action_for_state(handle, state)
            message = started and started[1]
            while message:
                if message.startswith(self._end):
                    seen = True
                else:
                    fired.append(message)
                message = engine.complete_and_start_action(handle, state)
        except Exception as error:
            raise EngineError(f"durable_rules failed: {error}.") from error
        if not seen:
            raise EngineError("durable_rules dropped a part of the facts without saying so.")
        return fired


def _production(message: str) -> int:
    """The number of a production, by what the engine tells of it: {"n17":{..."""
    return int(message[3 : message.index('"', 3)])


def _check(fact: Fact, types: Mapping[str, type]) -> None:
    for name, value in fact.items():
        kind = types.get(name)
        if kind is not None and type(value) is not kind:
            raise EngineError(f"the fact {name} is {type(value).__name__}; the rules compare it as {kind.__name__}.")
        if type(value) is int:
            if not -MAX_INT < value < MAX_INT:
                raise EngineError(f"the fact {name} is {value}, which is too large.")
        elif type(value) is not str:
            raise EngineError(f"the fact {name} is neither a whole number nor text.")
        elif len(value) >= MAX_TEXT or not unicodedata.is_normalized("NFC", value) or not value.isprintable():
            raise EngineError(f"the fact {name} is a text that durable_rules cannot be trusted with.")


def _definition(production: Production) -> dict[str, object]:
    tests: list[dict[str, object]] = []
    for test in production.tests:
        operator = _OPERATORS[test.operator]
        comparison = {test.property: test.value}
        tests.append({operator: comparison} if operator else dict(comparison))
    match: dict[str, object] = {"m": {"$and": tests} if len(tests) > 1 else tests[0]}
    return {"all": [match], "count": production.count} if production.count > 1 else {"all": [match]}


# What is refused before the engine sees it. Each of these is a way in which release 2.0.28 goes wrong.


def _property_types(productions: Iterable[Production]) -> dict[str, type]:
    types: dict[str, type] = {}
    for production in productions:
        for test in production.tests:
            if types.setdefault(test.property, type(test.value)) is not type(test.value):
                raise Unsafe(f"The property {test.property} is compared with a number here and with text there.")
    return types


def _refuse_unsafe(productions: Sequence[Production], types: Mapping[str, type]) -> None:
    if len(productions) > MAX_RULES:
        raise Unsafe(f"{len(productions)} rules; at most {MAX_RULES} are safe.")
    for production in productions:
        _refuse_production(production)
    names = {*types, "sentinel", "opening"}
    if len({fnv1a(name) for name in names}) < len(names):
        raise Unsafe("Two property names have the same hash, by which alone the engine tells them apart.")
    seen = Counter(frozenset(production.tests) for production in productions)
    for tests, times in seen.items():
        if times > 1:
            raise Unsafe(f"{times} rules have the same condition: {_shown(tests)}.")
    _refuse_crowds(productions)


def _refuse_production(production: Production) -> None:
    tests = production.tests
    if not tests:
        raise Unsafe("A rule without a condition would always be true.")
    if not 1 <= production.count <= MAX_COUNT:
        raise Unsafe(f"A count of {production.count}; it must be from 1 to {MAX_COUNT}.")
    for test in tests:
        if not _PROPERTY.fullmatch(test.property) or test.property in _RESERVED or test.property == "sentinel":
            raise Unsafe(f"'{test.property}' cannot be a property's name.")
        if test.operator not in _OPERATORS:
            raise Unsafe(f"'{test.operator}' is not among the operators that are safe.")
        if type(test.value) is str:
            if test.operator != "==":
                raise Unsafe(f"Text is compared for equality only: {_shown([test])}.")
            if len(test.value) >= MAX_TEXT or not unicodedata.is_normalized("NFC", test.value):
                raise Unsafe(f"A text that is too long or not in normal form: {_shown([test])}.")
        elif type(test.value) is not int or not -MAX_INT < test.value < MAX_INT:
            raise Unsafe(f"A constant that is neither text nor a whole number of 32 bits: {_shown([test])}.")
    if tests[0].operator != "==":
        raise Unsafe(f"The first test of a rule files it and must be an equality: {_shown(tests)}.")


def _refuse_crowds(productions: Sequence[Production]) -> None:
    """Too many conditions in one place of the engine's network, or too many that one fact meets at once."""
    children: dict[tuple[Test, ...], set[Test]] = {}
    for production in productions:
        prefixes = [production.tests[:length] for length in range(len(production.tests) + 1)]
        for above, below in pairwise(prefixes):
            children.setdefault(above, set()).add(below[-1])
    for above, below_ in children.items():
        if len(below_) > MAX_SIBLINGS:
            raise Unsafe(f"{len(below_)} conditions stand under {_shown(above) or 'the top'}; {MAX_SIBLINGS} are safe.")
        equal = {test.property for test in below_ if test.operator == "=="}
        at_once = len(equal) + sum(test.operator != "==" for test in below_)
        if at_once > MAX_MATCHES:
            raise Unsafe(f"One fact may meet {at_once} conditions under {_shown(above) or 'the top'} at once.")


def _shown(tests: Iterable[Test]) -> str:
    return ", ".join(f"{test.property} {test.operator} {test.value!r}" for test in tests)


def fnv1a(name: str) -> int:
    """The 32-bit hash by which durable_rules knows a property."""
    value = 2166136261
    for byte in name.encode():
        value = ((value ^ byte) * 16777619) % 2**32
    return value
