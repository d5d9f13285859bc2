"""Evaluation of further models on the genes of a run, by the run's own protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from genessl.data.dataset import GeneDataset
from genessl.data.ontology import read_obo
from genessl.evaluation.comparison import compare, labels_from_table, lift
from genessl.output.tables import read_table

ScoreAll = Callable[[GeneDataset], Iterable[tuple[str, NDArray[np.float32]]]]


def evaluate_on_run(run: Path, ontology: Path, score: ScoreAll) -> pd.DataFrame:
    """Evaluate models on the dataset and truth of a run; under cross-validation once for all folds together.

    Parameters
    ----------
    run : path
        Folder of a run, results/ORGANISM.
    ontology : path
        The run's ontology, OBO.
    score : callable
        Given a dataset that hides the labels to test, yields names of models with their scores of all genes,
        shape (n_genes, n_terms), raised so that no term scores less than a descendant.

    Returns
    -------
    DataFrame
        With the columns of evaluation.tsv.
    """
    dataset = GeneDataset.load(run / "dataset")
    dataset = dataset.take(np.argsort(dataset.genes, kind="stable"))
    full = read_obo(ontology)
    known = lift(dataset.positive, dataset.ontology, full)
    tables: dict[str, csr_array] = {}
    if dataset.scheme == "cross_validation":
        later = known
        for fold in range(dataset.n_folds):
            for name, scores in score(dataset.hide(fold)):
                scores[dataset.split != fold] = 0.0
                tables[name] = csr_array(tables[name] + csr_array(scores)) if fold else csr_array(scores)
    else:
        later = labels_from_table(read_table(run / "truth.tsv.gz", ["gene", "term"]), dataset.genes, full)
        tables = {name: csr_array(scores) for name, scores in score(dataset)}
    column = np.array([full.index[term] for term in dataset.ontology.terms])
    shape = (dataset.n_genes, len(full.terms))
    lifted = {
        name: [csr_array((table.data.astype(np.float64), column[table.indices], table.indptr), shape=shape)]
        for name, table in tables.items()
    }
    accretion = full.information_accretion(known)
    return compare(lifted, known, later, full, accretion, dataset.genes, scheme=dataset.scheme)
