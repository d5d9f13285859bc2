"""Strategies that teach labels which predictors chose."""
