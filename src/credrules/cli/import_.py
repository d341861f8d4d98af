"""`credrules import scribe`: rules that were written for another system."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from credrules import yaml_files
from credrules.cli.options import Day
from credrules.errors import CredrulesError
from credrules.rule_files import CASES, INSTITUTION, file_name
from credrules.scribe import Wanted, import_block
from credrules.scribe.report import Status
from credrules.wording import number, slug

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from credrules.cli.screen import Screen
    from credrules.scribe import Imported

NEEDS_A_PERSON = 1
MARKS = {Status.TRANSLATED: "✓", Status.DIFFERENT: "≈", Status.UNTRANSLATED: "✗"}


@click.group(name="import")
def import_() -> None:
    """Turn rules that were written for another system into program files."""


@import_.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--effective", type=Day(), required=True, help="The first day of this version of the program.")
@click.option("--program", help="The program's id; the file's name where left out.")
@click.option("--title", help="The program's title; the file's name where left out.")
@click.option("--issuer", default="badges", show_default=True, help="Who issues its badge, in credrules.toml.")
@click.option("--not-credit-bearing", is_flag=True, help="The program bears no academic credit.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, allow_dash=True),
    default=Path("-"),
    help="The program file to write, or the folder to write it into; standard output where left out.",
)
@click.option("--force", is_flag=True, help="Overwrite the files that are there.")
@click.option(
    "--rules", type=click.Path(path_type=Path, file_okay=False, exists=True), help="A rule folder; else the settings'."
)
@click.option("--all", "every", is_flag=True, help="Report on what was translated too.")
@click.pass_obj
def scribe(
    screen: Screen,
    file: Path,
    effective: date,
    program: str | None,
    title: str | None,
    issuer: str,
    not_credit_bearing: bool,
    out: Path,
    force: bool,
    rules: Path | None,
    every: bool,
) -> int:
    """Turn a Degree Works block, written in Scribe, into a program file and its first cases.

    The report on standard error says of every line what became of it. What has no counterpart becomes a milestone that
    the office attests, so that nobody is awarded without it.

    Exit codes: 0 all of it is translated; 1 something needs a person; 2 it cannot be parsed; nothing was written.
    """
    rules = rules or screen.settings().rules
    institution = yaml_files.read(rules / INSTITUTION, file_name(rules / INSTITUTION, rules))
    name = program or slug(file.stem) or "imported"
    wanted = Wanted(
        program=name,
        title=title or file.stem,
        effective=effective,
        issuer=issuer,
        credit_bearing=not not_credit_bearing,
    )
    imported = import_block(file.read_bytes(), file.name, institution, wanted)
    written = [] if str(out) == "-" else _write(imported, out / f"{name}.yaml" if out.is_dir() else out, force=force)
    _tell(screen, imported, written, every=every)
    return NEEDS_A_PERSON if imported.needs_a_person else 0


def _write(imported: Imported, path: Path, *, force: bool) -> list[Path]:
    texts = {path: imported.program}
    if imported.cases:
        texts[path.with_name(f"{path.name.removesuffix('.yaml')}{CASES}")] = imported.cases
    there = [str(one) for one in texts if one.exists()]
    if there and not force:
        raise CredrulesError(f"{' and '.join(there)}: there already. Nothing was written; --force overwrites.")
    for one, text in texts.items():
        try:
            one.write_text(text, encoding="utf-8")
        except OSError as error:
            raise CredrulesError(f"{one}: cannot be written: {error.strerror}.") from error
    return list(texts)


def _tell(screen: Screen, imported: Imported, written: list[Path], *, every: bool) -> None:
    report = imported.report
    screen.document(
        {
            "program": imported.program,
            "cases": imported.cases,
            "written": [str(path) for path in written],
            "counts": report.counts,
            "by_hand": imported.by_hand,
            "faults": [str(fault) for fault in imported.faults],
            "lines": report.lines,
        }
    )
    if not written:
        screen.say(imported.program.rstrip("\n"))
    if screen.as_json:
        return
    for line in _remarks(imported, every=every):
        screen.remark(line)
    for path in written:
        screen.remark(f"wrote {path}")
    if written and not imported.cases:
        screen.remark("no case file: no situation could be made up in which the program is met.")


def _remarks(imported: Imported, *, every: bool) -> Iterator[str]:
    report = imported.report
    for remark in report.remarks:
        if remark.status is Status.TRANSLATED and not every:
            continue
        one = remark.first == remark.last
        lines = f"line {remark.first}" if one else f"lines {remark.first}-{remark.last}"
        yield f"{MARKS[remark.status]} {lines}, {remark.status}: {remark.text}"
        yield f"    {remark.said}{'.' if not remark.said.endswith('.') else ''} {remark.todo}".rstrip()
    for fault in imported.faults:
        yield f"✗ {fault}"
    counts = ", ".join(f"{number(report.counts[status], 'line')} {status}" for status in MARKS)
    yield f"{counts}; {number(report.counts[Status.EMPTY], 'line')} without rules."
