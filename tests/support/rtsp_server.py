"""A real RTSP server (GStreamer's) for tests, run by Debian's own Python: a test picture encoded live, or a clip remuxed as it is.

Prints `ready PORT` once it listens.
"""

import argparse
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gio, GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402


def asked() -> argparse.Namespace:
    wishes = argparse.ArgumentParser()
    wishes.add_argument("--port", default="0")
    wishes.add_argument("--path", default="/live")
    wishes.add_argument("--clip", help="an mp4 with H.264, served once and paced, instead of the test picture")
    wishes.add_argument("--size", default="320x240")
    wishes.add_argument("--fps", type=int, default=20)
    wishes.add_argument("--b-frames", type=int, default=0)
    wishes.add_argument("--codec", choices=("h264", "h265", "jpeg"), default="h264")
    wishes.add_argument("--digest", action="store_true", help="ask for the password by digest, not in the clear")
    wishes.add_argument("--user")
    wishes.add_argument("--password", default="")
    wishes.add_argument("--certificate", help="a PEM file with certificate and key: the server then speaks RTSPS")
    return wishes.parse_args()


def pipeline(wish: argparse.Namespace) -> str:
    if wish.clip:
        return f'( filesrc location="{wish.clip}" ! qtdemux ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=-1 )'
    width, height = wish.size.split("x")
    picture = f"videotestsrc is-live=true pattern=ball ! video/x-raw,format=I420,width={width},height={height},framerate={wish.fps}/1"
    encode = {
        "h264": f"x264enc speed-preset=ultrafast key-int-max=10 bframes={wish.b_frames} {'' if wish.b_frames else 'tune=zerolatency'} ! rtph264pay",
        "h265": "x265enc speed-preset=ultrafast tune=zerolatency key-int-max=10 log-level=none ! rtph265pay",
        "jpeg": "jpegenc ! rtpjpegpay",
    }[wish.codec]
    return f"( {picture} ! {encode} name=pay0 pt=96 )"


def guard(server: GstRtspServer.RTSPServer, factory: GstRtspServer.RTSPMediaFactory, wish: argparse.Namespace) -> None:
    """Ask for a password, or speak TLS, or both."""
    factory.add_role_from_structure(Gst.Structure.new_from_string("viewer, media.factory.access=(boolean)true, media.factory.construct=(boolean)true"))
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    auth = GstRtspServer.RTSPAuth()
    if wish.certificate:
        auth.set_tls_certificate(Gio.TlsCertificate.new_from_file(wish.certificate))
    if not wish.user:
        auth.set_default_token(token)
    elif wish.digest:
        auth.add_digest(wish.user, wish.password, token)
    else:
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(wish.user, wish.password), token)
    auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST if wish.digest else GstRtsp.RTSPAuthMethod.BASIC)
    server.set_auth(auth)


def main() -> None:
    wish = asked()
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(wish.port)
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(pipeline(wish))
    factory.set_shared(True)
    if wish.user or wish.certificate:
        guard(server, factory, wish)
    server.get_mount_points().add_factory(wish.path, factory)
    if server.attach(None) == 0:
        sys.exit(f"cannot listen on port {wish.port}")
    print("ready", server.get_bound_port(), flush=True)
    GLib.MainLoop().run()


if __name__ == "__main__":
    main()
