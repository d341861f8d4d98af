"""When a requirement has to be done, as a program file states it: understood, with what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credrules.errors import Problem, nearest
from credrules.rules import Average, Counted, Group, HoldsCredential, LearnerIs, MilestoneDone, walk
from credrules.timing import Timing
from credrules.wording import number
from credrules.work import WorkDone

if TYPE_CHECKING:
    from collections.abc import Mapping

    from credrules import rule_shapes as shapes
    from credrules.rules import Requirement
    from credrules.yaml_files import Document, Path_


NO_DAY = Group | Average | Counted | HoldsCredential | LearnerIs
"""Requirements of which no day is known on which they were met."""


def read_timing(
    document: Document,
    path: Path_,
    shape: shapes.MilestoneShape | shapes.HoursShape | shapes.PointsShape | shapes.EventsShape | shapes.ScoreShape,
) -> Timing | None:
    within = shape.within
    if shape.after is None and shape.by is None and within is None:
        return None
    if within and (within.days is None) == (within.months is None):
        document.problem((*path, "within"), "'within' needs 'days' or 'months', one of the two.")
    if within and (within.after is None) == (within.before is None):
        message = "'within' needs 'after' with a requirement's id or 'before: conferral', one of the two."
        document.problem((*path, "within"), message)
    if getattr(shape, "attested_by", None):
        message = (
            "a person's word has the day on which it was given, not the day on which the work was done, so it cannot "
            "be held to a time. Leave out 'attested-by', or 'after', 'by' and 'within'."
        )
        document.problem((*path, "attested-by"), message)
    return Timing(
        after=shape.after,
        by=shape.by,
        days=(within.days or 0) if within else 0,
        months=(within.months or 0) if within else 0,
        since=within.after if within else None,
    )


def timing_text(timing: Timing | None) -> str:
    """What a title says of it: ', after 'training', by 2027-05-31'."""
    if timing is None:
        return ""
    parts = [f"after '{timing.after}'"] if timing.after else []
    if timing.by:
        parts.append(f"by {timing.by}")
    if timing.period:
        length = number(timing.days, "day") if timing.days else number(timing.months, "month")
        parts.append(f"within {length} " + (f"after '{timing.since}'" if timing.since else "before conferral"))
    if timing.renews:
        parts.append("in the term that is renewed or later")
    return "".join(f", {part}" for part in parts)


def check_timing(document: Document, root: Group) -> None:
    """Note every name that is no earlier requirement with a day of its own."""
    earlier: dict[str, Requirement] = {}
    every = {requirement.id: requirement for requirement in walk(root)}
    for requirement in walk(root):
        timing = requirement.timing if isinstance(requirement, MilestoneDone | WorkDone) else None
        for key, name in (("after", timing.after), ("within", timing.since)) if timing else ():
            if name and (fault := _fault(name, earlier, every)):
                problem = f"'{key}' names '{name}', {fault}"
                document.problems.append(Problem(document.name, requirement.place.line, problem))
        earlier[requirement.id] = requirement


def _fault(name: str, earlier: Mapping[str, Requirement], every: Mapping[str, Requirement]) -> str:
    possible = [one.id for one in earlier.values() if not isinstance(one, NO_DAY)]
    there_are = f"There {'are' if possible else 'is'} above: {', '.join(possible) or 'none'}."
    if name not in every:
        return f"which is no requirement here. {there_are}{nearest(name, possible)}"
    if name not in earlier:
        return f"which stands below. Only a requirement above can come first. {there_are}"
    if name not in possible:
        what = "it is a group, a credential or a fact about the learner, or looks at everything that counted"
        return f"which has no day of its own: {what}. {there_are}"
    return ""
