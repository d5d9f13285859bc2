"""What one gene looks like in each view."""
