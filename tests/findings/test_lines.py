"""Rows of a table as curves on a grid with their bands, and stretches of a grid."""

import numpy as np
import pytest

from harness.findings.lines import curves_from, stretches, unsupported_spans
from harness.tables.curves import CurveRow
from harness.text.render import stretches_text


@pytest.mark.parametrize(
    ("places", "said"),
    [
        ([1, 1, 1, 1], "from 0 to 3"),
        ([0, 1, 0, 0], "at 1"),
        ([1, 0, 1, 1], "at 0 and from 2 to 3"),
        ([0, 0, 0, 0], ""),
    ],
)
def test_stretches_of_a_grid_in_words(places, said):
    found = stretches(np.arange(4.0), np.array(places, dtype=bool))
    assert stretches_text(found) == said


AT = np.array([0.0, 1.0, 2.0, 4.0])


@pytest.mark.parametrize(
    ("supported", "spans"),
    [
        ([True, True, True, True], ()),
        ([False, True, True, True], ((0.0, 0.5),)),
        ([True, False, True, False], ((0.5, 1.5), (3.0, 4.0))),
        ([False, False, False, False], ((0.0, 4.0),)),
    ],
)
def test_unsupported_stretches_reach_halfway_to_their_neighbours(supported, spans):
    assert unsupported_spans(AT, np.array(supported)) == spans


def test_an_empty_grid_has_no_stretches():
    assert unsupported_spans(np.empty(0), np.empty(0, dtype=bool)) == ()


def row(estimator, at, status="ok", band="", half=np.nan):
    return CurveRow(
        outcome="y",
        estimator=estimator,
        kind="level",
        at=at,
        estimate=at**2,
        conf_low=at**2 - half,
        conf_high=at**2 + half,
        band=band,
        n_draws=None,
        supported=True,
        status=status,
        reason="",
    )


def test_rows_become_curves_in_order_of_the_grid_and_refusals_do_not():
    made = curves_from([row("b", 2.0), row("a", 1.0), row("b", 1.0), row("c", 0.0, "refused")])
    assert [(one.estimator, one.at.tolist(), one.estimate.tolist()) for one in made] == [
        ("b", [1.0, 2.0], [1.0, 4.0]),
        ("a", [1.0], [1.0]),
    ]
    assert not any(band.is_drawn for one in made for band in one.bands)


def test_the_bands_of_a_curve_share_its_grid():
    kinds = {"pointwise": 1.0, "simultaneous": 3.0}
    (made,) = curves_from(
        [row("a", at, band=kind, half=half) for kind, half in kinds.items() for at in (2.0, 1.0)]
    )
    assert made.at.tolist() == [1.0, 2.0]
    assert made.band("pointwise").low.tolist() == [0.0, 3.0]
    assert made.band("simultaneous").high.tolist() == [4.0, 7.0]
    assert made.band("uniform") is None
