"""Predictors that spread labels over graphs."""
