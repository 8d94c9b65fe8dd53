"""Deep panel methods of the literature, as entries of a suite: networks that know entities, each in its way.

estimators: [entity_embedding, pooled_and_own, panelnnet]
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from numpy.random import Generator
from pydantic import Field

from harness.plugin import Estimator, Floats, Inputs, Panel, hookimpl, make_inputs

if TYPE_CHECKING:
    from torch import Tensor, nn

Count = Annotated[int, Field(ge=1)]
Rate = Annotated[float, Field(gt=0, le=1)]
Penalty = Annotated[float, Field(ge=0)]


@dataclass(frozen=True, eq=False)
class DeepFit:
    """A trained network, and the entities that it knows.

    Attributes
    ----------
    position : of each entity's parameters, by label; 0 is for entities that it does not know
    levels : (n_entities + 1,), standardised outcome, added to the network's output
    """

    inputs: Inputs
    network: nn.Module
    position: Mapping[str, int]
    levels: Floats

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_obs,), outcome units."""
        import torch

        entities = positions(panel, self.position)
        with torch.no_grad():
            found = self.network(as_tensor(self.inputs.values(panel)), torch.as_tensor(entities)).numpy()
        return self.inputs.in_outcome_units(found + self.levels[entities])


def positions(panel: Panel, position: Mapping[str, int]) -> Floats:
    """Return the position of each row's entity, (n_obs,), 0 for one that is not known."""
    of_label = np.array([position.get(label, 0) for label in panel.entity.labels], dtype=np.int64)
    return of_label[panel.entity.codes]


def as_tensor(values: Floats) -> Tensor:
    """Return numbers as torch has them."""
    import torch

    return torch.as_tensor(np.ascontiguousarray(values), dtype=torch.float64)


@dataclass(frozen=True)
class DeepPanel(ABC):
    """What the three have in common: Adam on all rows, stopped by a fifth of each entity's rows.

    Attributes
    ----------
    hidden : units of each of two layers
    steps : of training, at most
    patience : steps without a smaller error of the rows set aside after which it stops
    learning_rate : of Adam
    penalty : on the sum of squares of what is an entity's own, per row
    """

    provides: ClassVar[frozenset[type]] = frozenset()
    name: ClassVar[str]

    hidden: Count = 16
    steps: Count = 400
    patience: Count = 40
    learning_rate: Rate = 0.01
    penalty: Penalty = 0.01

    @abstractmethod
    def network(self, n_inputs: int, n_entities: int) -> nn.Module:
        """Return the network, a module of inputs, (n_obs, n_inputs), and positions of entities, (n_obs,)."""

    def levels(self, residuals: Floats, entities: Floats, n_entities: int) -> Floats:
        """Return what is added to each entity's predictions, (n_entities + 1,): nothing."""
        return np.zeros(n_entities + 1)

    def fit(self, panel: Panel, *, rng: Generator, selection: Panel | None = None) -> DeepFit:
        """Train, in an order of rows that does not depend on theirs; `selection` is not used.

        Raises
        ------
        EstimationError
            Where outcome or exposure does not vary.
        """
        import torch

        ordered = panel.take(panel.canonical_order)
        inputs = make_inputs(ordered)
        present = np.unique(ordered.entity.codes)
        position = {ordered.entity.labels[code]: at for at, code in enumerate(present.tolist(), start=1)}
        entities, n_entities = positions(ordered, position), present.size
        torch.manual_seed(int(rng.integers(2**31)))
        network = self.network(len(inputs.columns), n_entities).double()
        X, y = as_tensor(inputs.values(ordered)), as_tensor(inputs.outcome(ordered))
        self._train(network, X, y, torch.as_tensor(entities), rng.random(y.numel()) < 0.2)
        with torch.no_grad():
            residuals = (y - network(X, torch.as_tensor(entities))).numpy()
        return DeepFit(inputs, network, position, self.levels(residuals, entities, n_entities))

    def _train(self, network: nn.Module, X: Tensor, y: Tensor, entities: Tensor, aside: Floats) -> None:
        import torch

        train, test = (torch.as_tensor(rows) for rows in (np.flatnonzero(~aside), np.flatnonzero(aside)))
        test = test if test.numel() else train
        optimiser = torch.optim.Adam(network.parameters(), lr=self.learning_rate)
        own = [one for name, one in network.named_parameters() if name.startswith("own")]
        least, best, waited = np.inf, network.state_dict(), 0
        for _ in range(self.steps):
            optimiser.zero_grad()
            loss = ((network(X[train], entities[train]) - y[train]) ** 2).mean()
            (loss + self.penalty * sum((one**2).mean() for one in own)).backward()
            optimiser.step()
            with torch.no_grad():
                error = float(((network(X[test], entities[test]) - y[test]) ** 2).mean())
            waited += 1
            if error < least - 1e-6:
                least, waited = error, 0
                best = {name: value.clone() for name, value in network.state_dict().items()}
            if waited >= self.patience:
                break
        network.load_state_dict(best)


@dataclass(frozen=True)
class EntityEmbedding(DeepPanel):
    """A network of the regressors and a vector that is learned for each entity (Guo and Berkhahn 2016).

    An entity that it does not know has the vector zero, which the penalty draws all towards.

    Attributes
    ----------
    dimensions : of the vector
    """

    name: ClassVar[str] = "entity_embedding"

    dimensions: Count = 4

    def network(self, n_inputs: int, n_entities: int) -> nn.Module:
        """Return the network."""
        from torch import cat, nn

        class Network(nn.Module):
            def __init__(self, hidden: int, dimensions: int) -> None:
                super().__init__()
                self.own = nn.Embedding(n_entities + 1, dimensions, padding_idx=0)
                nn.init.normal_(self.own.weight, std=0.1)
                nn.init.zeros_(self.own.weight[0].detach())
                self.common = layers(n_inputs + dimensions, hidden)

            def forward(self, X: Tensor, entities: Tensor) -> Tensor:
                return self.common(cat([X, self.own(entities)], dim=1))[:, 0]

        return Network(self.hidden, self.dimensions)


@dataclass(frozen=True)
class PooledAndOwn(DeepPanel):
    """A deep ReLU network that all entities share, and an intercept and slopes of each entity's own.

    After the pooled networks of panel data with heterogeneous entities (Chronopoulos et al. 2023, arXiv
    2305.19921). An entity that it does not know has the shared network alone.
    """

    name: ClassVar[str] = "pooled_and_own"

    def network(self, n_inputs: int, n_entities: int) -> nn.Module:
        """Return the network."""
        from torch import nn

        class Network(nn.Module):
            def __init__(self, hidden: int) -> None:
                super().__init__()
                self.own = nn.Embedding(n_entities + 1, n_inputs + 1, padding_idx=0)
                nn.init.zeros_(self.own.weight)
                self.common = layers(n_inputs, hidden)

            def forward(self, X: Tensor, entities: Tensor) -> Tensor:
                own = self.own(entities)
                return self.common(X)[:, 0] + own[:, 0] + (own[:, 1:] * X).sum(dim=1)

        return Network(self.hidden)


@dataclass(frozen=True)
class PanelNnet(DeepPanel):
    """A regression with entity effects on the regressors and the units of a network (Crane-Droesch 2017).

    Trained with effects inside (arXiv 1702.06512); effects are then means of residuals, shrunken by `penalty`
    rows. An entity that it does not know has the mean effect.

    Attributes
    ----------
    shrinkage : rows that an effect is shrunken by
    """

    name: ClassVar[str] = "panelnnet"

    shrinkage: Penalty = 1.0

    def network(self, n_inputs: int, n_entities: int) -> nn.Module:
        """Return the network."""
        from torch import nn

        class Network(nn.Module):
            def __init__(self, hidden: int) -> None:
                super().__init__()
                self.own = nn.Embedding(n_entities + 1, 1, padding_idx=0)
                nn.init.zeros_(self.own.weight)
                self.common, self.linear = layers(n_inputs, hidden), nn.Linear(n_inputs, 1)

            def forward(self, X: Tensor, entities: Tensor) -> Tensor:
                return (self.common(X) + self.linear(X) + self.own(entities))[:, 0]

        return Network(self.hidden)

    def levels(self, residuals: Floats, entities: Floats, n_entities: int) -> Floats:
        """Return shrunken means of residuals, (n_entities + 1,); their mean where an entity is not known."""
        sums, counts = (np.bincount(entities, one, n_entities + 1) for one in (residuals, None))
        found = np.asarray(sums / (counts + self.shrinkage))
        found[0] = found[1:].mean()
        return found


def layers(n_inputs: int, hidden: int) -> nn.Module:
    """Return two layers of ReLU units and a linear output."""
    from torch import nn

    return nn.Sequential(
        nn.Linear(n_inputs, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, 1)
    )


@hookimpl
def harness_estimators() -> list[type[Estimator]]:
    """Return the estimators of this plugin."""
    return [EntityEmbedding, PooledAndOwn, PanelNnet]
