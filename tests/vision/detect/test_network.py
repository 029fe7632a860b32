"""One network a process, asked by many cameras at once; whatever is wrong with its files is one line."""

import threading
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper
from tests.vision.detect import reference

from catseye.core.errors import ModelError
from catseye.vision import models as manifest
from catseye.vision.detect import network as networks
from catseye.vision.detect.network import OnnxNetwork, open_network


@pytest.fixture
def weights(models: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CATSEYE_MODELS", str(models))
    return models


def test_every_network_of_the_manifest_opens_and_proves_itself(weights: Path) -> None:
    for name in manifest.detectors():
        if name != manifest.MOTION:
            assert open_network(name).model.name == name


def test_cameras_that_start_together_share_one_network(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loads = []
    real = OnnxNetwork.__init__

    def counting(self: OnnxNetwork, model: manifest.Model, path: Path) -> None:
        loads.append(path)
        real(self, model, path)

    monkeypatch.setattr(OnnxNetwork, "__init__", counting)
    networks._opened.cache_clear()
    opened: list[networks.Network] = []
    cameras = [threading.Thread(target=lambda: opened.append(open_network("yolox-nano"))) for _ in range(4)]
    for camera in cameras:
        camera.start()
    for camera in cameras:
        camera.join()
    assert len(loads) == 1
    assert len({id(one) for one in opened}) == 1


@pytest.mark.parametrize("name", ["yolox-nano", "person-vehicle-bike-2001-int8"])
def test_threads_that_ask_at_once_get_their_own_answers(name: str, weights: Path) -> None:
    network = open_network(name)
    side_px = network.model.input_px
    pictures = [np.random.default_rng(seed).integers(0, 256, (side_px, side_px, 3), np.uint8) for seed in range(3)]
    wanted = [network.rows(picture) for picture in pictures]
    wrong: list[int] = []

    def ask(index: int) -> None:
        try:
            wrong.extend(index for _ in range(4) if not np.array_equal(network.rows(pictures[index]), wanted[index]))
        except Exception:
            wrong.append(index)
            raise

    threads = [threading.Thread(target=ask, args=(index,)) for index in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_the_same_picture_gives_the_same_rows_bit_for_bit(weights: Path) -> None:
    rgb = np.random.default_rng(5).integers(0, 256, (224, 416, 3), np.uint8)
    network = open_network("yolox-nano")
    assert np.array_equal(network.rows(rgb), network.rows(rgb.copy()))


@pytest.mark.parametrize("name", ["yolox-nano", "picodet-s-416"])
def test_boxes_are_columns_with_scores_from_the_least_one_up(name: str, weights: Path, shared: Path) -> None:
    rgb = reference.picture_of(shared / "video" / "suburban-street.mp4", 20, 416)
    network = open_network(name)
    weak, strong = network.look(rgb, 0.02), network.look(rgb, 0.999)
    assert len(weak) > 0
    assert len(strong) == 0
    assert (weak.score_ratio >= 0.02).all()
    assert [str(column.dtype) for column in (weak.box_px, weak.score_ratio, weak.kind)] == ["float32", "float32", "uint8"]
    assert (weak.box_px[:, 2:] >= weak.box_px[:, :2]).all()


def test_a_graph_that_the_runtime_refuses_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    node = helper.make_node("NoSuchOperator", ["pixels"], ["rows"])
    pixels, rows = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("pixels", "rows"))
    strange = helper.make_model(helper.make_graph([node], "strange", [pixels], [rows])).SerializeToString()
    monkeypatch.setattr("catseye.vision.detect.graph.load", lambda path, model: strange)
    with pytest.raises(ModelError) as fault:
        OnnxNetwork(manifest.model_named("yolox-nano"), tmp_path / "strange.onnx")
    assert str(fault.value).startswith(f"{tmp_path / 'strange.onnx'}: ONNX Runtime refuses it (")
    assert "\n" not in str(fault.value)


def test_a_failure_is_not_remembered(weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    networks._opened.cache_clear()
    monkeypatch.setenv("CATSEYE_MODELS", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(ModelError, match="is not in"):
        open_network("yolox-nano")
    monkeypatch.setenv("CATSEYE_MODELS", str(weights))
    assert open_network("yolox-nano").model.name == "yolox-nano"
