"""Part ``curves``: test error over prune ratio, and what pruning saves."""

from __future__ import annotations

import xarray as xr

from ..study import Study
from . import shrunk_costs, test_sets
from .counting import count
from .part import CHAIN, Part
from .resumable import Measurement, Values


class Curves(Part):
    """Error and loss on the nominal test set, prune ratio, FLOP reduction, and the size of the shrunk network."""

    name = "curves"
    variables = {"prune_ratio": CHAIN, "flop_reduction": CHAIN, "test_error": CHAIN, "test_loss": CHAIN}
    optional = {
        "shrunk_parameters": CHAIN,
        "shrunk_multiply_adds": CHAIN,
        "top5_error": CHAIN,
        "iou_error": CHAIN,
        "pixel_error": CHAIN,
    }
    fractions = ("prune_ratio", "flop_reduction", "test_error")

    @classmethod
    def images(cls, study: Study) -> int:
        return test_sets.size(study)

    def measurements(self) -> list[Measurement]:
        return [count(self.networks, self.study.dataset), shrunk_costs.measurement(self.networks)]

    def assemble(self, values: dict[str, Values]) -> xr.Dataset:
        (measured, shrunk), task = values.values(), self.study.task
        facts = self.networks.facts[: len(self.networks)]
        columns = {
            "prune_ratio": [one["prune_ratio"] for one in facts],
            "flop_reduction": [one["flop_reduction"] for one in facts],
            "test_error": [task.error(counts) for counts in measured["counts"]],
            "test_loss": measured["loss"],
            **shrunk,
        }
        more = [task.named_errors(counts) for counts in measured["counts"]]
        columns |= {name: [one[name] for one in more] for name in more[0]}
        return xr.Dataset({name: self.networks.labelled(column) for name, column in columns.items()})
