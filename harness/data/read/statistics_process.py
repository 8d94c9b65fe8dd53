"""Run as a process of its own: read one file of SPSS or SAS, whose library may crash on a damaged one."""

from __future__ import annotations

import json
import sys
from pathlib import Path

TABLE, LABELS = "table.parquet", "labels.json"


def main(function: str, most_cells: str, path: str, *catalog: str) -> None:
    """Write the table of a file, and the labels of its columns and values, into the file's folder.

    Parameters
    ----------
    function : of pyreadstat, that reads it
    most_cells : of a table that is read; a packed file of few bytes may have more
    catalog : file with the labels of values; none where there is none
    """
    import pyreadstat

    read = getattr(pyreadstat, function)
    _, head = read(path, metadataonly=True)
    n_rows, n_columns = head.number_rows or 0, head.number_columns
    if n_rows * n_columns > int(most_cells):
        raise SystemExit(f"{n_rows:,} rows x {n_columns:,} columns are more than {int(most_cells):,} cells")
    frame, meta = read(path)
    labelled = meta.variable_value_labels
    for file in catalog:
        sets = pyreadstat.read_sas7bcat(file)[1].value_labels
        labelled = {name: sets[own] for name, own in meta.variable_to_label.items() if own in sets}
    values = {name: list(codes.items()) for name, codes in labelled.items()}
    folder = Path(path).parent
    frame.to_parquet(folder / TABLE, index=False)
    (folder / LABELS).write_text(json.dumps([meta.column_names_to_labels, values]), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
