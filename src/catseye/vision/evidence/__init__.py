"""Evidence of a violation: the clip as the camera sent it, sealed for the authority, and a redacted copy for everybody else.

A plain original lives in memory only: `cut_clip` → `seal`; nothing in this package writes it to a disk.
"""

from catseye.vision.evidence.copy import RedactedCopy, clip_copy, redacted_copy
from catseye.vision.evidence.cut import Clip, cut_clip
from catseye.vision.evidence.errors import EvidenceError
from catseye.vision.evidence.seal import seal
from catseye.vision.evidence.signing import Signing, signing_of

__all__ = ["Clip", "EvidenceError", "RedactedCopy", "Signing", "clip_copy", "cut_clip", "redacted_copy", "seal", "signing_of"]
