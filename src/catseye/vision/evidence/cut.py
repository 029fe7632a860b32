"""Cutting: packets of the ring become a clip, exactly as the camera sent them. Nothing is decoded, nothing encoded, every NAL unit is kept.

The clip is made in memory and read back before it is given out: what is in it must be what was in the packets.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields
from fractions import Fraction
from io import BytesIO
from itertools import pairwise
from typing import Any

import av
from av.container import OutputContainer
from av.error import FFmpegError
from av.stream import Stream

from catseye.core.finding import Violation
from catseye.core.time import NS_PER_S
from catseye.vision.evidence.errors import EvidenceError
from catseye.vision.evidence.nal import NAL_CODECS, annex_b, elementary_sha256, length_bytes_of, nal_units, parameter_sets
from catseye.vision.evidence.signing import Signing, signing_of
from catseye.vision.ring import KeptPacket, PacketRing, StreamParameters

CLOCK_HZ = 90_000
GAP_NS = NS_PER_S  # a longer step between pictures is told
# codec → (format, options, media type): containers that hold the codec as it is and keep times to 1/90,000 s
_MP4 = ("mp4", {"video_track_timescale": str(CLOCK_HZ)}, "video/mp4")
_MOV = ("mov", {"video_track_timescale": str(CLOCK_HZ)}, "video/quicktime")
_CONTAINERS = {"h264": _MP4, "hevc": _MP4, "mpeg4": _MP4, "mjpeg": _MOV}
_BARE = {"h264": "h264", "hevc": "hevc", "mpeg4": "m4v"}  # as what libav reads the stream's own headers


@dataclass(frozen=True, slots=True)
class Clip:
    """A stretch of a camera's main stream, not encoded again. It may show faces and plates: it is sealed, or redacted, or forgotten.

    `begin_ns`, `end_ns`: when its first and last pictures are shown on the source's axis; its own time is 0 at `begin_ns`.
    `is_pre_roll_whole`, `is_post_roll_whole`: whether all of the time that was asked for before and after the event is in it.
    `sha256` is of `data`, `elementary_sha256` of the NAL units in it (`nal.elementary_sha256`). `notes` are sentences a reader should know.
    """

    camera: str
    data: bytes = field(repr=False)
    media_type: str
    codec: str
    width_px: int
    height_px: int
    begin_ns: int
    end_ns: int
    packets_count: int
    sha256: str
    elementary_sha256: str
    is_pre_roll_whole: bool
    is_post_roll_whole: bool
    signing: Signing
    notes: tuple[str, ...] = ()

    @property
    def facts(self) -> dict[str, Any]:
        """All but the video itself, as plain JSON values: what a case may know of it."""
        return {each.name: getattr(self, each.name) for each in fields(self) if each.name not in {"data", "signing", "notes"}} | {
            "signing": asdict(self.signing),
            "notes": list(self.notes),
        }


def cut_clip(violation: Violation, ring: PacketRing, *, before_s: float, after_s: float, size_px: tuple[int, int] | None = None) -> Clip:
    """The clip of a violation, from the keyframe at or before `before_s` ahead of it to `after_s` behind it, or as much as the ring holds of that.

    Where the stream's parameters change on the way (a camera that came back otherwise), the part around the event is taken, and `notes` say so.
    EvidenceError: the ring is of another camera, its picture has another size than `size_px`, or it does not hold the event.
    """
    if not isinstance(violation, Violation):
        raise EvidenceError("evidence", f"a {type(violation).__name__} came", "a Violation: nothing else may cut evidence")
    if before_s < 0 or after_s < 0:
        raise EvidenceError("evidence", f"before_s {before_s}, after_s {after_s}", "both 0 or more")
    event = violation.event
    where = f"evidence of {event.kind} on {event.camera}"
    if ring.camera != event.camera:
        raise EvidenceError(where, f"video of camera {ring.camera!r}" if ring.camera else "video of a camera nobody named", f"video of {event.camera!r}")
    begin_ns, end_ns = event.time_ns - round(before_s * NS_PER_S), event.end_time_ns + round(after_s * NS_PER_S)
    kept = ring.cut(begin_ns, end_ns)
    part, note = _part_around(event.time_ns, kept)
    _refuse_elsewhere(where, event.time_ns, part)
    stream = part[0].stream
    if size_px is not None and (stream.width_px, stream.height_px) != size_px:
        raise EvidenceError(where, f"a picture of {stream.width_px}×{stream.height_px}", f"{size_px[0]}×{size_px[1]}, as the camera had at the event")
    shown_ns = sorted(packet.time_ns for packet in part)
    data, media_type = remuxed(part, where)
    return Clip(
        camera=event.camera,
        data=data,
        media_type=media_type,
        codec=stream.codec,
        width_px=stream.width_px,
        height_px=stream.height_px,
        begin_ns=shown_ns[0],
        end_ns=shown_ns[-1],
        packets_count=len(part),
        sha256=hashlib.sha256(data).hexdigest(),
        elementary_sha256=elementary_sha256(stream.codec, stream.extradata, (packet.payload for packet in part)),
        is_pre_roll_whole=shown_ns[0] <= begin_ns,
        is_post_roll_whole=shown_ns[-1] + _usual_step_ns(shown_ns) >= end_ns,
        signing=signing_of(stream.codec, stream.extradata, (packet.payload for packet in part)),
        notes=tuple(([note] if note else []) + _gaps(shown_ns)),
    )


def _part_around(event_ns: int, kept: Sequence[KeptPacket]) -> tuple[list[KeptPacket], str]:
    """The packets of one set of parameters that are nearest to the event, from their first keyframe on; and what was left out."""
    parts: list[list[KeptPacket]] = []
    for packet in kept:
        if parts and packet.stream == parts[-1][0].stream:
            parts[-1].append(packet)
        elif packet.is_key:  # what cannot be decoded without the parameters before is no beginning
            parts.append([packet])
    if len(parts) < 2:
        return (parts[0] if parts else []), ""
    nearest = min(parts, key=lambda part: (_away_ns(event_ns, part), -part[0].time_ns))
    left_out = ", ".join(f"{_span(part)} ({_described(part[0].stream)})" for part in parts if part is not nearest)
    return nearest, f"the stream's parameters change: the clip holds {_span(nearest)} ({_described(nearest[0].stream)}), not {left_out}"


def _away_ns(event_ns: int, part: Sequence[KeptPacket]) -> int:
    """How far the event lies outside the part; 0 within it."""
    times_ns = [packet.time_ns for packet in part]
    return max(min(times_ns) - event_ns, event_ns - max(times_ns), 0)


def _refuse_elsewhere(where: str, event_ns: int, part: Sequence[KeptPacket]) -> None:
    if not part:
        raise EvidenceError(where, "the ring holds no picture of that time", "a ring that keeps the main stream long enough")
    if _away_ns(event_ns, part) > GAP_NS:
        raise EvidenceError(where, f"the ring holds {_span(part)}", f"pictures of {event_ns / NS_PER_S:.1f} s: cut sooner, or keep more seconds")


def _span(part: Sequence[KeptPacket]) -> str:
    return f"{min(packet.time_ns for packet in part) / NS_PER_S:.1f} to {max(packet.time_ns for packet in part) / NS_PER_S:.1f} s"


def _described(stream: StreamParameters) -> str:
    return f"{stream.codec} {stream.width_px}×{stream.height_px}"


def _usual_step_ns(shown_ns: Sequence[int]) -> int:
    steps_ns = sorted(after - before for before, after in pairwise(shown_ns))
    return steps_ns[len(steps_ns) // 2] if steps_ns else 0


def _gaps(shown_ns: Sequence[int]) -> list[str]:
    """Camera lost and found again: said, since a viewer sees a jump."""
    holes = [(before, after) for before, after in pairwise(shown_ns) if after - before > GAP_NS]
    return [f"no pictures from {before / NS_PER_S:.1f} to {after / NS_PER_S:.1f} s" for before, after in holes]


def remuxed(packets: Sequence[KeptPacket], where: str) -> tuple[bytes, str]:
    """The packets, all of one stream, as a file, and its media type. EvidenceError when it cannot hold exactly them."""
    stream = packets[0].stream
    if stream.codec not in _CONTAINERS:
        raise EvidenceError(where, f"a stream of {stream.codec}", "one of " + ", ".join(sorted(_CONTAINERS)))
    form, options, media_type = _CONTAINERS[stream.codec]
    file = BytesIO()
    try:
        with av.open(file, "w", format=form, options=options) as container:
            lane = _lane(container, packets[0])
            for packet, (pts, dts, duration) in zip(packets, _ticks(packets), strict=True):
                container.mux(_packet(packet, lane, pts, dts, duration))
        data = file.getvalue()
        kept = _elementary_sha256_in(data, stream.codec)
    except (FFmpegError, ValueError) as fault:
        raise EvidenceError(where, f"its packets make no {form} ({' '.join(str(fault).split())[:120]})", "a stream that libav can write") from fault
    if kept != elementary_sha256(stream.codec, stream.extradata, (packet.payload for packet in packets)):
        raise EvidenceError(where, f"{form} does not keep this stream byte for byte", "a stream that can be kept as it was sent")
    return data, media_type


def _lane(container: OutputContainer, first: KeptPacket) -> Stream:
    """The clip's video stream, with the camera's own parameter sets in its header."""
    codec, extradata = first.stream.codec, first.stream.extradata
    if codec not in _BARE:
        return container.add_mux_stream(codec, width=first.stream.width_px, height=first.stream.height_px)
    head = parameter_sets(codec, extradata) + _as_sent(first) if codec in NAL_CODECS else extradata + first.payload
    with av.open(BytesIO(head), format=_BARE[codec]) as bare:
        return container.add_stream_from_template(bare.streams.video[0])


def _as_sent(packet: KeptPacket) -> bytes:
    """Its units after start codes, whatever the source gave: the one form that the muxer takes in every case."""
    return annex_b(nal_units(packet.payload, length_bytes_of(packet.stream.codec, packet.stream.extradata)))


def _packet(packet: KeptPacket, lane: Stream, pts: int, dts: int, duration: int) -> "av.Packet[Stream]":
    made: av.Packet[Stream] = av.Packet(_as_sent(packet) if packet.stream.codec in NAL_CODECS else packet.payload)
    made.stream, made.time_base = lane, Fraction(1, CLOCK_HZ)
    made.pts, made.dts, made.duration = pts, dts, duration
    made.is_keyframe = packet.is_key
    return made


def _ticks(packets: Sequence[KeptPacket]) -> Iterator[tuple[int, int, int]]:
    """Presentation, decoding time and duration of each packet: the first picture at 0; decoding times ascend, and none is after its picture is shown."""
    first_ns = min(packet.time_ns for packet in packets)
    shown = [_tick(packet.time_ns - first_ns) for packet in packets]
    # A clock that was repaired on the way may give two packets one time; a container wants them apart.
    wanted = [_tick(packet.decode_ns - first_ns) for packet in packets]
    late = max(decode - show for decode, show in zip(wanted, shown, strict=True))
    decoded: list[int] = []
    for decode in wanted:
        decoded.append(max(decode - max(late, 0), decoded[-1] + 1 if decoded else decode - max(late, 0)))
    step = _tick(_usual_step_ns(sorted(packet.time_ns for packet in packets)))
    for show, decode in zip(shown, decoded, strict=True):
        yield max(show, decode), decode, max(step, 1)


def _tick(span_ns: int) -> int:
    return (span_ns * CLOCK_HZ + NS_PER_S // 2) // NS_PER_S


def _elementary_sha256_in(data: bytes, codec: str) -> str:
    """What a reader finds in the file."""
    with av.open(BytesIO(data), "r") as container:
        lane = container.streams.video[0]
        extradata = lane.codec_context.extradata or b""
        return elementary_sha256(codec, extradata, (bytes(packet) for packet in container.demux(lane) if packet.size))
