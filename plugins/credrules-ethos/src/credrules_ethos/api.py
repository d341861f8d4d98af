"""Api: resources in their own versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from credrules.rest import fail
from credrules.rest_lists import Page, counted, read_list

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from credrules.rest import Answer, Line
    from credrules_ethos.settings import EthosSettings

_MEDIA = "application/vnd.hedtech.integration.v{version}+json"


class Api:
    """Asks for resources. Each has versions of its own, and another one than was asked for is not understood."""

    def __init__(self, line: Line, settings: EthosSettings) -> None:
        self._line = line
        self._settings = settings

    def all(self, resource: str, keep: Callable[[Iterator[dict[str, Any]]], None], forget: Callable[[], None]) -> None:
        """Every row of a resource to `keep`; `forget` those of a reading that has to be begun anew."""
        url = self._url(resource)

        def ask(offset: int) -> Page:
            params = {"limit": str(self._settings.page), "offset": str(offset)}
            answer = self._get(resource, url, params)
            if answer.status != 200:
                fail(url, f"answers {answer.status}. The page of this system says which resources to ask for.")
            rows = answer.data
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                fail(url, "answers with something else than a list of objects.")
            return Page(rows, counted(answer.headers.get("x-total-count", "")))

        read_list(url, "id", ask, keep, forget)

    def one(self, resource: str, key: str) -> dict[str, Any] | None:
        """One row as it is now; None where it is gone."""
        url = f"{self._url(resource)}/{quote(key, safe='')}"
        answer = self._get(resource, url, None)
        if answer.status in (404, 410):
            return None
        if answer.status != 200 or not isinstance(answer.data, dict):
            fail(self._url(resource), f"answers {answer.status}, and no object, for one of its own.")
        return answer.data

    def _url(self, resource: str) -> str:
        return f"{self._settings.url}/api/{resource}"

    def _get(self, resource: str, url: str, params: dict[str, str] | None) -> Answer:
        version = self._settings.version(resource)
        answer = self._line.get(url, params, _MEDIA.format(version=version))
        if answer.status == 406:
            fail(
                self._url(resource),
                f"has no version {version} here (406). Ask which it has, and set `{resource}` in [records.versions].",
            )
        said = answer.headers.get("x-media-type") or answer.headers.get("x-hedtech-media-type") or ""
        if answer.status == 200 and said and not _is_version(said, version):
            fail(self._url(resource), f"answers in another version than {version}, which nobody has read.")
        return answer


def _is_version(media_type: str, version: str) -> bool:
    """'v16' is asked for, 'v16.1.0' may be answered: the first number is what promises."""
    _, _, rest = media_type.partition(".integration.v")
    return rest.partition("+")[0].partition(".")[0] == version.partition(".")[0]
