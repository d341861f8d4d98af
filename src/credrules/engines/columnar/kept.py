"""A decided population in a folder: when some records change, only those are decided, and written in place.

A block is a folder: the records as they came (`records.arrow`), their encoded columns in order of course, the outcomes
at every node as half bytes, what is beside them, and a digest of each learner. Changed records come in as layers over
the blocks; their outcomes are written into the blocks' own rows, so that outcomes are read without knowing of layers.

The order of writing makes a run that dies harmless: codes, then the layer, then outcomes and digests, and last the
state that says how many layers are in. What was not counted there is written again when the folder is opened.
Nothing waits for the disk: after a power cut, make the folder again.
The folder holds learners' records, and only its owner may read it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from credrules import __version__
from credrules.decisions import Outcome
from credrules.engines.columnar.arrays import arrow
from credrules.engines.columnar.changes import Changed, RuleChange, asked, named
from credrules.engines.columnar.digests import Digests
from credrules.engines.columnar.encoding import AMOUNTS, DAYS, Attempts, Block, Encoder
from credrules.engines.columnar.engine import ColumnarEngine
from credrules.engines.columnar.layout import half_bytes, planes_of, unpacked
from credrules.engines.columnar.needed import np, pa, pc
from credrules.engines.columnar.outcomes import FAILED, BatchOutcomes, Beside, Failure, Picked
from credrules.engines.columnar.partition import in_order, resized
from credrules.engines.columnar.streams import LEARNERS
from credrules.errors import EngineError
from credrules.records import identifying

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date
    from pathlib import Path

    from credrules.plan import Plan

    Array = np.ndarray[Any, np.dtype[Any]]

FORMAT = 2
BASE = -1


@dataclass(slots=True)
class Update:
    """What came of records that were handed in: how many of them are new, other than before, and the same."""

    new: int = 0
    other: int = 0
    same: int = 0
    changes: list[Changed] = field(default_factory=list)  # decisions that are another; of new learners all above unmet
    failures: list[Failure] = field(default_factory=list)


class KeptBlocks:
    """A population kept under one plan and as of one day. One process may have it open at a time."""

    def __init__(self, folder: Path, plan: Plan, as_of: date) -> None:
        """Opens what `made` wrote. Raises EngineError where it was decided under another plan or as of another day."""
        self.folder = folder
        self.as_of = as_of
        try:
            self._state = json.loads((folder / "state.json").read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise EngineError(f"{folder} holds no kept population. Make one first: KeptBlocks.made.") from error
        if self._state["format"] != FORMAT or not self._is_of(plan, as_of):
            raise EngineError(
                f"{folder} was decided under other rules or as of another day ({self._state['as_of']}). "
                "Make it again: KeptBlocks.made."
            )
        self.encoder = Encoder()
        codes = json.loads((folder / "codes.json").read_text(encoding="utf-8"))
        for course in codes["courses"]:
            self.encoder.courses.of(course)
        for profile in codes["profiles"]:
            self.encoder.profiles.of(tuple((name, value) for name, value in profile))
        self._codes = len(self.encoder.courses), len(self.encoder.profiles)
        self.engine = ColumnarEngine(plan, self.encoder)
        self.digests = Digests(bytes.fromhex(self._state["key"]))
        self.blocks = [_KeptBlock(folder / f"block-{number:05}") for number in range(self._state["blocks"])]
        for number in range(self._state["layers"], len(list(folder.glob("layer-?????")))):
            self._apply(_Layer(folder / f"layer-{number:05}"), number)

    def _is_of(self, plan: Plan, as_of: date) -> bool:
        texts = _texts(plan, as_of)
        same = texts and texts == self._state["texts"]
        return bool(same) or self._state["decided"] == _decided(plan, as_of)

    @classmethod
    def made(
        cls,
        folder: Path,
        plan: Plan,
        as_of: date,
        batches: Iterable[Any],
        *,
        threads: int = 1,
        learners: int = LEARNERS,
    ) -> KeptBlocks:
        """Decides everybody, and keeps it in a folder that is not there yet or is empty."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise EngineError(f"{folder} is not empty. Name a folder of its own.")
        encoder = Encoder()
        engine = ColumnarEngine(plan, encoder)
        key = os.urandom(32)
        digests = Digests(key)

        def decided(batch: Any) -> tuple[Block, BatchOutcomes, Array]:
            block = encoder.block(batch)
            return block, engine.decide_block(block, as_of), digests.of(batch)

        count = 0
        for block, found, digest in in_order(decided, resized(batches, learners), threads):
            _write_block(folder / f"block-{count:05}", block.ordered(len(encoder.courses)), found, digest)
            count += 1
        _write_codes(folder, encoder)
        state = {"format": FORMAT, "decided": _decided(plan, as_of), "texts": _texts(plan, as_of)}
        state |= {"as_of": as_of.isoformat(), "key": key.hex(), "blocks": count, "layers": 0}
        _write_json(folder / "state.json", state)
        return cls(folder, plan, as_of)

    @property
    def size(self) -> int:
        return sum(block.size for block in self.blocks)

    def outcomes(self) -> Iterator[BatchOutcomes]:
        """The outcomes of everybody, block by block."""
        for block in self.blocks:
            yield block.outcomes(self.engine.sheet)

    # What has changed.

    def update(self, batches: Iterable[Any]) -> Update:
        """Takes in the whole records of those learners who may have changed; who is not among them stays as they are.

        Records that say the same as before are not decided. A learner may come only once.
        """
        result = Update()
        for batch in resized(batches, LEARNERS):
            names = batch.column("learner_id")
            if pc.count_distinct(names).as_py() != len(names):
                raise EngineError("A learner comes twice in what has changed. A learner's row must be whole.")
            self._take(batch, result)
        return result

    def _take(self, batch: Any, result: Update) -> None:
        block, row = self._homes(batch.column("learner_id"))
        digest = self.digests.of(batch)
        other = block >= 0
        for number in np.unique(block[other]).tolist():
            here = np.flatnonzero(block == number)
            other[here] = self.blocks[number].digests[row[here]] != digest[here]
        new = np.flatnonzero(block < 0)
        known = np.flatnonzero(other)
        known = known[np.lexsort((row[known], block[known]))]
        result.new += len(new)
        result.other += len(known)
        result.same += batch.num_rows - len(new) - len(known)
        if len(known):
            self._change(batch.take(arrow(known)), block[known], row[known], digest[known], result)
        if len(new):
            self._add(batch.take(arrow(new)), digest[new], result)

    def _homes(self, names: Any) -> tuple[Array, Array]:
        """In which block and row each learner is; BASE where in none."""
        block, row = (np.full(len(names), BASE, np.int32) for _ in range(2))
        for number, kept in enumerate(self.blocks):
            at = pc.index_in(kept.names, value_set=names)
            found = np.flatnonzero(np.asarray(at.is_valid()))
            if len(found):
                which = np.asarray(at.drop_null())
                block[which], row[which] = number, found
        return block, row

    def _change(self, batch: Any, block: Array, row: Array, digest: Array, result: Update) -> None:
        encoded = self.encoder.block(batch)
        found = self.engine.decide_block(encoded, self.as_of)
        result.failures += found.failures
        halves = half_bytes(found)
        result.changes += self._changes(block, row, found, halves)
        self._write_grown_codes()
        number = self._state["layers"]
        layer = _write_layer(self.folder / f"layer-{number:05}", encoded, block, row, digest)
        self._apply(layer, number, found, halves)

    def _changes(self, block: Array, row: Array, found: BatchOutcomes, fresh: Array) -> Iterator[Changed]:
        """What is another, of learners whose places are in order. `fresh` are the outcomes as half bytes."""
        here = {number: np.flatnonzero(block == number) for number in np.unique(block).tolist()}
        halves = np.concatenate([self.blocks[number].nodes[row[at]] for number, at in here.items()])
        differs = (halves != fresh).any(axis=1)
        beside: dict[int, list[Beside]] = {}
        for number, at in here.items():
            place = np.full(self.blocks[number].size, BASE, np.int64)
            place[row[at]] = at
            for program, one in _read_beside(self.blocks[number].folder)[0].items():
                moved = _moved(one, place)
                differs[moved.learners] = True
                beside.setdefault(program, []).append(moved)
        for one in found.beside.values():
            differs[one.learners] = True
        rows = np.flatnonzero(differs)
        place = np.full(len(block), BASE, np.int64)
        place[rows] = np.arange(len(rows))
        names, size = found.learner_ids.take(arrow(rows)), len(self.engine.sheet.nodes)
        before = {program: _moved(_together(several), place) for program, several in beside.items()}
        after = {program: _moved(one, place) for program, one in found.beside.items()}
        old = Picked(self.engine.sheet, names, unpacked(halves[rows], size), before)
        new = Picked(self.engine.sheet, names, unpacked(fresh[rows], size), after)
        everyone = np.arange(len(rows))
        for number, plan in enumerate(self.engine.plan.programs):
            was, now = old.root(number, everyone), new.root(number, everyone)
            other = np.flatnonzero((was != now) & (was != FAILED) & (now != FAILED))
            nodes = [(node.id, node.index, node.index) for node in plan.nodes if not node.parts]
            yield from named(plan.program.id, nodes, (old, number), (new, number), other)

    def _apply(
        self, layer: _Layer, number: int, found: BatchOutcomes | None = None, halves: Array | None = None
    ) -> None:
        """Write the outcomes of a layer into the blocks, and count it."""
        found = self.engine.decide_block(layer.block(), self.as_of) if found is None else found
        halves = half_bytes(found) if halves is None else halves
        for at in np.unique(layer.home).tolist():
            here = np.flatnonzero(layer.home == at)
            self.blocks[at].write(layer.row[here], found, halves, here)
            self.blocks[at].mark(layer.row[here], layer.digests[here], number)
        self._count(layers=number + 1)

    def _add(self, batch: Any, digest: Array, result: Update) -> None:
        """Learners who were not there before make a block of their own."""
        encoded = self.encoder.block(batch)
        found = self.engine.decide_block(encoded, self.as_of)
        result.failures += found.failures
        for number, program in enumerate(self.engine.plan.programs):
            now = found.root(number)
            rows = np.flatnonzero((now != 0) & (now != FAILED))
            for learner_id, at in zip(found.learner_ids.take(arrow(rows)).to_pylist(), rows.tolist(), strict=True):
                result.changes.append(Changed(learner_id, program.program.id, None, Outcome(int(now[at])), ()))
        self._write_grown_codes()
        folder = self.folder / f"block-{len(self.blocks):05}"
        if folder.exists():  # a run that died before it was counted
            shutil.rmtree(folder)
        _write_block(folder, encoded.ordered(len(self.encoder.courses)), found, digest)
        self.blocks.append(_KeptBlock(folder))
        self._count(blocks=len(self.blocks))

    def _write_grown_codes(self) -> None:
        grown = len(self.encoder.courses), len(self.encoder.profiles)
        if grown != self._codes:
            _write_codes(self.folder, self.encoder)
            self._codes = grown

    def _count(self, **counted: int) -> None:
        self._state.update(counted)
        _write_json(self.folder / "state.json", self._state)

    # Other rules.

    def changed_under(
        self, plan: Plan, *, threads: int = 1, failures: list[Failure] | None = None
    ) -> Iterator[Changed]:
        """Everybody whose decision would be another under another plan, from the kept columns. Nothing is written."""
        change = RuleChange(self.engine.plan, plan, self.as_of, self.encoder)
        for found in in_order(lambda item: change.of(*item), self._current(), threads):
            yield from found.changes
            if failures is not None:
                failures += found.failures

    def _current(self) -> Iterator[tuple[Block, Array]]:
        """Blocks and layers, and whose record in each is the newest."""
        latest = [np.array(block.latest) for block in self.blocks]
        for block, newest in zip(self.blocks, latest, strict=True):
            yield block.block(), newest == BASE
        for number in range(self._state["layers"]):
            layer = _Layer(self.folder / f"layer-{number:05}")
            newest_ = np.array([latest[at][row] for at, row in zip(layer.home, layer.row, strict=True)]) == number
            if newest_.any():
                yield layer.block(), newest_


class _Layer:
    """Records on disk, and whose they are."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home, self.row, self.digests = (np.load(folder / f"{name}.npy") for name in ("home", "row", "digests"))

    def block(self) -> Block:
        return _read_columns(self.folder)


class _KeptBlock:
    """One block on disk. What is written goes into its files in place."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.digests, self.latest = (np.load(folder / f"{name}.npy") for name in ("digests", "latest"))
        self.nodes = np.load(folder / "nodes.npy", mmap_mode="r")
        self.names = _records(folder).column("learner_id")
        self.size = len(self.names)

    def block(self) -> Block:
        return _read_columns(self.folder)

    def outcomes(self, sheet: Any) -> BatchOutcomes:
        beside, plain, failures = _read_beside(self.folder)
        return BatchOutcomes(sheet, self.names, planes_of(self.nodes, len(sheet.nodes)), beside, failures, plain)

    def write(self, rows: Array, found: BatchOutcomes, halves: Array, here: Array) -> None:
        """Put the outcomes of some learners, `here` in `found`, in place of those in `rows`, which are in order."""
        width, begin = self.nodes.shape[1], self.nodes.offset
        with (self.folder / "nodes.npy").open("r+b", buffering=0) as file:  # a page that is mapped and clean costs more
            for row, at in zip(rows.tolist(), here.tolist(), strict=True):
                file.seek(begin + row * width)
                file.write(halves[at])
        self._write_beside(rows, found, here)

    def _write_beside(self, rows: Array, found: BatchOutcomes, here: Array) -> None:
        beside, plain, failures = _read_beside(self.folder)
        if not (beside or failures or found.beside or found.failures):
            return
        names = set(self.names.take(arrow(rows)).to_pylist())
        there = np.full(found.size, BASE, np.int64)
        there[here] = rows
        for program in sorted({*beside, *found.beside}):
            several = []
            if (before := beside.get(program)) is not None:
                kept = ~np.isin(before.learners, rows)
                several.append(Beside(before.learners[kept], before.outcomes[:, kept]))
            if (fresh := found.beside.get(program)) is not None:
                several.append(_moved(fresh, there))
            both = _together(several)
            order = np.argsort(both.learners, kind="stable")
            beside[program] = Beside(both.learners[order], both.outcomes[:, order])
            mine = plain.get(program, np.zeros(0, np.int64))
            others = there[found.plain_learners.get(program, np.zeros(0, np.int64))]
            plain[program] = np.sort(np.concatenate([mine[~np.isin(mine, rows)], others[others >= 0]]))
        kept_failures = [failure for failure in failures if failure.learner_id not in names]
        kept_failures += [failure for failure in found.failures if failure.learner_id in names]
        _write_beside(self.folder, beside, plain, kept_failures)

    def mark(self, rows: Array, digests: Array, layer: int) -> None:
        self.digests[rows] = digests
        self.latest[rows] = layer
        np.save(self.folder / "digests.npy", self.digests)
        np.save(self.folder / "latest.npy", self.latest)


def _together(several: list[Beside]) -> Beside:
    """Learners of several blocks, whose places are in order."""
    learners = np.concatenate([one.learners for one in several])
    return Beside(learners, np.concatenate([one.outcomes for one in several], axis=1))


def _moved(one: Beside, there: Array) -> Beside:
    """The learners of a batch that have a place elsewhere, by that place."""
    place = there[one.learners]
    return Beside(place[place >= 0], one.outcomes[:, place >= 0])


def _texts(plan: Plan, as_of: date) -> str:
    """The files that a plan was read from and a day, in hex; '' where it was made otherwise.

    Where these are the same, so is the plan; looking through all of it takes longer than the records that changed.
    """
    programs = [one.program for one in plan.programs]
    if not all(one.digest for one in programs):
        return ""
    told = [(one.id, one.version, one.digest) for one in programs]
    return hashlib.sha256(repr((__version__, as_of.isoformat(), told)).encode()).hexdigest()


def _decided(plan: Plan, as_of: date) -> str:
    """What a plan and a day come to, in hex, wherever and with what comments it is written."""
    alike = replace(plan, programs=tuple(replace(asked(program), below=()) for program in plan.programs))
    return hashlib.sha256(f"{as_of} {identifying(alike)}".encode()).hexdigest()


# Files.


def _write_json(path: Path, value: Any) -> None:
    """All of it or nothing."""
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8") as file:
        json.dump(value, file)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _write_codes(folder: Path, encoder: Encoder) -> None:
    _write_json(folder / "codes.json", {"courses": encoder.courses.values, "profiles": encoder.profiles.values})


def _write_block(folder: Path, block: Block, found: BatchOutcomes, digest: Array) -> None:
    folder.mkdir(mode=0o700)
    _write_columns(folder, block)
    np.save(folder / "nodes.npy", half_bytes(found))
    np.save(folder / "digests.npy", digest)
    np.save(folder / "latest.npy", np.full(block.size, BASE, np.int32))
    _write_beside(folder, found.beside, found.plain_learners, found.failures)


def _write_layer(folder: Path, block: Block, home: Array, row: Array, digest: Array) -> _Layer:
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(mode=0o700)
    _write_columns(part, block)
    for name, values in (("home", home), ("row", row), ("digests", digest)):
        np.save(part / f"{name}.npy", values)
    part.replace(folder)
    return _Layer(folder)


def _write_columns(folder: Path, block: Block) -> None:
    with pa.OSFile(str(folder / "records.arrow"), "wb") as file, pa.ipc.new_file(file, block.records.schema) as out:
        out.write_batch(block.records)
    attempts = block.attempts
    columns = {"learner": attempts.learner, "course": attempts.course, "profile": attempts.profile, "odd": attempts.odd}
    columns["spoilt"] = block.spoilt
    columns |= {name: found for name, found in {**attempts.days, **attempts.amounts}.items() if found is not None}
    columns |= {} if attempts.place is None else {"place": attempts.place}
    columns |= {} if block.bounds is None else {"bounds": block.bounds}
    for name, values in columns.items():
        np.save(folder / f"attempts-{name}.npy", values)


def _records(folder: Path) -> Any:
    return pa.ipc.open_file(pa.memory_map(str(folder / "records.arrow"))).get_batch(0)


def _read_columns(folder: Path) -> Block:
    def column(name: str) -> Any:
        path = folder / f"attempts-{name}.npy"
        return np.load(path, mmap_mode="r") if path.exists() else None

    attempts = Attempts(
        learner=column("learner"),
        course=column("course"),
        profile=column("profile"),
        days={name: column(name) for name in DAYS},
        amounts={name: column(name) for name in AMOUNTS},
        place=column("place"),
        odd=column("odd"),
    )
    records = _records(folder)
    return Block(records.num_rows, attempts, records, column("bounds"), spoilt=column("spoilt"))


def _write_beside(folder: Path, beside: dict[int, Beside], plain: dict[int, Array], failures: list[Failure]) -> None:
    arrays = {f"learners-{program}": one.learners for program, one in beside.items()}
    arrays |= {f"outcomes-{program}": one.outcomes for program, one in beside.items()}
    arrays |= {f"plain-{program}": learners for program, learners in plain.items()}
    told = [[failure.learner_id, failure.program, failure.because] for failure in failures]
    arrays["failures"] = np.frombuffer(json.dumps(told).encode(), np.uint8)
    part = folder / "beside.part.npz"
    np.savez(part, **arrays)  # type: ignore[arg-type]  # its stub takes every keyword for allow_pickle
    part.replace(folder / "beside.npz")


def _read_beside(folder: Path) -> tuple[dict[int, Beside], dict[int, Array], list[Failure]]:
    beside: dict[int, Beside] = {}
    plain: dict[int, Array] = {}
    with np.load(folder / "beside.npz") as arrays:
        for name in arrays.files:
            what, _, program = name.partition("-")
            if what == "learners":
                beside[int(program)] = Beside(arrays[name], arrays[f"outcomes-{program}"])
            elif what == "plain":
                plain[int(program)] = arrays[name]
        failures = [Failure(*told) for told in json.loads(arrays["failures"].tobytes())]
    return beside, plain, failures
