"""Reports as citizens tell them, for tests."""

from dataclasses import replace
from hashlib import sha256

from catseye.cases.citizen_reports import Claim, Evidence, Report
from catseye.cases.report_desk import decide, publish, receive, review
from catseye.cases.scheme import Adopted, Scheme, adopt, example_schemes, read_scheme
from catseye.core.geo import GeoPoint
from catseye.core.time import NS_PER_S, Stamp
from catseye.vault.vault import Vault

NOON = Stamp(1_790_049_600_000_000_000, 20.0)  # 2026-09-22T04:00:00Z, noon in Jinan
JINAN, UK = (read_scheme(example_schemes()[name], name) for name in ("jinan-like", "uk-like"))
PLACE = GeoPoint(36.6667, 117.0)
SALT = b"nobody knows this, and it is thirty-two bytes or more"
NO_LOT = replace(JINAN, review=replace(JINAN.review, again_ratio=0.0))


def claim(**other: object) -> Claim:
    """What 00000000000000a1 saw half a minute before noon."""
    plain = Claim("00000000000000a1", "red-light", NOON.plus_ns(-30 * NS_PER_S), PLACE, 8.0, "ran the light", True, True, "鲁A12345")
    return replace(plain, **other)  # type: ignore[arg-type]  # words of the test


def photo(number: int = 0, **other: object) -> Evidence:
    """One of as many different photographs as you like; their looks differ by 20 bits and more."""
    digest = sha256(f"photo {number}".encode()).hexdigest()
    return replace(Evidence("image/jpeg", digest, 100_000, digest[::-1], digest[1:] + "0", 0.0, None, (digest[:16],)), **other)  # type: ignore[arg-type]


def video(duration_s: float, number: int = 0, **other: object) -> Evidence:
    return photo(1000 + number, media_type="video/mp4", duration_s=duration_s, **other)


def toml(scheme: Scheme, text: str | None = None) -> str:
    return text or example_schemes()[scheme.id]


def adopted(vault: Vault, again_ratio: str = "0.0") -> Adopted:
    """Jinan's scheme with this share of second reviews."""
    text = example_schemes()["jinan-like"].replace("again_ratio = 0.1", f"again_ratio = {again_ratio}")
    return adopt(vault, text, "jinan-like", NOON, "chief Van")


def received(vault: Vault, scheme: Adopted, number: int = 0, when: Stamp = NOON, **other: object) -> Report:
    """A report with two photographs of its own, received at `when`."""
    told = claim(**{"happened": when.plus_ns(-30 * NS_PER_S), **other})
    return receive(vault, scheme, told, [photo(2 * number), photo(2 * number + 1)], when)


def upheld(vault: Vault, name: str, when: Stamp = NOON, finding: str = "upheld", **facts: object) -> Report:
    """Through to published, by officers An (who accepts) and Binh (who reviews)."""
    decide(vault, name, "triaged", when, "officer An")
    decide(vault, name, "accepted", when, "officer An", **facts)
    review(vault, name, finding, "seen on the video", when, "officer Binh", SALT)
    return publish(vault, name, when, "officer Binh")
