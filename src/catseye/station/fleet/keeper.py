"""The gateway's keeper: what terminals say goes into the vault's journal, is judged, and what follows from it is kept before anything is acknowledged.

The journal is the truth. Events and orders follow from it, so what a crash or a full disk kept from being written is judged again from the last mark, to the
same ids: nothing is lost, and nobody is warned twice.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from catseye.core.errors import CatseyeError, StoreError
from catseye.core.event import Event
from catseye.core.terminal import Accepted, Enrolment, Order, Told
from catseye.core.time import NS_PER_S, Stamp
from catseye.fleet.driver import DRIVER, DriverCard, driver_event, without_person
from catseye.fleet.errors import WireError
from catseye.fleet.gateway.keeper import Heard, Registration
from catseye.fleet.message import Body
from catseye.fleet.permits.course import ENDING
from catseye.fleet.permits.watch import is_open
from catseye.station.fleet.judging import FleetJudge
from catseye.station.fleet.register import LiveRegister
from catseye.station.log import logger
from catseye.vault.event_search import Wanted
from catseye.vault.journal import Position
from catseye.vault.segments import SegmentDamagedError
from catseye.vault.vault import Vault

RUN = "fleet"  # the vault's run of all gateways of a site: a restart goes on in it
MARK_EVERY_S = 2.0
PAY_EVERY_S = 0.25  # what many batches led to is one transaction of each kind; the journal has it meanwhile
RESUMED_NS = 86_400 * NS_PER_S
IDLE_PAGES_COUNT = 8  # of the register, where nobody waits for an answer


@dataclass(frozen=True, slots=True)
class _Owed:
    """What follows from a batch that the journal holds, until the database holds it too."""

    events: tuple[Event, ...]
    orders: tuple[Order, ...]
    told: tuple[Told, ...]


class VaultKeeper:
    """Everything of it runs in the gateway's one worker thread; the vault is opened there at the first call."""

    def __init__(self, open_vault: Callable[[], Vault], judge_of: Callable[[Vault, Sequence[Event]], FleetJudge], clock: Callable[[], Stamp]) -> None:
        """`judge_of` makes the judge of a vault that is open, out of the events of the last day; `clock` tells when the keeper begins."""
        self._open_vault, self._judge_of, self._clock = open_vault, judge_of, clock
        self._vault: Vault | None = None
        self._judge: FleetJudge | None = None
        self._permits: LiveRegister | None = None
        self._enrolments: dict[str, Enrolment] = {}
        self._revision = -1
        self._looked_ns = 0
        self._drivers: dict[str, str] = {}
        self._owed: deque[_Owed] = deque()
        self._position: Position | None = None
        self._marked_ns = self._paid_ns = 0
        self.is_behind = False  # the database would not take what the journal already holds

    @property
    def vault(self) -> Vault:
        """The vault, opened when first asked for, and brought up to what its journal holds."""
        if self._vault is None:
            vault = self._open_vault()
            try:
                self._begin(vault)
            except BaseException:
                vault.close()
                raise
            self._vault = vault
        return self._vault

    def keep(self, heard: Sequence[Heard], told: Sequence[Told], now: Stamp) -> Sequence[Order]:
        """See `Keeper`. Once the journal has them the messages are kept, whatever the database says: what it owes is written with a later call."""
        vault, judge = self.vault, self._judge
        assert judge is not None
        if cards := [each for each in heard if each.accepted.msg_id == DRIVER and each.body.layout is not None]:
            self._take_over(cards)
        enrolled = self._enrolled(vault, now)  # first: once the journal has the messages, nothing may fail any more
        self._look_at_permits(judge, enrolled, now, IDLE_PAGES_COUNT if not heard else 1)
        position = vault.journal.append([_journalled(each) for each in heard])
        judged = judge.judge(heard, told, now, enrolled, self._drivers)
        if judged.events or judged.orders or told:
            self._owed.append(_Owed(judged.events, judged.orders, tuple(told)))
        self._position = position or self._position
        self._pay(now)
        return judged.orders

    def enrolments(self) -> Sequence[Enrolment]:
        """See `Keeper`."""
        return self.vault.terminals.enrolments()

    def enrolments_revision(self) -> int:
        """See `Keeper`."""
        return self.vault.terminals.revision()

    def register_all(self, wanted: Sequence[tuple[str, Registration]], now: Stamp) -> Sequence[tuple[int, str]]:
        """See `Keeper`. What a terminal says of its maker is not kept: nothing may ever depend on it."""
        del now
        return self.vault.terminals.register_all([(identity, said.plate) for identity, said in wanted])

    def authenticated_all(self, said: Sequence[tuple[str, str, str]], now: Stamp) -> None:
        """See `Keeper`."""
        del now
        self.vault.terminals.authenticated_all(said)

    def deregister(self, identity: str, now: Stamp) -> None:
        """See `Keeper`."""
        del now
        self.vault.terminals.deregister(identity)

    def recent(self, since: Stamp) -> Iterator[Accepted]:
        """See `Keeper`. What is damaged in the middle of a segment is told, and the rest is read."""
        with _damage_told():
            yield from self.vault.journal.recent(since)

    def open_orders(self) -> Sequence[Order]:
        """See `Keeper`."""
        return self.vault.terminals.open_orders()

    def close(self) -> None:
        """Write what is owed, as far as the disk lets us, and give the vault back."""
        vault, self._vault = self._vault, None
        if vault is not None:
            self._vault = vault
            self._pay(self._clock(), is_last=True)
            self._vault = None
            vault.close()

    def _begin(self, vault: Vault) -> None:
        """Go on where the last gateway was: who is warned of what, who drives, and what of the journal nobody has judged yet."""
        now = self._clock()
        since_ns = now.utc_ns - RESUMED_NS
        open_since = [event for event in vault.search.in_order(Wanted(kinds=frozenset(ENDING), before_ns=since_ns)) if is_open(event)]
        recent = [*open_since, *vault.search.in_order(Wanted(since_ns=since_ns))]
        judge = self._judge = self._judge_of(vault, recent)
        self._permits = LiveRegister(vault, judge.watch.register)
        for event in recent:
            if event.kind == "driver-changed":
                self._drivers[event.subjects[0]] = str(event.details.get("driver") or "")
        with _damage_told():
            for position, records in vault.journal.unjudged():
                judged = judge.judge(_read_again(records), (), records[-1].received, self._enrolled(vault, now), self._drivers)
                _write(vault, _Owed(judged.events, judged.orders, ()))
                vault.journal.judged(position)

    def _enrolled(self, vault: Vault, now: Stamp) -> dict[str, Enrolment]:
        """As of a second ago at most."""
        if 0 <= now.utc_ns - self._looked_ns < NS_PER_S:
            return self._enrolments
        self._looked_ns = now.utc_ns
        if (revision := vault.terminals.revision()) != self._revision:
            self._enrolments = {each.identity: each for each in vault.terminals.enrolments()}
            self._revision = revision
        return self._enrolments

    def _look_at_permits(self, judge: FleetJudge, enrolled: Mapping[str, Enrolment], now: Stamp, pages_count: int) -> None:
        """Judge by the permits and plates that other processes wrote; where they cannot be read, by those that were."""
        assert self._permits is not None
        try:
            register = self._permits.newer(enrolled, now, pages_count)
        except CatseyeError as fault:
            logger("fleet").warning("register of permits not read", fault=str(fault))
            return
        if register is not None:
            judge.watch.take(register)

    def _take_over(self, cards: Sequence[Heard]) -> None:
        """Who drives now, as pseudonyms; durable before the journal is told that a card came, since it is not told whose."""
        events = []
        for each in cards:
            accepted, card = each.accepted, DriverCard.of(each.body.values)
            pseudonym = self._pseudonym(card, accepted.received)
            events.append(driver_event(accepted, card, pseudonym))
            self._drivers[accepted.identity] = pseudonym
        self.vault.keep_events(events)

    def _pseudonym(self, card: DriverCard, now: Stamp) -> str:
        """Of who put in a card; of a card that names nobody, none."""
        number = card.certificate or card.id_no
        if not card.person or not any(map(str.isalnum, number)):  # a name alone is that of many
            return ""
        return self.vault.drivers.seen(card.name, number, card.organisation, "", now)

    def _pay(self, now: Stamp, *, is_last: bool = False) -> None:
        """Write what the journal's messages led to. The disk may say no: it is asked again, and until then the mark stays where it is."""
        if not is_last and 0 <= now.utc_ns - self._paid_ns < PAY_EVERY_S * NS_PER_S:
            return
        vault, self._paid_ns = self.vault, now.utc_ns
        try:
            if self._owed:
                self._owed = deque((_together(self._owed),))
                _write(vault, self._owed[0])
                self._owed.clear()
            if self._position is not None and (is_last or abs(now.utc_ns - self._marked_ns) >= MARK_EVERY_S * NS_PER_S):
                vault.journal.judged(self._position)
                self._position, self._marked_ns = None, now.utc_ns
        except StoreError:
            self.is_behind = True
        else:
            self.is_behind = False


def _together(owed: Iterable[_Owed]) -> _Owed:
    """All of it, in its order, as one: a transaction costs more than what is in it."""
    batches = tuple(owed)
    return _Owed(*(tuple(chain.from_iterable(getattr(each, part) for each in batches)) for part in ("events", "orders", "told")))


def _write(vault: Vault, owed: _Owed) -> None:
    """StoreError when the disk says no. What can never be kept, a fault of ours, is told and left out: it would keep everything after it from being kept."""
    wholes: tuple[tuple[Callable[[Sequence[Any]], object], Sequence[Any]], ...] = (
        (vault.keep_events, owed.events),
        (vault.terminals.keep_orders, owed.orders),
        (vault.terminals.told, owed.told),
    )
    for keep, those in wholes:
        try:
            keep(those)
        except StoreError:
            raise
        except Exception:  # noqa: BLE001 - an edge: each alone says which one it is
            for each in those:
                _write_one(keep, each)


def _write_one(keep: Callable[[Sequence[Any]], object], one: object) -> None:
    try:
        keep((one,))
    except StoreError:
        raise
    except Exception as fault:  # noqa: BLE001 - as above
        logger("fleet").error("cannot be kept", what=type(one).__name__, fault=repr(fault))


def _read_again(records: Sequence[Accepted]) -> list[Heard]:
    """What the journal has, as it was heard; what nothing reads (any more) stays in the journal, and is told."""
    heard = []
    for each in records:
        try:
            heard.append(Heard(each, Body.parse(each.msg_id, each.version, each.body)))
        except (WireError, KeyError) as fault:  # KeyError: a version this house no longer knows
            logger("fleet").error("cannot be read again", terminal=each.identity, message=f"0x{each.msg_id:04X}", fault=str(fault))
    return heard


@contextmanager
def _damage_told() -> Iterator[None]:
    """Damage in the journal is no reason to let no vehicle in; somebody has to know of it."""
    try:
        yield
    except SegmentDamagedError as damage:
        logger("fleet").error("journal damaged", what=str(damage))


def _journalled(heard: Heard) -> Accepted:
    """As the journal keeps it: a driver's card without the driver."""
    accepted = heard.accepted
    return replace(accepted, body=without_person(accepted.version, accepted.body)) if accepted.msg_id == DRIVER else accepted
