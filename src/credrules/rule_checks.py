"""Static checks: what is certainly wrong with rules that can be read, and what is probably not meant.

Certain findings are problems like any other, so that such rules are not loaded. The others are shown by `credrules
check`. Which is which is in docs/decisions/0017-static-checks.md.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from credrules.doubtful import doubts
from credrules.exclusions import rings
from credrules.never_met import never_met, unattainable_programs
from credrules.pools import Codes
from credrules.rule_conflicts import conflicts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from credrules.equivalents import Equivalence
    from credrules.findings import Finding
    from credrules.rules import Place, Program


def static_findings(
    programs: Sequence[Program], equivalents: tuple[Equivalence, ...] = (), written: Mapping[Place, str] | None = None
) -> list[Finding]:
    """Everything that the checks find, in the order of files and lines, each thing once.

    `written` are the rules as they stand in the files, by their places, those included that apply to no program.
    """
    codes = Codes(equivalents)
    unattainable = unattainable_programs(programs)
    found: list[Finding] = []
    for program in programs:
        of_program = [*never_met(program, codes, unattainable=unattainable), *doubts(program, codes)]
        found += [replace(one, program=program.id) for one in of_program]
    found += conflicts(programs, written or {})
    found += rings(programs)
    once: dict[tuple[object, ...], Finding] = {}
    for one in sorted(found):
        once.setdefault((one.problem, one.check), one)
    return list(once.values())
