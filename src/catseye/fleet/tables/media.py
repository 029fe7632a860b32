"""Pictures, sound and video that a terminal announces and sends: 0x0800, 0x0801, 0x8800, 0x8801, 0x0805; and what peripherals say: 0x0900, 0x8900."""

from catseye.fleet.tables.location import BASE
from catseye.fleet.wire import Check, Count, Derived, Echo, Entries, Field, Inside, Layout, Numbers, Prefixed, Remaining, Sized, Values, maybe, u8, u16, u32

_MEDIA: tuple[Field, ...] = (
    u32("media_id"),
    u8("media_type", "", "0 picture, 1 sound, 2 video"),
    u8("media_format", "", "0 JPEG, 1 TIF, 2 MP3, 3 WAV, 4 WMV"),
    u8("event"),
    u8("channel"),
)
_LENGTH = Derived("data_len", lambda values: len(values["data"]) // 2, "bytes")


def _has_a_time(values: Values) -> bool:
    """2011 has no location here: where its time would be there is none then."""
    digits: str = values["location"]["time"]
    return digits.translate(_MARKS).isdecimal() and "01" <= digits[5:7] <= "12" and "01" <= digits[8:10] <= "31"


_MARKS = str.maketrans("", "", "-: ")
MEDIA_EVENT = Layout("media event", *_MEDIA)
MEDIA_2013 = Layout("media", *_MEDIA, Inside("location", BASE), Check(_has_a_time, "a location with a time"), Remaining("data"), _LENGTH)
MEDIA_2011 = Layout("media", *_MEDIA, Remaining("data"), _LENGTH, label="2011")
MEDIA_ANSWER = Layout("answer to media", u32("media_id"), maybe(Count("ids"), Numbers("ids", "H", note="sub-packages that are missing")))
SNAP = Layout(
    "take pictures",
    u8("channel"),
    u16("command", "", "0 stop, 0xFFFF video, else how many pictures"),
    u16("interval", "s"),
    u8("save", "", "0 send, 1 keep"),
    u8("resolution"),
    u8("quality"),
    u8("brightness"),
    u8("contrast"),
    u8("saturation"),
    u8("chroma"),
)
SNAPPED = Layout(
    "answer to take pictures", u16("ack_serial"), u8("result", "", "0 done, 1 failed, 2 channel not supported"), maybe(Count("ids", "H"), Numbers("ids", "I"))
)

_STATE = Layout("", u8("state", "", "1 works, 2 stands by, 3 upgrades, 4 fault, 0x10 off"), u32("alarm", "bits"))
_NAMES = Layout("", Prefixed("company"), Prefixed("product"), Prefixed("hw"), Prefixed("sw"), Prefixed("dev"), Prefixed("customer"))
_STATES = Entries("list", Layout("", u8("id"), Sized("len", "B", _STATE)))
_DESCRIPTIONS = Entries("list", Layout("", u8("id"), Sized("len", "B", _NAMES)))
PERIPHERAL_STATE = Layout("peripherals: state", u8("type", "", "0xF7", only=(0xF7,)), Echo("data"), Count("list"), _STATES)
PERIPHERAL_NAMES = Layout(
    "peripherals: what they are",
    u8("type", "", "0xF8", only=(0xF8,)),
    Echo("data"),
    Count("list"),
    _DESCRIPTIONS,
)
TRANSPARENT = Layout("passed through", u8("type"), Remaining("data"))
