"""A spec file to a study, with all of its mistakes in one error."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from harness.registry.catalog import Catalogs
from harness.spec.cross_check import cross_check
from harness.spec.defaults import with_defaults, with_lists
from harness.spec.document import Document, read_document
from harness.spec.error_messages import mistakes_of
from harness.spec.json_schema import spec_schema
from harness.spec.ladder import expand_ladder
from harness.spec.mistake import Mistake, spec_error
from harness.spec.overrides import with_overrides
from harness.spec.printed import with_printed_digits
from harness.spec.schema_text import Expected
from harness.spec.study import SPEC_VERSION, Study
from harness.spec.written import WrittenSpec


@dataclass(frozen=True)
class LoadedStudy:
    """A study and the document it was read from."""

    study: Study
    document: Document


def load_study(
    source: Path | WrittenSpec, *, catalogs: Catalogs, overrides: Sequence[str] = ()
) -> LoadedStudy:
    """Read a spec.

    Parameters
    ----------
    source : the file, or the values of a script
    catalogs : what a spec can choose by name, by kind
    overrides : values put over those of the file, ``estimators[1].draws=50``; see `with_overrides`

    Raises
    ------
    SpecError
        With every mistake of the file: its place, what was found, what is expected and a hint.
    """
    document = with_overrides(read_document(source), overrides)
    _refuse_other_versions(document)
    document = with_defaults(with_lists(document), catalogs)
    mistakes = [*document.flaws, *cross_check(document, catalogs)]
    try:
        values = dict(with_printed_digits(document))
        if "estimators" in values:
            values["estimators"] = expand_ladder(values["estimators"], catalogs["estimator"].members)
        study = Study.model_validate_json(json.dumps(values), strict=True, context=catalogs)
    except ValidationError as error:
        expected = Expected(spec_schema(catalogs), document.data)
        mistakes += mistakes_of(error.errors(include_url=False), document, expected)
        raise spec_error(mistakes) from error
    if mistakes:
        raise spec_error(mistakes)
    return LoadedStudy(study, document)


def _refuse_other_versions(document: Document) -> None:
    """Stop at a spec of another version: its other keys cannot be judged."""
    version = document.data.get("spec_version")
    if type(version) is not int or version == SPEC_VERSION:
        return
    if version > SPEC_VERSION:
        what = f"version {version} of the spec format is newer than this harness reads"
        hint = "upgrade: pip install --upgrade panel-harness"
    else:
        what = f"there is no version {version} of the spec format"
        hint = f"write `spec_version: {SPEC_VERSION}`"
    place = document.find(("spec_version",))
    raise spec_error([*document.flaws, Mistake(place, what, str(SPEC_VERSION), hint)])
