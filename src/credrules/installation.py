"""One institution's credrules, put together from its settings: rules, plan, engines, records, ledger, issuers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from credrules import rule_files
from credrules.deciding import Decider
from credrules.engines.durable import DurableEngine
from credrules.errors import CredrulesError, InputError, PluginError, Problem, RuleFileError, nearest
from credrules.needs import unmet_needs
from credrules.plan import make_plan
from credrules.plugins import Plugins
from credrules.settings import KEPT
from credrules.stands import columns_installed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from credrules.adapters import Issuer, StudentRecords
    from credrules.engines import BatchEngine
    from credrules.ledger import Ledger
    from credrules.plan import Plan
    from credrules.rules import RuleSet
    from credrules.settings import Settings

_T = TypeVar("_T")


@dataclass(frozen=True)
class Installation:
    """Everything that a command needs, checked against each other."""

    settings: Settings
    rule_set: RuleSet
    plan: Plan
    decider: Decider
    records: StudentRecords
    issuers: Mapping[str, Issuer]

    @property
    def columns(self) -> bool:
        """Whether a population is decided in columns."""
        return in_columns(self.settings)

    @property
    def kept(self) -> Path:
        """Where a run notes what each learner was decided on."""
        return self.settings.kept or self.settings.folder / KEPT

    def ledger(self) -> Ledger:
        from credrules.ledger import Ledger  # noqa: PLC0415 - SQLAlchemy is most of the start of commands without it

        return Ledger.open(self.settings.ledger)

    def ledger_to_read(self) -> Ledger:
        """For what must change nothing, not even make a ledger where there is none."""
        from credrules.ledger import Ledger  # noqa: PLC0415 - as above

        return Ledger.open_to_read(self.settings.ledger)


def _columns(plan: Plan, settings: Settings) -> BatchEngine | None:
    """The third engine. Raises EngineError where the settings ask for it and the extra is not installed."""
    if settings.engine == "plain" or not in_columns(settings):
        return None
    from credrules.engines.columnar import Batched  # noqa: PLC0415  an extra

    return Batched(plan)


def in_columns(settings: Settings) -> bool:
    """Whether the settings, and what is installed, let a population be decided in columns."""
    return columns_installed() if settings.population == "auto" else settings.population == "columnar"


def assemble(
    settings: Settings,
    only: Sequence[str] | None = None,
    plugins: Plugins | None = None,
    *,
    everybody: bool = False,
) -> Installation:
    """Read the rules, start the plugins and hold them against each other.

    `only` names the programs to plan for; all where it is None. `everybody` is to be decided: then columns are one of
    the engines, where they can be. Raises CredrulesError: an InputError holds every
    mistake in the rules, the settings and between the two, not just the first.
    """
    plugins = plugins or Plugins()
    faults: list[CredrulesError] = []
    rule_set = _attempt(faults, lambda: rule_files.load(settings.rules))
    records = _attempt(faults, lambda: plugins.records(settings.records))
    issuers = {section.name: _attempt(faults, partial(plugins.issuer, section)) for section in settings.issuers}
    problems: list[Problem] = []
    if rule_set is not None:
        problems += _unknown_programs(rule_set, only)
        problems += _unknown_issuers(rule_set, settings)
        if records is not None:
            problems += _attempt(faults, partial(unmet_needs, make_plan(rule_set, only), records)) or []
    if problems:
        faults.append(RuleFileError(problems))
    if faults or rule_set is None or records is None:
        raise _together(faults)
    plan = make_plan(rule_set, only)
    main = DurableEngine(plan) if settings.engine == "durable" else None
    return Installation(
        settings=settings,
        rule_set=rule_set,
        plan=plan,
        decider=Decider(plan, main, _columns(plan, settings) if everybody else None),
        records=records,
        issuers={name: issuer for name, issuer in issuers.items() if issuer is not None},
    )


def _attempt(faults: list[CredrulesError], step: Callable[[], _T]) -> _T | None:
    """The step's result; None, with the fault noted, where it failed."""
    try:
        return step()
    except CredrulesError as error:
        faults.append(error)
        return None


def _together(faults: Sequence[CredrulesError]) -> CredrulesError:
    """One error with everything in it."""
    if len(faults) == 1:
        return faults[0]
    problems = [problem for fault in faults if isinstance(fault, InputError) for problem in fault.problems]
    others = [str(fault) for fault in faults if not isinstance(fault, InputError)]
    if not others:
        return InputError(problems)
    return PluginError("\n".join([*others, *map(str, sorted(problems))]))


def _unknown_programs(rule_set: RuleSet, only: Sequence[str] | None) -> list[Problem]:
    known = rule_set.program_ids
    return [
        Problem("--program", 0, f"'{name}' is no program. There are: {', '.join(known)}.{nearest(name, known)}")
        for name in only or ()
        if name not in known
    ]


def _unknown_issuers(rule_set: RuleSet, settings: Settings) -> list[Problem]:
    known = [section.name for section in settings.issuers]
    listed = ", ".join(known) or "none"
    return [
        Problem(
            award.place.file,
            award.place.line,
            f"'{award.issuer}' is no issuer in {settings.path.name}. There are: {listed}."
            f"{nearest(award.issuer, known)} Add a table [issuers.{award.issuer}] there, or name one of these here.",
        )
        for program in rule_set.programs
        for award in program.awards
        if award.issuer not in known
    ]
