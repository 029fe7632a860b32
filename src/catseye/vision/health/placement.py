"""Whether the camera still looks where it looked: every second the still picture against a remembered one.

A shift is *sudden* when the view now lies elsewhere than three seconds ago: somebody bumped the camera. What comes slower is *creep* (sun on the mast):
it is followed, and told only once it adds up to a fiftieth of the picture; it is forgotten over hours, so that neither a day's swing nor the small
errors of thousands of fits add up. Another view is one that nothing of the remembered ones is found in, although it holds still itself: those before
the latest count too, since on a bare road the latest may show little but cars that have left by now.
"""

import math
from collections import deque
from dataclasses import dataclass

import cv2
import numpy as np

from catseye.core.arrays import Floats, Pixels
from catseye.core.time import NS_PER_S
from catseye.vision.health.similarity import STILL, Similarity
from catseye.vision.health.view import View, ViewFit, at_share, cell_means

_HISTORY_COUNT = 24
_FORMER_COUNT = 3


@dataclass(frozen=True, slots=True)
class PlacementSettings:
    """What counts as moved. Shifts in px of the native picture, creep as a share of its width.

    `place_ratio`: share of textured cells that must agree before a place is believed (by chance it is 0.03; captions in the picture make up to 0.2);
    `settled_ratio`: share of cells that must hold still from look to look before a strange view is another view.
    """

    shift_px: float = 5.0
    rotation_deg: float = 0.5
    scale_ratio: float = 0.02
    sudden_s: float = 3.0
    creep_ratio: float = 0.02
    creep_forgotten_s: float = 6 * 3600.0
    place_ratio: float = 0.22
    settled_ratio: float = 0.5
    stale_ratio: float = 0.7
    stale_s: float = 20.0
    retry_s: float = 5.0
    alike_px: float = 2.0


@dataclass(frozen=True, slots=True)
class Placed:
    """Where the view lies: `motion` in px of the native picture since the beginning (creep that was forgotten left out), and its doubts.

    `is_moved` is None where nothing can be said; `moved` is by how much since it was last in place. `is_strange`: another view altogether.
    """

    motion: Similarity
    shift_sigma_px: float
    rotation_sigma_deg: float
    agree_ratio: float
    is_moved: bool | None
    moved: Similarity | None = None
    is_strange: bool = False


UNSURE = Placed(STILL, math.inf, math.inf, 0.0, None)


class Placement:
    """Follows the view of one camera. `see` takes the still picture about once a second, oftener while `is_suspicious`."""

    def __init__(self, settings: PlacementSettings | None = None) -> None:
        """No view remembered yet."""
        self._settings = settings or PlacementSettings()
        self._view: View | None = None
        self._before: Floats = np.empty((0, 0), np.float32)
        self._noise_level = 0.0
        self._offset = STILL  # of the remembered view against the beginning, px of the small picture
        self._motion = STILL  # of the view now against the remembered one
        self._history: deque[tuple[int, Similarity]] = deque(maxlen=_HISTORY_COUNT)
        self._former: deque[tuple[View, Similarity]] = deque(maxlen=_FORMER_COUNT)  # remembered before, with their offsets
        self._home: Similarity | None = None  # where it was before it moved
        self._remembered_ns = self._searched_ns = self._last_ns = 0
        self._strange_count = 0
        self._candidate: Similarity | None = None
        self.is_suspicious = False

    def see(self, still: Pixels, detail: Floats, time_ns: int, width_px: int, *, blur_px: float = 0.0, is_hidden: bool = False) -> Placed:
        """Place a still picture, uint8 (h, w), with its `detail_of`; `width_px` is the native width.

        `blur_px` is how blurred it seems to be, in px of the small picture; what is blurred or hidden is not remembered.
        """
        settled_ratio = self._settle(detail)
        if self._view is None or self._view.still.shape != still.shape:
            self._begin(still, time_ns)
            return UNSURE
        self._forget(time_ns)
        fit = self._fit(detail, time_ns)
        if max(fit.agree_ratio, fit.agree_seen_ratio - 0.3) < self._settings.place_ratio:
            return self._strange(still, detail, time_ns, settled_ratio, blur_px, is_hidden=is_hidden)
        self._strange_count = 0
        self._motion = fit.motion
        placed = self._judge(fit, time_ns, width_px / still.shape[1])
        if not (blur_px or is_hidden):
            self._renew(still, fit, time_ns, placed)
        return placed

    def settle(self) -> None:
        """Nothing is the matter (any more): what is seen now is where the camera belongs."""
        self._home = None

    def _begin(self, still: Pixels, time_ns: int) -> None:
        view = View(still, self._noise_level)
        if view.cells_count < 6:
            return
        self._view, self._remembered_ns, self._last_ns = view, time_ns, time_ns
        self._offset = self._motion = STILL
        self._former.clear()
        self._history.clear()
        self._history.append((time_ns, STILL))

    def _settle(self, detail: Floats) -> float:
        """Share of textured cells that look as in the still picture before; the noise of the quietest cells is learnt beside."""
        before, self._before = self._before, detail
        if before.shape != detail.shape:
            return 0.0
        change = cv2.subtract(detail, before)
        differs = cell_means(cv2.multiply(change, change, dst=change))
        energy = cell_means(cv2.multiply(detail, detail, dst=change))
        self._noise_level = math.sqrt(max(at_share(differs, 0.2), 0.0) / 2)
        textured = energy > max(1.5, 12 * self._noise_level**2)
        if np.count_nonzero(textured) < max(5, textured.size // 12):
            return 0.0
        return float(np.mean(differs[textured] < 0.5 * energy[textured]))

    def _forget(self, time_ns: int) -> None:
        """Creep fades; not while the camera is away."""
        elapsed_s, self._last_ns = (time_ns - self._last_ns) / NS_PER_S, max(time_ns, self._last_ns)
        if self._home is None and elapsed_s > 0:
            kept = math.exp(-elapsed_s / self._settings.creep_forgotten_s)
            self._offset = self._offset.portion(kept)
            self._former = deque(((view, offset.portion(kept)) for view, offset in self._former), _FORMER_COUNT)

    def _fit(self, detail: Floats, time_ns: int) -> ViewFit:
        """Near the last place; anywhere, if it is not there: at once when it was there until now, then ever so often."""
        assert self._view is not None
        good_enough = max(self._settings.place_ratio, 0.3)
        fit = self._view.fit(detail, self._motion)
        if fit.agree_ratio < good_enough:
            fit = self._recall(detail, good_enough) or fit
        waited = time_ns - self._searched_ns >= self._settings.retry_s * NS_PER_S
        if fit.agree_ratio < good_enough and (self._strange_count < 3 or waited):
            self._searched_ns = time_ns
            fit = self._view.search(detail, self._motion)
        return fit

    def _recall(self, detail: Floats, least_ratio: float) -> ViewFit | None:
        """The fit of a view that was remembered before, near the last place; it is the remembered one again."""
        assert self._view is not None
        place = self._offset.then(self._motion)
        for known, offset in list(self._former):
            fit = known.fit(detail, offset.inverse().then(place))
            if fit.agree_ratio >= least_ratio:
                self._former.remove((known, offset))
                self._former.appendleft((self._view, self._offset))
                self._view, self._offset = known, offset
                return fit
        return None

    def _strange(self, still: Pixels, detail: Floats, time_ns: int, settled_ratio: float, blur_px: float, *, is_hidden: bool) -> Placed:
        assert self._view is not None
        settled = settled_ratio >= self._settings.settled_ratio
        if blur_px and self._view.blurred(blur_px).fit(detail, self._motion).agree_ratio >= self._settings.place_ratio:
            return UNSURE
        if settled and self._view.shows_same_edges(detail, self._motion):  # night fell, or the infra-red lamp went on
            if not (blur_px or is_hidden):
                self._remember(still, self._motion, time_ns)
            self._strange_count = 0
            return UNSURE
        self._strange_count += 1
        self._candidate = None
        self.is_suspicious = True
        return Placed(STILL, math.inf, math.inf, settled_ratio, True if settled else None, None, is_strange=True)

    def _judge(self, fit: ViewFit, time_ns: int, enlarged_ratio: float) -> Placed:
        """Compare with three seconds ago and with the beginning, in native pixels."""
        total = self._offset.then(fit.motion).enlarged(enlarged_ratio)
        sigma_px = fit.shift_sigma_px * enlarged_ratio
        home = self._home or self._before_now(time_ns)
        step = home.inverse().then(total)
        creep_px = self._settings.creep_ratio * enlarged_ratio * self._before.shape[1] + 2 * sigma_px
        stepped, crept = self._is_beyond(step, fit, sigma_px), total.length_px > creep_px
        self.is_suspicious = stepped or crept
        is_moved = self.is_suspicious and self._goes_on(step)
        if not self.is_suspicious:
            self._history.append((time_ns, total))
        elif is_moved and self._candidate is not None:
            self._home = home
        self._candidate = step if self.is_suspicious else None
        return Placed(total, sigma_px, fit.rotation_sigma_deg, fit.agree_ratio, is_moved, step if stepped else total)

    def _goes_on(self, step: Similarity) -> bool:
        """Whether the look before found the same step, or there was none before: a camera that sways is never where it was found."""
        if self._home is not None or self._candidate is None:
            return True
        return self._candidate.inverse().then(step).length_px <= self._settings.alike_px

    def _is_beyond(self, step: Similarity, fit: ViewFit, sigma_px: float) -> bool:
        """Whether this is a step at all; back home is only who is nearer than half of one."""
        settings, share = self._settings, 1.0 if self._home is None else 0.5
        return (
            step.length_px > share * settings.shift_px + 2 * sigma_px
            or abs(step.rotation_deg) > share * settings.rotation_deg + 2 * fit.rotation_sigma_deg
            or abs(math.log(step.scale_ratio)) > share * settings.scale_ratio + 2 * fit.scale_sigma_ratio
        )

    def _before_now(self, time_ns: int) -> Similarity:
        """Where the view lay at least three seconds ago, as late as possible; the earliest known place in the first three."""
        old = [motion for when_ns, motion in self._history if time_ns - when_ns >= self._settings.sudden_s * NS_PER_S]
        return old[-1] if old else self._history[0][1] if self._history else self._offset

    def _renew(self, still: Pixels, fit: ViewFit, time_ns: int, placed: Placed) -> None:
        """Remember the view anew when light or parked cars have changed much of it, or it has crept: never while it seems to have moved."""
        if placed.is_moved and self._home is None:
            return
        aged = time_ns - self._remembered_ns > self._settings.stale_s * NS_PER_S
        crept = fit.motion.length_px > 2.0 or abs(fit.motion.rotation_deg) > 0.5
        if aged and (crept or fit.agree_ratio < self._settings.stale_ratio):
            self._remember(still, fit.motion, time_ns)

    def _remember(self, still: Pixels, motion: Similarity, time_ns: int) -> None:
        view = View(still, self._noise_level)
        if view.cells_count < 6:
            return
        if self._view is not None:
            self._former.appendleft((self._view, self._offset))
        self._view, self._remembered_ns = view, time_ns
        self._offset, self._motion = self._offset.then(motion), STILL
