"""RTSP and RTSPS cameras, over TCP or UDP. RTSPS is encrypted but the camera's certificate is not verified: nearly all are self-signed."""

import socket
import time
from collections.abc import Iterator

import av
from av.error import FFmpegError

from catseye.core.errors import SourceError
from catseye.vision.ring import PacketRing
from catseye.vision.sources.address import Address
from catseye.vision.sources.clock import PresentationClock
from catseye.vision.sources.decode import Counters, Decoder, Shot, open_container

DOUBT_MS = 500.0
PROTOCOLS = "rtsp,rtsps,rtp,srtp,udp,tcp,tls,crypto"


class RtspLink:
    """Reaches one RTSP stream."""

    doubt_ms = DOUBT_MS

    def __init__(self, address: Address, transport: str, stall_s: float, ring: PacketRing | None) -> None:
        self.shown = address.shown
        self._address, self._stall_s, self._ring = address, stall_s, ring
        self._options = {
            "rtsp_transport": transport,
            "allowed_media_types": "video",
            "protocol_whitelist": PROTOCOLS,
            # Look at the stream for 0.1 s only: the decoder finds the rest in the stream, and early frames arrive when they come, not in a burst.
            "analyzeduration": "100000",
            "fpsprobesize": "0",
        }

    def shots(self, clock: PresentationClock, counters: Counters) -> Iterator[Shot]:
        """Connect and decode; SourceError when refused or lost."""
        begin_s = time.monotonic()
        try:
            container, stream = open_container(self._address.url, self._options, self._stall_s)
        except FFmpegError as fault:
            raise self._refusal(fault, time.monotonic() - begin_s) from None
        except SourceError as fault:
            raise SourceError(self.shown, fault.came, fault.wanted) from None
        if time.monotonic() - begin_s >= self._stall_s:  # libav looked for a picture in vain, says nothing, and would look as long again
            container.close()
            raise self._nothing_to_see()
        try:
            yield from Decoder(container, stream, counters, self._ring, clock.time_of, self._stall_s).shots()
        except (FFmpegError, TimeoutError) as fault:
            raise SourceError(self.shown, self._loss(fault), "a stream that goes on") from None
        finally:
            container.close()

    def interrupt(self) -> None:
        """Nothing to do: libav returns with the next packet, or after the stall time."""

    def _loss(self, fault: FFmpegError | TimeoutError) -> str:
        if isinstance(fault, (av.error.ExitError, TimeoutError)):
            return f"no picture for {self._stall_s:g} s"
        return f"connection lost ({(fault.strerror or 'unknown fault').lower()})"

    def _nothing_to_see(self) -> SourceError:
        return SourceError(self.shown, f"connected, but no picture within {self._stall_s:g} s", "an RTSP video stream")

    def _refusal(self, fault: FFmpegError, waited_s: float) -> SourceError:
        """Say what a failed call means; where libav is vague, ask the network itself."""
        shown = self.shown
        if isinstance(fault, av.error.HTTPUnauthorizedError):
            came = "the camera refused the user name or password (401)" if self._address.user else "the camera wants a user name and password (401)"
            return SourceError(shown, came, "valid credentials in the address")
        if isinstance(fault, av.error.HTTPForbiddenError):
            return SourceError(shown, "the camera forbids this stream to this user (403)", "a user who may watch")
        if isinstance(fault, av.error.HTTPNotFoundError):
            return SourceError(shown, "no such stream (404)", "the path of a stream of this camera")
        trouble = network_trouble(self._address, self._stall_s)
        if trouble:
            return SourceError(shown, trouble, f"an RTSP server at {self._address.host}:{self._address.port}")
        if waited_s >= self._stall_s:  # libav then says anything from `exit` to `invalid data`
            return self._nothing_to_see()
        return SourceError(shown, f"no RTSP stream ({(fault.strerror or 'unknown fault').lower()})", "an RTSP video stream")


def network_trouble(address: Address, timeout_s: float) -> str:
    """Why the camera's port cannot be reached, in plain words; empty if it can."""
    try:
        socket.create_connection((address.host, address.port), timeout_s).close()
    except socket.gaierror:
        return f"the name {address.host} is unknown"
    except ConnectionRefusedError:
        return "connection refused"
    except TimeoutError:
        return f"no answer within {timeout_s:g} s"
    except OSError as fault:
        return f"cannot be reached ({(fault.strerror or 'network fault').lower()})"
    return ""
