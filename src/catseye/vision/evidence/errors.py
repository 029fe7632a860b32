"""What can go wrong between a violation and its evidence, in words a person can act on."""

from catseye.core.errors import CatseyeError


class EvidenceError(CatseyeError):
    """Evidence that cannot be had: nothing in the ring, another camera's video, a clip that cannot be written as it was sent."""
