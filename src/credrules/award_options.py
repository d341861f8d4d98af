"""What program files say to issuers about awards, held against what the issuers can use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credrules.adapters import OptionsReader
from credrules.errors import IssuerFailure, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from credrules.adapters import Issuer
    from credrules.rules import Program


def unusable_options(
    programs: Iterable[Program],
    issuers: Mapping[str, Issuer],
    on_failure: Callable[[str], object] = lambda text: None,
) -> list[Problem]:
    """A problem for each award that its issuer could not make, with the program, the file and the line.

    An issuer that cannot be asked now is told of through `on_failure`, once; its awards are no problem of a file's.
    """
    problems: set[Problem] = set()
    silent: set[str] = set()
    for program in programs:
        for award in program.awards:
            issuer = issuers.get(award.issuer)
            if award.issuer in silent or not isinstance(issuer, OptionsReader):
                continue
            try:
                faults = list(issuer.option_faults(award.options))
            except IssuerFailure as error:
                silent.add(award.issuer)
                on_failure(f"issuer {award.issuer}: {error}")
                continue
            for fault in faults:
                message = f"program '{program.id}', award '{award.kind}': {fault}"
                problems.add(Problem(award.place.file, award.place.line, message))
    return sorted(problems)
