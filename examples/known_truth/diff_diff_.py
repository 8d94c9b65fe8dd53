"""diff-diff: four estimators of the average effect of a staged treatment."""

import diff_diff


def of(kind):
    def average(frame):
        fit = kind().fit(frame, outcome="y", unit="unit", time="time", first_treat="start")
        low, high = fit.overall_conf_int
        return fit.overall_att, fit.overall_se, low, high

    return average


ESTIMATORS = {
    name: ({"staggered"}, of(getattr(diff_diff, name)))
    for name in ("CallawaySantAnna", "SunAbraham", "ImputationDiD", "TwoStageDiD")
}
