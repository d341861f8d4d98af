"""Tree -> requirements, limits and notes of a program.

Whatever has no counterpart that asks for at least as much becomes a milestone that the office attests, with the words
of the block as its title: nobody is awarded by a program that lost a requirement on the way.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from credrules.program_file import CONDITIONS, ROUTES
from credrules.records import Basis, Origin
from credrules.scribe import tree
from credrules.scribe.combinations import always_counts, may_ask_nothing, routes
from credrules.scribe.conditions import read_condition
from credrules.scribe.drafting import (
    NEAREST,
    SHARING,
    ByHand,
    Drafting,
    Test,
    Translated,
    amount_text,
    nearest_construct,
)
from credrules.scribe.header import ProgramWide
from credrules.scribe.report import Status
from credrules.scribe.single_rule import SingleRule
from credrules.scribe.yaml_text import COMMENT
from credrules.wording import listing, slug

if TYPE_CHECKING:
    from collections.abc import Sequence

    from credrules.institution_file import InstitutionRules
    from credrules.scribe.drafting import Node
    from credrules.scribe.source import Source, Span

MAX_DEPTH = 6
"""How deep translated groups are nested; a YAML file may have about three levels for each of them."""


def translate(source: Source, block: tree.Block, institution: InstitutionRules) -> Translated:
    return _Translator(source, block, institution).all()


class _Translator(Drafting):
    def __init__(self, source: Source, block: tree.Block, institution: InstitutionRules) -> None:
        super().__init__(source, block, institution)
        self.block = block
        self.combinations = 1
        self.conditions: set[tuple[str, frozenset[str]]] = set()
        self.wide = ProgramWide(self)

    def all(self) -> Translated:
        block, result = self.block, self.result
        for part in block.header:
            self._program_wide(part)
        rest = []
        for part in block.body:
            if isinstance(part, tree.Qualifier):
                self._program_wide(part)
            else:
                rest.append(part)
        for part in rest:
            self._top(part)
        if result.requirements and all(map(may_ask_nothing, result.requirements)):
            why = "nothing is asked of a learner for whom no If holds, and everybody has to be asked for something"
            title = f"What is asked of learners for whom no If holds: {self.source.name}"
            result.requirements.append(self.guard(block.begin, why, title=title))
        self._add_tests()
        self._add_header()
        if not result.requirements:
            why = "the block asks for nothing that could be read"
            title = f"Block without rules: {self.source.name}"
            result.requirements.append(self.guard(block.begin, why, title=title))
        self._note_defaults()
        self.note(block.end, Status.TRANSLATED, "the end of the block")
        return result

    def _top(self, part: tree.Part) -> None:
        """A rule of the body, as one or more requirements."""
        before = self.so_far()
        nodes = self._part(part, 0)
        ways = math.prod(map(routes, nodes))
        if self.combinations * ways > ROUTES:
            self.back_to(before)
            why = f"with it the program could be completed in more than {ROUTES} combinations"
            todo = "List single courses under 'choose' instead of groups."
            nodes, ways = self.guarded_rule(part.span, why, todo=todo), 1
        self.combinations *= ways
        self.result.requirements += nodes

    def _add_tests(self) -> None:
        """Tests stand last. What can be completed without a course has nothing to test."""
        why = ""
        if self.unseen:
            why = "it looks at everything that counts, and would not see the courses of what is left to the office"
        elif not any(map(always_counts, self.result.requirements)):
            why = "the program can be completed without a course, so there may be nothing to look at"
        for test in self.tests:
            if why:
                kind, value = next((key, value) for key, value in test.node.items() if key != COMMENT)
                todo = f"Once that is written, ask for '{kind}: {value}' instead."
                self.result.requirements.append(self.guard(test.span, why, todo=todo))
            elif self._is_surpassed(test):
                self.note(test.span, Status.TRANSLATED, "a program has one of these, and there is a higher one")
            else:
                self.result.notes.append(test.note)
                self.result.requirements.append(test.node)

    def _is_surpassed(self, test: Test) -> bool:
        for key in ("average-grade", "counted-subjects"):
            if key in test.node:
                rivals = [one for one in self.tests if key in one.node]
                return test is not max(rivals, key=lambda one: Decimal(one.node[key]))
        return False

    def _add_header(self) -> None:
        """What the header says of all courses holds for those that the office looks at, too."""
        if not self.unseen or not self.for_all:
            return
        first, *rest = dict.fromkeys(self.for_all)
        texts = [self.source.words(span, 60) for span in (first, *rest)]
        shown = "; ".join(texts[:10]) + (f"; and {len(texts) - 10} more" if len(texts) > 10 else "")
        title = f"The header holds for the courses of what is attested by hand, too: {shown}"
        why = "it would not see the courses of what is left to the office"
        guard = self.guard(first, why, title=title, todo="Take it out once all of that is written.")
        self.result.requirements.append(guard)
        for span in rest:
            said = f"it does not see the courses of what is left to the office; '{guard['milestone']}' is for those"
            self.note(span, Status.DIFFERENT, said)

    def _note_defaults(self) -> None:
        """Where the institution counts less than Scribe does unless a block says otherwise."""
        scale, counting = self.institution.scale, self.institution.counting
        stricter = []
        lowest = min((points for points in scale.points.values() if points > 0), default=0)
        if counting.minimum > lowest and "minimum-grade" not in self.result.counting:
            stricter.append(f"grades below {counting.minimum_symbol} do not count")
        if Origin.TRANSFER not in counting.origins and "maxtransfer" not in self.words:
            stricter.append("transfer credit does not count")
        if Basis.PASS_FAIL not in counting.bases and "maxpassfail" not in self.words:
            stricter.append("courses graded pass or fail do not count")
        if not stricter:
            self.note(self.block.begin, Status.TRANSLATED, "the program")
            return
        said = f"the block leaves open what counts, and by institution.yaml {', '.join(stricter)}"
        todo = "If they do for this program, say so with 'counting', as far as the institution's floor allows."
        self.note(self.block.begin, Status.DIFFERENT, said, todo)

    def _program_wide(self, part: tree.Part) -> None:
        match part:
            case tree.Advice():
                self.told((part,))
            case tree.Qualifier():
                self.wide.qualifier(part)
            case tree.Rule():
                self.wide.total(part)
            case _:
                self._top(part)

    def _part(self, part: tree.Part, depth: int) -> list[Node]:
        """A rule as requirements that must all be met; none where it asks for nothing."""
        if isinstance(part, tree.Advice):
            self.told((part,))
            return []
        if isinstance(part, tree.If):
            return self._if(part, depth)
        if isinstance(part, tree.Qualifier):
            return [self.guard(part.span, "it belongs to no rule here", todo=nearest_construct(part.word))]
        self.told(part.advice)
        match part:
            case tree.Rule():
                return self._rule(part)
            case tree.GroupRule() | tree.Subset():
                return self._group(part, depth)
            case tree.NonCourse():
                return self._non_course(part)
            case tree.Said():
                return self._said(part)
        todo = nearest_construct(part.word)
        return self.guarded_rule(part.span, "it asks for another block", label=part.label, todo=todo)

    def _if(self, part: tree.If, depth: int, *, alternative: bool = False) -> list[Node]:
        before = self.so_far()
        try:
            return self._choice(part, depth, alternative=alternative)
        except ByHand as why:
            self.back_to(before)
            said = f"it depends on the learner, and {why}"
            return self.guarded_rule(part.span, said, todo=nearest_construct("if"))

    def _choice(self, part: tree.If, depth: int, *, alternative: bool) -> list[Node]:
        asked = read_condition(part.condition, self.institution.facts)
        self.conditions |= set(asked.items())
        if len(self.conditions) > CONDITIONS:
            raise ByHand(f"a program asks at most {CONDITIONS} different things of the learner")
        if depth >= MAX_DEPTH:
            raise ByHand(f"conditions are nested more than {MAX_DEPTH} deep")
        then, otherwise = self._branch(part.then, depth), self._branch(part.otherwise, depth)
        if not then and not otherwise:
            self.note(part.span, Status.TRANSLATED, "it asks for nothing")
            return []
        if not then:
            raise ByHand("nothing is asked where its condition holds; a requirement is asked only where one does")
        if alternative and not otherwise:
            raise ByHand("without Else it is not clear whether it completes the Group where it does not hold")
        kind: Node = {
            "if": {fact: sorted(values) if len(values) > 1 else min(values) for fact, values in asked.items()},
            "then": self._together(then, part.span),
        }
        if otherwise:
            kind["else"] = self._together(otherwise, part.span)
        node = self.named(part.span, kind, "", {}, made_from=f"if line {self.source.line(part.span.start)}")
        free = [fact for fact in asked if self.institution.facts[fact] is None]
        if free:
            values = listing(sorted(repr(value) for fact in free for value in asked[fact]), "or")
            said = f"requirement '{node['id']}'; the records must call it {values}"
            self.note(part.span, Status.DIFFERENT, said, f"Check what they say under {listing(free, 'and')}.")
        else:
            self.note(part.span, Status.TRANSLATED, f"requirement '{node['id']}'")
        return [node]

    def _branch(self, parts: Sequence[tree.Part], depth: int) -> list[Node]:
        nodes = [node for part in parts for node in self._part(part, depth + 1)]
        if len(nodes) > 1 and all(map(may_ask_nothing, nodes)):
            raise ByHand("a branch asks for nothing but what depends on the learner again")
        return self._each_course_once(nodes)

    def _rule(self, part: tree.Rule) -> list[Node]:
        try:
            return SingleRule(self, part).nodes()
        except ByHand as why:
            return self.guarded_rule(part.span, str(why), label=part.label)

    def _group(self, part: tree.GroupRule | tree.Subset, depth: int) -> list[Node]:
        if depth >= MAX_DEPTH:
            return self.guarded_rule(part.span, f"groups are nested more than {MAX_DEPTH} deep", label=part.label)
        count = len(part.parts)
        need = part.need.least if isinstance(part, tree.GroupRule) else Decimal(count)
        if isinstance(part, tree.GroupRule) and (need != int(need) or need > count):
            why = f"it asks for {amount_text(need)} of {count} groups"
            return self.guarded_rule(part.span, why, label=part.label)
        if not need:
            self.note(part.span, Status.DIFFERENT, "it asks for nothing, and is left out")
            return []
        before = self.so_far()
        inner: list[Node] = []
        for one in part.parts:
            if isinstance(one, tree.If) and isinstance(part, tree.GroupRule):
                nodes = self._if(one, depth + 1, alternative=True)
            else:
                nodes = self._part(one, depth + 1)
            if isinstance(part, tree.Subset):
                inner += nodes
            elif nodes:
                inner.append(self._together(nodes, one.span))
            else:
                inner.append(self.guard(one.span, "a part of a Group that asks for nothing"))
        inner = self._each_course_once(inner)
        if not inner:
            self.note(part.span, Status.TRANSLATED, "it asks for nothing")
            return []
        if all(map(may_ask_nothing, inner)):
            self.back_to(before)
            why = "it asks for nothing of a learner for whom no If holds"
            return self.guarded_rule(part.span, why, label=part.label)
        need = min(need, Decimal(len(inner))) if isinstance(part, tree.GroupRule) else Decimal(len(inner))
        extras, guards = self._group_qualifiers(part, inner)
        kind: Node = {"choose": int(need), "of": inner}
        if need == len(inner):
            kind = {"all": inner}
        elif need == 1:
            kind = {"any": inner}
        node = self.named(part.span, kind, part.label, extras)
        self.note(part.span, Status.TRANSLATED, f"requirement '{node['id']}'")
        return [node, *guards]

    def _each_course_once(self, nodes: Sequence[Node]) -> list[Node]:
        """A list names a course once; where a block asks for it again, that stands in a list of its own."""
        seen: set[str] = set()
        found = []
        for node in nodes:
            code = node.get("course", "")
            if code and code in seen:
                inner = {key: value for key, value in node.items() if key not in {COMMENT, "id", "title"}}
                outer = {key: node[key] for key in (COMMENT, "id", "title") if key in node}
                node = {"all": [{**inner, "id": self.new_id(f"{node['id']} again")}], **outer}  # noqa: PLW2901
            seen.add(code)
            found.append(node)
        return found

    def _group_qualifiers(self, part: tree.GroupRule | tree.Subset, inner: Sequence[Any]) -> tuple[Node, list[Node]]:
        extras: Node = {}
        guards: list[Node] = []
        for one in part.qualifiers:
            try:
                if one.word == "mingrade" and one.number:
                    self.rule_grade(one, extras)
                    self._raise_grades(inner, extras["minimum-grade"])
                elif one.word in SHARING:
                    self.unshared(one)
                elif not self.harmless(one):
                    raise ByHand("it is about all parts of the group together")
            except ByHand as why:
                guards.append(self.guard(one.span, str(why), todo=nearest_construct(one.word)))
        return extras, guards

    def _raise_grades(self, nodes: Sequence[Any], symbol: str) -> None:
        """What holds for a group holds for its parts, where they ask for less."""
        points = self.institution.scale.points
        for node in nodes:
            if isinstance(node, dict):
                if points.get(node.get("minimum-grade", symbol), 0) < points[symbol]:
                    node["minimum-grade"] = symbol
                for key in ("all", "any", "of"):
                    self._raise_grades(node.get(key, ()), symbol)
                self._raise_grades([node[key] for key in ("then", "else") if key in node], symbol)

    def _together(self, nodes: list[Node], span: Span) -> Node:
        return nodes[0] if len(nodes) == 1 else self.named(span, {"all": nodes}, "", {})

    def _said(self, part: tree.Said) -> list[Node]:
        if part.complete:
            if part.label:
                self.result.advice.append(part.label)
            self.note(part.span, Status.TRANSLATED, "always complete: its label is among the notes")
            return []
        return [self.guard(part.span, "it is never complete but by an exception", label=part.label)]

    def _non_course(self, part: tree.NonCourse) -> list[Node]:
        names = [name.strip() for name in re.split(r",|\bor\b", part.text, flags=re.IGNORECASE)]
        codes = []
        for name in names:
            match = re.fullmatch(r"([\w&.-]+)(?:\s*=\s*\"?(?:y|yes)\"?)?", name, re.IGNORECASE | re.ASCII)
            if not match or not slug(match[1]) or len(slug(match[1])) > 60:
                why = "what is asked of it is no plain yes"
                return [self.guard(part.span, why, label=part.label, todo=NEAREST["noncourses"])]
            codes.append(slug(match[1]))
        need = part.need.least
        if need != int(need) or not 1 <= need <= len(set(codes)):
            why = f"it asks for {amount_text(need)} of {len(set(codes))}"
            return [self.guard(part.span, why, label=part.label)]
        codes = list(dict.fromkeys(codes))
        if len(codes) == 1:
            node = self.named(part.span, {"milestone": codes[0]}, part.label, {}, made_from=part.label or codes[0])
        else:
            inner = [{"milestone": code, "id": self.new_id(f"{part.label or 'milestone'} {code}")} for code in codes]
            kind: Node = {"all": inner} if need == len(codes) else {"choose": int(need), "of": inner}
            node = self.named(part.span, kind, part.label, {})
        said = f"requirement '{node['id']}'; the records must call it {' or '.join(map(repr, codes))}"
        self.note(part.span, Status.DIFFERENT, said, "Check the milestone's code, or say who attests it.")
        return [node, *self._all_by_hand(part.qualifiers)]

    def _all_by_hand(self, qualifiers: Sequence[tree.Qualifier]) -> list[Node]:
        return [
            self.guard(one.span, "there is no counterpart for it here", todo=nearest_construct(one.word))
            for one in qualifiers
            if not self.harmless(one)
        ]
