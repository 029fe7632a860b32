"""Redacted copies of photographs, and sheets of redacted stills: JPEGs made of `RedactedPicture`s and of nothing else."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from catseye.core.arrays import Pixels
from catseye.core.detections import Tracked
from catseye.core.errors import ModelError
from catseye.core.picture import RawFrame, RedactedPicture
from catseye.core.sealed import RedactedMedia
from catseye.vision import models
from catseye.vision.detect.detector import open_detector
from catseye.vision.evidence.whole import new_file
from catseye.vision.region_adders import adders_here, open_redactor

MOST_SIDE_PX = 1920
COPY_TYPE = "image/jpeg"
_SHEET_SIDE_PX, _SHEET_COLUMNS_COUNT = 960, 2
_JPEG_PERCENT = 88
_CAMERA = "upload"


class StillCopy:
    """Redacts single pictures as the house redacts stills: the detector's boxes, a closer look in tiles, face and plate detectors.

    ModelError when it is made and nothing here can redact (no model, a damaged one, `motion`): then there are no copies, and no upload is taken.
    """

    def __init__(self, detector: str = models.DEFAULT) -> None:
        open_redactor(detector)  # fails now or never
        self._name, self._detector = detector, open_detector(detector)
        self._said: dict[str, Any] = {"detector": detector, "adders": [type(adder).__name__ for adder in adders_here()]}

    def redacted(self, rgb: Pixels) -> RedactedPicture:
        """One picture, shrunk to MOST_SIDE_PX, with heads and plates filled. ModelError when the redactor withholds it."""
        fitted = _fitted(rgb, MOST_SIDE_PX)
        height_px, width_px = fitted.shape[:2]
        frame = RawFrame(_CAMERA, 0, 0, None, width_px, height_px, lambda w, h, form: _converted(fitted, w, h, form))
        redactor = open_redactor(self._name)
        redactor.see(frame, _nobody(), self._detector.detect(frame), rgb=fitted, is_still=True)
        pictures = redactor.close()
        if len(pictures) != 1:
            raise ModelError("redaction", "a picture was withheld", "a detector that looks at it")
        return pictures[0]

    def write(self, originals: Sequence[Pixels], to: Path, *, derived_from: str) -> RedactedMedia:
        """A JPEG of one picture, or a sheet of several; and what was filled, a line each."""
        pictures = [self.redacted(rgb) for rgb in originals]
        content = _jpeg(pictures)
        lines = [{"derived_from": derived_from} | self._said, *({"still": nth, "filled_ratio": picture.filled_ratio} for nth, picture in enumerate(pictures))]
        with new_file(to) as file:
            file.write(content)
        log = "".join(json.dumps(line, sort_keys=True) + "\n" for line in lines).encode()
        return RedactedMedia(to, COPY_TYPE, hashlib.sha256(content).hexdigest(), len(content), derived_from, log)


def _jpeg(pictures: Sequence[RedactedPicture]) -> bytes:
    for picture in pictures:
        if type(picture) is not RedactedPicture:
            raise TypeError(f"copy: a {type(picture).__name__} came; wanted a RedactedPicture: nothing else may be stored")
    sheet = pictures[0].rgb if len(pictures) == 1 else _sheet([_fitted(picture.rgb, _SHEET_SIDE_PX) for picture in pictures])
    is_done, content = cv2.imencode(".jpg", cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _JPEG_PERCENT])
    if not is_done:
        raise ModelError("copy", "OpenCV writes no JPEG", "an OpenCV that does")
    return content.tobytes()


def _sheet(stills: Sequence[Pixels]) -> Pixels:
    """Side by side, row by row, on black."""
    height_px, width_px = (max(still.shape[side] for still in stills) for side in (0, 1))
    rows_count = -(-len(stills) // _SHEET_COLUMNS_COUNT)
    sheet = np.zeros((rows_count * height_px, _SHEET_COLUMNS_COUNT * width_px, 3), np.uint8)
    for nth, still in enumerate(stills):
        top, left = nth // _SHEET_COLUMNS_COUNT * height_px, nth % _SHEET_COLUMNS_COUNT * width_px
        sheet[top : top + still.shape[0], left : left + still.shape[1]] = still
    return sheet


def _fitted(rgb: Pixels, most_side_px: int) -> Pixels:
    scale = most_side_px / max(rgb.shape[:2])
    if scale >= 1:
        return rgb
    size_px = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
    return np.asarray(cv2.resize(rgb, size_px, interpolation=cv2.INTER_AREA), np.uint8)


def _converted(rgb: Pixels, width_px: int, height_px: int, form: str) -> Pixels:
    scaled = rgb if rgb.shape[:2] == (height_px, width_px) else cv2.resize(rgb, (width_px, height_px), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(scaled, cv2.COLOR_RGB2GRAY) if form == "gray8" else scaled, np.uint8)


def _nobody() -> Tracked:
    """One picture has no tracks: what is seen in it is filled as it is found."""
    none, pairs = np.empty(0, np.int64), np.empty((0, 2), np.int64)
    no, codes, scores = np.empty(0, np.bool_), np.empty(0, np.uint8), np.empty(0, np.float32)
    return Tracked(0, none, np.empty((0, 4), np.float32), codes, no, no, scores, pairs, none)
