"""The HTTP API and the pages; shows only what the vault hands out."""
