"""From a suite to the runs of its studies, and to those that cannot be run here."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.data.dataset import DATASET, ComesWithPackage
from harness.data.shipped import INSTALL
from harness.errors import Problem, SpecError, near_names
from harness.registry.registry import Registry
from harness.running.options import RunOptions
from harness.study.spec.document import read_document
from harness.study.spec.node import Place, spec_error
from harness.study.spec.reader import parse_yaml
from harness.suite.spec import LoadedSuite, Suite, SuiteStudy, Written

OWN_PARTS: Mapping[str, object] = {
    "claims": [],
    "identities": [],
    "counterparts": {},
    "left_open": [],
    "multiverse": None,
}
"""Parts of a spec that speak of its own estimators, and what a suite puts in their place."""


@dataclass(frozen=True)
class StudyRun:
    """A study as a suite runs it.

    Attributes
    ----------
    id : its name within the suite, and of its run folder
    options : of its run
    """

    id: str
    options: RunOptions


@dataclass(frozen=True)
class LeftOut:
    """A study that cannot be run here.

    Attributes
    ----------
    study : its name within the suite
    reason : what is missing
    remedy : how to get it
    """

    study: str
    reason: str
    remedy: str


@dataclass(frozen=True)
class SuiteStudies:
    """The studies of a suite: those that are run, and those that are left out."""

    runs: tuple[StudyRun, ...]
    left_out: tuple[LeftOut, ...]


def with_estimators(suite: Suite, written: Sequence[str]) -> Suite:
    """Return the suite with further estimators, each written as an entry of a spec.

    Parameters
    ----------
    written : ``lightgbm`` or ``{id: deep, use: mlp, hidden: [32]}``

    Raises
    ------
    SpecError
        Where one cannot be read, or has the id of another.
    """
    more = tuple(_entry(text) for text in written)
    wider = suite.model_copy(update={"estimators": (*suite.estimators, *more)})
    twice = [name for name in wider.estimator_ids if wider.estimator_ids.count(name) > 1]
    if twice:
        what, hint = f"the suite already has an estimator '{twice[0]}'", "write {id: OTHER, use: NAME}"
        raise SpecError(Problem("--estimator", what, hint=hint))
    return wider


def _entry(text: str) -> Written:
    place = Place(f"--estimator {text}")
    parsed = parse_yaml(text, place)
    if parsed.flaws:
        raise spec_error(parsed.flaws)
    entry = parsed.root.plain()
    if isinstance(entry, str | Mapping):
        return entry
    raise SpecError(Problem(str(place), "this is no estimator", "a name, or a mapping with `use:`"))


def studies_of(
    loaded: LoadedSuite, options: RunOptions, registry: Registry, *, only: Sequence[str] = ()
) -> SuiteStudies:
    """Return the studies of a suite that can be run here, and why the others cannot.

    Parameters
    ----------
    options : of each run, without its spec and overrides
    only : ids of the studies to run; none for all

    Raises
    ------
    SpecError
        Where a study is not there, a spec cannot be read, or two studies have one name.
    """
    named = list(_named(loaded))
    known = [name for name, _, _ in named]
    for name in only:
        if name not in known:
            hint = near_names(name, known) or "name one of these"
            raise SpecError(Problem("--only", f"the suite has no study '{name}'", ", ".join(known), hint))
    runs, left_out = [], []
    for name, entry, seed in named:
        if only and name not in only:
            continue
        path = loaded.folder / entry.spec
        spec = read_document(path).data
        missing = _missing(name, spec, registry)
        if missing is not None:
            left_out.append(missing)
            continue
        changes = _changes(loaded.suite, entry, spec, seed=seed)
        overrides = tuple(f"{key}={json.dumps(value)}" for key, value in changes.items())
        runs.append(StudyRun(name, replace(options, spec=_shown(path), out=None, overrides=overrides)))
    return SuiteStudies(tuple(runs), tuple(left_out))


def _shown(path: Path) -> Path:
    """Return a path as a user would write it here: relative where it lies below the current folder."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _named(loaded: LoadedSuite) -> Iterator[tuple[str, SuiteStudy, int | None]]:
    """Yield every study with its name and, where several are drawn of one, the seed."""
    for entry in loaded.suite.studies:
        stem = Path(entry.spec).stem.replace("_", "-")
        if entry.panels == 1:
            yield stem, entry, None
        else:
            width = len(str(entry.panels))
            for seed in range(1, entry.panels + 1):
                yield f"{stem}-{seed:0{width}d}", entry, seed


def _missing(name: str, spec: Mapping[str, Any], registry: Registry) -> LeftOut | None:
    data = spec.get("data")
    dataset = registry.of(DATASET).get(data.get("dataset", "")) if isinstance(data, Mapping) else None
    if isinstance(dataset, ComesWithPackage) and not dataset.is_installed:
        return LeftOut(name, f"its data come with the package {dataset.package}", INSTALL)
    return None


def _changes(
    suite: Suite, entry: SuiteStudy, spec: Mapping[str, Any], *, seed: int | None
) -> Mapping[str, object]:
    """Return what a suite changes of a spec, by key: what is compared and how, and nothing of the panel."""
    protocols = entry.protocols or suite.protocols
    drawn = {} if seed is None else {"data.simulate.seed": seed}
    return {
        **drawn,
        "seed": suite.seed,
        "estimators": list(suite.estimators),
        "evaluation": {
            "reference": suite.pooled,
            "protocols": list(protocols),
            "level": suite.level,
            "draws": suite.draws,
        },
        "scenarios": [],
        "report": {"formats": ["html"]},
        **{key: value for key, value in OWN_PARTS.items() if key in spec},
    }
