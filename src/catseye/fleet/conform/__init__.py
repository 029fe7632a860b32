"""Vendor-neutral conformance: a terminal's own words are held against the standards, clause by clause, the same for every maker."""
