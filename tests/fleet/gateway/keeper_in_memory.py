"""A keeper in memory, as the protocol wants it: until the process ends, what it kept is kept. It can be made slow, or to fail."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from catseye.core.errors import StoreError
from catseye.core.terminal import Accepted, Enrolment, Order, Told
from catseye.core.time import Stamp
from catseye.fleet.gateway.keeper import Heard, Registration
from catseye.fleet.gateway.roll import token_sha256

ENROLLED = Stamp(1_780_000_000_000_000_000)


@dataclass
class KeeperInMemory:
    """`orders_for`: what the next calls of `keep` answer with. `gate`: cleared, `keep` waits. `is_full`: the disk says no. `poison`: a body it falls over."""

    enrolled: dict[str, Enrolment] = field(default_factory=dict)
    kept: list[Accepted] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    open: list[Order] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    is_full: bool = False
    poison: bytes | None = None
    calls_count: int = 0
    threads: set[str] = field(default_factory=set)
    _revision: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.gate.set()

    def enrol(self, identity: str, token: str = "", **fields: object) -> None:
        with self._lock:
            entry = Enrolment(identity, f"plate-{identity}", 2, ENROLLED, token_sha256(token) if token else "", is_confirmed=bool(token))
            self.enrolled[identity] = replace(entry, **fields)
            self._revision += 1

    def revoke(self, identity: str) -> None:
        with self._lock:
            self.enrolled[identity] = replace(self.enrolled[identity], revoked=ENROLLED)
            self._revision += 1

    def order(self, order: Order) -> None:
        with self._lock:
            self.orders.append(order)

    def keep(self, heard: Sequence[Heard], told: Sequence[Told], now: Stamp) -> Sequence[Order]:
        self.calls_count += 1
        self.threads.add(threading.current_thread().name)
        self.gate.wait(30)
        if self.is_full:
            raise StoreError("journal", "no space left", "room on the disk")
        if self.poison is not None and any(self.poison in each.accepted.body for each in heard):
            raise ValueError("a keeper's own fault")
        self.kept += [each.accepted for each in heard]
        self.told += told
        with self._lock:
            orders, self.orders = self.orders, []
        return orders

    def enrolments(self) -> Sequence[Enrolment]:
        with self._lock:
            return list(self.enrolled.values())

    def enrolments_revision(self) -> int:
        return self._revision

    def register(self, identity: str, said: Registration, now: Stamp) -> tuple[int, str]:
        if self.is_full:
            raise StoreError("enrolments", "no space left", "room on the disk")
        found = self.enrolled.get(identity)
        if found is None or found.revoked is not None:
            return 4, ""
        if found.is_confirmed:
            return 3, ""
        token = f"token-{identity}-{self.calls_count}"
        with self._lock:
            self.enrolled[identity] = replace(found, token_sha256=token_sha256(token))
            self._revision += 1
        return 0, token

    def authenticated(self, identity: str, version: str, dialect: str, now: Stamp) -> None:
        with self._lock:
            self.enrolled[identity] = replace(self.enrolled[identity], is_confirmed=True, version=version, dialect=dialect)
            self._revision += 1

    def deregister(self, identity: str, now: Stamp) -> None:
        with self._lock:
            self.enrolled[identity] = replace(self.enrolled[identity], is_confirmed=False, token_sha256="")
            self._revision += 1

    def recent(self, since: Stamp) -> Sequence[Accepted]:
        return [each for each in self.kept if each.received.utc_ns >= since.utc_ns]

    def open_orders(self) -> Sequence[Order]:
        return self.open
