"""What a whole study does not depend on: the order of rows and columns, names that sort alike, and units."""

from __future__ import annotations

import numpy as np
import pytest

import harness
from small_run import SPEC, grunfeld

LAWS = {
    key: value for key, value in SPEC.items() if key not in ("multiverse", "claims", "data_are_published")
} | {
    "estimators": [
        {"id": "ols", "use": "pooled_ols"},
        {"id": "fe", "use": "fixed_effects"},
        {"id": "net", "use": "mlp", "hidden": 2, "restarts": 1, "max_steps": 20},
        {
            "id": "rab",
            "use": "rab",
            "draws": 4,
            "base": {"use": "mlp", "hidden": 2, "restarts": 1, "max_steps": 20},
        },
    ],
    "evaluation": {"reference": "ols", "protocols": ["in_sample", "held_out_entities"]},
    "report": {"formats": []},
}
Y_SCALE, Y_SHIFT, X_SCALE, X_SHIFT = 1000.0, 5.0, 0.01, -3.0


def study(out, frame):
    return harness.run(LAWS, data=frame, out=out, quick=True, progress=False)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return study(tmp_path_factory.mktemp("laws") / "base", grunfeld())


def numbers(table, columns):
    return table[columns].to_numpy(dtype=np.float64)


GAIN = ["gain", "conf_low", "conf_high", "p_value", "mse"]
CURVE = ["at", "estimate", "conf_low", "conf_high"]


def shuffled(frame):
    return frame.sample(frac=1.0, random_state=3)[frame.columns[::-1]]


def renamed(frame, *, reverse):
    """Give every firm another name, which sorts as the old one did or in the reverse order."""
    left_out = "American Steel"
    firms = sorted(set(frame.index.get_level_values("firm")) - {left_out}, reverse=reverse)
    names = {name: f"firm {at:02}" for at, name in enumerate(firms)} | {left_out: left_out}
    return frame.rename(index=names, level="firm")


def relabelled(frame):
    return renamed(frame, reverse=False)


def test_names_that_sort_otherwise_change_no_estimate(base, tmp_path):
    """Folds and bootstrap draws follow the order of the names; what is estimated on all rows does not."""
    other = study(tmp_path / "run", renamed(grunfeld(), reverse=True))
    estimates = ["estimate", "std_error", "conf_low", "conf_high"]
    assert other.coefficients["term"].tolist() == base.coefficients["term"].tolist()
    np.testing.assert_allclose(
        numbers(other.coefficients, estimates), numbers(base.coefficients, estimates), rtol=1e-8
    )
    ours, theirs = (
        one.gain[(one.gain["estimator"] == "fe") & (one.gain["protocol"] == "in_sample")]
        for one in (base, other)
    )
    np.testing.assert_allclose(numbers(theirs, ["gain", "mse"]), numbers(ours, ["gain", "mse"]), rtol=1e-8)


@pytest.mark.parametrize("change", [shuffled, relabelled])
def test_order_and_names_change_no_number(base, tmp_path, change):
    other = study(tmp_path / "run", change(grunfeld()))
    np.testing.assert_allclose(numbers(other.gain, GAIN), numbers(base.gain, GAIN), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(
        numbers(other.curves, CURVE), numbers(base.curves, CURVE), rtol=1e-9, atol=1e-9
    )
    assert other.gain["estimator"].tolist() == base.gain["estimator"].tolist()


def test_units_change_nothing_but_units(base, tmp_path):
    frame = grunfeld()
    frame["invest"] = Y_SCALE * frame["invest"] + Y_SHIFT
    frame["value"] = X_SCALE * frame["value"] + X_SHIFT
    other = study(tmp_path / "run", frame)
    same = ["gain", "conf_low", "conf_high", "p_value"]
    np.testing.assert_allclose(numbers(other.gain, same), numbers(base.gain, same), rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(
        numbers(other.gain, ["mse"]), Y_SCALE**2 * numbers(base.gain, ["mse"]), rtol=1e-8
    )
    for kind, at_rest in (("level", Y_SHIFT), ("slope", 0.0), ("ale", 0.0)):
        ours, theirs = (numbers(one.curves[one.curves["kind"] == kind], CURVE) for one in (base, other))
        np.testing.assert_allclose(theirs[:, 0], X_SCALE * ours[:, 0] + X_SHIFT, rtol=1e-9)
        scale = Y_SCALE / (X_SCALE if kind == "slope" else 1.0)
        expected = scale * ours[:, 1:] + at_rest
        np.testing.assert_allclose(theirs[:, 1:], expected, rtol=1e-8, atol=1e-8 * np.abs(expected).max())
