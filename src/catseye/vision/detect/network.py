"""A loaded network: uint8 pixels in, rows of boxes out. One a process serves every camera; it holds no state between frames."""

from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

import numpy as np

from catseye.core.arrays import Codes, Doubles, Floats, Ints, Pixels
from catseye.core.detections import Detections
from catseye.core.errors import ModelError
from catseye.vision import models
from catseye.vision.models import Model

STRIDES = {"yolox": (8, 16, 32), "picodet": (8, 16, 32, 64)}
_DFL_BINS = 8
_OPENING = Lock()


class Network(Protocol):
    """What a loaded network offers, to any number of threads at once."""

    model: Model

    def look(self, rgb: Pixels, least_score_ratio: float) -> Detections:
        """Boxes in pixels of `rgb` (uint8 (h, w, 3), in a size the network takes), not yet suppressed, with scores from `least_score_ratio` up."""
        ...

    def rows(self, rgb: Pixels) -> Floats:
        """The raw answer, one row a cell, for the self-test."""
        ...


def open_network(name: str) -> Network:
    """Load, check the hash, rewrite the graph, run the self-test, once a process. ModelError says which of these failed."""
    with _OPENING:  # cameras start in threads together: without it each would load its own
        return _opened(name, tuple(models.folders()))


@cache
def _opened(name: str, folders: tuple[Path, ...]) -> Network:
    del folders  # where the weights are looked for: another place, another network
    model = models.model_named(name)
    paths = models.locate(name)
    network: Network = _openvino(model, paths) if model.runtime == "openvino" else OnnxNetwork(model, paths[0])
    from catseye.vision.detect import selftest

    selftest.check(network)
    return network


def _openvino(model: Model, paths: list[Path]) -> Network:
    from catseye.vision.detect.openvino_network import OpenVinoNetwork

    return OpenVinoNetwork(model, *paths)


class OnnxNetwork:
    """YOLOX or PicoDet on ONNX Runtime, one thread: one process a core is the house's way to scale."""

    def __init__(self, model: Model, path: Path) -> None:
        """Rewrite the graph and open the session."""
        import onnxruntime

        from catseye.vision.detect import graph

        self.model = model
        self._kinds = np.array([model.classes[index].code for index in sorted(model.classes)], np.uint8)
        self._decode = {"yolox": self._decode_yolox, "picodet": self._decode_picodet}[model.family]
        self._grids: dict[tuple[int, int], tuple[Floats, Floats]] = {}
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.log_severity_level = 4
        told = onnxruntime.capi.onnxruntime_pybind11_state
        try:
            self._session: Any = onnxruntime.InferenceSession(graph.load(path, model), options, providers=["CPUExecutionProvider"])
        except (told.Fail, told.InvalidArgument, told.InvalidGraph, told.InvalidProtobuf, told.NotImplemented, told.RuntimeException) as fault:
            said = " ".join(str(fault).split())[:120]
            raise ModelError(str(path), f"ONNX Runtime refuses it ({said})", "the file the manifest names") from fault

    def rows(self, rgb: Pixels) -> Floats:
        """One float32 row a cell, a view of columns; h and w must be multiples of 32."""
        columns: Floats = self._session.run(None, {"pixels": rgb[None]})[0][0]
        return columns.T

    def look(self, rgb: Pixels, least_score_ratio: float) -> Detections:
        """See `Network.look`."""
        return self._decode(self.rows(rgb), rgb.shape[:2], least_score_ratio)

    def _decode_yolox(self, rows: Floats, shape_px: tuple[int, int], least_ratio: float) -> Detections:
        """Ge et al. 2021, decoupled head: centre = (cell + d) · stride, size = exp(d) · stride, score = objectness · class."""
        columns = rows.T
        cell = (columns[4] >= least_ratio).nonzero()[0]
        near = columns[:, cell]
        score = near[4] * np.maximum.reduce(near[5:])
        good = (score >= least_ratio).nonzero()[0]
        near, cell, score = near[:, good], cell[good], score[good]
        corner_px, stride_px = self._grid(shape_px)
        stride = stride_px[cell]
        centre = corner_px[:, cell] + near[:2] * stride
        half = np.exp(np.minimum(near[2:4], 8)) * (stride / 2)
        return self._detections(np.concatenate([centre - half, centre + half]).T, score, near[5:].argmax(axis=0))

    def _decode_picodet(self, rows: Floats, shape_px: tuple[int, int], least_ratio: float) -> Detections:
        """Yu et al. 2021: distances to the four sides as the mean of an 8-bin distribution, from the cell's centre."""
        scores = rows[:, 4 * _DFL_BINS :]
        cell = np.flatnonzero(scores.max(axis=1) >= least_ratio)
        scores = scores[cell]
        best = scores.argmax(axis=1)
        bins = np.exp(rows[cell, : 4 * _DFL_BINS].reshape(-1, 4, _DFL_BINS))
        reach = bins @ np.arange(_DFL_BINS, dtype=np.float32) / bins.sum(axis=2)
        corner_px, stride_px = self._grid(shape_px)
        stride = stride_px[cell, None]
        centre = corner_px[:, cell].T + 0.5 * stride
        return self._detections(
            np.concatenate([centre - reach[:, :2] * stride, centre + reach[:, 2:] * stride], axis=1), scores[np.arange(len(cell)), best], best
        )

    def _detections(self, box_px: Doubles | Floats, score: Floats, best: Ints) -> Detections:
        kind: Codes = self._kinds[best]
        return Detections(np.asarray(box_px, np.float32), np.asarray(score, np.float32), kind)

    def _grid(self, shape_px: tuple[int, int]) -> tuple[Floats, Floats]:
        """Corner (2, cells) and stride (cells,) of every cell, once a shape; two threads may both make one, and make the same."""
        if shape_px not in self._grids:
            corners, strides = [], []
            for stride in STRIDES[self.model.family]:
                rows, columns = -(-shape_px[0] // stride), -(-shape_px[1] // stride)
                y, x = np.mgrid[:rows, :columns].astype(np.float32) * stride
                corners.append(np.stack([x.ravel(), y.ravel()]))
                strides.append(np.full(rows * columns, stride, np.float32))
            self._grids[shape_px] = np.concatenate(corners, axis=1), np.concatenate(strides)
        return self._grids[shape_px]
