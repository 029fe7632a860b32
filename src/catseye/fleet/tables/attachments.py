"""Attachments of alarms: asked for by 0x9208, announced by 0x1210, sent as files between 0x1211 and 0x1212, acknowledged by 0x9212. One layout a dialect."""

from catseye.core.sockets import TerminalDialect
from catseye.fleet.dialects import DIALECTS, ident_of
from catseye.fleet.wire import Count, Entries, Inside, Layout, Prefixed, octets, text, u8, u16, u32

_ALARM_NO = text("alarm_no", 32, "the platform's own number of the alarm")
_FILE_TYPE = u8("type", "", "0 picture, 1 sound, 2 video, 3 text, 4 other")
_FILE = Layout("", Prefixed("name", note="comes from a device: never a path"), u32("size", "bytes"))


def _request(dialect: TerminalDialect) -> Layout:
    return Layout(
        "send attachments",
        Prefixed("ip"),
        u16("tcp"),
        u16("udp"),
        Inside("ident", ident_of(dialect)),
        _ALARM_NO,
        octets("reserved", 16),
        label=dialect.name,
    )


def _announcement(dialect: TerminalDialect) -> Layout:
    sender = [text("terminal_id", dialect.sender_bytes_count)] if dialect.sender_bytes_count else []
    return Layout(
        "attachments announced",
        *sender,
        Inside("ident", ident_of(dialect)),
        _ALARM_NO,
        u8("info_type", "", "0 first time, 1 again"),
        Count("files"),
        Entries("files", _FILE),
        label=dialect.name,
    )


ATTACHMENT_REQUESTS = tuple(_request(each) for each in DIALECTS)
ATTACHMENT_LISTS = tuple(_announcement(each) for each in DIALECTS)
FILE_INFO = Layout("file begins, or ends", Prefixed("name"), _FILE_TYPE, u32("size", "bytes"))
FILE_ANSWER = Layout(
    "answer to the end of a file",
    Prefixed("name"),
    _FILE_TYPE,
    u8("result", "", "0 whole, 1 more is needed"),
    Count("missing"),
    Entries("missing", Layout("", u32("offset", "bytes"), u32("length", "bytes"))),
)
