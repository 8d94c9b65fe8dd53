"""A spec written in Python: keys of the YAML file as arguments, choices as objects, checked at once."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from harness.registry.catalog import USE

if TYPE_CHECKING:
    from harness.study.spec.written import WrittenSpec

# An object of a class that a plugin offers, such as ``FixedEffects(effects=("entity",))``, its name, or a
# mapping as in YAML, whose ``use`` may be such an object: ``{"use": FixedEffects(), "id": "fe"}``.
Choice = object


@dataclass(frozen=True, eq=False, repr=False)
class Spec:
    """A study, as in a YAML file, written in Python.

    Arguments are the keys of the file; see its reference. Estimators, protocols, metrics and scenarios may be
    given as objects instead of names and mappings; ``{"use": object, "id": ..., "label": ...}`` names one.
    Omitted keys have the defaults of the file.

    Attributes
    ----------
    text : the YAML file

    Raises
    ------
    SpecError
        Listing every error, as for a file.

    Examples
    --------
    >>> import harness
    >>> spec = harness.Spec(
    ...     "wages",
    ...     roles={"entity": "nr", "time": "year", "outcomes": "lwage", "exposure": "exper"},
    ...     estimators=["pooled_ols", {"use": "fixed_effects", "id": "fe", "label": "Within"}],
    ...     data={"dataset": "wage_panel"},
    ... )
    >>> spec
    Spec('wages')
    """

    study: str
    _: KW_ONLY
    roles: Mapping[str, Any]
    estimators: Sequence[Choice] | str
    data: Mapping[str, Any] | None = None
    title: str | None = None
    description: str | None = None
    seed: int | None = None
    variables: Mapping[str, Any] | None = None
    evaluation: Mapping[str, Any] | None = None
    multiverse: Mapping[str, Any] | None = None
    scenarios: Sequence[Choice] | str | None = None
    claims: Sequence[Mapping[str, Any]] | None = None
    identities: Sequence[Mapping[str, Any]] | None = None
    counterparts: Mapping[str, Any] | None = None
    left_open: Sequence[Mapping[str, Any]] | None = None
    conclusions: Sequence[Mapping[str, Any]] | None = None
    expect: Sequence[Mapping[str, Any]] | None = None
    data_are_published: bool | None = None
    report: Mapping[str, Any] | None = None
    text: str = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        from harness.installed import installed
        from harness.study.spec.load import load_study
        from harness.study.spec.study import SPEC_VERSION

        given = {key.name: getattr(self, key.name) for key in dataclasses.fields(self) if key.init}
        given |= {"data": self.data or {}}
        keys = {key: value for key, value in given.items() if value is not None}
        written = source_of({"spec_version": SPEC_VERSION, **keys})
        load_study(written, catalogs=installed().catalogs)
        object.__setattr__(self, "text", written.text)

    @classmethod
    def of(cls, written: str | Mapping[str, Any]) -> Self:
        """Return the spec that YAML text or a mapping of its keys is; the text is kept as it is.

        Raises
        ------
        SpecError
            Listing every error, with its line in a text.
        """
        from harness.installed import installed
        from harness.study.spec.load import load_study

        source = source_of(written)
        document = load_study(source, catalogs=installed().catalogs).document
        names = {key.name for key in dataclasses.fields(cls) if key.init}
        made = cls(**{key: value for key, value in document.data.items() if key in names})
        object.__setattr__(made, "text", source.text)
        return made

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Spec) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"Spec({self.study!r})"

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the YAML file for `harness run` and return its path; an existing file is replaced."""
        from harness.running.files import replacing_own

        written = Path(path)
        with replacing_own(written) as file:
            file.write(self.text.encode())
        return written


def source_of(written: str | Mapping[str, Any]) -> WrittenSpec:
    """Return YAML text, or the values of a spec, with objects among its choices, as a spec to read."""
    from harness.study.spec.written import WrittenSpec, written_spec

    return WrittenSpec(written, is_seen=True) if isinstance(written, str) else written_spec(_plain(written))


def _plain(value: object) -> Any:  # noqa: ANN401 - mappings, lists and scalars
    """Return values as YAML has them: an object of options as a mapping, its name under ``use``.

    What a name chooses is written with the options that are not its defaults, any other object whole.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        given = {field: getattr(value, field.name) for field in dataclasses.fields(value) if field.init}
        name = getattr(type(value), "name", None)
        if not isinstance(name, str):
            return {field.name: _plain(option) for field, option in given.items()}
        own = {field.name: _plain(option) for field, option in given.items() if option != _default(field)}
        return {USE: name, **own}
    if isinstance(value, Mapping):
        plain = {key: _plain(given) for key, given in value.items()}
        chosen = plain.get(USE)
        return {**plain, **chosen} if isinstance(chosen, dict) else plain
    if isinstance(value, list | tuple):
        return [_plain(given) for given in value]
    return value


def _default(option: dataclasses.Field[Any]) -> object:
    if option.default_factory is not dataclasses.MISSING:
        return option.default_factory()
    return option.default
