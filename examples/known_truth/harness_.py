"""The harness: fixed effects, debiased slopes, staged treatments, system GMM and spatial Durbin panels."""

from dataclasses import replace

import numpy as np

from harness import panel_from_frame
from harness.plugin import EstimationError, random_stream
from harness.scenarios.effect.scenario import EffectScenario
from harness.scenarios.scenario import Subject, framed
from harness.scenarios.task import answered_in_parts
from harness_causal import DifferenceInDifferences
from harness_panel import DynamicGMM, FixedEffects, SpatialDurbin
from harness_sklearn import Splines

EVERY = {"constant", "varying", "staggered", "dynamic", "spatial", "nonlinear"}
SLOPES = {"constant", "varying", "nonlinear"}


def panel_of(frame):
    names = {"entity": "unit", "time": "time", "outcome": "y", "exposure": "x", "controls": ["c"]}
    return panel_from_frame(frame, **names)


def coefficient(fit):
    row = fit.coefficients().frame(0.95).set_index("term").loc["x"]
    return row[["estimate", "std_error", "conf_low", "conf_high"]]


def fixed_effects(frame):
    return coefficient(FixedEffects(effects=("entity", "time")).fit(panel_of(frame)))


def debiased(method):
    def slope(frame):
        scenario = EffectScenario(methods=(method,), learners=("splines",))
        subject = Subject(panel_of(frame), Splines(), "splines", 1)
        row = answered_in_parts(scenario, subject)["effects"].iloc[0]
        if row["status"] != "ok":
            raise EstimationError.at("effect", row["reason"])
        return row[["estimate", "std_error", "conf_low", "conf_high"]]

    return slope


def staged(method):
    def average(frame):
        scenario = DifferenceInDifferences(methods=(method,))
        found = framed(scenario.answer_of(panel_of(frame), rng=random_stream(1, "known truth")))[
            "did_effects"
        ]
        row = found[(found["effect"] != "event") & (found["band"] == "pointwise")].iloc[0]
        return row[["estimate", "std_error", "conf_low", "conf_high"]]

    return average


def dynamic(kind):
    return lambda frame: coefficient(DynamicGMM(type=kind, predetermined=("x",)).fit(panel_of(frame)))


def direct_impact(frame):
    panel = replace(panel_of(frame), coordinates=frame[["latitude", "longitude"]].to_numpy())
    impacts = SpatialDurbin().fit(panel).details()["impacts"]
    rows = zip(impacts["variable"], impacts["impact"], strict=True)
    at = next(at for at, row in enumerate(rows) if row == ("x", "direct"))
    return np.array([impacts[name][at] for name in ("estimate", "std_error", "conf_low", "conf_high")])


ESTIMATORS = {
    "fixed effects": (EVERY, fixed_effects),
    "effect, first differences": (SLOPES, debiased("first_differences")),
    "effect, correlated random effects": (SLOPES, debiased("correlated_random_effects")),
    "did, imputation": ({"staggered"}, staged("imputation")),
    "did, Callaway and Sant'Anna": ({"staggered"}, staged("callaway_santanna")),
    "did, Sun and Abraham": ({"staggered"}, staged("sun_abraham")),
    "gmm, difference": ({"dynamic"}, dynamic("difference")),
    "gmm, system": ({"dynamic"}, dynamic("system")),
    "spatial_durbin, direct impact": ({"spatial"}, direct_impact),
}
