"""The page of a fleet: what its terminals reported, who was warned, and what came of it. By vehicle, never by driver."""
