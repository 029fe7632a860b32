"""Secrets by reference: `${env:NAME}` and `${file:PATH}` in a source are looked up only when the camera is opened, and shown nowhere."""

import os
import re
from pathlib import Path
from urllib.parse import quote

from catseye.core.errors import SiteError
from catseye.core.secrets import REFERENCE, is_url, spells_out_a_secret


def source_fault(source: str, key: str = "source") -> tuple[str, str] | None:
    """What came and what was wanted, when the address of a `key` spells out a secret or holds a reference nobody understands. Repeats neither.

    >>> source_fault("rtsp://user:${env:CAMERA_PASSWORD}@camera/1") is None
    True
    >>> source_fault("rtsp://user:hunter2@camera/1")[0]
    'source spells out a password'
    """
    if "${" in REFERENCE.sub("", source):
        return f"{key} holds a ${{…}} that is no reference", "${env:NAME} or ${file:PATH}"
    if spells_out_a_secret(source):
        return f"{key} spells out a password", 'it by reference, such as "rtsp://user:${env:CAMERA_PASSWORD}@host/path", or ${file:PATH}'
    return None


def resolved(source: str, folder: Path, where: str, key: str = "source") -> str:
    """The address under `key` with its references looked up; in the login of a URL they are percent-encoded. Files are relative to `folder`.

    The result may hold a secret: hand it to the library that opens it, never to a message.
    """
    login_end = source.rfind("@") if is_url(source) else -1

    def looked_up(found: re.Match[str]) -> str:
        secret = _from_environment(found["env"], where, key) if found["env"] else _from_file(folder / Path(found["file"]).expanduser(), where, key)
        return quote(secret, safe="") if found.start() < login_end else secret

    return REFERENCE.sub(looked_up, source)


def _from_environment(name: str, where: str, key: str) -> str:
    secret = os.environ.get(name, "")
    if not secret:
        raise SiteError(where, f"{key} asks for ${{env:{name}}}, which is not set", f"the environment variable {name}")
    return secret


def _from_file(path: Path, where: str, key: str) -> str:
    try:
        secret = path.read_text("utf-8").strip()
    except (OSError, ValueError) as fault:
        raise SiteError(where, f"{key} asks for ${{file:{path}}}, which cannot be read", "a text file of one line") from fault
    if len(secret.splitlines()) != 1:
        raise SiteError(where, f"{key} asks for ${{file:{path}}}, which holds {'several lines' if secret else 'nothing'}", "a text file of one line")
    return secret
