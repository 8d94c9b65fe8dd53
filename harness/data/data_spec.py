"""Where the data come from and what is done to them: the spec's ``data`` mapping."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from harness.data.name import ColumnName
from harness.data.prepare.choice import PreparationStep
from harness.data.prepare.step import Step, single_steps
from harness.data.rules import ColumnRule, RowFilter
from harness.data.simulate.simulation import SIMULATION, Simulation
from harness.registry.catalog import Choose

MissingPolicy = Literal["error", "drop"]

MISSING_VALUES = ("", "NA", "NaN", ".")


def _known_encoding(name: str) -> str:
    """Refuse an encoding that Python does not know, or that is none of text."""
    try:
        with contextlib.suppress(UnicodeError):
            b"    ".decode(name)
    except LookupError as error:
        message = f"unknown encoding '{name}'; known are utf-8, utf-16, gb18030, cp1252 and others"
        raise ValueError(message) from error
    return name


@dataclass(frozen=True)
class DataSpec:
    """Source and preparation of a panel; `rows` is applied first, then `prepare`, then `schema`.

    Attributes
    ----------
    path : a csv (or tsv, txt), parquet, Stata dta or xlsx file, relative to the project
    dataset : name of a dataset that the harness or a plugin brings along, instead of a path
    simulate : a simulated panel whose truth is known, instead of either
    encoding : of a text file
    separator : between the fields of a text file, one character, no quote or line end
    sheet : of an xlsx file; needed where it has several visible ones
    missing : ``error`` refuses missing cells in columns that play a role, ``drop`` leaves their rows out
    missing_values : texts that stand for a missing cell among the numbers of a csv or xlsx file; never in
        the entity column, where only an empty cell is missing
    rows : which rows are kept, by column
    prepare : steps that compute further columns, in order
    schema : what columns must hold, raw or prepared
    """

    path: str | None = None
    dataset: str | None = None
    simulate: Annotated[Simulation | None, Choose(SIMULATION.name)] = None
    encoding: Annotated[str, AfterValidator(_known_encoding)] = "utf-8"
    separator: Annotated[str, Field(min_length=1, max_length=1, pattern=r'[^\r\n"]')] = ","
    sheet: str | None = None
    missing: MissingPolicy = "error"
    missing_values: tuple[str, ...] = MISSING_VALUES
    rows: Mapping[ColumnName, RowFilter] = field(default_factory=dict)
    prepare: tuple[PreparationStep, ...] = ()
    schema: Mapping[ColumnName, ColumnRule] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if sum(source is not None for source in (self.path, self.dataset, self.simulate)) > 1:
            message = "give either path or dataset or simulate, not several"
            raise ValueError(message)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The preparation as it runs, one column a step."""
        return tuple(step for written in self.prepare for step in single_steps(written))
