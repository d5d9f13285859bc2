"""The results of the screening for the report: counts, and a list of suspicious genes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from genessl.data.dataset import GeneDataset
from genessl.errors import InputError
from genessl.output.report.discoveries import shown_names
from genessl.output.tables import read_table

SUSPICIOUS = 0.5


@dataclass(frozen=True)
class Screening:
    """The results of a screening.

    Parameters
    ----------
    found : dict of str to (int, int)
        For each kind of gene (labelled, unlabelled, synthetic) the number of genes, and the number with a probability
        of at least 0.5 to be synthetic or spurious. All are 0 if no gene was screened.
    suspects : DataFrame
        The most suspicious real genes: gene, probability, reasons, labelled, symbol, accession and description.
    """

    found: dict[str, tuple[int, int]]
    suspects: pd.DataFrame

    @property
    def n_screened(self) -> int:
        """Number of genes that were screened."""
        return sum(n_genes for n_genes, _ in self.found.values())


def summarise_screening(table: pd.DataFrame, dataset: GeneDataset, *, most: int = 20) -> Screening:
    """Count the suspicious genes and list the most suspicious real ones.

    Parameters
    ----------
    table : DataFrame
        Columns gene, probability and reasons, as `SyntheticDetector.screen` returns them; empty if too few genes had
        experiments.
    dataset : GeneDataset
        The dataset of these genes.
    most : int, default=20
        The most genes to list; genes with a probability below 0.5 are never listed.

    Raises
    ------
    InputError
        If the table has other genes than the dataset.
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
    listed = suspects.head(most).reset_index(drop=True)
    row_of = {gene: row for row, gene in enumerate(dataset.genes.tolist())}
    rows = np.array([row_of[gene] for gene in listed["gene"]], dtype=np.intp)
    return Screening(found, listed.assign(**shown_names(dataset, rows)))


def read_screening(path: Path, dataset: GeneDataset) -> Screening:
    """Read the table that screen-genes wrote of a dataset, and summarise it; InputError for another table."""
    return summarise_screening(read_table(path, ["gene", "probability", "reasons"], numbers=("probability",)), dataset)
