"""Programs that exclude each other in a ring: the first not beside the second, and so on back to the first.

By what their files say each of them would wait for the next, so that none was ever awarded. So in a ring exclusion
holds both ways, as it does where two programs name each other: the one that was earned first is awarded, of one day the
first by its id, and not the ones next to it.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

from credrules.findings import Finding, finding
from credrules.uses import reached
from credrules.wording import listing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from credrules.rules import Program

RING = "excluded-in-a-ring"


def both_ways(programs: Sequence[Program]) -> list[Program]:
    """The programs, each with what excludes it as well, where that is in a ring of exclusions with it."""
    graph = _graph(programs)
    more = {name: frozenset(other for other in reached(name, graph) if name in graph[other]) for name in graph}
    return [
        replace(one, excludes=one.excludes | more[one.id]) if more[one.id] - one.excludes else one for one in programs
    ]


def rings(programs: Sequence[Program]) -> Iterator[Finding]:
    """Each ring in which some program does not name the one that excludes it, once, at that program's file."""
    graph = _graph(programs)
    places = {one.id: one.place for one in sorted(programs, key=lambda one: one.effective)}
    done: set[str] = set()
    for name, others in graph.items():
        for other in sorted(others):
            way_back = [] if name in graph[other] or {name, other} <= done else _way(other, name, graph)
            if not way_back:
                continue
            ring = [name, *way_back[:-1]]
            done.update(ring)
            said = [f"'{one}' is not awarded beside '{two}'" for one, two in itertools.pairwise([name, *way_back])]
            message = (
                f"{listing(said, 'and')}: they exclude each other in a ring. Who has earned several of them is awarded "
                "the one that was earned first, of one day the first by its id, and none that stands next to it here. "
                "If that is meant, let each name the one that excludes it as well; else take one out of 'excludes'."
            )
            yield finding(RING, places[other], message, node="excludes")


def _graph(programs: Sequence[Program]) -> dict[str, frozenset[str]]:
    """The other programs that each excludes in any of its versions."""
    here = {one.id for one in programs}
    return {
        name: frozenset[str]().union(*(one.excludes for one in programs if one.id == name)) & here - {name}
        for name in sorted(here)
    }


def _way(start: str, end: str, graph: Mapping[str, frozenset[str]]) -> list[str]:
    """A shortest way from one program to another along exclusions, both included; empty where there is none."""
    paths = [[start]]
    seen = {start}
    while paths:
        longer = []
        for path in paths:
            if path[-1] == end:
                return path
            for other in sorted(graph[path[-1]] - seen):
                seen.add(other)
                longer.append([*path, other])
        paths = longer
    return []
