"""Part ``severities``: the error under every corruption at every severity."""

from __future__ import annotations

import numpy as np
import xarray as xr

from .. import corruptions
from ..study import Study
from . import test_sets
from .counting import count
from .part import CHAIN, Part
from .resumable import Measurement, Values


class Severities(Part):
    """The error under the corruptions of part ``shift``, each at severities 1 to 5.

    Raises:
        ValueError: the scale has no corruption.
    """

    name = "severities"
    variables = {"error": CHAIN + ("distribution", "severity"), "source": ("distribution",)}
    fractions = ("error",)

    @classmethod
    def images(cls, study: Study) -> int:
        names = test_sets.corrupted_distributions(study)
        return test_sets.size(study) * len(names) * len(corruptions.SEVERITIES)

    def measurements(self) -> list[Measurement]:
        names = test_sets.corrupted_distributions(self.study)
        if not names:
            raise ValueError(f"part 'severities': scale {self.study.scale.name!r} has no corruption; name some in it")
        return [count(self.networks, name, severity) for name in names for severity in corruptions.SEVERITIES]

    def assemble(self, values: dict[str, Values]) -> xr.Dataset:
        task, names = self.study.task, list(test_sets.corrupted_distributions(self.study))
        errors = np.array([[task.error(counts) for counts in one["counts"]] for one in values.values()]).T
        error = errors.reshape(len(self.networks), len(names), len(corruptions.SEVERITIES))
        sources = [test_sets.source(self.study, name) for name in names]
        return xr.Dataset(
            {
                "error": self.networks.labelled(error, distribution=names, severity=list(corruptions.SEVERITIES)),
                "source": xr.DataArray(sources, {"distribution": names}),
            }
        )
