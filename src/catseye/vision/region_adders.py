"""Face and plate detectors that add regions to fill. They find places, never people: no landmarks, no embeddings, no text.

Too dear for every frame: they run on stills, and the road users' network in tiles every 1.5 s (`open_redactor` wires it). What they miss
is covered by boxes of road users; what they find beyond those is filled too. Nothing they say ever uncovers a pixel.
"""

from collections.abc import Sequence
from functools import cache, reduce
from pathlib import Path
from threading import Lock
from typing import Any

import cv2
import numpy as np

from catseye.core.arrays import Bools, Floats, Pixels
from catseye.core.detections import Detections
from catseye.core.errors import ModelError
from catseye.core.road_user import RoadUser
from catseye.vision import models
from catseye.vision.detect.boxes import suppress
from catseye.vision.detect.detector import input_size_px
from catseye.vision.detect.network import Network, open_network
from catseye.vision.redact import FillLog, RedactionSettings, Redactor
from catseye.vision.redact_regions import Boxes, grown, regions

FACES = "yunet-n-640"
PLATES = "plate-0106-int8"
_STRIDES_PX = (8, 16, 32)
_SIDE_PX = 640
_SMALL_RATIO = 0.6
_OPENING = Lock()


class FaceAdder:
    """YuNet (Wu et al. 2023) on ONNX Runtime, one thread: every face-like place, grown to the whole head.

    From a score of 0.5 up: at 0.3 it sees faces in a third of an enlarged 320×240 picture of a motorway.
    """

    def __init__(self, path: Path, least_score_ratio: float = 0.5) -> None:
        """Open the network and prove that it answers; `ModelError` when it does not."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        refusals = (
            onnxruntime.capi.onnxruntime_pybind11_state.Fail,
            onnxruntime.capi.onnxruntime_pybind11_state.InvalidProtobuf,
            onnxruntime.capi.onnxruntime_pybind11_state.InvalidGraph,
        )
        try:
            self._session: Any = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except refusals as fault:
            raise ModelError(str(path), f"ONNX Runtime refuses it ({str(fault)[:120]})", "the YuNet file the manifest names") from fault
        self._input = self._session.get_inputs()[0].name
        self._least_ratio = least_score_ratio
        self._prove(path)

    def __call__(self, rgb: Pixels) -> Floats:
        """uint8 (h, w, 3) RGB -> float32 (k, 4) left, top, right, bottom of heads, in its pixels."""
        scale = _SIDE_PX / max(rgb.shape[:2])
        size_px = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
        canvas = np.zeros((_SIDE_PX, _SIDE_PX, 3), np.uint8)
        canvas[: size_px[1], : size_px[0]] = cv2.resize(rgb, size_px, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        face_px, score = self._faces(canvas)
        return grown(face_px[score >= self._least_ratio] / np.float32(scale), 0.4)

    def _faces(self, canvas: Pixels) -> tuple[Floats, Floats]:
        """Every cell's box and score. As OpenCV's FaceDetectorYN: BGR 0..255, score = sqrt(class · objectness), centre = (cell + d) · stride."""
        names = [f"{head}_{stride}" for head in ("cls", "obj", "bbox") for stride in _STRIDES_PX]
        out = self._session.run(names, {self._input: canvas[None, :, :, ::-1].transpose(0, 3, 1, 2).astype(np.float32)})
        score, objectness, delta = (np.concatenate([np.asarray(each[0], np.float32) for each in out[at : at + 3]]) for at in (0, 3, 6))
        corner_px, stride_px = _cells()
        centre_px = corner_px + delta[:, :2] * stride_px
        half_px = np.exp(np.minimum(delta[:, 2:], 8)) * stride_px / 2
        both = np.clip(score, 0, 1) * np.clip(objectness, 0, 1)
        return np.concatenate([centre_px - half_px, centre_px + half_px], axis=1), np.sqrt(both[:, 0])

    def _prove(self, path: Path) -> None:
        """It must see the drawn face, at its place, and none on a grey wall: channel order and scale are right."""
        face = drawn_face()
        found, wall = self(face), self(np.full_like(face, 128))
        middle = np.array(face.shape[1::-1]) / 2
        is_seen = len(found) and bool(((found[:, :2] < middle) & (found[:, 2:] > middle)).all(axis=1).any())
        if not is_seen or len(wall):
            raise ModelError(str(path), f"its self-test found {len(found)} faces on a drawn face and {len(wall)} on a wall", "one or more, and none")


@cache
def _cells() -> tuple[Floats, Floats]:
    """Top left corner (cells, 2) and stride (cells, 1) of every cell, in canvas pixels."""
    corners, strides = [], []
    for stride in _STRIDES_PX:
        y, x = np.mgrid[: _SIDE_PX // stride, : _SIDE_PX // stride].astype(np.float32) * stride
        corners.append(np.stack([x.ravel(), y.ravel()], axis=1))
        strides.append(np.full((x.size, 1), stride, np.float32))
    return np.concatenate(corners), np.concatenate(strides)


def drawn_face() -> Pixels:
    """A face nobody has, uint8 (320, 320, 3): ellipses for head, eyes, brows, nose and mouth, softened."""
    face = np.full((320, 320, 3), (150, 160, 170), np.uint8)
    skin, dark = (205, 160, 135), (50, 35, 30)
    cv2.rectangle(face, (90, 270), (230, 320), (60, 70, 110), -1)
    cv2.ellipse(face, (160, 145), (82, 105), 0, 0, 360, dark, -1)
    cv2.ellipse(face, (160, 165), (70, 95), 0, 0, 360, skin, -1)
    for x in (132, 188):
        cv2.ellipse(face, (x, 150), (15, 8), 0, 0, 360, (240, 240, 240), -1)
        cv2.circle(face, (x, 150), 7, dark, -1)
        cv2.ellipse(face, (x, 133), (19, 5), 0, 180, 360, dark, 4)
    cv2.ellipse(face, (160, 185), (13, 8), 0, 0, 180, (165, 115, 95), 4)
    cv2.ellipse(face, (160, 217), (27, 9), 0, 0, 360, (165, 75, 75), -1)
    return np.asarray(cv2.GaussianBlur(face, (9, 9), 0), np.uint8)


class PlateAdder:
    """OMZ vehicle-license-plate-detection-barrier-0106 on OpenVINO (the extra): every plate-like place, enlarged."""

    _PLATE = 2
    _LOOKS_WIDER = (1.0, 2.5)  # it knows plates of a barrier camera: of 40 close-ups it finds 1 as they are, 26 seen from 2.5 times further off

    def __init__(self, path: Path, least_score_ratio: float = 0.05) -> None:
        """Compile for one thread; `ModelError` without OpenVINO, or when the file is not that network."""
        try:
            import openvino
        except ImportError as fault:
            raise ModelError(f"model {PLATES}", "OpenVINO is not installed", "the extra: pip install 'catseye[openvino]'") from fault
        core = openvino.Core()
        try:
            network = core.read_model(path)
            self._side_px = int(network.input().shape[1])
            compiled: Any = core.compile_model(network, "CPU", {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1})
        except RuntimeError as fault:
            raise ModelError(str(path), "OpenVINO cannot read it", "the file the manifest names") from fault
        self._request: Any = compiled.create_infer_request()
        self._alone = Lock()  # one request holds one set of tensors, and the cameras of a process ask from threads of their own
        self._least_ratio = least_score_ratio

    def __call__(self, rgb: Pixels) -> Floats:
        """uint8 (h, w, 3) RGB -> float32 (k, 4) left, top, right, bottom of plates, in its pixels."""
        return grown(self.found(rgb)[0], 0.25)

    def found(self, rgb: Pixels) -> tuple[Floats, Floats]:
        """The plates as they are, not enlarged: boxes (k, 4) in pixels of `rgb`, and their scores (k,)."""
        seen = [self._plates(rgb, wider) for wider in self._LOOKS_WIDER]
        shares, score_ratio = (np.concatenate([each[at] for each in seen]) for at in (0, 1))
        return shares * np.array([rgb.shape[1], rgb.shape[0]] * 2, np.float32), score_ratio

    def _plates(self, rgb: Pixels, wider: float) -> tuple[Floats, Floats]:
        """Boxes (k, 4) in shares of the picture, which is seen on a grey canvas `wider` times its size; scores (k,)."""
        inner = round(self._side_px / wider)
        at = (self._side_px - inner) // 2
        canvas = np.full((self._side_px, self._side_px, 3), 114, np.uint8)
        canvas[at : at + inner, at : at + inner] = cv2.resize(rgb, (inner, inner), interpolation=cv2.INTER_AREA)
        given = canvas[None, :, :, ::-1].astype(np.float32)
        with self._alone:
            rows = np.array(self._request.infer({0: given})[0], np.float32).reshape(-1, 7)
        plates = rows[(rows[:, 0] >= 0) & (rows[:, 1] == self._PLATE) & (rows[:, 2] >= self._least_ratio)]
        return np.asarray((plates[:, 3:] * self._side_px - at) / inner, np.float32), plates[:, 2]


def open_redactor(
    detector: str, settings: RedactionSettings | None = None, *, log: FillLog | None = None, sweep_scales_ratio: Sequence[float] = (1.0,)
) -> Redactor:
    """The redactor of one camera whose detector has this name, with all that this machine can add. `log` hears what was filled.

    `ModelError` for `motion` (use a `BackgroundRedactor`), for an unknown name, and for a network that fails its self-test: no model, no picture.
    """
    if detector == models.MOTION:
        return Redactor({RoadUser.UNKNOWN}, settings, log=log)
    network, settings = open_network(detector), settings or RedactionSettings()
    names = set(network.model.classes.values())
    return Redactor(
        names, settings, adders=(*adders_here(), RoadUserAdder(network, settings)), sweeper=CloserLook(network, scales_ratio=sweep_scales_ratio), log=log
    )


def adders_here() -> tuple[FaceAdder | PlateAdder, ...]:
    """What this machine has; one process opens each once, for all its cameras. A missing file or extra adds nothing; a damaged one raises `ModelError`."""
    with _OPENING:  # cameras start in threads together: without it each would open its own
        return _opened()


@cache
def _opened() -> tuple[FaceAdder | PlateAdder, ...]:
    faces = [FaceAdder(models.locate(FACES)[0])] if models.is_here(FACES) else []
    plates = [PlateAdder(models.locate(PLATES)[0])] if models.is_here(PLATES) and _has_openvino() else []
    return (*faces, *plates)


def _has_openvino() -> bool:
    from importlib.util import find_spec

    return find_spec("openvino") is not None


class CloserLook:
    """The camera's own network, asked again in overlapping tiles of the full picture and down to very weak boxes.

    What is small or crowded at the network's working size is seen here; what fills most of a tile is a ghost, or an ordinary look
    has seen it. 12 looks for 1920×1080, 4 for 640×480.
    """

    def __init__(self, network: Network, least_score_ratio: float = 0.1, scales_ratio: Sequence[float] = (1.0,)) -> None:
        """The network is shared and stateless. `scales_ratio`: sizes the picture is looked at in, of its own; who is near fills tiles of the full one."""
        self._network = network
        self._least_ratio = least_score_ratio
        self._scales_ratio = tuple(scales_ratio)

    def __call__(self, rgb: Pixels) -> Detections:
        """uint8 (h, w, 3) RGB -> road users, in its pixels; one may come twice."""
        return reduce(Detections.with_more, (self._at_scale(rgb, scale) for scale in self._scales_ratio))

    def _at_scale(self, rgb: Pixels, scale_ratio: float) -> Detections:
        if scale_ratio == 1.0:
            return self._in_tiles(rgb)
        size_px = max(1, round(rgb.shape[1] * scale_ratio)), max(1, round(rgb.shape[0] * scale_ratio))
        found = self._in_tiles(np.asarray(cv2.resize(rgb, size_px, interpolation=cv2.INTER_AREA), np.uint8))
        return Detections(np.asarray(found.box_px / np.float32(scale_ratio), np.float32), found.score_ratio, found.kind)

    def _in_tiles(self, rgb: Pixels) -> Detections:
        found = [self._look(rgb, *tile) for tile in tiles_px(rgb.shape[1], rgb.shape[0])]
        box_px, score_ratio = np.concatenate([each.box_px for each in found]), np.concatenate([each.score_ratio for each in found])
        return Detections(box_px, score_ratio, np.concatenate([each.kind for each in found]))

    def _look(self, rgb: Pixels, left: int, top: int, right: int, bottom: int) -> Detections:
        tile = rgb[top:bottom, left:right]
        side_px = self._network.model.input_px
        is_fixed = self._network.model.runtime == "openvino"
        size_px = (side_px, side_px) if is_fixed else input_size_px(tile.shape[1], tile.shape[0], side_px, side_px)
        scaled = np.ascontiguousarray(cv2.resize(tile, size_px, interpolation=cv2.INTER_LINEAR))
        found = suppress(self._network.look(scaled, self._least_ratio))
        is_small: Bools = np.all(found.box_px[:, 2:] - found.box_px[:, :2] < np.array(size_px) * _SMALL_RATIO, axis=1)
        found = found.keep(is_small)
        scale = np.array([tile.shape[1] / size_px[0], tile.shape[0] / size_px[1]] * 2, np.float32)
        box_px = found.box_px * scale + np.array([left, top, left, top], np.float32)
        return Detections(np.asarray(box_px, np.float32), found.score_ratio, found.kind)


class RoadUserAdder:
    """A closer look as an adder of regions, for stills."""

    def __init__(self, network: Network, settings: RedactionSettings, least_score_ratio: float = 0.05) -> None:
        """Windows are filled from the same size up as everywhere."""
        self._look = CloserLook(network, least_score_ratio)
        self._cab_px = settings.cab_from_height_px

    def __call__(self, rgb: Pixels) -> Floats:
        """uint8 (h, w, 3) RGB -> float32 (k, 4) regions to fill, in its pixels."""
        found = self._look(rgb)
        users = Boxes.of(found.box_px, found.kind, found.score_ratio)
        return regions(users.box_px, users.kind, self._cab_px)


def tiles_px(width_px: int, height_px: int, most_px: int = 520) -> list[tuple[int, int, int, int]]:
    """Overlapping tiles (left, top, right, bottom) that cover the picture: at least two a side, overlapping by a fifth.

    >>> tiles_px(640, 360)[0], len(tiles_px(640, 360)), len(tiles_px(1920, 1080))
    ((0, 0, 384, 216), 4, 12)
    """
    across, down = (max(2, -(-length_px // most_px)) for length_px in (width_px, height_px))
    lefts, tops = _starts(width_px, across), _starts(height_px, down)
    return [(left, top, right, bottom) for top, bottom in tops for left, right in lefts]


def _starts(length_px: int, count: int) -> list[tuple[int, int]]:
    span = length_px / (count - 0.2 * (count - 1)) if count > 2 else length_px * 0.6
    return [(round(at * (length_px - span) / (count - 1)), round(at * (length_px - span) / (count - 1) + span)) for at in range(count)]
