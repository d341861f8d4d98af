"""Why, for work that is no course: the code and the sentences of its requirements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credrules.decisions import Outcome
from credrules.engines.plain_work import is_certain, score_of, tally
from credrules.wording import listing, number, points_text
from credrules.work import WHOLE, Amount

if TYPE_CHECKING:
    from collections.abc import Sequence

    from credrules.engines.plain import Looked
    from credrules.plan import Node
    from credrules.work import Scores

MET, AWAITING, PENDING, UNDETERMINED, UNMET = sorted(Outcome, reverse=True)

OUTCOMES = {
    "work-enough": "enough has been done",
    "work-submitted": "with what is handed in it would be enough",
    "work-in-progress": "with what is under way it would be enough",
    "work-unknown": "the records do not tell enough of it",
    "work-short": "some has been done, but too little",
    "work-too-few-categories": "enough has been done, but in too few categories",
    "work-missing": "nothing of it is recorded",
    "score-reached": "the score is reached",
    "score-submitted": "handed in, not yet marked",
    "score-in-progress": "under way",
    "score-unknown": "the records do not tell the score",
    "score-below": "the score is below what is asked",
    "score-missing": "no score is recorded",
    "not-in-time": "it was not done in the time in which it counts",
    "day-unknown": "whether it was done in time is not known",
    "comes-first": "another requirement has to be met first",
}
"""Codes of requirements of work that is no course."""

ONE = 1000

_AMOUNT = {
    MET: ("work-enough", ""),
    AWAITING: ("work-submitted", "With what is handed in and waits for somebody's word it is enough."),
    PENDING: ("work-in-progress", "With what is under way it would be enough."),
    UNDETERMINED: ("work-unknown", "Something that the records do not tell decides whether it is enough."),
}
_SCORES = {
    MET: ("score-reached", ""),
    AWAITING: ("score-submitted", "Something is handed in and waits to be marked."),
    PENDING: ("score-in-progress", "Something is under way."),
    UNDETERMINED: ("score-unknown", "A score that is not known decides."),
}


def untimely(node: Node, looked: Looked, outcome: Outcome, first: str) -> tuple[str, str] | None:
    """Why, where it is the time that keeps a requirement down; None where it is something else.

    `first` is the title of a requirement that has to be met before it, if one is not.
    """
    if outcome < looked.own:
        return "comes-first", f"Something has to be met first, and it is {outcome}: {first}."
    if outcome is UNDETERMINED and (looked.doubtful or any(item.unsure for item in looked.items)):
        return "day-unknown", f"Whether it was done in time is not known.{_days(looked)}"
    if outcome is UNMET and looked.missed:
        done = [f"{one.activity.code} ({one.activity.on or 'no day'})" for one in looked.missed[:3]]
        more = f" and {number(len(looked.missed) - 3, 'more')}".removesuffix("s") if len(looked.missed) > 3 else ""
        return "not-in-time", f"Not done in the time in which it counts: {', '.join(done)}{more}.{_days(looked)}"
    if outcome is UNMET and looked.late:
        return "not-in-time", f"'{node.code}' was not done in the time in which it counts.{_days(looked)}"
    return None


def work(node: Node, looked: Looked, outcome: Outcome, *, known: bool) -> tuple[str, str]:
    if isinstance(node.work, Amount):
        return _amount(node.work, looked, outcome, known=known)
    if node.work:
        return _scores(node.work, looked, outcome, known=known)
    raise AssertionError(node)


def _amount(asked: Amount, looked: Looked, outcome: Outcome, *, known: bool) -> tuple[str, str]:
    if not known:
        return "work-unknown", "The records do not tell of any activities."
    total, span = tally(asked, looked.items, MET)
    unit = asked.measure.removesuffix("s") if asked.need == ONE else asked.measure
    certain = "Certainly complete" if outcome is UNDETERMINED else "Complete"
    sentences = [f"{certain}: {_plain(total)} of {_plain(asked.need)} {unit}."]
    if asked.categories:
        sentences.append(f"That comes from {span} of the {asked.categories} categories that are needed.")
    sentences += [f"Of {category} no more than {_plain(ceiling)} counts." for category, ceiling in _full(asked, looked)]
    if outcome in _AMOUNT:
        code, sentence = _AMOUNT[outcome]
        return code, " ".join(filter(None, [*sentences, sentence, _left_out(looked)]))
    code = "work-short" if total else "work-missing"
    if total >= asked.need:
        code = "work-too-few-categories"
    return code, " ".join(sentences)


def _full(asked: Amount, looked: Looked) -> list[tuple[str, int]]:
    """The categories whose ceiling takes something away."""
    found = []
    for category, ceiling in asked.ceilings:
        items = [item for item in looked.items if item.activity.category == category]
        without = Amount(measure=asked.measure, need=asked.need, among=asked.among, weights=asked.weights)
        if tally(without, items, MET)[0] > ceiling:
            found.append((category, ceiling))
    return found


def _scores(asked: Scores, looked: Looked, outcome: Outcome, *, known: bool) -> tuple[str, str]:
    if not known:
        return "score-unknown", "The records do not tell of any scores."
    reached = {part.criterion or part.code: score_of(asked, part, looked.items, MET) for part in asked.parts}
    shown = [
        _plain(score) if score or is_certain(asked, part, looked.items) else "nothing certain"
        for part, score in zip(asked.parts, reached.values(), strict=True)
    ]
    names = listing([f"{score} in {name}" for score, name in zip(shown, reached, strict=True)], "and")
    names = f"{names[0].upper()}{names[1:]}"
    sentence = f"{names}; {_plain(asked.need)} is asked{' of each' if len(reached) > 1 and not asked.weighted else ''}."
    if asked.weighted:
        mean = sum(part.weight * score for part, score in zip(asked.parts, reached.values(), strict=True)) // WHOLE
        sentence = f"{names}, by their weights {_plain(mean)}; {_plain(asked.need)} is asked."
    if outcome in _SCORES:
        code, more = _SCORES[outcome]
        return code, " ".join(filter(None, [sentence, more, _left_out(looked)]))
    if not looked.items:
        return "score-missing", f"No score is recorded; {_plain(asked.need)} is asked."
    return "score-below", sentence


def _left_out(looked: Looked) -> str:
    count = len(looked.missed)
    if not count:
        return ""
    what = "1 activity is" if count == 1 else f"{count} activities are"
    return f"{what} left out: not done in the time in which it counts."


def _days(looked: Looked) -> str:
    window = looked.window
    ends: Sequence[str] = [f"from {window.first}"] * bool(window.first) + [f"until {window.last}"] * bool(window.last)
    return f" It counts {' '.join(ends)}." if ends else ""


def _plain(thousandths: int) -> str:
    return points_text(thousandths).removesuffix(".0")
