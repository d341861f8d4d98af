"""Rules `for: retention` as they stand in the institution file and the program files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credrules.errors import nearest
from credrules.grounds import NEVER_REVOKES, Ground, RetentionRule, Then
from credrules.rules import Moment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from credrules import rule_shapes as shapes
    from credrules.yaml_files import Document, Path_

GROUND, HOLD = "ground", "hold"
OF_PROGRAMS = ("program.credit-bearing", "program.id")


def check_retention(
    document: Document,
    path: Path_,
    rule: shapes.RuleShape,
    check: Callable[[Path_, str, shapes.Value], None],
    *,
    of_institution: bool,
) -> None:
    """Note what is wrong with a rule; `check` does so for a condition on the program."""
    if rule.for_ is not Moment.RETENTION:
        for key, given in (("then", rule.then), ("confirm", rule.confirm)):
            if given is not None:
                document.problem((*path, key), f"'{key}' belongs to a rule 'for: retention'. This one is not.")
        if not rule.require:
            document.problem(path, "'require' is missing.")
        return
    if rule.require:
        document.problem((*path, "require"), "a rule for retention requires nothing; 'then' says what is to be done.")
    if rule.then is None:
        document.problem(path, f"'then' is missing. It is one of: {', '.join(Then)}.")
    if rule.confirm == "none":
        _check_alone(document, path, rule, of_institution=of_institution)
    _check_when(document, path, rule, check)


def _check_alone(document: Document, path: Path_, rule: shapes.RuleShape, *, of_institution: bool) -> None:
    if not of_institution:
        message = "only the institution file may let something be revoked without a person's word."
        document.problem((*path, "confirm"), message)
    elif rule.then is not Then.REVOKE:
        document.problem((*path, "confirm"), "only 'then: revoke' needs a person's word. Leave 'confirm' out.")


def _check_when(
    document: Document, path: Path_, rule: shapes.RuleShape, check: Callable[[Path_, str, shapes.Value], None]
) -> None:
    if GROUND not in rule.when:
        document.problem(path, f"'when' names no ground. There are: {', '.join(Ground)}.")
    for fact, value in rule.when.items():
        place = (*path, "when", fact)
        if fact in OF_PROGRAMS:
            check(place, fact, value)
        elif fact == GROUND:
            _check_grounds(document, place, _texts(value), rule.then)
        elif fact == HOLD:
            if Ground.CONDUCT not in _texts(rule.when.get(GROUND, [])):
                document.problem(place, f"'{HOLD}' says which holds are a conduct decision: name the ground 'conduct'.")
        else:
            possible = (GROUND, HOLD, *OF_PROGRAMS)
            message = f"'{fact}' is nothing that a rule for retention asks. There are: {', '.join(possible)}."
            document.problem(place, message + nearest(fact, possible))
    if Ground.CONDUCT in _texts(rule.when.get(GROUND, [])) and HOLD not in rule.when:
        document.problem(path, f"'{HOLD}' is missing: the codes of the holds that are a conduct decision.")


def _check_grounds(document: Document, place: Path_, grounds: list[str], then: Then | None) -> None:
    for text in grounds:
        if text not in tuple(Ground):
            message = f"'{text}' is no ground. There are: {', '.join(Ground)}.{nearest(text, Ground)}"
            document.problem(place, message)
        elif then is Then.REVOKE and text in NEVER_REVOKES:
            message = (
                f"nothing is revoked because it is '{text}': that says nothing of what became of it. Write 'flag'."
            )
            document.problem(place, message)
    if not grounds:
        document.problem(place, f"'{GROUND}' has no value.")


def retention_rule(rule: shapes.RuleShape) -> RetentionRule | None:
    """The rule, understood; None where something is wrong with it, which was noted before."""
    grounds = [text for text in _texts(rule.when.get(GROUND, [])) if text in tuple(Ground)]
    if rule.then is None or not grounds:
        return None
    return RetentionRule(
        id=rule.id,
        grounds=frozenset(map(Ground, grounds)),
        then=rule.then,
        alone=rule.confirm == "none",
        holds=frozenset(_texts(rule.when.get(HOLD, []))),
        told=rule.otherwise,
    )


def asked_of_program(when: Mapping[str, shapes.Value]) -> dict[str, shapes.Value]:
    """The part of `when` that does not change from learner to learner."""
    return {fact: value for fact, value in when.items() if fact in OF_PROGRAMS}


def _texts(value: shapes.Value) -> list[str]:
    return [value] if isinstance(value, str) else [] if isinstance(value, bool) else value
