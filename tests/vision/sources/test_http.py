"""Motion JPEG and snapshots from a real HTTP server."""

import base64
import http.server
import itertools
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from catseye.core.errors import SourceError
from catseye.core.picture import RawFrame
from catseye.vision.ring import PacketRing
from catseye.vision.sources import RetryPolicy, open_source

QUICK = RetryPolicy(first_s=0.1, most_s=0.2, stall_s=60.0)  # no test waits as long: what a busy machine delays is no loss
Parted = Callable[..., tuple[list[RawFrame], list]]
KEY = "Basic " + base64.b64encode(b"viewer:s3cret").decode()


class Camera(http.server.BaseHTTPRequestHandler):
    """Serves what real cameras serve."""

    pictures: ClassVar[list[bytes]] = []
    sent_s: ClassVar[list[float]] = []
    requests_count = 0
    unchanged_count = 0

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        type(self).requests_count += 1
        name = self.path.partition("?")[0].strip("/").replace("-", "_").removesuffix(".jpg")
        getattr(self, f"get_{name}", lambda: self.send_error(404))()

    def send(self, content_type: str, body: bytes, **headers: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        for header, value in headers.items():
            self.send_header(header, value)
        self.end_headers()
        self.wfile.write(body)

    def stream(self, content_type: str, count: int, head: bytes = b"") -> None:
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.end_headers()
        try:
            for index in range(count):
                self.sent_s.append(time.monotonic())
                self.wfile.write(head + self.pictures[index % len(self.pictures)] + (b"\r\n" if head else b""))
                time.sleep(0.03)
        except OSError:
            pass

    def get_multipart(self) -> None:
        self.stream("multipart/x-mixed-replace; boundary=frame", 500, b"--frame\r\nContent-Type: image/jpeg\r\n\r\n")

    def get_raw(self) -> None:
        self.stream("video/x-motion-jpeg", 500)

    def get_short(self) -> None:
        self.stream("multipart/x-mixed-replace; boundary=frame", 5, b"--frame\r\n\r\n")

    def get_snapshot(self) -> None:
        turn = type(self).requests_count // 3  # the picture changes at every third look
        if self.headers["If-None-Match"] == f'"{turn}"':
            type(self).unchanged_count += 1
            self.send_response(304)
            self.end_headers()
            return
        self.send("image/jpeg", self.pictures[turn % len(self.pictures)], ETag=f'"{turn}"')

    def get_same(self) -> None:
        self.send("image/jpeg", self.pictures[min(1, type(self).requests_count // 5)])

    def get_locked(self) -> None:
        if self.headers["Authorization"] == KEY:
            return self.get_snapshot()
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="camera"')
        self.end_headers()
        return None

    def get_page(self) -> None:
        self.send("text/html", b"<p>please log in</p>")

    def get_broken(self) -> None:
        self.send("image/jpeg", b"not a picture at all")

    def get_busy(self) -> None:
        self.send_error(503)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def serve(handler: type, tls: ssl.SSLContext | None = None) -> http.server.ThreadingHTTPServer:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture
def camera(jpeg_picture: Callable[..., bytes]) -> Iterator[Callable[..., str]]:
    """URL of a path on a fresh camera."""
    handler = type("Fresh", (Camera,), {"pictures": [jpeg_picture(index) for index in range(8)], "sent_s": [], "requests_count": 0, "unchanged_count": 0})
    server = serve(handler)

    def url(path: str, credentials: str = "") -> str:
        return f"http://{credentials}127.0.0.1:{server.server_port}/{path}"

    url.handler = handler  # type: ignore[attr-defined]
    yield url
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("path", ["multipart", "raw"])
def test_motion_jpeg_is_placed_by_arrival(camera: Callable[..., str], path: str) -> None:
    begin_s, begin_utc_ns = time.monotonic(), time.time_ns()
    frames, got_s = [], []
    with open_source(camera(path), retry=QUICK) as source:
        for item in source:
            if not isinstance(item, RawFrame):
                assert item.kind == "frames-dropped"  # by a machine too busy to look
                continue
            frames.append(item)
            got_s.append(time.monotonic())
            if len(frames) == 12:
                break
    assert frames[0].time_ns == 0
    assert all(later.time_ns > earlier.time_ns for earlier, later in itertools.pairwise(frames))
    # A frame arrives after it was sent and before it is looked at, however slow the machine.
    sent_s = camera.handler.sent_s  # type: ignore[attr-defined]
    assert sent_s[frames[-1].index] - got_s[0] <= frames[-1].time_ns / 1e9 <= got_s[-1] - begin_s
    assert frames[3].grey(96, 64).shape == (64, 96)
    assert all(frame.when and begin_utc_ns <= frame.when.utc_ns <= time.time_ns() for frame in frames)


def test_a_stream_that_ends_is_called_again_and_the_pause_is_a_gap(camera: Callable[..., str], parted: Parted) -> None:
    with open_source(camera("short"), retry=QUICK) as source:
        frames, notices = parted(source, 8)
    gap = next(notice for notice in notices if notice.kind == "source-gap")
    times_ns = {frame.index: frame.time_ns for frame in frames}
    assert (gap.time_ns, gap.end_time_ns) == (times_ns.get(4, gap.time_ns), times_ns.get(5, gap.end_time_ns))
    assert gap.end_time_ns - gap.time_ns >= 0.1e9
    assert "ended the stream" in gap.detail


def test_a_snapshot_is_polled_and_an_unchanged_one_is_no_frame(camera: Callable[..., str], parted: Parted) -> None:
    with open_source(camera("snapshot.jpg"), retry=QUICK, snapshot_every_s=0.05) as source:
        frames, notices = parted(source, 4)
    assert notices == []
    assert camera.handler.requests_count >= 9  # type: ignore[attr-defined]
    assert camera.handler.unchanged_count >= 5  # type: ignore[attr-defined]
    assert frames[0].when is not None
    assert frames[0].when.doubt_ms > 500


def test_the_same_bytes_again_are_no_frame_even_without_validators(camera: Callable[..., str], parted: Parted) -> None:
    with open_source(camera("same"), retry=QUICK, snapshot_every_s=0.02) as source:
        frames, _ = parted(source, 2)
    assert frames[1].time_ns >= 3 * 0.02e9


def test_a_password_opens_and_never_shows(camera: Callable[..., str], parted: Parted) -> None:
    with open_source(camera("locked?token=s3cret", "viewer:s3cret@"), retry=QUICK, snapshot_every_s=0.02) as source:
        assert len(parted(source, 2)[0]) == 2
        assert "s3cret" not in repr(source)
    for credentials, said in (("viewer:s3cretly@", "refused the user name or password"), ("", "wants a user name and password")):
        with pytest.raises(SourceError, match=said) as fault:
            next(iter(open_source(camera("locked?token=s3cret", credentials), retry=QUICK)))
        assert "s3cret" not in str(fault.value)


@pytest.mark.parametrize(("path", "said"), [("nothing", "404"), ("page", "content type text/html"), ("broken", "cannot be decoded"), ("busy", "answered 503")])
def test_what_is_no_camera_is_told_at_once(camera: Callable[..., str], path: str, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        next(iter(open_source(camera(path), retry=QUICK)))


def test_a_closed_port_is_told_at_once(dead_port: int) -> None:
    with pytest.raises(SourceError, match="connection refused"):
        next(iter(open_source(f"http://127.0.0.1:{dead_port}/snapshot.jpg", retry=QUICK)))


def test_https_trusts_known_authorities_only_unless_told(certificate: Path, jpeg_picture: Callable[..., bytes], parted: Parted) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = serve(type("Fresh", (Camera,), {"pictures": [jpeg_picture(0)], "requests_count": 0}), context)
    url = f"https://127.0.0.1:{server.server_port}/same"
    with pytest.raises(SourceError, match="certificate is not trusted"):
        next(iter(open_source(url, retry=QUICK)))
    with open_source(url, retry=QUICK, verify_tls=False) as source:
        assert len(parted(source, 1)[0]) == 1
    server.shutdown()
    server.server_close()


def test_motion_jpeg_feeds_a_ring(camera: Callable[..., str], parted: Parted) -> None:
    ring = PacketRing(60.0, 10_000_000)
    with open_source(camera("raw"), ring=ring, retry=QUICK) as source:
        frames, _ = parted(source, 6)
    packets = ring.cut(0, frames[4].time_ns)
    assert [packet.time_ns for packet in packets if packet.time_ns in {frame.time_ns for frame in frames}] == [frame.time_ns for frame in frames[:5]]
    assert packets[0].payload == camera.handler.pictures[0]  # type: ignore[attr-defined]
