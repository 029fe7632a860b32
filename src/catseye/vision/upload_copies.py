"""Redacted copies of photographs: JPEGs made of `RedactedPicture`s and of nothing else."""

import hashlib
import json
from pathlib import Path

import cv2
import numpy as np

from catseye.core.arrays import Floats, Pixels
from catseye.core.detections import Tracked
from catseye.core.errors import ModelError
from catseye.core.picture import RawFrame, RedactedPicture
from catseye.core.sealed import RedactedMedia
from catseye.vision import models
from catseye.vision.detect.detector import open_detector
from catseye.vision.evidence.whole import new_file
from catseye.vision.evidence.written import STILL_TYPE, refuse_raw
from catseye.vision.in_cabin import shows_a_head
from catseye.vision.redact import Fill, blank
from catseye.vision.region_adders import FaceAdder, adders_here, open_redactor

MOST_SIDE_PX = 1920
_JPEG_PERCENT = 88
CAMERA = "upload"


class StillCopy:
    """Redacts single pictures as the house redacts stills: the detector's boxes, a closer look in tiles, face and plate detectors.

    ModelError when it is made and nothing here can redact (no model, a damaged one, `motion`): then there are no copies, and no upload is taken.
    """

    def __init__(self, detector: str = models.DEFAULT) -> None:
        open_redactor(detector)  # fails now or never
        self.detector, self._eye = detector, open_detector(detector)
        self._adders = [type(adder).__name__ for adder in adders_here()]

    def redacted(self, rgb: Pixels, *, is_in_cabin: bool = False) -> RedactedPicture:
        """One picture, shrunk to MOST_SIDE_PX, with heads and plates filled. ModelError when the redactor withholds it.

        `is_in_cabin`: it shows a driver, so that where no head was found all of it is filled.
        """
        fitted = _fitted(rgb, MOST_SIDE_PX)
        height_px, width_px = fitted.shape[:2]
        frame = RawFrame(CAMERA, 0, 0, None, width_px, height_px, lambda w, h, form: _converted(fitted, w, h, form))
        told: list[Fill] = []
        redactor = open_redactor(self.detector, log=lambda time_ns, fills: told.extend(fills))
        redactor.see(frame, _nobody(), self._eye.detect(frame), rgb=fitted, is_still=True)
        pictures = redactor.close()
        if len(pictures) != 1:
            raise ModelError("redaction", "a picture was withheld", "a detector that looks at it")
        if is_in_cabin and not shows_a_head(told, self._faces_px(fitted), (width_px, height_px)):
            return blank(CAMERA, width_px, height_px)
        return pictures[0]

    @staticmethod
    def _faces_px(rgb: Pixels) -> Floats | None:
        found = [adder(rgb) for adder in adders_here() if isinstance(adder, FaceAdder)]
        return np.concatenate(found) if found else None

    def write(self, original: Pixels, to: Path, *, derived_from: str, is_in_cabin: bool = False) -> RedactedMedia:
        """A JPEG at `to`, with how much of it was filled, and by whom it was looked at; `is_in_cabin` as in `redacted`."""
        picture = self.redacted(original, is_in_cabin=is_in_cabin)
        content = _jpeg(picture)
        line = {"derived_from": derived_from, "filled_ratio": picture.filled_ratio, "detector": self.detector, "adders": self._adders}
        with new_file(to) as file:
            file.write(content)
        log = (json.dumps(line, sort_keys=True) + "\n").encode()
        return RedactedMedia(to, STILL_TYPE, hashlib.sha256(content).hexdigest(), len(content), derived_from, log)


def _jpeg(picture: RedactedPicture) -> bytes:
    refuse_raw(picture)
    is_done, content = cv2.imencode(".jpg", cv2.cvtColor(picture.rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _JPEG_PERCENT])
    if not is_done:
        raise ModelError("copy", "OpenCV writes no JPEG", "an OpenCV that does")
    return content.tobytes()


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
