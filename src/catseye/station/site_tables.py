"""The tables of a site file, as the file names them: shapes and limits. `site.py` reads them; docs/reference/site-file.md explains them.

Each field's `description` is also what an error says was wanted.
"""

import re
from datetime import date, datetime
from difflib import get_close_matches
from ipaddress import ip_network
from itertools import pairwise
from typing import Annotated, Literal, Self, TypeAlias
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from catseye.core.road_user import ROAD_USERS
from catseye.core.secrets import is_url
from catseye.core.time import Stamp
from catseye.station.references import source_fault
from catseye.station.rule_keys import RuleKeyError, keys_of, names_in, nearest, rule_classes

DETECTOR = "yolox-nano"
ANALYSED_FPS = 8.0
RECIPIENT_WANTED = "the authority's public key, as age-keygen prints it: age1…"
DATABASE_WANTED = "the address of a PostgreSQL database, postgresql://user@host/database"
YEARS = range(1970, 2200)  # what the house's nanosecond stamps are meant for


def fault(came: str, wanted: str, *path: str | int) -> PydanticCustomError:
    """What a validator raises: the facts of a SiteError, and the keys that lead from the table to the place. An empty `came`: the value itself."""
    return PydanticCustomError("catseye", "{came}", {"came": came, "wanted": wanted, "path": path})


def _name(text: str) -> str:
    if not re.fullmatch(r"\w[\w.-]{0,63}", text):
        raise fault("", NAME_WANTED)
    return text


def _source(text: str) -> str:
    if trouble := source_fault(text):
        raise fault(*trouble)
    if not text.strip() or "\0" in text:
        raise fault("", SOURCE_WANTED)
    return text


def _recipient(text: str) -> str:
    if not re.fullmatch(r"age1[02-9ac-hj-np-z]{58}", text):
        raise fault("a secret key: the platform may never hold one" if text.upper().startswith("AGE-SECRET-KEY") else "", RECIPIENT_WANTED)
    return text


def _database(text: str) -> str:
    if not text.startswith("postgresql://"):
        raise fault("another kind of address", DATABASE_WANTED)
    if trouble := source_fault(text, "database"):
        raise fault(*trouble)
    return text


def _door(text: str) -> str:
    host, separator, port = text.rpartition(":")
    if not separator or not host or not port.isdecimal() or not 0 <= int(port) <= 65535:
        raise fault("", DOOR_WANTED)
    return text


def _network(text: str) -> str:
    try:
        ip_network(text)
    except ValueError:
        raise fault("", NETWORK_WANTED) from None
    return text


def _timezone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        near = get_close_matches(text, available_timezones(), 1, 0.8)
        raise fault("", repr(near[0]) if near else "an IANA time zone, such as 'Asia/Ho_Chi_Minh'") from None
    return text


def _road_user(text: str) -> str:
    if text not in ROAD_USERS:
        raise fault("", nearest(text, tuple(map(str, ROAD_USERS))))
    return text


def _start(moment: datetime) -> datetime:
    if moment.year not in YEARS:
        raise fault("", f"a year from {YEARS[0]} to {YEARS[-1]}")
    return moment


DAYS_WANTED = "a whole number of days, 0 to 36500"
NAME_WANTED = "a name of letters, digits, '_', '-' and '.', 64 at most"
SOURCE_WANTED = "a file, relative to this one, or a URL (rtsp://, http://, https://), in quotes"
DOOR_WANTED = "an address and a port, such as '10.20.0.5:7611'"
NETWORK_WANTED = "a network, such as '10.20.0.0/16'"
LINE_WANTED = "two points, [[x1, y1], [x2, y2]]"
ZONE_WANTED = "three points or more, [[x1, y1], [x2, y2], [x3, y3], …]"
BOX_WANTED = "left, top, right, bottom in pixels, with left < right and top < bottom"

Name: TypeAlias = Annotated[str, AfterValidator(_name)]
Px: TypeAlias = Annotated[float, Field(ge=-100_000, le=100_000)]
Metre: TypeAlias = Annotated[float, Field(ge=-10_000_000, le=10_000_000)]
PointPx: TypeAlias = tuple[Px, Px]
PointM: TypeAlias = tuple[Metre, Metre]
PointDeg: TypeAlias = tuple[Annotated[float, Field(ge=-90, le=90)], Annotated[float, Field(ge=-180, le=180)]]
BoxPx: TypeAlias = tuple[Px, Px, Px, Px]
Day: TypeAlias = date
SidePx: TypeAlias = Annotated[int, Field(ge=16, le=100_000)]
LinkIndex: TypeAlias = Annotated[int, Field(ge=0, le=10_000)]
Days: TypeAlias = Annotated[int, Field(ge=0, le=36_500)]


class Table(BaseModel):
    """A table of the file: nothing it does not know, nothing that changes, no text taken for a number, no value in pydantic's own messages."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, hide_input_in_errors=True)


class Place(Table):
    """`[site]`."""

    id: Name = Field(description=NAME_WANTED)
    timezone: Annotated[str, AfterValidator(_timezone)] | None = Field(default=None, description="an IANA time zone, such as 'Asia/Ho_Chi_Minh'")
    database: Annotated[str, AfterValidator(_database)] | None = Field(default=None, description=DATABASE_WANTED)
    keys: str | None = Field(default=None, min_length=1, description="a folder, relative to this file")


class RetentionTable(Table):
    """`[retention]`: days that each class is kept; docs/design/retention.md says what is in which."""

    points_days: Days = Field(default=7, description=DAYS_WANTED)
    unconfirmed_days: Days = Field(default=14, description=DAYS_WANTED)
    case_days: Days = Field(default=180, description=DAYS_WANTED)
    report_days: Days = Field(default=30, description=DAYS_WANTED)
    identity_days: Days = Field(default=90, description=DAYS_WANTED)
    positions_days: Days = Field(default=7, description=DAYS_WANTED)
    alarms_days: Days = Field(default=30, description=DAYS_WANTED)
    driver_days: Days = Field(default=30, description=DAYS_WANTED)
    aggregates_days: Days = Field(default=1826, description=DAYS_WANTED)


class Evidence(Table):
    """`[evidence]`: what is kept of a violation, and whose law holds."""

    recipients: tuple[Annotated[str, AfterValidator(_recipient)], ...] = Field(min_length=1, description=RECIPIENT_WANTED)
    before_s: Annotated[float, Field(ge=1, le=60)] = Field(default=8.0, description="seconds, 1 to 60")
    after_s: Annotated[float, Field(ge=1, le=60)] = Field(default=6.0, description="seconds, 1 to 60")
    jurisdiction: str = Field(default="example", min_length=1, description="a jurisdiction of docs/reference/jurisdictions.md, or a file")
    place: str = Field(default="", description="where it is, in words")
    country: Annotated[str, Field(pattern="^[A-Z]{2}$")] | None = Field(default=None, description="two capitals, ISO 3166-1, such as 'VN'")
    tolerance_kmh: Annotated[float, Field(ge=0, le=50)] | None = Field(default=None, description="km/h, 0 to 50")


Door: TypeAlias = Annotated[str, AfterValidator(_door)]


class Fleet(Table):
    """`[fleet]`: the gateway that in-vehicle terminals report to."""

    listen: Door = Field(description=DOOR_WANTED)
    attachments: Door | None = Field(default=None, description=DOOR_WANTED)
    media: Door | None = Field(default=None, description=DOOR_WANTED)
    address: str | None = Field(default=None, min_length=1, max_length=255, description="the address terminals reach us by")
    private_networks: tuple[Annotated[str, AfterValidator(_network)], ...] = Field(default=(), description=NETWORK_WANTED)
    tls_certificate: str | None = Field(default=None, min_length=1, description="a file of PEM certificates, relative to this one")
    tls_key: str | None = Field(default=None, min_length=1, description="a file with the certificate's key, relative to this one")
    policy: str | None = Field(default=None, min_length=1, description="a correction policy, relative to this file")
    language: Annotated[str, Field(pattern="^[a-z]{2}$")] = Field(default="en", description="a language, such as 'vi'")
    purpose: str = Field(default="road safety of commercial vehicles", min_length=3, max_length=200, description="what positions are kept for, in words")
    silent_after_s: Annotated[float, Field(ge=30, le=86_400)] = Field(default=300.0, description="seconds, 30 to 86400")
    most_terminals_count: Annotated[int, Field(ge=1, le=1_000_000)] = Field(default=20_000, description="a whole number, 1 to 1000000")

    @model_validator(mode="after")
    def _certificate_and_key(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise fault("tls_certificate without tls_key" if self.tls_key is None else "tls_key without tls_certificate", "both or neither")
        return self


class ReferencePoint(Table):
    """One of `camera.calibration.points`: a place in the picture, and the same place on the ground."""

    px: PointPx = Field(description="a point [x, y] in pixels")
    m: PointM | None = Field(default=None, description="a point [x, y] in metres, x east-like, y north-like")
    deg: PointDeg | None = Field(default=None, description="[latitude, longitude] in degrees, WGS-84")

    @model_validator(mode="after")
    def _one_ground(self) -> Self:
        _one_of(self, "m", "deg")
        return self


class CalibrationTable(Table):
    """`[camera.calibration]`: reference points, or the certificate that was made of some."""

    points: tuple[ReferencePoint, ...] | None = Field(
        default=None, description="four points or more, each { px = [x, y], m = [x, y] } or { px = [x, y], deg = [lat, lon] }"
    )
    certificate: str | None = Field(default=None, min_length=1, description="a file that `catseye calibrate` wrote, relative to this one")
    size_px: tuple[SidePx, SidePx] | None = Field(default=None, description="width and height of the picture in pixels, [w, h]")
    sigma_px: Annotated[float, Field(gt=0, le=100)] = Field(default=1.0, description="pixels, above 0, at most 100")
    sigma_m: Annotated[float, Field(gt=0, le=100)] | None = Field(default=None, description="metres, above 0, at most 100")
    lens: Literal["auto", "none"] = Field(default="auto", description="'auto', or 'none' for a lens known to be straight")
    date: Day | None = Field(default=None, description="a date, such as 2026-03-02")

    @model_validator(mode="after")
    def _four_of_one_frame(self) -> Self:
        if self.points is None and self.certificate is None:
            raise fault("neither points nor certificate", "one of the two", "points")
        if self.points is None:
            return self
        if self.certificate is not None:
            raise fault("both points and certificate", "one of the two", "certificate")
        if len(self.points) < 4:
            raise fault(f"{len(self.points)} reference points", "four or more", "points")
        if len({point.m is None for point in self.points}) == 2:
            raise fault("some points in m, some in deg", "all in m, or all in deg", "points")
        return self


class ImportedType(Table):
    """`[camera.types]`: what an imported trajectory's own type is."""

    kind: Annotated[str, AfterValidator(_road_user)] = Field(description="a road user: " + ", ".join(ROAD_USERS))
    length_m: Annotated[float, Field(gt=0, le=100)] | None = Field(default=None, description="a length in metres, above 0, at most 100")


class Line(Table):
    """`[[camera.line]]`: walking from the first point to the second, *forward* is crossing from your left hand to your right."""

    id: Name = Field(description=NAME_WANTED)
    px: tuple[PointPx, PointPx] | None = Field(default=None, description=LINE_WANTED + " in pixels")
    m: tuple[PointM, PointM] | None = Field(default=None, description=LINE_WANTED + " in metres")

    @model_validator(mode="after")
    def _has_length(self) -> Self:
        key = _one_of(self, "px", "m")
        if len({*_points(self, key)}) < 2:
            raise fault("a line from a point to itself", "two different points", key)
        return self


class Zone(Table):
    """`[[camera.zone]]`: an area, and the lawful direction of travel in it."""

    id: Name = Field(description=NAME_WANTED)
    px: tuple[PointPx, ...] | None = Field(default=None, description=ZONE_WANTED + " in pixels")
    m: tuple[PointM, ...] | None = Field(default=None, description=ZONE_WANTED + " in metres")
    heading: tuple[PointM, PointM] | None = Field(default=None, description="from and to, [[x1, y1], [x2, y2]], in the units of the zone")

    @model_validator(mode="after")
    def _has_area(self) -> Self:
        key = _one_of(self, "px", "m")
        ring = _points(self, key)
        if len(ring) < 3:
            raise fault("", ZONE_WANTED, key)
        if not sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairwise((*ring, ring[0]))):
            raise fault("a zone without area", "points that are not on one line", key)
        if self.heading and self.heading[0] == self.heading[1]:
            raise fault("a heading from a point to itself", "two different points", "heading")
        return self


class Signal(Table):
    """`[[camera.signal]]`: where the state of a traffic light is seen or read."""

    id: Name = Field(description=NAME_WANTED)
    lamp_px: BoxPx | None = Field(default=None, description=BOX_WANTED)
    head_px: BoxPx | None = Field(default=None, description=BOX_WANTED)
    timeline: str | None = Field(default=None, min_length=1, description="a file of times and states, relative to this one")
    tls: str | None = Field(default=None, min_length=1, description="the name of a SUMO traffic light, in quotes")
    link: LinkIndex | None = Field(default=None, description="the index of a link of that traffic light, a whole number from 0")

    @model_validator(mode="after")
    def _seen_or_read(self) -> Self:
        if (self.tls is None) != (self.link is None):
            raise fault("tls without link" if self.link is None else "link without tls", "both or neither")
        seen = [key for key in ("lamp_px", "head_px", "timeline") if getattr(self, key) is not None]
        if len(seen) > 1 or not (seen or self.tls):
            raise fault(" and ".join(seen) if seen else "a signal nobody can see or read", "one of lamp_px, head_px, timeline", *seen[1:2])
        for key in ("lamp_px", "head_px"):
            box = getattr(self, key)
            if box and not (box[0] < box[2] and box[1] < box[3]):
                raise fault("", BOX_WANTED, key)
        return self


class RuleTable(Table):
    """`[[camera.rule]]`: a kind, and the keys of that kind, which stand in the rule's own class."""

    model_config = ConfigDict(extra="allow")

    kind: str = Field(description="a rule, such as 'speeding'")
    id: Name | None = Field(default=None, description=NAME_WANTED)

    @model_validator(mode="after")
    def _has_the_keys_of_its_kind(self) -> Self:
        self.keys()
        return self

    @property
    def name(self) -> str:
        """What events call this rule: its id, by default its kind."""
        return self.id or self.kind

    @property
    def said(self) -> dict[str, object]:
        """The keys of its kind, as the file says them."""
        return dict(self.__pydantic_extra__ or {})

    def keys(self) -> object:
        """The rule's own frozen `Keys`; refuses a kind nobody knows, a key that is not the kind's, a value that cannot be meant."""
        rules = rule_classes()
        if self.kind not in rules:
            raise fault("", nearest(self.kind, tuple(sorted(rules))), "kind")
        try:
            return keys_of(rules[self.kind], self.said)
        except RuleKeyError as wrong:
            raise fault(wrong.came, wrong.wanted, *([wrong.key] if wrong.key in self.said else [])) from None


class Camera(Table):
    """`[[camera]]`. In Python its arrays carry plural names; the file says `line`, `zone`, `signal`, `rule`."""

    id: Name = Field(description=NAME_WANTED)
    source: Annotated[str, AfterValidator(_source)] | None = Field(default=None, description=SOURCE_WANTED)
    start: Annotated[datetime, AfterValidator(_start)] | None = Field(
        default=None, description="a date and time with its offset, such as 2022-09-25T16:42:00+07:00"
    )
    detector: str = Field(default=DETECTOR, min_length=1, description="the name of a detector (`catseye models list`) or 'motion', in quotes")
    analysed_fps: Annotated[float, Field(gt=0, le=120)] = Field(default=ANALYSED_FPS, description="frames a second, above 0, at most 120")
    transport: Literal["tcp", "udp"] = Field(default="tcp", description="'tcp' or 'udp'")
    verify_tls: bool = Field(default=True, description="true or false")
    snapshot_every_s: Annotated[float, Field(ge=0.1, le=3600)] = Field(default=1.0, description="seconds between snapshots, 0.1 to 3600")
    calibration: CalibrationTable | None = Field(default=None, description="a table")
    types: dict[str, ImportedType] = Field(default={}, description='tables { kind = "car", length_m = 5.0 }')
    sections: str | None = Field(default=None, min_length=1, description="an .otflow file of OTAnalytics, relative to this one")
    lines: tuple[Line, ...] = Field(default=(), alias="line", description="tables [[camera.line]]")
    zones: tuple[Zone, ...] = Field(default=(), alias="zone", description="tables [[camera.zone]]")
    signals: tuple[Signal, ...] = Field(default=(), alias="signal", description="tables [[camera.signal]]")
    rules: tuple[RuleTable, ...] = Field(default=(), alias="rule", description="tables [[camera.rule]]")

    @model_validator(mode="after")
    def _ids_meet(self) -> Self:
        for key, ids in {
            "line": self.line_ids,
            "zone": self.zone_ids,
            "signal": self.signal_ids,
            "rule": tuple(rule.id or f"rule {index}" for index, rule in enumerate(self.rules)),
        }.items():
            refuse_doubles(ids, key)
        known = {"line": self.line_ids, "zone": self.zone_ids, "signal": self.signal_ids}
        for index, rule in enumerate(self.rules):
            for key, what, named in names_in(rule_classes()[rule.kind], rule.said):
                if named not in known[what]:
                    raise fault("", nearest(named, known[what]) if known[what] else f"a [[camera.{what}]] of that id", "rule", index, key)
        if self.start and self.source and is_url(self.source):
            raise fault("a start for a live source", "no start: pictures are stamped on arrival", "start")
        return self

    @property
    def line_ids(self) -> tuple[str, ...]:
        """Ids of the lines, in the file's order."""
        return tuple(line.id for line in self.lines)

    @property
    def zone_ids(self) -> tuple[str, ...]:
        """Ids of the zones, in the file's order."""
        return tuple(zone.id for zone in self.zones)

    @property
    def signal_ids(self) -> tuple[str, ...]:
        """Ids of the signals, in the file's order."""
        return tuple(signal.id for signal in self.signals)

    @property
    def began(self) -> Stamp | None:
        """Wall clock of the first frame of a file, where the site tells it; whoever wrote it down read a clock to the second."""
        return Stamp.from_datetime(self.start, doubt_ms=500.0) if self.start else None


class Document(Table):
    """The whole file."""

    site: Place = Field(description='a table [site] with id = "…"')
    retention: RetentionTable = Field(default=RetentionTable(), description="a table [retention]")
    camera: tuple[Camera, ...] = Field(default=(), description="one [[camera]] or more")
    evidence: Evidence | None = Field(default=None, description="a table [evidence]")
    fleet: Fleet | None = Field(default=None, description="a table [fleet]")

    @model_validator(mode="after")
    def _cameras_meet(self) -> Self:
        if not self.camera and self.fleet is None:
            raise fault("no camera", "one [[camera]] or more, or a table [fleet]", "camera")
        refuse_doubles(tuple(camera.id for camera in self.camera), "camera")
        zone = self.site.timezone
        for index, camera in enumerate(self.camera):
            if camera.start and camera.start.tzinfo is None:
                _refuse_unclear(camera.start, zone, "camera", index, "start")
        return self


def refuse_doubles(ids: tuple[str, ...], key: str) -> None:
    """Raise at the second of two equal ids."""
    for index, name in enumerate(ids):
        if name in ids[:index]:
            raise fault(f"a second {key} '{name}'", f"an id of its own for each {key}", key, index, "id")


def _refuse_unclear(moment: datetime, zone: str | None, *path: str | int) -> None:
    """A local time needs a zone, and must happen there exactly once."""
    if zone is None:
        raise fault("", "its offset from UTC, such as 2022-09-25T16:42:00+07:00, or a timezone in [site]", *path)
    first, second = (moment.replace(tzinfo=ZoneInfo(zone), fold=fold).utcoffset() for fold in (0, 1))
    if first != second:
        raise fault("", f"its offset from UTC: the clocks of {zone} change then", *path)


def _one_of(table: Table, *keys: str) -> str:
    """The one key of these that is there; two or none is a fault."""
    there = [key for key in keys if getattr(table, key) is not None]
    if len(there) != 1:
        raise fault("both " + " and ".join(keys) if there else "neither " + " nor ".join(keys), "one of the two", *there[1:])
    return there[0]


def _points(table: Table, key: str) -> tuple[tuple[float, float], ...]:
    points: tuple[tuple[float, float], ...] = getattr(table, key)
    return points
