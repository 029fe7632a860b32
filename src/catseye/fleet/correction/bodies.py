"""Bodies of what is sent to a terminal, in the layout of its version and dialect."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from catseye.fleet.frame808 import V2019
from catseye.fleet.message import Body
from catseye.fleet.tables.parameters import parameter

TEXT, SET_PARAMETERS, SNAP, LIVE, SEND_ATTACHMENTS = 0x8300, 0x8103, 0x8801, 0x9101, 0x9208
SPEED_LIMIT = 0x0055
_URGENT_2013, _URGENT_2019, _DISPLAYED, _SPOKEN = 1, 2, 1 << 2, 1 << 3  # JT/T 808-2013 table 38; 2019: bits 0 and 1 are one number


@dataclass(frozen=True, slots=True)
class Server:
    """Where a terminal shall connect to: the address as it can reach it."""

    host: str
    port: int
    udp_port: int = 0


def spoken(text: str, version: str) -> bytes:
    """0x8300: urgent, spoken and displayed."""
    if version == V2019:
        return bytes(Body.of(TEXT, version, {"flags": _URGENT_2019 | _DISPLAYED | _SPOKEN, "text_type": 1, "text": text}))
    return bytes(Body.of(TEXT, version, {"flags": _URGENT_2013 | _DISPLAYED | _SPOKEN, "text": text}))


def speed_limit(limit_kmh: int, version: str) -> bytes:
    """0x8103 with the speed above which the terminal itself speaks up."""
    name, value = parameter(SPEED_LIMIT, limit_kmh)
    return bytes(Body.of(SET_PARAMETERS, version, {"params": {name: value}}))


def pictures(channel: int, photos_count: int, version: str) -> bytes:
    """0x8801: that many, a second apart, sent at once; the rest as the camera is set."""
    looks = {"resolution": 1, "quality": 5, "brightness": 128, "contrast": 64, "saturation": 64, "chroma": 128}
    return bytes(Body.of(SNAP, version, {"channel": channel, "command": photos_count, "interval": 1, "save": 0, **looks}))


def live(server: Server, channel: int, version: str) -> bytes:
    """0x9101: video alone, of the small stream."""
    values = {"ip": server.host, "tcp": server.port, "udp": server.udp_port, "channel": channel, "data_type": 1, "stream": 1}
    return bytes(Body.of(LIVE, version, values))


def attachments(server: Server, ident: Mapping[str, Any], dialect: str, alarm_no: str, version: str) -> bytes:
    """0x9208; the identification goes back as it came."""
    values = {"ip": server.host, "tcp": server.port, "udp": server.udp_port, "ident": ident, "alarm_no": alarm_no, "reserved": "00" * 16}
    return bytes(Body.of(SEND_ATTACHMENTS, version, values, dialect))
