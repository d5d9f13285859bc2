"""Conformal sets of terms as a table, for genes that experiments have not described."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from genessl.data.dataset import GeneDataset
from genessl.data.gene_names import GeneNames
from genessl.evaluation.calibrated import Calibrated
from genessl.evaluation.conformal import COVERAGE, level_of

_log = logging.getLogger(__name__)
_DIGITS = 4


def term_sets(
    dataset: GeneDataset, probability: NDArray[np.float32], calibrated: Calibrated, *, coverage: float = COVERAGE
) -> pd.DataFrame:
    """Return the set of each gene in each aspect in which it has no experimental annotation.

    Parameters
    ----------
    dataset : GeneDataset
    probability : ndarray of float32, shape (n_genes, n_terms)
        By the probabilities of `calibrated`.
    calibrated : Calibrated
    coverage : float, default=0.9
        Share of a gene's terms that its set should hold on average, a whole percentage from 0.5 to 0.99.

    Returns
    -------
    DataFrame
        Columns gene, aspect, term, name, probability, symbol and description; genes and aspects in the dataset's order,
        terms by descending probability. A gene without a term that is probable enough has no row. An aspect without a
        threshold has none either, and the log says so.

    Raises
    ------
    InputError
        If the coverage is out of range.
    """
    level = level_of(coverage)
    names = dataset.names or GeneNames.none(dataset.n_genes)
    parts = []
    for column, aspect in enumerate(dataset.aspects):
        threshold = calibrated.thresholds[aspect][level] if aspect in calibrated.thresholds else np.nan
        if np.isnan(threshold):
            _log.warning(
                "%s: no set of terms, because the model predicts too few of the terms of held-out genes to cover %g of"
                " them, or too few genes are held out", aspect, coverage,
            )  # fmt: skip
            continue
        genes = np.flatnonzero(~dataset.labelled[:, column] & ~dataset.synthetic)
        terms = np.flatnonzero(dataset.ontology.aspects == aspect)
        told = probability[np.ix_(genes, terms)]
        rows, columns = np.nonzero(told >= threshold)
        parts.append(
            pd.DataFrame({"row": genes[rows], "aspect": column, "term": terms[columns], "p": told[rows, columns]})
        )
    found = pd.concat(parts) if parts else pd.DataFrame({"row": [], "aspect": [], "term": [], "p": []}, dtype=np.intp)
    order = np.lexsort((found["term"], -found["p"], found["aspect"], found["row"]))
    rows, aspects, terms = (found[name].to_numpy()[order] for name in ("row", "aspect", "term"))
    return pd.DataFrame(
        {
            "gene": dataset.genes[rows],
            "aspect": np.array(dataset.aspects)[aspects],
            "term": np.array(dataset.ontology.terms)[terms],
            "name": np.array(dataset.ontology.names)[terms],
            "probability": found["p"].to_numpy()[order].round(_DIGITS),
            "symbol": np.array(names.symbols)[rows],
            "description": np.array(names.descriptions)[rows],
        }
    )
