"""Configures, wires and runs the rooms; the only floor where they meet."""
