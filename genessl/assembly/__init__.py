"""Assembly of data, features and splits into one dataset."""
