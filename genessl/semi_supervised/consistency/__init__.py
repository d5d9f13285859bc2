"""Strategies that ask for the same scores under perturbed inputs."""
