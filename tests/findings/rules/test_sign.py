"""Models that all have the other sign."""

import numpy as np
import pytest

from findings.wage_effects import params, part, told, with_curve_slopes, with_effects, with_mean_slopes
from harness.findings.rules.sign import sign_findings


@pytest.mark.parametrize(
    ("slopes", "is_told"),
    [
        ((0.1, 0.2, 0.3), True),
        ((0.1, -0.05, 0.3), False),
        ((0.1, 0.2, -0.15), False),
        ((0.1, 0.0, 0.3), False),
    ],
)
def test_that_all_curves_go_the_other_way_is_told_first(run, slopes, is_told):
    changed = with_curve_slopes(with_effects(run, {}), *slopes)
    first, *_ = part(changed, "trust")
    assert (first.code == "signs_differ") is is_told
    if is_told:
        assert params(first) == {"n_curves": 3, "do_rise": True, "is_significant": True}
        turned = {"estimate": 0.2, "conf_low": 0.1, "conf_high": 0.3}
        below = with_curve_slopes(with_effects(run, turned), *(-slope for slope in slopes))
        assert part(below, "trust")[0].code == "signs_differ"


OPEN = {"conf_low": -0.5, "conf_high": 0.1, "p_value": 0.2}


@pytest.mark.parametrize(
    ("truth", "change", "slopes", "text"),
    [
        (np.nan, {}, (0.1, 0.2), "Both models say it rises; the debiased estimate says it falls."),
        (
            *(-0.2, {}, (0.1, 0.2, 0.3)),
            "All three models have the wrong sign here; only the debiased estimate has the right one.",
        ),
        (0.2, {}, (0.1,), "The model has the right sign here; the debiased estimate has the wrong one."),
        (
            *(-0.2, OPEN, (0.1, 0.2, 0.3)),
            "All three models say it rises; the truth falls; the debiased estimate cannot tell.",
        ),
        (0.2, OPEN, (0.1, 0.2), ""),
        (np.nan, OPEN, (0.1, 0.2), ""),
    ],
)
def test_who_has_the_wrong_sign_is_said_where_the_truth_is_known(run, truth, change, slopes, text):
    """Without the truth it is of a significant effect alone: two intervals that overlap are no test."""
    named = dict(zip(("ols", "fe", "rab"), slopes, strict=False))
    rows = told(sign_findings)(with_mean_slopes(with_effects(run, change), truth, **named), "lwage")
    assert [row.text for row in rows] == [text] * bool(text)
