"""Evidence packages: one zip a stranger can check without us. See docs/design/evidence.md."""
