"""Search of a hidden size, and networks of bootstrap draws of that size: for all rows, or one a cluster."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from harness.plugin import Coded, EstimationError, Floats, Ints, Note, Problem, marked, settle
from harness_neural.design import NetworkSample
from harness_neural.options import CandidateSizes, NetworkOptions, one_unit_parameters
from harness_neural.som import SelfOrganisingMap

if TYPE_CHECKING:
    from harness_neural.batch.networks import NetworkBatch
    from harness_neural.batch.progress import LearningCurve, Trained
    from harness_neural.batch.task import TrainingTask


@dataclass(frozen=True)
class Candidate:
    """One network of a search.

    Attributes
    ----------
    n_units : hidden units
    restart : counts the initial values tried for this size, from 0
    steps, best_step : steps taken; the step whose weights were kept
    training_nmse, selection_nmse : of the kept weights, over the outcome's variance on the training rows
    """

    n_units: int
    restart: int
    steps: int
    best_step: int
    training_nmse: float
    selection_nmse: float


class SizeSearch:
    """What is tried and what is chosen, trained once somebody asks for it.

    Draws that stop on rows of their own ask for the size alone, which is known where one is tried.

    Parameters
    ----------
    train : trains the candidates, in the order of their sizes and restarts

    Attributes
    ----------
    where : the rows it is for, such as ``cluster 2`` of a map; empty for all
    sizes : candidates, and what the formula gives
    n_obs : distinct rows trained on and selected on; the formula counts one that is both once
    formula_rows : that the formula counts, those of all clusters unless the options say otherwise
    restarts : initial values tried for each size
    n_inputs : of the networks
    """

    def __init__(
        self,
        train: Callable[[], Trained],
        *,
        where: str,
        sizes: CandidateSizes,
        n_obs: int,
        formula_rows: int,
        restarts: int,
        n_inputs: int,
    ) -> None:
        self._train = train
        self.where, self.sizes = where, sizes
        self.n_obs, self.formula_rows = n_obs, formula_rows
        self.restarts, self.n_inputs = restarts, n_inputs

    @cached_property
    def trained(self) -> Trained:
        """The candidates after training."""
        trained = self._train()
        del self._train  # its rows are of no further use
        return trained

    @property
    def n_units(self) -> int:
        """Hidden units of the chosen candidate."""
        return self.sizes.units[0] if len(self.sizes.units) == 1 else self.chosen.n_units

    @cached_property
    def candidates(self) -> tuple[Candidate, ...]:
        """In the order of their sizes and restarts."""
        trained, units = self.trained, np.repeat(self.sizes.units, self.restarts).tolist()
        return tuple(
            Candidate(
                n_units=n_units,
                restart=at % self.restarts,
                steps=int(trained.steps[at]),
                best_step=int(trained.best_step[at]),
                training_nmse=float(trained.loss[at]),
                selection_nmse=float(trained.selection[at]),
            )
            for at, n_units in enumerate(units)
        )

    @property
    def chosen(self) -> Candidate:
        """The candidate with the least error on the selection rows; the smaller one of equals."""
        return self.candidates[self._best]

    @property
    def curve(self) -> LearningCurve:
        """Learning curve of the chosen candidate."""
        return self.trained.curves[self._best]

    @property
    def networks(self) -> NetworkBatch:
        """The chosen candidate's network."""
        return self.trained.networks.take(np.array([self._best]))

    @property
    def point(self) -> Floats:
        """The parameters of the chosen candidate, (n_parameters,), as `initial_values` orders them."""
        from harness_neural.batch.task import without_unused

        found = self.trained.points[self._best]
        return without_unused(found, n_inputs=self.n_inputs, n_units=self.n_units)

    @property
    def _best(self) -> int:
        return int(np.argmin(self.trained.selection))

    @property
    def notes(self) -> tuple[Note, ...]:
        """What to know about the hidden size."""
        formula = self.sizes.formula
        if formula is None or formula >= 1.0:
            return ()
        message = Coded(
            "the formula gives N = {formula} for {n_obs} rows; 1 is used",
            formula=f"{formula:.2f}",
            n_obs=self.formula_rows,
        )
        return (Note("W-HIDDEN", self.where, message),)


def has_training_rows(sample: NetworkSample) -> npt.NDArray[np.bool_]:
    """Return whether each network, (n_networks,), trains on more rows than one unit has parameters."""
    return np.asarray(sample.weights.sum(axis=1) > one_unit_parameters(sample.n_distinct))


def require_rows(sample: NetworkSample, *, where: str) -> None:
    """Refuse a sample on which not even one hidden unit can be trained.

    Raises
    ------
    EstimationError
        Where a network has no more rows, counted with their weights, than one hidden unit has parameters.
    """
    if not has_training_rows(sample).all():
        needed = one_unit_parameters(sample.n_distinct)
        raise EstimationError(
            Problem(
                where=where,
                what=Coded(
                    "{sum} training rows, but one hidden unit with {n_distinct} inputs has "
                    "{needed} parameters",
                    sum=f"{sample.weights.sum(axis=1).min():g}",
                    n_distinct=sample.n_distinct,
                    needed=needed,
                ),
                expected=Coded("more than {needed} rows to train on", needed=needed),
                hint=marked("use fewer inputs, or a protocol with more training rows"),
            )
        )


def search_size(
    sample: NetworkSample, options: NetworkOptions, *, where: str, rng: Generator, formula_rows: int = 0
) -> SizeSearch:
    """Return the search of a size on a sample of one; its networks train when they are asked for.

    Parameters
    ----------
    where : the rows it is for, in notes and messages; empty for all
    formula_rows : that the formula counts; 0 for those of the sample

    Raises
    ------
    EstimationError
        Where there are too few rows.
    """
    from harness_neural.batch.task import initial_values
    from harness_neural.batch.training import train_few

    require_rows(sample, where=where)
    n_inputs, n_counted = sample.X.shape[1], formula_rows or sample.n_rows
    sizes = options.sizes(n_obs=n_counted, n_inputs=sample.n_distinct)
    n_units = np.repeat(sizes.units, options.restarts)
    start = initial_values(n_units, n_inputs=n_inputs, rng=rng, limits=options.start_limits())
    task = _task(sample, start=start, n_units=n_units, blind_steps=options.max_steps)
    return SizeSearch(
        partial(train_few, options.started(task), options.settings()),
        where=where,
        sizes=sizes,
        n_obs=sample.n_rows,
        formula_rows=n_counted,
        restarts=options.restarts,
        n_inputs=n_inputs,
    )


def train_draws(
    draws: NetworkSample,
    found: SizeSearch,
    options: NetworkOptions,
    *,
    rngs: Sequence[Generator],
    is_alone: bool = False,
) -> NetworkBatch:
    """Train networks on every draw, and keep a draw's best on the rows it selects on.

    A draw without rows to stop by trains one network of the chosen candidate's size, for as many steps as
    that candidate did, or as the options say.

    Parameters
    ----------
    rngs : of each draw, for its initial values
    is_alone : whether it is one draw that never trains with others, since no other has its inputs
    """
    from harness_neural.batch.networks import gather

    trained = [
        _train_draws(draws, found, options, n_units=n_units, rngs=rngs, is_alone=is_alone)
        for n_units in _tried(draws, found, options)
    ]
    best = np.stack([start.selection for start in trained]).argmin(axis=0)
    pairs = zip([np.flatnonzero(best == at) for at in range(len(trained))], trained, strict=True)
    return gather([(own, start.networks.take(own)) for own, start in pairs if own.size])


def _tried(draws: NetworkSample, found: SizeSearch, options: NetworkOptions) -> list[int]:
    """Return the hidden size of each network that a draw is tried with, the chosen candidate's first."""
    chosen = found.n_units
    if not (options.draws_select and draws.selection.any()):
        return [chosen]
    sizes = {chosen} if options.draw_size == "full_sample" else set(found.sizes.units)
    n_starts = options.draw_restarts if options.draw_start == "random" else 1
    return [size for size in [chosen, *sorted(sizes - {chosen})] for _ in range(n_starts)]


def _train_draws(
    draws: NetworkSample,
    found: SizeSearch,
    options: NetworkOptions,
    *,
    n_units: int,
    rngs: Sequence[Generator],
    is_alone: bool,
) -> Trained:
    from harness_neural.batch.task import initial_values
    from harness_neural.batch.training import train, train_few

    n_draws, n_inputs = draws.weights.shape[0], draws.X.shape[1]
    sizes = np.full(n_draws, n_units)
    is_warm = options.draw_start == "full_sample" and n_units == found.n_units
    if is_warm:
        start = np.tile(found.point, (n_draws, 1))
    else:
        limits = options.start_limits()
        start = np.concatenate(
            [initial_values(sizes[:1], n_inputs=n_inputs, rng=own, limits=limits) for own in rngs]
        )
    if options.draw_steps != "stopped":
        blind_steps = options.draw_steps
        draws = replace(draws, selection=np.zeros_like(draws.selection))
    else:
        is_blind = not draws.selection.any(axis=1).all()
        blind_steps = max(found.chosen.best_step, 1) if is_blind else options.max_steps
    task = _task(draws, start=start, n_units=sizes, blind_steps=blind_steps)
    task = task if is_warm else options.started(task)
    return (train_few if is_alone else train)(task, options.settings())


def _task(sample: NetworkSample, *, start: Floats, n_units: Ints, blind_steps: int) -> TrainingTask:
    """Return the task of networks of these sizes, (n_networks,), on a sample of as many or of one."""
    from harness_neural.batch.task import TrainingTask

    shape = (n_units.size, len(sample.X))
    return TrainingTask(
        X=sample.X,
        outcome=sample.outcome,
        weights=np.broadcast_to(sample.weights, shape),
        selection=np.broadcast_to(sample.selection, shape),
        start=start,
        n_units=n_units,
        blind_steps=np.full(n_units.size, blind_steps),
        levels=sample.levels,
    )


@dataclass(frozen=True, eq=False)
class Learned:
    """Networks that were trained.

    Attributes
    ----------
    networks : for all rows, or for each cluster in order; each holds one network a draw, or one for a fit
    searches : of their sizes
    notes : warnings for the report
    """

    networks: tuple[NetworkBatch, ...]
    searches: tuple[SizeSearch, ...]
    notes: tuple[Note, ...]

    def followed_by(self, search: SizeSearch, networks: NetworkBatch) -> Learned:
        """Return these and further networks, which take in their outputs."""
        return Learned((*self.networks, networks), (*self.searches, search), (*self.notes, *search.notes))


def learn(sample: NetworkSample, options: NetworkOptions, *, rng: Generator) -> Learned:
    """Search a network for all rows of a sample of one.

    Raises
    ------
    EstimationError
        Where there are too few rows.
    """
    search = search_size(sample, options, where="", rng=rng)
    return Learned((search.networks,), (search,), search.notes)


def learn_draws(
    draws: NetworkSample, search: SizeSearch, options: NetworkOptions, *, rngs: Sequence[Generator]
) -> Learned:
    """Train one network a draw, of the size that a search on all rows found.

    Parameters
    ----------
    rngs : of each draw

    Raises
    ------
    EstimationError
        Where a draw has too few rows.
    """
    require_rows(draws, where="")
    return Learned((train_draws(draws, search, options, rngs=rngs),), (search,), search.notes)


# What a note says of a cluster; the same for any number of draws, so that blocks of them say it once.
FALLBACK = marked("clusters with too few rows for training and selection use the network of all rows")


@dataclass(frozen=True, eq=False)
class ClusteredSample:
    """A sample and the cluster of each row, (n_obs,), from 0 to n_clusters - 1."""

    sample: NetworkSample
    cluster: Ints
    n_clusters: int

    @classmethod
    def by_map(cls, sample: NetworkSample, som: SelfOrganisingMap) -> ClusteredSample:
        """Return a sample whose rows are sorted by a map."""
        return cls(sample, som.assign(sample.X), som.n_clusters)

    def part(self, cluster: int) -> NetworkSample:
        """Return the rows of one cluster."""
        return self.sample.rows(np.flatnonzero(self.cluster == cluster))

    def can_learn(self) -> npt.NDArray[np.bool_]:
        """Return whether each cluster has enough rows for each network, (n_clusters, n_networks).

        Enough are more rows to train on than one hidden unit has parameters, and one to select on if the
        network selects at all.
        """
        selects = self.sample.selection.any(axis=1)
        parts = [self.part(cluster) for cluster in range(self.n_clusters)]
        return np.stack([has_training_rows(part) & (part.selection.any(axis=1) | ~selects) for part in parts])


@dataclass(frozen=True, eq=False)
class ClusterSearches:
    """Searches of the networks of clusters, on all rows, for draws to start from.

    Attributes
    ----------
    own : by cluster, of those that have rows enough
    options : of the networks
    whole : the sample of one to search on for draws that lack rows in a cluster
    seed : of the random numbers of that search
    found : that search, where it was done; otherwise each block of the few draws that need it finds it again
    """

    own: Mapping[int, SizeSearch]
    options: NetworkOptions
    whole: NetworkSample
    seed: int
    found: SizeSearch | None = None

    def everyone(self) -> SizeSearch:
        """Return the search on the rows of all clusters together, the same wherever it is done."""
        rng = np.random.default_rng(self.seed)
        return self.found or search_size(self.whole, self.options, where="", rng=rng)


@dataclass(frozen=True, eq=False)
class DrawSizes:
    """Searches on all rows, of whose sizes the networks of draws are.

    Attributes
    ----------
    clusters : of the networks of clusters; None where one network serves all rows
    further : of the network for all rows, or of the one that follows those of clusters; None where there is
        none
    """

    clusters: ClusterSearches | None = None
    further: SizeSearch | None = None

    @property
    def found(self) -> tuple[SizeSearch, ...]:
        """The searches that were done for all draws."""
        own = () if self.clusters is None else tuple(self.clusters.own.values())
        return own if self.further is None else (*own, self.further)

    def train(self, options: NetworkOptions) -> None:
        """Train the candidates that draws ask for, so that not every block of draws does."""
        for search in self.found:
            if len(search.sizes.units) > 1 or options.draw_start == "full_sample":
                _ = search.trained

    @property
    def last(self) -> SizeSearch:
        """The search of the network that gives the predictions of all rows."""
        return self.found[-1]


def learn_by_cluster(
    clustered: ClusteredSample,
    options: NetworkOptions,
    *,
    rng: Generator,
    own: dict[int, SizeSearch] | None = None,
) -> Learned:
    """Search a network for each cluster of a sample of one; that of all rows serves those with too few.

    Parameters
    ----------
    own : searches by cluster, where they were done

    Raises
    ------
    EstimationError
        Where a cluster has too few rows, and so have all clusters together.
    """
    own = search_clusters(clustered, options, rng=rng) if own is None else own
    can = clustered.can_learn()
    if can.all():
        return _learned(own, tuple(own[at].networks for at in range(clustered.n_clusters)), ())
    whole = search_size(clustered.sample, options, where="", rng=rng)
    networks = tuple(own.get(at, whole).networks for at in range(clustered.n_clusters))
    return _learned(own | {clustered.n_clusters: whole}, networks, _fallback_notes(can))


def learn_draws_by_cluster(
    draws: ClusteredSample, searches: ClusterSearches, options: NetworkOptions, *, rngs: Sequence[Generator]
) -> Learned:
    """Train one network a draw and cluster, of the sizes that were found on all rows.

    Parameters
    ----------
    rngs : of each draw

    Raises
    ------
    EstimationError
        Where a draw has too few rows in all clusters together.
    """
    from harness_neural.batch.networks import gather

    require_rows(draws.sample, where="")
    own = dict(searches.own)
    can = draws.can_learn() & np.isin(np.arange(draws.n_clusters), list(own))[:, None]
    pieces: list[list[tuple[Ints, NetworkBatch]]] = [[] for _ in range(draws.n_clusters)]
    for cluster, search in searches.own.items():
        able = np.flatnonzero(can[cluster])
        if able.size:
            part = draws.part(cluster).networks(able)
            streams = [rngs[at] for at in able.tolist()]
            pieces[cluster].append((able, train_draws(part, search, options, rngs=streams)))
    lacking = np.flatnonzero(~can.all(axis=0))
    if lacking.size:
        own[draws.n_clusters] = searches.everyone()
        streams = [rngs[at] for at in lacking.tolist()]
        others = train_draws(draws.sample.networks(lacking), own[draws.n_clusters], options, rngs=streams)
        for cluster, piece in enumerate(pieces):
            unable = np.flatnonzero(~can[cluster])
            piece.append((unable, others.take(np.searchsorted(lacking, unable))))
    return _learned(own, tuple(gather(of_cluster) for of_cluster in pieces), _fallback_notes(can))


def search_clusters(
    clustered: ClusteredSample, options: NetworkOptions, *, rng: Generator
) -> dict[int, SizeSearch]:
    """Return a search for each cluster that has rows enough, by cluster."""
    counted = clustered.sample.n_rows if options.formula_rows == "all" else 0
    return {
        at: search_size(clustered.part(at), options, where=f"cluster {at + 1}", rng=rng, formula_rows=counted)
        for at in np.flatnonzero(clustered.can_learn()[:, 0]).tolist()
    }


def _learned(
    searches: dict[int, SizeSearch], networks: tuple[NetworkBatch, ...], notes: tuple[Note, ...]
) -> Learned:
    found = tuple(searches.values())
    return Learned(networks, found, (*notes, *(note for search in found for note in search.notes)))


def _fallback_notes(can: npt.NDArray[np.bool_]) -> tuple[Note, ...]:
    """Return a note for each cluster that the network of all rows serves, for one fit or for some draws."""
    lacking = np.flatnonzero(~can.all(axis=1)).tolist()
    return tuple(Note("W-CLUSTER", f"cluster {at + 1}", FALLBACK) for at in lacking)


# What the further network's search is of, in notes and details.
STAGE = "outputs of the clusters' networks"


def outputs(functions: Sequence[NetworkBatch], X: Floats) -> Floats:
    """Return what the network of every cluster gives at every row, (n_networks, n_obs, n_clusters)."""
    return np.stack([networks.predict(X) for networks in functions], axis=-1)


def learn_draws_stacked(
    draws: ClusteredSample,
    searches: ClusterSearches,
    further: SizeSearch,
    options: NetworkOptions,
    *,
    rngs: Sequence[Generator],
) -> Learned:
    """Train the networks of both stages on every draw, of the sizes that were found on all rows.

    The outputs differ from draw to draw, so further networks are trained one after the other.

    Parameters
    ----------
    further : search of the second stage
    rngs : of each draw
    """
    from harness_neural.batch.networks import gather

    first = learn_draws_by_cluster(draws, searches, options, rngs=rngs)
    taken_in = outputs(first.networks, draws.sample.X)
    pieces = []
    for at, own in enumerate(taken_in):
        place = np.array([at])
        sample = replace(draws.sample.networks(place), X=settle(own))
        pieces.append((place, train_draws(sample, further, options, rngs=[rngs[at]], is_alone=True)))
    return first.followed_by(further, gather(pieces))


def search_further(
    sample: NetworkSample, first: Learned, options: NetworkOptions, *, rng: Generator
) -> SizeSearch:
    """Search the network that takes in the outputs of those of the clusters."""
    (own,) = outputs(first.networks, sample.X)
    return search_size(replace(sample, X=settle(own)), options, where=STAGE, rng=rng)
