"""The comparison of predictors on the same genes, by aspect and by what was known about a gene at t0."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from genessl.data.ontology import Ontology
from genessl.errors import InputError
from genessl.evaluation.categories import (
    Category,
    grouped_categories,
    knowledge_categories,
    pooled_categories,
    without,
)
from genessl.evaluation.metrics import evaluate

_log = logging.getLogger(__name__)

COLUMNS = ("model", "aspect", "knowledge", "metric", "value", "low", "high", "n_genes")
_GENES_AT_ONCE = 1_000


def compare(
    predictions: Mapping[str, Iterable[pd.DataFrame | csr_array]],
    known: csr_array,
    truth: csr_array,
    ontology: Ontology,
    accretion: NDArray[np.float64],
    genes: Sequence[str] | NDArray[np.str_],
    *,
    scheme: str,
    groups: Mapping[str, NDArray[np.bool_]] | None = None,
    seed: int = 0,
    n_bootstrap: int = 1000,
) -> pd.DataFrame:
    """Evaluate each model in each aspect and knowledge category.

    Parameters
    ----------
    predictions : mapping of model to its predictions
        Most models have one. If there are several, as for shuffled controls, value, low and high are averaged. Each is
        a table as `scores_from_table` takes it, or a csr_array of float64, shape (n_genes, n_terms). They are read one
        at a time, so that an iterator need not hold them all.
    known : csr_array of bool, shape (n_genes, n_terms)
        Experimental terms at t0, closed upwards. Not used under cross-validation.
    truth : csr_array of bool, shape (n_genes, n_terms)
        Experimental terms at t1, or the labels under cross-validation; closed upwards.
    ontology : Ontology
        The whole ontology with its roots, which no metric counts.
    accretion : ndarray of float64, shape (n_terms,)
        Information accretion, in bits.
    genes : sequence of str, length n_genes
    scheme : {'temporal', 'cross_validation'}
    groups : mapping of name to ndarray of bool, shape (n_genes,), optional
        Groups of genes, as `gene_groups` returns them, that are also evaluated separately within first or CV. In the
        table they have names such as first-isolated. A group with fewer than 20 genes in an aspect has no row there.
    seed, n_bootstrap
        As in `evaluate`.

    Returns
    -------
    DataFrame with columns model, aspect, knowledge, metric, value, low, high, n_genes
        Metrics as in `summarise`. A category without genes has no row. A model without predictions has coverage 0,
        F-max 0 and the S-min of predicting nothing; the log names it.

    Raises
    ------
    InputError
        If the scheme has no evaluation, a group has another shape or type, or a table is malformed.
    """
    found = _categories(known, truth, ontology, scheme, _checked(groups or {}, len(genes)))
    index = pd.MultiIndex.from_tuples([], names=COLUMNS[:4])
    results = [pd.DataFrame(columns=["value", "low", "high", "n_genes"], index=index, dtype=float)]
    yardstick = _Yardstick(found, known, truth, ontology, accretion, n_bootstrap, seed)
    for model, members in predictions.items() if found else ():
        measured = [yardstick.measure(model, raw) for raw in _scores_of(model, members, genes, ontology)]
        if not measured:
            raise ValueError(f"{model}: no predictions to evaluate")
        results.append(sum(measured[1:], measured[0]) / len(measured))
    return pd.concat(results).reset_index().astype({"n_genes": int})[list(COLUMNS)]


def _categories(
    known: csr_array, truth: csr_array, ontology: Ontology, scheme: str, groups: Mapping[str, NDArray[np.bool_]]
) -> list[Category]:
    if scheme not in ("temporal", "cross_validation"):
        raise InputError(f"scheme: found {scheme!r}, expected temporal or cross_validation")
    found = knowledge_categories(known, truth, ontology) if scheme == "temporal" else pooled_categories(truth, ontology)
    return found + grouped_categories(found, groups)


@dataclass(frozen=True)
class _Yardstick:
    """What every model is measured by; the arguments of `compare` and its categories."""

    categories: list[Category]
    known: csr_array
    truth: csr_array
    ontology: Ontology
    accretion: NDArray[np.float64]
    n_bootstrap: int
    seed: int

    def measure(self, model: str, raw: csr_array) -> pd.DataFrame:
        """Measure one table of scores of all genes in each category; only genes of a category are looked at."""
        rows = np.unique(np.concatenate([category.rows for category in self.categories]))
        scores = _raise_ancestors(csr_array(raw[rows]), self.ontology)
        known, truth = csr_array(self.known[rows]), csr_array(self.truth[rows])
        parts = {}
        for category in self.categories:
            own = replace(category, rows=np.searchsorted(rows, category.rows))
            expected, predicted, columns = _restrict(own, scores, known, truth, self.ontology)
            part = evaluate(expected, predicted, self.accretion[columns], n_bootstrap=self.n_bootstrap, seed=self.seed)
            parts[model, category.aspect, category.knowledge] = part.assign(n_genes=len(category.rows))
        return pd.concat(parts, names=list(COLUMNS[:3]))


def _scores_of(
    model: str,
    members: Iterable[pd.DataFrame | csr_array],
    genes: Sequence[str] | NDArray[np.str_],
    ontology: Ontology,
) -> Iterator[csr_array]:
    """Arrange the predictions of one model, one table after the other; tell where there are none."""
    silent = False
    for member in members:
        _log.info("evaluating %s", model)
        raw = _raw_scores(member, genes, ontology, model) if isinstance(member, pd.DataFrame) else csr_array(member)
        silent |= not raw.nnz
        yield raw
    if silent:
        _log.warning("%s: found no prediction; it is evaluated with coverage 0", model)


def _checked(groups: Mapping[str, NDArray[np.bool_]], n_genes: int) -> Mapping[str, NDArray[np.bool_]]:
    for name, mask in groups.items():
        if mask.shape != (n_genes,) or mask.dtype != np.bool_:
            raise InputError(
                f"groups: found {mask.dtype} of shape {mask.shape} as '{name}', expected bool of shape {(n_genes,)};"
                " give one value for each gene"
            )
    return groups


def lift(labels: csr_array, columns: Ontology, full: Ontology) -> csr_array:
    """Return labels over the terms of the whole ontology, closed upwards to the roots.

    Parameters
    ----------
    labels : csr_array of bool, shape (n_genes, n_columns)
    columns : Ontology
        The terms of the labels.
    full : Ontology
        The ontology that contains these terms.

    Returns
    -------
    csr_array of bool, shape (n_genes, n_terms)

    Raises
    ------
    InputError
        If the whole ontology lacks one of the terms.
    """
    missing = [term for term in columns.terms if term not in full.index]
    if missing:
        raise InputError(
            f"ontology: expected every term of the dataset, found {len(missing)} missing, such as {missing[0]};"
            " give the release from which the dataset was built"
        )
    position = np.array([full.index[term] for term in columns.terms], dtype=np.intp)
    lifted = csr_array(
        (labels.data, position[labels.indices], labels.indptr), shape=(labels.shape[0], len(full.terms)), dtype=bool
    )
    return full.propagate(lifted)


def labels_from_table(
    table: pd.DataFrame, genes: Sequence[str] | NDArray[np.str_], ontology: Ontology, *, source: str = "truth"
) -> csr_array:
    """Return a table of gene and term as labels, closed upwards: csr_array of bool, shape (n_genes, n_terms).

    The log counts rows of unknown genes and terms, under the name `source`.

    Raises
    ------
    InputError
        If a column is missing.
    """
    rows, columns, kept = table_positions(table, genes, ontology, source)
    shape = (len(genes), len(ontology.terms))
    return ontology.propagate(csr_array((np.ones(kept.sum(), dtype=bool), (rows[kept], columns[kept])), shape=shape))


def scores_from_table(
    table: pd.DataFrame, genes: Sequence[str] | NDArray[np.str_], ontology: Ontology, *, source: str = "predictions"
) -> csr_array:
    """Return a table of gene, term and score as scores over the whole ontology, with parents at least their children.

    Of several scores of one gene and term the largest is used. The log counts rows of unknown genes and terms, under
    the name `source`.

    Parameters
    ----------
    table : DataFrame
        Columns gene, term, score (in [0, 1]); others are ignored.
    genes : sequence of str, length n_genes
    ontology : Ontology

    Returns
    -------
    csr_array of float64, shape (n_genes, n_terms)

    Raises
    ------
    InputError
        If a column is missing, or a score is no number in [0, 1].
    """
    return _raise_ancestors(_raw_scores(table, genes, ontology, source), ontology)


def _restrict(
    category: Category, scores: csr_array, known: csr_array, truth: csr_array, ontology: Ontology
) -> tuple[csr_array, csr_array, NDArray[np.intp]]:
    """Return truth and scores of a category's genes over its aspect's columns without roots, and these columns."""
    columns = np.flatnonzero((ontology.aspects == category.aspect) & ~ontology.roots)
    expected, predicted = (csr_array(matrix[category.rows][:, columns]) for matrix in (truth, scores))
    if category.knowledge == "PK":
        before = csr_array(known[category.rows][:, columns])
        expected, predicted = without(expected, before).astype(bool), without(predicted, before)
    return expected, predicted, columns


def _raw_scores(
    table: pd.DataFrame,
    genes: Sequence[str] | NDArray[np.str_],
    ontology: Ontology,
    source: str = "predictions",
) -> csr_array:
    rows, columns, kept = table_positions(table, genes, ontology, source, "score")
    scores = pd.to_numeric(table["score"], errors="coerce").to_numpy(dtype=np.float64)
    wrong = ~((scores >= 0) & (scores <= 1))
    if wrong.any():
        row = table.iloc[int(np.argmax(wrong))]
        raise InputError(
            f"{source}: expected scores from 0 to 1, found {row['score']} for {row['gene']} and {row['term']};"
            " rescale the scores"
        )
    keys = rows[kept].astype(np.int64) * len(ontology.terms) + columns[kept]
    order = np.argsort(keys, kind="stable")
    distinct, first = np.unique(keys[order], return_index=True)
    largest = np.maximum.reduceat(scores[kept][order], first) if len(first) else np.empty(0)
    entries = (largest, np.divmod(distinct, len(ontology.terms)))
    return csr_array(entries, shape=(len(genes), len(ontology.terms)), dtype=np.float64)


def table_positions(
    table: pd.DataFrame, genes: Sequence[str] | NDArray[np.str_], ontology: Ontology, source: str, *more: str
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]:
    """Return the row number, the column number, and whether both are known, of each row of a table."""
    for column in ("gene", "term", *more):
        if column not in table.columns:
            raise InputError(f"{source}: expected a column '{column}', found {', '.join(map(str, table.columns))}")
    gene_codes, gene_names = pd.factorize(table["gene"])
    term_codes, term_names = pd.factorize(table["term"])
    row_of = pd.Index(np.asarray(genes).astype(str)).get_indexer(pd.Index(gene_names).astype(str))
    resolved = [ontology.resolve(str(term)) for term in term_names]
    column_of = np.array([-1 if term is None else ontology.index[term] for term in resolved], dtype=np.intp)
    rows, columns = np.append(row_of, -1)[gene_codes], np.append(column_of, -1)[term_codes]
    for unit, positions in (("gene", rows), ("term", columns)):
        if (positions < 0).any():
            _log.warning("%s: %d of %d rows have an unknown %s", source, (positions < 0).sum(), len(table), unit)
    return rows, columns, (rows >= 0) & (columns >= 0)


def _raise_ancestors(scores: csr_array, ontology: Ontology) -> csr_array:
    """Raise each score to the largest of its descendants' scores, a block of genes at a time.

    Only the columns of scored terms and of their ancestors are made dense. The scores are replaced by their ranks,
    which float32 holds exactly, and put back afterwards.
    """
    n_terms = len(ontology.terms)
    occurring = np.bincount(scores.indices, minlength=n_terms) > 0
    columns = np.unique(ontology.ancestors[np.flatnonzero(occurring)].indices).astype(np.intp)
    part = ontology.subset(columns)
    position = np.zeros(n_terms, dtype=np.intp)
    position[columns] = np.arange(len(columns))
    blocks = [csr_array((0, n_terms), dtype=np.float64)]
    for start in range(0, scores.shape[0], _GENES_AT_ONCE):
        block = csr_array(scores[start : start + _GENES_AT_ONCE])
        values, ranks = np.unique(np.append(block.data.astype(np.float64), 0.0), return_inverse=True)
        dense = np.zeros((block.shape[0], len(columns)), dtype=np.float32)
        rows = np.repeat(np.arange(block.shape[0]), np.diff(block.indptr))
        dense[rows, position[block.indices]] = ranks[:-1]
        raised = csr_array(part.propagate_scores(dense))
        data = values[raised.data.astype(np.intp)]
        blocks.append(csr_array((data, columns[raised.indices], raised.indptr), shape=block.shape))
    return csr_array(vstack(blocks, format="csr"))
