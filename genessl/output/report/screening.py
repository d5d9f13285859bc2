"""What the screening found, in numbers and as a list for the report."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from genessl.data.dataset import GeneDataset
from genessl.errors import InputError

SUSPICIOUS = 0.5


@dataclass(frozen=True)
class Screening:
    """What was found among the genes.

    Parameters
    ----------
    found : dict of str to (int, int)
        For each kind of gene (labelled, unlabelled, synthetic) how many there are, and how many are more probably
        synthetic or spurious than not. All 0 where none was screened.
    suspects : DataFrame
        The most suspicious real genes: gene, probability, reasons and labelled.
    """

    found: dict[str, tuple[int, int]]
    suspects: pd.DataFrame

    @property
    def n_screened(self) -> int:
        """Return how many genes were screened."""
        return sum(n_genes for n_genes, _ in self.found.values())


def summarise_screening(table: pd.DataFrame, dataset: GeneDataset, *, most: int = 20) -> Screening:
    """Count what was found and list the most suspicious real genes.

    Parameters
    ----------
    table : DataFrame
        Columns gene, probability and reasons, as `SyntheticDetector.screen` returns them; empty where too few genes had
        experiments.
    dataset : GeneDataset
        Whose genes they are.
    most : int, default=20
        Genes listed; none that is more probably real than not.

    Raises
    ------
    InputError
        If the table is of other genes.
    """
    if len(table) and sorted(table["gene"]) != sorted(dataset.genes.tolist()):
        raise InputError(
            "--screening: found a table of other genes than the dataset's, expected one that screen-genes made of this"
            " dataset; make it again"
        )
    labelled = np.diff(dataset.positive.indptr) > 0
    kinds = np.select([dataset.synthetic, labelled], ["synthetic", "labelled"], "unlabelled")
    kind = table["gene"].map(dict(zip(dataset.genes.tolist(), kinds.tolist())))
    suspicious = table["probability"] >= SUSPICIOUS
    found = {
        name: (int((kind == name).sum()), int((suspicious & (kind == name)).sum()))
        for name in ("labelled", "unlabelled", "synthetic")
    }
    suspects = table.assign(labelled=kind == "labelled")[suspicious & (kind != "synthetic")]
    return Screening(found, suspects.head(most).reset_index(drop=True))
