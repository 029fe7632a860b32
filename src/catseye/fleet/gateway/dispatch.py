"""Orders on their way: each terminal's own line, sent when it is connected, sent again when it does not answer."""

from collections.abc import Callable, Sequence

from catseye.core.terminal import Order, OrderState, Told
from catseye.core.time import Stamp
from catseye.fleet.gateway.counters import Counters
from catseye.fleet.gateway.doors import Limits
from catseye.fleet.gateway.outbox import parts_count
from catseye.fleet.gateway.roll import Roll, Terminal


class Dispatch:
    """`tell` hears what became of each."""

    def __init__(self, roll: Roll, limits: Limits, counters: Counters, tell: Callable[[Sequence[Told]], None]) -> None:
        """No order yet."""
        self._roll, self._limits, self._counters, self._tell = roll, limits, counters, tell
        self._busy: dict[str, Terminal] = {}

    def take(self, orders: Sequence[Order], now: Stamp, now_s: float) -> None:
        """From the keeper: each goes out at once if its terminal is there."""
        touched: dict[str, Terminal] = {}
        for order in orders:
            if self._roll.may_report(order.identity) is None:
                self._tell([Told(order.id, order.identity, OrderState.EXPIRED, now)])
                continue
            terminal = self._roll.terminal(order.identity)
            self._tell(terminal.outbox.put(order, self._limits, now))
            self._busy[order.identity] = touched[order.identity] = terminal
        for terminal in touched.values():
            self.send(terminal, now, now_s)

    def send(self, terminal: Terminal, now: Stamp, now_s: float) -> None:
        """What may go out now."""
        session = terminal.session
        if session is None:
            return
        told = []
        while (order := terminal.outbox.next(self._limits, now)) is not None:
            first_serial = session.serial(parts_count(order))
            session.link.answer(session.order_frames(order, first_serial))
            told.append(terminal.outbox.went(order, first_serial, self._limits, now, now_s))
            self._counters.orders_sent_count += 1
        self._tell(told)
        session.link.flush()

    def sweep(self, now: Stamp, now_s: float) -> None:
        """Once in a while: again, or given up."""
        for identity, terminal in list(self._busy.items()):
            session = terminal.session
            again, told = terminal.outbox.sweep(self._limits, now, now_s, is_connected=session is not None)
            self._tell(told)
            if session is not None:
                for sent in again:
                    session.link.answer(session.order_frames(sent.order, sent.first_serial))
                session.link.flush()
            self.send(terminal, now, now_s)
            if not len(terminal.outbox):
                del self._busy[identity]
