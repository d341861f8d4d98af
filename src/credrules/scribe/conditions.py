"""What an If asks, as facts about the learner that the institution declares."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from credrules.errors import closest
from credrules.scribe.drafting import ByHand
from credrules.wording import listing, slug

if TYPE_CHECKING:
    from collections.abc import Mapping

    Facts = Mapping[str, tuple[str, ...] | None]
    Asked = dict[str, frozenset[str]]

OF_LEARNER = "learner."
MOST_SIGNS = 500

_SIGN = re.compile(r"\s*(?:\"[^\"]*\"|<>|<=|>=|[()=<>,&|]|[^\s()=<>,&|\"]+)")
_OTHER_COMPARISONS = frozenset({"<>", "<", ">", "<=", ">=", "isnt", "was", "wasnt"})


def read_condition(text: str, facts: Facts) -> Asked:
    """(Major = CS or Major = MATH) and (Degree = MS): every fact named is one of its values.

    Raises ByHand for what is not said in this way: other comparisons, and Or between different facts.
    """
    return _Condition(text, facts).asked()


class _Condition:
    def __init__(self, text: str, facts: Facts) -> None:
        self.facts = {fact: values for fact, values in facts.items() if fact.startswith(OF_LEARNER)}
        self.signs = _signs(text)
        self.at = 0

    def asked(self) -> Asked:
        found = self._every()
        if self.at < len(self.signs):
            raise ByHand(f"'{self.signs[self.at]}' in its condition is not understood")
        return found

    def _every(self) -> Asked:
        """All of these, each about another fact; or, where joined by Or, one of these, about the same fact."""
        parts = [self._one()]
        joined: set[str] = set()
        while self._next.lower() in {"and", "&", "or", "|", ","}:
            joined.add("or" if self._next.lower() in {"or", "|", ","} else "and")
            self.at += 1
            parts.append(self._one())
        if len(joined) > 1:
            raise ByHand("its condition is joined by And and Or without parentheses")
        return _alternatives(parts) if joined == {"or"} else _together(parts)

    def _one(self) -> Asked:
        if self._next == "(":
            self.at += 1
            found = self._every()
            if self._next != ")":
                raise ByHand("its condition is not understood")
            self.at += 1
            return found
        name = self._take("name")
        sign = self._take("'='").lower()
        if sign not in {"=", "is"}:
            raise ByHand(
                f"'{sign}' has no counterpart in a condition, which asks whether a fact is one of some values"
                if sign in _OTHER_COMPARISONS
                else "its condition is not understood"
            )
        return self._is(name, self._take("value").strip('"'))

    def _is(self, name: str, value: str) -> Asked:
        fact = f"{OF_LEARNER}{slug(name)}"
        if fact not in self.facts:
            raise ByHand(f"institution.yaml declares no fact '{slug(name)}' about the learner")
        known = self.facts[fact]
        if known is None:
            return {fact: frozenset({value})}
        same = next((one for one in known if one.casefold() == value.casefold()), None)
        if same is None:
            message = f"'{value}' is no value of the fact '{slug(name)}', which may be {listing(known, 'or')}"
            close = closest(value, known)
            raise ByHand(message + (f"; is it meant to be '{close}'" if close else ""))
        return {fact: frozenset({same})}

    @property
    def _next(self) -> str:
        return self.signs[self.at] if self.at < len(self.signs) else ""

    def _take(self, what: str) -> str:
        found = self._next
        if not found or found in {"(", ")", ","}:
            raise ByHand(f"its condition is not understood: there is no {what} where one is due")
        self.at += 1
        return found


def _signs(text: str) -> list[str]:
    found = []
    at = 0
    while match := _SIGN.match(text, at):
        found.append(match[0].strip())
        at = match.end()
    if text[at:].strip() or len(found) > MOST_SIGNS or text.endswith("..."):
        raise ByHand("its condition is not understood")
    return found


def _alternatives(parts: list[Asked]) -> Asked:
    names = {fact for part in parts for fact in part}
    if len(names) > 1 or any(len(part) > 1 for part in parts):
        raise ByHand("its condition joins different facts by Or")
    return {name: frozenset().union(*(part[name] for part in parts)) for name in names}


def _together(parts: list[Asked]) -> Asked:
    found: Asked = {}
    for part in parts:
        if not found.keys().isdisjoint(part):
            raise ByHand("its condition asks twice for the same fact")
        found |= part
    return found
