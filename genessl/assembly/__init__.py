"""Data, features and splits composed into one dataset."""
