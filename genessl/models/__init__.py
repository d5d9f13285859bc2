"""Predictors that learn from labelled genes, or spread their labels over networks."""
