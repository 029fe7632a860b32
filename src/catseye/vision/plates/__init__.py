"""The only reader of number plates in the house. It takes a `Violation`: without one no plate is read, and of nobody but the violator.

What it reads is a suggestion for a person, with a confidence for each character; where it is not sure, or no model knows such plates, an operator
types the plate from the sealed picture. docs/design/privacy.md, tests/laws/test_plate_fence.py.
"""

from catseye.vision.plates.errors import PlateError
from catseye.vision.plates.reader import PlateReading, Settings, prove, read, seal_crops
from catseye.vision.plates.way import Way

__all__ = ["PlateError", "PlateReading", "Settings", "Way", "prove", "read", "seal_crops"]
