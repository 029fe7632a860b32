"""Parameters 0x0075 to 0x007C of a terminal's cameras, by JT/T 1078-2016, 5.3.1, tables 1 to 10."""

from catseye.fleet.text import encoded_hex, hex_of
from catseye.fleet.wire import Count, Derived, Entries, Field, Layout, u8, u16, u32

_OSD = "0 time, 1 plate, 2 channel, 3 place, 4 recorder's speed, 5 satellite speed, 6 driving at one go"


def _stream(prefix: str) -> tuple[Field, ...]:
    return (
        u8(f"{prefix}_rate_mode", "", "0 constant, 1 variable, 2 average"),
        u8(f"{prefix}_resolution", "", "0 QCIF, 1 CIF, 2 WCIF, 3 D1, 4 WD1, 5 720P, 6 1080P"),
        u16(f"{prefix}_key_frame_every", "frames"),
        u8(f"{prefix}_frame_rate", "frames/s"),
        u32(f"{prefix}_bit_rate", "kbit/s"),
    )


def _clock(name: str) -> Field:
    return Field(name, "2s", "UTC+8", "hhmm", "BCD[2]", hex_of, encoded_hex)


_CODING: tuple[Field, ...] = (*_stream("live"), *_stream("saved"), u16("osd", "bits", _OSD))
_CHANNEL = Layout("", u8("physical"), u8("logical"), u8("type", "", "0 sound and video, 1 sound, 2 video"), u8("has_gimbal"))
_DAY: tuple[Field, ...] = tuple(_clock(f"{end}_{index}") for index in range(1, 5) for end in ("wake", "sleep"))
VIDEO_PARAMETERS: dict[int, Layout] = {
    0x0075: Layout("sound and video", *_CODING, u8("has_sound")),
    0x0076: Layout(
        "channels",
        u8("both_count"),
        u8("sound_count"),
        u8("video_count"),
        Derived("count", lambda values: values["both_count"] + values["sound_count"] + values["video_count"]),
        Entries("channels", _CHANNEL),
    ),
    0x0077: Layout("channels with a coding of their own", Count("channels"), Entries("channels", Layout("", u8("logical"), *_CODING))),
    0x0079: Layout("recordings of special alarms", u8("threshold", "% of the memory"), u8("longest", "min"), u8("before", "min")),
    0x007A: Layout("video alarms that are masked", u32("value", "bits", "as item 0x14")),
    0x007B: Layout("picture analysis", u8("seats"), u8("fatigue", "0–100")),
    0x007C: Layout(
        "waking from sleep",
        u8("mode", "bits", "0 by a condition, 1 by the clock, 2 by hand"),
        u8("condition", "bits", "0 emergency, 1 collision or roll-over, 2 door"),
        u8("days", "bits", "0 Monday to 6 Sunday"),
        u8("times", "bits", "which of the four times are used"),
        *_DAY,
    ),
}
