"""Semi-supervised gene function prediction from sequences and networks."""
