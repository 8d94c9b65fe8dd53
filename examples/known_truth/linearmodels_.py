"""linearmodels: two-way effects and first differences, errors clustered by unit."""

from linearmodels import FirstDifferenceOLS, PanelOLS, RandomEffects


def slope(fit):
    low, high = fit.conf_int().loc["x"]
    return fit.params["x"], fit.std_errors["x"], low, high


def two_way(frame):
    rows = frame.set_index(["unit", "time"])
    model = PanelOLS(rows.y, rows[["x", "c"]], entity_effects=True, time_effects=True)
    return slope(model.fit(cov_type="clustered", cluster_entity=True))


def first_differences(frame):
    rows = frame.set_index(["unit", "time"])
    return slope(FirstDifferenceOLS(rows.y, rows[["x", "c"]]).fit(cov_type="clustered", cluster_entity=True))


def random_effects(frame):
    rows = frame.set_index(["unit", "time"]).assign(const=1.0)
    model = RandomEffects(rows.y, rows[["const", "x", "c"]])
    return slope(model.fit(cov_type="clustered", cluster_entity=True))


EVERY = {"constant", "varying", "staggered", "dynamic", "spatial", "nonlinear"}
ESTIMATORS = {
    "PanelOLS, two-way": (EVERY, two_way),
    "FirstDifferenceOLS": (EVERY - {"staggered"}, first_differences),
    "RandomEffects": (EVERY - {"staggered"}, random_effects),
}
