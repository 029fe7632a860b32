"""What the published graphs say, worked out the plain way: float pictures made outside the graph, one box at a time, loops."""

import math
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np
import onnxruntime

from catseye.vision.detect.network import STRIDES
from catseye.vision.models import Model

Box = tuple[float, float, float, float, float, int]  # left, top, right, bottom, score, code


@cache
def session(path: Path) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def rows_of(path: Path, model: Model, rgb: np.ndarray) -> np.ndarray:
    """The road's columns of what the graph as published gives: one row a cell, small strides first."""
    picture = rgb.astype(np.float64) if model.layout == "rgb" else rgb[:, :, ::-1].astype(np.float64)
    normalised = (picture - np.array(model.mean)) / np.array(model.std)
    graph = session(path)
    given = graph.run(None, {graph.get_inputs()[0].name: normalised.transpose(2, 0, 1)[None].astype(np.float32)})
    classes = sorted(model.classes)
    if model.family == "yolox":
        (rows,) = given
        return np.asarray(rows[0][:, [0, 1, 2, 3, 4, *(5 + index for index in classes)]])
    scores = sorted((part[0] for part in given if part.shape[-1] == 80), key=len, reverse=True)
    bins = sorted((part[0] for part in given if part.shape[-1] == 32), key=len, reverse=True)
    return np.concatenate([np.concatenate(bins), np.concatenate(scores)[:, classes]], axis=1)


def boxes_of(rows: np.ndarray, model: Model, side_px: int, least: float) -> list[Box]:
    codes = [model.classes[index].code for index in sorted(model.classes)]
    found = []
    for row, (x_px, y_px, stride) in zip(rows.astype(float), _cells(model.family, side_px), strict=True):
        made = _yolox(row, x_px, y_px, stride) if model.family == "yolox" else _picodet(row, x_px, y_px, stride)
        *sides, scores = made
        best = max(range(len(codes)), key=lambda index: scores[index])
        if scores[best] >= least:
            found.append((*sides, scores[best], codes[best]))
    return found


def _cells(family: str, side_px: int) -> Iterator[tuple[float, float, int]]:
    for stride in STRIDES[family]:
        count = math.ceil(side_px / stride)
        for row in range(count):
            for column in range(count):
                yield column * stride, row * stride, stride


def _yolox(row: np.ndarray, x_px: float, y_px: float, stride: int) -> list[Any]:
    x, y = x_px + row[0] * stride, y_px + row[1] * stride
    width, height = math.exp(row[2]) * stride, math.exp(row[3]) * stride
    return [x - width / 2, y - height / 2, x + width / 2, y + height / 2, [row[4] * score for score in row[5:]]]


def _picodet(row: np.ndarray, x_px: float, y_px: float, stride: int) -> list[Any]:
    reach = []
    for side in range(4):
        weights = [math.exp(value) for value in row[8 * side : 8 * side + 8]]
        reach.append(stride * sum(index * weight for index, weight in enumerate(weights)) / sum(weights))
    x, y = x_px + stride / 2, y_px + stride / 2
    return [x - reach[0], y - reach[1], x + reach[2], y + reach[3], list(row[32:])]


def iou(a: Box, b: Box) -> float:
    shared = max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def greedy(boxes: list[Box], families: list[int], most: float, across: float, inside: float) -> list[int]:
    """Indices that survive, strongest first: the textbook's loop."""
    survivors: list[int] = []
    for index in sorted(range(len(boxes)), key=lambda index: -boxes[index][4]):
        a = boxes[index]
        for stronger in survivors:
            b = boxes[stronger]
            alike = families[index] == families[stronger]
            shared = max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
            smaller = min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))
            if iou(a, b) > (most if alike else across) or (alike and inside < 1 and shared > inside * smaller):
                break
        else:
            survivors.append(index)
    return survivors


def picture_of(clip: Path, index: int, side_px: int) -> np.ndarray:
    """One picture of a clip, squeezed into a square."""
    with av.open(str(clip)) as container:
        for at, frame in enumerate(container.decode(video=0)):
            if at == index:
                return np.ascontiguousarray(frame.to_ndarray(format="rgb24", width=side_px, height=side_px))
    raise IndexError(index)
