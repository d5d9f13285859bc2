"""Semi-supervised gene function prediction from sequences and networks.

The names below are imported from their modules when they are first used, so that `import genessl` is quick and needs no
torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genessl.assembly.build import Evaluation, Sources, assemble_dataset
    from genessl.data.aliases import read_aliases
    from genessl.data.annotations import read_gaf
    from genessl.data.dataset import GeneDataset
    from genessl.data.networks import read_network
    from genessl.data.ontology import Ontology, read_obo
    from genessl.data.sequences import read_fasta
    from genessl.errors import InputError
    from genessl.models.base import GenePredictor
    from genessl.output.predictions import read_predictions, write_predictions
    from genessl.predictors import PREDICTORS, make_predictor
    from genessl.semi_supervised.arrays import QuotaCoTraining, QuotaSelfTraining
    from genessl.simulate import SimulationSettings, simulate_organism

    __version__: str

__all__ = [
    "PREDICTORS",
    "Evaluation",
    "GeneDataset",
    "GenePredictor",
    "InputError",
    "Ontology",
    "QuotaCoTraining",
    "QuotaSelfTraining",
    "SimulationSettings",
    "Sources",
    "__version__",
    "assemble_dataset",
    "make_predictor",
    "read_aliases",
    "read_fasta",
    "read_gaf",
    "read_network",
    "read_obo",
    "read_predictions",
    "simulate_organism",
    "write_predictions",
]

_MODULES = {
    "PREDICTORS": "genessl.predictors",
    "Evaluation": "genessl.assembly.build",
    "GeneDataset": "genessl.data.dataset",
    "GenePredictor": "genessl.models.base",
    "InputError": "genessl.errors",
    "Ontology": "genessl.data.ontology",
    "QuotaCoTraining": "genessl.semi_supervised.arrays",
    "QuotaSelfTraining": "genessl.semi_supervised.arrays",
    "SimulationSettings": "genessl.simulate",
    "Sources": "genessl.assembly.build",
    "assemble_dataset": "genessl.assembly.build",
    "make_predictor": "genessl.predictors",
    "read_aliases": "genessl.data.aliases",
    "read_fasta": "genessl.data.sequences",
    "read_gaf": "genessl.data.annotations",
    "read_network": "genessl.data.networks",
    "read_obo": "genessl.data.ontology",
    "read_predictions": "genessl.output.predictions",
    "simulate_organism": "genessl.simulate",
    "write_predictions": "genessl.output.predictions",
}

if not TYPE_CHECKING:  # a type checker would believe that the package has every name

    def __getattr__(name: str) -> object:
        """Import a public name when it is first used (PEP 562)."""
        if name == "__version__":
            from importlib.metadata import version

            value: object = version("genessl")
        elif name in _MODULES:
            from importlib import import_module

            value = getattr(import_module(_MODULES[name]), name)
        else:
            raise AttributeError(f"module 'genessl' has no attribute {name!r}")
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
