"""A table as it is printed: its cells as text, whatever file they come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class PrintedTable:
    """A table.

    Attributes
    ----------
    rows : texts, all rows as long; of a cell that spans several the first has the text
    spans : columns that a cell spans, by row and column, where they are more than one
    caption, notes : what stands above and below it
    unread : why the text of a cell may not be all that is printed there, by row and column
    """

    rows: tuple[tuple[str, ...], ...]
    spans: Mapping[tuple[int, int], int] = field(default_factory=dict)
    caption: str = ""
    notes: str = ""
    unread: Mapping[tuple[int, int], str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        rows: Sequence[Sequence[tuple[str, int]]],
        *,
        caption: str = "",
        notes: str = "",
        unread: Mapping[tuple[int, int], str] | None = None,
    ) -> PrintedTable:
        """Return the table of rows of cells, each a text and the columns that it spans.

        Parameters
        ----------
        unread : as of the table, by row and number of the cell
        """
        texts, spans, flawed, width = [], {}, {}, 0
        for number, cells in enumerate(rows):
            line: list[str] = []
            for at, (text, span) in enumerate(cells):
                if span > 1:
                    spans[number, len(line)] = span
                if reason := (unread or {}).get((number, at)):
                    flawed[number, len(line)] = reason
                line += [text, *[""] * (span - 1)]
            texts.append(line)
            width = max(width, len(line))
        filled = tuple((*line, *[""] * (width - len(line))) for line in texts)
        return cls(filled, spans, caption, notes, flawed)
