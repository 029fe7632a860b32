"""The event loop of a gateway with thousands of links: no turn of it takes long, however many of them speak at once."""

import asyncio
import math
import selectors
import sys

_AT_ONCE_COUNT = 256  # sockets that one turn reads: what was kept meanwhile is answered before the next ones are read

if sys.platform == "linux":
    from select import EPOLLIN as _READ
    from select import EPOLLOUT as _WRITE

    class _FewAtOnce(selectors.EpollSelector):
        """Tells of a few ready sockets at a time; the kernel goes round all of them."""

        def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
            """See `selectors`."""
            wait_s = -1.0 if timeout is None else max(0.0, math.ceil(timeout * 1e3) * 1e-3)
            try:
                found = self._selector.poll(wait_s, _AT_ONCE_COUNT)  # type: ignore[attr-defined]  # the poll object of EpollSelector, which its stub leaves out
            except InterruptedError:
                return []
            keys, ready = self.get_map(), []
            for fd, event in found:
                if (key := keys.get(fd)) is not None:
                    events = (selectors.EVENT_WRITE if event & ~_READ else 0) | (selectors.EVENT_READ if event & ~_WRITE else 0)
                    ready.append((key, events & key.events))
            return ready


def gateway_loop() -> asyncio.AbstractEventLoop:
    """A new one; where the system has no `epoll`, one like any other."""
    return asyncio.SelectorEventLoop(_FewAtOnce()) if sys.platform == "linux" else asyncio.new_event_loop()
