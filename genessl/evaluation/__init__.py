"""Splits, metrics and comparisons, as CAFA does."""
