"""The site file: read, checked, and every fault told with its line. A bare video on the command line is a site too."""

import hashlib
import itertools
import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from catseye.core.errors import SiteError
from catseye.core.secrets import is_url
from catseye.station.references import resolved
from catseye.station.rule_keys import nearest
from catseye.station.site_faults import option_fault, shown, site_fault, where
from catseye.station.site_tables import ANALYSED_FPS, DETECTOR, Camera, Document, Evidence, Fleet, Line
from catseye.station.toml_lines import KeyPath, lines_of_keys
from catseye.vault.kept_for import KeptFor

__all__ = ["ANALYSED_FPS", "DETECTOR", "Camera", "Line", "Site", "default_line", "is_url", "line_of_text", "line_reach", "load_site", "site_of_video"]

Ends: TypeAlias = tuple[tuple[float, float], tuple[float, float]]

_LARGEST_BYTES = 4 << 20  # a site of a thousand cameras is a tenth of this; a film handed over by mistake is more
_OPTIONS = {"source": "--source", "detector": "--detector", "analysed_fps": "--analysed-fps", "line": "--line"}


@dataclass(frozen=True, slots=True)
class Site:
    """A valid site. `name` is what messages call it: the file as given, or the video.

    `folder` is what relative paths are relative to; `line_numbers` tells where each key stood in the file;
    `keys` is the folder of the keys (None: in the vault's own), `retention` how long what is kept;
    `wants_default_line`: a bare video without --line, counted over a line across its middle (`default_line`).
    """

    id: str
    timezone: str | None
    cameras: tuple[Camera, ...]
    name: str
    folder: Path
    wants_default_line: bool = False
    line_numbers: Mapping[KeyPath, int] = field(default_factory=dict, repr=False, compare=False)
    database: str | None = None
    evidence: Evidence | None = None
    keys: Path | None = None
    retention: KeptFor = KeptFor()  # noqa: RUF009 - frozen
    fleet: Fleet | None = None

    @property
    def database_url(self) -> str:
        """Of the PostgreSQL database that events and crossings go to; empty: they stay in the vault's folder. It may hold a secret: never show it."""
        return resolved(self.database, self.folder, self.where("site", "database"), "database") if self.database else ""

    @property
    def hash(self) -> str:
        """SHA-256 of what the site says, hex: comments, order of keys and defaults spelled out do not change it; secrets are not in it."""
        cameras = [camera.model_dump(mode="json", by_alias=True, exclude_defaults=True) for camera in self.cameras]
        said: dict[str, Any] = {"site": {"id": self.id, "timezone": self.timezone}, "camera": cameras}
        if self.evidence is not None:
            said["evidence"] = self.evidence.model_dump(mode="json", exclude_defaults=True)
        return hashlib.sha256(json.dumps(said, sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    def camera_named(self, camera: str | None) -> Camera:
        """The camera of that id, or the only one; SiteError when there is none, or no only one."""
        ids = tuple(each.id for each in self.cameras)
        if camera is None and len(ids) > 1:
            raise SiteError(self.name, f"{len(ids)} cameras ({', '.join(ids[:5])}{', …' if len(ids) > 5 else ''})", "--camera with one of their ids")
        if not ids:
            raise SiteError(self.name, "no [[camera]]", "one [[camera]] or more")
        if camera is not None and camera not in ids:
            raise SiteError("--camera", f"{self.name} has no camera {shown(camera)}", nearest(camera, ids))
        return self.cameras[ids.index(camera) if camera is not None else 0]

    def source_of(self, camera: Camera) -> str:
        """What to open: a URL, or a path resolved against the site's folder. It may hold a secret: never show it; show `camera.source`."""
        where = self.where("camera", self.cameras.index(camera), "source")
        if camera.source is None:
            raise SiteError(where, f"[[camera]] {camera.id} has no source", 'source = "…" in the site file, or --source')
        source = resolved(camera.source, self.folder, where)
        return source if is_url(source) else str(self.folder / Path(source).expanduser())

    def with_options(
        self,
        *,
        camera: str | None = None,
        source: str | None = None,
        detector: str | None = None,
        analysed_fps: float | None = None,
        lines: Sequence[Line] = (),
    ) -> "Site":
        """The site as the command line changes it.

        `detector` and `analysed_fps` hold for the chosen camera, or for all; `source` (a path is relative to here) and `lines` need one camera.
        A new source says nothing of when its clip began, so `start` goes; lines are added, under the next free `line-N`.
        """
        chosen = (self.camera_named(camera),) if camera is not None or source is not None or lines else self.cameras
        changes: dict[str, Any] = {}
        if source is not None:
            changes |= {"source": source if is_url(source) or source.startswith("${") else str(Path(source).absolute()), "start": None}
        if detector is not None:
            changes["detector"] = detector
        if analysed_fps is not None:
            changes["analysed_fps"] = analysed_fps
        if not changes and not lines:
            return self
        changed = tuple(_changed(each, changes, lines) if each in chosen else each for each in self.cameras)
        return replace(self, cameras=changed, wants_default_line=self.wants_default_line and not lines)

    def where(self, *path: str | int) -> str:
        """`file:line` of a key, or of the nearest table around it that stands in the file."""
        return where(self.name, self.line_numbers, path)

    def refuse_lines_outside(self, camera: Camera, width_px: int, height_px: int) -> None:
        """SiteError at the first line of `camera` that touches nothing of a picture of this size."""
        for index, line in enumerate(camera.lines):
            if line.px and line_reach(line.px, width_px, height_px) == "outside":
                where = self.where("camera", self.cameras.index(camera), "line", index, "px")
                raise SiteError(where, f"line {line.id} {shown(line.px)} is outside the picture", f"a line within {width_px}×{height_px} pixels")

    def refuse_signals_outside(self, camera: Camera, width_px: int, height_px: int) -> None:
        """SiteError at the first signal of `camera` whose lamps do not lie whole in a picture of this size."""
        for index, signal in enumerate(camera.signals):
            for key in ("lamp_px", "head_px"):
                box_px = getattr(signal, key)
                if box_px and not (box_px[0] >= 0 <= box_px[1] and box_px[2] <= width_px and box_px[3] <= height_px):
                    where = self.where("camera", self.cameras.index(camera), "signal", index, key)
                    raise SiteError(
                        where, f"signal {signal.id} {key} = {shown(box_px)} is not inside the picture", f"a box within {width_px}×{height_px} pixels"
                    )

    def refuse_other_detectors(self, known: Sequence[str], spoken: str | None = None) -> None:
        """SiteError at the first camera whose detector is none of `known`; `spoken` is the option that named it."""
        for index, camera in enumerate(self.cameras):
            if camera.detector not in known:
                where = spoken or self.where("camera", index, "detector")
                raise SiteError(where, f"no detector is called {shown(camera.detector)}", nearest(camera.detector, tuple(known)))


def load_site(path: str | Path) -> Site:
    """Read a site file; SiteError says the file, the line, what stands there and what was wanted."""
    name = str(path)
    text = _text(name, Path(path))
    table = _parsed(name, text)
    numbers = lines_of_keys(text)
    _add_sections(name, table, numbers, Path(path).absolute().parent)
    try:
        document = Document.model_validate(_frozen(table))
    except ValidationError as faults:
        raise site_fault(name, table, numbers, faults) from None
    return _site(document, name, Path(path).absolute().parent, numbers)


def _add_sections(name: str, table: Mapping[str, Any], numbers: Mapping[KeyPath, int], folder: Path) -> None:
    """Lines that a camera takes from another tool's file, after its own."""
    cameras = table.get("camera")
    for index, camera in enumerate(cameras if isinstance(cameras, list) else []):
        if isinstance(camera, dict) and isinstance(file := camera.get("sections"), str) and isinstance(lines := camera.setdefault("line", []), list):
            from catseye.station.trajectories.opentrafficcam import lines_of_otflow

            lines += lines_of_otflow(folder / Path(file).expanduser(), where(name, numbers, ("camera", index, "sections")))


def site_of_video(
    location: str,
    *,
    lines: Sequence[Line] = (),
    detector: str = DETECTOR,
    analysed_fps: float = ANALYSED_FPS,
) -> Site:
    """The site that a bare video or URL stands for: camera `cam-1`, lines `line-1`, `line-2`, …"""
    table = {"id": "cam-1", "source": location, "detector": detector, "analysed_fps": analysed_fps, "lines": tuple(lines)}
    camera = _camera(table, _OPTIONS | {"source": "VIDEO"})
    return Site("video", None, (camera,), location, Path.cwd(), wants_default_line=not lines)


def line_of_text(text: str, index: int) -> Line:
    """`x1,y1,x2,y2` of the command line as `line-<index>`; SiteError when it is none.

    >>> line_of_text("0,150,640,150", 1).px
    ((0.0, 150.0), (640.0, 150.0))
    """
    try:
        x1, y1, x2, y2 = (float(part) for part in text.split(","))
        return Line.model_validate({"id": f"line-{index}", "px": ((x1, y1), (x2, y2))})
    except ValueError:  # a ValidationError is one
        raise SiteError("--line", shown(text), "x1,y1,x2,y2: two different points in pixels") from None


def default_line(width_px: int, height_px: int) -> Line:
    """`line-1`, level, left to right across the middle of the picture: *forward* is downward.

    >>> default_line(640, 360).px
    ((0.0, 180.0), (640.0, 180.0))
    """
    middle_px = height_px / 2
    return Line(id="line-1", px=((0.0, middle_px), (float(width_px), middle_px)))


def line_reach(ends_px: Ends, width_px: int, height_px: int) -> Literal["inside", "partly outside", "outside"]:
    """Where a line lies, held against a picture of that size; its edges belong to it.

    >>> line_reach(((0, 150), (640, 150)), 640, 360), line_reach(((0, 150), (1280, 150)), 640, 360), line_reach(((0, 400), (640, 400)), 640, 360)
    ('inside', 'partly outside', 'outside')
    """
    if all(0 <= x <= width_px and 0 <= y <= height_px for x, y in ends_px):
        return "inside"
    return "partly outside" if _touches(ends_px, width_px, height_px) else "outside"


def _touches(ends_px: Ends, width_px: int, height_px: int) -> bool:
    """Whether any of the line lies in the picture (Liang and Barsky's clipping)."""
    (x1, y1), (x2, y2) = ends_px
    enter, leave = 0.0, 1.0
    for step, room in ((x1 - x2, x1), (x2 - x1, width_px - x1), (y1 - y2, y1), (y2 - y1, height_px - y1)):
        if step == 0 and room < 0:
            return False
        if step < 0:
            enter = max(enter, room / step)
        elif step > 0:
            leave = min(leave, room / step)
    return enter <= leave


def _site(document: Document, name: str, folder: Path, numbers: Mapping[KeyPath, int]) -> Site:
    zone, said = document.site.timezone, document.site
    return Site(
        said.id,
        zone,
        tuple(_in_zone(camera, zone) for camera in document.camera),
        name,
        folder,
        line_numbers=numbers,
        database=said.database,
        keys=folder / Path(said.keys).expanduser() if said.keys else None,
        evidence=document.evidence,
        fleet=document.fleet,
        retention=KeptFor(**document.retention.model_dump()),
    )


def _in_zone(camera: Camera, zone: str | None) -> Camera:
    """A local `start` gets the site's zone; the document has seen to it that there is one."""
    if zone is None or camera.start is None or camera.start.tzinfo is not None:
        return camera
    return camera.model_copy(update={"start": camera.start.replace(tzinfo=ZoneInfo(zone))})


def _changed(camera: Camera, changes: Mapping[str, Any], lines: Sequence[Line]) -> Camera:
    free = (name for name in map("line-{}".format, itertools.count(1)) if name not in camera.line_ids)
    table = dict(camera) | dict(changes) | {"lines": (*camera.lines, *(line.model_copy(update={"id": next(free)}) for line in lines))}
    return _camera(table, _OPTIONS)


def _camera(table: Mapping[str, Any], options: Mapping[str, str]) -> Camera:
    try:
        return Camera.model_validate(table, by_name=True, by_alias=False)
    except ValidationError as faults:
        raise option_fault(options, table, faults) from None


def _text(name: str, path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(_LARGEST_BYTES + 1)
    except FileNotFoundError:
        raise SiteError(name, "no such file", "a site file") from None
    except IsADirectoryError:
        raise SiteError(name, "a directory", "a site file") from None
    except (OSError, ValueError) as fault:  # ValueError: a zero byte in the path
        raise SiteError(name, getattr(fault, "strerror", None) or "not a path", "a readable site file") from fault
    if len(raw) > _LARGEST_BYTES:
        raise SiteError(name, f"larger than {_LARGEST_BYTES >> 20} MiB", "a site file (TOML)")
    try:
        text = raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as fault:
        line = raw.count(b"\n", 0, fault.start) + 1
        raise SiteError(f"{name}:{line}", "not UTF-8 text", "a site file (TOML)") from None
    if not text.strip():
        raise SiteError(name, "an empty file", "[site], then one [[camera]] or more")
    return text


def _parsed(name: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        at = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", str(fault))
        line = at[1] if at and at[1] else len(text.splitlines())
        column = f", column {at[2]}" if at and at[1] else ""
        raise SiteError(f"{name}:{line}", f"not TOML: {str(fault)[: at.start()] if at else fault}{column}", "TOML") from None
    except ValueError:
        raise SiteError(name, "a number of thousands of digits", "a site file") from None
    except RecursionError:
        raise SiteError(name, "lists nested too deep", "a site file") from None


def _frozen(value: Any) -> Any:
    """Lists as tuples, all the way down: the tables are strict, and a tuple is what does not change."""
    if isinstance(value, list):
        return tuple(map(_frozen, value))
    return {key: _frozen(inner) for key, inner in value.items()} if isinstance(value, dict) else value
