"""Groups of verbs, a module a group; `station/cli.py` puts them together."""
