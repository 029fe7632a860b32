"""The networks of the manifest that find and read plates, on OpenVINO (the extra). Nothing outside this package may name the one that reads."""

from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import cv2
import numpy as np

from catseye.core.arrays import Doubles, Floats, Pixels
from catseye.core.errors import ModelError
from catseye.core.finding import Violation
from catseye.vision import models
from catseye.vision.detect import selftest
from catseye.vision.plates.errors import refuse_without_violation
from catseye.vision.plates.sockets import Character, PlateFinder, PlateText
from catseye.vision.region_adders import PLATES, PlateAdder

TEXT_CN = "plate-ocr-cn-0001-int8"
FAMILY = "plate-text"
_INPUT_PX = (94, 24)
_STEPS_COUNT, _BLANK = 88, 70
# The order of Open Model Zoo's license-plate-recognition-barrier-0001: digits, provinces by their English names, police, letters.
_PROVINCES = "皖京渝闽甘粤桂贵琼冀黑豫港鄂湘蒙苏赣吉辽澳宁青陕鲁沪晋川津藏新云浙"
_POLICE = "警"
SYMBOLS = (*"0123456789", *_PROVINCES, _POLICE, *"ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_OPENING = Lock()


class BarrierPlates:
    """The plate detector that redaction uses, asked for places and scores."""

    def __init__(self, path: Path) -> None:
        self.name, self.sha256 = PLATES, models.model_named(PLATES).sha256
        self._adder = PlateAdder(path)

    def find(self, rgb: Pixels) -> tuple[Floats, Floats]:
        """See `PlateFinder.find`."""
        return self._adder.found(rgb)


class ChinesePlates:
    """LPRNet of Open Model Zoo (Zherzdev & Gruzdev 2018): 88 steps along the plate, 70 symbols and a blank, trained on synthetic blue plates."""

    country = "CN"

    def __init__(self, path: Path) -> None:
        """Compile for one thread, and prove that it answers as the manifest says; `ModelError` otherwise."""
        try:
            import openvino
        except ImportError as fault:
            raise ModelError(f"model {TEXT_CN}", "OpenVINO is not installed", "the extra: pip install 'catseye[openvino]'") from fault
        self.model = models.model_named(TEXT_CN)
        self.name, self.sha256 = self.model.name, self.model.sha256
        core = openvino.Core()
        try:
            network = core.read_model(path)
            decoder = next(op for op in network.get_ops() if op.get_type_name() == "CTCGreedyDecoder")
            network.add_outputs([decoder.input_value(0)])  # the decoder itself tells no confidence
            compiled: Any = core.compile_model(network, "CPU", {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1})
        except (RuntimeError, StopIteration) as fault:
            raise ModelError(str(path), "OpenVINO cannot read it as LPRNet", "the file the manifest names") from fault
        self._request: Any = compiled.create_infer_request()
        self._alone = Lock()
        selftest.check(self)

    def characters(self, violation: Violation, rgb: Pixels) -> tuple[Character, ...]:
        """See `PlateText.characters`; PlateError without a violation."""
        refuse_without_violation(violation)
        rows = self.rows(rgb).astype(np.float64)
        likely = np.exp(rows - rows.max(axis=1, keepdims=True))
        return decoded(likely / likely.sum(axis=1, keepdims=True))

    def is_well_formed(self, symbols: tuple[str, ...]) -> bool:
        """GA 36-2018: a province, a letter, five digits or letters (six on new-energy plates); I and O are not used."""
        body = symbols[1:]
        return len(symbols) in (7, 8) and symbols[0] in _PROVINCES and body[0].isalpha() and all(len(each) == 1 and each in _BODY for each in body)

    def rows(self, rgb: Pixels) -> Floats:
        """The raw answer (88, 71); for the self-test."""
        small = cv2.resize(rgb, _INPUT_PX, interpolation=cv2.INTER_AREA)
        given = {"data": small[None, :, :, ::-1].transpose(0, 3, 1, 2).astype(np.float32), "seq_ind": np.ones((_STEPS_COUNT, 1), np.float32)}
        with self._alone:
            return np.array(self._request.infer(given)[1], np.float32).reshape(_STEPS_COUNT, _BLANK + 1)


_BODY = frozenset("0123456789ABCDEFGHJKLMNPQRSTUVWXYZ")


def decoded(likely: Doubles) -> tuple[Character, ...]:
    """Best path of connectionist temporal classification (Graves 2006): runs of one symbol are one, blanks part them; sure as at the run's surest step."""
    best = likely.argmax(axis=1)
    found: list[Character] = []
    for step, symbol in enumerate(best.tolist()):
        if symbol == _BLANK:
            continue
        sure = float(likely[step, symbol])
        if step and best[step - 1] == symbol:
            found[-1] = Character(SYMBOLS[symbol], max(sure, found[-1].confidence_ratio))
        else:
            found.append(Character(SYMBOLS[symbol], sure))
    return tuple(found)


@cache
def _opened(folders: tuple[Path, ...]) -> tuple[PlateFinder, tuple[PlateText, ...]]:
    del folders  # where the weights are looked for: another place, another network
    return BarrierPlates(models.locate(PLATES)[0]), (ChinesePlates(models.locate(TEXT_CN)[0]),)


def opened() -> tuple[PlateFinder, tuple[PlateText, ...]]:
    """The finder, and every reader there is, once a process. ModelError says what is missing or damaged."""
    with _OPENING:
        return _opened(tuple(models.folders()))
