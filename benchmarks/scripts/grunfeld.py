"""`specs/grunfeld.yaml --quick` as one would write it without the harness, fit for fit.

The same six estimators on the same eleven folds and on all rows, 40 draws of each for a curve with its band,
two figures and two tables. Networks are scikit-learn's by L-BFGS, with the hidden size of the same formula;
they stop at their optimum, having no rows to select on. ``python benchmarks/scripts/grunfeld.py FOLDER``.
"""

import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from linearmodels.panel import PanelOLS, PooledOLS
from matplotlib.figure import Figure
from minisom import MiniSom
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GroupKFold, ShuffleSplit
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from statsmodels.datasets import grunfeld

COLUMNS, N_DRAWS, N_FOLD_DRAWS = ["value", "capital"], 40, 10
warnings.simplefilter("ignore", ConvergenceWarning)


class FixedEffects(BaseEstimator, RegressorMixin):
    """Within regression; a firm never seen has the mean effect."""

    def fit(self, X, y):
        self.slopes_ = X.assign(y=y).groupby("firm").transform(lambda own: own - own.mean())
        self.slopes_ = np.linalg.lstsq(self.slopes_[COLUMNS], self.slopes_["y"], rcond=None)[0]
        self.effects_ = (y - X[COLUMNS] @ self.slopes_).groupby(X["firm"]).mean()
        return self

    def predict(self, X):
        effects = X["firm"].map(self.effects_).fillna(self.effects_.mean())
        return effects.to_numpy() + X[COLUMNS].to_numpy() @ self.slopes_


class Columns(BaseEstimator, RegressorMixin):
    """A regressor that sees the regressors and not the firm."""

    def __init__(self, base):
        self.base = base

    def fit(self, X, y):
        self.base.fit(X[COLUMNS].to_numpy(), y)
        return self

    def predict(self, X):
        return self.base.predict(X[COLUMNS].to_numpy())


class Network(BaseEstimator, RegressorMixin):
    """A network whose size follows from the rows it has."""

    def __init__(self, seed=0):
        self.seed = seed

    def fit(self, X, y):
        n_inputs = X.shape[1]
        size = max(1, int((((len(X) * 0.9 - 1) / (n_inputs + 2)) - 1) / 10))
        options = {"activation": "tanh", "solver": "lbfgs", "max_iter": 1000, "random_state": self.seed}
        network = make_pipeline(StandardScaler(), MLPRegressor(hidden_layer_sizes=(size,), **options))
        self.pipe_ = TransformedTargetRegressor(network, transformer=StandardScaler())
        self.pipe_.fit(X, y)
        return self

    def predict(self, X):
        return self.pipe_.predict(X)


class MapAndNetworks(BaseEstimator, RegressorMixin):
    """Rows are sorted by the better of two maps of 2 x 2 units; each cluster has its network."""

    def __init__(self, seed=0):
        self.seed = seed

    def fit(self, X, y):
        self.scale_ = StandardScaler().fit(X)
        scaled, self.map_ = self.scale_.transform(X), None
        for start in range(2):
            one = MiniSom(2, 2, X.shape[1], sigma=1.0, learning_rate=0.5, random_seed=self.seed + start)
            one.train_random(scaled, 50 * len(X))
            if self.map_ is None or one.quantization_error(scaled) < self.map_.quantization_error(scaled):
                self.map_ = one
        cluster, self.whole_ = self._cluster(X), Network(self.seed).fit(X, y)
        enough = [at for at in range(4) if (cluster == at).sum() > 2 * (X.shape[1] + 3)]
        y = np.asarray(y)
        self.own_ = {at: Network(self.seed).fit(X[cluster == at], y[cluster == at]) for at in enough}
        return self

    def _cluster(self, X):
        return self.map_._distance_from_weights(self.scale_.transform(X)).argmin(axis=1)

    def predict(self, X):
        cluster, found = self._cluster(X), self.whole_.predict(X)
        for at, network in self.own_.items():
            if (cluster == at).any():
                found[cluster == at] = network.predict(X[cluster == at])
        return found


def by_firm(frame, seed):
    """Return a resample of firms; each keeps its name."""
    firms = np.random.default_rng(seed).choice(frame["firm"].unique(), frame["firm"].nunique())
    return pd.concat([frame[frame["firm"] == firm] for firm in firms])


class Rab(BaseEstimator, RegressorMixin):
    """The mean of networks on resamples of firms."""

    def __init__(self, draws):
        self.draws = draws

    def fit(self, X, y):
        frame = X.assign(y=y)
        drawn = [by_firm(frame, seed) for seed in range(self.draws)]
        self.networks_ = [Columns(Network(at)).fit(own, own["y"]) for at, own in enumerate(drawn)]
        return self

    def each(self, X):
        return np.stack([network.predict(X) for network in self.networks_])

    def predict(self, X):
        return self.each(X).mean(axis=0)


def estimators(draws):
    options = {"early_stopping": True, "validation_fraction": 0.2, "n_iter_no_change": 50, "random_state": 0}
    boosting = HistGradientBoostingRegressor(max_iter=300, max_leaf_nodes=15, **options)
    ols = make_pipeline(StandardScaler(), LinearRegression())
    return {
        "Pooled OLS": Columns(ols),
        "Fixed effects (firm)": FixedEffects(),
        "Boosted trees": Columns(boosting),
        "Neural network": Columns(Network()),
        "SOM + ANN": Columns(MapAndNetworks()),
        "RAB": Rab(draws),
    }


def folds(frame):
    rows = np.arange(len(frame))
    yield "in_sample", rows, rows
    for name, seed in (("as_published", 1), ("random_rows", 2)):
        for train, test in ShuffleSplit(3, test_size=0.1, random_state=seed).split(frame):
            yield name, train, test
    for train, test in GroupKFold(3, shuffle=True, random_state=3).split(frame, groups=frame["firm"]):
        yield "held_out_entities", train, test
    last = (frame["year"] >= frame["year"].max() - 3).to_numpy()
    yield "forward", rows[~last], rows[last]


def squared_errors(frame, protocol, train, test, name):
    fit = estimators(N_FOLD_DRAWS)[name].fit(frame.iloc[train], frame["invest"].iloc[train])
    errors = np.square(frame["invest"].iloc[test] - fit.predict(frame.iloc[test]))
    columns = {"protocol": protocol, "estimator": name, "firm": frame["firm"].iloc[test], "error": errors}
    return pd.DataFrame(columns)


def gain_interval(ours, reference, firms):
    """Return a gain with an interval over resamples of firms."""
    sums = pd.DataFrame({"ours": ours, "reference": reference, "firm": firms}).groupby("firm").sum()
    rng = np.random.default_rng(4)
    drawn = sums.to_numpy()[rng.integers(len(sums), size=(1000, len(sums)))].sum(axis=1)
    low, high = np.quantile(1 - drawn[:, 0] / drawn[:, 1], [0.025, 0.975])
    return 1 - ours.sum() / reference.sum(), low, high


def curve(fit, frame, grid):
    means = []
    for value in grid:
        at = frame.assign(value=value)
        means.append((fit.each(at) if isinstance(fit, Rab) else fit.predict(at)).mean(axis=-1))
    return np.array(means).T


def drawn_curve(frame, name, seed, grid):
    drawn = by_firm(frame, seed)
    return curve(estimators(N_DRAWS)[name].fit(drawn, drawn["invest"]), frame, grid)


def main(folder):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    frame = grunfeld.load_pandas().data
    frame = frame[frame["firm"] != "American Steel"].reset_index(drop=True)
    names, grid = list(estimators(1)), np.linspace(frame["value"].min(), frame["value"].max(), 25)
    parallel = Parallel(n_jobs=2)
    errors = pd.concat(
        parallel(
            delayed(squared_errors)(frame, protocol, train, test, name)
            for protocol, train, test in folds(frame)
            for name in names
        )
    )
    refits = [name for name in names if name != "RAB"]
    tasks = [(frame, name, seed, grid) for name in refits for seed in range(N_DRAWS)]
    found = parallel(delayed(drawn_curve)(*task) for task in tasks)
    curves = {name: np.stack(found[at * N_DRAWS : (at + 1) * N_DRAWS]) for at, name in enumerate(refits)}
    whole = {name: fit.fit(frame, frame["invest"]) for name, fit in estimators(N_DRAWS).items()}
    curves["RAB"] = curve(whole["RAB"], frame, grid)

    rows = []
    for (protocol, name), own in errors.groupby(["protocol", "estimator"], sort=False):
        reference = errors[(errors["protocol"] == protocol) & (errors["estimator"] == "Pooled OLS")]
        gain = gain_interval(own["error"].to_numpy(), reference["error"].to_numpy(), own["firm"].to_numpy())
        rows.append((protocol, name, own["error"].mean(), *gain))
    gains = pd.DataFrame(rows, columns=["protocol", "estimator", "mse", "gain", "low", "high"])
    gains.to_csv(folder / "gains.csv", index=False)

    panel = frame.assign(year=frame["year"].astype(int)).set_index(["firm", "year"])
    pooled = PooledOLS(panel["invest"], panel[COLUMNS].assign(const=1.0))
    fits = {
        "ols": pooled.fit(cov_type="clustered", cluster_entity=True),
        "fe": PanelOLS(panel["invest"], panel[COLUMNS], entity_effects=True).fit(),
    }
    columns = {f"{name} estimate": fit.params for name, fit in fits.items()}
    columns |= {f"{name} std_error": fit.std_errors for name, fit in fits.items()}
    pd.DataFrame(columns).to_csv(folder / "coefficients.csv")

    figure = Figure(figsize=(9, 5), layout="constrained")
    for axes, name in zip(figure.subplots(2, 3, sharex=True).flat, names, strict=True):
        low, high = np.quantile(curves[name], [0.025, 0.975], axis=0)
        middle = curves[name].mean(axis=0) if name == "RAB" else curve(whole[name], frame, grid)
        axes.plot(grid, middle)
        axes.fill_between(grid, low, high, alpha=0.3)
        axes.set_title(name)
    figure.savefig(folder / "curves.svg")
    figure = Figure(figsize=(9, 3), layout="constrained")
    for axes, (protocol, own) in zip(figure.subplots(1, 5).flat, gains.groupby("protocol"), strict=True):
        errors = [own["gain"] - own["low"], own["high"] - own["gain"]]
        axes.errorbar(own["gain"], own["estimator"], xerr=errors, fmt="o")
        axes.set_title(protocol)
    figure.savefig(folder / "gains.svg")


if __name__ == "__main__":
    main(sys.argv[1])
