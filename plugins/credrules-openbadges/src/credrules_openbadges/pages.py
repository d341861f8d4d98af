"""What is written from templates: pages and pictures. Jinja2 is imported here alone; every value is escaped."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined


def render(template: str, **parts: Any) -> str:
    return _environment().get_template(template).render(**parts)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("credrules_openbadges"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["web"] = _web
    return environment


def _web(address: str) -> str:
    """Where a link leads: to a page, never to something that runs."""
    return address if address.lower().startswith(("https:", "http:")) else "#"
