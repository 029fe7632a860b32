"""Open Model Zoo detectors (IR) on OpenVINO: the `openvino` extra. SSD output, one fixed input shape."""

from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from catseye.core.arrays import Floats, Pixels
from catseye.core.detections import Detections
from catseye.core.errors import ModelError
from catseye.vision.models import Model

_SIDES_COUNT = 4
_NOT_OURS = 255


class OpenVinoNetwork:
    """An SSD-style IR: rows of [image, label, score, left, top, right, bottom] in shares of the picture."""

    def __init__(self, model: Model, graph: Path, weights: Path | None = None) -> None:
        """Compile for one thread with uint8 NHWC RGB pixels at the door; `weights` when they do not lie beside the graph."""
        try:
            import openvino
            from openvino.preprocess import ColorFormat, PrePostProcessor
        except ImportError as fault:
            raise ModelError(f"model {model.name}", "OpenVINO is not installed", "the extra: pip install 'catseye[openvino]'") from fault
        self.model = model
        core = openvino.Core()
        try:
            network = core.read_model(graph, weights) if weights else core.read_model(graph)
            last = next(op for op in network.get_ops() if op.get_type_name() == "DetectionOutput")
            network.add_outputs([last.input_value(0), last.input_value(1)])
            door = PrePostProcessor(network)
            door.input().tensor().set_element_type(openvino.Type.u8).set_layout(openvino.Layout("NHWC")).set_color_format(ColorFormat.RGB)
            order = ColorFormat.RGB if model.layout == "rgb" else ColorFormat.BGR
            door.input().preprocess().convert_color(order).convert_element_type(openvino.Type.f32).mean(list(model.mean)).scale(list(model.std))
            door.input().model().set_layout(openvino.Layout("NHWC" if network.input().shape[3] == 3 else "NCHW"))
            compiled: Any = core.compile_model(door.build(), "CPU", {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY"})
        except (RuntimeError, StopIteration) as fault:
            raise ModelError(str(graph), "OpenVINO cannot read it as an SSD detector", "the file the manifest names") from fault
        self._request: Any = compiled.create_infer_request()
        self._alone = Lock()  # one request holds one set of tensors, and cameras ask from threads of their own
        self._known = np.full(256, _NOT_OURS, np.uint8)
        for index, kind in model.classes.items():
            self._known[index] = kind.code

    def rows(self, rgb: Pixels) -> Floats:
        """What the network itself says of every prior box, (priors, 4 + classes): unlike the few boxes at the end it changes little with a processor."""
        _, sides, scores = self._infer(rgb)
        return np.concatenate([sides.reshape(-1, _SIDES_COUNT), scores.reshape(sides.size // _SIDES_COUNT, -1)], axis=1)

    def look(self, rgb: Pixels, least_score_ratio: float) -> Detections:
        """See `Network.look`; rows after the first negative image index are padding."""
        rows = self._infer(rgb)[0].reshape(-1, 7)
        ends = np.flatnonzero(rows[:, 0] < 0)
        rows = rows[: ends[0]] if len(ends) else rows
        kind = self._known[np.clip(rows[:, 1], 0, 255).astype(np.intp)]
        good = (rows[:, 2] >= least_score_ratio) & (kind != _NOT_OURS)
        size = np.array([rgb.shape[1], rgb.shape[0]] * 2, np.float32)
        return Detections(np.asarray(rows[good, 3:7] * size, np.float32), np.asarray(rows[good, 2], np.float32), kind[good])

    def _infer(self, rgb: Pixels) -> list[Floats]:
        """The boxes at the end, then the sides and the class scores of every prior; copies, float32."""
        with self._alone:
            given = self._request.infer({0: rgb[None]})
            return [np.array(given[index], np.float32) for index in range(3)]
