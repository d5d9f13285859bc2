"""Neural predictors of one view, and the training loop that they share."""
