"""A spec that a script writes: the keys of a YAML file as arguments, choices as objects, checked at once."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.registry.catalog import USE

Choice = object
"""An object of a class that a plugin offers, such as ``FixedEffects(effects=("entity",))``, its name, or a
mapping as in YAML."""


@dataclass(frozen=True, init=False)
class Spec:
    """A study as a YAML file has it, written in Python.

    Arguments are the keys of the file; see its reference. In the place of names and mappings, estimators,
    protocols, metrics and scenarios may be objects of their classes, with the options that they have. What is
    left out has the default of the file.

    Attributes
    ----------
    text : the YAML file

    Raises
    ------
    SpecError
        With every mistake, as for a file: its place, what was found, what is expected and a hint.

    Examples
    --------
    >>> import harness
    >>> spec = harness.Spec(
    ...     "wages",
    ...     roles={"entity": "nr", "time": "year", "outcomes": "lwage", "exposure": "exper"},
    ...     estimators=["pooled_ols", harness.python_spec.entry("fixed_effects", id="fe", label="Within")],
    ...     data={"dataset": "wage_panel"},
    ... )
    >>> spec
    Spec('wages')
    """

    text: str

    def __init__(
        self,
        study: str,
        *,
        roles: Mapping[str, Any],
        estimators: Sequence[Choice] | str,
        data: Mapping[str, Any] | None = None,
        title: str | None = None,
        description: str | None = None,
        seed: int | None = None,
        variables: Mapping[str, Any] | None = None,
        evaluation: Mapping[str, Any] | None = None,
        multiverse: Mapping[str, Any] | None = None,
        scenarios: Sequence[Choice] | str | None = None,
        claims: Sequence[Mapping[str, Any]] | None = None,
        identities: Sequence[Mapping[str, Any]] | None = None,
        counterparts: Mapping[str, Any] | None = None,
        left_open: Sequence[Mapping[str, Any]] | None = None,
        expect: Sequence[Mapping[str, Any]] | None = None,
        data_are_published: bool | None = None,
        report: Mapping[str, Any] | None = None,
    ) -> None:
        from harness.installed import installed
        from harness.study.spec.document import written_spec
        from harness.study.spec.load import load_study
        from harness.study.spec.study import SPEC_VERSION

        given = {
            "spec_version": SPEC_VERSION,
            "study": study,
            "title": title,
            "description": description,
            "seed": seed,
            "data": data or {},
            "roles": roles,
            "variables": variables,
            "estimators": estimators,
            "evaluation": evaluation,
            "multiverse": multiverse,
            "scenarios": scenarios,
            "claims": claims,
            "identities": identities,
            "counterparts": counterparts,
            "left_open": left_open,
            "expect": expect,
            "data_are_published": data_are_published,
            "report": report,
        }
        written = written_spec({key: _plain(value) for key, value in given.items() if value is not None})
        load_study(written, catalogs=installed().catalogs)
        object.__setattr__(self, "text", written.text)
        object.__setattr__(self, "_study", study)

    def __repr__(self) -> str:
        return f"Spec({getattr(self, '_study', '')!r})"

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the YAML file, for `harness run`, and return its path; a file that is there is replaced."""
        written = Path(path)
        written.write_text(self.text, encoding="utf-8")
        return written


def entry(
    choice: Choice,
    *,
    id: str | None = None,  # noqa: A002 - the key of the file
    label: str | None = None,
    exposure: str | None = None,
    controls: Sequence[str] | None = None,
    rows: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return an entry of a list of choices: a choice with what the entry itself is called and given.

    Parameters
    ----------
    choice : its name, an object of its class, or a mapping with its name under ``use``
    id : how tables call it; its name unless given
    label : of an estimator, in the report
    exposure, controls, rows : of an estimator that has columns or rows of its own

    Raises
    ------
    TypeError
        Where the choice is none of these.
    """
    chosen = {USE: choice} if isinstance(choice, str) else _plain(choice)
    if not isinstance(chosen, dict) or USE not in chosen:
        message = f"{choice!r} is no choice: give its name, an object of its class, or a mapping with `use`"
        raise TypeError(message)
    own = {"id": id, "label": label, "exposure": exposure, "controls": controls, "rows": rows}
    return {**{key: _plain(value) for key, value in own.items() if value is not None}, **chosen}


def _plain(value: object) -> Any:  # noqa: ANN401 - mappings, lists and scalars
    """Return values as YAML has them: an object of options as a mapping, its name under ``use``.

    What a name chooses is written with the options that are not its defaults, any other object whole.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        given = {field: getattr(value, field.name) for field in dataclasses.fields(value) if field.init}
        name = getattr(type(value), "name", None)
        if not isinstance(name, str):
            return {field.name: _plain(option) for field, option in given.items()}
        return {
            USE: name,
            **{field.name: _plain(option) for field, option in given.items() if option != _default(field)},
        }
    if isinstance(value, Mapping):
        return {key: _plain(given) for key, given in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(given) for given in value]
    return value


def _default(option: dataclasses.Field[Any]) -> object:
    if option.default_factory is not dataclasses.MISSING:
        return option.default_factory()
    return option.default
