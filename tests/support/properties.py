"""How many examples a costly property tries: few every time, many when somebody goes and looks for new ones (`make soak`)."""

import os

EXPLORED = 10  # times as many


def examples(count: int) -> int:
    """`count` in the ordinary suite."""
    return count * (EXPLORED if os.environ.get("HYPOTHESIS_PROFILE") == "explore" else 1)
