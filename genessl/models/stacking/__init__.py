"""Predictors learned from out-of-fold scores of other predictors."""
