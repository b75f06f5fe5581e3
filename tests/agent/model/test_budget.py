"""What a model costs, and how much of it a day has."""

from hypothesis import given
from hypothesis import strategies as st

from agent.model.budget import Budget

NOTHING = {"tokens": 0, "cost": 0}
COUNTS = st.integers(0, 10**9)


def test_a_call_costs_what_it_reads_and_writes_rounded_up() -> None:
    assert Budget(price_in=150, price_out=600).cost(1_000, 1_000) == 750
    assert Budget(price_in=150, price_out=600).cost(1, 0) == 1


def test_without_a_limit_a_day_has_no_end() -> None:
    assert Budget(price_in=5).allows({"tokens": 10**12, "cost": 10**12}, 10**6, 10**6)


def test_a_call_that_would_go_beyond_the_day_is_not_made() -> None:
    assert Budget(tokens_a_day=100).allows(NOTHING, 60, 40)
    assert not Budget(tokens_a_day=100).allows(NOTHING, 60, 41)
    assert Budget(price_in=1_000, cost_a_day=100).allows({"tokens": 0, "cost": 40}, 60, 0)
    assert not Budget(price_in=1_000, cost_a_day=100).allows({"tokens": 0, "cost": 41}, 60, 0)


@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_two_calls_cost_no_less_than_one_of_both(price_in: int, price_out: int, first: int, second: int) -> None:
    budget = Budget(price_in, price_out)
    together = budget.cost(first + second, first + second)
    assert budget.cost(first, first) + budget.cost(second, second) >= together
