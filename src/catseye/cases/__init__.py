"""Events become reviewed cases, evidence packages and police reports; citizens' reports and rewards."""
