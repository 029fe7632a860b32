"""The rewritten graph says what the published one says, in any size, and what is no such graph is refused in one line."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.vision.detect import reference

from catseye.core.errors import ModelError
from catseye.core.road_user import RoadUser
from catseye.vision import models as manifest
from catseye.vision.detect import graph
from catseye.vision.detect.boxes import Limits, families, suppress
from catseye.vision.detect.network import STRIDES, OnnxNetwork
from catseye.vision.detect.selftest import drawn_picture

NAMES = ["yolox-nano", "picodet-s-416", "picodet-s-320"]
PICTURES = ["drawn", "suburban-street.mp4", "hanoi-giang-vo.mp4", "junction-cyclist.mp4"]
LEAST = 0.3


def picture(name: str, shared: Path, side_px: int) -> np.ndarray:
    return drawn_picture(side_px) if name == "drawn" else reference.picture_of(shared / "video" / name, 20, side_px)


def network(name: str, models: Path) -> OnnxNetwork:
    model = manifest.model_named(name)
    return OnnxNetwork(model, models / model.files[0].name)


@pytest.mark.parametrize("name", NAMES)
def test_the_rewritten_graph_gives_the_rows_of_the_published_one(name: str, models: Path, shared: Path) -> None:
    ours = network(name, models)
    for where in PICTURES:
        rgb = picture(where, shared, ours.model.input_px)
        wanted = reference.rows_of(models / ours.model.files[0].name, ours.model, rgb)
        np.testing.assert_allclose(ours.rows(rgb), wanted, atol=3e-3, rtol=3e-3, err_msg=where)


@pytest.mark.parametrize("name", NAMES)
def test_columns_and_naive_loops_end_at_the_same_road_users(name: str, models: Path, shared: Path) -> None:
    ours = network(name, models)
    model = ours.model
    limits = Limits(model.most_iou_ratio, most_inside_ratio=model.most_inside_ratio)
    for where in PICTURES:
        rgb = picture(where, shared, model.input_px)
        wanted = reference.boxes_of(ours.rows(rgb), model, model.input_px, LEAST)
        groups = [int(group) for group in families(np.array([box[5] for box in wanted], np.uint8))]
        kept = [wanted[index] for index in reference.greedy(wanted, groups, limits.most_iou_ratio, limits.across_iou_ratio, limits.most_inside_ratio)]
        found = suppress(ours.look(rgb, LEAST), limits)
        assert found.kind.tolist() == [box[5] for box in kept], where
        np.testing.assert_allclose(found.score_ratio, [box[4] for box in kept], atol=1e-5)
        np.testing.assert_allclose(found.box_px, np.array([box[:4] for box in kept]).reshape(-1, 4), atol=0.05)
        assert where == "drawn" or len(found), f"{where} shows road users"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("width_px", "height_px"), [(416, 224), (352, 288), (32, 32), (96, 320), (640, 352)])
def test_any_size_in_steps_of_32_gives_one_row_a_cell(name: str, models: Path, width_px: int, height_px: int) -> None:
    ours = network(name, models)
    rows = ours.rows(np.full((height_px, width_px, 3), 100, np.uint8))
    cells_count = sum(-(-width_px // stride) * -(-height_px // stride) for stride in STRIDES[ours.model.family])
    assert rows.shape == (cells_count, (5 if ours.model.family == "yolox" else 32) + len(ours.model.classes))
    assert rows.dtype == np.float32


def refusal(path: Path, name: str) -> str:
    with pytest.raises(ModelError) as fault:
        graph.load(path, manifest.model_named(name))
    assert "\n" not in str(fault.value)
    return str(fault.value)


def test_what_is_no_graph_of_the_family_is_refused_in_one_line(tmp_path: Path, models: Path) -> None:
    (tmp_path / "text.onnx").write_text("all the cars are grey at night")
    onnx.save(onnx.helper.make_model(onnx.helper.make_graph([], "empty", [], [])), str(tmp_path / "empty.onnx"))
    for name in NAMES:
        assert f"not a {manifest.model_named(name).family} graph" in refusal(tmp_path / "text.onnx", name)
        assert f"not a {manifest.model_named(name).family} graph" in refusal(tmp_path / "empty.onnx", name)
    assert "not a picodet graph" in refusal(models / "yolox-nano.onnx", "picodet-s-416")
    assert "not a yolox graph" in refusal(models / "picodet-s-416.onnx", "yolox-nano")
    assert "not a yolox graph" in refusal(models / "fastestdet.onnx", "yolox-nano")


@settings(max_examples=25, deadline=None)
@given(cut=st.integers(0, 4_000_000), byte=st.integers(0, 255), place=st.integers(0, 400))
def test_a_damaged_file_is_refused_or_read_but_never_crashes(tmp_path_factory: pytest.TempPathFactory, models: Path, cut: int, byte: int, place: int) -> None:
    whole = bytearray((models / "yolox-nano.onnx").read_bytes())
    whole[place] = byte
    path = tmp_path_factory.mktemp("damaged") / "m.onnx"
    path.write_bytes(whole[:cut])
    try:
        OnnxNetwork(manifest.model_named("yolox-nano"), path)
    except ModelError as fault:
        assert "\n" not in str(fault)


def test_a_graph_ends_at_the_classes_of_the_road(models: Path) -> None:
    model = replace(manifest.model_named("yolox-nano"), classes={2: RoadUser.CAR})
    rows = OnnxNetwork(model, models / "yolox-nano.onnx").rows(np.full((64, 64, 3), 90, np.uint8))
    assert rows.shape == (64 + 16 + 4, 6)


def nodes_of(name: str, models: Path) -> list[onnx.NodeProto]:
    model = manifest.model_named(name)
    return list(onnx.load_from_string(graph.load(models / model.files[0].name, model)).graph.node)


def test_the_focus_stem_is_one_convolution_and_the_pyramid_of_maxima_a_chain(models: Path) -> None:
    """What makes a look cheaper is really done to the published file: the other tests would pass without it."""
    nodes = nodes_of("yolox-nano", models)
    assert not [node for node in nodes if node.op_type == "Slice"]
    first = next(node for node in nodes if node.op_type == "Conv")
    assert {attribute.name: list(attribute.ints) for attribute in first.attribute} == {"kernel_shape": [6, 6], "strides": [2, 2], "pads": [2, 2, 2, 2]}
    pools = [node for node in nodes if node.op_type == "MaxPool"]
    assert [list(graph._attribute(pool, "kernel_shape")) for pool in pools] == [[5, 5]] * 3
    assert [pool.input[0] for pool in pools[1:]] == [pool.output[0] for pool in pools[:-1]]


def test_a_stem_that_picks_its_pixels_in_another_way_is_left_as_it_is(tmp_path: Path, models: Path, shared: Path) -> None:
    proto = onnx.load(str(models / "yolox-nano.onnx"))
    joined = next(node for node in proto.graph.node if node.op_type == "Concat")
    joined.input[:] = [joined.input[index] for index in (1, 0, 2, 3)]
    onnx.save(proto, str(tmp_path / "other.onnx"))
    model = manifest.model_named("yolox-nano")
    rgb = reference.picture_of(shared / "video" / "highway.avi", 20, model.input_px)
    rows = OnnxNetwork(model, tmp_path / "other.onnx").rows(rgb)
    np.testing.assert_allclose(rows, reference.rows_of(tmp_path / "other.onnx", model, rgb), atol=3e-3, rtol=3e-3)
