"""Which pairs of gene and term the command line explains."""

from __future__ import annotations

from pathlib import Path

from genessl.data.dataset import GeneDataset
from genessl.errors import InputError
from genessl.explain.table import best_new_terms, find_gene
from genessl.models.base import GenePredictor
from genessl.output.predictions import read_predictions
from genessl.output.report.discoveries import strongest_new_predictions


def pairs_of_gene(
    predictor: GenePredictor, dataset: GeneDataset, gene: str, term: str | None, *, most: int
) -> list[tuple[str, str]]:
    """Return a gene with a term, or with its best new terms if none is named.

    Parameters
    ----------
    predictor : GenePredictor
    dataset : GeneDataset
    gene : str
        Identifier, symbol or accession.
    term : str, optional
        A term, also by an old identifier.
    most : int
        The most terms if none is named.
    """
    found = find_gene(dataset, gene)
    if term is None:
        return [(found, best) for best in best_new_terms(dataset, predictor.predict_proba(dataset), found, most=most)]
    known = dataset.ontology.resolve(term)
    if known is None:
        raise InputError(f"--term: found {term!r}, expected one of the dataset's {dataset.n_terms} terms")
    return [(found, known)]


def pairs_of_report(predictions: Path, dataset: GeneDataset) -> list[tuple[str, str]]:
    """Return the new predictions that the report lists for a table of predictions."""
    listed = strongest_new_predictions(read_predictions(predictions), dataset)
    return list(zip(listed["gene"], listed["term"]))
