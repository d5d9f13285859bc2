"""Descriptions of one gene in each view."""
