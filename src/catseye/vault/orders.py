"""Orders to vehicle terminals, and what became of each: states are added and only go forward. An order lies in the drawer of positions of its day."""

import base64
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists, select

from catseye.core.terminal import Order, OrderState, Told
from catseye.core.time import Stamp
from catseye.vault.database import Database
from catseye.vault.drawers import Drawer, Drawers, day_of
from catseye.vault.envelopes import open_bytes, seal_bytes
from catseye.vault.kept_for import POSITIONS
from catseye.vault.keys import Key
from catseye.vault.tables import DRAWERS, ORDER_STATES, ORDERS, Row

_RANKS = {  # an answer that comes late, after nobody waited any more, is an answer
    OrderState.QUEUED: 0,
    OrderState.SENT: 1,
    OrderState.EXPIRED: 2,
    OrderState.UNANSWERED: 2,
    OrderState.ACKNOWLEDGED: 3,
    OrderState.REFUSED: 3,
}
_OPEN = (OrderState.QUEUED, OrderState.SENT)


@dataclass(frozen=True, slots=True)
class OrderKept:
    """An order, and the states it came to, in their order; the first is *queued*."""

    order: Order
    told: tuple[Told, ...]

    @property
    def state(self) -> OrderState:
        """Where it stands."""
        return self.told[-1].state


class Orders:
    """All orders of one vault that are not forgotten."""

    def __init__(self, database: Database, drawers: Drawers) -> None:
        """Of a vault's database and drawers."""
        self._database, self._drawers = database, drawers

    def keep(self, orders: Sequence[Order]) -> int:
        """Durable on return, as *queued*; how many were new: an order known by its id changes nothing."""
        if not orders:
            return 0
        with self._database.writing() as connection:
            self._database.lock(connection)
            keys = {day: self._drawers.ready_within(connection, Drawer(POSITIONS, day), moment) for day, moment in _days(orders).items()}
            known = set(connection.scalars(select(ORDERS.c.id).where(self._database.among(ORDERS.c.id, [order.id for order in orders]))))
            fresh = {order.id: order for order in orders if order.id not in known}
            self._database.insert_new(connection, ORDERS, [_row_of(order, keys[day_of(order.created)]) for order in fresh.values()])
            queued = [_state_row(Told(order.id, order.identity, OrderState.QUEUED, order.created)) for order in fresh.values()]
            self._database.insert_new(connection, ORDER_STATES, queued)
        return len(fresh)

    def tell(self, told: Sequence[Told]) -> None:
        """What became of orders; durable on return. A state that is none ahead changes nothing, nor does one of an order that nobody knows (any more)."""
        if not told:
            return
        names = [each.order_id for each in told]
        with self._database.writing() as connection:
            self._database.lock(connection)
            rank_of = dict.fromkeys(connection.scalars(select(ORDERS.c.id).where(self._database.among(ORDERS.c.id, names))), -1)
            for row in connection.execute(select(ORDER_STATES).where(self._database.among(ORDER_STATES.c.order_id, names))):
                rank_of[row.order_id] = max(rank_of.get(row.order_id, -1), _RANKS[OrderState(row.state)])
            rows = []
            for each in told:
                if each.order_id in rank_of and rank_of[each.order_id] < _RANKS[each.state]:
                    rank_of[each.order_id] = _RANKS[each.state]
                    rows.append(_state_row(each))
            self._database.insert_new(connection, ORDER_STATES, rows)

    def open(self) -> list[Order]:
        """Those that came to no end, the oldest first."""
        ended = exists().where(ORDER_STATES.c.order_id == ORDERS.c.id, ORDER_STATES.c.state.not_in([state.value for state in _OPEN]))
        return [kept.order for kept in self._found(~ended)]

    def one(self, name: str) -> OrderKept | None:
        """The order of this id; None where there is none, or none any more."""
        return next(iter(self._found(ORDERS.c.id == name)), None)

    def of(self, identity: str, since: Stamp) -> list[OrderKept]:
        """What a terminal was asked from that moment on, the oldest first."""
        return self._found((ORDERS.c.identity == identity) & (ORDERS.c.created_utc_ns >= since.utc_ns))

    def _found(self, chosen: ColumnElement[bool]) -> list[OrderKept]:
        kept = exists().where(DRAWERS.c.retention == POSITIONS, DRAWERS.c.period == ORDERS.c.period, DRAWERS.c.forgotten_utc_ns.is_(None))
        states: dict[str, list[Told]] = {}
        found = []
        with self._database.reading() as connection:
            rows = connection.execute(select(ORDERS).where(chosen, kept).order_by(ORDERS.c.created_utc_ns, ORDERS.c.id)).mappings().all()
            names = self._database.among(ORDER_STATES.c.order_id, [row["id"] for row in rows])
            identities = {row["id"]: row["identity"] for row in rows}
            for row in connection.execute(select(ORDER_STATES).where(names)).mappings():
                told = Told(row["order_id"], identities[row["order_id"]], OrderState(row["state"]), Stamp(row["utc_ns"]), row["result"])
                states.setdefault(told.order_id, []).append(told)
            keys: dict[str, Key] = {}
            for row in rows:
                key = keys.get(row["period"]) or self._drawers.key(connection, Drawer(POSITIONS, row["period"]))
                keys[row["period"]] = key
                found.append(OrderKept(_order_of(row, key), tuple(sorted(states[row["id"]], key=lambda told: _RANKS[told.state]))))
        return found


def _days(orders: Iterable[Order]) -> dict[str, Stamp]:
    return {day_of(order.created): order.created for order in orders}


def _state_row(told: Told) -> dict[str, object]:
    return {"order_id": told.order_id, "state": told.state.value, "utc_ns": told.when.utc_ns, "result": told.result}


def _bound_to(name: str) -> str:
    return f"order/{name}"


def _row_of(order: Order, key: Key) -> dict[str, object]:
    said = {
        "msg_id": order.msg_id,
        "body": base64.b64encode(order.body).decode(),
        "doubt_ms": order.created.doubt_ms,
        "good_for_s": order.good_for_s,
        "purpose": order.purpose,
        "why": order.why,
    }
    sealed = seal_bytes(key, _bound_to(order.id), json.dumps(said, allow_nan=False, ensure_ascii=False, sort_keys=True).encode())
    return {"id": order.id, "identity": order.identity, "created_utc_ns": order.created.utc_ns, "period": day_of(order.created), "body": sealed}


def _order_of(row: Row, key: Key) -> Order:
    said = json.loads(open_bytes(key, _bound_to(row["id"]), bytes(row["body"])))
    created = Stamp(row["created_utc_ns"], said["doubt_ms"])
    body = base64.b64decode(said["body"])
    return Order(row["id"], row["identity"], said["msg_id"], body, created, said["good_for_s"], said["purpose"], said["why"])
