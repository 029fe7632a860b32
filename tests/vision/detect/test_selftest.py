"""A wrong normalisation, channel order or weight is refused at load, in one line."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from catseye.core.errors import ModelError
from catseye.vision import models as manifest
from catseye.vision.detect import selftest
from catseye.vision.detect.network import OnnxNetwork

NAMES = ["yolox-nano", "picodet-s-416", "picodet-s-320"]
WRONG: dict[str, dict[str, Any]] = {
    "0..255 untouched": {"mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0)},
    "0..1": {"mean": (0.0, 0.0, 0.0), "std": (255.0, 255.0, 255.0)},
    "0..1 constants on 0..255": {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)},
    "no mean": {"mean": (0.0, 0.0, 0.0)},
    "another channel's mean": {"mean": "reversed"},
    "swapped channels": {"layout": "swapped"},
}


def wrongly(model: manifest.Model, change: dict[str, Any]) -> manifest.Model:
    if change.get("layout") == "swapped":
        return replace(model, layout={"rgb": "bgr", "bgr": "rgb"}[model.layout])
    if change.get("mean") == "reversed":
        return replace(model, mean=model.mean[::-1])
    return replace(model, **change)


@pytest.mark.parametrize("name", NAMES)
def test_the_network_as_it_should_be_passes(name: str, models: Path) -> None:
    model = manifest.model_named(name)
    selftest.check(OnnxNetwork(model, models / model.files[0].name))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("fault", WRONG)
def test_a_wrong_normalisation_is_refused(name: str, fault: str, models: Path) -> None:
    model = manifest.model_named(name)
    broken = OnnxNetwork(wrongly(model, WRONG[fault]), models / model.files[0].name)
    with pytest.raises(ModelError) as refusal:
        selftest.check(broken)
    off = str(refusal.value).split("off by ")[1].split(";")[0]
    assert str(refusal.value) == (f"model {name}: its self-test is off by {off}; wanted at most 2%: wrong normalisation, damaged weights or a faulty runtime")


def test_damaged_weights_are_refused(models: Path, tmp_path: Path) -> None:
    proto = onnx.load(str(models / "yolox-nano.onnx"))
    for weight in proto.graph.initializer:
        if weight.name.endswith("weight") and len(weight.dims) == 4:
            values = numpy_helper.to_array(weight).copy()
            values.ravel()[::7] = 0
            weight.CopyFrom(numpy_helper.from_array(values, weight.name))
    onnx.save(proto, str(tmp_path / "holes.onnx"))
    with pytest.raises(ModelError, match=r"^model yolox-nano: its self-test is off by \d+\.\d%; wanted at most 2%"):
        selftest.check(OnnxNetwork(manifest.model_named("yolox-nano"), tmp_path / "holes.onnx"))


def test_weights_that_are_no_numbers_are_refused(models: Path, tmp_path: Path) -> None:
    proto = onnx.load(str(models / "yolox-nano.onnx"))
    weight = next(weight for weight in proto.graph.initializer if len(weight.dims) == 4)
    weight.CopyFrom(numpy_helper.from_array(np.full(weight.dims, np.nan, np.float32), weight.name))
    onnx.save(proto, str(tmp_path / "nan.onnx"))
    with pytest.raises(ModelError, match="off by nan%"):
        selftest.check(OnnxNetwork(manifest.model_named("yolox-nano"), tmp_path / "nan.onnx"))


def test_an_entry_without_a_fingerprint_is_refused(models: Path) -> None:
    model = replace(manifest.model_named("yolox-nano"), fingerprint=())
    with pytest.raises(ModelError) as refusal:
        selftest.check(OnnxNetwork(model, models / "yolox-nano.onnx"))
    assert str(refusal.value) == "model yolox-nano: its manifest entry has a fingerprint of 0 numbers; wanted 14, from a reference implementation"


def test_the_drawn_picture_is_the_same_everywhere() -> None:
    picture = selftest.drawn_picture(416)
    assert (picture.shape, str(picture.dtype)) == ((416, 416, 3), "uint8")
    assert [int(picture[:, :, channel].sum(dtype=np.int64)) for channel in range(3)] == [22652960, 23396142, 28215733]
    assert selftest.drawn_picture(320).shape == (320, 320, 3)
