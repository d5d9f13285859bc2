"""A simulated organism in the raw formats of the public databases, from a dozen to a million genes."""

from genessl.simulate.organism import simulate_organism
from genessl.simulate.settings import SimulationSettings, settings_from_mapping

__all__ = ["SimulationSettings", "settings_from_mapping", "simulate_organism"]
