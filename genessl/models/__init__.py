"""Predictors that learn from labelled genes or pass labels on."""
