"""Predictors that spread labels or scores over networks."""
