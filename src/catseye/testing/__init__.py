"""Conformance suites for plug-ins, and plain factories for tests."""
