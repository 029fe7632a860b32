"""What is written down about a calibration, so that somebody else can check it years later."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from catseye.core.calibration import Calibration

FORMAT = "catseye-calibration/1"


@dataclass(frozen=True, slots=True)
class CertifiedPoint:
    """A reference point and how well it fits. `residual_px`: seen minus put there; `residual_m`: how far that is on the ground.

    `left_out_m`: how far without its own say. Each is None where it cannot be had. `deg` where the point came as latitude, longitude.
    `is_used` False: it contradicts the others.
    """

    px: tuple[float, float]
    m: tuple[float, float]
    deg: tuple[float, float] | None
    residual_px: tuple[float, float] | None
    residual_m: float | None
    left_out_m: float | None
    is_used: bool


@dataclass(frozen=True, slots=True)
class Certificate:
    """A calibration with all that speaks for it. `made_on` is an ISO date, given by whoever measured; `picture_sha256` is of the picture looked at.

    `sigma_px`, `sigma_m`: how well points were measured, as stated; `unit_ratio`: how many times that the residuals came to be;
    `redundancy_count`: how many coordinates were left over to show it. `notes` are sentences for people.
    """

    camera: str
    made_on: str
    version: str
    method: str
    calibration: Calibration
    points: tuple[CertifiedPoint, ...]
    sigma_px: float
    sigma_m: float
    unit_ratio: float
    redundancy_count: int
    picture_sha256: str | None = None
    notes: tuple[str, ...] = ()

    def as_text(self) -> str:
        """JSON, one value a line where it helps; `from_text` gives the equal certificate back, bit for bit."""
        said = {"format": FORMAT} | {name: value for name, value in asdict(self).items() if name != "calibration"}
        return json.dumps(said | {"calibration": self.calibration.as_json()}, indent=1, ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read what `as_text` wrote; ValueError (with what was wrong) on anything else."""
        try:
            said = json.loads(text)
            if said["format"] != FORMAT:
                raise ValueError(f"format {said['format']!r}")
            points = tuple(_point(point) for point in said["points"])
            rest = {name: said[name] for name in _PLAIN}
            return cls(**rest, calibration=Calibration.from_json(said["calibration"]), points=points, notes=tuple(said["notes"]))
        except (KeyError, TypeError, IndexError, AttributeError, RecursionError) as fault:
            raise ValueError(f"not a certificate: {type(fault).__name__} {fault}") from None


_PLAIN = ("camera", "made_on", "version", "method", "sigma_px", "sigma_m", "unit_ratio", "redundancy_count", "picture_sha256")


def _point(said: Mapping[str, Any]) -> CertifiedPoint:
    px, m = ((float(said[name][0]), float(said[name][1])) for name in ("px", "m"))
    deg, residual_px = ((float(said[name][0]), float(said[name][1])) if said[name] else None for name in ("deg", "residual_px"))
    return CertifiedPoint(px, m, deg, residual_px, said["residual_m"], said["left_out_m"], bool(said["is_used"]))
