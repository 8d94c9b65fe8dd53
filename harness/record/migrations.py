"""Run folders of earlier formats, read as folders of the present one.

A format is ``major.minor``. What readers of the same major cannot ignore, such as a column or table that goes
or means something else, raises the major; what they can, such as a column more, raises the minor. Every step
is pure functions on the manifest, as plain JSON data, and on tables in memory. Folders stay as they are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from harness.errors import ArtifactError
from harness.language import Coded, marked
from harness.record import format_13
from harness.record.format_13 import Content, Tables
from harness.record.manifest import Manifest, read_record

if TYPE_CHECKING:
    import pandas as pd

MANIFEST_VERSION = "manifest_version"


@dataclass(frozen=True, order=True)
class Format:
    """Format of a run folder."""

    major: int
    minor: int = 0

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


@dataclass(frozen=True)
class TableChange:
    """How a table comes about from tables of the format before.

    Attributes
    ----------
    file : of the table
    made : given the manifest and the tables in `sources`, by file, returns the table. The manifest is that of
        the format before; a table that the folder lacks is an empty frame
    sources : files that it is made from, its own where none is named; it is there if one of them is
    looked_into : further files that it takes something from
    """

    file: str
    made: Callable[[Content, Tables], pd.DataFrame]
    sources: tuple[str, ...] = ()
    looked_into: tuple[str, ...] = ()

    @property
    def read(self) -> tuple[str, ...]:
        """The files that it is made from."""
        return self.sources or (self.file,)


@dataclass(frozen=True)
class FormatStep:
    """What makes a folder of the format before one of the format `to`.

    Attributes
    ----------
    manifest : changes of the manifest, one after the other
    tables : changes of tables, one after the other: each reads what those before it made
    gone : files of tables that the new format does not have
    """

    to: Format
    manifest: tuple[Callable[[Content], Content], ...] = ()
    tables: tuple[TableChange, ...] = ()
    gone: frozenset[str] = frozenset()


# From the oldest format that is read to the present one. The last step collects the changes of the next
# release; those before it stay as they are.
OLDEST = Format(12)
_VARIED = ("multiverse.csv", "method_ladder.csv")
_CHECKED = ("robustness.csv", "specifications.csv")
_VARIED_PREDICTIONS = ("multiverse.parquet", "method_ladder.parquet")
_OF_MODELS = ("interval_score", "model_coverage", "model_width", "model_interval_score")


def _with_empty(file: str, *names: str) -> TableChange:
    return TableChange(file, partial(format_13.with_empty, names))


STEPS = (
    FormatStep(
        Format(13),
        manifest=(format_13.manifest_of,),
        tables=(
            _with_empty("accuracy.csv", *_OF_MODELS),
            _with_empty("predictions.parquet", "model_low", "model_high"),
            TableChange("gain.csv", partial(format_13.renamed, "inference", format_13.INFERENCES)),
            TableChange("decomposition.csv", partial(format_13.renamed, "part", format_13.PARTS)),
            TableChange("effects.csv", format_13.renamed_effects),
            _with_empty("effects.csv", "p_common_shocks"),
            _with_empty("coefficients.csv", "p_common_shocks"),
            TableChange("gain.csv", format_13.gain_table),
            TableChange("decomposition.csv", format_13.parts_table, looked_into=("gain.csv",)),
            TableChange("metrics.csv", format_13.losses_table, looked_into=("gain.csv",)),
            TableChange("recognition.csv", format_13.recognition_table),
            TableChange("multiverse_tests.csv", format_13.multiverse_tests_table),
            *(
                TableChange(f"{name}.csv", partial(format_13.decided_table, name))
                for name in format_13.DECIDED
            ),
            TableChange("variations.csv", format_13.variations_table, _VARIED),
            TableChange(
                "variation_gains.csv", format_13.variation_gains_table, (*_VARIED, "multiverse.parquet")
            ),
            TableChange("claims.csv", format_13.claims_table),
            _with_empty("error_rates.csv", "effect"),
            _with_empty("multiverse_choices.csv", "mean_mse"),
            TableChange(
                "variation_predictions.parquet", format_13.variation_predictions_table, _VARIED_PREDICTIONS
            ),
            _with_empty("variation_predictions.parquet", "model_low", "model_high"),
            TableChange("variation_effects.csv", format_13.variation_effects_table, _CHECKED),
        ),
        gone=frozenset({*_VARIED, *_VARIED_PREDICTIONS, *_CHECKED}),
    ),
)
FORMAT = STEPS[-1].to


@dataclass(frozen=True)
class Migrated:
    """A run folder as one of the present format.

    Attributes
    ----------
    manifest : of the present format
    """

    manifest: Content
    _steps: tuple[tuple[Content, FormatStep], ...] = ()

    @property
    def is_earlier(self) -> bool:
        """Whether the folder was written in an earlier format."""
        return bool(self._steps)

    def table(self, file: str, stored: Callable[[str], pd.DataFrame]) -> pd.DataFrame:
        """Return a table; an empty frame without columns where the folder has none of its sources.

        Parameters
        ----------
        file : of the table in the present format
        stored : returns a table as the folder has it, by its file
        """
        changes = [(manifest, change) for manifest, step in self._steps for change in step.tables]
        return _table(file, changes, stored)

    def files(self, present: Iterable[str]) -> tuple[str, ...]:
        """Return the files of tables in the present format, sorted, given those that the folder has."""
        files = set(present)
        for _, step in self._steps:
            for change in step.tables:
                files |= {change.file} if files.intersection(change.read) else set()
            files -= step.gone
        return tuple(sorted(files))


def _table(
    file: str, changes: list[tuple[Content, TableChange]], stored: Callable[[str], pd.DataFrame]
) -> pd.DataFrame:
    """Return a table after some changes: what the last that makes it gives, from its sources before that."""
    last = next((at for at in reversed(range(len(changes))) if changes[at][1].file == file), None)
    if last is None:
        return stored(file)
    manifest, change = changes[last]
    sources = {name: _table(name, changes[:last], stored) for name in change.read}
    if not any(frame.columns.size for frame in sources.values()):
        return next(iter(sources.values()))
    more = {name: _table(name, changes[:last], stored) for name in change.looked_into}
    return change.made(manifest, sources | more)


def migrated(manifest: Content) -> Migrated:
    """Return a run folder as one of the present format, given what its manifest holds.

    A folder of a later minor format of the present major one is read as it is.

    Raises
    ------
    ArtifactError
        Where its format is older than `OLDEST`, or of a later major one.
    """
    written, done = _format_of(manifest), []
    for step in STEPS:
        if step.to > written:
            done.append((manifest, step))
            for change in step.manifest:
                manifest = change(manifest)
    return Migrated({**manifest, MANIFEST_VERSION: str(written)}, tuple(done))


def _format_of(manifest: Content) -> Format:
    """Return the format of a folder, which was a whole number up to the twelfth."""
    named = manifest.get(MANIFEST_VERSION)
    numbers = re.fullmatch(r"(\d{1,4})(?:\.(\d{1,4}))?", str(named), re.ASCII)
    written = Format(*(int(number or 0) for number in numbers.groups())) if numbers else None
    if written is not None and OLDEST <= written < Format(FORMAT.major + 1):
        return written
    hint = marked("read it with the version that the manifest names under versions, or run the study again")
    if written is not None and written > FORMAT:
        hint = marked("pip install --upgrade panel-harness")
    raise ArtifactError.at(
        f"manifest.json: {MANIFEST_VERSION}",
        Coded("the run folder is of format {format}", format=f"{named!r:.20}"),
        Coded(
            "a format from {oldest} to {major}.x, which this version reads", oldest=OLDEST, major=FORMAT.major
        ),
        hint,
    )


def folder_of(text: str) -> Migrated:
    """Return a run folder as one of the present format, given the text of its manifest.

    Raises
    ------
    ValueError
        Where the text is no JSON.
    ArtifactError
        If its format is not read.
    """
    content = json.loads(text)
    is_manifest = isinstance(content, dict) and MANIFEST_VERSION in content
    return migrated(content) if is_manifest else Migrated(content)


def manifest_of(text: str) -> Manifest:
    """Return the manifest of a run folder, of an earlier format too.

    Raises
    ------
    ArtifactError
        If its format is not read, or listing every key that is missing or of a wrong type.
    """
    with suppress(ValueError):  # of what is no JSON, which is refused below
        text = json.dumps(folder_of(text).manifest)
    return read_record(Manifest, text, where="manifest.json", hint="run the study again with this version")
