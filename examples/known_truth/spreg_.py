"""spreg: fixed effects with a spatial lag, its slope and its direct impact with rho taken as known."""

import numpy as np
import spreg
from libpysal.weights import KNN
from scipy.stats import norm


def fitted(frame):
    rows = frame.sort_values(["time", "unit"])
    first = rows[rows.time == rows.time.min()]
    weights = KNN.from_array(first[["latitude", "longitude"]].to_numpy(), k=5)
    weights.transform = "r"
    W = weights.full()[0]
    n = len(first)
    x, y = (rows[name].to_numpy().reshape(-1, n) for name in ("x", "y"))
    # Effects of periods are taken out by hand: the model has effects of units alone.
    x, y = (own - own.mean(axis=1, keepdims=True) for own in (x, y))
    columns = np.column_stack([x.ravel(), (x @ W.T).ravel()])
    return spreg.Panel_FE_Lag(y.reshape(-1, 1), columns, weights), W


def slope(frame):
    model, _ = fitted(frame)
    estimate, error = float(model.betas[0, 0]), float(model.std_err[0])
    half_width = norm.ppf(0.975) * error
    return estimate, error, estimate - half_width, estimate + half_width


def direct_impact(frame):
    model, W = fitted(frame)
    beta, rho = model.betas.ravel()[:2], float(model.rho)
    multiplier = np.linalg.inv(np.eye(len(W)) - rho * W)
    weights = np.array([np.diag(multiplier).mean(), np.diag(multiplier @ W).mean()])
    estimate, error = weights @ beta, np.sqrt(weights @ model.vm[:2, :2] @ weights)
    half_width = norm.ppf(0.975) * error
    return estimate, error, estimate - half_width, estimate + half_width


ESTIMATORS = {
    "Panel_FE_Lag, slope": ({"spatial"}, slope),
    "Panel_FE_Lag with x of neighbours, direct impact at its rho": ({"spatial"}, direct_impact),
}
