"""The redacted copy of a clip, for everybody with a grant: every frame goes through the house's redactor, or is a solid picture. And stills of it.

The original is read from memory, and nothing of it is written: pictures reach the disk as `RedactedPicture`s only. With them goes the redaction log.
"""

import hashlib
import json
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np

from catseye.core.arrays import Floats
from catseye.core.detections import Detections, Tracked
from catseye.core.finding import Violation
from catseye.core.picture import RawFrame, RedactedPicture
from catseye.core.sealed import RedactedMedia
from catseye.core.time import NS_PER_S, Stamp
from catseye.vision import models
from catseye.vision.detect.detector import open_detector
from catseye.vision.evidence.cut import Clip
from catseye.vision.evidence.errors import EvidenceError
from catseye.vision.evidence.frames import MemoryVideo
from catseye.vision.evidence.whole import disk_faults, new_file
from catseye.vision.evidence.written import STILL_TYPE, VIDEO_TYPE, CopyVideo, still_jpeg
from catseye.vision.foreground import Foreground, ForegroundSettings
from catseye.vision.in_cabin import shows_a_head
from catseye.vision.redact import FOLLOWED, Fill, RedactionSettings, blank
from catseye.vision.region_adders import FACES, PLATES, FaceAdder, adders_here, open_redactor
from catseye.vision.tracker import Tracker
from catseye.vision.witness import Witness

ANALYSED_FPS = 8.0
MOST_SIDE_PX = 1920
MOST_S = 600.0
# A copy shows more than a preview, so that more is looked at: benchmarks/evidence.py counts what is left.
SWEPT_WIDTH_PX, SWEPT_SCALES_RATIO, SWEPT_EVERY_S = 1280, (1.0, 0.5), 1.5
# Its pictures are up to three times as wide as a preview, so that what moves can be read in a ninth of the share.
FOREGROUND_WIDTH_PX, MOVEMENT_RATIO = 640, 0.00003
WITHHELD = "withheld"
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class RedactedCopy:
    """What came of one original. `stills` in the order they were asked for; `withheld_count` frames are solid, since no look was near enough to them.

    `notes` are sentences a reader should know.
    """

    media: RedactedMedia
    stills: tuple[RedactedMedia, ...]
    frames_count: int
    withheld_count: int
    notes: tuple[str, ...] = ()


class Marked(Protocol):
    """Somebody who is pointed out in stills; `at` gives the box at a time of the source's axis in a picture of that size, None where nobody knows it."""

    @property
    def track(self) -> str:
        """Who."""
        ...

    def at(self, time_ns: int, size_px: tuple[int, int]) -> Floats | None:
        """Left, top, right, bottom."""
        ...


Marks = Callable[[int, tuple[int, int]], Sequence[Floats]]
"""Boxes to be pointed out at a time of the clip's own, in a picture of a size; the first is whoever did it."""


@dataclass(frozen=True, slots=True)
class _Awaited:
    """A frame whose picture is still with the redactor; `stills` are the places it has among those asked for."""

    index: int
    time_ns: int
    when: Stamp | None
    stills: tuple[int, ...]


def clip_copy(
    violation: Violation, clip: Clip, to: Path, *, detector: str = models.DEFAULT, around_s: float = 1.0, ways: Sequence[Marked] = ()
) -> RedactedCopy:
    """The redacted copy of a violation's clip at `to`, and three stills beside it: `around_s` before it, at it, and `around_s` after its end.

    `ways` of the violation's own subjects: brackets are drawn around them in the stills, on top of all that is filled. EvidenceError for anybody else's.
    """
    event = violation.event
    if strangers := sorted({way.track for way in ways} - {*event.subjects}):
        raise EvidenceError(f"evidence of {event.kind} on {event.camera}", f"the way of track {', '.join(strangers)}", "those of its own subjects")
    chosen = sorted(ways, key=lambda way: event.subjects.index(way.track))

    def marks(time_ns: int, size_px: tuple[int, int]) -> Sequence[Floats]:
        return [box_px for way in chosen if (box_px := way.at(clip.begin_ns + time_ns, size_px)) is not None]

    if clip.camera != event.camera:
        raise EvidenceError(f"evidence of {event.kind} on {event.camera}", f"a clip of {clip.camera}", f"a clip of {event.camera}")
    around_ns = round(around_s * NS_PER_S)
    wanted_ns = [time_ns - clip.begin_ns for time_ns in (event.time_ns - around_ns, event.time_ns, event.end_time_ns + around_ns)]
    start = event.when.plus_ns(clip.begin_ns - event.time_ns) if event.when else None
    return redacted_copy(clip.data, to, camera=event.camera, detector=detector, start=start, stills_ns=wanted_ns, marks=marks)


def redacted_copy(
    original: bytes | BinaryIO,
    to: Path,
    *,
    camera: str,
    detector: str = models.DEFAULT,
    start: Stamp | None = None,
    stills_ns: Sequence[int] = (),
    most_side_px: int = MOST_SIDE_PX,
    most_s: float = MOST_S,
    analysed_fps: float = ANALYSED_FPS,
    marks: Marks = lambda time_ns, size_px: (),
    is_in_cabin: bool = False,
) -> RedactedCopy:
    """An MP4 at `to` of all that can be decoded of `original`, and JPEGs beside it of the first frames at or after `stills_ns` of its own time.

    `start` is the wall clock of its first frame: it is burnt into the stills. Pictures are shrunk to at most `most_side_px`, never enlarged.
    `is_in_cabin`: it shows a driver; frames in which no head was found are solid.
    ModelError: nothing here can redact (no model, a damaged one, `motion`). EvidenceError: no video, or one longer than `most_s`.
    StoreError: the disk. After any error nothing is left behind.
    """
    redactor_log: list[tuple[int, Sequence[Fill]]] = []
    eyes = _Eyes(detector, redactor_log, analysed_fps)
    derived_from = _sha256(original)
    names = [to.with_name(f"{to.stem}-still-{number}.jpg") for number in range(1, len(stills_ns) + 1)]
    written: list[Path] = []
    try:
        with ExitStack() as files, MemoryVideo(original, camera, start) as video:
            size_px = _fitted(video.size_px, most_side_px)
            file, *stills = [_begun(files, name, written) for name in (to, *names)]
            made = _Making(video, eyes, CopyVideo(file, size_px, video.nominal_fps), size_px, stills_ns, redactor_log, most_s, marks, is_in_cabin=is_in_cabin)
            with disk_faults(to):
                made.run()
            for place, still in enumerate(stills):
                still.write(made.jpegs[place])
            head = _line({"derived_from": derived_from, "width_px": size_px[0], "height_px": size_px[1]} | eyes.described())
            media = _media(to, VIDEO_TYPE, _read(file), derived_from, [head, *made.lines])
            kept = [_media(name, STILL_TYPE, made.jpegs[place], derived_from, [head, made.still_lines[place]]) for place, name in enumerate(names)]
    except BaseException:  # Ctrl-C too: a copy without its stills is half of what was asked for
        for path in written:
            path.unlink(missing_ok=True)
        raise
    notes = (["the video breaks off before its end"] if video.is_broken_off else []) + (
        [
            f"{made.withheld_count} of {made.frames_count} frames are solid: "
            + ("no head was found in them" if is_in_cabin else "no look was near enough to them")
        ]
        if made.withheld_count
        else []
    )
    return RedactedCopy(media, tuple(kept), made.frames_count, made.withheld_count, tuple(notes))


def _begun(files: ExitStack, name: Path, written: list[Path]) -> BinaryIO:
    file = files.enter_context(new_file(name))
    written.append(name)
    return file


class _Eyes:
    """All that looks at a frame before it may be shown: the network a few times a second, what moves, and who was followed."""

    def __init__(self, detector: str, told: list[tuple[int, Sequence[Fill]]], analysed_fps: float) -> None:
        self._name, self._step_ns, self._fps = detector, round(NS_PER_S / analysed_fps), analysed_fps
        self.settings = RedactionSettings(sweep_width_px=SWEPT_WIDTH_PX, sweep_every_s=SWEPT_EVERY_S, movement_ratio=MOVEMENT_RATIO)
        self.redactor = open_redactor(detector, self.settings, log=lambda time_ns, fills: told.append((time_ns, fills)), sweep_scales_ratio=SWEPT_SCALES_RATIO)
        foreground = Foreground(ForegroundSettings(width_px=FOREGROUND_WIDTH_PX))
        self._detector, self._foreground, self._tracker, self._witness = open_detector(detector), foreground, Tracker(), Witness()
        self._due_ns = 0

    def for_pictures(self, most_count: int) -> None:
        """Have room for so many pictures that wait."""
        self.settings = replace(self.settings, waiting_max_count=max(self.settings.waiting_max_count, most_count))
        self.redactor.settings = self.settings

    def see(self, frame: RawFrame, rgb: Any, *, is_still: bool, is_last: bool) -> list[RedactedPicture]:
        tracked: Tracked | None = None
        detections: Detections | None = None
        mask = None
        if frame.time_ns >= self._due_ns or is_still or is_last:
            self._due_ns = frame.time_ns + self._step_ns
            mask = self._foreground.see(frame)
            found = self._detector.detect(frame)
            heard = self._witness.hear(frame, self._foreground.bodies, found)
            tracked, detections = self._tracker.update(frame.time_ns, heard), found.with_more(heard)
            tracked = replace(tracked, sure=self._witness.vet(tracked))
            self._foreground.hold(tracked.box_px[tracked.sure], frame.width_px, frame.height_px)
        return self.redactor.see(frame, tracked, detections, foreground=mask, rgb=rgb, is_still=is_still)

    def described(self) -> dict[str, Any]:
        """For the head of the redaction log: who looked, in which version."""
        model = models.model_named(self._name)
        adders = [FACES if isinstance(adder, FaceAdder) else PLATES for adder in adders_here()]
        return {
            "redactor": f"catseye {version('catseye')}",
            "detector": model.name,
            "detector_sha256": model.sha256,
            "analysed_fps": self._fps,
            "adders_of_stills": {name: models.model_named(name).sha256 for name in adders},
            "settings": asdict(self.settings),
        }


class _Making:
    """One run over an original: frames in, pictures out in the same order, none left out."""

    def __init__(
        self,
        video: MemoryVideo,
        eyes: _Eyes,
        out: CopyVideo,
        size_px: tuple[int, int],
        stills_ns: Sequence[int],
        told: list[tuple[int, Sequence[Fill]]],
        most_s: float,
        marks: Marks,
        *,
        is_in_cabin: bool,
    ) -> None:
        self._marks, self._is_in_cabin = marks, is_in_cabin
        self.frames_count = self.withheld_count = 0
        self.lines: list[bytes] = []
        self.jpegs: dict[int, bytes] = {}
        self.still_lines: dict[int, bytes] = {}
        self._video, self._eyes, self._out, self._size_px, self._told = video, eyes, out, size_px, told
        self._unmet = sorted(range(len(stills_ns)), key=lambda place: stills_ns[place])
        self._stills_ns, self._most_s = stills_ns, most_s
        self._awaited: deque[_Awaited] = deque()

    def run(self) -> None:
        settings = self._eyes.settings
        self._eyes.for_pictures(2 + int(float(self._video.nominal_fps) * (settings.delay_s + 2 / ANALYSED_FPS)))
        for shown in self._video.shown():
            frame = shown.frame
            if frame.time_ns > self._most_s * NS_PER_S:
                raise EvidenceError(f"video of {frame.camera}", f"longer than {self._most_s:g} s", "the part in which it happened")
            met = self._met(frame.time_ns, is_last=shown.is_last)
            self._awaited.append(_Awaited(frame.index, frame.time_ns, frame.when, met))
            self._show(self._eyes.see(frame, frame.rgb(*self._size_px), is_still=bool(met), is_last=shown.is_last))
        self._show(self._eyes.redactor.close())
        while self._awaited:
            self._withhold(self._awaited.popleft())
        self._out.close()

    def _met(self, time_ns: int, *, is_last: bool) -> tuple[int, ...]:
        """Which of the stills this frame is."""
        met = tuple(place for place in self._unmet if is_last or self._stills_ns[place] <= time_ns)
        self._unmet = [place for place in self._unmet if place not in met]
        return met

    def _show(self, safe: Sequence[RedactedPicture]) -> None:
        for picture in safe:
            while self._awaited and self._awaited[0].time_ns < picture.time_ns:
                self._withhold(self._awaited.popleft())
            awaited = self._awaited.popleft()
            fills = self._told.pop(0)[1]
            if self._is_in_cabin and not shows_a_head(fills, None, self._size_px):
                self._withhold(awaited)
                continue
            self._emit(awaited, picture, {"fills": _rows(fills, self._size_px)})

    def _withhold(self, awaited: _Awaited) -> None:
        """Nothing was seen near this frame (or no driver, in a cab), so it may show anything: it is solid."""
        self.withheld_count += 1
        self._emit(awaited, replace(blank(self._video.camera, *self._size_px), time_ns=awaited.time_ns), {WITHHELD: True, "fills": []})

    def _emit(self, awaited: _Awaited, picture: RedactedPicture, facts: dict[str, Any]) -> None:
        said = {"frame": awaited.index, "time_ns": awaited.time_ns} | facts
        self._out.write(picture)
        self.lines.append(_line(said))
        self.frames_count += 1
        if awaited.stills:
            marked_px = self._marks(awaited.time_ns, self._size_px)
            jpeg = still_jpeg(picture, overlay(self._video.camera, awaited.index, awaited.time_ns, awaited.when), marked_px)
            line = _line(said | {"marked": [np.rint(box_px).astype(int).tolist() for box_px in marked_px]})
            for place in awaited.stills:
                self.jpegs[place], self.still_lines[place] = jpeg, line


def overlay(camera: str, index: int, time_ns: int, when: Stamp | None) -> str:
    """What is burnt under a still: the time in UTC with its doubt, or the clip's own where nothing tells the wall clock.

    >>> overlay("cam-1", 12, 480_000_000, Stamp(1_664_095_320_000_000_000, 12.0))
    '2022-09-25 08:42:00.000 UTC +/- 12 ms | cam-1 | frame 12'
    >>> overlay("cam-1", 12, 480_000_000, None)
    'no wall clock, 0.480 s into the clip | cam-1 | frame 12'
    """
    said = (
        f"{when.iso().replace('T', ' ').removesuffix('Z')} UTC +/- {when.doubt_ms:.0f} ms"
        if when
        else f"no wall clock, {time_ns / NS_PER_S:.3f} s into the clip"
    )
    return f"{said} | {camera} | frame {index}".encode("ascii", "replace").decode()


def _rows(fills: Sequence[Fill], size_px: tuple[int, int]) -> list[dict[str, Any]]:
    """Regions in whole pixels, rounded outwards as they are filled; a box that is nowhere fills everything.

    One that lies within another of the same reason is left out: several looks at one road user need not be told several times.
    """
    if not fills:
        return []
    box_px = np.array([fill.box_px for fill in fills])
    edges = np.concatenate([np.floor(box_px[:, :2]), np.ceil(box_px[:, 2:])], axis=1)
    edges = np.clip(np.where(np.isnan(edges), (0, 0, *size_px), edges), 0, (*size_px, *size_px)).astype(np.int16)
    words = sorted({fill.why for fill in fills})
    why = np.array([words.index(fill.why) for fill in fills], np.int16)
    left, top, right, bottom = edges.T
    within = (left[:, None] >= left) & (top[:, None] >= top) & (right[:, None] <= right) & (bottom[:, None] <= bottom) & (why[:, None] == why)
    is_twin = within & within.T
    inside = (within & ~is_twin | np.tril(is_twin, k=-1)).any(axis=1)
    return [_row(fills[index], edges[index].tolist()) for index in np.flatnonzero(~inside).tolist()]


def _row(fill: Fill, box_px: list[int]) -> dict[str, Any]:
    if not fill.user:
        return {"box_px": box_px, "why": fill.why}
    row: dict[str, Any] = {"box_px": box_px, "why": fill.why, "user": fill.user, "how": fill.how}
    if fill.how == FOLLOWED:
        row["interpolated"] = True
    return row if fill.score_ratio is None else row | {"score": round(fill.score_ratio, 3)}


def _fitted(size_px: tuple[int, int], most_px: int) -> tuple[int, int]:
    """The same shape, the longer side at most `most_px`, both even: H.264 halves its colours."""
    scale = min(1.0, most_px / max(size_px))
    return max(2, int(size_px[0] * scale + 0.5) // 2 * 2), max(2, int(size_px[1] * scale + 0.5) // 2 * 2)


def _sha256(original: bytes | BinaryIO) -> str:
    """Of all of it; a file is left at its beginning."""
    if isinstance(original, bytes):
        return hashlib.sha256(original).hexdigest()
    original.seek(0)
    digest = hashlib.sha256()
    while chunk := original.read(_CHUNK_BYTES):
        digest.update(chunk)
    original.seek(0)
    return digest.hexdigest()


def _read(file: BinaryIO) -> BinaryIO:
    file.flush()
    file.seek(0)
    return file


def _line(facts: dict[str, Any]) -> bytes:
    return json.dumps(facts, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def _media(path: Path, media_type: str, content: bytes | BinaryIO, derived_from: str, lines: Sequence[bytes]) -> RedactedMedia:
    whole = BytesIO(content) if isinstance(content, bytes) else content
    size_bytes = whole.seek(0, 2)
    return RedactedMedia(path, media_type, _sha256(whole), size_bytes, derived_from, b"".join(lines))
