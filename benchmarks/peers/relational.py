"""The rules of a plan as rows of small tables, and a population as integer columns: what the peers are given.

An outcome that is not in a result is the node's base: that of a learner of whom nothing is known to have been done.
Equal requirements of several programs are one node for everybody. Only what `benchmarks.made_up` asks for is here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.made_up import AS_OF, COURSES, GRADES
from credrules.plan import Kind
from credrules.records import Course

if TYPE_CHECKING:
    from benchmarks.made_up import Tables
    from credrules.engines.columnar.sheet import Sheet

NO_GRADE = len(GRADES)
STATUSES = {"complete": 4, "submitted": 3, "in-progress": 2}


@dataclass
class Rules:
    """Rows of small tables. `klass` is a minimum grade in thousandths of a point."""

    worth: list[tuple[int, int, int, int]] = field(default_factory=list)  # klass, grade, running, level
    claim: list[tuple[int, int, int]] = field(default_factory=list)  # node, need, credits
    pool: list[tuple[int, int, int]] = field(default_factory=list)  # node, klass, course
    milestone: list[tuple[int, str, int]] = field(default_factory=list)  # node, code, evidence
    word: list[tuple[int, str, str]] = field(default_factory=list)  # node, program, role
    hold: list[tuple[int]] = field(default_factory=list)  # node
    fact: list[tuple[int, str, str, int]] = field(default_factory=list)  # node, affiliation, admission, level
    group: list[tuple[int, int, int]] = field(default_factory=list)  # node, need, depth
    edge: list[tuple[int, int]] = field(default_factory=list)  # node, part
    base: list[int] = field(default_factory=list)  # by node


def rules_of(sheet: Sheet) -> Rules:
    rules, depth = Rules(), [0] * len(sheet.nodes)
    courses = [course for code in COURSES if (course := Course.parse(code))]
    for at, one in enumerate(sheet.nodes):
        node, base = one.node, 0
        if one.leaf:
            rules.claim.append((at, node.need, int(one.leaf.credits)))
            for pool in one.leaf.pools:
                minimum, place = sheet.classes[pool.klass].counting.minimum, sheet.places[pool.place]
                inside = [number for number, course in enumerate(courses) if _holds(place, course)]
                rules.pool += [(at, minimum, number) for number in inside]
        elif node.kind is Kind.MILESTONE:
            rules.milestone.append((at, node.code, int(node.evidence)))
        elif node.kind is Kind.WORD:
            rules.word.append((at, sheet.plan.programs[one.program].program.id, str(node.role)))
            base = 3
        elif node.kind is Kind.NO_HOLD:
            rules.hold.append((at,))
            base = 4
        elif node.kind is Kind.FACT:
            facts = [("home", "degree"), ("outside", "non-degree"), ("outside", "none")]
            for number, (affiliation, admission) in enumerate(facts):
                value = affiliation if node.fact == "learner.affiliation" else admission
                level = 4 if (value in node.values) is not node.negated else 0
                base = level if number == 0 else base
                rules.fact.append((at, affiliation, admission, level))
        elif node.kind is Kind.GROUP:
            depth[at] = 1 + max(depth[part] for part in one.parts)
            rules.group.append((at, node.need, depth[at]))
            rules.edge += [(at, part) for part in one.parts]
            base = sorted((rules.base[part] for part in one.parts), reverse=True)[node.need - 1]
        else:
            raise AssertionError(node.kind)
        rules.base.append(base)
    points = sheet.plan.scale.points
    for minimum in sorted({klass.counting.minimum for klass in sheet.classes}):
        for number, symbol in enumerate(GRADES):
            other = {"S": 4, "I": 2, "??": 1, "W": 0}
            level = other[symbol] if symbol in other else 4 if points[symbol] >= minimum else 0
            rules.worth += [(minimum, number, running, level) for running in (0, 1) if level]
        rules.worth += [(minimum, NO_GRADE, 0, 1), (minimum, NO_GRADE, 1, 2)]
    return rules


def _holds(place: Any, course: Course) -> bool:
    if place.courses:
        return course in place.courses
    return course.subject in place.subjects and place.low <= course.numeric <= place.high


def columns_of(tables: Tables, points: dict[str, int]) -> dict[str, dict[str, Any]]:
    """The population as integer columns, `learner` being the number of its row."""
    found: dict[str, dict[str, Any]] = {}
    names = {name: at for at, name in enumerate(tables.tables["learners"].column("learner_id").to_pylist())}
    for name, table in tables.tables.items():
        whose = table.column("learner_id").to_pylist()
        found[name] = {"learner": np.array([names[one] for one in whose], np.int32)}
    attempts = tables.tables["attempts"]

    def coded(column: Any) -> Any:
        return np.concatenate([np.asarray(chunk.indices.fill_null(-1)) for chunk in column.chunks])

    grade = coded(attempts.column("grade"))
    starts = np.asarray(attempts.column("term_starts").to_numpy()).astype("datetime64[D]").astype(np.int64)
    ends = np.asarray(attempts.column("term_ends").to_numpy()).astype("datetime64[D]")
    learner = found["attempts"]["learner"]
    first = np.searchsorted(learner, np.arange(tables.learners))
    place = np.arange(len(learner)) - first[learner]
    worth = np.array([points.get(symbol, -1) for symbol in GRADES] + [-1], np.int64)[grade]
    found["attempts"] |= {
        "course": coded(attempts.column("course")).astype(np.int16),
        "grade": np.where(grade < 0, NO_GRADE, grade).astype(np.int8),
        "running": (ends >= np.datetime64(AS_OF)).astype(np.int8),
        "attempted": np.asarray(attempts.column("credits_attempted").to_numpy()),
        "earned": np.asarray(attempts.column("credits_earned").to_numpy()),
        "preferred": (worth + 1 << 32) + ((1 << 16) - starts << 8) + 255 - place,  # better, then earlier
    }
    kinds = tables.tables["admissions"].column("kind").to_pylist()
    admitted = dict(zip(found["admissions"]["learner"].tolist(), kinds, strict=True))
    affiliations = tables.tables["learners"].column("affiliation").to_pylist()
    found["learners"] |= {
        "affiliation": affiliations,
        "admission": [admitted.get(at, "none") for at in range(tables.learners)],
    }
    for name, texts in (("milestones", ("code", "status", "evidence")), ("attestations", ("program", "role"))):
        for text in texts:
            found[name][text] = tables.tables[name].column(text).to_pylist()
    return found
