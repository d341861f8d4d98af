"""`credrules test`: the case files beside the programs."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from credrules import rule_files
from credrules.case_files import check_cases
from credrules.coverage import coverage
from credrules.engines.durable import DurableEngine

if TYPE_CHECKING:
    from credrules.cli.screen import Screen

FAILED = 1


@click.command()
@click.option(
    "--rules", type=click.Path(path_type=Path, file_okay=False, exists=True), help="A rule folder; else the settings'."
)
@click.option("--engine", type=click.Choice(["durable", "plain"]), help="Else the settings'.")
@click.option("--require-coverage", is_flag=True, help="Fail where a requirement was never met, or never failed.")
@click.pass_obj
def test(screen: Screen, rules: Path | None, engine: str | None, require_coverage: bool) -> int:
    """Decide every situation in the case files, compare with what they expect, and say what they leave untried."""
    if rules is None or engine is None:
        settings = screen.settings() if rules is None else None
        rules = rules or (settings.rules if settings else None)
        engine = engine or (settings.engine if settings else "durable")
    if rules is None:
        raise click.UsageError("name a rule folder with --rules")
    rule_set = rule_files.load(rules)
    results = list(check_cases(rules, rule_set, DurableEngine if engine == "durable" else None))
    failed = [result for result in results if result.faults]
    covered = {one.file: one for one in coverage(rule_set, results)}
    screen.document(
        {
            "cases": [{"where": r.where, "program": r.program, "name": r.name, "faults": r.faults} for r in results],
            "coverage": list(covered.values()),
        }
    )
    for result in failed:
        screen.say(f"✗ {result.where}: {result.name}")
        for fault in result.faults:
            screen.say(f"    {fault}")
    counts = Counter(result.file for result in results)
    versions = Counter(program.id for program in rule_set.programs)
    for program in rule_set.programs:
        count, bad = counts[program.place.file], sum(result.file == program.place.file for result in failed)
        name = program.id if versions[program.id] == 1 else f"{program.id}, version of {program.version}"
        screen.say(f"{'✗' if bad or not count else '✓'} {name}: {count} cases, {bad} failed")
        untried = covered[program.place.file]
        for what, ids in (("never met", untried.never_met), ("never failed", untried.never_failed)):
            if ids and count:
                screen.say(f"    {what} by any case: {', '.join(ids)}")
    if require_coverage and not all(one.is_full for one in covered.values()):
        return FAILED
    return FAILED if failed or not results else 0
