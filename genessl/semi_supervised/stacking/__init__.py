"""Predictors that learn from the out-of-fold scores of other predictors."""
