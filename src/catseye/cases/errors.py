"""What a case refuses."""

from catseye.core.errors import CatseyeError


class CaseError(CatseyeError):
    """A step that may not be taken, or that may never have been taken: nothing was written."""


class CaseMovedError(CaseError):
    """Somebody was faster: what they did is in `came`; look at it, and decide anew."""
