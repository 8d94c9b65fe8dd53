"""How templates are filled: escaped, without control characters, and with numbers in words."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from harness.report.words.digits import count, percent, plain, significant
from harness.report.words.text import capitalised, printable
from harness.store.study_record import EstimatorRecord

TEMPLATES = "templates"


def environment(filters: Mapping[str, Callable[..., object]]) -> Environment:
    """Return the environment of the package's templates.

    Parameters
    ----------
    filters : beside those for numbers and options
    """
    made = Environment(
        loader=PackageLoader("harness.report", TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalized,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update({"count": count, "percent": percent, "significant": significant, "options": options})
    made.filters.update({"capitalised": capitalised, "plain": plain})
    made.filters.update(filters)
    return made


def packaged(name: str) -> str:
    """Return the text of a file beside the templates."""
    return (files("harness.report") / TEMPLATES / name).read_text(encoding="utf-8")


def options(estimator: EstimatorRecord) -> str:
    """Return an estimator's options as "name: value" pairs, nested ones in brackets."""
    return _pairs(estimator.options)


def _pairs(given: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}: {_option(value)}" for name, value in given.items() if name != "use")


def _option(value: Any) -> str:  # noqa: ANN401 - options are of any JSON type
    if isinstance(value, Mapping):
        return f"{value.get('use', '')} ({_pairs(value)})".strip()
    if isinstance(value, list):
        return " + ".join(_option(one) for one in value) or "none"
    return value if isinstance(value, str) else json.dumps(value)


def _finalized(value: object) -> object:
    """Strip control characters and direction marks from every text before it is escaped."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return printable(value)
