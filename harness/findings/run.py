"""A run for findings and report: its manifest and tables, each read once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from harness.language import Coded, rendered
from harness.record.manifest import Manifest
from harness.tables.table import Row, TypedTable, grouped, read_rows

if TYPE_CHECKING:
    import pandas as pd

View = TypeVar("View")


class RunReader(Protocol):
    """A run folder that can be read."""

    def read_table(self, name: str, /) -> pd.DataFrame:
        """Return the table in ``name.csv``, or in parquet; an empty frame where there is none."""

    def manifest(self) -> Manifest:
        """Return what manifest.json holds."""

    def files(self) -> tuple[str, ...]:
        """Return the paths of the reported files, with forward slashes."""


class RunStore(RunReader, Protocol):
    """A run folder that can be written to as well."""

    def write_text(self, relative: str, text: str, /) -> None:
        """Write a UTF-8 file whole or not at all."""

    def write_bytes(self, relative: str, data: bytes, /) -> None:
        """Write a file whole or not at all."""

    def remove(self, relative: str, /) -> None:
        """Remove a file that a run wrote."""


@dataclass(frozen=True, eq=False)
class Run:
    """Everything the report is made of.

    Attributes
    ----------
    manifest : study, data, and the status of each cell
    folder : with the tables; None if all are in `tables`
    tables : tables in memory, which replace those of the folder
    """

    manifest: Manifest
    folder: RunReader | None = None
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict, repr=False)
    _kept: dict[object, Any] = field(default_factory=dict, repr=False)

    def frame(self, table: str) -> pd.DataFrame:
        """Return a table as written; an empty frame if the study did not request it."""
        if table in self.tables:
            return self.tables[table]
        if self.folder is not None:
            return self.folder.read_table(table)
        import pandas as pd

        return pd.DataFrame()

    def rows(self, table: TypedTable[Row], **where: object) -> tuple[Row, ...]:
        """Return the rows of a table, which is read once, or those with these values of some columns.

        Raises
        ------
        ArtifactError
            If the table lacks a column.
        """
        if table not in self._kept:
            read = read_rows(self.frame(table.name), table.row, table=table.name)
            self._kept[table] = tuple(map(_rendered, read))
        names = tuple(where)
        if names and (table, names) not in self._kept:
            self._kept[table, names] = grouped(self._kept[table], *names)
        return tuple(self._kept[table, names].get(tuple(where.values()), ()) if names else self._kept[table])

    def view(self, make: Callable[[Run], View]) -> View:
        """Return the cached result of a function of this run."""
        if make not in self._kept:
            self._kept[make] = make(self)
        made: View = self._kept[make]
        return made


def _rendered(row: Row) -> Row:
    """Return a row with its messages in the language in use."""
    messages = {name: rendered(cell) for name, cell in vars(row).items() if isinstance(cell, Coded)}
    return replace(row, **messages) if messages else row


def read_run(folder: RunReader) -> Run:
    """Return the run in a folder.

    Raises
    ------
    ArtifactError
        Where the manifest lacks what the report needs.
    """
    return Run(folder.manifest(), folder)
