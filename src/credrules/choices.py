"""Requirements that depend on the learner: a choice, said as a group of what the engines know already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from credrules.rules import Choice, Group, LearnerIs
from credrules.wording import condition_title

if TYPE_CHECKING:
    from collections.abc import Sequence

    from credrules.rules import Condition, Requirement


def choice(
    conditions: Sequence[Condition],
    then: Requirement,
    otherwise: Requirement | None,
    *,
    alternative: bool,
    **common: Any,
) -> Choice:
    """`then` where all conditions hold, else `otherwise`.

    Without it: no condition, or `then`, where nothing more is asked; as an `alternative`, the conditions and `then`.
    `common` is what every requirement has: its id, title, place and so on.
    """
    name, place = common["id"], common["place"]
    asked = tuple(
        LearnerIs(id=f"{name}/if-{one.fact}", title=condition_title(one), place=place, condition=one)
        for one in conditions
    )
    turned = tuple(
        LearnerIs(
            id=f"{name}/unless-{one.fact}",
            title=condition_title(one, negated=True),
            place=place,
            condition=one,
            negated=True,
        )
        for one in conditions
    )
    asks, need = asked, 1
    whole: tuple[Requirement, ...]
    if otherwise is not None:
        unless: Requirement = turned[0]
        if len(turned) > 1:
            unless = Group(id=f"{name}/unless", title="A condition does not hold", place=place, need=1, parts=turned)
        whole = (
            Group(id=f"{name}/then", title=then.title, place=place, need=len(asked) + 1, parts=(*asked, then)),
            Group(id=f"{name}/else", title=otherwise.title, place=place, need=2, parts=(unless, otherwise)),
        )
    elif alternative:
        need, whole = len(asked) + 1, (*asked, then)
    else:
        asks, whole = turned, (*turned, then)
    return Choice(
        **common,
        need=need,
        parts=whole,
        asks=tuple(one.id for one in asks),
        turned=asks is turned,
        then=then.id,
        otherwise=otherwise.id if otherwise else None,
    )
