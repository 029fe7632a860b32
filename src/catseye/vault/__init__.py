"""The only door to the disk: events, points, tracks, aggregates, pictures."""
