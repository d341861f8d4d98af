"""Somebody else's client, unchanged, takes the emulator for a service of 1.1: it is not only our own reading of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PEERS = Path(sys.prefix, "peers")


@pytest.mark.skipif(not (PEERS / "oneroster_client").is_dir(), reason="`make setup` installs the client of others")
def test_somebody_elses_client_reads_it(campus):
    token = campus.service.grant({"grant_type": "client_credentials"}, campus.service.client)["access_token"]

    read = subprocess.run(
        [sys.executable, Path(__file__).with_name("third_party.py"), campus.server.url, token],
        env={"PYTHONPATH": str(PEERS), "NO_PROXY": "*"},
        capture_output=True,
        check=True,
        text=True,
    )

    assert json.loads(read.stdout) == {
        "students": ["U0001", "U0002", "U0003", "U0004", "U0005"],
        "families": [f"Sample{number}" for number in range(1, 6)],
        "terms": ["2025-08-25", "2026-01-20"],
        "courses": ["STA 501", "CSE 574"],
        "classes": ["T1", "T2"],
        "enrollments": 11,
        "categories": ["Final Grade", "Quiz"],
        "line items": ["Final", "Quiz", "Final", "Quiz"],
        "results": ["fully graded"] * 5,
        "filtered": ["R-CL1-final-U0002"],
    }
