"""What changed since the last run: outcomes joined on the cluster, and only the learners who differ brought back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from credrules.errors import EngineError
from credrules.scale_out.job import layout, outcomes

if TYPE_CHECKING:
    from credrules.engines.columnar.layout import Layout

SAID = ("decisions", "nodes", "beside", "faults")


def changed(spark: Any, before: str, after: str) -> list[str]:
    """The learners with another outcome at any node than in the last run, and those who are new or gone, in order.

    Both folders are of `decide`. Raises EngineError where they were decided under other programs: everybody is to be
    decided then.
    """
    old, new = outcomes(spark, before), outcomes(spark, after)
    if _programs(layout(old)) != _programs(layout(new)):
        raise EngineError(
            f"{before} and {after} were decided under different programs, so that their outcomes cannot be compared. "
            "Decide everybody, or compare the rules: credrules compare."
        )
    same = old["learner_id"] == new["learner_id"]
    for name in SAID:
        same = same & old[name].eqNullSafe(new[name])
    gone = old.join(new, same, "left_anti").select("learner_id")
    come = new.join(old, same, "left_anti").select("learner_id")
    return sorted(row["learner_id"] for row in gone.union(come).distinct().collect())


def _programs(found: Layout) -> tuple[object, ...]:
    """What the outcomes of two days have in common."""
    return (found.programs, found.nodes)
