"""Who is near whom in each period, as matrices whose rows sum to one; and the entities' own rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from harness import plugin
from harness.plugin import EstimationError, Floats, Ints, Message, Panel, marked
from harness_panel.diagnostics.pooled import weight_matrix

# Names of the lagged columns, and of the lagged outcome, whose coefficient is rho.
LAG = "W × "

# A matrix of so many entities is inverted in some seconds, a dozen times a fit.
MOST_ENTITIES = 3_000


@dataclass(frozen=True)
class Neighbours:
    """Which rows of a period are neighbours; without options those that the panel knows.

    Attributes
    ----------
    nearest : how many of the nearest rows at most; None without such a limit
    within_km : > 0, how far they may be; None without such a limit
    """

    nearest: int | None = None
    within_km: float | None = None

    def matrices(self, panel: Panel) -> Iterator[tuple[Ints, Floats]]:
        """Yield the rows of each period, sorted by entity, and their weights, (n, n).

        Raises
        ------
        EstimationError
            Where nothing tells neighbours, an entity has two rows in a period, or there are too many.
        """
        if panel.n_entities > MOST_ENTITIES:
            words = marked("there are {n_entities} entities; weights are formed for up to {most}")
            raise EstimationError.at(
                "entities", Message(words, n_entities=panel.n_entities, most=MOST_ENTITIES)
            )
        by_distance = self.nearest is not None or self.within_km is not None
        links = None if by_distance else panel.links()
        known = None if links is None else weight_matrix(links, panel.n_obs)
        if known is None and panel.coordinates is None:
            what = marked("nothing says which entities are neighbours")
            hint = marked(
                "name the columns of coordinates as roles.latitude and roles.longitude, or a file of pairs "
                "as data.contiguity"
            )
            raise EstimationError.at("neighbours", what, hint=hint)
        for period in plugin.rows_by_period(panel.period):
            rows = period[np.argsort(panel.entity.codes[period], kind="stable")]
            if np.any(np.diff(panel.entity.codes[rows]) == 0):
                raise EstimationError.at("rows", marked("an entity has two rows in one period"))
            yield rows, self._by_distance(panel, rows) if known is None else known[rows][:, rows].toarray()

    def _by_distance(self, panel: Panel, rows: Ints) -> Floats:
        assert panel.coordinates is not None  # noqa: S101 - refused by `matrices`
        distance = plugin.great_circle_km(panel.coordinates[rows], panel.coordinates[rows])
        np.fill_diagonal(distance, np.inf)
        rank = np.argsort(np.argsort(distance, axis=1, kind="stable"), axis=1)
        is_near = rank < min(self.nearest or rows.size, rows.size - 1)
        is_near &= distance <= (self.within_km or np.inf)
        counts = is_near.sum(axis=1, keepdims=True)
        return np.asarray(is_near / np.maximum(counts, 1))


@dataclass(frozen=True, eq=False)
class Network:
    """The weights of neighbours by period, equal matrices once.

    Attributes
    ----------
    groups : (n, n) weights, and the rows, (n_periods, n), of the periods that have them
    """

    groups: tuple[tuple[Floats, Ints], ...]

    @classmethod
    def of(cls, panel: Panel, neighbours: Neighbours) -> Network:
        """Return the weights of a panel's periods.

        Raises
        ------
        EstimationError
            As by `Neighbours.matrices`.
        """
        found: dict[bytes, tuple[Floats, list[Ints]]] = {}
        for rows, matrix in neighbours.matrices(panel):
            found.setdefault(matrix.tobytes(), (matrix, []))[1].append(rows)
        return cls(tuple((matrix, np.stack(rows)) for matrix, rows in found.values()))

    def lag(self, values: Floats) -> Floats:
        """Return the neighbours' means of columns, (n_obs, n); zero without neighbours."""
        lagged = np.zeros_like(values)
        for matrix, rows in self.groups:
            lagged[rows] = matrix @ values[rows]
        return lagged

    def solve(self, rho: float, values: Floats, *, transposed: bool = False) -> Floats:
        """Return (I - rho W)^-1 values, (n_obs, n), or that of the transposed matrix."""
        solved = np.empty_like(values)
        for matrix, rows in self.groups:
            own = matrix.T if transposed else matrix
            solved[rows] = np.linalg.solve(np.eye(len(own)) - rho * own, values[rows])
        return solved

    def with_lags(self, panel: Panel) -> Panel:
        """Return the panel with the neighbours' mean of every column among its controls."""
        names = tuple(f"{LAG}{name}" for name in panel.columns)
        X = np.column_stack([panel.X, self.lag(panel.X)])
        return replace(panel, controls=(*panel.controls, *names), X=X, derived=())
