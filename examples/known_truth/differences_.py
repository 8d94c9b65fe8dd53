"""differences: Callaway and Sant'Anna, the simple average."""

from differences import ATTgt


def simple(frame):
    rows = frame.assign(start=frame.start.where(frame.start > 0)).set_index(["unit", "time"])
    fit = ATTgt(data=rows, cohort_column="start").fit("y", progress_bar=False)
    return fit.aggregate("simple").to_numpy().ravel()[:4]


ESTIMATORS = {"ATTgt, simple": ({"staggered"}, simple)}
