"""Self-assessment: a camera that says when it should not be believed. One door: `PictureHealth`; docs/design/self-assessment.md."""

from catseye.vision.health.finding import HealthFinding, HealthKind
from catseye.vision.health.picture_health import PictureHealth
from catseye.vision.health.resolution import NEEDS, pixel_findings

__all__ = ["NEEDS", "HealthFinding", "HealthKind", "PictureHealth", "pixel_findings"]
