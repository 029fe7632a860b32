"""Media to keep, as `vision` would hand it over: files in a vault's staging folder, and who may look."""

from hashlib import sha256
from pathlib import Path

from catseye.core.grant import Grant
from catseye.core.sealed import RedactedMedia, SealedMedia
from catseye.core.time import NS_PER_S, Stamp
from catseye.vault.vault import Vault

NOON = Stamp(2_500_000_000 * NS_PER_S, 20.0)  # after any machine's clock that runs these tests: files carry its time
DAY_NS = 86_400 * NS_PER_S
RECIPIENT = "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq"
CLIP = bytes(range(256)) * 700
LOG = b'{"frame":1,"box_px":[1,2,3,4],"class":"head"}\n'


def later(days: float) -> Stamp:
    return Stamp(NOON.utc_ns + round(days * DAY_NS))


def grant(who: str = "officer Ly", until: Stamp | None = None) -> Grant:
    return Grant(who, "review of a red-light case", until or later(365))


def staged(vault: Vault, content: bytes, name: str = "clip") -> Path:
    path = vault.media.staging() / name
    path.write_bytes(content)
    return path


def redacted(vault: Vault, content: bytes = CLIP, log: bytes = LOG) -> RedactedMedia:
    original = sha256(b"the original of " + content).hexdigest()
    return RedactedMedia(staged(vault, content), "video/mp4", sha256(content).hexdigest(), len(content), original, log)


def sealed(vault: Vault, content: bytes = CLIP, original: bytes = b"a face") -> SealedMedia:
    path, of_original, of_sealed = staged(vault, content, "clip.age"), sha256(original).hexdigest(), sha256(content).hexdigest()
    return SealedMedia(path, "video/mp4", of_original, len(original), of_sealed, len(content), (RECIPIENT,))
