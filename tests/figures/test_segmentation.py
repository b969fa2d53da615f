"""What is one minus the error is called by what the error is."""

from __future__ import annotations

import holoviews as hv
import pytest

from fixtures import synthetic
from lostprune import figures
from lostprune.results.provenance import provenance


@pytest.mark.parametrize("dataset, measure", [("cifar10", "test accuracy"), ("voc", "mean IoU")])
def test_axes_and_titles_name_the_measure(dataset, measure):
    curves = synthetic.results_of()["curves"].assign_attrs(dataset=dataset)
    accuracy, difference = figures.prune_accuracy_curves(curves), figures.accuracy_difference(curves)
    assert [axis.label for axis in accuracy.get(0).vdims] == [f"{measure} (%)"]
    assert [axis.label for axis in difference.get(0).vdims] == [f"change of {measure} (%)"]
    assert measure in hv.Store.lookup_options("bokeh", accuracy, "plot").kwargs["title"]


def test_weights_that_networks_began_with_stand_under_every_figure():
    curves = synthetic.results_of()["curves"]
    assert "began with" not in provenance(curves)
    assert "scale quick (129 pixels)" in provenance(curves.assign_attrs(scale="quick", dataset="voc"))
    assert "(20 classes, 64 pixels)" in provenance(curves.assign_attrs(scale="quick", dataset="tiny_imagenet"))
    assert "began with some.safetensors" in provenance(curves.assign_attrs(weights="some.safetensors"))
