"""Corrections: which alarm leads to which answer, and what became of it."""
