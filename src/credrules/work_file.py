"""Requirements of work that is no course, as a program file states them: understood, with what is wrong with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from credrules import rule_shapes as shapes
from credrules.institution_file import thousandths
from credrules.rules import Repeats
from credrules.shape_faults import keys_of
from credrules.wording import decimal_text, listing, number, slug
from credrules.work import WHOLE, Amount, Chosen, Measure, Scored, Scores

if TYPE_CHECKING:
    from credrules.yaml_files import Document, Path_


def read_work(document: Document, path: Path_, shape: Any) -> tuple[str, str, Amount | Scores]:
    """What a requirement asks for, with the id and the title that are made for it."""
    match shape:
        case shapes.HoursShape():
            amount = f"{decimal_text(shape.hours)} hours"
            return _amount(document, path, shape, amount, Measure.HOURS, thousandths(shape.hours))
        case shapes.PointsShape():
            amount = f"{decimal_text(shape.points)} points"
            return _amount(document, path, shape, amount, Measure.POINTS, thousandths(shape.points))
        case shapes.EventsShape():
            amount = number(shape.events, "event")
            return _amount(document, path, shape, amount, Measure.EVENTS, shape.events * 1000)
        case shapes.ScoreShape():
            title = f"A score of {decimal_text(shape.score)} or more in {shape.in_}"
            scored = _scores(document, (*path, "score"), shape, thousandths(shape.score), (Scored(shape.in_),))
            return f"score-in-{shape.in_}"[:80].rstrip("-"), title, scored
        case shapes.RubricShape():
            title = f"{decimal_text(shape.every)} or more in every criterion of {shape.rubric}"
            _check_once(document, (*path, "criteria"), shape.criteria)
            parts = tuple(Scored(shape.rubric, criterion) for criterion in shape.criteria)
            return shape.rubric, title, _scores(document, (*path, "every"), shape, thousandths(shape.every), parts)
        case shapes.WeightedScoreShape():
            return _weighted(document, path, shape)
    raise AssertionError(shape)


def _amount(
    document: Document, path: Path_, shape: Any, text: str, measure: Measure, need: int
) -> tuple[str, str, Amount]:
    among = Chosen(frozenset(shape.of.activity or ()), frozenset(shape.of.category or ()))
    if among == Chosen():
        possible = ", ".join(keys_of(shapes.WorkFilter))
        document.problem((*path, "of"), f"'of' is an empty filter. Give at least one of: {possible}.")
    ceilings = {category: thousandths(most) for category, most in shape.at_most.items()}
    weights = {code: thousandths(weight) for code, weight in getattr(shape, "weights", {}).items()}
    _check_named(document, (*path, "at-most"), ceilings, among.categories, "category")
    _check_named(document, (*path, "weights"), weights, among.codes, "activity")
    if among.categories and among.categories <= ceilings.keys() and sum(ceilings.values()) < need:
        message = f"the ceilings leave less than the {text} that are asked for; that can never be met."
        document.problem((*path, "at-most"), message)
    if among.categories and (shape.categories or 0) > len(among.categories):
        message = f"'categories' asks for {shape.categories}, and 'of' has {len(among.categories)}; that can never be."
        document.problem((*path, "categories"), message)
    what = [listing(sorted(among.codes), "or")] if among.codes else ["activities"]
    if among.categories:
        what.append(f"in {listing(sorted(among.categories), 'or')}")
    made_id = f"{slug(text)}-of-{slug('-'.join(sorted(among.codes or among.categories)))}"[:80].rstrip("-")
    if shape.categories:
        what.append(f"from {number(shape.categories, 'category').replace('categorys', 'categories')}")
    return (
        made_id,
        f"{text} of {' '.join(what)}",
        Amount(
            measure=measure,
            need=need,
            among=among,
            ceilings=tuple(sorted(ceilings.items())),
            categories=shape.categories or 0,
            weights=tuple(sorted(weights.items())),
        ),
    )


def _check_named(document: Document, path: Path_, named: dict[str, int], possible: frozenset[str], what: str) -> None:
    """What stands under a name that `of` leaves out would never be looked at."""
    for name in named:
        if possible and name not in possible:
            message = f"'{name}' is no {what} that 'of' names. It names: {', '.join(sorted(possible))}."
            document.problem((*path, name), message)


def _check_once(document: Document, path: Path_, names: list[str]) -> None:
    for index, name in enumerate(names):
        if name in names[:index]:
            document.problem((*path, index), f"'{name}' is in this list already.")


def _weighted(document: Document, path: Path_, shape: shapes.WeightedScoreShape) -> tuple[str, str, Scores]:
    parts = tuple(Scored(code, None, thousandths(weight)) for code, weight in sorted(shape.of.items()))
    whole = sum(part.weight for part in parts)
    if whole != WHOLE:
        total = decimal_text(sum(shape.of.values(), start=type(shape.weighted_score)(0)))
        document.problem((*path, "of"), f"the weights are {total} together; they have to be 100.")
    title = f"A weighted score of {decimal_text(shape.weighted_score)} or more over {listing([*shape.of], 'and')}"
    scored = _scores(document, (*path, "weighted-score"), shape, thousandths(shape.weighted_score), parts)
    return "weighted-score", title, scored


def _scores(document: Document, path: Path_, shape: Any, need: int, parts: tuple[Scored, ...]) -> Scores:
    top = thousandths(shape.out_of)
    if need > top:
        message = f"scores run to {decimal_text(shape.out_of)}, so that can never be met."
        document.problem(path, f"{message} Write 'out-of' where they run further.")
    weighted = isinstance(shape, shapes.WeightedScoreShape)
    return Scores(need=need, top=top, parts=parts, stands=Repeats(shape.attempts), weighted=weighted)
