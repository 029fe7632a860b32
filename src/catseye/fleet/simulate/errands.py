"""What a terminal does on a link of its own: sending attachments, sending live video."""

from dataclasses import dataclass

from catseye.fleet.simulate.kit import Kit
from catseye.fleet.simulate.watch import Raised
from catseye.fleet.wire import Values


@dataclass(frozen=True, slots=True)
class SendAttachments:
    """0x9208: the files of this alarm, to that server, under the platform's number of it."""

    kit: Kit
    host: str
    port: int
    raised: Raised
    ident: Values
    alarm_no: str


@dataclass(frozen=True, slots=True)
class SendLive:
    """0x9101: video of a channel to that server, until 0x9102 or the end of the clip."""

    kit: Kit
    host: str
    port: int
    channel: int
    data_type: int


@dataclass(frozen=True, slots=True)
class StopLive:
    """0x9102: end it."""

    kit: Kit
    channel: int


Errand = SendAttachments | SendLive | StopLive
