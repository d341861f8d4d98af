"""Requirements that depend on the learner: a choice, said as a group of what the engines know already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credrules.rules import Choice, Group, LearnerIs
from credrules.wording import condition_title

if TYPE_CHECKING:
    from collections.abc import Sequence

    from credrules.rules import Condition, Place, Requirement


def choice(
    conditions: Sequence[Condition],
    then: Requirement,
    otherwise: Requirement | None,
    *,
    alternative: bool,
    id: str,
    title: str,
    place: Place,
    cites: str | None = None,
) -> Choice:
    """`then` where all conditions hold, else `otherwise`.

    Without it: no condition, or `then`, where nothing more is asked; as an `alternative`, the conditions and `then`.
    """
    asked = tuple(
        LearnerIs(id=f"{id}/if-{one.fact}", title=condition_title(one), place=place, condition=one)
        for one in conditions
    )
    turned = tuple(
        LearnerIs(
            id=f"{id}/unless-{one.fact}",
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
            unless = Group(id=f"{id}/unless", title="A condition does not hold", place=place, need=1, parts=turned)
        whole = (
            Group(id=f"{id}/then", title=then.title, place=place, need=len(asked) + 1, parts=(*asked, then)),
            Group(id=f"{id}/else", title=otherwise.title, place=place, need=2, parts=(unless, otherwise)),
        )
    elif alternative:
        need, whole = len(asked) + 1, (*asked, then)
    else:
        asks, whole = turned, (*turned, then)
    return Choice(
        id=id,
        title=title,
        place=place,
        cites=cites,
        need=need,
        parts=whole,
        asks=tuple(one.id for one in asks),
        turned=asks is turned,
        then=then.id,
        otherwise=otherwise.id if otherwise else None,
    )
