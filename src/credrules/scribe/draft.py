"""The program file, the case file and the report of one block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from credrules import rule_files, yaml_files
from credrules import rule_shapes as shapes
from credrules.errors import Problem, RuleFileError
from credrules.institution_file import understand_institution
from credrules.scribe.report import Report, make_report
from credrules.scribe.sample_cases import sample_cases
from credrules.scribe.source import Span
from credrules.scribe.translation import translate
from credrules.scribe.yaml_text import COMMENT, yaml_text
from credrules.shape_faults import read_shape

if TYPE_CHECKING:
    from datetime import date

    from credrules.institution_file import InstitutionRules
    from credrules.scribe import tree
    from credrules.scribe.drafting import Translated
    from credrules.scribe.source import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a block does not say of the program that it becomes."""

    program: str
    title: str
    effective: date
    issuer: str = "badges"
    credit_bearing: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    program: str  # the text of the program file
    cases: str  # that of the case file; '' where no situation could be made up
    report: Report
    by_hand: tuple[str, ...]  # the milestones that stand for what was not translated
    faults: tuple[Problem, ...] = ()  # why the program file cannot be loaded as it is

    @property
    def needs_a_person(self) -> bool:
        return self.report.needs_a_person or bool(self.faults)


def make_draft(source: Source, block: tree.Block, institution: yaml_files.Document, wanted: Wanted) -> Imported:
    rules = _understood(institution)
    found = translate(source, block, rules)
    text = _program_text(source, found, wanted)
    report = make_report(source, found.notes, Span(block.begin.start, block.end.end))
    cases = ""
    faults: tuple[Problem, ...] = ()
    try:
        document = yaml_files.Document(f"{rule_files.PROGRAMS}/{wanted.program}.yaml", text)
        yaml_files.parse(document)
        rule_set = rule_files.understand([_fresh(institution), document])
        texts = (institution.text, text)
        cases = sample_cases(found.requirements, rule_set, wanted.program, texts, wanted.effective)
    except RuleFileError as error:
        faults = error.problems
    return Imported(program=text, cases=cases, report=report, by_hand=tuple(found.by_hand), faults=faults)


def _understood(institution: yaml_files.Document) -> InstitutionRules:
    shape = read_shape(institution, shapes.InstitutionFile)
    rules = understand_institution(institution, shape) if shape else None
    if institution.problems or rules is None:
        raise RuleFileError(institution.problems)
    return rules


def _fresh(document: yaml_files.Document) -> yaml_files.Document:
    again = yaml_files.Document(document.name, document.text)
    yaml_files.parse(again)
    return again


def _program_text(source: Source, found: Translated, wanted: Wanted) -> str:
    data: dict[str, Any] = {
        "program": wanted.program,
        "title": wanted.title,
        "effective": wanted.effective,
        "credit-bearing": wanted.credit_bearing,
    }
    if found.counting:
        data["counting"] = found.counting
    data["requirements"] = found.requirements
    if found.limits:
        data["limits"] = found.limits
    if found.advice:
        data["notes"] = list(dict.fromkeys(found.advice))
    data["awards"] = [{COMMENT: "not in the block: which badge, which transcript note", "issuer": wanted.issuer}]
    head = f"# Made from {source.name} by `credrules import scribe`; the comments say from which of its lines."
    if found.by_hand:
        head += "\n# What is attested by the office as 'by-hand-...' is not translated: write it, and take it out."
    return f"{head}\n{yaml_text(data)}"
