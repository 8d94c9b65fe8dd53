"""A simulated panel: drawn from its own seed, with a truth that can be asked."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Protocol, runtime_checkable

from harness.arrays import Floats
from harness.registry.kind import Kind, OptionsClass

if TYPE_CHECKING:
    import pandas as pd

# Values of a variable, (n_obs,), or one for all rows.
Values = Floats | float

# Counterfactual values of no variable: all keep those they were drawn with.
AS_DRAWN: Mapping[str, Values] = MappingProxyType({})


class Simulation(Protocol):
    """A frozen dataclass of options, as ``data: {simulate: {use: NAME}}`` asks for it.

    Attributes
    ----------
    name : as written in the spec
    title : one line for the report
    """

    name: ClassVar[str]
    title: ClassVar[str]

    def draw(self) -> pd.DataFrame:
        """Return the raw table, one row an observation; equal options give equal tables."""

    def expected(
        self,
        frame: pd.DataFrame,
        *,
        outcome: str,
        exposure: Values | None = None,
        moderators: Mapping[str, Values] = AS_DRAWN,
    ) -> Floats:
        """Return the true expected outcome of some rows, (n_obs,), the entity's own constant included.

        Parameters
        ----------
        frame : rows of the draw in any order; only the key columns are read
        outcome : name of an outcome
        exposure : counterfactual values in the exposure's unit; None for those drawn
        moderators : counterfactual values by moderator; one that is not there keeps those drawn
        """


@runtime_checkable
class HasTruth(Simulation, Protocol):
    """A simulation that says which columns its truth is about, so that scenarios can ask it.

    Attributes
    ----------
    outcomes : columns of the draw, or prepared from it, that `expected` knows
    exposure : the column in whose unit `expected` takes the exposure
    moderators : the columns that `expected` takes as moderators
    """

    outcomes: ClassVar[tuple[str, ...]]
    exposure: ClassVar[str]
    moderators: ClassVar[tuple[str, ...]]


# Simulated panels that a spec can choose.
SIMULATION: Kind[type[Simulation]] = Kind(
    "simulation", "simulations", OptionsClass(("draw", "expected"), ("title",))
)
