"""A folder of YAML -> RuleSet. Every problem in every file at once, with its line, what was possible, what to do."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from credrules import rule_shapes as shapes
from credrules import yaml_files
from credrules.errors import Problem, RuleFileError, nearest
from credrules.exclusions import both_ways
from credrules.institution_file import understand_institution
from credrules.life_cycle_file import report_levels, report_renewals
from credrules.program_file import ProgramReader, text_digest
from credrules.rule_checks import static_findings
from credrules.rules import Moment, Place, RuleSet
from credrules.shape_faults import read_shape
from credrules.templates import TEMPLATES, Templates
from credrules.versions import report_migrations, report_versions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from credrules.findings import Finding
    from credrules.institution_file import InstitutionRules
    from credrules.privacy import PrivacyRules
    from credrules.rules import Program
    from credrules.yaml_files import Document

INSTITUTION = "institution.yaml"
PROGRAMS = "programs"
CASES = ".cases.yaml"


def load(folder: Path) -> RuleSet:
    """Read the institution file and every program file. Raises RuleFileError with every problem in all of them."""
    files = rule_paths(folder)
    documents = [yaml_files.read(path, name) for name, path in files.items()]
    return understand(documents)


def rule_paths(folder: Path) -> dict[str, Path]:
    """The files of a rule set by the names they go by in messages, the institution file first."""
    programs = sorted((folder / PROGRAMS).glob("*.yaml"))
    paths = [folder / INSTITUTION, *(path for path in programs if not path.name.endswith(CASES))]
    paths += sorted((folder / TEMPLATES).glob("*.yaml"))
    return {file_name(path, folder): path for path in paths}


def file_name(path: Path, folder: Path) -> str:
    """A rule file's name as messages and decisions give it: the same wherever the folder lies."""
    return (PurePath(folder.absolute().name) / path.relative_to(folder)).as_posix()


def understand(documents: Sequence[Document]) -> RuleSet:
    """Documents, the institution's first, as a RuleSet."""
    top, *others = documents
    rest = [document for document in others if not _is_template(document)]
    institution_shape = read_shape(top, shapes.InstitutionFile)
    points = institution_shape.grades.points if institution_shape else None
    templates = Templates([document for document in others if _is_template(document)], points)
    program_shapes = [
        (document, read_shape(document, shapes.ProgramFile) if templates.fill(document) else None) for document in rest
    ]
    if not rest:
        top.problems.append(Problem(top.name, 0, f"has no programs beside it. Put one file a program in {PROGRAMS}/."))

    institution = understand_institution(top, institution_shape) if institution_shape else None
    ids = {shape.program for _, shape in program_shapes if shape}
    read = [
        (document, ProgramReader(document, shape, institution, ids).program())
        for document, shape in program_shapes
        if shape and institution
    ]
    report_versions(program_shapes)
    if not any(document.problems for document in documents):
        report_migrations(read)
        report_renewals(read)
        report_levels(read)
    if institution and len(read) == len(rest):
        _report_strange_issuers(top, institution.privacy, [program for _, program in read])
    findings = _findings(institution, program_shapes, read) if institution else []
    problems = {problem for document in documents for problem in document.problems}
    problems |= {one.problem for one in findings if one.certain}
    if problems or institution is None:
        raise RuleFileError(problems)
    programs = both_ways([program for _, program in read])
    return RuleSet(
        institution=institution.institution,
        scale=institution.scale,
        programs=tuple(sorted(programs, key=lambda one: (one.id, one.effective))),
        digest=text_digest(*(document.text for document in documents)),
        equivalents=institution.equivalents,
        doubts=tuple(one for one in findings if not one.certain),
        roles=institution.roles,
        privacy=institution.privacy,
        files={document.name: document.text for document in documents},
    )


def _report_strange_issuers(top: Document, privacy: PrivacyRules, programs: Sequence[Program]) -> None:
    """A misspelt issuer would be one to which everything goes."""
    known = sorted({award.issuer for program in programs for award in program.awards})
    for key, named in (("consent", privacy.consent), ("inside", privacy.inside)):
        for issuer in sorted(named.difference(known)):
            message = f"no program has an award by '{issuer}'. There are: {', '.join(known)}.{nearest(issuer, known)}"
            top.problem(("privacy", key), message)


def _findings(
    institution: InstitutionRules,
    shapes_: Sequence[tuple[Document, shapes.ProgramFile | None]],
    read: Sequence[tuple[Document, Program]],
) -> list[Finding]:
    """What the static checks find in the programs without problems."""
    sound = [program for document, program in read if not document.problems]
    rules = [
        (institution.document, institution.rules),
        *((document, shape.rules) for document, shape in shapes_ if shape),
    ]
    written = {
        Place(document.file(("rules", at)), document.line(("rules", at))): rule.id
        for document, listed in rules
        for at, rule in enumerate(listed)
        if rule.for_ is not Moment.RETENTION
    }
    return static_findings(sound, institution.equivalents, written)


def _is_template(document: Document) -> bool:
    return PurePath(document.name).parent.name == TEMPLATES
