"""`catseye authority`: the root that outsiders trust, and the certificates it issues. Meant for the authority's own machine, not for a site's."""

import time
from datetime import UTC, datetime
from pathlib import Path

from catseye.core.errors import SiteError
from catseye.core.time import NS_PER_S, Stamp
from catseye.station.outcome import RunOutcome
from catseye.vault import authority
from catseye.vault.signing import key_name, load_public_key

ROOT_YEARS, SIGNER_DAYS = 20, 365
_DAY_NS = 86_400 * NS_PER_S


def make_root(folder: Path, name: str, since: str | None, until: str | None) -> RunOutcome:
    """A new authority; nothing is ever replaced."""
    begin = _moment("--from", since) or _now()
    path = authority.make_root(folder, name, begin, _moment("--until", until) or begin.plus_ns(ROOT_YEARS * 365 * _DAY_NS))
    root = authority.read_certificate(path)
    key = folder / authority.ROOT_KEY
    lines = [
        f"authority {root.name}, from {root.since.iso()} to {root.until.iso()}",
        f"written: {key} (keep it on a machine of your own, and secret)",
        f"written: {path} (give it to whoever shall verify packages)",
    ]
    return RunOutcome(0, {"name": root.name, "key": str(key), "root": str(path), "from": root.since.iso(), "until": root.until.iso()}, lines)


def certify(public_key: Path, folder: Path, site: str, to: Path, since: str | None, until: str | None) -> RunOutcome:
    """A certificate for a site's signer."""
    begin = _moment("--from", since) or _now()
    key = load_public_key(public_key)
    made = authority.certify(folder, key, site, begin, _moment("--until", until) or begin.plus_ns(SIGNER_DAYS * _DAY_NS), to)
    lines = [
        f"signer of {made.name}, key {key_name(key)}, certified from {made.since.iso()} to {made.until.iso()}",
        f"written: {to} (give it back to the site)",
    ]
    return RunOutcome(0, {"site": made.name, "key": key_name(key), "certificate": str(to), "from": made.since.iso(), "until": made.until.iso()}, lines)


def _now() -> Stamp:
    return Stamp(time.time_ns() // NS_PER_S * NS_PER_S)


def _moment(option: str, text: str | None) -> Stamp | None:
    """A date, or a moment with its offset; a date means its first moment, UTC."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return Stamp.from_datetime(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError) as error:
        raise SiteError(option, text, "a date as 2026-12-31, or a moment as 2026-12-31T23:59:59+07:00") from error
