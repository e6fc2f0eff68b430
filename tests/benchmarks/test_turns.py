"""Ways take turns, and ratios are of neighbours in time."""

from __future__ import annotations

import pytest

from hdrcli.benchmarks.processes import Usage
from hdrcli.benchmarks.turns import in_turn, ratio, spread
from hdrcli.benchmarks.whole import EQUAL, OURS, Run, summed
from hdrcli.errors import HdrcliError


def test_they_take_turns_and_one_that_fails_is_told_once() -> None:
    order, failed = [], []

    def way(name: str, rounds: int = 9) -> int:
        order.append(name)
        if order.count(name) > rounds:
            raise HdrcliError(f"{name} fell over.")
        return len(order)

    ways = {"a": lambda: way("a"), "b": lambda: way("b", rounds=1), "c": lambda: way("c")}
    found = in_turn(ways, 3, lambda name, error: failed.append((name, error.message)))
    assert "".join(order) == "abcabcac"
    assert failed == [("b", "b fell over.")]
    assert found == {"a": [1, 4, 7], "c": [3, 6, 8]}


def test_figures_of_rounds() -> None:
    assert spread([3, 1, 2]) == {"median": 2, "least": 1, "most": 3, "runs": [3, 1, 2]}
    assert ratio([1, 20, 3], [2, 20, 12])["median"] == 0.5  # the medians' own would be 3 / 12


def test_peers_are_held_against_equal_work() -> None:
    def runs(*walls: float) -> list[Run]:
        return [Run(Usage(wall, 2 * wall, 10**9), 5) for wall in walls]

    rows = summed({OURS: runs(3, 3), EQUAL: runs(1, 2), "peer": runs(4, 4)})
    assert rows["peer"]["ratio"]["median"] == pytest.approx(0.375)
    assert rows["peer"]["cpu_ratio"]["most"] == pytest.approx(0.5)
    assert "ratio" not in rows[OURS]
    assert rows["peer"]["memory"]["median"] == 10**9
    assert rows["peer"]["output_bytes"] == 5
