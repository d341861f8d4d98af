"""Programs that exclude each other in a ring: there exclusion holds both ways, and is said once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from tests.life import rules

from credrules.exclusions import both_ways, rings

PROGRAM = "requirements: [STA 501]\n"


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """Four programs, of which each excludes what is said of it."""
    made = rules(tmp_path_factory.mktemp("ring"), **dict.fromkeys("abcd", PROGRAM)).programs

    def excluding(**excluded):
        return [replace(one, excludes=frozenset(excluded.get(one.id, ()))) for one in made if one.id in excluded]

    return excluding


@pytest.mark.parametrize(
    ("said", "meant", "at"),
    [
        ({"a": "", "b": ""}, {"a": "", "b": ""}, []),
        ({"a": "b", "b": ""}, {"a": "b", "b": ""}, []),
        ({"a": "b", "b": "a"}, {"a": "b", "b": "a"}, []),
        ({"a": "a", "b": ""}, {"a": "a", "b": ""}, []),
        ({"a": "b", "b": "c", "c": ""}, {"a": "b", "b": "c", "c": ""}, []),
        ({"a": "b", "b": "c", "c": "a"}, {"a": "bc", "b": "ac", "c": "ab"}, ["b"]),
        ({"a": "b", "b": "c", "c": "ax"}, {"a": "bc", "b": "ac", "c": "abx"}, ["b"]),
        ({"a": "b", "b": "c", "c": "d", "d": "a"}, {"a": "bd", "b": "ac", "c": "bd", "d": "ac"}, ["b"]),
        ({"a": "b", "b": "ac", "c": "a"}, {"a": "bc", "b": "ac", "c": "ab"}, ["c"]),
        ({"a": "b", "b": "a", "c": "a"}, {"a": "b", "b": "a", "c": "a"}, []),
        ({"a": "bc", "b": "a", "c": "", "d": "a"}, {"a": "bc", "b": "a", "c": "", "d": "a"}, []),
        ({"a": "bd", "b": "c", "c": "a", "d": "a"}, {"a": "bcd", "b": "ac", "c": "ab", "d": "a"}, ["b"]),
    ],
)
def test_in_a_ring_each_excludes_what_excludes_it(programs, said, meant, at):
    found = programs(**said)

    assert {one.id: "".join(sorted(one.excludes)) for one in both_ways(found)} == meant
    assert [finding.problem.where.partition(".")[0][-1] for finding in rings(found)] == at


def test_a_program_that_is_in_no_ring_is_left_as_it_is(programs):
    found = programs(a="b", b="")

    assert all(one is other for one, other in zip(both_ways(found), found, strict=True))


def test_the_shortest_way_round_is_the_one_that_is_told(programs):
    told, *_ = rings(programs(a="b", b="cd", c="d", d="a"))

    assert told.problem.message.startswith(
        "'a' is not awarded beside 'b', 'b' is not awarded beside 'd' and 'd' is not awarded beside 'a': "
    )


def test_versions_exclude_together_and_the_newest_is_where_it_is_told(programs):
    first, second, third = programs(a="b", b="c", c="")
    newer = replace(third, effective=date(2026, 1, 1), excludes=frozenset("a"))
    later = replace(second, effective=date(2026, 1, 1), place=replace(second.place, line=9))

    meant = both_ways([first, second, third, newer])

    assert ["".join(sorted(one.excludes)) for one in meant] == ["bc", "ac", "b", "ab"]
    (told,) = rings([first, later, second, newer])
    assert str(told.problem).startswith("rules/programs/b.yaml:9: ")
