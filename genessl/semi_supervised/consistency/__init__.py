"""Strategies that train a module to give the same scores for perturbed inputs."""
