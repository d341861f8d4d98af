from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from hypothesis import strategies as st

from credrules import Evidence
from credrules.testing import sample_award
from credrules_openbadges import OpenBadgesIssuer, new_key_pem

if TYPE_CHECKING:
    from credrules import Award


@dataclass(frozen=True)
class Issued:
    """A badge that was issued: its file, and what that says."""

    path: Path
    badge: dict[str, Any]

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def npm():
    """A function that asks the verifiers from npm; what it gives leaves out what they do not say."""
    folder = Path(__file__).parent / "npm"
    if not shutil.which("node") or not (folder / "node_modules").is_dir():
        pytest.skip("there are no verifiers from npm: `make verifiers` installs them, where there is Node.js")

    def ask(*words: object) -> dict[str, Any]:
        command = ["node", folder / "verify.mjs", *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        return json.loads(done.stdout)

    return ask


@pytest.fixture(scope="session")
def key_pem():
    return new_key_pem()


@pytest.fixture(scope="session")
def public_pem(key_pem):
    private = load_pem_private_key(key_pem.encode(), password=None)
    return private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.fixture
def issuer(tmp_path, key_pem):
    return OpenBadgesIssuer("badges", tmp_path / "out", key_pem, "https://university.example/badges/")


@pytest.fixture(scope="session")
def issued():
    """A function that issues an award."""

    def issue(issuer: OpenBadgesIssuer, award: Award) -> Issued:
        path = issuer.folder / issuer.issue(award).detail["file"]
        return Issued(path, json.loads(path.read_text(encoding="utf-8")))

    return issue


@pytest.fixture(scope="session")
def awards():
    """Awards with whatever text may stand in them, as a Hypothesis strategy."""
    printed = st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n\t\r")
    texts = st.text(printed, min_size=1, max_size=60).filter(str.strip)
    addresses = st.none() | st.integers(0, 10**6).map(lambda number: f"https://evidence.example/ä/{number}?a=b#c")
    evidence = st.builds(Evidence, title=texts, detail=st.just("") | texts, url=addresses, kind=texts)
    return st.builds(
        lambda learner, email, changes, evidence, credits_, day, later: sample_award(
            learner,
            recipient=replace(sample_award(learner).recipient, email=email),
            achievement=replace(sample_award().achievement, **changes),
            evidence=tuple(evidence),
            credits=credits_,
            earned_on=day,
            conferred_on=None if later is None else day + timedelta(days=later),
            # Far off: others refuse what has ended.
            expires_on=None if later is None else date(2100, 1, 1) + timedelta(days=later),
        ),
        texts,
        st.none() | st.just(" ") | texts,
        st.fixed_dictionaries(
            {"title": texts, "description": texts, "criteria": texts, "skills": st.lists(texts, max_size=4).map(tuple)},
            optional={
                "url": st.none(),
                "image": st.sampled_from(["https://university.example/a.png", "data:image/png;base64,iVBORw0KGgo="]),
            },
        ),
        st.lists(evidence, max_size=4, unique_by=lambda one: one.url or one),
        st.none() | st.decimals(0, 99, places=3),
        st.dates(date(1900, 1, 1), date(2026, 6, 1)),
        st.none() | st.integers(0, 400),
    )
