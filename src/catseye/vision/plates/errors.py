"""What keeps a plate from being read, other than the plate itself."""

from catseye.core.errors import CatseyeError


class PlateError(CatseyeError):
    """A reading nobody may ask for: without a violation, of a track that did nothing, or from nowhere in the picture."""


def refuse_without_violation(given: object) -> None:
    """PlateError for anything but a Violation; asked at every door on the way to the network that reads."""
    from catseye.core.finding import Violation

    if type(given) is not Violation:
        raise PlateError("plate reading", f"a {type(given).__name__} came", "a Violation: plates of vehicles that did nothing are never read")
