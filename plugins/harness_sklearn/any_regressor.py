"""Any regressor of scikit-learn as an estimator of a study, chosen by the path of its class."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from harness import plugin
from harness.plugin import EstimationError, Floats, Inputs, Note, Panel, make_inputs

if TYPE_CHECKING:
    from sklearn.base import RegressorMixin

# A class of a public package of scikit-learn; nothing else is imported.
PATH = re.compile(r"sklearn\.([a-z][a-z_]*)\.([A-Z]\w*)")


@dataclass(frozen=True, eq=False, repr=False)
class RegressorFit(plugin.LearnedFit):
    """A fitted regressor of scikit-learn.

    Attributes
    ----------
    inputs : from panels to standardised columns, and back to outcome units
    model : fitted on all training rows
    """

    inputs: Inputs
    model: RegressorMixin

    @property
    def notes(self) -> tuple[Note, ...]:
        """Columns left out."""
        return self.inputs.notes

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_obs,), outcome units."""
        predicted = np.asarray(self.model.predict(self.inputs.values(panel)), dtype=np.float64)
        return self.inputs.in_outcome_units(predicted.ravel())


@plugin.checks_options
@dataclass(frozen=True)
class Sklearn:
    """A regressor of scikit-learn, as it is.

    Inputs and outcome are standardised. Entity and time are no inputs, and rows to select on are not used.
    Where the regressor draws at random and has no ``random_state``, the study's seed decides.

    Attributes
    ----------
    class_ : path of the regressor, such as ``sklearn.linear_model.Ridge``; nothing outside
        scikit-learn is imported
    options : that it is made with, as scikit-learn documents them
    """

    name: ClassVar[str] = "sklearn"
    known_as: ClassVar[tuple[str, ...]] = ("scikit_learn", "scikit-learn")
    provides: ClassVar[frozenset[type]] = frozenset({plugin.HasNotes})

    class_: str = "sklearn.linear_model.Ridge"
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        self.regressor()

    @classmethod
    def wrapping(cls, model: Any) -> Self | None:  # noqa: ANN401 - any object
        """Return the estimator that a regressor of scikit-learn is; None for any other object.

        Raises
        ------
        SpecError
            Where no option of a spec can say what it is made of, as of a pipeline.
        """
        package, _, _ = type(model).__module__.partition("._")
        path = f"{package}.{type(model).__name__}"
        if PATH.fullmatch(path) is None:
            return None
        defaults = inspect.signature(type(model)).parameters
        given = model.get_params(deep=False)
        own = {key: value for key, value in given.items() if value is not defaults[key].default}
        try:
            return cls(path, own)
        except ValueError as error:
            raise plugin.SpecError.at(type(model).__name__, str(error)) from error

    def regressor(self) -> RegressorMixin:
        """Return the regressor, not fitted.

        Raises
        ------
        ValueError
            Where the path is of no regressor of scikit-learn, or it has no such options.
        """
        import sklearn
        from sklearn.base import BaseEstimator, RegressorMixin

        found, kind = PATH.fullmatch(self.class_), None
        if found is not None and found[1] in sklearn.__all__:
            kind = getattr(import_module(f"sklearn.{found[1]}"), found[2], None)
        if not (
            isinstance(kind, type) and issubclass(kind, RegressorMixin) and issubclass(kind, BaseEstimator)
        ):
            message = f"class: a regressor of scikit-learn, such as {Sklearn.class_}; found '{self.class_}'"
            raise ValueError(message)  # noqa: TRY004 - what it says is wrong is a text
        unknown = [name for name in self.options if name not in inspect.signature(kind).parameters]
        if unknown:
            known = ", ".join(inspect.signature(kind).parameters)
            raise ValueError(f"options: {kind.__name__} has no '{unknown[0]}', only {known}")
        try:
            model = kind(**self.options)
            model._validate_params()
        except (TypeError, ValueError) as error:
            raise ValueError(f"options: {error}") from error
        return model

    def fit(self, panel: Panel, *, rng: plugin.Stream = None, selection: Panel | None = None) -> RegressorFit:
        """Fit on all rows of a panel, by entity and then by time.

        Raises
        ------
        EstimationError
            Where outcome or exposure do not vary, or the regressor refuses the rows.
        """
        rng = plugin.stream_or_seeded(rng)
        ordered, model = panel.take(panel.canonical_order), self.regressor()
        inputs = make_inputs(ordered)
        if model.get_params().get("random_state", 0) is None:
            model.set_params(random_state=int(rng.integers(2**32)))
        try:
            return RegressorFit(inputs, model.fit(inputs.values(ordered), inputs.outcome(ordered)))
        except ValueError as error:
            raise EstimationError.at(self.class_, str(error)) from error
