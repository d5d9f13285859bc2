"""How good scores are on validation genes: the number by which strategies stop."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from genessl.data.dataset import GeneDataset
from genessl.evaluation.metrics import average, tabulate


def validation_quality(scores: NDArray[np.float32], dataset: GeneDataset, rows: NDArray[np.intp]) -> float:
    """Return weighted F-max of some genes, the mean over the aspects in which any of them is labelled.

    Over the columns of the dataset, each gene in the aspects in which it is labelled; the weights are the information
    accretion over all visible labels.

    Parameters
    ----------
    scores : ndarray of float32, shape (n_genes, n_terms), in [0, 1]
        A parent scores at least its child.
    dataset : GeneDataset
        With the labels of these genes.
    rows : ndarray of int
        Row numbers of the genes.

    Returns
    -------
    float
        In [0, 1]; 0 where none of the genes is labelled.
    """
    values = []
    for aspect, name in enumerate(dataset.aspects):
        judged = rows[dataset.labelled[rows, aspect]]
        columns = np.flatnonzero(dataset.ontology.aspects == name)
        if len(judged):
            truth = csr_array(dataset.positive[judged][:, columns])
            _, bits = tabulate(truth, csr_array(scores[np.ix_(judged, columns)]), dataset.accretion[columns])
            values.append(float(average(bits).f.max()))
    return float(np.mean(values)) if values else 0.0
