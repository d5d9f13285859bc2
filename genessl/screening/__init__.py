"""Detector of synthetic or spurious proteins among the unlabelled genes."""
