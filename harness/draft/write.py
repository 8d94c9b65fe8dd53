"""A drafted spec as a file beside the data."""

from __future__ import annotations

from pathlib import Path

from harness.draft.draft import draft_of
from harness.draft.found_data import FoundData
from harness.draft.spec_text import spec_text
from harness.errors import ArtifactError, Problem
from harness.registry.catalog import Catalogs
from harness.study.spec.document import WrittenSpec
from harness.study.spec.load import load_study


def write_draft(found: FoundData, catalogs: Catalogs, *, out: Path) -> None:
    """Write the spec of a first study.

    Parameters
    ----------
    found : the data, with what is known of its columns
    catalogs : what is installed, by kind
    out : the spec

    Raises
    ------
    DataError
        See `draft_of`.
    ArtifactError
        Where the spec exists already, or cannot be written.
    """
    draft = draft_of(found.table.frame, found.answers, origin=found.table.origin)
    text = spec_text(draft, found, catalogs)
    load_study(WrittenSpec(text), catalogs=catalogs)
    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise ArtifactError(
            Problem(str(out), "exists already", "a new file", "name another with --out, or move it away")
        ) from error
    except OSError as error:
        what = f"cannot be written: {error.strerror or error}"
        raise ArtifactError(Problem(str(out), what, "a place that can be written", "name another")) from error
