"""A first case file for an imported program: a learner who has done everything, and others who have not."""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from credrules import rule_files
from credrules.case_files import check_cases
from credrules.errors import RuleFileError
from credrules.scribe.yaml_text import yaml_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from credrules.rules import RuleSet

Node = dict[str, Any]

FIRST_NUMBER = 501
MOST_COURSES = 60


@dataclass
class _Learner:
    """Somebody who does what is asked, one requirement after the other."""

    grade: str
    term: str
    attempts: dict[str, Node] = field(default_factory=dict)
    milestones: list[str] = field(default_factory=list)
    attestations: list[str] = field(default_factory=list)
    facts: dict[str, list[str]] = field(default_factory=dict)

    def do(self, node: Node | str) -> bool:
        """Whether it could be done; a learner with too many courses makes no readable case."""
        if isinstance(node, str):
            return self._take(node)
        if "course" in node:
            origins, bases = node.get("origins", [""]), node.get("bases", [""])
            return self._take(node["course"], origin=origins[0], basis=bases[0])
        if "milestone" in node:
            if "attested-by" in node:
                self.attestations.append(f"{node['attested-by']}: {node['milestone']}")
            else:
                self.milestones.append(node["milestone"])
            return True
        if "if" in node:
            for fact, values in node["if"].items():
                self.facts.setdefault(fact.partition(".")[2], [values] if isinstance(values, str) else values[:1])
            return self.do(node["then"])
        if "credits" in node:
            return self._credits(node)
        if "from" in node and "choose" in node:
            return all(self._invent(node["from"]) for _ in range(node["choose"]))
        parts = node.get("all") or node.get("any") or node.get("of")
        if parts is None:  # looks at what was done for the others
            return True
        need = len(parts) if "all" in node else 1 if "any" in node else node["choose"]
        easiest = sorted(parts, key=lambda part: isinstance(part, dict) and "attested-by" in part)
        done = 0
        for part in easiest:
            if done < need:
                done += self.do(part)
        return done == need

    def _take(self, code: str, *, origin: str = "", basis: str = "", credits_: int = 3) -> bool:
        if code in self.attempts or len(self.attempts) >= MOST_COURSES:
            return False
        more: Node = {"origin": origin} if origin not in {"", "institution"} else {}
        more |= {"basis": basis} if basis not in {"", "graded"} else {}
        amount = {"credits": credits_} if credits_ != 3 else {}
        self.attempts[code] = {"course": code, "grade": self.grade, "term": self.term, **amount, **more}
        return True

    def _credits(self, node: Node) -> bool:
        need = Decimal(node["credits"])
        if "of" in node:
            each = max(3, math.ceil(need / len(node["of"])))
            if "share-group" in node:  # about courses that were taken for the requirement beside it
                for code in node["of"]:
                    self.attempts.get(code, {})["credits"] = each
                return True
            gained = 0
            for code in node["of"]:
                if gained < need and self._take(code, credits_=each):
                    gained += each
            return gained >= need
        return all(self._invent(node["from"]) for _ in range(math.ceil(need / 3)))

    def _invent(self, kind: Node) -> bool:
        """Some course that a filter admits."""
        subject = kind.get("subject", "CSE")
        subject = subject if isinstance(subject, str) else subject[0]
        ends = [int(end) for end in str(kind.get("number", "0-99999")).split("-")]
        first = FIRST_NUMBER if ends[0] <= FIRST_NUMBER <= ends[-1] else ends[0]
        for number in range(first, min(ends[-1], first + 2 * MOST_COURSES) + 1):
            code = f"{subject} {number}"
            if code not in kind.get("except", ()) and self._take(code):
                for key in ("origin", "basis"):
                    if key in kind:
                        self.attempts[code][key] = kind[key]
                if "attribute" in kind:
                    self.attempts[code]["attributes"] = kind["attribute"]
                return True
        return False

    def known(self) -> Node:
        """What the records say of the learner, where a program asks."""
        return {"facts": self.facts} if self.facts else {}

    def given(self, *, without: Sequence[str] = ()) -> Node:
        found: Node = {"affiliation": "home", **self.known()}
        attempts = [one for code, one in self.attempts.items() if code not in without]
        if attempts:
            found["attempts"] = attempts
        if self.milestones:
            found["milestones"] = [{"code": code} for code in dict.fromkeys(self.milestones)]
        return {**found, "attestations": ["lead", "office", *dict.fromkeys(self.attestations)]}


def sample_cases(
    requirements: Iterable[Node], rule_set: RuleSet, program: str, texts: tuple[str, str], effective: date
) -> str:
    """The text of a case file, with those situations of which the engine decides what they are meant to show; or ''."""
    points = rule_set.scale.points
    learner = _Learner(max(points, key=lambda symbol: points[symbol]), f"fall {effective.year}")
    done = all(learner.do(node) for node in requirements)
    situations: list[tuple[str, Node, str]] = []
    if done:
        situations.append(("Everything is done", learner.given(), "met"))
        if learner.attempts:
            last = list(learner.attempts)[-1]
            situations.append((f"Everything but {last} is done", learner.given(without=[last]), "unmet"))
    situations.append(("Nothing has been done yet", {"affiliation": "home", **learner.known()}, "unmet"))
    as_of = date(effective.year + 1, 6, 1)
    cases = [
        {"name": name, "as-of": as_of, "given": given, "expect": {"outcome": outcome}}
        for name, given, outcome in situations
    ]
    kept = _as_decided(cases, program, texts)
    return yaml_text({"cases": kept}) if kept else ""


def _as_decided(cases: list[Node], program: str, texts: tuple[str, str]) -> list[Node]:
    """Those cases that come out as expected; the rest would need a person's thought."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / rule_files.PROGRAMS).mkdir()
        (folder / rule_files.INSTITUTION).write_text(texts[0], encoding="utf-8")
        (folder / rule_files.PROGRAMS / f"{program}.yaml").write_text(texts[1], encoding="utf-8")
        (folder / rule_files.PROGRAMS / f"{program}{rule_files.CASES}").write_text(
            yaml_text({"cases": cases}), encoding="utf-8"
        )
        try:
            results = list(check_cases(folder, rule_files.load(folder), None))
        except RuleFileError:
            return []
    failed = {result.name for result in results if result.faults}
    return [case for case in cases if case["name"] not in failed]
