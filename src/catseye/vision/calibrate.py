"""Reference points to a calibration: refused with one clear line, or fitted with a doubt for everything it says."""

from dataclasses import dataclass, field

import numpy as np

from catseye.core.arrays import Bools, Doubles
from catseye.core.calibration import Calibration, CalibrationError
from catseye.core.certificate import Certificate, CertifiedPoint
from catseye.vision.camera_geometry import CameraGeometry, geometry_of, least_skew
from catseye.vision.lens_choice import LENS_FROM_COUNT, chosen, rivals_of
from catseye.vision.plane_fit import Fit, Points, fit
from catseye.vision.reference_points import LEAST_COUNT, ReferencePoints, refuse_impossible

UNKNOWN_LENS_SIGMA = 0.05  # of k1 before a lens was fitted: ±5 % in the picture's corners (docs/decisions/0010)
_CONTRADICTION_RATIO = 5.0
_CONTRADICTION_PX, _CONTRADICTION_SHARE = 3.0, 0.01
_WEAK_RATIO = 0.3
_HEIGHTS_M = (0.3, 2000.0)
_SKEW_SIGMAS, _SKEW_RATIO = 4.0, 0.5  # more than a crop or an odd pixel could explain
_PLAIN_SIGMAS = 2.5
_AGREEING_LEAST_COUNT = 5


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """What came of reference points. `is_used` (n,); `residual_px` (n, 2) seen minus put there; `residual_m` (n,), NaN where not to be had.

    `outliers`: one error for each point that contradicts the others; the calibration does without them.
    """

    points: ReferencePoints
    calibration: Calibration
    geometry: CameraGeometry | None
    is_used: Bools
    residual_px: Doubles
    residual_m: Doubles
    unit_ratio: float
    redundancy_count: int
    lens_count: int
    outliers: tuple[CalibrationError, ...]
    _fit: Fit = field(repr=False)

    @property
    def method(self) -> str:
        """One sentence: what was fitted to what, and where the doubt is from."""
        straight = "a lens taken for straight" if self.points.may_bend else "a straight lens"
        lens = {0: straight, 1: "a lens of one number", 2: "a lens of two numbers"}[self.lens_count]
        basis = f"and {self.redundancy_count} coordinates left over" if self.redundancy_count else "alone: nothing is left over, residuals prove nothing"
        return f"least squares of the picture error, {int(self.is_used.sum())} points, a plane through {lens}; doubt from the stated ones {basis}"

    def left_out_m(self) -> Doubles:
        """How far off each point (n,) lies on the ground when the others alone decide; NaN where they are too few."""
        left_out = self.residual_m.copy()
        normal, start = self.points.normalised(), self._fit.theta
        is_enough = int(self.is_used.sum()) - 1 >= LEAST_COUNT + (self.lens_count + 1) // 2
        for nth in np.flatnonzero(self.is_used).tolist():
            rest = self.is_used.copy()
            rest[nth] = False
            without = fit(normal.keep(rest), self.lens_count, start) if is_enough else None
            left_out[nth] = np.nan if without is None else _off_m(without, self.points, nth)
        return left_out

    def certificate(self, camera: str, made_on: str, version: str, picture_sha256: str | None = None, notes: tuple[str, ...] = ()) -> Certificate:
        """What to write down; `made_on` is the ISO date of measuring."""
        degrees, left_out_m = self.calibration.degrees_of(self.points.m), self.left_out_m()
        rows = zip(self.points.px.tolist(), self.points.m.tolist(), self.residual_px.tolist(), strict=True)
        points = tuple(
            CertifiedPoint(
                (px[0], px[1]),
                (m[0], m[1]),
                None if degrees is None else (float(degrees[nth, 0]), float(degrees[nth, 1])),
                (off[0], off[1]) if np.isfinite(off).all() else None,
                _number(self.residual_m[nth]),
                _number(left_out_m[nth]),
                bool(self.is_used[nth]),
            )
            for nth, (px, m, off) in enumerate(rows)
        )
        return Certificate(
            camera,
            made_on,
            version,
            self.method,
            self.calibration,
            points,
            self.points.sigma_px,
            self.points.sigma_m,
            self.unit_ratio,
            self.redundancy_count,
            picture_sha256,
            (*notes, *map(str, self.outliers)),
        )


def calibrate(points: ReferencePoints) -> Solution:
    """Fit; CalibrationError (where it was written, what came, what was wanted) on points that cannot be meant."""
    refuse_impossible(points)
    normal = points.normalised()
    found, is_used = chosen(normal, may_bend=points.may_bend)
    if found is None or is_used.sum() < min(len(points), _AGREEING_LEAST_COUNT) or 2 * is_used.sum() <= len(points):
        raise CalibrationError(points.whole, "the reference points contradict each other", "points of which most agree")
    calibration = _calibration(found, points)
    _refuse_contradiction(found, points, calibration, is_used)
    geometry = geometry_of(calibration)
    _refuse_absurd(points, calibration, geometry)
    _refuse_sky(points, calibration, is_used)
    outliers = tuple(_outlier(nth, found, normal, points, is_used, calibration) for nth in np.flatnonzero(~is_used).tolist())
    place_m, seen_px = calibration.place_of(points.px), calibration.px_of(points.m)
    residual_m = np.hypot(*(place_m - points.m).T)
    return Solution(
        points,
        calibration,
        geometry,
        is_used,
        points.px - seen_px,
        residual_m,
        float(np.sqrt(found.unit2)),
        found.redundancy_count,
        found.lens_count,
        outliers,
        found,
    )


def _calibration(found: Fit, points: ReferencePoints) -> Calibration:
    covariance = found.covariance(UNKNOWN_LENS_SIGMA if points.may_bend else 0.0)
    radius_px = points.radius_px
    try:
        return Calibration(
            found.homography,
            found.theta[8:].copy(),
            covariance,
            points.centre_px,
            (radius_px, radius_px),
            points.centre_m,
            points.radius_m,
            points.size_px,
            points.origin,
        )
    except (ValueError, np.linalg.LinAlgError):
        raise CalibrationError(points.whole, "the reference points contradict each other", "each px with its own place on the ground") from None


def _refuse_contradiction(found: Fit, points: ReferencePoints, calibration: Calibration, is_used: Bools) -> None:
    off_px = (points.px - calibration.px_of(points.m))[is_used]
    rms_px = float(np.sqrt(np.square(off_px).sum(axis=1).mean()))
    if not (found.unit2 > _CONTRADICTION_RATIO**2 and rms_px > max(_CONTRADICTION_PX, _CONTRADICTION_SHARE * points.radius_px)):
        return
    came = f"the reference points contradict each other by {rms_px:.0f} px"
    if len(points) > LEAST_COUNT + 1:
        bent = f", or {LENS_FROM_COUNT} points if the lens bends" if points.may_bend and len(points) < LENS_FROM_COUNT else ""
        raise CalibrationError(points.whole, came, f"them measured again{bent}")
    culprit = _culprit_of_five(points)
    if culprit is None:
        raise CalibrationError(points.whole, f"{came}, and of {len(points)} nobody can tell which is wrong", "them measured again, and one more")
    raise culprit


def _culprit_of_five(points: ReferencePoints) -> CalibrationError | None:
    """Any four of five fit exactly, but only a real camera's four give square pixels: the one point without which they do, if it is one alone."""
    normal, culprits = points.normalised(), []
    for nth in range(len(points)):
        rest = np.arange(len(points)) != nth
        found = fit(normal.keep(rest), 0)
        if found is None or np.linalg.det(found.homography) >= 0:
            continue
        calibration = _calibration(found, points)
        geometry = geometry_of(calibration)
        if geometry and geometry.skew_sigmas_ratio < _PLAIN_SIGMAS and _HEIGHTS_M[0] <= geometry.height_m <= _HEIGHTS_M[1]:
            culprits.append((nth, found, rest, calibration))
    if len(culprits) != 1:
        return None
    nth, found, rest, calibration = culprits[0]
    _refuse_sky(points, calibration, rest)
    return _outlier(nth, found, normal, points, rest, calibration)


def _refuse_absurd(points: ReferencePoints, calibration: Calibration, geometry: CameraGeometry | None) -> None:
    """Units mixed up, points too near to one line, a view that no camera with square pixels has."""
    middle = calibration.px_of(np.array([points.centre_m]))
    if not float(calibration.speed_doubt_ratio(middle)[0]) < _WEAK_RATIO:
        came = "the reference points lie too nearly on one line, or too close together, to tell any length"
        raise CalibrationError(points.whole, came, "four points, well apart, no three of them on one line")
    if geometry is None:
        return
    if not _HEIGHTS_M[0] <= geometry.height_m <= _HEIGHTS_M[1]:
        unit = "kilometres" if geometry.height_m < _HEIGHTS_M[0] else "millimetres"
        raise CalibrationError(points.whole, f"these points put the camera {geometry.height_m:.3g} m above the ground", f"metres: are they {unit}?")
    if geometry.skew_sigmas_ratio > _SKEW_SIGMAS and least_skew(calibration.homography) > _SKEW_RATIO:
        came = "no camera sees these points so: the ground is squeezed or skewed"
        raise CalibrationError(points.whole, came, "metres on both axes, pixels of the native picture, and no point above the horizon")


def _refuse_sky(points: ReferencePoints, calibration: Calibration, is_used: Bools) -> None:
    """A point that the others have above their horizon is no slip of the tape: it is not on the road."""
    for nth in np.flatnonzero(~is_used & ~calibration.is_ground(points.px)).tolist():
        raise CalibrationError(points.names[nth], f"point {nth + 1} lies above the horizon of the others", "a place on the ground")


def _off_m(found: Fit, points: ReferencePoints, nth: int) -> float:
    """How far one point lies from where a fit puts it; NaN where that is no view of the ground."""
    try:
        place_m = _calibration(found, points).place_of(points.px[nth : nth + 1])[0]
    except CalibrationError:
        return np.nan
    return float(np.hypot(*(place_m - points.m[nth])))


def _outlier(nth: int, found: Fit, normal: Points, points: ReferencePoints, is_used: Bools, calibration: Calibration) -> CalibrationError:
    """What to say about a point that the others contradict."""
    off_px = float(np.hypot(*(points.px[nth] - calibration.px_of(points.m[nth : nth + 1])[0])))
    off_m = float(np.hypot(*(points.m[nth] - calibration.place_of(points.px[nth : nth + 1])[0])))
    far = f"{off_px:.0f} px ({off_m:.2g} m)" if np.isfinite(off_px) else f"{off_m:.2g} m"
    rivals = rivals_of(nth, found, normal, is_used)
    doubt = f"; it may be point {' or '.join(str(rival + 1) for rival in rivals)} instead" if rivals else ""
    came = f"point {nth + 1} is {far} from where the other {int(is_used.sum())} put it{doubt}"
    return CalibrationError(points.names[nth], came, "it measured again, or left out")


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


__all__ = ["LENS_FROM_COUNT", "UNKNOWN_LENS_SIGMA", "ReferencePoints", "Solution", "calibrate"]
