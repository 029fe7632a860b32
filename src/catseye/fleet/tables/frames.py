"""How frames and packets themselves lie on the wire, for the explanation and the documentation; `frame808`, `jt809`, `jt1078` and `file_stream` read them."""

from catseye.fleet.wire import Field, Layout, Prefixed, Remaining, octets, text, u8, u16, u32, u64

_MAGIC = octets("magic", 4, "30316364")
_AFTER = Remaining("extra", "what follows the packet")
_TIME = u64("timestamp", "ms")
_SINCE = (u16("last_i", "ms", "since the last key frame"), u16("last_f", "ms", "since the last frame"))


def packet(sim_bytes: int, *, has_time: bool, is_video: bool) -> Layout:
    """A media packet of JT/T 1078, by what it carries."""
    times: tuple[Field, ...] = ((_TIME,) if has_time else ()) + (_SINCE if is_video else ())
    kind = u8("label3", "bits", "4–7: 0 key frame, 1 predicted, 2 bidirectional, 3 sound, 4 passed through; 0–3: 0 whole, 1 first, 2 last, 3 in between")
    head = (
        _MAGIC,
        u8("label1", "bits", "0x81"),
        u8("label2", "bits", "7 last of its frame, 0–6 coding"),
        u16("seq"),
        octets("sim", sim_bytes),
        u8("channel"),
        kind,
    )
    return Layout("media packet", *head, *times, Prefixed("payload", "H", is_text=False), _AFTER)


PIECE = Layout("piece of a file", _MAGIC, text("name", 50), u32("offset", "bytes"), Prefixed("data", "I", is_text=False), _AFTER)
HEAD_808: tuple[Field, ...] = (u16("header.msg_id"), u16("header.attr", "bits", "0–9 length, 10–12 encryption, 13 sub-package, 14 version of 2019"))
HEADER_808 = Layout("header", *HEAD_808, octets("header.phone", 6), u16("header.serial"))
HEADER_808_2019 = Layout("header", *HEAD_808, u8("header.protocol_version"), octets("header.phone", 10), u16("header.serial"), label="2019")
PART_808 = Layout("number of a sub-package", u16("header.total"), u16("header.index", "", "from 1"))
_HEAD_809 = (u32("length", "bytes", "with both marks"), u32("sn"), u16("msg_id"), u32("gnss_center"), octets("version", 3), u8("encrypt"), u32("key"))
HEADER_809 = Layout("header", *_HEAD_809)
HEADER_809_2019 = Layout("header", *_HEAD_809, u64("time_field_2019", "s"), label="2019")
