"""A spec written in Python: keys of the YAML file as arguments, choices as objects, checked at once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, init=False, repr=False)
class Spec:
    """A study, checked at once: the text of a YAML file, or a mapping of its keys.

    In a mapping, estimators, protocols, metrics and scenarios may be objects instead of names and mappings;
    ``{"use": object, "id": ..., "label": ...}`` names one. A regressor of scikit-learn is such an object.
    Omitted keys have the defaults of the file, ``spec_version`` among them.

    Parameters
    ----------
    written : text or mapping

    Attributes
    ----------
    text : the YAML file; a text that was given, as it was
    study : name of the study

    Raises
    ------
    SpecError
        Listing every error, as for a file.

    Examples
    --------
    >>> import harness
    >>> from harness_panel import FixedEffects
    >>> harness.Spec(
    ...     {
    ...         "study": "wages",
    ...         "data": {"dataset": "wage_panel"},
    ...         "roles": {"entity": "nr", "time": "year", "outcomes": "lwage", "exposure": "exper"},
    ...         "estimators": ["pooled_ols", {"use": FixedEffects(), "id": "fe", "label": "Within"}],
    ...     }
    ... )
    Spec('wages')
    """

    text: str
    study: str

    def __init__(self, written: str | Mapping[str, Any]) -> None:
        from harness.installed import installed
        from harness.study.spec.load import load_study
        from harness.study.spec.written import source_of

        source = source_of(written, adopt=adopted)
        study = load_study(source, catalogs=installed().catalogs).study
        object.__setattr__(self, "text", source.text)
        object.__setattr__(self, "study", study.study)

    def __repr__(self) -> str:
        return f"Spec({self.study!r})"

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the YAML file for `harness run` and return its path; an existing file is replaced."""
        from harness.running.files import replacing_own

        written = Path(path)
        with replacing_own(written) as file:
            file.write(self.text.encode())
        return written


def adopted(value: object) -> object | None:
    """Return the estimator that an object of another library, such as scikit-learn, is; None where none."""
    from harness.estimators.protocol import ESTIMATOR
    from harness.installed import installed

    makers = (getattr(member, "wrapping", None) for member in installed().of(ESTIMATOR).values())
    made = (wrapping(value) for wrapping in makers if wrapping is not None)
    return next((estimator for estimator in made if estimator is not None), None)
