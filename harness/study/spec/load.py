"""A spec file to a study, with all of its mistakes in one error."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.registry.catalog import Catalogs
from harness.study.spec.cross_check import cross_check
from harness.study.spec.defaults import with_defaults, with_lists
from harness.study.spec.document import Document, WrittenSpec, read_document
from harness.study.spec.error_messages import mistakes_of
from harness.study.spec.json_schema import spec_schema
from harness.study.spec.ladder import expand_ladder
from harness.study.spec.node import Mistake, Node, spec_error
from harness.study.spec.overrides import with_overrides
from harness.study.spec.printed import decimals
from harness.study.spec.schema_text import Expected
from harness.study.spec.study import SPEC_VERSION, Study


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


def with_printed_digits(document: Document) -> dict[str, Any]:
    """Return the document's values, with the decimals of each printed number as its ``digits``.

    A number does not know how it was written, 0.0010 is 0.001, so this is read from the text. Digits that an
    entry gives itself stay.
    """
    data = dict(document.data)
    for key in ("claims", "expect"):
        listed = document.root.child(key)
        if listed is not None and isinstance(listed.content, tuple):
            data[key] = [_with_digits(entry) for entry in listed.content]
    return data


def _with_digits(entry: Node) -> Any:  # noqa: ANN401 - an entry may be anything until it is validated
    """Return an entry with the decimals of its number; a statement has none, nor has one with a tolerance."""
    value, quantity = entry.child("value"), entry.child("quantity")
    is_without = quantity is not None and quantity.content == "direction"
    is_without |= any(entry.child(tolerance) is not None for tolerance in ("absolute", "relative"))
    if (
        value is None
        or is_without
        or not isinstance(value.content, float)
        or not math.isfinite(value.content)
    ):
        return entry.plain()
    return {"digits": decimals(value.text), **entry.plain()}
