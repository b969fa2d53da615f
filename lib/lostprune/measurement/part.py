"""What a part of the results is: what is measured on the networks of a chain, what it costs, and what is stored."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from typing import ClassVar

import xarray as xr

from ..foundations.progress import Progress
from ..study import Study
from . import test_sets
from .networks import CHAIN, Item, TrainedNetworks
from .resumable import Measurement, Plan, Values

__all__ = ["CHAIN", "Part", "SchemaError"]


class SchemaError(ValueError):
    """A dataset is not what the schema says."""


class Part(ABC):
    """One part of a chain's results; each subclass has a file of its own.

    Attributes:
        name: name of the part.
        variables, optional: dimensions of the required and of the optional variables.
        fractions: those that lie in [0, 1].
        needs_separate: whether the repetition's separate network is measured, too.
        plan: the measurements that are left; its pieces are on disk until they are removed.
        left_out: distributions that are not available, and why.
    """

    name: ClassVar[str]
    variables: ClassVar[dict[str, tuple[str, ...]]]
    optional: ClassVar[dict[str, tuple[str, ...]]] = {}
    fractions: ClassVar[tuple[str, ...]] = ()
    needs_separate: ClassVar[bool] = False

    def __init__(self, networks: TrainedNetworks):
        self.networks, self.study = networks, networks.study
        self.left_out: dict[str, str] = {}
        self.plan = Plan(networks, self.name, self.measurements(), self.items())

    @classmethod
    @abstractmethod
    def images(cls, study: Study) -> int:
        """How many images each network of a chain sees."""

    @classmethod
    def pieces(cls, study: Study) -> int:
        """Into how many equal pieces the work goes, each on disk when it ends: distributions, unless a part differs."""
        return max(1, cls.images(study) // test_sets.size(study))

    @abstractmethod
    def measurements(self) -> list[Measurement]:
        """The measurements on every item, each a piece of its own."""

    def items(self) -> list[Item]:
        """On what each measurement is taken: every network of the chain, and its parent."""
        return [(position,) for position in range(len(self.networks))]

    @abstractmethod
    def assemble(self, values: dict[str, Values]) -> xr.Dataset:
        """The dataset of what was measured, by name of the measurement; see :meth:`Plan.take`."""

    @classmethod  # noqa: B027 (most parts ask for nothing more)
    def check(cls, dataset: xr.Dataset) -> None:
        """What the dataset must be beyond its dimensions. Raises SchemaError."""

    def compute(self, bar: Progress) -> xr.Dataset:
        """The dataset, without what every part has in its attributes. Raises OSError: the store cannot be written."""
        dataset = self.assemble(self.plan.take(bar))
        return dataset.assign_attrs(wall_seconds=self.plan.seconds, left_out=json.dumps(self.left_out))
