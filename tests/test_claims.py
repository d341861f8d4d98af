"""Claims, against a brute force that tries every way to share the work out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from benchmarks.brute_force import LEVELS, all_fit, alone, brute_force, exceeds, reached
from hypothesis import given, settings
from hypothesis import strategies as st

from credrules import exact_solver
from credrules.claims import (
    MET,
    UNMET,
    Demand,
    Floor,
    Offer,
    Proof,
    Question,
    Rounding,
    Route,
    Search,
    Share,
    Terms,
    Undecided,
    allocate,
    offers_of,
)


@st.composite
def contests(draw, credits=False):
    items = range(draw(st.integers(0, 7)))
    demands = []
    for _ in range(draw(st.integers(1, 4))):
        counts = not (credits and draw(st.booleans()))
        offers = {
            item: Offer(draw(st.sampled_from(LEVELS)), 1 if counts else draw(st.sampled_from([1, 2, 3, 4])))
            for item in items
            if draw(st.booleans())
        }
        demands.append(Demand(draw(st.integers(1, 3 if counts else 9)), offers, counts))
    every = range(len(demands))
    routes = draw(
        st.one_of(
            st.just([Route(frozenset(every))]),
            st.lists(
                st.builds(Route, st.frozensets(st.sampled_from(every)), st.sampled_from([*LEVELS, MET])),
                min_size=1,
                max_size=3,
            ),
        )
    )
    return demands, routes


@settings(max_examples=400, deadline=None)
@given(contests())
def test_a_matching_reaches_what_brute_force_reaches(contest):
    demands, routes = contest

    allocation = allocate(demands, routes)

    assert list(allocation.outcomes) == brute_force(demands, routes)[2]


@settings(max_examples=250, deadline=None)
@given(contests(credits=True))
def test_a_sharing_out_of_credits_reaches_what_brute_force_reaches(contest):
    demands, routes = contest

    allocation = allocate(demands, routes)

    assert list(allocation.outcomes) == brute_force(demands, routes)[2]


def program_outcome(demands, routes, terms, allocation):
    offers = offers_of(demands, allocation.claims)
    tree = max(min([r.ceiling, *[allocation.outcomes[d] for d in r.demands]]) for r in routes)
    if not terms.tested:
        return tree
    return min([tree, *(offer.level for offer in offers)]) if terms.hold(offers) else UNMET


@settings(max_examples=250, deadline=None)
@given(contests(), st.data())
def test_with_an_average_the_program_reaches_what_brute_force_reaches(contest, data):
    demands, routes = contest
    weights = {i: (data.draw(st.integers(-3, 3)),) for demand in demands for i in sorted(demand.offers)}
    demands = [changed(demand, lambda i, _: {"weights": weights[i]}) for demand in demands]
    terms = Terms(tests=(Floor(0),), averaged=True)

    allocation = allocate(demands, routes, terms)

    assert program_outcome(demands, routes, terms, allocation) == brute_force(demands, routes, terms)[0]


def changed(demand, change):
    return Demand(demand.need, {i: replace(o, **change(i, o)) for i, o in demand.offers.items()}, demand.counts)


@st.composite
def terms_and_contests(draw, tests=True):
    """Contests with limits, and with tests over everything that counts."""
    demands, routes = draw(contests(credits=True))
    items = sorted({i for demand in demands for i in demand.offers})
    caps = tuple(draw(st.lists(st.integers(0, 4), max_size=2)))
    averaged = tests and draw(st.booleans())
    limited = {i: tuple(draw(st.booleans()) for _ in caps) for i in items}
    average = {i: draw(st.integers(-3, 3)) for i in items}
    inside = {i: draw(st.booleans()) for i in items}
    kinds = {i: draw(st.sampled_from([None, 0, 1, 2])) for i in items}
    demands = [
        changed(
            demand,
            lambda i, offer: {
                "loads": tuple(offer.size * is_in for is_in in limited[i]),
                "weights": (average[i], offer.size * inside[i], offer.size),
                "kind": kinds[i],
            },
        )
        for demand in demands
    ]
    chosen = [Floor(0)] if averaged else []
    if tests and draw(st.booleans()):
        chosen.append(Floor(1, draw(st.integers(1, 6))))
    if tests and draw(st.booleans()):
        chosen.append(Share(1, 2, draw(st.integers(1, 100)), draw(st.integers(1, 3)), draw(st.sampled_from(Rounding))))
    return demands, routes, Terms(caps, tuple(chosen), draw(st.integers(0, 3)) if tests else 0, averaged)


@settings(max_examples=400, deadline=None)
@given(terms_and_contests(tests=False))
def test_under_limits_every_requirement_reaches_what_brute_force_reaches(contest):
    demands, routes, terms = contest

    allocation = allocate(demands, routes, terms)

    assert list(allocation.outcomes) == brute_force(demands, routes, terms)[2]
    assert not exceeds(terms, offers_of(demands, allocation.claims))


@settings(max_examples=400, deadline=None)
@given(terms_and_contests())
def test_with_tests_over_what_counts_the_program_reaches_what_brute_force_reaches(contest):
    demands, routes, terms = contest

    allocation = allocate(demands, routes, terms)

    assert program_outcome(demands, routes, terms, allocation) == brute_force(demands, routes, terms)[0]
    assert not exceeds(terms, offers_of(demands, allocation.claims))


@settings(max_examples=150, deadline=None)
@given(terms_and_contests(), st.booleans(), st.sets(st.integers(0, 3), max_size=2))
def test_the_solver_gives_the_very_answer_of_the_search(contest, balanced, optional):
    demands, _, terms = contest
    edges = {}
    for d, demand in enumerate(demands):
        for item in demand.offers:
            edges.setdefault(item, []).append(d)
    optional = frozenset(optional) & frozenset(range(len(demands)))
    question = Question(demands, terms, tuple(range(len(demands))), edges, balanced, optional)

    found, proof = exact_solver.solve(question)

    claims = Search(question).claims()
    assert found == claims
    assert proof is Proof.OPTIMAL


def test_what_the_search_leaves_undecided_the_solver_decides():
    """Twenty courses of odd credits for four requirements with limits: too many positions to remember."""
    sizes = [1000 + 137 * i for i in range(20)]
    demands = [
        Demand(
            9000 + 11 * d, {i: Offer(MET, size, loads=(size * (i % 3 == 0),)) for i, size in enumerate(sizes)}, False
        )
        for d in range(4)
    ]
    terms = Terms(caps=(6000,))
    question = Question(demands, terms, (0, 1, 2, 3), {i: [0, 1, 2, 3] for i in range(20)}, False)

    with pytest.raises(Undecided, match="more than 20000 steps"):
        Search(question).claims()
    allocation = allocate(demands, [Route(frozenset(range(4)))], terms)

    assert set(allocation.outcomes) <= {MET, UNMET}
    assert not exceeds(terms, offers_of(demands, allocation.claims))
    assert allocation == allocate(demands, [Route(frozenset(range(4)))], terms)


@pytest.mark.parametrize(("rounding", "holds"), [("exact", False), ("up", False), ("down", True)])
def test_half_of_nine_credits_is_four_and_a_half(rounding, holds):
    half = Share(0, 1, 50, unit=1000, rounding=Rounding(rounding))

    assert half.holds(4000, 9000) is holds
    assert half.holds(4500, 9000) is (rounding != "up")
    assert half.holds(5000, 9000)


def test_the_smallest_contest_is_found_and_its_limit_named():
    """Two of the requirements want transfer credit, of which one course may count."""
    transfer = {i: Offer(MET, loads=(1,)) for i in (0, 1)}
    demands = [Demand(1, {2: Offer(MET, loads=(0,))}), Demand(1, transfer), Demand(1, transfer)]

    allocation = allocate(demands, [Route(frozenset({0, 1, 2}))], Terms(caps=(1,)))

    assert allocation.outcomes == (MET, MET, UNMET)
    assert allocation.contests[2].demands == (1, 2)
    assert allocation.contests[2].caps == (0,)


@settings(max_examples=300, deadline=None)
@given(contests(credits=True))
def test_no_item_is_claimed_twice_and_no_outcome_is_claimed_that_the_items_do_not_bear(contest):
    demands, routes = contest

    allocation = allocate(demands, routes)

    claimed = [item for items in allocation.claims for item in items]
    assert len(claimed) == len(set(claimed))
    for demand, items, outcome in zip(demands, allocation.claims, allocation.outcomes, strict=True):
        assert reached(demand, items) == outcome


@settings(max_examples=300, deadline=None)
@given(contests(credits=True), st.randoms(use_true_random=False))
def test_the_order_in_which_offers_are_written_down_does_not_matter(contest, random):
    demands, routes = contest
    shuffled = [Demand(d.need, dict(random.sample(list(d.offers.items()), len(d.offers))), d.counts) for d in demands]

    assert allocate(shuffled, routes) == allocate(demands, routes)


@settings(max_examples=300, deadline=None)
@given(contests(credits=True))
def test_a_contest_names_requirements_that_cannot_all_be_filled_and_no_more_than_that(contest):
    demands, routes = contest

    allocation = allocate(demands, routes)

    for short, contest_ in allocation.contests.items():
        levels = {d: allocation.outcomes[d] for d in contest_.demands}
        levels[short] = alone(demands[short])
        assert short in contest_.demands
        assert not all_fit(demands, levels)
        for left_out in contest_.demands:
            assert all_fit(demands, {d: level for d, level in levels.items() if d != left_out})


def test_two_requirements_that_want_the_same_single_course_are_named_with_it():
    demands = [Demand(1, {0: Offer(MET)}), Demand(1, {0: Offer(MET)}), Demand(1, {1: Offer(MET)})]

    allocation = allocate(demands, [Route(frozenset({0, 1, 2}))])

    assert allocation.outcomes == (MET, UNMET, MET)
    assert allocation.contests[1].demands == (0, 1)
    assert allocation.contests[1].items == (0,)


def test_better_grades_are_claimed_before_lesser_ones():
    allocation = allocate([Demand(2, {i: Offer(MET) for i in range(4)})], [Route(frozenset({0}))])

    assert allocation.claims == ((0, 1),)


def test_a_requirement_gives_way_where_that_fills_another():
    demands = [Demand(1, {0: Offer(MET), 1: Offer(MET)}), Demand(1, {0: Offer(MET)})]

    assert allocate(demands, [Route(frozenset({0, 1}))]).claims == ((1,), (0,))
