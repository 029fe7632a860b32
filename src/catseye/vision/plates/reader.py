"""`read(violation, ring, way, country=…)`: the clip around the violation, the violator's boxes in it, the one plate in each box, several frames voted."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from catseye.core.arrays import Floats, Pixels
from catseye.core.finding import Violation
from catseye.core.picture import RawFrame
from catseye.core.sealed import SealedMedia
from catseye.vision.evidence.cut import cut_clip
from catseye.vision.evidence.frames import MemoryVideo
from catseye.vision.evidence.seal import seal
from catseye.vision.plates import networks
from catseye.vision.plates.errors import PlateError, refuse_without_violation
from catseye.vision.plates.sockets import Character, PlateFinder, PlateText
from catseye.vision.plates.vote import voted
from catseye.vision.plates.way import Way
from catseye.vision.ring import PacketRing

CROP_TYPE = "image/png"


@dataclass(frozen=True, slots=True)
class Settings:
    """How carefully it reads. `around_s`: how long before and after the violation a plate may be looked for; `frames_count` looks are spread over that.

    `least_side_px`: smaller boxes of the vehicle are passed over; `found_score_ratio`: weaker plates are none; `least_votes_count` frames must agree on
    the number of characters; `sure_ratio`: below it, for a single character, there is no text.
    """

    around_s: float = 5.0
    frames_count: int = 12
    least_side_px: float = 40.0
    found_score_ratio: float = 0.3
    least_votes_count: int = 3
    sure_ratio: float = 0.9

    def __post_init__(self) -> None:
        """Refuse a reader that would believe anything."""
        if not 0 < self.around_s <= 30 or not 2 <= self.least_votes_count <= self.frames_count or not 0.8 <= self.sure_ratio <= 1:
            raise ValueError(f"{self}; wanted around_s in 0..30, 2 <= least_votes_count <= frames_count, sure_ratio in 0.8..1")


@dataclass(frozen=True, slots=True)
class FrameReading:
    """What one frame told. `plate_px` is in the main stream's pixels, None where no single plate was found; `said` is why, then.

    `time_ns` is on the source's axis. `crop` is a PNG of the violator's box: it may show faces, and leaves memory only sealed.
    """

    time_ns: int
    vehicle_px: tuple[int, int, int, int]
    plate_px: tuple[int, int, int, int] | None
    found_score_ratio: float | None
    characters: tuple[Character, ...]
    said: str
    crop_sha256: str
    crop: bytes = field(repr=False)

    @property
    def text(self) -> str:
        """As read in this frame alone."""
        return "".join(character.symbol for character in self.characters)


@dataclass(frozen=True, slots=True)
class PlateReading:
    """What the frames say together. `text` is None unless every character is sure; `needs_operator` then, and `why` says what was missing.

    `characters` are the voted ones, sure or not; `frames` are all that were used, with their own readings; `read_by` names models and their SHA-256.
    A text is the machine's suggestion: no case goes on before a person has confirmed it.
    """

    violation: str
    track: str
    country: str
    text: str | None
    characters: tuple[Character, ...]
    frames: tuple[FrameReading, ...]
    needs_operator: bool
    why: str
    read_by: dict[str, str]

    @property
    def facts(self) -> dict[str, Any]:
        """All but the crops, as plain JSON values: what a case may know of it."""
        told = asdict(self)
        for frame in told["frames"]:
            del frame["crop"]
        return told


def read(
    violation: Violation,
    ring: PacketRing,
    way: Way,
    *,
    country: str,
    settings: Settings | None = None,
    finder: PlateFinder | None = None,
    readers: Sequence[PlateText] | None = None,
) -> PlateReading:
    """Read the violator's plate, `way` being one of the violation's own tracks; `country` (ISO 3166-1 alpha-2) is whose plates drive there.

    PlateError: no violation, or the way of somebody else. EvidenceError: the ring is another camera's, or has forgotten. ModelError: no model, a damaged one.
    Where no model knows the country's plates nothing is read, and an operator is asked.
    """
    refuse_without_violation(violation)
    event, settings = violation.event, settings or Settings()
    where = f"plate for {event.kind} on {event.camera}"
    if way.track not in event.subjects:
        raise PlateError(where, f"the way of track {way.track}", f"that of {', '.join(event.subjects)}, who did it")
    if finder is None or readers is None:
        found = networks.opened()
        finder, readers = finder or found[0], found[1] if readers is None else readers
    reader = next((each for each in readers if each.country == country), None)
    clip = cut_clip(violation, ring, before_s=settings.around_s, after_s=settings.around_s)
    with MemoryVideo(clip.data, event.camera) as video:
        looks = _looks(video, clip.begin_ns, way, settings)
        frames = tuple(_read_frame(violation, time_ns, frame, box_px, finder, reader, settings) for time_ns, frame, box_px in looks)
    characters, votes_count = voted([frame.characters for frame in frames])
    why = _doubt(frames, characters, votes_count, country, reader, settings)
    return PlateReading(
        violation=event.id,
        track=way.track,
        country=country,
        text=None if why else "".join(character.symbol for character in characters),
        characters=characters,
        frames=frames,
        needs_operator=bool(why),
        why=why,
        read_by={each.name: each.sha256 for each in (finder, reader) if each is not None},
    )


def seal_crops(reading: PlateReading, folder: Path, name: str, recipients: Sequence[str]) -> tuple[SealedMedia, ...]:
    """Every frame's crop as `name-1.age`, … in `folder`, for the operator of the authority who types or confirms the plate."""
    return tuple(seal(frame.crop, folder / f"{name}-{number}.age", recipients, CROP_TYPE) for number, frame in enumerate(reading.frames, 1))


def prove() -> None:
    """Open all networks, each with its hash and self-test; reads nothing. ModelError when one is not right."""
    networks.opened()


def _looks(video: MemoryVideo, begin_ns: int, way: Way, settings: Settings) -> list[tuple[int, RawFrame, Floats]]:
    """The frames in which the violator is largest, one of each stretch of the way, so that they do not all repeat one another."""
    first_ns, last_ns = int(way.time_ns[0]), int(way.time_ns[-1])
    best: dict[int, tuple[float, int, RawFrame, Floats]] = {}
    for shown in video.shown():
        frame, time_ns = shown.frame, begin_ns + shown.frame.time_ns
        box_px = way.at(time_ns, (frame.width_px, frame.height_px))
        if box_px is None:
            continue
        box_px = np.clip(box_px, 0, (frame.width_px, frame.height_px) * 2)
        width_px, height_px = box_px[2:] - box_px[:2]
        stretch = (time_ns - first_ns) * settings.frames_count // (last_ns - first_ns + 1)
        area_px2 = float(width_px * height_px)
        if min(width_px, height_px) >= settings.least_side_px and area_px2 > best.get(stretch, (0.0,))[0]:
            best[stretch] = (area_px2, time_ns, frame, box_px)
    return [(time_ns, frame, box_px) for _, (_, time_ns, frame, box_px) in sorted(best.items())]


def _read_frame(
    violation: Violation, time_ns: int, frame: RawFrame, box_px: Floats, finder: PlateFinder, reader: PlateText | None, settings: Settings
) -> FrameReading:
    left, top, right, bottom = (int(value) for value in (*np.floor(box_px[:2]), *np.ceil(box_px[2:])))
    vehicle = np.ascontiguousarray(frame.rgb(frame.width_px, frame.height_px)[top:bottom, left:right])
    plate_px, score, said = _only_plate(*finder.find(vehicle), vehicle, settings)
    characters: tuple[Character, ...] = ()
    if plate_px is not None and reader is not None:
        at = plate_px
        characters = reader.characters(violation, np.ascontiguousarray(vehicle[at[1] : at[3], at[0] : at[2]]))
    crop = bytes(cv2.imencode(".png", cv2.cvtColor(vehicle, cv2.COLOR_RGB2BGR))[1])
    in_picture = None if plate_px is None else (left + plate_px[0], top + plate_px[1], left + plate_px[2], top + plate_px[3])
    return FrameReading(time_ns, (left, top, right, bottom), in_picture, score, characters, said, hashlib.sha256(crop).hexdigest(), crop)


def _only_plate(boxes_px: Floats, scores: Floats, vehicle: Pixels, settings: Settings) -> tuple[tuple[int, int, int, int] | None, float | None, str]:
    """The plate in the violator's box; none where there are two: one of them belongs to somebody who did nothing."""
    good = scores >= settings.found_score_ratio
    boxes_px, scores = boxes_px[good], scores[good]
    if not len(boxes_px):
        return None, None, "no plate was found in the vehicle's box"
    best = int(scores.argmax())
    if any(_are_apart(boxes_px[best], other) for other in boxes_px):
        return None, None, "two plates in the vehicle's box: nobody knows whose is whose"
    height, width = vehicle.shape[:2]
    edges = np.clip(np.concatenate([np.floor(boxes_px[best][:2]), np.ceil(boxes_px[best][2:])]), 0, (width, height, width, height)).astype(int)
    left, top, right, bottom = edges.tolist()
    if right - left < 2 or bottom - top < 2:
        return None, None, "no plate was found in the vehicle's box"
    return (left, top, right, bottom), float(scores[best]), ""


def _are_apart(one: Floats, other: Floats) -> bool:
    """The middle of neither lies in the other."""
    middles = [(box[:2] + box[2:]) / 2 for box in (one, other)]
    return not any(bool((box[:2] <= middle).all() and (middle <= box[2:]).all()) for box, middle in ((one, middles[1]), (other, middles[0])))


def _doubt(
    frames: Sequence[FrameReading], characters: tuple[Character, ...], votes_count: int, country: str, reader: PlateText | None, settings: Settings
) -> str:
    """Why the machine's reading cannot be taken; empty when it can."""
    read_count = sum(bool(frame.characters) for frame in frames)
    if not frames:
        return "the vehicle is nowhere large enough in the clip"
    if reader is None:
        return f"no model reads plates of {country!r}"
    if not read_count:
        return next((frame.said for frame in frames if frame.said), "nothing was read in any frame")
    if votes_count < settings.least_votes_count or 2 * votes_count <= read_count:
        return f"{votes_count} of {read_count} frames agree on how many characters there are; wanted {settings.least_votes_count} and more than half"
    if not reader.is_well_formed(tuple(character.symbol for character in characters)):
        return f"{''.join(character.symbol for character in characters)} is no plate of {country!r}"
    weakest = min(characters, key=lambda character: character.confidence_ratio)
    if weakest.confidence_ratio < settings.sure_ratio:
        place = characters.index(weakest) + 1
        return f"character {place} ({weakest.symbol}) is sure to {weakest.confidence_ratio:.2f}; wanted {settings.sure_ratio:.2f}"
    return ""
