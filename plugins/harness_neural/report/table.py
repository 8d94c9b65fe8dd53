"""The table of networks: the size by the formula, the size that was found, and the errors of the choice."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.plugin.reporting import MISSING, Run, count, fixed, gettext, percent
from harness_neural.report.rows import Fit, NetworkRow, networks, place_name


@dataclass(frozen=True)
class SearchRow:
    """One search in words."""

    label: str
    place: str
    n_obs: str
    formula: str
    tried: str
    chosen: str
    steps: str
    training: str
    selection: str


@dataclass(frozen=True)
class MapQuality:
    """One self-organising map in words."""

    label: str
    clusters: str
    quantization_error: str
    topographic_error: str
    agreement: str


def search_table(run: Run, outcome: str) -> tuple[SearchRow, ...]:
    """Return the searches for one outcome, estimators in the order of the study."""
    study = run.manifest.study
    return tuple(
        _search(entry.label, candidates)
        for entry in study.estimators
        for candidates in run.view(networks).places((outcome, entry.id))
    )


def _search(label: str, candidates: Sequence[NetworkRow]) -> SearchRow:
    chosen = next((row for row in candidates if row.chosen), None)
    formula = candidates[0].formula
    sizes = [row.hidden for row in candidates if row.hidden is not None]
    return SearchRow(
        label=label,
        place=place_name(candidates[0].place),
        n_obs=count(candidates[0].n_obs),
        formula=fixed(formula, 4) if math.isfinite(formula) else gettext("given"),
        tried=gettext("{low} to {high}").format(low=min(sizes), high=max(sizes))
        if len(set(sizes)) > 1
        else f"{count(sizes[0] if sizes else None)}",
        chosen=count(chosen.hidden) if chosen else MISSING,
        steps=count(chosen.best_step) if chosen else MISSING,
        training=fixed(chosen.training_nmse, 3) if chosen else MISSING,
        selection=fixed(chosen.selection_nmse, 3) if chosen else MISSING,
    )


def map_table(run: Run) -> tuple[MapQuality, ...]:
    """Return the quality of every map; one that several fits share stands once."""
    return tuple(_quality(run, fits) for fits in run.view(networks).distinct_maps())


def _quality(run: Run, fits: Sequence[Fit]) -> MapQuality:
    study = run.manifest.study
    clusters = run.view(networks).map_of(fits[0])
    first = clusters[0]
    return MapQuality(
        label="; ".join(f"{study.estimator_label(name)}, {study.label(outcome)}" for outcome, name in fits),
        clusters=" + ".join(count(cluster.n_obs) for cluster in clusters),
        quantization_error=fixed(first.quantization_error, 3),
        topographic_error=percent(first.topographic_error),
        agreement=percent(first.agreement),
    )
