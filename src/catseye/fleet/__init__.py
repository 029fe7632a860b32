"""Vehicle terminals: bytes to typed messages and back (JT/T 808, 1078, active safety), warnings to drivers, permits."""
