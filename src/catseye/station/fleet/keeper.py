"""The gateway's keeper: what terminals say goes into the vault's journal, is judged, and what follows from it is kept before anything is acknowledged.

The journal is the truth. Events and orders follow from it, so what a crash or a full disk kept from being written is judged again from the last mark, to the
same ids: nothing is lost, and nobody is warned twice.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from catseye.core.errors import StoreError
from catseye.core.event import Event
from catseye.core.terminal import Accepted, Enrolment, Order, Told
from catseye.core.time import NS_PER_S, Stamp
from catseye.fleet.driver import DRIVER, DriverCard, driver_event, without_person
from catseye.fleet.errors import WireError
from catseye.fleet.gateway.keeper import Heard, Registration
from catseye.fleet.message import Body
from catseye.station.fleet.judging import FleetJudge
from catseye.station.log import logger
from catseye.vault.journal import Position
from catseye.vault.segments import SegmentDamagedError
from catseye.vault.vault import Vault

RUN = "fleet"  # the vault's run of all gateways of a site: a restart goes on in it
MARK_EVERY_S = 2.0
RESUMED_NS = 86_400 * NS_PER_S


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
        self._enrolments: dict[str, Enrolment] = {}
        self._revision = -1
        self._drivers: dict[str, str] = {}
        self._owed: deque[_Owed] = deque()
        self._position: Position | None = None
        self._marked_ns = 0
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
        enrolled = self._enrolled(vault)  # first: once the journal has the messages, nothing may fail any more
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

    def register(self, identity: str, said: Registration, now: Stamp) -> tuple[int, str]:
        """See `Keeper`. What the terminal says of its maker is not kept: nothing may ever depend on it."""
        del now
        return self.vault.terminals.register(identity, said.plate)

    def authenticated(self, identity: str, version: str, dialect: str, now: Stamp) -> None:
        """See `Keeper`."""
        del now
        self.vault.terminals.authenticated(identity, version, dialect)

    def deregister(self, identity: str, now: Stamp) -> None:
        """See `Keeper`."""
        del now
        self.vault.terminals.deregister(identity)

    def recent(self, since: Stamp) -> Sequence[Accepted]:
        """See `Keeper`. What is damaged in the middle of a segment is told, and the rest is read."""
        found: list[Accepted] = []
        with _damage_told():
            found.extend(self.vault.journal.recent(since))
        return found

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
        recent = [event for event in vault.events() if event.when is not None and event.when.utc_ns >= since_ns]
        judge = self._judge = self._judge_of(vault, recent)
        for event in recent:
            if event.kind == "driver-changed":
                self._drivers[event.subjects[0]] = str(event.details.get("driver") or "")
        with _damage_told():
            for position, records in vault.journal.unjudged():
                judged = judge.judge(_read_again(records), (), records[-1].received, self._enrolled(vault), self._drivers)
                _write(vault, _Owed(judged.events, judged.orders, ()))
                vault.journal.judged(position)

    def _enrolled(self, vault: Vault) -> dict[str, Enrolment]:
        if (revision := vault.terminals.revision()) != self._revision:
            self._enrolments = {each.identity: each for each in vault.terminals.enrolments()}
            self._revision = revision
        return self._enrolments

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
        vault = self.vault
        try:
            while self._owed:
                _write(vault, self._owed[0])
                self._owed.popleft()
            if self._position is not None and (is_last or abs(now.utc_ns - self._marked_ns) >= MARK_EVERY_S * NS_PER_S):
                vault.journal.judged(self._position)
                self._position, self._marked_ns = None, now.utc_ns
        except StoreError:
            self.is_behind = True
        else:
            self.is_behind = False


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
