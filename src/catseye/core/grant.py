"""Why somebody may look: nothing stored opens without one."""

from dataclasses import dataclass

from catseye.core.errors import CatseyeError
from catseye.core.time import Stamp


class GrantError(CatseyeError):
    """A look that nobody allowed, or that is over."""


@dataclass(frozen=True, slots=True)
class Grant:
    """Who may look, what for, until when. `who` is a person or a named service, never a role alone; `purpose` is a sentence or a licence's word."""

    who: str
    purpose: str
    until: Stamp

    def __post_init__(self) -> None:
        """Refuse a look by nobody, or for nothing."""
        if not self.who.strip() or not self.purpose.strip():
            raise GrantError("grant", f"who {self.who!r}, purpose {self.purpose!r}", "a person's name and what for")

    def refuse_after(self, now: Stamp) -> None:
        """GrantError once it is over."""
        if now.utc_ns >= self.until.utc_ns:
            raise GrantError(f"grant of {self.who}", f"over since {self.until.iso()}, now is {now.iso()}", "a grant that still holds")
