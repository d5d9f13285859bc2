"""Strategies through which unlabelled genes teach."""
