"""HTTP cameras: Motion JPEG (multipart or bare) and snapshots, which are polled. Proxies follow the environment, as everywhere."""

import ssl
import time
import urllib.request
from collections.abc import Iterator
from http.client import HTTPException, HTTPResponse
from threading import Event
from typing import cast
from urllib.error import HTTPError, URLError

import av
from av.error import FFmpegError

from catseye.core.errors import SourceError
from catseye.vision.ring import PacketRing, StreamParameters
from catseye.vision.sources.address import Address
from catseye.vision.sources.clock import PresentationClock
from catseye.vision.sources.decode import Counters, Shot
from catseye.vision.sources.jpeg import MOST_PICTURE_BYTES, JpegSplitter

DOUBT_MS = 500.0
CHUNK_BYTES = 64 << 10
SNAPSHOT_TYPES = frozenset({"image/jpeg", "image/jpg", "image/pjpeg"})
STREAM_TYPES = frozenset({"multipart/x-mixed-replace", "multipart/mixed", "video/x-motion-jpeg", "video/x-jpeg", "video/mjpeg", "application/octet-stream"})
WANTED = "image/jpeg (a snapshot) or multipart/x-mixed-replace (Motion JPEG)"


class HttpLink:
    """Reaches one HTTP address; what it is, a snapshot or a stream, its content type says. Frames have no timestamps: they lie where they arrive."""

    def __init__(self, address: Address, stall_s: float, poll_s: float, ring: PacketRing | None, *, verify_tls: bool) -> None:
        self.shown = address.shown
        self.doubt_ms = DOUBT_MS
        self._address, self._stall_s, self._poll_s, self._ring = address, stall_s, poll_s, ring
        self._opener = _opener(address, verify_tls)
        self._interrupted = Event()
        self._validators: dict[str, str] = {}
        self._picture = b""

    def interrupt(self) -> None:
        """Ends the pause between two snapshots; a stream ends with its next bytes, or after the stall time."""
        self._interrupted.set()

    def shots(self, clock: PresentationClock, counters: Counters) -> Iterator[Shot]:
        """Connect and decode; SourceError when refused or lost."""
        jpegs = _JpegDecoder(counters, self._ring, clock)
        self._validators, self._picture = {}, b""
        response = self._ask()
        with response:
            content_type = response.headers.get_content_type()
            if content_type in SNAPSHOT_TYPES:
                self.doubt_ms = DOUBT_MS + 1000 * self._poll_s / 2
                first = self._body(response)
            elif content_type in STREAM_TYPES:
                for picture in self._stream(response):
                    yield from jpegs.decode(picture)
                return
            else:
                raise SourceError(self.shown, f"content type {content_type}", WANTED)
        shots = list(jpegs.decode(first))
        if not shots:
            raise SourceError(self.shown, "the snapshot cannot be decoded", "a JPEG picture")
        yield from shots
        yield from self._poll(jpegs)

    def _poll(self, jpegs: "_JpegDecoder") -> Iterator[Shot]:
        """Ask again every `poll_s`; a picture that has not changed is no new frame."""
        while not self._interrupted.wait(self._poll_s):
            response = self._ask()
            with response:
                fresh = b"" if response.status == 304 else self._body(response)
            if fresh:
                yield from jpegs.decode(fresh)

    def _stream(self, response: HTTPResponse) -> Iterator[bytes]:
        splitter = JpegSplitter()
        while not self._interrupted.is_set():
            try:
                chunk = response.read1(CHUNK_BYTES)
            except (OSError, HTTPException) as fault:
                raise self._loss(fault) from None
            if not chunk:
                return
            yield from splitter.feed(chunk)

    def _body(self, response: HTTPResponse) -> bytes:
        """The picture, or nothing where it is the one before."""
        try:
            picture = response.read(MOST_PICTURE_BYTES + 1)
        except (OSError, HTTPException) as fault:
            raise self._loss(fault) from None
        if len(picture) > MOST_PICTURE_BYTES:
            raise SourceError(self.shown, "a snapshot of more than 32 MB", "a JPEG picture")
        tags = (("If-None-Match", response.headers["ETag"]), ("If-Modified-Since", response.headers["Last-Modified"]))
        self._validators = {name: value for name, value in tags if value}
        if picture == self._picture:
            return b""
        self._picture = picture
        return picture

    def _ask(self) -> HTTPResponse:
        request = urllib.request.Request(self._address.bare_url, headers={"User-Agent": "catseye", **self._validators})
        try:
            return cast(HTTPResponse, self._opener.open(request, timeout=self._stall_s))
        except HTTPError as answer:
            if answer.code == 304:
                return cast(HTTPResponse, answer)
            answer.close()
            raise _refusal(self.shown, answer.code, has_user=self._address.user is not None) from None
        except URLError as fault:
            raise self._loss(fault.reason if isinstance(fault.reason, Exception) else fault) from None
        except (OSError, HTTPException, ValueError) as fault:
            raise self._loss(fault) from None

    def _loss(self, fault: Exception) -> SourceError:
        place = f"an HTTP server at {self._address.host}:{self._address.port}"
        if isinstance(fault, ConnectionRefusedError):
            return SourceError(self.shown, "connection refused", place)
        if isinstance(fault, TimeoutError):
            return SourceError(self.shown, f"nothing came for {self._stall_s:g} s", place)
        if isinstance(fault, ssl.SSLCertVerificationError):
            return SourceError(self.shown, f"its certificate is not trusted ({fault.verify_message})", "a certificate of a known authority, or verify_tls off")
        said = fault.strerror if isinstance(fault, OSError) and fault.strerror else type(fault).__name__
        return SourceError(self.shown, f"connection lost ({said.lower()})", place)


class _JpegDecoder:
    """Decodes single JPEG pictures; each is a keyframe for the ring."""

    def __init__(self, counters: Counters, ring: PacketRing | None, clock: PresentationClock) -> None:
        self._counters, self._ring, self._clock = counters, ring, clock
        self._codec = av.CodecContext.create("mjpeg", "r")
        self._codec.thread_count = 1
        self._is_damaged = False

    def decode(self, picture: bytes) -> Iterator[Shot]:
        arrival_ns, arrival_utc_ns = time.monotonic_ns(), time.time_ns()
        begin_s = time.thread_time()
        try:
            frames = self._codec.decode(av.Packet(picture))
        except FFmpegError:
            frames = []
        self._counters.decode_cpu_s += time.thread_time() - begin_s
        self._is_damaged |= not frames
        for frame in frames:
            self._counters.frames_decoded += 1
            damaged, self._is_damaged = self._is_damaged or frame.is_corrupt, False
            yield Shot(frame, None, arrival_ns, arrival_utc_ns, damaged)
            if self._ring is not None:
                parameters = StreamParameters("mjpeg", b"", frame.width, frame.height)
                self._ring.add(picture, self._clock.last_ns, True, stream=parameters)


class _CloseRefusal(urllib.request.BaseHandler):
    """urllib asks again with the password, but leaves the first answer's connection open: some cameras allow but one."""

    handler_order = 400

    def http_error_401(self, _request: object, answer: HTTPResponse, *_: object) -> None:
        answer.close()


def _opener(address: Address, verify_tls: bool) -> urllib.request.OpenerDirector:
    handlers: list[urllib.request.BaseHandler] = [_CloseRefusal()]
    if address.user is not None:
        book = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        book.add_password(None, address.bare_url, address.user, address.password or "")
        handlers += [urllib.request.HTTPDigestAuthHandler(book), urllib.request.HTTPBasicAuthHandler(book)]
    context = ssl.create_default_context()
    if not verify_tls:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return urllib.request.build_opener(urllib.request.HTTPSHandler(context=context), *handlers)


def _refusal(shown: str, code: int, *, has_user: bool) -> SourceError:
    if code == 401:
        came = "the camera refused the user name or password (401)" if has_user else "the camera wants a user name and password (401)"
        return SourceError(shown, came, "valid credentials in the address")
    if code == 404:
        return SourceError(shown, "no such picture (404)", "the path of a snapshot or a Motion JPEG stream")
    return SourceError(shown, f"the camera answered {code}", "200")
