"""A drafted spec as a file beside the data."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd

from harness.data.data_spec import DataSpec
from harness.data.read.files import find_file, read_file
from harness.draft.draft import Answers, draft_of
from harness.draft.spec_text import spec_text
from harness.errors import ArtifactError, Problem
from harness.registry.catalog import Catalogs
from harness.spec.load import load_study
from harness.spec.written import WrittenSpec


def read_frame(path: Path) -> pd.DataFrame:
    """Return the raw table of a data file.

    Raises
    ------
    DataError
        Where the file cannot be read.
    """
    file = find_file(str(path), root=Path.cwd(), allow_outside=True)
    return read_file(file, origin=path.name, spec=DataSpec(path=path.name), entity="", time="").frame


def write_draft(
    frame: pd.DataFrame, answers: Answers, catalogs: Catalogs, *, data: Path, out: Path | None = None
) -> Path:
    """Write the spec of a first study of a file, and return its path.

    Parameters
    ----------
    frame : what the file holds
    answers : what is known of its columns
    catalogs : what is installed, by kind
    data : the file
    out : the spec; None puts it beside the data

    Raises
    ------
    DataError
        See `draft_of`.
    ArtifactError
        Where the spec exists already, or cannot be written.
    """
    path = data.with_suffix(".yaml") if out is None else out
    draft = draft_of(frame, answers, origin=data.name)
    place = Path(os.path.relpath(data.resolve(), path.resolve().parent)).as_posix()
    text = spec_text(draft, catalogs, source={"path": place}, labels={})
    load_study(WrittenSpec(text), catalogs=catalogs)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise ArtifactError(
            Problem(str(path), "exists already", "a new file", "name another with --out, or move it away")
        ) from error
    except OSError as error:
        what = f"cannot be written: {error.strerror or error}"
        raise ArtifactError(
            Problem(str(path), what, "a place that can be written", "name another")
        ) from error
    return path
