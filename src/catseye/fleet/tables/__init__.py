"""The messages of the wire as tables: one a message and version."""
