"""`specs/digital_carbon.yaml --quick` as one would write it without the harness, fit for fit.

The same seven estimators on the same eleven folds and on all rows, for three outcomes, 40 refits of each for
curves, groups and surfaces with their bands; the multiverse over controls, the ladder of methods, slopes and
curves by double machine learning; three tables and five figures. Networks are scikit-learn's by L-BFGS, with
the hidden size of the same formula and at most the same steps; the harness stops them earlier, by rows that
it sets aside. Effects next to a network are found in turn with it, not jointly. Tests, adjusted p-values,
robustness, sensitivity, the decomposition of gains, the best simple method, boosted trees, the report and its
appendix are left out. Reads prepared rows: ``python benchmarks/scripts/digital_carbon.py FOLDER ROWS.csv``.
"""

import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from doubleml import DoubleMLPanelData, DoubleMLPLPR
from joblib import Parallel, delayed
from linearmodels.panel import PanelOLS, PooledOLS
from matplotlib.figure import Figure
from minisom import MiniSom
from scipy.spatial.distance import cdist
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.decomposition import FactorAnalysis
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression, RidgeCV
from sklearn.model_selection import GroupKFold, ShuffleSplit, cross_val_predict
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, SplineTransformer, StandardScaler

N_DRAWS, N_FOLD_DRAWS, N_LADDER_DRAWS, N_STEPS, N_RAB_STEPS = 40, 10, 3, 250, 160
OUTCOMES, EXPOSURE = ["co2", "co2_intensity", "co2_pc"], "digital_economy"
MODERATORS = ["gdp_pc", "fdi_pc", "technology_attention", "innovation"]
GROUPS = ["city_size", "admin_rank", "pilot_zone", "pilot_policy"]
INDICATORS = "internet_users it_worker_share telecom_revenue_pc_2011 mobile_phones digital_finance".split()
CONTROLS = """
    urban_disposable_income_2011 tertiary_over_secondary tertiary_share secondary_share population_year_end
    senior_high_pupil_share fixed_investment_pc_2011 urbanisation land_area_pc road_density road_area_pc
    green_patents_pc pollution_index fdi_over_gdp tfp fiscal_exp_over_gdp fiscal_rev_over_gdp
    fiscal_budget_exp_pc_2011 fiscal_budget_rev_pc_2011 sci_tech_share_of_fiscal_exp loans_pc_2011
    deposits_loans_over_gdp
""".split()
# Columns of X: the city's number, the year, the index, moderators and controls.
CITY, YEAR, INDEX, GDP = 0, 1, 2, 3
warnings.simplefilter("ignore", ConvergenceWarning)


def rows_of(frame, learned_on):
    """Return X with the index, the first factor of its indicators in some rows, where it is from 0 to .88."""
    scaled = StandardScaler().fit(frame[INDICATORS].iloc[learned_on]).transform(frame[INDICATORS])
    factor = FactorAnalysis(1, tol=1e-12, max_iter=10_000).fit(scaled[learned_on])
    score = factor.transform(scaled)[:, 0] * np.sign(factor.components_[0, 0])
    low, high = score[learned_on].min(), score[learned_on].max()
    keys = [frame["city"].factorize()[0], frame["year"], 0.88 * (score - low) / (high - low)]
    return np.column_stack([*keys, frame[MODERATORS + CONTROLS]])


def regressors(X):
    return X[:, INDEX:]


def without_controls(X):
    return X[:, : -len(CONTROLS)]


def within(values, cities):
    return values - pd.DataFrame(values).groupby(cities).transform("mean").to_numpy()


def least_squares(A, b):
    return np.linalg.lstsq(A, b, rcond=None)[0]


class FixedEffects(BaseEstimator, RegressorMixin):
    """City and year effects; with a threshold the level and the index's slope change at a GDP per head."""

    def __init__(self, threshold=False):
        self.threshold = threshold

    def fit(self, X, y):
        years, counts = np.unique(X[:, YEAR], return_counts=True)
        self.years_, self.shares_, self.place_ = years, counts[1:] / len(X), None
        base = within(np.column_stack([self._columns(X), y]), X[:, CITY])
        if self.threshold:
            self.place_ = self._best_place(X, base[:, :-1], base[:, -1])
            base = within(np.column_stack([self._columns(X), y]), X[:, CITY])
        self.slopes_ = least_squares(base[:, :-1], base[:, -1])
        self.effects_ = pd.Series(y - self._columns(X) @ self.slopes_).groupby(X[:, CITY]).mean()
        return self

    def _best_place(self, X, A, y):
        places = np.unique(np.quantile(X[:, GDP], np.linspace(0.05, 0.95, 200), method="inverted_cdf"))
        above = X[:, [GDP]] > places
        added = within(np.hstack([above, above * X[:, [INDEX]]]), X[:, CITY])
        added, left = added - A @ least_squares(A, added), y - A @ least_squares(A, y)
        pairs = [added[:, [at, at + len(places)]] for at in range(len(places))]
        errors = [np.square(left - pair @ least_squares(pair, left)).sum() for pair in pairs]
        return places[np.argmin(errors)]

    def _columns(self, X):
        known = np.isin(X[:, [YEAR]], self.years_)
        columns = [regressors(X), np.where(known, X[:, [YEAR]] == self.years_[1:], self.shares_)]
        if self.place_ is not None:
            above = X[:, [GDP]] > self.place_
            columns += [above, above * X[:, [INDEX]]]
        return np.hstack(columns)

    def predict(self, X):
        effects = self.effects_.reindex(X[:, CITY]).fillna(self.effects_.mean()).to_numpy()
        return effects + self._columns(X) @ self.slopes_


def formula_size(n_rows, n_inputs):
    return max(1, int((((n_rows * 0.9 - 1) / (n_inputs + 2)) - 1) / 10))


class Network(BaseEstimator, RegressorMixin):
    """A network whose size follows from the rows it has, unless it is given."""

    def __init__(self, size=None, activation="tanh", solver="lbfgs", steps=N_STEPS, seed=0):
        self.size, self.activation, self.solver = size, activation, solver
        self.steps, self.seed = steps, seed

    def fit(self, X, y):
        size = self.size or formula_size(*X.shape)
        options = {"activation": self.activation, "solver": self.solver, "max_iter": self.steps}
        options |= {"batch_size": len(X), "learning_rate_init": 0.5, "momentum": 0.0, "n_iter_no_change": 40}
        network = MLPRegressor(hidden_layer_sizes=(size,), **options, random_state=self.seed)
        network = make_pipeline(StandardScaler(), network)
        self.pipe_ = TransformedTargetRegressor(network, transformer=StandardScaler()).fit(X, y)
        return self

    def predict(self, X):
        return self.pipe_.predict(X)


class RegressorNetwork(Network):
    """A network that sees the regressors and neither city nor year."""

    def fit(self, X, y):
        return super().fit(regressors(X), y)

    def predict(self, X):
        return super().predict(regressors(X))


class EffectsNetwork(BaseEstimator, RegressorMixin):
    """A network next to city and year effects, five times in turn."""

    def __init__(self, seed=0):
        self.seed = seed

    def fit(self, X, y):
        self.scale_, self.mean_, self.spread_ = StandardScaler().fit(regressors(X)), y.mean(), y.std()
        scaled, left = self.scale_.transform(regressors(X)), (y - self.mean_) / self.spread_
        options = {"activation": "tanh", "solver": "lbfgs", "max_iter": N_STEPS // 5, "warm_start": True}
        size = (formula_size(*scaled.shape),)
        self.network_ = MLPRegressor(hidden_layer_sizes=size, **options, random_state=self.seed)
        observed, effects = left, np.zeros(len(y))
        for _ in range(5):
            left = observed - self.network_.fit(scaled, observed - effects).predict(scaled)
            self.years_ = pd.Series(left).groupby(X[:, YEAR]).mean() - left.mean()
            self.cities_ = pd.Series(left - self._of(self.years_, X[:, YEAR])).groupby(X[:, CITY]).mean()
            effects = self._effects(X)
        return self

    def _of(self, effects, keys):
        return effects.reindex(keys).fillna(effects.mean()).to_numpy()

    def _effects(self, X):
        return self._of(self.years_, X[:, YEAR]) + self._of(self.cities_, X[:, CITY])

    def predict(self, X):
        found = self.network_.predict(self.scale_.transform(regressors(X))) + self._effects(X)
        return self.mean_ + self.spread_ * found


class Map:
    """A map of 2 x 2 units."""

    def __init__(self, X, rule):
        self.scale = StandardScaler().fit(X)
        som = MiniSom(2, 2, X.shape[1], sigma=1.0, learning_rate=0.5, random_seed=0)
        getattr(som, rule)(self.scale.transform(X), 5 * len(X) if rule == "train_random" else 5)
        self.units = som.get_weights().reshape(4, -1)

    def clusters(self, X):
        return cdist(self.scale.transform(X), self.units).argmin(axis=1)


class MapAndNetworks(BaseEstimator, RegressorMixin):
    """Each cluster of a map has its network; stacked, a last one takes in the outputs of all of them."""

    def __init__(self, network=None, som=None, rule="train_random", stacked=False, own_size=False, seed=0):
        self.network, self.som, self.rule = network, som, rule
        self.stacked, self.own_size, self.seed = stacked, own_size, seed

    def fit(self, X, y):
        X, network = regressors(X), clone(self.network or Network()).set_params(seed=self.seed)
        self.som_ = self.som or Map(X, self.rule)
        cluster, size = self.som_.clusters(X), None if self.own_size else formula_size(*X.shape)
        enough = [at for at in range(4) if (cluster == at).sum() > 2 * (X.shape[1] + 3)]
        self.whole_ = None if len(enough) == 4 else clone(network).fit(X, y)
        own = clone(network).set_params(size=size)
        self.own_ = {at: clone(own).fit(X[cluster == at], y[cluster == at]) for at in enough}
        self.last_ = clone(network).fit(self._with_outputs(X), y) if self.stacked else None
        return self

    def _with_outputs(self, X):
        return np.column_stack([X, *(network.predict(X) for network in self.own_.values())])

    def predict(self, X):
        X = regressors(X)
        if self.stacked:
            return self.last_.predict(self._with_outputs(X))
        cluster, found = self.som_.clusters(X), np.empty(len(X))
        for at in np.unique(cluster):
            found[cluster == at] = self.own_.get(at, self.whole_).predict(X[cluster == at])
        return found


class Rab(BaseEstimator, RegressorMixin):
    """The mean of fits on resampled cities or rows; a map is trained once for all of them."""

    def __init__(self, base, draws, unit="city"):
        self.base, self.draws, self.unit = base, draws, unit

    def fit(self, X, y):
        base, rng = clone(self.base), np.random.default_rng(0)
        if isinstance(base, MapAndNetworks):
            base.set_params(som=Map(regressors(X), base.rule))
        numbers = X[:, CITY] if self.unit == "city" else np.arange(len(X))
        rows = list(pd.Series(numbers).groupby(numbers).indices.values())
        self.fits_ = []
        for seed in range(self.draws):
            drawn = np.concatenate([rows[at] for at in rng.integers(len(rows), size=len(rows))])
            if hasattr(base, "seed"):
                base.set_params(seed=seed)
            self.fits_.append(clone(base).fit(X[drawn], y[drawn]))
        return self

    def predict(self, X):
        return np.mean([fit.predict(X) for fit in self.fits_], axis=0)


def estimators(draws):
    return {
        "Pooled OLS": ols(regressors),
        "Fixed effects (city, year)": FixedEffects(),
        "Threshold in GDP": FixedEffects(threshold=True),
        "SOM + ANN": MapAndNetworks(),
        "ANN with city and year effects": EffectsNetwork(),
        "RAB as published": Rab(MapAndNetworks(), draws, "row"),
        "RAB by cities": Rab(RegressorNetwork(steps=N_RAB_STEPS), draws),
    }


def ols(columns):
    return make_pipeline(FunctionTransformer(columns), StandardScaler(), LinearRegression())


def without_controls_or_keys(X):
    return regressors(without_controls(X))


def multiverse():
    no_controls = make_pipeline(FunctionTransformer(without_controls), MapAndNetworks(seed=1))
    return {
        "SOM + ANN, 0 controls": no_controls,
        "SOM + ANN, 22 controls": MapAndNetworks(seed=1),
        "Pooled OLS, 0 controls": ols(without_controls_or_keys),
    }


def ladder():
    """Yield the methods from the one as printed to one with effects, and the protocols they are fitted in."""
    map_and = MapAndNetworks(Network(activation="logistic", solver="sgd"), stacked=True)
    both, honest = ("as_published", "held_out_entities"), ("random_rows", "held_out_entities")
    changes = {
        "as printed": {},
        "L-BFGS": {"network__solver": "lbfgs"},
        "tanh": {"network__activation": "tanh"},
        "map trained on all rows at once": {"rule": "train_batch_offline"},
        "each row through its own network": {"stacked": False},
        "size by the rows of the cluster": {"own_size": True},
    }
    for label, change in changes.items():
        map_and = clone(map_and).set_params(**change)
        protocols = (*both, "random_rows") if label == list(changes)[-1] else both
        yield label, protocols, Rab(map_and, N_LADDER_DRAWS, "row")
    yield "cities drawn", honest, Rab(map_and, N_LADDER_DRAWS)
    yield "no map", honest, Rab(RegressorNetwork(), N_LADDER_DRAWS)
    yield "effects of cities and years", honest, Rab(EffectsNetwork(), N_LADDER_DRAWS)


def splits(frame):
    rows = np.arange(len(frame))
    yield "in_sample", rows, rows
    for name, seed in (("as_published", 1), ("random_rows", 2)):
        for train, test in ShuffleSplit(3, test_size=0.1, random_state=seed).split(frame):
            yield name, train, test
    for train, test in GroupKFold(3, shuffle=True, random_state=3).split(frame, groups=frame["city"]):
        yield "held_out_entities", train, test
    last = (frame["year"] >= frame["year"].max() - 1).to_numpy()
    yield "forward", rows[~last], rows[last]


def squared_errors(X, y, train, test, estimator, names):
    errors = np.square(y[test] - clone(estimator).fit(X[train], y[train]).predict(X[test]))
    return pd.DataFrame({**names, "city": X[test, CITY], "error": errors})


def all_errors(frame, parallel):
    """Return squared errors of every estimator on every fold, and of the ladder for the first outcome."""
    tasks, models = [], estimators(N_FOLD_DRAWS) | multiverse()
    for protocol, train, test in splits(frame):
        X = rows_of(frame, np.arange(len(frame)) if protocol == "as_published" else train)
        own = [(outcome, name, model) for outcome in OUTCOMES for name, model in models.items()]
        own += [(OUTCOMES[0], name, model) for name, among, model in ladder() if protocol in among]
        for outcome, name, model in own:
            names = {"outcome": outcome, "protocol": protocol, "estimator": name}
            tasks.append((X, frame[outcome].to_numpy(), train, test, model, names))
    return pd.concat(parallel(delayed(squared_errors)(*task) for task in tasks))


def gain_interval(ours, reference, cities):
    """Return a gain with an interval over resamples of cities."""
    sums = pd.DataFrame({"ours": ours, "reference": reference, "city": cities}).groupby("city").sum()
    rng = np.random.default_rng(4)
    drawn = sums.to_numpy()[rng.integers(len(sums), size=(1000, len(sums)))].sum(axis=1)
    low, high = np.quantile(1 - drawn[:, 0] / drawn[:, 1], [0.025, 0.975])
    return 1 - ours.sum() / reference.sum(), low, high


def gains_of(errors):
    rows = []
    for (outcome, protocol), own in errors.groupby(["outcome", "protocol"], sort=False):
        by_name = dict(list(own.groupby("estimator", sort=False)))
        for name, one in by_name.items():
            # What has no controls is compared with what has none either.
            over = f"Pooled OLS{', 0 controls' * name.endswith(', 0 controls')}"
            reference = by_name[over]["error"].to_numpy()
            gain = gain_interval(one["error"].to_numpy(), reference, one["city"].to_numpy())
            rows.append((outcome, protocol, name, one["error"].mean(), *gain))
    return pd.DataFrame(rows, columns=["outcome", "protocol", "estimator", "mse", "gain", "low", "high"])


def mean_predictions(fit, X, columns, points):
    """Return the mean prediction with columns at each of some points, a dozen points at a time."""
    found = []
    for some in np.array_split(points, -(-len(points) // 12)):
        at = np.tile(X, (len(some), 1))
        at[:, columns] = np.repeat(some, len(X), axis=0)
        found.append(fit.predict(at).reshape(len(some), -1).mean(axis=1))
    return np.concatenate(found)


def grids(X, column, n_points):
    return np.linspace(X[:, column].min(), X[:, column].max(), n_points)


def described(fit, X, groups):
    """Return the curve, the median level and mean slope of each group, and the surface of each moderator."""
    grid, step = grids(X, INDEX, 25), 0.01 * np.ptp(X[:, INDEX])
    curve = mean_predictions(fit, X, [INDEX], grid[:, None])
    move = step * (np.arange(X.shape[1]) == INDEX)
    slopes = (fit.predict(X + move) - fit.predict(X - move)) / (2 * step)
    rows = pd.DataFrame({"level": np.interp(X[:, INDEX], grid, curve), "slope": slopes})
    by = [rows.groupby(groups[name].to_numpy()).agg({"level": "median", "slope": "mean"}) for name in groups]
    surfaces = []
    for column in range(GDP, GDP + len(MODERATORS)):
        pairs = np.meshgrid(grids(X, INDEX, 12), grids(X, column, 12), indexing="ij")
        points = np.column_stack([axis.ravel() for axis in pairs])
        surfaces.append(mean_predictions(fit, X, [INDEX, column], points).reshape(12, 12))
    return curve, pd.concat(by).to_numpy(), np.stack(surfaces)


def answers(frame, outcome, name):
    """Return what a model on all rows says and what its 40 refits say, each as three arrays."""
    X, y = rows_of(frame, np.arange(len(frame))), frame[outcome].to_numpy()
    fit = estimators(N_DRAWS)[name].fit(X, y)
    fits = fit.fits_ if isinstance(fit, Rab) else Rab(estimators(1)[name], N_DRAWS).fit(X, y).fits_
    each = [described(one, X, frame[GROUPS]) for one in fits]
    drawn = [np.stack(parts) for parts in zip(*each, strict=True)]
    own = [of.mean(axis=0) for of in drawn] if isinstance(fit, Rab) else described(fit, X, frame[GROUPS])
    return own, drawn


def effects_given(surfaces, X):
    """Return effects at each moderator value, (..., 4, 12), over the exposures that rows near it have."""
    grid, near = {}, {}
    for column in range(INDEX, GDP + len(MODERATORS)):
        grid[column] = grids(X, column, 12)
        near[column] = 1.0 * (np.abs(X[:, [column]] - grid[column]) < 0.1 * np.ptp(grid[column]))
    slopes = np.gradient(surfaces, grid[INDEX], axis=-2)
    weights = np.stack([near[INDEX].T @ near[column] for column in near if column != INDEX])
    return (slopes * weights).sum(axis=-2) / weights.sum(axis=-2)


def debiased(frame, outcome):
    """Return slopes and curves by double machine learning, of first differences and of levels given means."""
    years, rows = pd.get_dummies(frame["year"], prefix="year", drop_first=True, dtype=float), []
    inputs = [*MODERATORS, *CONTROLS, *years]
    curves = ("curves", SplineTransformer(5), slice(0, len(MODERATORS)))
    bent = ColumnTransformer([curves], remainder="passthrough")
    learner = make_pipeline(bent, StandardScaler(), RidgeCV(np.logspace(-3, 5, 9)))
    bends = SplineTransformer(5).fit(frame[[EXPOSURE]])
    grid = np.linspace(*frame[EXPOSURE].quantile([0.05, 0.95]), 25)
    base = bends.transform(pd.DataFrame({EXPOSURE: grid}))[:, 1:]
    base -= base.mean(axis=0)
    terms = pd.DataFrame(bends.transform(frame[[EXPOSURE]])[:, 1:]).add_prefix("term_")
    columns = ["city", "year", outcome, EXPOSURE, *MODERATORS, *CONTROLS]
    panel = pd.concat([frame[columns], years, terms], axis=1)
    cities = panel.drop(columns="year").groupby(panel["city"])
    lags, means = cities[inputs].shift().add_suffix("_lag"), cities[[*terms, *inputs]].transform("mean")
    changes = cities[[outcome, *terms]].diff().join([panel[inputs], lags]).dropna()
    levels = panel[[outcome, *terms, *inputs]].join(means.add_suffix("_mean"))
    for approach, design in (("fd_exact", changes), ("cre_general", levels)):
        options = {"t_col": "year", "id_col": "city", "x_cols": inputs, "static_panel": True}
        data = DoubleMLPanelData(panel.drop(columns=terms.columns), outcome, EXPOSURE, **options)
        slope = DoubleMLPLPR(data, learner, learner, approach=approach).fit()
        rows.append((outcome, approach, "slope", np.nan, slope.coef[0], slope.se[0]))
        targets, keys = [outcome, *terms], panel.loc[design.index, ["city", "year"]]
        given = design.drop(columns=targets)
        means = cross_val_predict(learner, given, design[targets], groups=keys["city"], cv=GroupKFold(5))
        left = (design[targets] - means).set_index([keys["city"], keys["year"]])
        fit = PooledOLS(left[outcome], left[terms.columns]).fit(cov_type="clustered", cluster_entity=True)
        errors = np.sqrt(np.einsum("ij,jk,ik->i", base, fit.cov, base))
        curve = base @ fit.params.to_numpy()
        rows += [(outcome, approach, "curve", *one) for one in zip(grid, curve, errors, strict=True)]
    return pd.DataFrame(rows, columns=["outcome", "approach", "form", "at", "estimate", "std_error"])


def coefficients(frame):
    panel, found = frame.set_index(["city", "year"]), {}
    X = panel[[EXPOSURE, *MODERATORS, *CONTROLS]]
    for outcome in OUTCOMES:
        pooled = PooledOLS(panel[outcome], X.assign(const=1.0))
        within_both = PanelOLS(panel[outcome], X, entity_effects=True, time_effects=True)
        for name, model in (("ols", pooled), ("fe", within_both)):
            fit = model.fit(cov_type="clustered", cluster_entity=True)
            found |= {f"{outcome} {name} estimate": fit.params, f"{outcome} {name} std_error": fit.std_errors}
    return pd.DataFrame(found)


def band(axes, x, own, drawn):
    axes.plot(x, own)
    axes.fill_between(x, *np.quantile(drawn, [0.025, 0.975], axis=0), alpha=0.3)


def panels(rows, columns, **options):
    figure = Figure(figsize=(3 * columns, 2.5 * rows), layout="constrained")
    return figure, figure.subplots(rows, columns, **options)


def draw(folder, X, said, gains):
    names, moderators = list(estimators(1)), list(enumerate(MODERATORS, start=GDP))
    figures = {"curves": panels(3, 7), "groups": panels(3, 7), "conditional": panels(12, 7)}
    figures |= {"gains": panels(3, 5), "surfaces": panels(3, 4, subplot_kw={"projection": "3d"})}
    axes = {title: places for title, (_, places) in figures.items()}
    for row, outcome in enumerate(OUTCOMES):
        for column, name in enumerate(names):
            own, drawn = said[outcome, name]
            band(axes["curves"][row, column], grids(X, INDEX, 25), own[0], drawn[0])
            axes["curves"][row, column].set_title(f"{outcome}, {name}")
            low, high = np.quantile(drawn[1][..., 0], [0.025, 0.975], axis=0)
            axes["groups"][row, column].vlines(range(len(low)), low, high)
            axes["groups"][row, column].plot(own[1][:, 0], "o")
            effects, of_draws = effects_given(own[2], X), effects_given(drawn[2], X)
            for at, (moves, moderator) in enumerate(moderators):
                place = axes["conditional"][4 * row + at, column]
                band(place, grids(X, moves, 12), effects[at], of_draws[:, at])
                place.set_xlabel(moderator)
        for at, (moves, _) in enumerate(moderators):  # of the last estimator
            pairs = np.meshgrid(grids(X, INDEX, 12), grids(X, moves, 12), indexing="ij")
            axes["surfaces"][row, at].plot_surface(*pairs, own[2][at])
        compared = gains[(gains["outcome"] == outcome) & gains["estimator"].isin(names)]
        for place, (protocol, of) in zip(axes["gains"][row], compared.groupby("protocol"), strict=True):
            sides = [of["gain"] - of["low"], of["high"] - of["gain"]]
            place.errorbar(of["gain"], of["estimator"], xerr=sides, fmt="o")
            place.set_title(protocol)
    for title, (figure, _) in figures.items():
        figure.savefig(folder / f"{title}.svg")


def main(folder, rows):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    frame = pd.read_csv(rows)
    X = rows_of(frame, np.arange(len(frame)))
    frame[EXPOSURE] = X[:, INDEX]
    parallel = Parallel(n_jobs=2)
    gains = gains_of(all_errors(frame, parallel))
    gains.to_csv(folder / "gains.csv", index=False)
    pairs = [(outcome, name) for name in reversed(estimators(1)) for outcome in OUTCOMES]
    said = dict(zip(pairs, parallel(delayed(answers)(frame, *pair) for pair in pairs), strict=True))
    effects = pd.concat(parallel(delayed(debiased)(frame, outcome) for outcome in OUTCOMES))
    effects.to_csv(folder / "effects.csv", index=False)
    coefficients(frame).to_csv(folder / "coefficients.csv")
    draw(folder, X, said, gains)


if __name__ == "__main__":
    main(*sys.argv[1:])
