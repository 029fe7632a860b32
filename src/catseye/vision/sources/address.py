"""Where a source is, and how to name it without giving its secrets away."""

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from catseye.core.errors import SourceError
from catseye.core.secrets import shown_address

LIVE_SCHEMES = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Address:
    """A camera's address taken apart. `shown` is the only form that may reach a message, a notice or a log; `url` bears the credentials."""

    scheme: str
    host: str
    port: int
    shown: str
    url: str = field(repr=False)
    bare_url: str = field(repr=False)
    user: str | None = field(repr=False)
    password: str | None = field(repr=False)


def is_live(location: str) -> bool:
    """Does it name a camera on the network (scheme://…), or a file?

    >>> is_live("rtsp://cam/1"), is_live("clip.mp4")
    (True, False)
    """
    return "://" in location


def parse_address(location: str) -> Address:
    """Take a URL apart; SourceError for another scheme, no host, or a port that is none."""
    shown = shown_address(location)
    try:
        parts = urlsplit(location)
        port = parts.port
    except ValueError as fault:
        raise SourceError(shown, f"is no address ({'port' if 'ort' in str(fault) else 'host'} unreadable)", "scheme://host:port/path") from None
    scheme = parts.scheme.lower()
    if scheme not in LIVE_SCHEMES:
        raise SourceError(shown, f"scheme {scheme or 'missing'}", "a file, or rtsp://, rtsps://, http://, https://")
    if not parts.hostname:
        raise SourceError(shown, "names no host", f"{scheme}://host/path")
    place = parts.netloc.rpartition("@")[2]
    user, password = (None if part is None else unquote(part) for part in (parts.username, parts.password))
    return Address(scheme, parts.hostname, port or LIVE_SCHEMES[scheme], shown, location, parts._replace(netloc=place).geturl(), user, password)
