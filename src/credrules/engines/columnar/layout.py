"""Outcomes as Arrow: one row a learner, every node of every program in it.

| column | what it holds |
| --- | --- |
| `learner_id` | text |
| `decisions` | binary, a byte for each program: its outcome, 0 unmet to 4 met, 255 where nothing could be decided |
| `nodes` | binary, half a byte for each node of the sheet, the even ones in the low halves |
| `beside` | a list of `program` (its position) and `outcomes` (binary, a byte for each of its nodes), see below |
| `by_plain` | how many of the programs the plain engine decided |
| `faults` | a list of `program` (-1: all of them) and `because`: what could not be decided, and why |

`beside` is for programs whose outcomes are not those of `nodes`: courses were contested, or the plain engine decided.
Where the nodes of a program are is written into the schema, so that a file of outcomes can be read without its rules.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from credrules.engines.columnar import bits
from credrules.engines.columnar.arrays import arrow
from credrules.engines.columnar.needed import np, pa

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from credrules.engines.columnar.outcomes import BatchOutcomes
    from credrules.engines.columnar.sheet import Sheet

    Array = np.ndarray[Any, np.dtype[Any]]

KEY = b"credrules"


@dataclass(frozen=True, slots=True)
class ProgramLayout:
    """A program in a file of outcomes: the ids of its nodes, and where each of them is. `root` is the decision."""

    program: str
    version: str
    root: int
    nodes: tuple[str, ...]
    at: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """What the bytes of a file of outcomes mean."""

    programs: tuple[ProgramLayout, ...]
    nodes: int
    as_of: str

    @classmethod
    def of(cls, sheet: Sheet, as_of: date) -> Layout:
        programs = tuple(
            ProgramLayout(
                one.plan.program.id,
                one.plan.program.version,
                one.plan.root,
                tuple(node.id for node in one.plan.nodes),
                one.at,
            )
            for one in sheet.programs
        )
        return cls(programs, len(sheet.nodes), as_of.isoformat())

    @classmethod
    def from_schema(cls, schema: Any) -> Layout:
        return cls.from_text(schema.metadata[KEY])

    @classmethod
    def from_text(cls, text: str | bytes) -> Layout:
        told = json.loads(text)
        programs = tuple(
            ProgramLayout(one["program"], one["version"], one["root"], tuple(one["nodes"]), tuple(one["at"]))
            for one in told["programs"]
        )
        return cls(programs, told["nodes"], told["as_of"])

    def schema(self) -> Any:
        beside = pa.struct([pa.field("program", pa.int32()), pa.field("outcomes", pa.binary())])
        fault = pa.struct([pa.field("program", pa.int32()), pa.field("because", pa.string())])
        return pa.schema(
            [
                pa.field("learner_id", pa.string(), nullable=False),
                pa.field("decisions", pa.binary()),
                pa.field("nodes", pa.binary()),
                pa.field("beside", pa.list_(beside)),
                pa.field("by_plain", pa.int32()),
                pa.field("faults", pa.list_(fault)),
            ],
            metadata={KEY: json.dumps(asdict(self), separators=(",", ":")).encode()},
        )

    def packed(self, found: BatchOutcomes) -> Any:
        """A batch of outcomes as a record batch."""
        size, schema = found.size, self.schema()
        by_plain, beside, faults = self._apart(found)
        columns = [
            found.learner_ids.cast(pa.string()),
            _binary(found.roots()),
            _binary(half_bytes(found).T),
            pa.array(beside, schema.field("beside").type) if beside else _empty(schema.field("beside").type, size),
            arrow(by_plain),
            pa.array(faults, schema.field("faults").type) if faults else _empty(schema.field("faults").type, size),
        ]
        return pa.RecordBatch.from_arrays(columns, schema=schema)

    def _apart(self, found: BatchOutcomes) -> tuple[Array, list[Any], list[Any]]:
        by_plain = np.zeros(found.size, np.int32)
        beside: list[Any] = [[] for _ in range(found.size)] if found.beside else []
        for program, one in sorted(found.beside.items()):
            for at, learner in enumerate(one.learners.tolist()):
                beside[learner].append({"program": program, "outcomes": one.outcomes[:, at].tobytes()})
        for learners in found.plain_learners.values():
            by_plain[learners] += 1
        faults: list[Any] = []
        if found.failures:
            place = {name: at for at, name in enumerate(found.learner_ids.to_pylist())}
            faults = [[] for _ in range(found.size)]
            for failure in found.failures:
                faults[place[failure.learner_id]].append({"program": failure.program, "because": failure.because})
        return by_plain, beside, faults

    # And back.

    def decisions(self, batch: Any) -> Array:
        """What came of each program, program by learner."""
        return _matrix(batch.column("decisions"), len(self.programs)).T

    def program(self, batch: Any, program: int) -> Array:
        """The outcomes of all nodes of one program, node by learner."""
        one = self.programs[program]
        halves = _matrix(batch.column("nodes"), (self.nodes + 1) // 2)
        found = np.zeros((len(one.nodes), batch.num_rows), np.uint8)
        for index, at in enumerate(one.at):
            found[index] = (halves[:, at // 2] >> (4 * (at % 2))) & 15
        for learner, beside in enumerate(_lists(batch.column("beside"))):
            for other in beside or ():
                if other["program"] == program:
                    found[:, learner] = np.frombuffer(other["outcomes"], np.uint8)
        return found


def half_bytes(found: BatchOutcomes) -> Array:
    """The outcomes at every node, a row for each learner, two nodes a byte: the even ones in the low halves."""
    count = len(found.nodes)
    nodes = np.zeros((count + count % 2, found.size), np.uint8)
    for at in range(count):
        nodes[at] = bits.outcomes(found.nodes[at], found.size)
    return np.ascontiguousarray((nodes[0::2] | (nodes[1::2] << 4)).T)


def unpacked(halves: Array, count: int) -> Array:
    """Half bytes as a matrix, learner by node."""
    found = np.empty((len(halves), 2 * halves.shape[1]), np.uint8)
    found[:, 0::2] = halves & 15
    found[:, 1::2] = halves >> 4
    return found[:, :count]


def planes_of(halves: Array, count: int) -> Array:
    """Half bytes as the rows of bits that the engine works with."""
    nodes = np.zeros((count, bits.LEVELS, bits.words(len(halves))), np.uint64)
    for at in range(count):
        nodes[at] = bits.planes(halves[:, at // 2] >> np.uint8(4 * (at % 2)) & np.uint8(15))
    return nodes


def _lists(column: Any) -> Sequence[Any]:
    if len(column.values if not isinstance(column, pa.ChunkedArray) else column) == 0:
        return ()
    return column.to_pylist()  # type: ignore[no-any-return]  # lists of dicts


def _empty(type_: Any, size: int) -> Any:
    """An empty list for everybody."""
    values = pa.nulls(0, type_.value_type)
    return pa.ListArray.from_arrays(arrow(np.zeros(size + 1, np.int32)), values)


def _binary(rows: Array) -> Any:
    """The columns of a matrix of bytes, each as one binary value."""
    width, size = rows.shape
    data = np.ascontiguousarray(rows.T)
    offsets = np.arange(size + 1, dtype=np.int32) * np.int32(width)
    return pa.Array.from_buffers(pa.binary(), size, [None, pa.py_buffer(offsets), pa.py_buffer(data)])


def _matrix(column: Any, width: int) -> Array:
    """Binary values of one width as a matrix, a learner a row."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
        column = column.chunk(0) if isinstance(column, pa.ChunkedArray) else column
    _, _, data = column.buffers()
    start = column.offset * width
    found = np.frombuffer(data, np.uint8, len(column) * width, start) if len(column) else np.zeros(0, np.uint8)
    return found.reshape(len(column), width)
