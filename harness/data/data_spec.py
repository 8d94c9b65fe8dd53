"""Where the data come from and what is done to them: the spec's ``data`` mapping."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from harness.data.file_spec import FileSpec
from harness.data.name import ColumnName
from harness.data.prepare.step import PreparationStep, Step, single_steps
from harness.data.rules import ColumnRule, Constant, PanelCheck, RowFilter
from harness.data.simulate.simulation import SIMULATION, Simulation
from harness.registry.catalog import Choose

MissingPolicy = Literal["error", "drop"]


@dataclass(frozen=True)
class Join(FileSpec):
    """A further file, joined to the rows of the first.

    Attributes
    ----------
    on : columns that tell which row belongs to which, in both files (see `rename`); without them those of the
        entity and the period
    match : ``1:1``, each key once in both files, or ``m:1``, once in this file, as in a table of regions;
        without it 1:1 where `on` has entity and period, else m:1. What matches otherwise is refused
    how : ``left`` keeps the rows of the first file, ``inner`` those that both have, ``outer`` all
    columns : that are taken; without them all
    """

    on: tuple[ColumnName, ...] = ()
    match: Literal["1:1", "m:1"] | None = None
    how: Literal["left", "inner", "outer"] = "left"
    columns: tuple[ColumnName, ...] = ()


@dataclass(frozen=True)
class ContiguityFile(FileSpec):
    """A file that says which entities are neighbours, a pair in a row.

    A pair holds in both directions, whether the file has it once or twice.

    Attributes
    ----------
    entity, neighbour : columns with the two entities of a pair, named as the data name them
    weight : column with how much a pair counts, > 0; without it all pairs count alike
    """

    entity: ColumnName = "entity"
    neighbour: ColumnName = "neighbour"
    weight: ColumnName | None = None


@dataclass(frozen=True)
class DataSpec(FileSpec):
    """Source and preparation of a panel.

    Files are read and joined by `append` and `merge`; then come `rows`, `prepare` and `schema`.

    Attributes
    ----------
    dataset : name of a dataset that the harness or a plugin brings along, instead of a path
    simulate : a simulated panel whose truth is known, instead of either
    append : files with further rows, such as those of other years
    merge : files with further columns
    contiguity : file with the pairs of entities that are neighbours, for `spatial_lag` and tests of residuals
    missing : ``error`` refuses missing cells in columns that play a role, ``drop`` leaves their rows out
    rows : which rows are kept, by column
    prepare : steps that compute further columns, in order
    schema : what columns must hold, raw or prepared
    schema_file : a pandera schema of columns as a YAML file, checked as well; it can run no code
    checks : what rows must satisfy together, raw or prepared
    """

    dataset: str | None = None
    simulate: Annotated[Simulation | None, Choose(SIMULATION.name)] = None
    append: tuple[FileSpec, ...] = ()
    merge: tuple[Join, ...] = ()
    contiguity: ContiguityFile | None = None
    missing: MissingPolicy = "error"
    rows: Mapping[ColumnName, RowFilter] = field(default_factory=dict)
    prepare: tuple[PreparationStep, ...] = ()
    schema: Mapping[ColumnName, ColumnRule] = field(default_factory=dict)
    schema_file: str | None = None
    checks: tuple[PanelCheck, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if sum(source is not None for source in (self.path, self.dataset, self.simulate)) > 1:
            message = "give either path or dataset or simulate, not several"
            raise ValueError(message)
        beside = () if self.contiguity is None else (self.contiguity,)
        if any(file.path is None for file in (*self.append, *self.merge, *beside)):
            message = "each file to append or merge, and of contiguity, needs its path"
            raise ValueError(message)

    @property
    def checked_numbers(self) -> tuple[str, ...]:
        """The columns that `checks` add or compare, each once."""
        checks = [check for check in self.checks if not isinstance(check, Constant)]
        return tuple(dict.fromkeys(name for check in checks for name in check.columns))

    @property
    def steps(self) -> tuple[Step, ...]:
        """The preparation as it runs, one column a step."""
        return tuple(step for written in self.prepare for step in single_steps(written))
