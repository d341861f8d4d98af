"""What was understood of a source of records, on the screen and as a document."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from credrules.adapters import Knows
from credrules.wording import listing, number

if TYPE_CHECKING:
    from credrules.cli.screen import Screen
    from credrules.troubles import Trouble
    from credrules.understanding import TermCount, Understood

_NOUNS = {
    "attempts": "attempt",
    "admissions": "admission",
    "milestones": "milestone",
    "activities": "activity",
    "credentials": "credential held",
    "holds": "hold",
    "enrolments": "enrolment",
    "facts": "fact",
}
_PLURALS = {"activities": "activities", "credentials": "credentials held"}


def as_document(found: Understood) -> dict[str, object]:
    return {"in_order": found.in_order, **asdict(found)}


def show(screen: Screen, found: Understood) -> None:
    """Counts first, then what has to be put right, each with its root cause and its next step."""
    of = f" of {found.total}" if found.total is not None else ""
    screen.say(f"Read: {found.learners}{of} learners.")
    counted = [_count(name, count) for name, count in found.counts.items() if name != "learners"]
    if counted:
        screen.say(f"They have {listing(counted, 'and')}.")
    if found.attempts:
        least, median, most = found.attempts.least, found.attempts.median, found.attempts.most
        screen.say(f"Attempts of one learner: {least} at least, {median} in the middle, {most} at most.")
    if found.terms:
        screen.table(["term", "from", "to", "attempts", "graded"], [_term(one) for one in found.terms])
    for title, how in (("Known", Knows.FULL), ("Known for some", Knows.PARTIAL), ("Not known", Knows.NONE)):
        names = [name.replace("_", " ") for name, knows in found.knows.items() if knows == how]
        screen.say(f"{title}: {', '.join(names) or 'nothing'}.")
    for what in found.unchecked:
        screen.say(f"- not checked: {what}.")
    for trouble in found.troubles:
        screen.say(f"\n{'✗' if trouble.undetermined else '!'} {trouble.cause}")
        screen.say(f"  Next step: {trouble.step}")
        if trouble.examples:
            screen.say(f"  Learners: {_examples(trouble)}")
    screen.say(f"\n{_verdict(found)}")


def _count(name: str, count: int) -> str:
    noun = _NOUNS[name]
    return number(count, noun) if count == 1 else f"{count} {_PLURALS.get(name, f'{noun}s')}"


def _term(one: TermCount) -> list[object]:
    if one.term is None:
        return ["(no term)", "", "", one.attempts, one.graded]
    return [one.term.title, one.term.starts, one.term.ends, one.attempts, one.graded]


def _examples(trouble: Trouble) -> str:
    more = trouble.learners - len(trouble.examples)
    return ", ".join(trouble.examples) + (f" and {more} more" if more else "")


def _verdict(found: Understood) -> str:
    if found.in_order:
        return "Nothing that was read would leave a decision undetermined."
    count = sum(trouble.undetermined for trouble in found.troubles)
    return f"{number(count, 'trouble')} would leave decisions undetermined: put right what is marked ✗ first."
