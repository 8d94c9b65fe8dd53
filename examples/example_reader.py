"""A file format: a JSON object a line.

data: {path: panel.jsonl}
"""

from __future__ import annotations

import io

import pandas as pd

from harness.plugin import FileReader, Reading, Source, hookimpl


def read(source: Source) -> Reading:
    """Return the table of a file with an object a line, a column for each of its keys."""
    with source.read_as("JSON lines"):
        frame = pd.read_json(io.BytesIO(source.content), orient="records", lines=True)
    source.refuse_size(*frame.shape)
    return Reading(frame)


@hookimpl
def harness_readers() -> list[FileReader]:
    """Return the file formats of this plugin; `harness test-plugin` reads the example."""
    example = b'{"city": "a", "year": 2001, "x": 0.5}\n{"city": "b", "year": 2001, "x": 1.5}\n'
    return [FileReader("json_lines", (".jsonl",), read, example=example)]
