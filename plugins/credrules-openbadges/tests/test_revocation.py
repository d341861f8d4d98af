"""Badges that are taken back: who sees it, and what survives a crash."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openbadgeslib.ob3.credential import OpenBadgeCredential
from openbadgeslib.ob3.ldp import OB3LdpVerifier
from openbadgeslib.ob3.status import check_credential_status, decode_encoded_list, set_indices
from openbadgeslib.ob3.verifier import OB3VerificationError

from credrules import Refused, Unavailable
from credrules.testing import sample_award
from credrules_openbadges import OpenBadgesIssuer
from credrules_openbadges.status_list import SIZE, decoded, encoded

URL = "https://university.example/badges"


def place_of(badge):
    status = badge["credentialStatus"]
    return status["statusListCredential"], int(status["statusListIndex"])


def published(folder, number=1):
    text = json.loads((folder / f"status-{number}.json").read_text())["credentialSubject"]["encodedList"]
    return set(set_indices(decode_encoded_list(text)))


def check_elsewhere(issuer, badge):
    """What openbadgeslib says of it; it gets the list from the folder, as a web server would give it."""

    def download(url):
        assert url.startswith(f"{URL}/")
        return (issuer.folder / url.removeprefix(f"{URL}/")).read_bytes()

    OB3LdpVerifier().verify(badge.text)
    check_credential_status(OpenBadgeCredential.from_jwt_payload(badge.badge), download)


def test_an_independent_verifier_sees_it_and_no_other_badge_is_touched(issuer, issued):
    mine, yours = (issued(issuer, sample_award(learner)) for learner in ("L001", "L002"))
    check_elsewhere(issuer, mine)

    issuer.revoke(issuer.find(sample_award("L001")), "The grade was entered for the wrong learner.")

    with pytest.raises(OB3VerificationError, match="revocation"):
        check_elsewhere(issuer, mine)
    check_elsewhere(issuer, yours)
    assert "The grade was entered for the wrong learner." in issuer.verify(mine.path).faults[0]
    assert issuer.verify(yours.path).faults == ()


def test_a_verifier_from_npm_sees_it(issuer, issued, npm):
    mine, yours = (issued(issuer, sample_award(learner)) for learner in ("L001", "L002"))
    served = f"{URL}/status-1.json={issuer.folder / 'status-1.json'}"
    assert npm("badge", mine.path, served) == {"verified": True, "revoked": [False]}

    issuer.revoke(issuer.find(sample_award("L001")), "It was awarded by mistake.")

    assert npm("badge", mine.path, served) == {"verified": True, "revoked": [True]}
    assert npm("badge", yours.path, served) == {"verified": True, "revoked": [False]}


def test_a_verifier_from_npm_refuses_a_list_with_one_bit_changed(issuer, issued, npm):
    mine = issued(issuer, sample_award())
    issuer.revoke(issuer.find(sample_award()), "It was awarded by mistake.")
    path = issuer.folder / "status-1.json"
    document = json.loads(path.read_text())
    document["credentialSubject"]["encodedList"] = encoded([])
    path.write_text(json.dumps(document))

    assert not npm("badge", mine.path, f"{URL}/status-1.json={path}")["verified"]


def test_no_two_badges_have_one_place_and_their_order_does_not_show(issuer, issued):
    places = [place_of(issued(issuer, sample_award(f"L{number}")).badge) for number in range(150)]

    assert len(set(places)) == 150
    assert {url for url, _ in places} == {f"{URL}/status-1.json"}
    positions = [position for _, position in places]
    rising = sum(one < next_one for one, next_one in pairwise(positions))
    assert 50 < rising < 100  # in about half of the steps
    assert max(positions) - min(positions) > SIZE / 2


def test_a_full_list_is_followed_by_another(issuer, issued, monkeypatch):
    monkeypatch.setattr("credrules_openbadges.status_list.FULL", 3)

    made = [issued(issuer, sample_award(f"L{number}")) for number in range(7)]
    issuer.revoke(issuer.find(sample_award("L6")), "It was awarded by mistake.")

    assert [place_of(one.badge)[0][-6] for one in made] == list("1112223")
    assert (published(issuer.folder, 1), published(issuer.folder, 2)) == (set(), set())
    assert published(issuer.folder, 3) == {place_of(made[6].badge)[1]}


def test_a_badge_that_was_deleted_gets_its_own_place_again(issuer, issued):
    made = issued(issuer, sample_award())
    made.path.unlink()

    assert issued(issuer, sample_award()).text == made.text


def test_a_badge_that_was_made_before_there_were_lists_cannot_be_taken_back_and_stays_valid(tmp_path, key_pem, issued):
    before = OpenBadgesIssuer("badges", tmp_path / "out", key_pem)
    made = issued(before, sample_award())
    now = OpenBadgesIssuer("badges", tmp_path / "out", key_pem, URL)
    receipt = now.find(sample_award())

    assert now.verify(made.path).faults == ()
    assert now.issue(sample_award()) == receipt
    with pytest.raises(Refused, match="No badge with a place in a status list"):
        now.revoke(receipt, "It was awarded by mistake.")
    with pytest.raises(Refused, match="without a public-url"):
        before.revoke(receipt, "It was awarded by mistake.")


def test_nothing_is_issued_or_taken_back_when_the_books_are_lost(issuer, issued):
    issued(issuer, sample_award("L001"))
    receipt = issuer.find(sample_award("L001"))
    shutil.rmtree(issuer.books)

    with pytest.raises(Unavailable, match="Put back the books"):
        issuer.issue(sample_award("L002"))
    with pytest.raises(Refused):
        issuer.revoke(receipt, "It was awarded by mistake.")


def test_older_books_never_make_valid_what_was_taken_back(issuer, issued, tmp_path):
    for learner in ("L001", "L002"):
        issued(issuer, sample_award(learner))
    shutil.copytree(issuer.books, tmp_path / "backup")
    issuer.revoke(issuer.find(sample_award("L001")), "It was awarded by mistake.")
    revoked = published(issuer.folder)
    shutil.rmtree(issuer.books)
    shutil.copytree(tmp_path / "backup", issuer.books)

    with pytest.raises(Unavailable, match="older than"):
        issuer.revoke(issuer.find(sample_award("L002")), "It was awarded by mistake.")

    assert published(issuer.folder) == revoked


def test_books_that_are_none_are_said(issuer):
    issuer.books.mkdir(parents=True)
    (issuer.books / "status.db").write_text("something else, and long enough to be taken for a database file" * 20)

    assert "cannot be read" in next(iter(issuer.check()))
    with pytest.raises(Unavailable, match="cannot be used"):
        issuer.issue(sample_award())
    assert not list(issuer.folder.glob("*"))


def test_the_books_are_not_among_what_is_published(issuer, issued):
    issued(issuer, sample_award())

    assert issuer.books not in (issuer.folder, *issuer.folder.parents)
    assert issuer.folder not in issuer.books.parents
    assert sorted(path.suffix for path in issuer.folder.iterdir()) == [".json", ".json"]


@given(st.sets(st.integers(0, SIZE - 1), max_size=300))
def test_bits_are_read_back_by_us_and_by_others(positions):
    text = encoded(positions)

    assert decoded(text) == positions
    assert set(set_indices(decode_encoded_list(text))) == positions


@pytest.mark.parametrize("text", ["", "u", "uAAAA", "z" + encoded([])[1:], encoded([])[:-9], "u" + "A" * 200_000])
def test_what_is_no_list_is_not_read_as_one(text):
    with pytest.raises(ValueError):
        decoded(text)


WORKER = """
import sys
from pathlib import Path
from credrules.testing import sample_award
from credrules_openbadges import OpenBadgesIssuer

key = Path(sys.argv[2]).read_text()
issuer = OpenBadgesIssuer("badges", Path(sys.argv[1]), key, "https://university.example/badges")
for number in range(int(sys.argv[3])):
    receipt = issuer.issue(sample_award(f"L{number}"))
    if number % 3 == 0:
        issuer.revoke(receipt, "It was awarded by mistake.")
"""


def test_workers_that_are_killed_give_no_place_twice_and_forget_no_revocation(tmp_path, key_pem):
    """At once, and at the same awards."""
    key, folder, badges = tmp_path / "key.pem", tmp_path / "out", 24
    key.write_text(key_pem)
    command = [sys.executable, "-c", WORKER, str(folder), str(key), str(badges)]
    chance, taken_back, kills = random.Random(20261124), set(), 0
    for _ in range(4):
        workers = [subprocess.Popen(command), subprocess.Popen(command)]
        before = len(list(folder.glob("*"))) if folder.exists() else 0
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and all(worker.poll() is None for worker in workers):
            if folder.exists() and len(list(folder.glob("*"))) > before:
                break
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.15))
        for worker in workers:
            worker.send_signal(signal.SIGKILL)
            kills += worker.wait() == -signal.SIGKILL
        if (folder / "status-1.json").exists():
            assert taken_back <= published(folder)  # nothing is valid again
            taken_back = published(folder)

    assert kills
    assert subprocess.run(command, check=True).returncode == 0
    issuer = OpenBadgesIssuer("badges", folder, key_pem, URL)
    made = [path for path in folder.glob("*.json") if not path.name.startswith("status-")]
    places = [place_of(json.loads(path.read_text())) for path in made]
    assert len(made) == len(set(places)) == badges
    faults = {number: issuer.verify(file_of(issuer, number)).faults for number in range(badges)}
    assert {number for number, found in faults.items() if found} == set(range(0, badges, 3))
    bits = {place_of(json.loads(file_of(issuer, number).read_text()))[1] for number in range(0, badges, 3)}
    assert published(folder) == bits


def file_of(issuer, number):
    return issuer.folder / issuer.find(sample_award(f"L{number}")).detail["file"]


def test_a_revocation_that_was_cut_off_before_the_list_is_done_by_doing_it_again(issuer, issued, monkeypatch):
    made = issued(issuer, sample_award())
    receipt = issuer.find(sample_award())
    with monkeypatch.context() as cut:
        cut.setattr(issuer._lists, "_publish", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            issuer.revoke(receipt, "It was awarded by mistake.")
    assert published(issuer.folder) == set()

    issuer.revoke(receipt, "It was awarded by mistake.")

    assert published(issuer.folder) == {place_of(made.badge)[1]}


@pytest.mark.parametrize("reference", ["", "urn:uuid:00000000-0000-0000-0000-000000000000", "../../etc/passwd"])
def test_a_reference_that_names_nothing_takes_nothing_back(issuer, issued, reference):
    issued(issuer, sample_award())

    with pytest.raises(Refused, match="nothing was taken back"):
        issuer.revoke(replace(issuer.find(sample_award()), reference=reference), "It was awarded by mistake.")

    assert published(issuer.folder) == set()
