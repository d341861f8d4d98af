"""Somebody else's client, unchanged, takes the emulator for Ethos: it is not only our own reading of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ethos_emulator.campus import guid

PEERS = Path(sys.prefix, "peers")


@pytest.mark.skipif(not (PEERS / "EllucianEthosPythonClient").is_dir(), reason="`make setup` installs others' clients")
def test_somebody_elses_client_reads_it(campus):
    campus.service.tell("created", "person-holds", guid("hold"), campus.row("person-holds", "hold"))
    campus.service.tell("replaced", "persons", guid("P1"), campus.row("persons", "P1"))
    campus.service.tell("deleted", "persons", guid("P2"))

    read = subprocess.run(
        [sys.executable, Path(__file__).with_name("third_party.py"), campus.server.url, campus.service.key],
        env={"PYTHONPATH": str(PEERS), "NO_PROXY": "*"},
        capture_output=True,
        check=True,
        text=True,
    )

    assert json.loads(read.stdout) == {
        "grades": 10,
        "persons": 6,
        "version": "12.3.0",
        "nobody": None,
        "told": [
            ["created", "person-holds", "6", False],
            ["replaced", "persons", "12", False],
            ["deleted", "persons", None, True],
        ],
    }
