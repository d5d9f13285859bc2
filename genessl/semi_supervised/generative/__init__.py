"""Strategies that model the distribution of genes' features."""
