"""A real browser, asked from the command line: for the tests of pages."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)


def find() -> str | None:
    """The browser to use: what CREDRULES_TEST_BROWSER says, or the first that is installed."""
    named = os.environ.get("CREDRULES_TEST_BROWSER")
    return named or next((path for path in map(shutil.which, NAMES) if path), None)


@dataclass(frozen=True)
class Browser:
    program: str
    profile: Path

    def dom(self, page: Path | str) -> str:
        """The document as the browser understood it."""
        return self._run(page, "--dump-dom")

    def picture(self, page: Path | str, to: Path, size: str = "1100,1400", *more: str) -> bytes:
        self._run(page, f"--screenshot={to}", f"--window-size={size}", *more)
        return to.read_bytes()

    def paper(self, page: Path | str, to: Path) -> bytes:
        """The page as it would be printed, a PDF."""
        self._run(page, f"--print-to-pdf={to}", "--no-pdf-header-footer")
        return to.read_bytes()

    def _run(self, page: Path | str, *options: str) -> str:
        address = page if isinstance(page, str) else page.as_uri()
        done = subprocess.run(
            [self.program, *QUIET, f"--user-data-dir={self.profile}", *options, address],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        return done.stdout
