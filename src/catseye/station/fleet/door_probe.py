"""Whether a door of terminals can be opened on this machine, found out before anything starts."""

import errno
import socket

from catseye.core.errors import SiteError
from catseye.fleet.gateway.doors import Doors

_WORDS = {
    errno.EADDRNOTAVAIL: ("is no address of this machine", "one that `ip address` shows"),
    errno.EADDRINUSE: ("is taken: by a gateway that runs already, or by something else", "a free port"),
    errno.EACCES: ("is not ours to open", "a port from 1024 on"),
}


def refuse_taken(doors: Doors) -> None:
    """SiteError where somebody else has the port, or the address is not of this machine."""
    family = socket.AF_INET6 if ":" in doors.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the gateway's own: what a last run left is no obstacle
        try:
            probe.bind((doors.host, doors.port))
            probe.listen(1)
        except OSError as fault:
            came, wanted = _WORDS.get(fault.errno or 0, (f"cannot be opened: {fault.strerror}", "an address and a port of this machine"))
            raise SiteError("terminals' port", f"{doors.host}:{doors.port} {came}", wanted) from fault
