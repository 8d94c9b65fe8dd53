"""DoubleML: the partially linear panel regression (Clarke and Polselli 2025), by two approaches."""

import numpy as np
from doubleml import DoubleMLPanelData, DoubleMLPLPR
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LassoCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler


def panel_regression(approach, learner):
    def slope(frame):
        np.random.seed(1)
        # Periods have effects here: dummies of them are among the columns that learners see.
        periods = {f"t{period}": (frame.time == period).astype(float) for period in frame.time.unique()[1:]}
        rows = frame[["unit", "time", "y", "x", "c"]].assign(**periods)
        data = DoubleMLPanelData(rows, "y", "x", "time", "unit", static_panel=True)
        fit = DoubleMLPLPR(data, ml_l=learner(), ml_m=learner(), n_folds=4, approach=approach).fit()
        low, high = fit.confint().iloc[0]
        return fit.coef[0], fit.se[0], low, high

    return slope


def lasso():
    return make_pipeline(PolynomialFeatures(2), StandardScaler(), LassoCV())


def forest():
    return RandomForestRegressor(n_estimators=100, min_samples_leaf=5, random_state=1)


SLOPES = {"constant", "varying", "nonlinear"}
ESTIMATORS = {
    "PLPR, first differences, lasso": (SLOPES, panel_regression("fd_exact", lasso)),
    "PLPR, first differences, forest": (SLOPES, panel_regression("fd_exact", forest)),
    "PLPR, correlated random effects, forest": (SLOPES, panel_regression("cre_general", forest)),
}
