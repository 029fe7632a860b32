"""Simulated terminals: they drive, raise alarms, answer orders and lose the network, as seeds say. For tests, demonstrations and load."""
