"""The CSV bundle: whole files that a manifest vouches for, or nothing."""

from __future__ import annotations

import zipfile

import pytest

from credrules import RecordsError
from credrules.records import identifying


def test_the_same_people_are_the_same_records_from_a_service_and_from_a_bundle(campus, bundle):
    campus.row("users", "U0001")["preferredFirstName"] = None

    assert [identifying(one) for one in bundle.records().values()] == [
        identifying(one) for one in campus.records().values()
    ]
    assert set(bundle.source.courses()) == set(campus.source.courses())
    assert bundle.source.capabilities == campus.source.capabilities


def test_a_folder_is_as_good_as_a_zip(bundle):
    expected = bundle.records()
    with zipfile.ZipFile(bundle.folder / "oneroster.zip") as archive:
        archive.extractall(bundle.folder / "folder")

    records = [one for batch in bundle.source_at("folder").batches() for one in batch.records]
    assert records == list(expected.values())


def test_without_a_manifest_nobody_knows_what_is_whole(bundle):
    del bundle.files["manifest"]

    with pytest.raises(RecordsError, match=r"manifest.csv: is not in the bundle. Without a manifest"):
        bundle.records()


def test_changes_alone_are_refused_and_every_file_that_is_wrong_is_named(bundle):
    bundle.manifest("users", "delta")
    bundle.manifest("results", "absent")
    bundle.manifest("courses", "bluk")

    with pytest.raises(RecordsError) as refused:
        bundle.records()
    text = str(refused.value)
    assert "users.csv holds changes alone (delta)" in text
    assert "results.csv is absent" in text
    assert "Possible: bulk, delta, absent. Did you mean 'bulk'?" in text


def test_a_file_that_the_manifest_promises_must_be_there(bundle):
    del bundle.files["enrollments"]

    with pytest.raises(RecordsError, match=r"enrollments.csv: is not in the bundle. The manifest says that it is."):
        bundle.records()


def test_a_file_that_the_manifest_calls_absent_is_not_read(bundle):
    bundle.files["demographics"] = ["sourcedId,birthDate", 'not even CSV"']

    assert len(bundle.records()) == 5


def test_roles_of_1_1_are_in_the_users(bundle):
    del bundle.files["roles"]
    bundle.manifest("roles", "absent")
    head, *rows = bundle.files["users"]
    bundle.files["users"] = [f"{head},role", *(f"{row},{'teacher' if row[0] == 'T' else 'student'}" for row in rows)]

    assert sorted(bundle.records()) == ["U0001", "U0002", "U0003", "U0004", "U0005"]


def test_an_empty_file_is_not_nobody(bundle):
    bundle.files["enrollments"] = bundle.files["enrollments"][:1]

    with pytest.raises(RecordsError, match=r"enrollments.csv: has nobody and nothing in it"):
        bundle.records()


def test_a_line_that_is_cut_off_is_an_error_with_its_number(bundle):
    bundle.files["results"][3] = bundle.files["results"][3][:30]

    with pytest.raises(RecordsError, match=r"results.csv:4: this row has not the 8 cells of the header"):
        bundle.records()


def test_every_row_of_nobody_is_named(bundle):
    for line in (1, 2):
        bundle.files["results"][line] = bundle.files["results"][line].replace("U000", "").replace("1,fully", ",fully")

    with pytest.raises(RecordsError, match=r"results.csv:2: has no student"):
        bundle.records()


def test_a_missing_column_is_named(bundle):
    bundle.files["results"][0] = bundle.files["results"][0].replace("scoreStatus", "state")

    with pytest.raises(RecordsError, match=r"results.csv:1: has no column scoreStatus. It has: sourcedId"):
        bundle.records()


@pytest.mark.parametrize("content", [b"PK\x03\x04 no zip", b"sourcedId\xff"])
def test_what_is_no_bundle_says_so(bundle, content):
    (bundle.folder / "x.zip").write_bytes(content)

    with pytest.raises(RecordsError, match=r"x.zip/manifest.csv: cannot be read: File is not a zip file"):
        list(bundle.source_at("x.zip").batches())
    with pytest.raises(RecordsError, match="is not there"):
        list(bundle.source_at("nothing.zip").batches())


def test_a_file_in_another_encoding_says_so(bundle):
    source = bundle.source
    with zipfile.ZipFile(bundle.folder / "oneroster.zip") as archive:
        archive.extractall(bundle.folder / "folder")
    users = bundle.folder / "folder" / "users.csv"
    users.write_bytes(users.read_bytes().replace(b"Ada", "Zoë".encode("cp1252")))

    assert list(source.batches())
    with pytest.raises(RecordsError, match=r"users.csv: is not UTF-8"):
        list(bundle.source_at("folder").batches())
