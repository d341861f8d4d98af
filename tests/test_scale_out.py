"""A population on a cluster: wherever its rows are cut, the outcomes of one process; the unreadable is set aside."""

from __future__ import annotations

import itertools
import json
import os
import pickle
import sys
from importlib.util import find_spec
from random import Random

import pytest

pytest.importorskip("pyarrow")

import pyarrow as pa
import pyarrow.parquet as pq
from click.testing import CliRunner
from tests.test_columnar import batch_of, people

from credrules.cli import cli
from credrules.engines.columnar import Partition, table_schema
from credrules.errors import EngineError, EngineUnavailable
from credrules.scale_out import cluster, task
from credrules.scale_out.gather import complete
from credrules.testing.random_cases import TODAY, random_plan

PLAN = random_plan(Random(5))
ROWS = batch_of(people(5, PLAN, 30))
PARTITION = Partition(PLAN, TODAY)
TABLES = ("learners", "attempts")


def run(batches, tables=(), learners=7):
    """The outcomes and the refused of one task."""
    found = list(task.Task(task.Outcomes(Partition(PLAN, TODAY, learners=learners)), tables)(batches))
    rows = [row for batch in found for row in batch.to_pylist()]
    outcomes = [row for row in rows if row["output"] == task.FOUND]
    aside = [(row["learner_id"], row["program"], row["because"]) for row in rows if row["output"] == task.SET_ASIDE]
    names = PARTITION.layout().schema().names
    return [{name: row[name] for name in names} for row in outcomes], aside


def whole(rows=ROWS):
    return [row for batch in PARTITION([rows]) for row in batch.to_pylist()]


def tagged(rows=ROWS, keep=lambda table, learner: True, twice=()):
    """Flat tables of learners and attempts as a cluster hands them over: one stream, in order of learner."""
    kinds = {name: pa.struct([one for one in table_schema(name) if one.name != "learner_id"]) for name in TABLES}
    found = []
    for row in rows.select(["learner_id", "affiliation", "privacy", "attempts"]).to_pylist():
        name = row["learner_id"]
        values = [("learners", {key: row[key] for key in ("affiliation", "privacy")})] * (1 + (name in twice))
        values += [("attempts", one) for one in row["attempts"] or ()]
        for table, one in values:
            if keep(table, name):
                found.append({"learner_id": name, "table": TABLES.index(table), table: one})
    schema = pa.schema([("learner_id", pa.string()), ("table", pa.int8()), *kinds.items()])
    return pa.RecordBatch.from_pylist(found, schema)


def cut(batch, size):
    return [batch.slice(first, size) for first in range(0, batch.num_rows, size)]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 1000])
def test_a_learner_who_straddles_two_batches_is_one_learner(size):
    flat = ROWS.select(["learner_id", "affiliation", "privacy", "attempts"])

    assert run(cut(tagged(), size), TABLES) == (whole(flat), [])


@pytest.mark.parametrize("size", [1, 7, 30])
def test_where_rows_of_whole_learners_are_cut_makes_no_difference(size):
    assert run(cut(ROWS, size)) == (whole(), [])


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_no_learner_is_in_two_batches_and_no_row_is_lost(size):
    rows = tagged()
    found = list(complete(cut(rows, size), []))

    last = [{*batch.column("learner_id").to_pylist()} for batch in found]
    assert all(not one & other for one, other in itertools.pairwise(last))
    assert pa.Table.from_batches(found).to_pylist() == rows.to_pylist()


def test_an_empty_partition_has_no_outcomes():
    assert run([]) == ([], [])
    assert run([ROWS.slice(0, 0)]) == ([], [])


# What cannot be read is a row of the second output, and everybody else is decided.


def others(*names):
    return [row for row in whole() if row["learner_id"] not in names]


@pytest.mark.parametrize("size", [1, 2, 31])
def test_a_learner_of_whom_there_are_two_records_is_set_aside_and_not_decided_by_one_of_them(size):
    rows = pa.Table.from_batches([ROWS.slice(0, 10), ROWS.slice(9)]).combine_chunks().to_batches()[0]

    found, aside = run(cut(rows, size))

    assert found == others("L0009")
    assert aside == [("L0009", "", "There are 2 records of this learner; there may be one.")]


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_a_learner_who_is_in_learners_twice_is_set_aside_with_all_rows(size):
    found, aside = run(cut(tagged(twice={"L0004"}), size), TABLES)

    assert [row["learner_id"] for row in found] == [row["learner_id"] for row in others("L0004")]
    assert aside == [("L0004", "", "'learners' has this learner 2 times; there may be one row.")]


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_attempts_of_somebody_whom_learners_lacks_are_set_aside(size):
    rows = tagged(keep=lambda table, learner: table != "learners" or learner != "L0004")
    count = len(ROWS.column("attempts")[4])

    found, aside = run(cut(rows, size), TABLES)

    assert "L0004" not in {row["learner_id"] for row in found}
    assert aside == [("L0004", "", f"'attempts' has {count} of this learner, whom 'learners' lacks.")]


@pytest.mark.parametrize("name", [None, "", "  "])
def test_rows_that_name_no_learner_are_counted_and_nothing_else(name):
    nameless = ROWS.slice(0, 2).set_column(0, ROWS.schema.field(0), pa.array([name, name], pa.string()))

    found, aside = run([nameless, ROWS])

    assert found == whole()
    assert aside == [(None, "", "2 rows have no learner_id.")]


def test_a_value_that_no_record_can_have_sets_its_learner_aside_and_nobody_else():
    learners = ROWS.column("affiliation").to_pylist()
    spoilt = ROWS.set_column(1, ROWS.schema.field(1), pa.array(["abroad", *learners[1:]]))

    found, aside = run([spoilt])

    assert found[1:] == whole()[1:]
    assert [one[:2] for one in aside] == [("L0000", "")]
    assert "abroad" in aside[0][2]


def test_a_learner_with_more_rows_than_a_batch_is_one_learner():
    many = pa.concat_batches(
        [tagged().slice(0, 1)] + [row for row in cut(tagged(), 1) if row["table"][0].as_py()][:1] * 50
    )
    many = many.set_column(0, many.schema.field(0), pa.array(["L0000"] * many.num_rows))

    assert [batch.num_rows for batch in complete(cut(many, 2), [])] == [51]


def test_a_task_can_be_sent_to_another_machine():
    sent = task.Task(task.Outcomes(PARTITION))

    assert pickle.loads(pickle.dumps(sent)) == sent  # noqa: S301  our own


# What is missing is said before anything starts.


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scale-out")
    before = os.getcwd()
    os.chdir(folder)
    try:
        done = CliRunner().invoke(cli, ["init", "uni"])
        assert done.exit_code == 0, done.output
        os.chdir(folder / "uni")
        yield folder / "uni"
    finally:
        os.chdir(before)


def test_a_missing_java_is_said_with_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))

    said = "\n".join(cluster._java_faults())

    assert said.startswith(f"Deciding on a cluster needs Java 17; there is none in JAVA_HOME ({tmp_path}).")
    assert "openjdk-17-jre-headless" in said


@pytest.mark.parametrize(("version", "old"), [("11.0.2", True), ("1.8.0_392", True), ("17.0.15", False), ("21", False)])
def test_a_java_that_is_too_old_is_said(monkeypatch, tmp_path, version, old):
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025-04-15' >&2\n")
    java.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))

    assert bool(list(cluster._java_faults())) is old


def test_a_missing_pyspark_is_said_with_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyspark", None)

    with pytest.raises(EngineUnavailable, match=r"pip install 'credrules\[spark\]' \(about 480 MB\)"):
        cluster.check("local[2]")


def test_everything_that_is_missing_is_said_at_once(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pyspark", None)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))

    with pytest.raises(EngineUnavailable) as raised:
        cluster.check("sparky://here")

    assert [line.split(" ")[0] for line in str(raised.value).splitlines()] == [
        "'sparky://here'",
        "Deciding",
        "Deciding",
    ]


@pytest.mark.parametrize("url", ["local", "local[2]", "local[*]", "spark://h:7077", "spark://a:1,b:2", "yarn"])
def test_addresses_of_clusters(url):
    assert list(cluster._address_faults(url)) == []


def test_what_a_failed_job_says_is_one_line_of_python():
    said = "Job aborted\n  File x\nModuleNotFoundError: No module named 'credrules'\n\tat java"

    assert cluster._said(Exception(said)).startswith("ModuleNotFoundError: No module named 'credrules'. Every machine")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--from", "records"), "say which one, with --on"),
        (("--on", "sparky://here"), "'sparky://here' is no address of a cluster. There may be: local[2]"),
    ],
)
def test_a_cluster_that_is_not_said_or_not_one_is_refused_before_a_record_is_read(home, words, said):
    done = CliRunner().invoke(cli, ["audit", *words])

    assert done.exit_code != 0
    assert said in done.output + str(done.exception)


# With Spark itself.


needs_spark = pytest.mark.skipif(
    find_spec("pyspark") is None or any(cluster._java_faults()),
    reason="needs the extra `spark` (make spark) and Java 17: about 480 MB, and so not in requirements.lock",
)


@needs_spark
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # sockets that PySpark leaves to be collected
def test_an_audit_on_a_cluster_is_the_audit_without(home):
    here, there = (CliRunner().invoke(cli, ["--json", "audit", *on]) for on in ((), ("--on", "local[2]")))

    assert (here.exit_code, there.exit_code) == (0, 0), there.output
    told = [json.loads(done.stdout) for done in (here, there)]
    assert told[0]["programs"] == told[1]["programs"]
    assert told[0]["learners"] == told[1]["learners"] > 0
    assert told[0]["set_aside"] == told[1]["set_aside"]


@needs_spark
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_cluster_decides_as_one_process_and_brings_back_who_changed(tmp_path):
    from credrules import scale_out

    third = whole()[3]["decisions"]
    other = next(at for at, row in enumerate(whole()) if row["decisions"] != third)
    changed = ROWS.slice(other, 1).set_column(0, ROWS.schema.field(0), pa.array(["L0003"]))
    both = {"before": [ROWS], "after": [ROWS.slice(0, 3), changed, ROWS.slice(4)], "broken": [ROWS, ROWS.slice(29)]}
    for name, batches in both.items():
        (tmp_path / name).mkdir()
        pq.write_table(pa.Table.from_batches(batches), tmp_path / name / "records.parquet")
    (tmp_path / "flat").mkdir()
    for name in ("learners", "attempts"):
        pq.write_table(_flat(name), tmp_path / "flat" / f"{name}.parquet")

    with scale_out.session("local[1]", {"spark.sql.shuffle.partitions": "1"}) as spark:
        for name in (*both, "flat"):
            scale_out.decide(spark, str(tmp_path / name), PARTITION, str(tmp_path / f"{name}-out"))
        found = scale_out.outcomes(spark, str(tmp_path / "before-out")).toArrow().sort_by("learner_id").to_pylist()
        flat = scale_out.outcomes(spark, str(tmp_path / "flat-out")).toArrow().sort_by("learner_id").to_pylist()
        differ = scale_out.changed(spark, str(tmp_path / "before-out"), str(tmp_path / "after-out"))
        aside = [row.asDict() for row in scale_out.set_aside(spark, str(tmp_path / "broken-out")).collect()]
        with pytest.raises(EngineError, match="neither records"):
            scale_out.decide(spark, str(tmp_path), PARTITION, str(tmp_path / "nothing-out"))

    assert found == whole()
    assert flat == whole(ROWS.select(["learner_id", "affiliation", "privacy", "attempts"]))
    assert differ == ["L0003"]
    assert [one["learner_id"] for one in aside] == ["L0029"]


def _flat(name):
    rows = tagged()
    mine = rows.filter(pa.compute.equal(rows.column("table"), TABLES.index(name)))
    inner = mine.column(name)
    return pa.table([mine.column("learner_id"), *inner.flatten()], ["learner_id", *(one.name for one in inner.type)])
