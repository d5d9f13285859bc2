"""Strategies that learn from unlabelled genes, and views of scikit-learn classifiers."""
