"""Claims, against a brute force that tries every way to share the work out."""

from __future__ import annotations

from benchmarks.brute_force import LEVELS, all_fit, alone, brute_force, reached
from hypothesis import given, settings
from hypothesis import strategies as st

from credrules.claims import MET, UNMET, Demand, Offer, Route, allocate


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

    assert list(allocation.outcomes) == brute_force(demands, routes, averaged=False)[2]


@settings(max_examples=250, deadline=None)
@given(contests(credits=True))
def test_a_sharing_out_of_credits_reaches_what_brute_force_reaches(contest):
    demands, routes = contest

    allocation = allocate(demands, routes)

    assert list(allocation.outcomes) == brute_force(demands, routes, averaged=False)[2]


@settings(max_examples=250, deadline=None)
@given(contests(), st.data())
def test_with_an_average_the_program_reaches_what_brute_force_reaches(contest, data):
    demands, routes = contest
    weights = {i: data.draw(st.integers(-3, 3)) for demand in demands for i in sorted(demand.offers)}
    demands = [
        Demand(d.need, {i: Offer(o.level, o.size, weights[i]) for i, o in d.offers.items()}, d.counts) for d in demands
    ]

    allocation = allocate(demands, routes, averaged=True)
    best, _, _ = brute_force(demands, routes, averaged=True)

    offers = [demands[d].offers[i] for d, items in enumerate(allocation.claims) for i in items]
    mean = UNMET
    if sum(offer.weight for offer in offers) >= 0:
        mean = min((offer.level for offer in offers), default=MET)
    tree = max(min([r.ceiling, *[allocation.outcomes[d] for d in r.demands]]) for r in routes)
    assert min(tree, mean) == best


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
