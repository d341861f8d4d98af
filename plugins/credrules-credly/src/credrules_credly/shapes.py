"""What Credly says, understood. Attributes that nobody here needs, and new ones, are passed over."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from credrules import AcceptanceState

_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
ModelT = TypeVar("ModelT", bound=BaseModel)

STATES = {
    "pending": AcceptanceState.PENDING,
    "accepted": AcceptanceState.ACCEPTED,
    "rejected": AcceptanceState.REJECTED,
    "revoked": AcceptanceState.REVOKED,
}


def is_id(text: str) -> bool:
    """Ids become parts of addresses, so that nothing else may stand in one."""
    return bool(_ID.fullmatch(text))


def _id(text: str) -> str:
    if not is_id(text):
        raise ValueError("is no id")
    return text


def _whole(text: str) -> str:
    text.encode()  # half of a character is a ValueError
    return text


def _page(value: object) -> object:
    """An address that may be shown to people; none where it is not one."""
    if not isinstance(value, str) or len(value) > 500 or any(sign <= " " for sign in value):
        return None
    try:
        parts = urlsplit(value)
    except ValueError:
        return None
    return value if parts.scheme == "https" and parts.hostname and "@" not in parts.netloc else None


def _day(value: object) -> object:
    try:
        return datetime.fromisoformat(value).date() if isinstance(value, str) else None
    except ValueError:
        return None


Id = Annotated[str, AfterValidator(_id)]
Text = Annotated[str, Field(max_length=4000), AfterValidator(_whole)]
Page = Annotated[str | None, BeforeValidator(_page)]
Day = Annotated[date | None, BeforeValidator(_day)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True, hide_input_in_errors=True)


class TemplateShape(_Shape):
    id: Id
    name: Text
    state: Text
    allow_duplicate_badges: bool = False


class _TemplateOfBadge(_Shape):
    id: Id


class BadgeShape(_Shape):
    """An issued badge. Names and addresses in it are not read at all."""

    id: Id
    state: Text
    badge_template: _TemplateOfBadge
    issuer_earner_id: Text | None = None
    created_at: Text = ""
    since: Day = Field(None, alias="state_updated_at")
    created: Day = Field(None, alias="issued_at")
    replacement_badge_id: Id | None = None
    replaces_badge_id: Id | None = None
    badge_url: Page = None
    accept_badge_url: Page = None
    evidence: list[dict[str, Any]] | None = Field(None, max_length=500)

    @property
    def template(self) -> str:
        return self.badge_template.id

    @property
    def url(self) -> str | None:
        """Where the learner accepts it; once that is done, where it is seen."""
        return self.badge_url or self.accept_badge_url

    @property
    def is_live(self) -> bool:
        return self.state in ("pending", "accepted")

    @property
    def acceptance(self) -> AcceptanceState:
        return STATES.get(self.state, AcceptanceState.UNKNOWN)

    def references(self) -> set[str]:
        """The awards of credrules that it names in its evidence; which field they come back in is not documented."""
        texts = [value for item in self.evidence or () for value in item.values() if isinstance(value, str)]
        return {found for text in texts for found in re.findall(r"\bcredrules-[0-9a-f]{32}\b", text[:1000])}


class EventShape(_Shape):
    """An event, or the notice of one."""

    id: Id
    event_type: Text
    badge: dict[str, Any] | None = None


def understood(shape: type[ModelT], data: Any) -> ModelT | None:
    """None where it has another shape."""
    try:
        return shape.model_validate(data)
    except (ValidationError, RecursionError):
        return None
