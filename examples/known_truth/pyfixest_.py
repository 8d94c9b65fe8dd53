"""pyfixest: two-way effects, and two-stage and local-projection differences in differences."""

import pyfixest


def two_way(frame):
    fit = pyfixest.feols("y ~ x + c | unit + time", frame, vcov={"CRV1": "unit"})
    return fit.tidy().loc["x", ["Estimate", "Std. Error", "2.5%", "97.5%"]]


def two_stage(frame):
    fit = pyfixest.did2s(
        frame.astype({"x": bool}),
        yname="y",
        first_stage="~ 0 | unit + time",
        second_stage="~ i(x, ref=False)",
        treatment="x",
        cluster="unit",
    )
    return fit.tidy().iloc[-1][["Estimate", "Std. Error", "2.5%", "97.5%"]]


EVERY = {"constant", "varying", "staggered", "dynamic", "spatial", "nonlinear"}
ESTIMATORS = {"feols, two-way": (EVERY, two_way), "did2s": ({"staggered"}, two_stage)}
