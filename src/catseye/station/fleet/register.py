"""The register of permits between the vault, which keeps plain facts, and `fleet`, which knows what they mean."""

from collections.abc import Generator, Iterable, Mapping
from datetime import tzinfo
from typing import Any

from catseye.core.terminal import Enrolment
from catseye.core.time import NS_PER_S, Stamp
from catseye.fleet.permits.areas import Area
from catseye.fleet.permits.records import Permit
from catseye.fleet.permits.register import Holdings, Register, closed_of
from catseye.vault.permits import Rows
from catseye.vault.vault import Vault

PERMIT, AREA = "permit/", "area/"  # how keys of rows begin: areas come first where they are read in order
LOOK_EVERY_S = 3.0
PAGE_COUNT = 250  # rows: what is done at once, so that nobody waits for it


def rows_in(vault: Vault) -> tuple[int, dict[str, Permit], dict[str, Area]]:
    """The register's revision, its permits by `Permit.key` and its areas by name."""
    revision, facts = vault.permits.current()
    return revision, _permits(facts), _areas(facts)


def keys_of(permits: Iterable[Permit], areas: Iterable[Area]) -> dict[str, Mapping[str, object]]:
    """Rows as the vault keeps them."""
    rows: dict[str, Mapping[str, object]] = {PERMIT + permit.key: permit.as_facts() for permit in permits}
    return rows | {AREA + area.name: area.as_facts() for area in areas}


def register_of(vault: Vault, enrolments: Iterable[Enrolment], zone: tzinfo) -> Register:
    """What `FleetWatch` judges by, as it is now, read at once; `LiveRegister` follows it from then on."""
    revision, permits, areas = rows_in(vault)
    return Register.of(permits.values(), areas.values(), enrolments, zone, revision)


class LiveRegister:
    """The register as other processes change it, for a thread that may never stand still: looked at every few seconds, read anew page by page."""

    def __init__(self, vault: Vault, register: Register, every_s: float = LOOK_EVERY_S, page_count: int = PAGE_COUNT) -> None:
        """`register`: what is judged by so far."""
        self._vault, self._register, self._every_ns, self._page_count = vault, register, round(every_s * NS_PER_S), page_count
        self._pages: Generator[None, None, Register] | None = None
        self._enrolments: Mapping[str, Enrolment] | None = None
        self._letting_in: dict[str, tuple[str, int]] = {}
        self._looked_ns = 0

    def newer(self, enrolments: Mapping[str, Enrolment], now: Stamp, pages_count: int = 1) -> Register | None:
        """Read on, no more than so many pages; the register when there is another one, else None. Call it often, with a new mapping when one changed.

        StoreError, PermitError when it cannot be read: it begins anew at the next look.
        """
        if self._pages is None and not self._is_due(now):
            return None
        try:
            return self._step(enrolments, pages_count)
        except BaseException:
            self._pages = None
            raise

    def _is_due(self, now: Stamp) -> bool:
        if abs(now.utc_ns - self._looked_ns) < self._every_ns:  # abs: a clock that was set back
            return False
        self._looked_ns = now.utc_ns
        return True

    def _step(self, enrolments: Mapping[str, Enrolment], pages_count: int) -> Register | None:
        if self._pages is None:
            if (revision := self._vault.permits.revision()) == self._register.revision:
                return self._among(enrolments)
            self._pages = self._read(revision)
        try:
            for _ in range(pages_count):
                next(self._pages)
        except StopIteration as done:
            read: Register = done.value
            self._pages, self._enrolments = None, enrolments
            self._letting_in = _letting_in(enrolments)
            self._register = read.among(enrolments.values())
            return self._register
        return None

    def _among(self, enrolments: Mapping[str, Enrolment]) -> Register | None:
        """When another terminal may report, or for another plate; a token that was used is no such thing."""
        if enrolments is self._enrolments:
            return None
        before, self._enrolments, self._letting_in = self._letting_in, enrolments, _letting_in(enrolments)
        if self._letting_in == before:
            return None
        self._register = self._register.among(enrolments.values())
        return self._register

    def _read(self, revision: int) -> Generator[None, None, Register]:
        areas: dict[str, Area] = {}
        holdings = Holdings()
        zone, last = self._register.zone, ""
        while rows := self._vault.permits.page(last, self._page_count):
            areas |= _areas(rows)
            holdings.add(_permits(rows).values(), areas, zone)
            last = next(reversed(rows))
            yield
        # What was changed meanwhile is of a later revision: the next look sees that, and reads it all once more.
        return Register(revision, zone, holdings, closed_of(areas.values()))


def _letting_in(enrolments: Mapping[str, Enrolment]) -> dict[str, tuple[str, int]]:
    return {identity: (each.plate, each.plate_colour) for identity, each in enrolments.items() if each.revoked is None}


def _permits(rows: Rows) -> dict[str, Permit]:
    return {key.removeprefix(PERMIT): Permit.of_facts(facts) for key, facts in rows.items() if key.startswith(PERMIT)}


def _areas(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, Area]:
    return {key.removeprefix(AREA): Area.of_facts(facts) for key, facts in rows.items() if key.startswith(AREA)}
