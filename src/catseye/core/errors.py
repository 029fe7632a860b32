"""Typed errors. Each says three facts on one line: where, what came, what was wanted."""


class CatseyeError(Exception):
    """A fault the user or a device can mend; `exit_code` is what the command line returns for it."""

    exit_code = 2

    def __init__(self, where: str, came: str, wanted: str) -> None:
        """Join the three facts: `where: came; wanted wanted`."""
        self.where = where
        self.came = came
        self.wanted = wanted
        super().__init__(f"{where}: {came}; wanted {wanted}" if wanted else f"{where}: {came}")


class SiteError(CatseyeError):
    """The site file, or an option that stands for it, says something that cannot be meant."""


class SourceError(CatseyeError):
    """A camera or file that cannot be read at all (not a passing gap: that is an event)."""


class ModelError(CatseyeError):
    """A model that is missing, damaged, of the wrong hash, or that fails its self-test."""


class StoreError(CatseyeError):
    """The disk said no: full, read-only, or not a place where a vault can stand."""


class KeyFileError(CatseyeError):
    """A key that is missing, readable by others, or no key at all: nothing is signed or opened with it."""
