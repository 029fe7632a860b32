"""Every figure in benchmarks/README.md: one file a figure, peers side by side in one run."""
