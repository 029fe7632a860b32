"""Tracks become crossings; flows and journeys are sums of them. Pure: no clock, disk, network or chance."""
