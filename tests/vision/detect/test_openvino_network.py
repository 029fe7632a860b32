"""Open Model Zoo networks: the extra works, and without it there is one clear line."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.vision.detect import reference

from catseye.core.errors import ModelError
from catseye.core.road_user import RoadUser
from catseye.vision import models as manifest
from catseye.vision.detect import selftest
from catseye.vision.detect.openvino_network import OpenVinoNetwork

pytest.importorskip("openvino")
NAMES = ["person-vehicle-bike-2001-int8", "person-vehicle-bike-crossroad-1016-int8"]


def network(name: str, models: Path, **changed: object) -> OpenVinoNetwork:
    model = replace(manifest.model_named(name), **changed)  # type: ignore[arg-type]
    return OpenVinoNetwork(model, *(models / file.name for file in model.files))


def plain_answer(path: Path, rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The IR as published, with BGR floats fed to it directly: boxes at the end, then sides and scores of the prior boxes."""
    import openvino

    core = openvino.Core()
    graph = core.read_model(path)
    last = next(op for op in graph.get_ops() if op.get_type_name() == "DetectionOutput")
    graph.add_outputs([last.input_value(0), last.input_value(1)])
    bgr = rgb[None, :, :, ::-1].astype(np.float32)
    given = core.compile_model(graph, "CPU", {"INFERENCE_NUM_THREADS": 1})(np.ascontiguousarray(bgr.transpose(0, 3, 1, 2)))
    sides = given[1].reshape(-1, 4)
    return given[0].reshape(-1, 7), sides, given[2].reshape(len(sides), -1)


@pytest.mark.parametrize("name", NAMES)
def test_the_answer_is_the_published_networks_own(name: str, models: Path, shared: Path) -> None:
    ours = network(name, models)
    rgb = reference.picture_of(shared / "video" / "suburban-street.mp4", 20, ours.model.input_px)
    boxes, sides, scores = plain_answer(models / ours.model.files[0].name, rgb)
    np.testing.assert_allclose(ours.rows(rgb), np.concatenate([sides, scores], axis=1), atol=1e-3)
    strong = boxes[(boxes[:, 0] >= 0) & (boxes[:, 2] >= 0.4) & np.isin(boxes[:, 1], list(ours.model.classes))]
    found = ours.look(rgb, 0.4)
    np.testing.assert_allclose(found.box_px, strong[:, 3:] * ours.model.input_px, atol=0.5)
    assert found.kind.tolist() == [ours.model.classes[int(label)].code for label in strong[:, 1]]
    assert RoadUser.CAR.code in found.kind


@pytest.mark.parametrize("name", NAMES)
def test_the_manifest_holds_the_fingerprint_of_the_published_network(name: str, models: Path) -> None:
    model = manifest.model_named(name)
    _, sides, scores = plain_answer(models / model.files[0].name, selftest.drawn_picture(model.input_px))
    got = selftest.fingerprint(np.concatenate([sides, scores], axis=1))
    assert got == pytest.approx(model.fingerprint, abs=0.05)  # INT8 kernels differ between processors


@pytest.mark.parametrize("name", NAMES)
def test_a_hair_of_noise_passes_and_a_wrong_normalisation_does_not(name: str, models: Path) -> None:
    good = network(name, models)
    selftest.check(good)
    brighter = selftest.fingerprint(good.rows(selftest.drawn_picture(good.model.input_px) + np.uint8(1)))
    assert np.abs(brighter - good.model.fingerprint).max() < selftest.TOLERANCE_RATIO["openvino"] * np.abs(good.model.fingerprint).max()
    for wrong in ({"std": (255.0,) * 3}, {"mean": (103.53, 116.28, 123.675), "std": (57.375, 57.12, 58.395)}):
        with pytest.raises(ModelError, match="its self-test is off by"):
            selftest.check(network(name, models, **wrong))


def test_what_is_no_ir_is_one_line(models: Path, tmp_path: Path) -> None:
    model = manifest.model_named(NAMES[0])
    (tmp_path / "a.xml").write_text("<net>all the cars are grey at night</net>")
    (tmp_path / "a.bin").write_bytes(b"")
    for path in (tmp_path / "a.xml", tmp_path / "missing.xml", models / "plate-ocr-cn-0001-int8.xml"):
        with pytest.raises(ModelError) as fault:
            OpenVinoNetwork(model, path)
        assert str(fault.value) == f"{path}: OpenVINO cannot read it as an SSD detector; wanted the file the manifest names"


def test_weights_need_not_lie_beside_the_graph(models: Path, tmp_path: Path) -> None:
    model = manifest.model_named(NAMES[0])
    apart = tmp_path / "elsewhere.xml"
    apart.write_bytes((models / model.files[0].name).read_bytes())
    selftest.check(OpenVinoNetwork(model, apart, models / model.files[1].name))


def test_without_the_package_there_is_one_clear_line(models: Path) -> None:
    """A process in which `import openvino` fails, as on a machine without the extra."""
    script = f"""
import os, sys
sys.modules["openvino"] = None
os.environ["CATSEYE_MODELS"] = {str(models)!r}
from catseye.core.errors import ModelError
from catseye.vision.detect.detector import open_detector
try:
    open_detector({NAMES[0]!r})
except ModelError as fault:
    print(fault)
"""
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert said.stdout == f"model {NAMES[0]}: OpenVINO is not installed; wanted the extra: pip install 'catseye[openvino]'\n"
