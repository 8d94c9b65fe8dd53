"""csdid: Callaway and Sant'Anna, the simple average."""

from csdid.att_gt import ATTgt


def simple(frame):
    fit = ATTgt(yname="y", tname="time", idname="unit", gname="start", data=frame, biters=999).fit()
    found = fit.aggte(typec="simple", bstrap=False, cband=False).atte
    estimate, error = float(found["overall_att"]), float(found["overall_se"])
    return estimate, error, estimate - 1.959964 * error, estimate + 1.959964 * error


ESTIMATORS = {"ATTgt, simple": ({"staggered"}, simple)}
