"""What the checks look at: the files of a package with their hashes, and the facts in them. The same for one that is being built and one that came."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from catseye.cases.package import layout
from catseye.cases.package.canonical_zip import Measured
from catseye.cases.package.errors import Fault
from catseye.cases.package.facts import CaseFacts, EventFacts, ReviewFacts
from catseye.cases.package.manifest import Manifest, Seal
from catseye.core.time import Stamp

Fact = TypeVar("Fact")
MOST_KEPT_BYTES = 16 << 20  # of one file, and
MOST_KEPT_IN_ALL_BYTES = 64 << 20
_KEPT = frozenset({*layout.UNLISTED, layout.BAG, layout.BAG_MANIFEST, layout.SIGNER, layout.CASE, layout.EVENT, layout.CALIBRATION}) | {
    *(layout.CUSTODY, layout.REVIEW, layout.LEGAL_BASIS, layout.APPEAL, layout.DEVICE)
}


class FoundFault(Exception):  # noqa: N818 - carried up to the check that is running, never to a caller
    """A fact that a check needs cannot be read; this is why."""

    def __init__(self, fault: Fault) -> None:
        """Carry the fault."""
        self.fault = fault
        super().__init__(str(fault))


class NotReached(Exception):  # noqa: N818 - as FoundFault
    """Another check has to be right first."""


@dataclass(slots=True)
class Bag:
    """Files by path: what each comes to, and the facts themselves (`kept`). `begins` gives the first bytes of any of them.

    `signing`: while a package is being built, when it will be signed.
    """

    measured: Mapping[str, Measured]
    kept: Mapping[str, bytes]
    begins: Callable[[str], bytes]
    signing: Stamp | None = None
    _parsed: dict[str, Any] = field(default_factory=dict)

    @staticmethod
    def is_kept(path: str, size_bytes: int) -> bool:
        """Whether a file is one whose words the checks read."""
        return size_bytes <= MOST_KEPT_BYTES and (path in _KEPT or path.endswith(".packets.json"))

    @classmethod
    def keeper(cls, left_bytes: int = MOST_KEPT_IN_ALL_BYTES) -> Callable[[str, int], bool]:
        """`is_kept`, as long as there is room: whoever made the package does not say how much memory it takes."""

        def keep(path: str, size_bytes: int) -> bool:
            nonlocal left_bytes
            if not cls.is_kept(path, size_bytes) or size_bytes > left_bytes:
                return False
            left_bytes -= size_bytes
            return True

        return keep

    def bytes_of(self, path: str) -> bytes:
        """A file's bytes."""
        if path not in self.measured:
            raise FoundFault(Fault(path, "missing"))
        if path not in self.kept:
            raise FoundFault(Fault(path, f"{self.measured[path].size_bytes} bytes: facts are {MOST_KEPT_BYTES} at most, and {MOST_KEPT_IN_ALL_BYTES} in all"))
        return self.kept[path]

    def parsed(self, path: str, parse: Callable[[bytes], Fact]) -> Fact:
        """A file's facts; each file has one way to be parsed."""
        known: Fact | None = self._parsed.get(path)
        if known is None:
            try:
                known = self._parsed[path] = parse(self.bytes_of(path))
            except ValueError as error:
                raise FoundFault(Fault(path, str(error))) from None
        return known

    @property
    def manifest(self) -> Manifest:
        """What is signed; NotReached when there is none (check 2 says why)."""
        try:
            return self.parsed(layout.MANIFEST, Manifest.parse)
        except FoundFault:
            raise NotReached("the manifest cannot be read") from None

    @property
    def case(self) -> CaseFacts:
        """`data/case.json`."""
        return self.parsed(layout.CASE, CaseFacts.parse)

    @property
    def event(self) -> EventFacts:
        """`data/measurement/event.json`."""
        return self.parsed(layout.EVENT, EventFacts.parse)

    @property
    def review(self) -> ReviewFacts:
        """`data/review.json`."""
        return self.parsed(layout.REVIEW, ReviewFacts.parse)

    @property
    def seal(self) -> Seal:
        """`seal.json`."""
        return self.parsed(layout.SEAL, Seal.parse)

    @property
    def signed(self) -> Stamp | None:
        """When the head was signed, or will be; None where no seal says it."""
        return Stamp(self.seal.sealed.head.utc_ns) if layout.SEAL in self.measured else self.signing
