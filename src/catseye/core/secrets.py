"""Secrets in addresses: which words are secrets, and how an address or any text about it is shown without them. One list for every room.

Wherever it is unclear where a secret ends, more is blotted out than need be: a message that says too little can be mended.
"""

import re

REFERENCE = re.compile(r"\$\{(?:env:(?P<env>[A-Za-z_][A-Za-z0-9_]*)|file:(?P<file>[^{}]+))\}")
"""How a secret is named instead of spelled out; a reference may be shown."""

BLOT = "…"
_WITHIN = r"passw(?:or[dt]|d)|passphrase|passcode|pwd|psw|login_?pas|secret|token"  # also at the end of a longer name
_ALONE = r"pass|pw|(?:api|access)?_?key|auth(?:basic|orization)?|sig(?:nature)?|credentials?"  # a compass and a monkey are no secrets
_USER = r"user(?:_?name)?|usr|login_?use"
# What stands behind a value may be the sentence around it.
_ARGUMENT = r"(?i:(?:(?:{within})\d*|(?<![A-Za-z0-9])(?:{alone}))=)(?P<value>[^&;\s]*?)(?=[:,.)\]'\"]*(?:[&;\s]|$))"
_SECRET = re.compile(_ARGUMENT.format(within=_WITHIN, alone=_ALONE))
_SECRET_OR_USER = re.compile(_ARGUMENT.format(within=_WITHIN, alone=f"{_ALONE}|{_USER}"))
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_LOGIN = re.compile(r"(?<=://)(?P<login>\S*)@")
_PLAIN_HOST = re.compile(r"(?:\[[^\]]*\]|[^/?#:@]*)(?::\d*)?(?=[/?#]|$)")
_A_REFERENCE = "\0"  # stands for a reference while the rest is looked at


def is_url(location: str) -> bool:
    """Whether it is an address and not a file.

    >>> is_url("rtsp://camera/1"), is_url("clips/a.mp4")
    (True, False)
    """
    return _SCHEME.match(location) is not None


def spells_out_a_secret(location: str) -> bool:
    """Whether an address holds a password or another secret itself, and not a reference to it. A user's name is no secret.

    >>> spells_out_a_secret("rtsp://user:hunter2@camera/1"), spells_out_a_secret("rtsp://user:${env:CAMERA_PASSWORD}@camera/1")
    (True, False)
    """
    plain = REFERENCE.sub(_A_REFERENCE, location)
    if not is_url(plain):
        return False
    rest = plain.partition("://")[2]
    login = "" if _PLAIN_HOST.match(rest) else rest.rpartition("@")[0]
    words = [login.partition(":")[2], *(found["value"] for found in _SECRET.finditer(rest))]
    return any(word.strip(_A_REFERENCE) for word in words)


def masked(text: str) -> str:
    """Any text with the logins and secret arguments of its addresses blotted out, references left: the last guard before a screen, a log or a file.

    >>> masked("rtsp://user:hunter2@camera/1?token=abc: refused")
    'rtsp://…@camera/1?token=…: refused'
    """
    return _LOGIN.sub(_blotted_login, _SECRET.sub(_blotted_argument, text))


def shown_address(location: str) -> str:
    """An address as it may be shown where references are already looked up: no user, no password, no query. A file's name as it is.

    >>> shown_address("rtsp://admin:12345@10.0.0.7/ch1?token=abc")
    'rtsp://…@10.0.0.7/ch1?…'
    >>> shown_address("rtsp://10.0.0.7/user=admin&password=tlJwpbo6&channel=1")
    'rtsp://10.0.0.7/user=…&password=…&channel=1'
    """
    scheme, separator, rest = location.partition("://")
    if not separator:
        return location
    rest = _SECRET_OR_USER.sub(_blotted_argument, rest)
    if not _PLAIN_HOST.match(rest):  # a password may hold anything: all before the last @ goes
        rest = BLOT + rest[at:] if (at := rest.rfind("@")) >= 0 else BLOT
    place, query = re.match(r"([^?#]*)(.*)", rest, re.DOTALL).groups()  # type: ignore[union-attr]
    if "@" in query:
        return f"{scheme}://{BLOT}"  # a query with an @, or a login whose password begins like a port: nobody can tell
    place = BLOT + place[place.rfind("@") :] if "@" in place else place
    return f"{scheme}://{place}" + (f"?{BLOT}" if query else "")


def _blotted_login(found: re.Match[str]) -> str:
    """Without a password it is a user's name, or no login at all (`camera/stream@main`); one of references alone hides nothing."""
    _, _, password = REFERENCE.sub("", found["login"]).partition(":")
    return f"{BLOT}@" if password else found[0]


def _blotted_argument(found: re.Match[str]) -> str:
    if not REFERENCE.sub("", found["value"]):
        return found[0]
    return found[0].removesuffix(found["value"]) + BLOT
