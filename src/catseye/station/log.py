"""The log: to stderr, for people on a terminal and as JSON lines elsewhere, never with a secret in it.

`CATSEYE_LOG` chooses the level: debug, info, warning (default), error.
"""

import logging
import os
import sys
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from structlog.typing import EventDict, FilteringBoundLogger

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


@cache
def logger(room: str) -> "FilteringBoundLogger":
    """The log of one room; made on first use, since structlog takes its time to import.

    Values that are text lose the logins of their URLs.
    """
    import structlog

    level = LEVELS.get(os.environ.get("CATSEYE_LOG", "").lower(), logging.WARNING)
    made: FilteringBoundLogger = structlog.wrap_logger(
        structlog.PrintLogger(sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _without_secrets,
            structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        room=room,
    )
    return made


def _without_secrets(_logger: object, _method: str, event: "EventDict") -> "EventDict":
    from catseye.core.secrets import masked

    def blotted(value: Any) -> Any:
        return masked(value) if isinstance(value, str) else value if isinstance(value, (int, float, bool, type(None))) else masked(str(value))

    return {key: blotted(value) for key, value in event.items()}
