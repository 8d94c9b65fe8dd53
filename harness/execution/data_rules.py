"""Rules for data that stand in a file of their own, and where in the spec a broken one is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from harness.data.data_spec import DataSpec
from harness.data.read.data_folder import DataFolder
from harness.data.user_schema import UserSchema, read_user_schema
from harness.errors import DataError, Problem
from harness.spec.document import Document, read_document
from harness.spec.mistake import Loc, spec_error


def read_schema_file(spec: DataSpec, folder: DataFolder) -> UserSchema | None:
    """Return the schema of the user's own, read as strictly as a spec; None where there is none.

    Parameters
    ----------
    folder : where it lies

    Raises
    ------
    DataError, SpecError
        Where the file cannot be read, or says what is not taken.
    """
    if spec.schema_file is None:
        return None
    document = read_document(folder.find(spec.schema_file))
    if document.flaws:
        raise spec_error(document.flaws)
    return read_user_schema(document.data, spec.schema_file)


@contextmanager
def places_in(document: Document) -> Iterator[None]:
    """Tell the line of the spec where a problem of the data names a part of it, as ``(data.checks[2])``."""
    try:
        yield
    except DataError as error:
        raise DataError(*(_placed(problem, document) for problem in error.problems)) from error


def _placed(problem: Problem, document: Document) -> Problem:
    found = re.fullmatch(r"(.*)\((data\.(?:schema|checks)[^()]*|data\.schema\..*)\)", problem.where)
    if found is None:
        return problem
    if at := re.fullmatch(r"data\.checks\[([0-9]+)\]", found[2]):
        loc: Loc = ("data", "checks", int(at[1]))
    else:
        loc = ("data", "schema", found[2].removeprefix("data.schema."))
    return replace(problem, where=f"{found[1]}({document.find(loc).spot}: {found[2]})")
