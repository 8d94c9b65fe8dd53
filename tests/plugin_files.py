"""Plugins written to disk: installed distributions, and a nearest-neighbour estimator."""

from __future__ import annotations

from pathlib import Path

NEAREST = '''\
"""An estimator for the tests."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from harness import Panel
from harness.plugin import hookimpl

harness_seam = 1


@dataclass(frozen=True)
class NearestFit:
    X: np.ndarray
    outcome: np.ndarray
    neighbours: int

    def predict(self, panel: Panel):
        from _distances import squared

        near = np.argsort(squared(panel.X, self.X), axis=1, kind="stable")[:, : self.neighbours]
        return self.outcome[near].mean(axis=1)


@dataclass(frozen=True)
class Nearest:
    """Mean outcome of the nearest rows.

    Attributes
    ----------
    neighbours : rows that count
    """

    name: ClassVar[str] = "nearest"
    provides: ClassVar[frozenset[type]] = frozenset()
    neighbours: int = 3

    def fit(self, panel: Panel, *, rng, selection: Panel | None = None):
        return NearestFit(panel.X, panel.observed, self.neighbours)


@hookimpl
def harness_estimators():
    return [Nearest]
'''

DISTANCES = '''\
"""A helper that is no plugin; workers import it too."""


def squared(one, other):
    return ((one[:, None, :] - other[None, :, :]) ** 2).sum(axis=2)
'''

TINY = """\
spec_version: 1
study: tiny
title: A tiny study
seed: 1
data: {path: panel.csv}
roles: {entity: firm, time: year, outcomes: [y], exposure: x}
estimators: [mean, {id: other, use: OTHER}]
evaluation: {reference: mean, protocols: [in_sample, held_out_entities]}
"""


def install(site: Path, name: str, code: str, *, distribution: str = "") -> None:
    """Write a distribution whose entry point of the harness is the module `name`."""
    (site / f"{name}.py").write_text(code, encoding="utf-8")
    info = site / f"{distribution or name}-1.0.dist-info"
    info.mkdir()
    metadata = f"Metadata-Version: 2.1\nName: {distribution or name}\nVersion: 1.0\n"
    (info / "METADATA").write_text(metadata, encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[harness]\n{name} = {name}\n", encoding="utf-8")


def write_tiny_study(folder: Path, *, other: str) -> Path:
    """Write a spec of two estimators with its data, and return the spec's path."""
    rows = [
        f"{firm},{year},{firm + 0.5 * year + (firm * year) % 3},{10 * firm + year}"
        for firm in range(1, 7)
        for year in range(1, 6)
    ]
    (folder / "panel.csv").write_text("firm,year,y,x\n" + "\n".join(rows) + "\n", encoding="utf-8")
    spec = folder / "tiny.yaml"
    spec.write_text(TINY.replace("OTHER", other), encoding="utf-8")
    return spec
