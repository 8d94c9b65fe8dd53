"""What the figures of a suite draw are the numbers of its tables."""

import pandas as pd
import pytest

from harness.suite.figures import plot_cost, plot_gains, plot_ranks

LABELS = {"a": "A", "b": "B"}


def lines(axes):
    """Return the points of every line of some axes."""
    return [list(zip(line.get_xdata(), line.get_ydata(), strict=True)) for line in axes.get_lines()]


def test_gains_are_per_cents_by_panel_and_protocol_those_below_the_limit_at_it_and_not_of_refused_ones():
    rows = [
        ("new", "up", "a", 0.25, "ok"),
        ("new", "down-2", "a", -3.0, "ok"),
        ("new", "down-2", "b", 0.5, "refused"),
        ("later", "down-2", "b", 0.125, "ok"),
    ]
    gains = pd.DataFrame(rows, columns=["protocol", "study", "estimator", "gain", "status"])
    new, later = plot_gains(gains, LABELS, {"new": "New", "later": "Later"}).axes
    assert [point for line in lines(new)[1:] for point in line] == [(25.0, 0.0), (-100.0, 1.0)]
    assert [point for line in lines(later)[1:] for point in line] == [(12.5, 1.0)]
    assert [label.get_text() for label in new.get_yticklabels()] == ["up", "down 2"]


def test_ranks_come_in_order_with_the_critical_difference_from_the_best():
    ranks = pd.DataFrame(
        {
            "protocol": "new",
            "estimator": ["a", "b"],
            "average_rank": [2.5, 1.5],
            "critical_difference": 0.75,
            "is_tied_with_best": [False, True],
        }
    )
    (axes,) = plot_ranks(ranks, LABELS, {"new": "New"}).axes
    [bar, first, second] = lines(axes)
    assert [x for x, _ in bar] == [1.5, 2.25]
    assert (first, second) == ([(1.5, 0.0)], [(2.5, 1.0)])
    assert [label.get_text() for label in axes.get_yticklabels()] == ["B", "A"]
    fills = [line.get_markerfacecolor() for line in axes.get_lines()[1:]]
    assert fills[0] != "white"
    assert fills[1] == "white"


@pytest.mark.parametrize(("seconds", "drawn"), [(0.5, 0.5), (0.0001, 0.001)])
def test_costs_have_intervals_from_low_to_high_and_an_axis_for_what_is_known(seconds, drawn):
    summary = pd.DataFrame(
        {
            "protocol": ["new"],
            "estimator": "b",
            "seconds": seconds,
            "memory": float("nan"),
            "log_error_ratio": 0.1,
            "conf_low": -0.2,
            "conf_high": 0.3,
        }
    )
    (axes,) = plot_cost(summary, LABELS, {"new": "New"}).axes
    _, bar, dot = lines(axes)
    assert bar == [(drawn, -0.2), (drawn, 0.3)]
    assert dot == [(drawn, 0.1)]
