"""The nouns that flow, with their units; the sockets plug-ins fill; typed errors. Imports numpy and nothing else."""
