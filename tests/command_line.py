"""`credrules` as a person calls it, without the second that a new process takes to start."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from unittest.mock import patch

from credrules.cli import main

PLAIN = {"NO_COLOR": "1", "COLUMNS": "200"}


def credrules(folder, *words):
    """What a command in a folder prints, and its exit code."""
    out, err = io.StringIO(), io.StringIO()
    with (
        chdir(folder),
        patch.dict(os.environ, PLAIN),
        patch.object(sys, "argv", ["credrules", *map(str, words)]),
        patch.object(sys, "stdin", io.StringIO()),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as done:
            code = done.code
    return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())
