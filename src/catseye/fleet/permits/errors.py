"""What can be wrong with a register of permits as a whole; a single row that cannot be meant is a `Conflict`, not an error."""

from catseye.core.errors import CatseyeError


class PermitFileError(CatseyeError):
    """A file that is no table of permits, or no map of areas, at all."""


class PermitError(CatseyeError):
    """A permit that cannot be meant."""


class OneWayTieError(CatseyeError):
    """An export that would tell who has a terminal, or whose: docs/decisions/0020-permits-do-not-depend-on-terminals.md."""
