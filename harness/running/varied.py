"""Choices with other options: variations of a study as they are fitted, and cheaper forms."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from harness.errors import Problem, SpecError
from harness.estimators.protocol import Estimator
from harness.evaluation.losses import SAMPLES
from harness.evaluation.variation_gains import GainComparison
from harness.language import Coded
from harness.registry.catalog import Catalogs, with_option
from harness.scenarios.curve.scenario import CurveScenario
from harness.study import variation as variations
from harness.study.spec.entry import EstimatorEntry, ScenarioEntry
from harness.study.spec.study import Study
from harness.tables.variations import GAIN, GAIN_UNSEEN

# What the fits of a ladder are called, and the label of all their random streams: they draw the same rows and
# initial values where they can.
STREAM = "method ladder"


@dataclass(frozen=True)
class VariedFit:
    """A variation as it is fitted, and on which splits.

    Attributes
    ----------
    entry : estimator, columns, and the name of the fits as id; equal estimators of a ladder share theirs
    protocols : of each that it is fitted under, the first so many splits; None for all
    outcomes : for which it is fitted
    stream : label of the random streams; empty for the name of the fits
    references : what its gains are over, by id: with its columns, and fitted again where these are others
    """

    variation: variations.Variation
    entry: EstimatorEntry
    protocols: tuple[tuple[str, int | None], ...]
    outcomes: tuple[str, ...]
    stream: str = ""
    references: Mapping[str, EstimatorEntry] = field(default_factory=dict)

    @property
    def fits(self) -> Mapping[str, tuple[EstimatorEntry, str]]:
        """What is fitted for it, and the label of the random streams, by the name of the fits."""
        again = {entry.id: (entry, name) for name, entry in self.references.items() if entry.id != name}
        return {self.entry.id: (self.entry, self.stream)} | again

    def uses(self, outcome: str, protocol: str, index: int) -> bool:
        """Return whether it is fitted for an outcome on the split of a protocol with an index, from 0."""
        splits = [most for name, most in self.protocols if name == protocol]
        return outcome in self.outcomes and any(most is None or index < most for most in splits)


def varied_fits(study: Study, catalogs: Catalogs) -> tuple[VariedFit, ...]:
    """Return the variations of a study whose gains are taken: its multiverse, then its ladder of methods.

    Raises
    ------
    SpecError
        Where an estimator has no such option, or the option takes no such value.
    """
    return (*_multiverse(study, catalogs), *_ladder(study, catalogs))


def _multiverse(study: Study, catalogs: Catalogs) -> Iterator[VariedFit]:
    multiverse = study.multiverse
    if multiverse is None:
        return
    protocols = tuple((entry.id, None) for entry in study.evaluation.protocols)
    entries, controls = {entry.id: entry for entry in study.estimators}, study.roles.controls
    for variation in variations.multiverse_of(study):
        entry, references = (
            entries[multiverse.estimator],
            {name: entries[name] for name in multiverse.references},
        )
        for change in variation.changes:
            place = f"multiverse.vary.{change.option}"
            entry = changed(entry, change, controls, catalogs, place=place)
            if change.target == "roles" and int(change.text) < len(controls):
                kept = {"controls": controls[: int(change.text)]}
                references = {
                    name: one.model_copy(update={"id": f"{name} ({change.option} {change.text})", **kept})
                    for name, one in references.items()
                }
        named = entry.model_copy(update={"id": variation.key})
        yield VariedFit(variation, named, protocols, study.roles.outcomes, references=references)


def _ladder(study: Study, catalogs: Catalogs) -> Iterator[VariedFit]:
    ladder = study.method_ladder
    if ladder is None:
        return
    entry = EstimatorEntry.model_construct(id=_fit_name(0), use=ladder.start.name, estimator=ladder.start)
    fits, taken, splits = [ladder.start], ladder.protocol, ladder.splits
    for variation in variations.ladder_of(study):
        for change in variation.changes[-1:]:
            place = f"method_ladder.changes[{variation.position - 1}]"
            entry = changed(entry, change, study.roles.controls, catalogs, place=place)
            taken = change.text if change.option == variations.PROTOCOL else taken
            if change.option == variations.SPLITS:
                splits = None if change.value == variations.EVERY_SPLIT else int(change.text)
        if entry.estimator not in fits:
            fits.append(entry.estimator)
        named = entry.model_copy(update={"id": _fit_name(fits.index(entry.estimator))})
        protocols = (taken, splits), (ladder.unseen, None)
        yield VariedFit(variation, named, protocols, ladder.outcomes or study.roles.outcomes, STREAM)


def _fit_name(index: int) -> str:
    # The plan takes what stands before a bracket for the kind of a fit.
    return f"{STREAM} ({index})"


def comparisons_of(study: Study, varied: Sequence[VariedFit]) -> Iterator[GainComparison]:
    """Yield on which rows and over which references the gains of the variations of a study are taken."""
    same: dict[tuple[tuple[str, str], ...], dict[str, str]] = {}
    for one in varied:
        if one.variation.list == variations.MULTIVERSE:
            of_fits = tuple((entry.id, name) for name, entry in one.references.items())
            same.setdefault(of_fits, {})[one.entry.id] = one.variation.key
    for over, fits in same.items():
        of = study.multiverse.estimator if study.multiverse else ""
        yield GainComparison(variations.MULTIVERSE, fits, dict(over), of, samples=tuple(SAMPLES))
    for one in varied:
        if one.variation.list == variations.LADDER:
            fits = {one.entry.id: one.variation.key}
            references = {name: name for name in study.evaluation.references}
            for quantity, (protocol, splits) in zip((GAIN, GAIN_UNSEEN), one.protocols, strict=True):
                yield GainComparison(
                    variations.LADDER, fits, references, quantity=quantity, protocol=protocol, splits=splits
                )


def changed(
    entry: EstimatorEntry,
    change: variations.Change,
    controls: tuple[str, ...],
    catalogs: Catalogs,
    *,
    place: str,
) -> EstimatorEntry:
    """Return an entry of an estimator with a change of its options or columns; others leave it as it is.

    Parameters
    ----------
    controls : of the study
    place : of the change in the spec, for messages

    Raises
    ------
    SpecError
        Where there is no such option, or it takes no such value.
    """
    if change.target == "roles":
        return entry.model_copy(update={"controls": controls[: int(change.text)]})
    if change.target != "estimator":
        return entry
    try:
        made = with_option(entry.estimator, change.option, change.value, catalogs=catalogs)
    except PydanticCustomError as error:
        context = error.context or {}
        problem = Problem(place, error.message(), context.get("expected", ""), context.get("hint", ""))
        raise SpecError(problem) from error
    except ValidationError as error:
        faults = "; ".join(dict.fromkeys(mistake["msg"] for mistake in error.errors()))
        raise SpecError(
            Problem(place, Coded("{value} is not allowed: {faults}", value=repr(change.value), faults=faults))
        ) from error
    return entry.model_copy(update={"estimator": made})


def curve_of(study: Study) -> ScenarioEntry | None:
    """Return the curve that a ladder is asked: the first of the exposure; None where there is no truth."""
    curves = (
        entry
        for entry in study.scenarios
        if isinstance(entry.scenario, CurveScenario) and entry.scenario.exposure is None
    )
    return next(curves, None) if study.data.simulate is not None else None


# The most that an option of a name may be, in whatever part of a study it stands.
Most = Mapping[str, int]


def capped(choice: Any, most: Most) -> Any:  # noqa: ANN401 - whatever a spec can choose
    """Return a built choice whose options of a name, and those of estimators in it, are held to the most.

    An option that is ``auto`` gets the most.
    """
    held = {}
    for option in dataclasses.fields(choice):
        value = getattr(choice, option.name)
        if option.name in most and (value == "auto" or type(value) is int):
            held[option.name] = most[option.name] if value == "auto" else min(value, most[option.name])
        elif isinstance(value, Estimator):
            held[option.name] = capped(value, most)
        elif isinstance(value, tuple):
            held[option.name] = tuple(
                capped(option, most) if isinstance(option, Estimator) else option for option in value
            )
    return dataclasses.replace(choice, **held)


def greatest(choice: Any, name: str) -> int:  # noqa: ANN401 - whatever a spec can choose
    """Return the greatest whole number that an option of a name is, in a built choice and in those in it.

    It is 0 where there is no such option.
    """
    found = [0]
    for option in dataclasses.fields(choice):
        value = getattr(choice, option.name)
        if option.name == name and type(value) is int:
            found.append(value)
        nested = value if isinstance(value, tuple) else (value,)
        found += [greatest(option, name) for option in nested if isinstance(option, Estimator)]
    return max(found)
