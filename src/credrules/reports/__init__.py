"""Reports as single HTML files: no script, nothing fetched, to be read on a screen, by a screen reader or on paper.

Jinja2 (the extra `reports`) is imported here alone. Every value is escaped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from credrules.decisions import Outcome
from credrules.errors import CredrulesError
from credrules.wording import number

if TYPE_CHECKING:
    from jinja2 import Environment

OUTCOMES = tuple(str(outcome) for outcome in sorted(Outcome, reverse=True))
MEANINGS = {
    "met": "complete",
    "awaiting": "only a person's word is missing",
    "pending": "work in progress would do",
    "undetermined": "a fact is unknown",
    "unmet": "not done",
}


def html(template: str, title: str, **parts: Any) -> str:
    """A page from the template of that name. Raises CredrulesError where Jinja2 is not installed."""
    return (
        _environment()
        .get_template(f"{template}.html.j2")
        .render(title=title, outcomes=OUTCOMES, meanings=MEANINGS, **parts)
    )


def _environment() -> Environment:
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415  an extra
    except ImportError:
        raise CredrulesError(
            "An HTML report needs Jinja2, which is not installed: pip install 'credrules[reports]'."
        ) from None
    environment = Environment(
        loader=PackageLoader("credrules.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["count"] = lambda amount: f"{amount:,}"
    environment.filters["people"] = lambda amount: number(amount, "learner")
    environment.filters["share"] = _share
    return environment


def _share(part: int, whole: int) -> str:
    """In whole percent, downwards: 999 of 1,000 are not 100 %."""
    return f"{100 * part // whole} %" if whole else ""
