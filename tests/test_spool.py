"""The spool: whatever the order in which a source gives things, they come back by learner, each once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from credrules.rows import Item, open_spool

IDS = st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=4)


@given(st.lists(st.tuples(IDS, IDS), max_size=20), st.integers(1, 5))
def test_learners_come_in_the_order_of_their_characters_each_once(people, size):
    with open_spool() as spool:
        spool.line_up(people)
        pages = list(spool.learners(None, size))

    found = [learner_id for page in pages for learner_id, _ in page]
    assert found == sorted({learner_id for learner_id, _ in people})
    assert all(len(page) <= size for page in pages)
    assert {(one, owner) for page in pages for one, owners in page for owner in owners} == set(people)


@given(st.lists(st.tuples(IDS, IDS, st.integers()), max_size=20))
def test_what_is_put_twice_is_what_was_put_last(rows):
    with open_spool() as spool:
        spool.put("x", [Item(key, owner, {"n": n}) for key, owner, n in rows])
        found = {one.key: (one.owner, one.body["n"]) for one in spool.all("x")}
        expected = {key: (owner, n) for key, owner, n in rows}

        assert found == expected
        assert spool.count("x") == len(expected)
        for owner in {owner for owner, _ in expected.values()}:
            keys = [key for key, (whose, _) in expected.items() if whose == owner]
            assert [one.key for one in spool.of("x", owner)] == sorted(keys)
            assert spool.owns("x", owner)
        assert list(spool.owners("x")) == sorted({owner for owner, _ in expected.values()})


def test_only_those_are_lined_up_who_are_named():
    with open_spool() as spool:
        spool.line_up([("b", "1"), ("a", "2"), ("c", "3")])

        assert list(spool.learners(["c", "nobody", "a"], 10)) == [[("a", ["2"]), ("c", ["3"])]]


def test_what_is_forgotten_is_gone():
    with open_spool() as spool:
        spool.put("x", [Item("k", "o", {})])
        spool.forget("x")

        assert (spool.get("x", "k"), spool.count("x")) == (None, 0)
