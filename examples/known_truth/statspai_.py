"""StatsPAI: two-way effects, debiased panels, staged treatments and dynamic panels."""

import statspai

# Half the width of a 95 % interval in standard errors.
NORMAL = 1.959964


def two_way(frame):
    fit = statspai.feols("y ~ x + c | unit + time", frame, cluster="unit")
    low, high = fit.conf_int().loc["x"]
    return fit.params["x"], fit.std_errors["x"], low, high


def debiased(frame):
    fit = statspai.dml_panel(frame, "y", "x", ["c"], unit="unit", time="time", include_time_fe=True)
    return fit.estimate, fit.se, fit.ci_lower, fit.ci_upper


def staged(fit):
    return fit.estimate, fit.se, *fit.ci


def callaway_santanna(frame):
    fit = statspai.callaway_santanna(frame, y="y", g="start", t="time", i="unit")
    return staged(statspai.aggte(fit, type="simple"))


def imputation(frame):
    return staged(statspai.did_imputation(frame, y="y", group="unit", time="time", first_treat="start"))


def dynamic(kind):
    def slope(frame):
        fit = statspai.xtabond(
            frame, "y", id="unit", time="time", method=kind, twostep=True, predetermined=["x"], collapse=True
        )
        estimate, error = fit.detail.set_index("variable").loc["x", ["coefficient", "se"]]
        return estimate, error, estimate - NORMAL * error, estimate + NORMAL * error

    return slope


SLOPES = {"constant", "varying", "nonlinear"}
ESTIMATORS = {
    "feols, two-way": (SLOPES | {"staggered", "dynamic"}, two_way),
    "dml_panel": (SLOPES, debiased),
    "callaway_santanna, simple": ({"staggered"}, callaway_santanna),
    "did_imputation": ({"staggered"}, imputation),
    "xtabond, difference": ({"dynamic"}, dynamic("difference")),
    "xtabond, system": ({"dynamic"}, dynamic("system")),
}
