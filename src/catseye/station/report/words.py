"""Numbers and spans as people write them."""

import math
from collections.abc import Sequence

_ARROW_WORDS = ("to the right", "down and right", "down", "down and left", "to the left", "up and left", "up", "up and right")


def counted(count: int, one: str, many: str = "") -> str:
    """A number with its noun.

    >>> counted(1, "crossing"), counted(1204, "crossing"), counted(0, "bus", "buses")
    ('1 crossing', '1,204 crossings', '0 buses')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def span(length_s: float) -> str:
    """A length of time, to what matters.

    >>> span(0.4), span(28.3), span(64), span(3600), span(90000)
    ('0.4 s', '28 s', '1 min 4 s', '1 h', '25 h')
    """
    if length_s < 9.95:
        return f"{length_s:.1f} s"
    whole_s = round(length_s)
    hours, minutes, seconds = whole_s // 3600, whole_s // 60 % 60, whole_s % 60
    parts = [f"{hours} h"] * (hours > 0) + [f"{minutes} min"] * (minutes > 0) + [f"{seconds} s"] * (seconds > 0 and hours == 0)
    return " ".join(parts)


def share(part_count: int, whole_count: int) -> str:
    """A percentage that is never rounded to all or nothing.

    >>> share(1, 3), share(999, 1000), share(1, 1000), share(0, 5), share(0, 0)
    ('33 %', '> 99 %', '< 1 %', '0 %', '–')
    """
    if not whole_count:
        return "–"
    percent = 100 * part_count / whole_count
    if 0 < percent < 1:
        return "< 1 %"
    return "> 99 %" if 99 < percent < 100 else f"{percent:.0f} %"


def hourly(count: int, seen_s: float) -> str:
    """What an hour would bring if it went on like this, with its one-sigma doubt (Poisson), no finer than the doubt.

    >>> hourly(27, 28.3), hourly(0, 60.0), hourly(5, 0.0)
    ('3,400 ± 700', '0', '–')
    """
    if seen_s <= 0:
        return "–"
    if not count:
        return "0"
    rate, doubt = count * 3600 / seen_s, math.sqrt(count) * 3600 / seen_s
    step = 10.0 ** math.floor(math.log10(doubt))
    return f"{_to(rate, step)} ± {_to(doubt, step)}"


def _to(value: float, step: float) -> str:
    return f"{round(value / step) * step:,.0f}" if step >= 1 else f"{value:,.1f}"


def way_in_picture(right_px: float, down_px: float) -> str:
    """Where a direction leads in the picture, to an eighth of a turn.

    >>> way_in_picture(0.0, 1.0), way_in_picture(-1.0, -1.0)
    ('down', 'up and left')
    """
    return _ARROW_WORDS[round(math.degrees(math.atan2(down_px, right_px)) / 45) % 8]


def listed(words: Sequence[str], most_count: int = 6) -> str:
    """Some words in a row.

    >>> listed(["a", "b", "c"]), listed(["a"]), listed(["a", "b", "c"], 2)
    ('a, b and c', 'a', 'a, b and 1 more')
    """
    words = [*words[:most_count], f"{len(words) - most_count} more"] if len(words) > most_count else list(words)
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]])) if words else ""


def unbroken(name: str) -> str:
    """A name in running text that no line ends within (word joiners after its hyphens)."""
    return name.replace("-", "-\u2060")
