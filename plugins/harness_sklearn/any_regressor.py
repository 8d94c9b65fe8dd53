"""Any regressor with the methods of scikit-learn as an estimator of a study, by the path of its class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from harness import plugin
from harness.plugin import EstimationError, Floats, Inputs, Note, Panel, make_inputs
from harness_sklearn.class_options import changed_parameters, object_of, path_of

if TYPE_CHECKING:
    from sklearn.base import RegressorMixin


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
    """A regressor or pipeline of scikit-learn, or of any package with its `fit` and `predict`, as it is.

    Inputs and outcome are standardised. Entity and time are no inputs, and rows to select on are not used.
    Where it draws at random and has no ``random_state``, the study's seed decides.

    Attributes
    ----------
    class_ : path of the regressor, such as ``sklearn.linear_model.Ridge``; outside scikit-learn nothing is
        imported but from packages named by ``harness --package``
    options : that it is made with, as its package documents them; an object among them is
        ``{class: sklearn.svm.SVR, options: {C: 10}}``
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
            Where no option of a spec can say what it is made of, as of a function.
        """
        if isinstance(model, type) or not all(
            hasattr(model, name) for name in ("get_params", "fit", "predict")
        ):
            return None
        try:
            return cls(path_of(type(model)), changed_parameters(model))
        except ValueError as error:
            raise plugin.SpecError.at(type(model).__name__, str(error)) from error

    @cached_property
    def _model(self) -> RegressorMixin:
        """The regressor, not fitted, which goes along to other processes."""
        from sklearn.base import is_regressor

        model = object_of(self.class_, self.options)
        if not is_regressor(model):
            message = f"class: a regressor of scikit-learn, such as {Sklearn.class_}; found '{self.class_}'"
            raise ValueError(message)
        return model

    def regressor(self) -> RegressorMixin:
        """Return the regressor, not fitted.

        Raises
        ------
        ValueError
            Where the path is of no regressor that may be imported, or it has no such options.
        """
        from sklearn.base import clone

        return clone(self._model)

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
        parameters = model.get_params()
        for name in sorted(parameters, key=lambda one: (one.count("__"), one)):
            if name.rpartition("__")[2] == "random_state" and parameters[name] is None:
                model.set_params(**{name: int(rng.integers(2**32))})
        try:
            return RegressorFit(inputs, model.fit(inputs.values(ordered), inputs.outcome(ordered)))
        except ValueError as error:
            raise EstimationError.at(self.class_, str(error)) from error
