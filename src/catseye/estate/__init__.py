"""Cameras as property: register, survey, health, security posture, coverage, renewal plan."""
