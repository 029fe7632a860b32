"""From a violation to its case: the clip is cut, sealed and redacted, the plate read, the measurement taken down, all before the ring forgets."""
