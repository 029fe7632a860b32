"""A correction policy as a value: which alarm, level and repetition lead to which actions, what is said, and when the platform keeps quiet."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from catseye.fleet.correction.speech import sayable

WARN, SLOW, ATTACHMENTS, PHOTO, VIDEO, NOTIFY = "warn", "slow", "attachments", "photo", "video", "notify"
ACTIONS = (WARN, SLOW, ATTACHMENTS, PHOTO, VIDEO, NOTIFY)


@dataclass(frozen=True, slots=True)
class Quiet:
    """When no warning is spoken, whatever else a row says."""

    stopped_below_kmh: float = 5.0
    least_gap_s: float = 8.0
    most_a_minute_count: int = 3


@dataclass(frozen=True, slots=True)
class Slow:
    """A speed limit to set (parameter 0x0055). `back_to_kmh` is set again after `for_s`; without it the limit stays."""

    limit_kmh: int
    for_s: float = 600.0
    back_to_kmh: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """`actions` on the `times_count`-th alarm of one of these kinds within `within_s`, from `from_level` on, and once a `cool_down_s` and kind.

    A warning that was acknowledged has `answer_within_s` to show; if it does not, `without_effect` follows. `text` names another text than the alarm's.
    """

    name: str
    alarms: tuple[str, ...]
    actions: tuple[str, ...]
    from_level: int = 0
    times_count: int = 1
    within_s: float = 600.0
    cool_down_s: float = 60.0
    text: str = ""
    answer_within_s: float = 30.0
    without_effect: tuple[str, ...] = ()
    slow: Slow | None = None
    channel: int = 1
    photos_count: int = 3

    @property
    def texts(self) -> tuple[str, ...]:
        """Names of what it may say."""
        return (self.text,) if self.text else self.alarms


@dataclass(frozen=True, slots=True)
class Policy:
    """Rows in order; where several fit, each acts, and the last of those that warn speaks. `texts`: language → name → what is said."""

    row: tuple[Row, ...] = ()
    quiet: Quiet = Quiet()
    language: str = "en"
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def lookback_s(self) -> float:
        """How far back something may matter: what a restart must read."""
        spans = [max(row.within_s, row.cool_down_s, row.answer_within_s, row.slow.for_s if row.slow else 0.0) for row in self.row]
        return max([3600.0, *spans])

    def rows_of(self, kind: str) -> list[Row]:
        """Those that name a kind of alarm."""
        return [row for row in self.row if kind in row.alarms]

    def words(self, name: str, language: str) -> str:
        """What is said, as GBK can carry it: in the driver's language, else in the policy's; "" when neither has it."""
        for each in (language, language.partition("-")[0], self.language):
            if text := self.texts.get(each, {}).get(name, ""):
                return sayable(text)
        return ""
