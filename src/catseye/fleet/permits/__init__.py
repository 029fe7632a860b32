"""Which commercial vehicles may run, as the authority says it: read from its CSV, looked up while they drive. No terminal, fitted or not, decides it."""
