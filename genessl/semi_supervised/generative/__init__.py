"""Strategies that model what the features of a gene look like."""
