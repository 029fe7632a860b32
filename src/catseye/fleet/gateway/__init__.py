"""The servers that terminals report to. They hold sessions and nothing else: what is accepted goes to a `Keeper` before it is acknowledged."""
