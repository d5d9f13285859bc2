"""Supervision, what a predictor learns from: the terms that count as present, absent or unknown for each gene."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from genessl.data.dataset import VALIDATION, GeneDataset
from genessl.data.references import labelling_terms
from genessl.data.sparse import keep_rows, pack_sparse, unpack_sparse
from genessl.features.muting import Muting
from genessl.models.base import Arrays

PRESENT, KNOWN, TAUGHT = 1, 2, 4  # parts of a code; see `Supervision.codes`
LARGEST_TABLE = 256_000_000  # bytes
_GENES_AT_ONCE = 1024


@dataclass(frozen=True, eq=False)
class Supervision:
    """Targets of one fit, under the choice of negatives named *annotated in the aspect*.

    A gene with an experimental annotation in an aspect is *labelled* there and counts as lacking the aspect's other
    terms. A gene without one is *unlabelled* there: its terms are unknown. This is a choice and not a fact, because GO
    does not say which terms a gene lacks. CAFA's evaluation makes the same choice, and a curator has at least studied
    an annotated gene. *Taught* labels, or pseudo-labels, come from another predictor; they are used where a gene's
    label is unknown.

    The object is immutable: counts are computed once, and each change returns a new object.

    Parameters
    ----------
    genes : ndarray of str, shape (n_genes,)
    positive : csr_array of bool, shape (n_genes, n_columns)
        Closed upwards.
    labelled : ndarray of bool, shape (n_genes, n_aspects)
        True where a gene is labelled in an aspect, so that a term missing from `positive` counts as absent.
    aspect_of_term : ndarray of int, shape (n_columns,)
        Column of `labelled` for each term.
    negative : csr_array of bool, shape (n_genes, n_columns)
        Terms that a gene is known to lack.
    taught_positive, taught_negative : csr_array, shape (n_genes, n_columns)
        Labels taught by another predictor as present and as absent: each stored entry is one label.
    columns : ndarray of int, shape (n_columns,)
        The columns' positions among the dataset's terms.
    n_terms : int
        Number of terms of the dataset.
    validation : ndarray of bool, shape (n_genes,)
        Genes that are kept for the choice of epochs, rounds and thresholds.
    labelling : ndarray of bool, shape (n_columns,)
        Terms that make a gene labelled in their aspect: all but protein binding and its ancestors, as in CAFA.
    taught_weight : float
        Weight of a taught label in the loss; an experimental label has the weight 1.
    suspects : ndarray of bool, shape (n_genes,), optional
        Genes that a screening takes for synthetic. They train a dummy head (see `DummyHeadObjective`).
    pool : ndarray of bool, shape (n_genes,), optional
        The genes from which a strategy may draw; all genes by default.
    """

    genes: NDArray[np.str_]
    positive: csr_array
    labelled: NDArray[np.bool_]
    aspect_of_term: NDArray[np.intp]
    negative: csr_array
    taught_positive: csr_array
    taught_negative: csr_array
    columns: NDArray[np.intp]
    n_terms: int
    validation: NDArray[np.bool_]
    labelling: NDArray[np.bool_]
    taught_weight: float = 0.0
    suspects: NDArray[np.bool_] | None = None
    pool: NDArray[np.bool_] | None = None

    @classmethod
    def of(cls, dataset: GeneDataset, muting: Muting | None = None) -> Self:
        """Read the visible labels of a dataset."""
        aspect_of_term = np.array([dataset.aspects.index(a) for a in dataset.ontology.aspects.tolist()], dtype=np.intp)
        plain = cls.from_labels(dataset.genes, dataset.positive, dataset.labelled, aspect_of_term)
        return replace(
            plain,
            negative=dataset.negative,
            validation=dataset.split == VALIDATION,
            labelling=labelling_terms(dataset.ontology),
            suspects=None if muting is None else muting.suspects,
        )

    @classmethod
    def from_labels(
        cls,
        genes: NDArray[np.str_],
        positive: csr_array,
        labelled: NDArray[np.bool_],
        aspect_of_term: NDArray[np.intp],
    ) -> Self:
        """Return a supervision of positive labels alone, without known negatives or taught labels."""
        empty = csr_array(positive.shape, dtype=bool)
        n_terms = positive.shape[1]
        return cls(
            genes=genes,
            positive=positive,
            labelled=labelled,
            aspect_of_term=aspect_of_term,
            negative=empty,
            taught_positive=empty,
            taught_negative=empty,
            columns=np.arange(n_terms),
            n_terms=n_terms,
            validation=np.zeros(len(genes), dtype=bool),
            labelling=np.ones(n_terms, dtype=bool),
        )

    def only(self, kept: NDArray[np.bool_]) -> Supervision:
        """Return a supervision with the experimental labels of the genes in `kept` only, shape (n_genes,)."""
        return replace(
            self,
            positive=keep_rows(self.positive, kept),
            negative=keep_rows(self.negative, kept),
            labelled=self.labelled & kept[:, None],
        )

    def teach(self, positive: csr_array, negative: csr_array, weight: float) -> Supervision:
        """Return a supervision with these taught labels in place of its own."""
        return replace(self, taught_positive=positive, taught_negative=negative, taught_weight=weight)

    def as_experimental(self) -> Supervision:
        """Return a supervision that counts the taught labels as experimental ones.

        A gene that is taught to have a term then counts as labelled in the aspect and as lacking its other terms.
        """
        if not self.taught_positive.nnz and not self.taught_negative.nnz:
            return self
        positive = csr_array(self.positive + self.taught_positive.astype(bool))
        negative = csr_array(self.negative + self.taught_negative.astype(bool))
        empty = csr_array(self.positive.shape, dtype=bool)
        taught = np.zeros_like(self.labelled)
        for aspect in range(self.labelled.shape[1]):
            members = self.labelling & (self.aspect_of_term == aspect)
            taught[:, aspect] = np.asarray(positive.astype(np.int32) @ members.astype(np.int32)) > 0
        return replace(
            self,
            positive=positive,
            negative=negative,
            labelled=self.labelled | taught,
            taught_positive=empty,
            taught_negative=empty,
            taught_weight=0.0,
        )

    def select(self, columns: NDArray[np.intp]) -> Supervision:
        """Return the supervision of some terms only."""
        sparse = ("positive", "negative", "taught_positive", "taught_negative")
        chosen = {name: csr_array(getattr(self, name)[:, columns]) for name in sparse}
        by_term = {name: getattr(self, name)[columns] for name in ("aspect_of_term", "columns", "labelling")}
        return replace(self, **by_term, **chosen)

    @cached_property
    def has_labels(self) -> NDArray[np.bool_]:
        """True for genes that are labelled in any aspect, shape (n_genes,)."""
        return np.asarray(self.labelled.any(axis=1))

    @cached_property
    def n_labelled(self) -> NDArray[np.int64]:
        """Number of labelled genes in the aspect of each term, shape (n_columns,)."""
        return np.asarray(self.labelled.sum(axis=0, dtype=np.int64)[self.aspect_of_term])

    @cached_property
    def n_positive(self) -> NDArray[np.int64]:
        """Number of labelled genes that have each term, shape (n_columns,)."""
        return np.bincount(self.targets.indices, minlength=self.positive.shape[1])

    @cached_property
    def n_taught(self) -> NDArray[np.int64]:
        """Number of genes that are taught to have each term, without suspects; shape (n_columns,)."""
        taught = self.taught_positive
        if self.suspects is not None:
            taught = keep_rows(taught, ~self.suspects)
        return np.bincount(taught.indices, minlength=self.positive.shape[1])

    @cached_property
    def targets(self) -> csr_array:
        """1 where a gene labelled in the term's aspect has the term: csr_array of float32, (n_genes, n_columns)."""
        rows = np.repeat(np.arange(len(self.genes)), np.diff(self.positive.indptr))
        counted = self.labelled[rows, self.aspect_of_term[self.positive.indices]]
        pointers = np.concatenate([[0], np.cumsum(np.bincount(rows[counted], minlength=len(self.genes)))])
        kept = self.positive.indices[counted]
        return csr_array((np.ones(len(kept), dtype=np.float32), kept, pointers), shape=self.positive.shape)

    @cached_property
    def frequency(self) -> NDArray[np.float32]:
        """Share of the labelled genes that have each term, smoothed by one gene without it; shape (n_columns,)."""
        return np.asarray(self.n_positive / (self.n_labelled + 1.0), dtype=np.float32)

    @cached_property
    def drawable(self) -> NDArray[np.intp]:
        """Row numbers of the genes from which a strategy may draw."""
        return np.arange(len(self.genes)) if self.pool is None else np.flatnonzero(self.pool)

    @cached_property
    def informative(self) -> NDArray[np.intp]:
        """Row numbers of the genes with at least one target."""
        taught = np.diff(self.taught_positive.indptr) + np.diff(self.taught_negative.indptr) > 0
        return np.flatnonzero(self.has_labels | (np.diff(self.positive.indptr) > 0) | taught)

    def batch(self, rows: NDArray[np.intp]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return targets and weights of some genes as dense arrays, each of shape (n_rows, n_columns)."""
        codes = self.codes(rows)
        targets = (codes & PRESENT).astype(np.float32)
        weights = ((codes & KNOWN) > 0).astype(np.float32)
        weights[(codes & TAUGHT) > 0] = self.taught_weight
        return targets, weights

    def codes(self, rows: NDArray[np.intp]) -> NDArray[np.uint8]:
        """Return targets and weights of some genes as one number each, shape (n_rows, n_columns).

        The number is the sum of `PRESENT` where the target is 1, `KNOWN` where it counts fully, and `TAUGHT` where it
        counts by `taught_weight`. They are computed once for all genes where these take at most 256 MB.
        """
        if len(self.genes) * self.positive.shape[1] <= LARGEST_TABLE:
            return np.asarray(self.code_table[rows])
        return self._codes_of(rows)

    @cached_property
    def code_table(self) -> NDArray[np.uint8]:
        """The codes of all genes, computed once, shape (n_genes, n_columns)."""
        table = np.empty(self.positive.shape, dtype=np.uint8)
        for start in range(0, len(table), _GENES_AT_ONCE):
            rows = np.arange(start, min(start + _GENES_AT_ONCE, len(table)))
            table[rows] = self._codes_of(rows)
        return table

    def _codes_of(self, rows: NDArray[np.intp]) -> NDArray[np.uint8]:
        positive = self.positive[rows].toarray()
        known = self.labelled[rows][:, self.aspect_of_term] | positive
        if self.negative.nnz:
            known |= self.negative[rows].toarray()
        codes = positive * np.uint8(PRESENT) + known * np.uint8(KNOWN)
        if self.taught_weight and (self.taught_positive.nnz or self.taught_negative.nnz):
            taught = (self.taught_positive[rows].toarray() > 0) & ~known
            absent = (self.taught_negative[rows].toarray() > 0) & ~known & ~taught
            codes += taught * np.uint8(PRESENT + TAUGHT) + absent * np.uint8(TAUGHT)
        return np.asarray(codes, dtype=np.uint8)

    def labels_for(self, genes: NDArray[np.str_]) -> tuple[csr_array, NDArray[np.bool_]]:
        """Return the targets and `labelled` of the genes given; the rows of a gene that is not known here are empty."""
        if np.array_equal(genes, self.genes):
            return self.targets, self.labelled
        row_of = {gene: row for row, gene in enumerate(self.genes.tolist())}
        rows = np.array([row_of.get(gene, -1) for gene in genes.tolist()], dtype=np.intp)
        known = np.flatnonzero(rows >= 0)
        place = (np.ones(len(known), dtype=np.float32), (known, rows[known]))
        selector = csr_array(place, shape=(len(genes), len(self.genes)))
        labelled = np.zeros((len(genes), self.labelled.shape[1]), dtype=bool)
        labelled[known] = self.labelled[rows[known]]
        return csr_array(selector @ self.targets), labelled

    def pack(self) -> Arrays:
        """Return the experimental labels as named arrays; the caller saves the gene names."""
        return {
            **pack_sparse("positive", self.positive),
            "labelled": self.labelled,
            "aspect_of_term": self.aspect_of_term.astype(np.int64),
        }

    @classmethod
    def unpack(cls, arrays: Arrays, genes: list[str]) -> Self:
        """Return the supervision that `pack` flattened, given the gene names."""
        positive = unpack_sparse("positive", arrays)
        names = np.array(genes, dtype=np.str_)
        return cls.from_labels(names, positive, arrays["labelled"], arrays["aspect_of_term"].astype(np.intp))
