"""The section of networks and maps: searches for a size, learning, and what maps are like."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from harness.plugin.reporting import (
    MISSING,
    Heading,
    ReportBlock,
    ReportTable,
    Run,
    Section,
    SmallPrint,
    TableColumn,
    count,
    fixed,
    gettext,
    marked,
    percent,
    plain_rows,
)
from harness_neural.report.rows import Fit, NetworkRow, networks, place_name

if TYPE_CHECKING:
    from harness.plugin.drawing import FigureRenderer


def network_blocks(run: Run, renderer: FigureRenderer) -> Iterator[ReportBlock]:
    """Yield searches and learning by outcome, then the maps of all."""
    from harness_neural.report.figures import learning_figures, map_figures

    study, found = run.manifest.study, run.view(networks)
    for outcome in study.outcomes:
        table = search_table(run, outcome)
        if any(group.rows for group in table.groups):
            if len(study.outcomes) > 1:
                yield Heading(study.label(outcome))
            yield table
            yield from learning_figures(run, outcome, renderer)
    if found.maps:
        yield map_table(run)
        yield SmallPrint(
            gettext(
                "Quantization error: mean distance of a row to its cluster, in standard deviations. "
                "Topographic error: rows whose two nearest clusters are not neighbours on the map."
            )
        )
        yield from map_figures(run, renderer)


def search_table(run: Run, outcome: str) -> ReportTable:
    """Return the searches for one outcome, estimators in the order of the study."""
    study = run.manifest.study
    heads = (
        *(gettext("Rows"), gettext("Hidden units\nby the formula"), gettext("Tried"), gettext("Chosen")),
        *(gettext("Steps"), gettext("MSE / variance,\ntraining rows")),
        gettext("MSE / variance,\nrows to select on"),
    )
    return ReportTable(
        caption=gettext("Sizes of the networks for {label}, fitted on all rows").format(
            label=study.label(outcome)
        ),
        columns=(
            *(TableColumn(gettext("Estimator")), TableColumn(gettext("Rows of"), "text")),
            *map(TableColumn, heads),
        ),
        groups=plain_rows(
            [
                (entry.label, *_search(candidates))
                for entry in study.estimators
                for candidates in run.view(networks).places((outcome, entry.id))
            ]
        ),
        most=0,
    )


def _search(candidates: Sequence[NetworkRow]) -> Iterator[str]:
    """Yield where a size was searched, what was tried, and the errors of what was chosen."""
    first = candidates[0]
    sizes = [row.hidden for row in candidates if row.hidden is not None]
    yield from (place_name(first.place), count(first.n_obs))
    yield fixed(first.formula, 4) if math.isfinite(first.formula) else gettext("given")
    yield (
        gettext("{low} to {high}").format(low=min(sizes), high=max(sizes))
        if len(set(sizes)) > 1
        else count(sizes[0] if sizes else None)
    )
    chosen = next((row for row in candidates if row.chosen), None)
    if chosen is None:
        yield from [MISSING] * 4
    else:
        yield from (count(chosen.hidden), count(chosen.best_step))
        yield from (fixed(chosen.training_nmse, 3), fixed(chosen.selection_nmse, 3))


def map_table(run: Run) -> ReportTable:
    """Return the quality of every map; one that several fits share stands once."""
    heads = (
        *(gettext("Map of"), gettext("Rows of the clusters"), gettext("Quantization\nerror")),
        *(gettext("Topographic\nerror"), gettext("Agreement\nacross seeds")),
    )
    return ReportTable(
        caption=gettext("Self-organising maps"),
        columns=tuple(map(TableColumn, heads)),
        groups=plain_rows([_quality(run, fits) for fits in run.view(networks).distinct_maps()]),
        most=0,
    )


def _quality(run: Run, fits: Sequence[Fit]) -> tuple[str, ...]:
    study, clusters = run.manifest.study, run.view(networks).map_of(fits[0])
    first = clusters[0]
    return (
        "; ".join(f"{study.estimator_label(name)}, {study.label(outcome)}" for outcome, name in fits),
        " + ".join(count(cluster.n_obs) for cluster in clusters),
        fixed(first.quantization_error, 3),
        percent(first.topographic_error),
        percent(first.agreement),
    )


NETWORKS = Section(
    name="networks",
    title=marked("Networks"),
    place=1400,
    content=network_blocks,
    heading=marked("Networks and maps"),
    tables=("details/networks", "details/learning_curves", "details/som"),
)
