"""PanelBox: fixed effects, and two-step difference and system GMM, collapsed."""

from panelbox import FixedEffects
from panelbox.gmm import DifferenceGMM, SystemGMM


def slope(fit):
    limits = fit.conf_int().loc["x"]
    return fit.params["x"], fit.std_errors["x"], limits.iloc[0], limits.iloc[1]


def two_way(frame):
    model = FixedEffects("y ~ x + c", frame, "unit", "time", entity_effects=True, time_effects=True)
    return slope(model.fit(cov_type="clustered"))


def dynamic(kind):
    def fitted(frame):
        model = kind(
            frame,
            dep_var="y",
            lags=1,
            id_var="unit",
            time_var="time",
            predetermined_vars=["x"],
            collapse=True,
        )
        return slope(model.fit())

    return fitted


ESTIMATORS = {
    "FixedEffects, two-way": ({"constant", "dynamic"}, two_way),
    "DifferenceGMM": ({"dynamic"}, dynamic(DifferenceGMM)),
    "SystemGMM": ({"dynamic"}, dynamic(SystemGMM)),
}
