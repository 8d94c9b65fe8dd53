"""What a table of a paper is: heads, rows and notes as texts, whatever program reads it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PaperRow:
    """One row.

    Attributes
    ----------
    label : empty where it goes on from the row above
    cells : none where it heads the rows that follow; the last ones may be left out
    """

    label: str
    cells: tuple[str, ...] = ()


@dataclass(frozen=True)
class PaperTable:
    """One table.

    Attributes
    ----------
    name : of its files, without their endings
    heads : rows above the rule, at least one, each as wide as the table
    notes : sentences beneath it
    """

    name: str
    caption: str
    heads: tuple[tuple[str, ...], ...]
    rows: tuple[PaperRow, ...]
    notes: tuple[str, ...]

    @property
    def texts(self) -> tuple[tuple[str, ...], ...]:
        """Heads and rows, all as wide as the table."""
        return (*self.heads, *(self.text_of(row) for row in self.rows))

    def text_of(self, row: PaperRow) -> tuple[str, ...]:
        """Return a row as wide as the table."""
        return (row.label, *row.cells, *[""] * (len(self.heads[0]) - 1 - len(row.cells)))
