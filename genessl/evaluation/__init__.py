"""Splits, metrics and comparisons of predictors, following CAFA."""
