"""The protocols of a study as splitters of scikit-learn: the same folds, by the same seed.

``cross_val_score(model, X, y, cv=HeldOutEntities(entity="firm"))``; also in searches, and as the samples of
cross-fitting. Of the rows that a study sets aside to select on, none are: they are trained on.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.arrays import Ints
from harness.errors import DataError
from harness.evaluation import protocol as protocols
from harness.language import Coded, marked
from harness.rng import random_stream

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd
    from sklearn.utils.metadata_routing import MetadataRequest

    from harness.data.panel import Panel


@dataclass(frozen=True)
class PanelSplitter(ABC):
    """What the splitters share.

    Attributes
    ----------
    entity : column of X by its name, or the entity of each row, (n_obs,); where it is None, the ``groups``
        that scikit-learn passes on
    time : column of X by its name, or the period of each row, (n_obs,), a number or a year; where it is None,
        rows of an entity are in the order of their periods
    seed : of a study, whose folds these are then
    """

    entity: Any = None
    time: Any = None
    _: KW_ONLY
    seed: int = 1

    @property
    @abstractmethod
    def protocol(self) -> protocols.EvaluationProtocol:
        """The protocol of a study."""

    def split(
        self, X: pd.DataFrame | npt.ArrayLike, y: object = None, groups: npt.ArrayLike | None = None
    ) -> Iterator[tuple[Ints, Ints]]:
        """Yield the positions of training and test rows of each fold, which share no row.

        Raises
        ------
        DataError
            Where a column is none of X, a key has another length, or an entity is twice in a period.
        EstimationError
            Where there are too few entities, periods or rows to split.
        """
        panel, position = self._panel(X, groups)
        own = self.protocol
        for fold in own.split(panel, rng=random_stream(self.seed, "folds", own.stream)):
            yield np.sort(position[fold.train]), np.sort(position[fold.test])

    def get_n_splits(self, X: Any = None, y: object = None, groups: Any = None) -> int:  # noqa: ANN401 - as scikit-learn passes them
        """Return the number of folds."""
        options = vars(self.protocol)
        return int(options["folds" if "folds" in options else "repeats"])

    def get_metadata_routing(self) -> MetadataRequest:
        """Return that `groups` are asked for, as scikit-learn routes metadata."""
        from sklearn.utils.metadata_routing import MetadataRequest

        request = MetadataRequest(owner=self)
        if self.entity is None:
            request.split.add_request(param="groups", alias=True)
        return request

    def _panel(self, X: Any, groups: npt.ArrayLike | None) -> tuple[Panel, Ints]:  # noqa: ANN401 - a table or an array
        """Return the rows as a panel, and the position in X of each of its rows."""
        import pandas as pd

        from harness.data.build import panel_from_frame
        from harness.data.data_spec import Roles

        position = pd.Series(np.arange(len(X)))
        entity = self._key("entity", self.entity if self.entity is not None else groups, X)
        key = position if entity is None else pd.Series(entity)
        time = self._key("time", self.time, X)
        order = key.groupby(key).cumcount() if time is None else time
        frame = pd.DataFrame({"entity": key, "time": order, "position": position, "exposure": position})
        roles = Roles(entity="entity", time="time", outcomes=("position",), exposure="exposure")
        panel = panel_from_frame(frame, roles)
        return panel, panel.observed.astype(np.int64)

    def _key(self, name: str, given: Any, X: Any) -> Any:  # noqa: ANN401 - a name or values, a table or an array
        """Return the values of a key, (n_obs,); None where there are none."""
        if isinstance(given, str):
            columns = list(getattr(X, "columns", ()))
            if given not in columns:
                raise DataError.at(
                    f"{name} '{given}'", marked("X has no such column"), ", ".join(map(str, columns))
                )
            return X[given].to_numpy()
        values = None if given is None else np.asarray(given)
        if values is not None and values.shape != (len(X),):
            expected = Coded("one for each of the {n_obs} rows of X", n_obs=len(X))
            raise DataError.at(name, Coded("its shape is {shape}", shape=values.shape), expected)
        return values


@dataclass(frozen=True)
class HeldOutEntities(PanelSplitter):
    """Every entity is tested once, by a model that was trained on other entities alone.

    Attributes
    ----------
    folds : number of groups the entities are dealt into
    """

    folds: int = protocols.HeldOutEntitiesProtocol.folds

    @property
    def protocol(self) -> protocols.HeldOutEntitiesProtocol:
        """Held-out entities."""
        return protocols.HeldOutEntitiesProtocol(self.folds)


@dataclass(frozen=True)
class HeldOutEntitiesForward(PanelSplitter):
    """Training and test rows share neither an entity nor a period: the last periods of other entities.

    Attributes
    ----------
    folds : number of groups the entities are dealt into
    test_share : in (0, 1), share of the periods held out; at least one period
    """

    folds: int = protocols.EntitiesAndTime.folds
    test_share: float = protocols.EntitiesAndTime.test_share

    @property
    def protocol(self) -> protocols.EntitiesAndTime:
        """Held-out entities, forward in time."""
        return protocols.EntitiesAndTime(self.folds, self.test_share)


@dataclass(frozen=True)
class Forward(PanelSplitter):
    """The last periods are tested by a model that was trained on the periods before.

    Attributes
    ----------
    test_share : in (0, 1), share of the periods held out; at least one period
    windows : parts that these are cut into, each tested by a model of all periods before it; at most as many
        as periods are held out
    """

    test_share: float = protocols.ForwardProtocol.test_share
    windows: int = protocols.ForwardProtocol.windows

    @property
    def protocol(self) -> protocols.ForwardProtocol:
        """Forward in time."""
        return protocols.ForwardProtocol(self.test_share, self.windows)

    def get_n_splits(self, X: Any = None, y: object = None, groups: Any = None) -> int:  # noqa: ANN401 - as scikit-learn passes them
        """Return the number of windows; of rows that hold out fewer periods, that of these periods."""
        return self.windows if X is None or self.windows == 1 else len(list(self.split(X, y, groups)))


@dataclass(frozen=True)
class RandomRows(PanelSplitter):
    """Random rows are tested, other rows of their entities and periods are trained on.

    Attributes
    ----------
    test_share : in (0, 1), share of the rows held out
    repeats : number of splits
    """

    test_share: float = protocols.RandomRowsProtocol.test_share
    repeats: int = protocols.RandomRowsProtocol.repeats

    @property
    def protocol(self) -> protocols.RandomRowsProtocol:
        """Random rows."""
        return protocols.RandomRowsProtocol(self.test_share, self.repeats)
