"""The whole of `run`: CSV files to decisions to signed badges and transcript notes, in a process of its own.

Figures: learners, programs, decisions_per_second (learners x programs over the time of the first run, reading, all
engines, reasons, ledger and issuing included), seconds, awards, peak_mb, peak_mb_at_a_tenth (with a tenth of the
learners: memory must not grow with them); with --again, of a second run, second_run_seconds, new_in_second_run
(nothing) and left_alone_in_second_run (learners: those who were awarded something are looked at again).
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[1]
SIX = (
    "data-analytics",
    "suny-start-gen-ed",
    "early-childhood-education",
    "computing-systems",
    "data-science-graduate-certificate",
    "graduate-certificate",
)

WORKER = """
import json, resource, sys, time
from pathlib import Path
from credrules import pipeline, settings
from credrules.installation import assemble
from credrules.testing.population import AS_OF
started = time.perf_counter()
installation = assemble(settings.load(Path(sys.argv[1])), everybody=True)
report = pipeline.run(installation, AS_OF)
seconds = time.perf_counter() - started
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({**pipeline.counts(report), "seconds": seconds, "peak_mb": peak}))
"""


def options(parser: ArgumentParser) -> None:
    parser.add_argument("--learners", type=int, default=10_000)
    parser.add_argument("--programs", nargs="*", default=SIX, metavar="ID", help="all of them where none is named")
    parser.add_argument("--again", action="store_true", help="run a second time, in which nothing is new")


def measure(asked: Namespace) -> dict[str, object]:
    folder = Path(tempfile.mkdtemp(prefix="credrules-pipeline-"))
    try:
        tenth = prepared(folder / "tenth", asked.learners // 10, asked.programs)
        small = run(tenth)
        print(f"{asked.learners // 10} learners: {small}")
        whole = prepared(folder / "whole", asked.learners, asked.programs)
        first = run(whole)
        print(f"{asked.learners} learners: {first}")
        second = run(whole) if asked.again else None
    finally:
        shutil.rmtree(folder)
    return {
        "learners": first["learners"],
        "programs": first["decisions"] // first["learners"],
        "decisions_per_second": round(first["decisions"] / first["seconds"]),
        "seconds": round(first["seconds"], 1),
        "awards": first["issued"],
        "peak_mb": round(first["peak_mb"]),
        "peak_mb_at_a_tenth": round(small["peak_mb"]),
        **(_again(second) if second else {}),
    }


def _again(second: dict[str, float]) -> dict[str, object]:
    return {
        "second_run_seconds": round(second["seconds"], 1),
        "new_in_second_run": second["new_decisions"] + second["new_awards"] + second["issued"],
        "left_alone_in_second_run": second["left_alone"],
    }


def prepared(folder: Path, learners: int, programs: Sequence[str] = SIX) -> Path:
    """The demo's files with so many learners and these programs, the attestations recorded; its settings file."""
    sys.path.insert(0, str(ROOT / "examples"))
    import demo  # noqa: PLC0415  a script, found by the line above

    rules = folder / "rules"
    shutil.copytree(ROOT / "rules", rules)
    for path in (rules / "programs").iterdir():
        if programs and path.name.partition(".")[0] not in programs:
            path.unlink()
    demo.make(folder, learners, rules)
    settings = folder / "credrules.toml"
    text = settings.read_text(encoding="utf-8").replace('"../../rules"', '"rules"')
    settings.write_text(text, encoding="utf-8")
    program = Path(sys.executable).with_name("credrules")
    attest = [program, "--settings", settings, "attest", "--from", folder / "attestations.csv"]
    subprocess.run(attest, check=True, capture_output=True)
    return settings


def run(settings: Path) -> dict[str, float]:
    done = subprocess.run([sys.executable, "-c", WORKER, settings], check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])  # type: ignore[no-any-return]  # the worker's own line
