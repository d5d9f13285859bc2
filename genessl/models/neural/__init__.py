"""Neural predictors of one view, and how they are trained."""
