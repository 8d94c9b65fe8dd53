"""The estimator ``mlp``: a network with one hidden layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from numpy.random import Generator

from harness import CanFitDraws, CanRunQuick, Floats, HasNotes, Panel
from harness_neural.design import canonical_order, make_design
from harness_neural.drawn import drawn_rows
from harness_neural.fits import FittedNetworkDraws, FittedNetworks
from harness_neural.learn import learn, learn_draws
from harness_neural.models import OneNetwork
from harness_neural.options import NetworkOptions
from harness_neural.sample import sample_of_draws, sample_to_fit, sample_to_search


@dataclass(frozen=True)
class Mlp(NetworkOptions):
    """A network with one hidden layer and a linear output, trained on squared error.

    Inputs are all regressors, standardised on the rows a network trains on; entity and time are none.
    Candidate networks of several sizes and initial values are trained on the training rows; each is stopped,
    and the best is chosen, by its error on the selection rows.
    """

    name: ClassVar[str] = "mlp"
    provides: ClassVar[frozenset[type]] = frozenset({CanFitDraws, CanRunQuick, HasNotes})

    def fit(self, panel: Panel, *, rng: Generator, selection: Panel | None = None) -> FittedNetworks:
        """Search size and initial values and keep the best network.

        Without `selection`, `selection_share` of the panel's units is set aside to select on.

        Raises
        ------
        EstimationError
            Where outcome or exposure do not vary, or there are too few rows.
        """
        ordered = panel.take(canonical_order(panel))
        design = make_design(ordered)
        sample = sample_to_fit(ordered, design, selection=selection, share=self.selection_share, rng=rng)
        learned = learn(sample, self, where=panel.outcome, rng=rng)
        return FittedNetworks(
            design=design,
            model=OneNetwork(learned.networks[0]),
            searches=learned.searches,
            notes=design.notes + learned.notes,
        )

    def fit_draws(
        self, panel: Panel, *, weights: Floats, selection: Floats | None, rng: Generator
    ) -> FittedNetworkDraws:
        """Search the size once on all rows that some draw uses, then train one network of it a draw.

        The search selects on the rows that draws select on, where these are the same for all draws, and
        otherwise on a share of the units set aside. A draw without rows to select on trains for as many steps
        as the chosen candidate of the search.

        Raises
        ------
        EstimationError
            Where outcome or exposure do not vary, or a draw has too few rows.
        """
        rows = drawn_rows(panel, weights=weights, selection=selection)
        design = make_design(rows.trained_on)
        draws = sample_of_draws(rows, design)
        whole = sample_to_search(rows.panel, draws, share=self.selection_share, rng=rng)
        learned = learn_draws(draws, whole, self, where=panel.outcome, rng=rng)
        return FittedNetworkDraws(
            design=design,
            model=OneNetwork(learned.networks[0]),
            searches=learned.searches,
            notes=design.notes + learned.notes,
        )
