"""Mutation testing of the decision code: change one thing, and see whether the tests notice.

Each mutant is a copy of src/ with one change in one of FILES: a comparison, a boolean word, a number, a branch, `min`
for `max`. The tests of that file run against it, quickest first, until one fails. A mutant that survives is tried on
random cases: if it gives another outcome anywhere, the suite is at fault.

Figures: mutants, killed, survived, changing (survivors that change an outcome: must be none), unexplained (survivors
without a reason in docs/mutants.md).
"""

from __future__ import annotations

import ast
import compileall
import hashlib
import multiprocessing
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Iterator, Sequence

    Change = tuple[Callable[[], object], str]

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "credrules"
BY_HAND = ("tests/test_outcomes.py", "tests/test_limits_and_tests.py", "tests/test_twelve_decisions.py")
ENGINES = (*BY_HAND, "tests/test_shipped_programs.py", "tests/test_engines.py")
FILES = {
    "engines/plain.py": ENGINES,
    "standing.py": ("tests/test_standing.py",),
    "facts.py": ("tests/test_declared_facts.py", "tests/test_outcomes.py"),
    "windows.py": ("tests/test_windows.py",),
    "rules.py": ("tests/test_selections.py", *BY_HAND, "tests/test_choices.py", "tests/test_versions.py"),
    "exclusions.py": ("tests/test_exclusions.py",),
    "claims.py": (*BY_HAND, "tests/test_claims.py"),
    "life_cycle.py": ("tests/test_confer_dates.py", "tests/test_renewal.py"),
    "conferral.py": ("tests/test_confer_dates.py", "tests/test_claims_of_learners.py", "tests/test_renewal.py"),
    "credentials.py": (
        "tests/test_credentials.py",
        "tests/test_with_degree.py",
    ),
    "never_both.py": ("tests/test_level_minimum.py", "tests/test_levels.py"),
    "uses.py": ("tests/test_caps_across_programs.py",),
    "timing.py": ("tests/test_work.py",),
    "choices.py": ("tests/test_choices.py",),
    "equivalents.py": ("tests/test_equivalents.py",),
    "exceptions.py": ("tests/test_versions.py", "tests/test_with_degree.py", *BY_HAND),
    "catalog_year.py": ("tests/test_versions.py",),
    "versions.py": ("tests/test_versions.py", "tests/test_broken_rules.py"),
    "engines/plain_work.py": ("tests/test_work_by_hand.py", "tests/test_work.py", "tests/test_unknown_work.py"),
    "engines/plain_worlds.py": ("tests/test_worlds.py", "tests/test_choices.py"),
}
REASONS = ROOT / "docs" / "mutants.md"
OPTIONS = (
    *("-x", "-q", "--tb=no", "-p", "no:cacheprovider", "-p", "no:xdist", "--hypothesis-profile=quick"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),  # what is imported before the fork is not rewritten
)
SECONDS = 120
"""A mutant that runs longer than this hangs, which the tests notice as well."""

_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(["pytest", "hypothesis", "pydantic", "sqlalchemy", "yaml", "click", "durable.engine"])

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
CALLS = {"min": "max", "max": "min", "any": "all", "all": "any"}
SUMS: dict[type[ast.operator], type[ast.operator]] = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv}

OUTCOMES = """
import hashlib, sys
from random import Random
from credrules.engines.plain import PlainEngine
from credrules.testing.random_cases import random_case
total = hashlib.sha256()
for seed in range(int(sys.argv[1])):
    case = random_case(Random(seed))
    try:
        given = PlainEngine(case.plan).outcomes(case.record, case.word, case.as_of)
    except Exception as error:
        given = repr(error)
    total.update(repr(given).encode())
print(total.hexdigest())
"""


@dataclass(frozen=True, slots=True)
class Mutant:
    file: str
    line: int
    change: str
    text: str
    source: str  # the line as it stood

    @property
    def name(self) -> str:
        """The same while the changed line stays the same, wherever it moves to."""
        return hashlib.sha256(f"{self.file}|{self.source}|{self.change}".encode()).hexdigest()[:8]


def options(parser: ArgumentParser) -> None:
    parser.add_argument("--sample", type=int, default=6, help="so many mutants, drawn at random")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cases", type=int, default=3_000, help="random cases that a survivor is tried on")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--file", choices=FILES, action="append")


def measure(asked: Namespace) -> dict[str, object]:
    mutants = [mutant for name in asked.file or FILES for mutant in mutants_of(name)]
    if not asked.all:
        mutants = random.Random(asked.seed).sample(mutants, min(asked.sample, len(mutants)))
    explained = set(re.findall(r"`([0-9a-f]{8})`", REASONS.read_text(encoding="utf-8"))) if REASONS.exists() else set()
    folders: SimpleQueue[Path] = SimpleQueue()
    with tempfile.TemporaryDirectory(prefix="credrules-mutants-") as name:
        for number in range(asked.processes):
            folder = Path(name) / str(number)
            shutil.copytree(PACKAGE, folder / "credrules", ignore=shutil.ignore_patterns("__pycache__"))
            compileall.compile_dir(folder, quiet=1)
            folders.put(folder)
        first = folders.get()
        for suite in sorted({FILES[mutant.file] for mutant in mutants}):
            if is_noticed(first, suite):
                sys.exit(f"The tests fail where nothing is changed: {' '.join(suite)}")
        unchanged = outcomes_in(first, asked.cases)
        folders.put(first)

        def survives(mutant: Mutant) -> tuple[bool, bool]:
            folder = folders.get()
            path = folder / "credrules" / mutant.file
            whole = path.read_text(encoding="utf-8")
            try:
                path.write_text(mutant.text, encoding="utf-8")
                if is_noticed(folder, FILES[mutant.file]):
                    return False, False
                return True, outcomes_in(folder, asked.cases) != unchanged
            finally:
                path.write_text(whole, encoding="utf-8")
                folders.put(folder)

        with ThreadPoolExecutor(asked.processes) as pool:
            survivors = []
            for mutant, (lives, changing) in zip(mutants, pool.map(survives, mutants), strict=True):
                if lives:
                    survivors.append((mutant, changing))
                    said = "explained" if mutant.name in explained else "no reason given"
                    said = "CHANGES AN OUTCOME" if changing else said
                    print(f"{mutant.name} {mutant.file}:{mutant.line}: {mutant.change} ({said})", flush=True)
    return {
        "mutants": len(mutants),
        "killed": len(mutants) - len(survivors),
        "survived": len(survivors),
        "changing": sum(changing for _, changing in survivors),
        "unexplained": sum(mutant.name not in explained for mutant, _ in survivors),
    }


def is_noticed(folder: Path, suite: Sequence[str]) -> bool:
    """Each in a process of its own, forked from one that has imported what the tests need of other people's code."""
    process = _SERVER.Process(target=_tested, args=(folder, suite))
    process.start()
    process.join(SECONDS)
    if process.exitcode is None:
        process.kill()
        process.join()
    return process.exitcode != 0


def _tested(folder: Path, suite: Sequence[str]) -> None:
    """A failure is enough here: nobody needs its smallest example."""
    quiet = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(quiet, stream)
    os.chdir(ROOT)
    for name in [name for name in sys.modules if name.partition(".")[0] == "credrules"]:
        del sys.modules[name]  # what the other benchmarks have imported is not the mutant
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = True
    sys.exit(pytest.main([*OPTIONS, *suite]))


def outcomes_in(folder: Path, cases: int) -> str:
    done = subprocess.run(
        [sys.executable, "-B", "-c", OUTCOMES, str(cases)],
        cwd=ROOT,
        env=_environment(folder),
        capture_output=True,
        text=True,
        timeout=10 * SECONDS,
        check=False,
    )
    return done.stdout


def _environment(folder: Path) -> dict[str, str]:
    """The mutant before the installed package."""
    return {**os.environ, "PYTHONPATH": str(folder), "PYTHONHASHSEED": "0"}


def mutants_of(name: str) -> Iterator[Mutant]:
    source = (PACKAGE / name).read_text(encoding="utf-8")
    lines = source.splitlines()
    count = sum(1 for node in ast.walk(ast.parse(source)) for _ in changes(node))
    for number in range(count):
        tree = ast.parse(source)
        node, (apply, change) = next(_nth(tree, number))
        before = ast.unparse(node)
        apply()
        line = getattr(node, "lineno", 0)
        if is_decision(lines, line):
            short = f"{change} in `{' '.join(before.split())[:90]}`"
            yield Mutant(name, line, short, ast.unparse(tree), lines[line - 1].strip())


def is_decision(lines: list[str], line: int) -> bool:
    """Not the type hints, imports and messages, which decide nothing."""
    text = lines[line - 1].strip()
    return not text.startswith(("import ", "from ", "raise ", "if TYPE_CHECKING", '"""', "@", "assert "))


def _nth(tree: ast.Module, number: int) -> Iterator[tuple[ast.AST, Change]]:
    at = 0
    for node in ast.walk(tree):
        for change in changes(node):
            if at == number:
                yield node, change
                return
            at += 1


def changes(node: ast.AST) -> Iterator[Change]:
    """Every way in which a node is changed: what does it, and what to call it."""
    match node:
        case ast.Compare(ops=[op]) if type(op) in COMPARISONS:
            other = COMPARISONS[type(op)]
            yield lambda: setattr(node, "ops", [other()]), f"{type(op).__name__} to {other.__name__}"
        case ast.BoolOp(op=op):
            swapped = ast.Or() if isinstance(op, ast.And) else ast.And()
            yield lambda: setattr(node, "op", swapped), f"{type(op).__name__} to {type(swapped).__name__}"
        case ast.UnaryOp(op=ast.Not()):
            yield lambda: setattr(node, "operand", ast.UnaryOp(ast.Not(), node.operand)), "without not"
        case ast.Call(func=ast.Name(id=name)) if name in CALLS:
            yield lambda: setattr(node, "func", ast.Name(CALLS[name], ast.Load())), f"{name} to {CALLS[name]}"
        case ast.BinOp(op=op) if type(op) in SUMS:
            other_op = SUMS[type(op)]
            yield lambda: setattr(node, "op", other_op()), f"{type(op).__name__} to {other_op.__name__}"
        case ast.If() | ast.IfExp():
            yield lambda: setattr(node, "test", ast.Constant(True)), "always"
            yield lambda: setattr(node, "test", ast.Constant(False)), "never"
        case ast.Constant(value=bool() as value):
            yield lambda: setattr(node, "value", not value), f"{value} to {not value}"
        case ast.Constant(value=int() as number):
            yield lambda: setattr(node, "value", number + 1), f"{number} to {number + 1}"
