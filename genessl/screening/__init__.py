"""Which genes are no genes: a detector of synthetic and spurious proteins."""
