"""Strategies that learn from pseudo-labels: labels that a predictor chose for unlabelled genes."""
