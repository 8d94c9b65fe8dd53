"""The section of networks and maps: searches for a size, and what maps are like."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.plugin import reporting as parts
from harness.plugin.reporting import ReportTable, Run, TableColumn, count, fixed, marked, rendered, topic

if TYPE_CHECKING:
    from harness_neural.figures import Diagram, MapRow, ProfileRow

gettext = topic("harness_neural.section")


# What the place of a network of one cluster begins with.
CLUSTER = "cluster "

# How the clusters of a map feed networks, by the option `combine`.
FEEDING = {
    "separate_nets": marked("{clusters} such networks, each row through that of its cluster"),
    "stacked": marked("{clusters} such networks, whose outputs feed a further one"),
    "one_hot": marked("the cluster of a row is among the inputs"),
    "none": "",
}


def place_name(place: str) -> str:
    """Return what rows are called that a network was fitted on: those of a cluster, or all."""
    if place.startswith(CLUSTER):
        return gettext("cluster {number}").format(number=place.removeprefix(CLUSTER))
    return rendered(place)


@dataclass(frozen=True)
class NetworkRow:
    """One candidate of a search: its size, where it was tried, and its errors over the outcome's variance.

    `formula` is the size by the formula before rounding, `place` the rows it was fitted on.
    """

    outcome: str
    estimator: str
    place: str
    hidden: int | None
    restart: int | None
    best_step: int | None
    training_nmse: float
    selection_nmse: float
    chosen: bool
    formula: float
    n_obs: int | None


# Outcome and estimator.
Fit = tuple[str, str]


@dataclass(frozen=True, eq=False)
class Networks:
    """All that fits of networks tell."""

    searches: tuple[NetworkRow, ...]
    maps: tuple[MapRow, ...]
    profiles: tuple[ProfileRow, ...]

    @property
    def mapped(self) -> tuple[Fit, ...]:
        """Outcome and estimator of the fits that have a map."""
        return tuple(dict.fromkeys((row.outcome, row.estimator) for row in self.maps))

    def map_of(self, fit: Fit) -> tuple[MapRow, ...]:
        """Return the clusters of one fit's map."""
        return tuple(row for row in self.maps if (row.outcome, row.estimator) == fit)

    def profile_of(self, fit: Fit) -> tuple[ProfileRow, ...]:
        """Return the means of one fit's clusters."""
        return tuple(row for row in self.profiles if (row.outcome, row.estimator) == fit)

    def places(self, fit: Fit) -> Iterator[tuple[NetworkRow, ...]]:
        """Yield the candidates of each place at which one fit searched."""
        own = [row for row in self.searches if (row.outcome, row.estimator) == fit]
        for place in dict.fromkeys(row.place for row in own):
            yield tuple(row for row in own if row.place == place)

    def distinct_maps(self) -> tuple[tuple[Fit, ...], ...]:
        """Return the fits that have a map, those with the same map together."""
        same: dict[tuple[object, ...], list[Fit]] = {}
        for fit in self.mapped:
            cells = ((row.cluster, row.row, row.column, row.n_obs) for row in self.map_of(fit))
            means = ((row.cluster, row.variable, row.mean) for row in self.profile_of(fit))
            same.setdefault((*cells, *means), []).append(fit)
        return tuple(tuple(fits) for fits in same.values())


def networks(run: Run) -> Networks:
    """Return all that fits of networks tell of a run."""
    from harness_neural.figures import MapRow, ProfileRow

    return Networks(
        searches=run.rows(parts.typed("details/networks", NetworkRow)),
        maps=run.rows(parts.typed("details/som", MapRow)),
        profiles=run.rows(parts.typed("details/som_profile", ProfileRow)),
    )


def network_blocks(run: Run) -> Iterator[parts.ReportBlock]:
    """Yield to the appendix what a network is, the searches for sizes, and the maps."""
    blocks: list[parts.ReportBlock] = [*network_diagram(run)]
    tables = [search_table(run), *([map_table(run)] if run.view(networks).maps else [])]
    blocks += [table for table in tables if any(group.rows for group in table.groups)]
    yield parts.Appendix((*blocks, *map_figures(run)))


def network_diagram(run: Run) -> Iterator[parts.ReportFigure]:
    """Yield what the first network of the study is and how it is computed, where the run has its sizes."""
    from harness_neural.figures import plot_diagram

    study = run.manifest.study
    for entry in study.estimators:
        shown = diagram_of(run, entry)
        if shown is not None:
            words = gettext(
                "{label}: a unit, the network and the steps in which it is computed, by its options."
            )
            caption = words.format(label=entry.label)
            yield parts.ReportFigure("network-diagram", plot_diagram(shown), alt=caption, caption=caption)
            return


def diagram_of(run: Run, entry: parts.EstimatorRecord) -> Diagram | None:
    """Return what is drawn of an estimator; None of one that is no network or has no sizes in the run.

    Sizes are those of the networks for the first outcome that has any, fitted on all rows.
    """
    from harness_neural.figures import Diagram

    study, options = run.manifest.study, entry.options
    own = [row for row in run.view(networks).searches if row.estimator == entry.id]
    own = [row for row in own if row.outcome == own[0].outcome and row.hidden is not None]
    chosen = sorted(row.hidden or 0 for row in own if row.chosen)
    if not chosen or "activation" not in options:
        return None
    n_inputs = (
        len(study.exposure_columns) + len(study.moderators) + len(options.get("controls", study.controls))
    )
    formula = sorted(row.formula for row in own if math.isfinite(row.formula))
    words = {
        "clusters": options.get("clusters", 1),
        **options,
        "tried": _range([row.hidden or 0 for row in own]),
    }
    feeding = rendered(FEEDING[str(options.get("combine", "none"))]).format(**words)
    ensemble = next((one for one in study.estimators if _base(one) == entry.use), None)
    steps = [
        gettext("{n_inputs} inputs, in standard deviations from their means").format(n_inputs=n_inputs),
        gettext("Rows are split: {protocols}").format(
            protocols=parts.joined([protocol.title for protocol in study.protocols])
        ),
        *(
            [
                gettext("A self-organising map sorts the rows into {clusters} clusters").format(**words),
                feeding,
            ]
            if feeding
            else []
        ),
        gettext("Hidden units: N = {formula} by the formula; tried: {tried}").format(
            formula=fixed(formula[0], 2), **words
        )
        if formula
        else gettext("Hidden units: {tried}, as given").format(**words),
        gettext("Trained by {optimiser}, at most {max_steps} steps").format(**words),
        gettext("Kept: the step and the size with the least error on the rows to select on"),
    ]
    if ensemble is not None:
        steps.append(
            gettext(
                "{label}: again on {draws} resamples; their mean is the curve, percentiles are its band"
            ).format(label=ensemble.label, draws=ensemble.options["draws"])
        )
    return Diagram(n_inputs, _range(chosen), chosen[0], str(options["activation"]), feeding, steps)


def _base(entry: parts.EstimatorRecord) -> object:
    """Return the name of the estimator that an ensemble trains on its draws; None of what is no ensemble."""
    base = entry.options.get("base")
    return base.get("use") if isinstance(base, Mapping) and "draws" in entry.options else None


def _range(sizes: Sequence[int]) -> str:
    words = gettext("{low} to {high}")
    return words.format(low=min(sizes), high=max(sizes)) if len(set(sizes)) > 1 else count(sizes[0])


def search_table(run: Run) -> ReportTable:
    """Return the searches for all outcomes, estimators in the order of the study."""
    study = run.manifest.study
    heads = (
        *(gettext("Rows"), gettext("Hidden units\nby the formula"), gettext("Tried"), gettext("Chosen")),
        *(gettext("Steps"), gettext("MSE / variance,\ntraining rows")),
        gettext("MSE / variance,\nrows to select on"),
    )
    found = {
        outcome: [
            (entry.label, *_search(candidates))
            for entry in study.estimators
            for candidates in run.view(networks).places((outcome, entry.id))
        ]
        for outcome in study.outcomes
    }
    return ReportTable(
        caption=gettext("Sizes of the networks, fitted on all rows"),
        columns=(
            *(TableColumn(gettext("Estimator")), TableColumn(gettext("Rows of"), "text")),
            *map(TableColumn, heads),
        ),
        groups=tuple(
            parts.RowGroup(parts.rows_of(rows), study.label(outcome))
            for outcome, rows in found.items()
            if rows
        ),
    )


def _search(candidates: Sequence[NetworkRow]) -> Iterator[str]:
    """Yield where a size was searched, what was tried, and the errors of what was chosen."""
    first = candidates[0]
    sizes = [row.hidden for row in candidates if row.hidden is not None]
    yield from (place_name(first.place), count(first.n_obs))
    yield fixed(first.formula, 4) if math.isfinite(first.formula) else gettext("given")
    yield _range(sizes) if sizes else parts.MISSING
    chosen = next((row for row in candidates if row.chosen), None)
    if chosen is None:
        yield from [parts.MISSING] * 4
    else:
        yield from (count(chosen.hidden), count(chosen.best_step))
        yield from (fixed(chosen.training_nmse, 3), fixed(chosen.selection_nmse, 3))


def map_table(run: Run) -> ReportTable:
    """Return the quality of every map; one that several fits share stands once.

    Topographic errors stand where maps can have one: on a grid of 2 x 2 all units are neighbours.
    """
    found = run.view(networks)
    maps = found.distinct_maps()
    has_error = any(math.isfinite(found.map_of(fits[0])[0].topographic_error) for fits in maps)
    heads = [gettext("Map of"), gettext("Rows of the clusters"), gettext("Quantization\nerror")]
    notes = [
        gettext("Quantization error: mean distance of a row to its cluster, in standard deviations."),
        gettext(
            "Adjusted Rand index: mean agreement of the clusters with those of maps from other seeds; 1 is "
            "the same clusters, 0 chance."
        ),
    ]
    if has_error:
        heads.append(gettext("Topographic\nerror"))
        notes.append(
            gettext("Topographic error: rows whose two nearest clusters are not neighbours on the map.")
        )
    return ReportTable(
        caption=gettext("Self-organising maps"),
        columns=tuple(map(TableColumn, (*heads, gettext("Adjusted Rand index,\nother seeds")))),
        groups=parts.plain_rows([_quality(run, fits, has_error=has_error) for fits in maps]),
        notes=(" ".join(notes),),
    )


def _quality(run: Run, fits: Sequence[Fit], *, has_error: bool) -> tuple[str, ...]:
    study, clusters = run.manifest.study, run.view(networks).map_of(fits[0])
    first = clusters[0]
    return (
        parts.in_turn(
            parts.listed((study.estimator_label(name), study.label(outcome))) for outcome, name in fits
        ),
        " + ".join(count(cluster.n_obs) for cluster in clusters),
        fixed(first.quantization_error, 3),
        *((parts.percent(first.topographic_error),) if has_error else ()),
        fixed(first.agreement, 2) if math.isfinite(first.agreement) else parts.MISSING,
    )


def map_figures(run: Run) -> Iterator[parts.ReportFigure]:
    """Yield every map; one that several fits share is drawn once."""
    from harness_neural.figures import plot_map

    study, found = run.manifest.study, run.view(networks)
    for fits in found.distinct_maps():
        outcome, estimator = fits[0]
        profile = found.profile_of(fits[0])
        named = [
            gettext("{estimator} on {outcome}").format(
                estimator=study.estimator_label(name), outcome=study.label(own)
            )
            for own, name in fits
        ]
        labels = [study.label(name) for name in dict.fromkeys(row.variable for row in profile)]
        yield parts.ReportFigure(
            f"map-{parts.file_slug(outcome)}-{parts.file_slug(estimator)}",
            plot_map(found.map_of(fits[0]), profile, labels),
            alt=gettext("Self-organising map: rows of each cluster, and means of the variables in each."),
            caption=gettext(
                "Self-organising map of {named}: its clusters with their rows, and the means of variables in "
                "each, in standard deviations from those of all rows."
            ).format(named=parts.joined(named)),
        )


SECTION = parts.Section(
    *("networks", marked("Networks"), 1400, network_blocks),
    heading=marked("Networks and maps"),
    tables=("details/networks", "details/som"),
)
