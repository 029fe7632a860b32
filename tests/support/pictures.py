"""Pictures of a file, for tests that look at them."""

from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray


def decoded_grey(path: Path) -> NDArray[np.int64]:
    """All frames of a video, (n, height, width), 0 to 255."""
    with av.open(str(path)) as file:
        return np.stack([frame.to_ndarray(format="gray").astype(np.int64) for frame in file.decode(video=0)])
