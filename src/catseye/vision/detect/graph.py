"""Surgery on detector graphs, done once at load. What comes out takes uint8 pixels of any shape and gives one row a cell.

Every network is brought to one form:  uint8 (1, h, w, 3) RGB  ->  float32 (1, columns, cells), h and w multiples of 32.
YOLOX columns: left-out decode, [dx, dy, log w, log h, objectness, class scores…]; PicoDet columns: [4 × 8 DFL bins, class scores…].
Only the classes of the road are kept. Measured on one thread: see docs/decisions/0002-onnx-in-vision.md.
"""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import TensorProto, helper, numpy_helper

from catseye.core.errors import ModelError
from catseye.vision.models import Model

OUTPUT = "columns"
_INPUT = "pixels"
_FOCUS_OFFSETS = ((0, 0), (1, 0), (0, 1), (1, 1))  # row, column within a 2×2 block, in the order YOLOX joins its four pixels


def load(path: Path, model: Model) -> bytes:
    """Read, rewrite and serialise; ModelError when the file is not the graph the manifest's family promises."""
    try:
        proto = onnx.load(str(path))
        graph = proto.graph
        _forget_shapes(graph)
        first = next(value.name for value in graph.input if value.name not in {weight.name for weight in graph.initializer})
        heads = {"yolox": _yolox_head, "picodet": _picodet_head}[model.family](graph, sorted(model.classes))
        if not _fold_focus(graph, first, model):
            _prepare_pixels(graph, first, model)
        _cascade_pools(graph)
        _join_heads(graph, heads)
        _drop_dead(graph)
        return bytes(proto.SerializeToString())
    except (DecodeError, StopIteration, KeyError, IndexError, ValueError) as fault:
        raise ModelError(str(path), f"not a {model.family} graph ({type(fault).__name__}: {fault})", "the file the manifest names") from fault


def _forget_shapes(graph: onnx.GraphProto) -> None:
    """Drop stored shapes (they pin 416×416) and initialisers listed as inputs (they forbid constant folding: 61 → 39 ms)."""
    del graph.value_info[:]
    weights = {weight.name for weight in graph.initializer}
    kept = [value for value in graph.input if value.name not in weights]
    del graph.input[:]
    graph.input.extend(kept)


def _prepare_pixels(graph: onnx.GraphProto, first: str, model: Model) -> None:
    """uint8 NHWC RGB → float NCHW in the network's own channel order, normalised inside the graph."""
    order = [0, 1, 2] if model.layout == "rgb" else [2, 1, 0]
    mean = np.array(model.mean, np.float32)
    std = np.array(model.std, np.float32)
    _constant(graph, "pixel_scale", (1 / std).reshape(1, 3, 1, 1).astype(np.float32))
    _constant(graph, "pixel_shift", (-mean / std).reshape(1, 3, 1, 1).astype(np.float32))
    _constant(graph, "pixel_order", np.array(order, np.int64))
    steps = [
        helper.make_node("Transpose", [_INPUT], ["pixels_nchw"], perm=[0, 3, 1, 2]),
        helper.make_node("Gather", ["pixels_nchw", "pixel_order"], ["pixels_ordered"], axis=1),
        helper.make_node("Cast", ["pixels_ordered"], ["pixels_float"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["pixels_float", "pixel_scale"], ["pixels_scaled"]),
        helper.make_node("Add", ["pixels_scaled", "pixel_shift"], [first]),
    ]
    if model.layout == "rgb":
        del steps[1]
        steps[1].input[0] = "pixels_nchw"
    _put_nodes(graph, [*steps, *graph.node])
    _take_pixels(graph)


def _take_pixels(graph: onnx.GraphProto) -> None:
    del graph.input[:]
    graph.input.append(helper.make_tensor_value_info(_INPUT, TensorProto.UINT8, [1, "height", "width", 3]))


def _fold_focus(graph: onnx.GraphProto, first: str, model: Model) -> bool:
    """Write YOLOX's focus stem (2×2 blocks to 12 channels, 3×3 at stride 1) as the one convolution it is: 6×6 at stride 2 on the pixels.

    The deviation goes into its weights; the mean comes off the pixels, so that padding stays the mean colour. False, and nothing done, where the graph
    begins in another way.
    """
    makers, constants = {name: node for node in graph.node for name in node.output}, _constants(graph)
    stem = next((node for node in graph.node if node.op_type == "Conv"), None)
    joined = makers.get(stem.input[0]) if stem else None
    if stem is None or joined is None or [_block_offset(name, makers, constants, first) for name in joined.input] != list(_FOCUS_OFFSETS):
        return False
    weights = constants[stem.input[1]]
    if weights.shape[1:] != (12, 3, 3) or list(_attribute(stem, "strides")) != [1, 1] or list(_attribute(stem, "pads")) != [1, 1, 1, 1]:
        return False
    wide = np.empty((len(weights), 3, 6, 6), np.float32)
    for index, (row, column) in enumerate(_FOCUS_OFFSETS):
        wide[:, :, row::2, column::2] = weights[:, 3 * index : 3 * index + 3]
    wide /= np.array(model.std, np.float32).reshape(1, 3, 1, 1)
    order = [0, 1, 2] if model.layout == "rgb" else [2, 1, 0]
    _constant(graph, "stem_weights", np.ascontiguousarray(wide[:, order]))
    _constant(graph, "pixel_mean", np.array(model.mean, np.float32)[order].reshape(1, 3, 1, 1))
    steps = [
        helper.make_node("Transpose", [_INPUT], ["pixels_nchw"], perm=[0, 3, 1, 2]),
        helper.make_node("Cast", ["pixels_nchw"], ["pixels_float"], to=TensorProto.FLOAT),
        helper.make_node("Sub", ["pixels_float", "pixel_mean"], ["pixels_centred"]),
        helper.make_node(
            "Conv", ["pixels_centred", "stem_weights", *stem.input[2:]], list(stem.output), kernel_shape=[6, 6], strides=[2, 2], pads=[2, 2, 2, 2]
        ),
    ]
    nodes = list(graph.node)
    at = next(index for index, node in enumerate(nodes) if node.output[0] == stem.output[0])
    _put_nodes(graph, [*nodes[:at], *steps, *nodes[at + 1 :]])
    _take_pixels(graph)
    return True


def _block_offset(name: str, makers: dict[str, onnx.NodeProto], constants: dict[str, np.ndarray], first: str) -> tuple[int, int] | None:
    """Row and column, within each 2×2 block, of the pixels a chain of strided slices of `first` picks; None for any other chain."""
    begins: dict[int, int] = {}
    while (node := makers.get(name)) is not None and node.op_type == "Slice" and len(node.input) == 5:
        told = (constants.get(node.input[place], np.empty(0)).tolist() for place in (1, 3, 4))
        for begin, axis, step in zip(*told, strict=False):
            if step != 2 or begin not in (0, 1) or axis in begins:
                return None
            begins[axis] = begin
        name = node.input[0]
    return (begins[2], begins[3]) if name == first and sorted(begins) == [2, 3] else None


def _cascade_pools(graph: onnx.GraphProto) -> None:
    """Spatial pyramid pooling (5×5, 9×9 and 13×13 over one map) as 5×5 over 5×5 over 5×5: the same maxima for a third of the work."""
    by_map: dict[str, list[onnx.NodeProto]] = {}
    for node in graph.node:
        if node.op_type == "MaxPool" and _is_centred(node):
            by_map.setdefault(node.input[0], []).append(node)
    for pools in by_map.values():
        pools.sort(key=_side_count)
        growths = [_side_count(larger) - _side_count(smaller) for smaller, larger in pairwise(pools)]
        for smaller, larger, grown in zip(pools, pools[1:], growths, strict=False):
            window = {"kernel_shape": [grown + 1] * 2, "strides": [1, 1], "pads": [grown // 2] * 4}
            larger.CopyFrom(helper.make_node("MaxPool", [smaller.output[0]], list(larger.output), **window))


def _is_centred(pool: onnx.NodeProto) -> bool:
    """Whether each cell takes the maximum of an odd square around itself."""
    side = _side_count(pool)
    square = [list(_attribute(pool, name)) for name in ("kernel_shape", "strides", "pads")]
    return side % 2 == 1 and square == [[side, side], [1, 1], [side // 2] * 4]


def _side_count(pool: onnx.NodeProto) -> int:
    return int(_attribute(pool, "kernel_shape")[0])


def _yolox_head(graph: onnx.GraphProto, classes: list[int]) -> list[str]:
    """Keep the road's classes in the three class convolutions; end at the three per-stride maps (1, 5 + classes, h, w)."""
    columns = np.array(classes)
    chosen = [weight for weight in graph.initializer if "cls_preds" in weight.name]
    if len(chosen) != 6:  # a weight and a bias for each of three strides
        raise ValueError(f"{len(chosen)} class tensors, wanted 6")
    for weight in chosen:
        weight.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(numpy_helper.to_array(weight)[columns]), weight.name))
    heads = [node.input[0] for node in graph.node if node.op_type == "Reshape"]
    if len(heads) != 3:
        raise ValueError(f"{len(heads)} heads, wanted 3")
    return heads


def _picodet_head(graph: onnx.GraphProto, classes: list[int]) -> list[str]:
    """Make channel shuffles shape-free, slice the classes, end at four maps (1, 32 + classes, h, w)."""
    _unshuffle(graph)
    _fuse_hard_swish(graph)
    splits = [node for node in graph.node if node.op_type == "Split" and list(_attribute(node, "split")) == [80, 32]]
    if len(splits) != 4:
        raise ValueError(f"{len(splits)} heads, wanted 4")
    _constant(graph, "road_classes", np.array(classes, np.int64))
    heads = []
    for index, split in enumerate(splits):
        sigmoid = next(node for node in graph.node if node.op_type == "Sigmoid" and node.input[0] == split.output[0])
        scores, head = f"road_scores_{index}", f"head_{index}"
        graph.node.append(helper.make_node("Gather", [sigmoid.output[0], "road_classes"], [scores], axis=1))
        graph.node.append(helper.make_node("Concat", [split.output[1], scores], [head], axis=1))
        heads.append(head)
    return heads


def _unshuffle(graph: onnx.GraphProto) -> None:
    """A channel shuffle (reshape to groups, swap, reshape back) pins h and w; the same permutation as one Gather does not."""
    constants = _constants(graph)
    nodes = list(graph.node)
    for index, node in enumerate(nodes):
        if node.op_type != "Reshape" or len(constants.get(node.input[1], ())) != 5:
            continue
        _, groups, each, _, _ = (int(n) for n in constants[node.input[1]])
        back = nodes[index + 2]
        name = f"shuffle_{groups}_{each}"
        if name not in {weight.name for weight in graph.initializer}:
            _constant(graph, name, np.arange(groups * each).reshape(groups, each).T.ravel().astype(np.int64))
        node.CopyFrom(helper.make_node("Gather", [node.input[0], name], [back.output[0]], axis=1))
        nodes[index + 1] = nodes[index + 2] = onnx.NodeProto()
    _put_nodes(graph, [node for node in nodes if node.op_type])


def _fuse_hard_swish(graph: onnx.GraphProto) -> None:
    """Hard swish as published, x · clip(x + 3, 0, 6) / 6, four passes over memory, is x · hard_sigmoid(x), two."""
    users: dict[str, list[onnx.NodeProto]] = {}
    for node in graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)
    gone: set[str] = set()
    for add in [node for node in graph.node if node.op_type == "Add"]:
        clip = _only(users.get(add.output[0], []), "Clip")
        mul = _only(users.get(clip.output[0], []), "Mul") if clip else None
        div = _only(users.get(mul.output[0], []), "Div") if mul else None
        if not (clip and mul and div) or add.input[0] not in mul.input:
            continue
        gate = f"{add.output[0]}_gate"
        mul.CopyFrom(helper.make_node("Mul", [add.input[0], gate], [div.output[0]]))
        clip.CopyFrom(helper.make_node("HardSigmoid", [add.input[0]], [gate], alpha=1 / 6, beta=0.5))
        gone |= {add.output[0]}
        div.Clear()
    _put_nodes(graph, [node for node in graph.node if node.op_type and not (node.op_type == "Add" and node.output[0] in gone)])


def _only(users: list[onnx.NodeProto], op: str) -> onnx.NodeProto | None:
    return users[0] if len(users) == 1 and users[0].op_type == op else None


def _join_heads(graph: onnx.GraphProto, heads: list[str]) -> None:
    """(1, columns, h, w) maps → one float32 (1, columns, cells), strides in ascending order."""
    _constant(graph, "flat", np.array([0, 0, -1], np.int64))
    for index, head in enumerate(heads):
        graph.node.append(helper.make_node("Reshape", [head, "flat"], [f"flat_{index}"]))
    graph.node.append(helper.make_node("Concat", [f"flat_{index}" for index in range(len(heads))], [OUTPUT], axis=2))
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [1, "columns", "cells"]))


def _put_nodes(graph: onnx.GraphProto, nodes: Sequence[onnx.NodeProto]) -> None:
    """These and no others; copies, since some may still lie in the list that is emptied."""
    copies = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del graph.node[:]
    graph.node.extend(copies)


def _drop_dead(graph: onnx.GraphProto) -> None:
    """Remove what the output does not need: old tails, what stood before a shortcut, weights of either."""
    needed = {output.name for output in graph.output}
    kept = []
    for node in reversed(graph.node):
        if needed & set(node.output):
            needed |= set(node.input)
            kept.append(node)
    _put_nodes(graph, kept[::-1])
    weights = [weight for weight in graph.initializer if weight.name in needed]
    del graph.initializer[:]
    graph.initializer.extend(weights)


def _constants(graph: onnx.GraphProto) -> dict[str, np.ndarray]:
    found = {weight.name: numpy_helper.to_array(weight) for weight in graph.initializer}
    return found | {node.output[0]: numpy_helper.to_array(_attribute(node, "value")) for node in graph.node if node.op_type == "Constant"}


def _attribute(node: onnx.NodeProto, name: str) -> "onnx.TensorProto | list[int]":
    return next(helper.get_attribute_value(attribute) for attribute in node.attribute if attribute.name == name)


def _constant(graph: onnx.GraphProto, name: str, value: np.ndarray) -> None:
    graph.initializer.append(numpy_helper.from_array(value, name))
