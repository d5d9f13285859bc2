"""Annotations and an ontology in; sparse labels out, with every lost row counted."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import coo_array, csr_array

from genessl.data.annotations import EXPERIMENTAL, KNOWN_CODES
from genessl.data.coverage import Coverage
from genessl.data.identifiers import GeneIdentifiers
from genessl.data.ontology import Ontology
from genessl.errors import InputError

_log = logging.getLogger(__name__)
_MOST = 0.5


@dataclass(frozen=True)
class Labels:
    """Labels over the whole ontology, roots included; each csr_array of bool, shape (n_genes, n_terms).

    `positive` and `electronic` are closed upwards, `negative` downwards. `objects` tells the gene of each annotated
    object that has one.
    """

    positive: csr_array
    negative: csr_array
    electronic: csr_array
    objects: dict[str, str]


def label_genes(
    annotations: pd.DataFrame,
    identifiers: GeneIdentifiers,
    genes: list[str],
    ontology: Ontology,
    coverage: Coverage,
    *,
    source: str,
    file: str | None = None,
    evidence: Collection[str] = EXPERIMENTAL,
) -> Labels:
    """Turn annotation rows into labels.

    Parameters
    ----------
    annotations : DataFrame
        As `read_gaf` returns it.
    identifiers : GeneIdentifiers
    genes : list of str, length n_genes
        The order of the rows.
    ontology : Ontology
        With its roots; of any release, as long as it knows most terms.
    coverage : Coverage
        Receives each loss by reason, under `source`.
    file : str, optional
        Where the annotations come from, for messages; `source` by default.
    evidence : collection of str
        Codes that count as experimental. Electronic are all others but ND and the experimental codes left out here.

    Raises
    ------
    InputError
        If most annotated terms are not in the ontology, or no object joins to a gene.
    """
    objects = _resolve_objects(annotations, identifiers)
    row_of = {gene: row for row, gene in enumerate(genes)}
    rows = annotations["gene"].astype(str).map(lambda name: row_of[objects[name]] if name in objects else -1)
    terms = annotations["term"].astype(str)
    resolved = {term: ontology.resolve(term) for term in terms.unique()}
    columns = terms.map(lambda term: -1 if resolved[term] is None else ontology.index[str(resolved[term])])
    outcome = _outcomes(annotations, rows.to_numpy(), columns.to_numpy(), terms, ontology, set(evidence))
    _count(outcome, annotations, coverage, source)
    _check_join(annotations, rows.to_numpy(), terms, columns.to_numpy(), file or source)
    shape = (len(genes), len(ontology.terms))

    def matrix(kind: str) -> csr_array:
        chosen = outcome == kind
        entries = (np.ones(chosen.sum(), dtype=bool), (rows.to_numpy()[chosen], columns.to_numpy()[chosen]))
        return csr_array(coo_array(entries, shape=shape))

    positive = ontology.propagate(matrix("experimental"))
    negative = _uncontradicted(ontology.propagate_down(matrix("negative")), positive, coverage, source)
    return Labels(positive, negative, ontology.propagate(matrix("electronic")), objects)


def _uncontradicted(negative: csr_array, positive: csr_array, coverage: Coverage, source: str) -> csr_array:
    """Leave out what a gene has and has not: both rest on experiments, and having one suffices."""
    contradicted = csr_array(negative.multiply(positive))
    kept = csr_array(negative.astype(np.int8) - contradicted.astype(np.int8)).astype(bool)
    kept.eliminate_zeros()
    coverage.add(source, "negative labels, closed downwards", "held", negative.nnz)
    coverage.add(source, "negative labels, closed downwards", "joined", kept.nnz)
    coverage.add(source, "negative labels, closed downwards", "contradicted by a positive label", contradicted.nnz)
    return kept


def _resolve_objects(annotations: pd.DataFrame, identifiers: GeneIdentifiers) -> dict[str, str]:
    described = annotations.drop_duplicates("gene")
    synonyms = {
        str(name): [str(symbol), *str(words).split("|")]
        for name, symbol, words in zip(described["gene"], described["symbol"], described["synonyms"])
    }
    return identifiers.resolve(synonyms, synonyms=synonyms).targets


def _outcomes(
    annotations: pd.DataFrame,
    rows: np.ndarray[tuple[int], np.dtype[np.intp]],
    columns: np.ndarray[tuple[int], np.dtype[np.intp]],
    terms: pd.Series[str],
    ontology: Ontology,
    evidence: set[str],
) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    codes = annotations["evidence"].astype(str)
    experimental = codes.isin(evidence).to_numpy()
    negated = annotations["negated"].to_numpy(dtype=bool)
    obsolete = terms.isin(ontology.obsolete).to_numpy()
    outcome = np.where(experimental, "experimental", "electronic").astype(object)
    outcome[negated & experimental] = "negative"
    outcome[negated & ~experimental] = "NOT without experimental evidence"
    outcome[codes.isin(EXPERIMENTAL).to_numpy() & ~experimental] = "experimental evidence that was not chosen"
    outcome[ontology.roots[columns]] = "annotated to a root term only"
    outcome[(codes == "ND").to_numpy()] = "no data (ND)"
    outcome[columns < 0] = "term not in the ontology"
    outcome[obsolete & (columns < 0)] = "obsolete term"
    outcome[rows < 0] = "gene not among the sequences"
    return outcome


def _count(outcome: np.ndarray, annotations: pd.DataFrame, coverage: Coverage, source: str) -> None:
    coverage.add(source, "annotation rows", "held", len(outcome))
    joined = np.isin(outcome, ["experimental", "electronic", "negative"])
    coverage.add(source, "annotation rows", "joined", int(joined.sum()))
    for reason, count in pd.Series(outcome[~joined]).value_counts().items():
        coverage.add(source, "annotation rows", str(reason), int(count))
    for kind in ("experimental", "electronic", "negative"):
        coverage.add(source, f"{kind} rows", "held", int((outcome == kind).sum()))
        coverage.add(source, f"{kind} rows", "joined", int((outcome == kind).sum()))
    codes = annotations["evidence"].astype(str)
    for code, count in codes[~codes.isin(KNOWN_CODES)].value_counts().items():
        _log.info("%s: %d rows have the unknown evidence code %s", source, count, code)
        coverage.add(source, f"rows with the unknown evidence code {code}", "held", int(count))
        coverage.add(source, f"rows with the unknown evidence code {code}", "joined", int(count))


def _check_join(
    annotations: pd.DataFrame,
    rows: np.ndarray,
    terms: pd.Series[str],
    columns: np.ndarray,
    file: str,
) -> None:
    if not (rows >= 0).any():
        found = str(annotations["gene"].iloc[0])
        raise InputError(
            f"{file}: none of the annotated genes, such as '{found}', is among the sequences;"
            " add an alias table under `identifiers`"
        )
    known = pd.Series(columns >= 0).groupby(terms.to_numpy()).any()
    if known.mean() < _MOST:
        missing = str(known.index[~known.to_numpy()][0])
        raise InputError(
            f"{file}: {int((~known).sum())} of {len(known)} annotated terms, such as {missing},"
            " are not in the ontology; give the ontology release that fits the annotations"
        )
