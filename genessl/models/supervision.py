"""What a predictor learns from: which terms count as present, absent or unknown for which gene."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from genessl.data.dataset import GeneDataset
from genessl.data.sparse import keep_rows, pack_sparse, unpack_sparse
from genessl.models.base import Arrays


@dataclass(frozen=True, eq=False)
class Supervision:
    """Targets of one fit, under the choice of negatives named *annotated in the aspect*.

    A gene with an experimental annotation in an aspect counts as lacking the aspect's other terms; one without any is
    unknown there. GO is open-world, so this is a choice and not a fact: it is what CAFA's evaluation does, and the
    curator of an annotated gene has at least looked. Taught labels add to it where a gene is unknown.

    Parameters
    ----------
    genes : ndarray of str, shape (n_genes,)
    positive : csr_array of bool, shape (n_genes, n_terms)
        Closed upwards.
    labelled : ndarray of bool, shape (n_genes, n_aspects)
        Where absence from `positive` counts as negative.
    aspect_of_term : ndarray of int, shape (n_terms,)
        Column of `labelled` for each term.
    negative : csr_array of bool, shape (n_genes, n_terms)
        Known negatives.
    taught_positive, taught_negative : csr_array, shape (n_genes, n_terms)
        Labels taught by another predictor, in whatever is stored; with `taught_softly` its probabilities, float32.
    taught_weight : float
        Weight of a taught label, that of an experimental one being 1.
    taught_softly : bool
        Whether the target of a taught label is its probability, in place of 1 or 0.
    trusted : csr_array of float32, shape (n_genes, n_terms), optional
        How probable each electronic annotation is (see `ElectronicTrust`): a soft target where no experiment tells.
    omission : ndarray of float32, shape (n_terms,), optional
        How probable a term is that a gene with electronic annotations in the aspect does not have among them.
    soft_weight : float
        Weight of these soft targets.
    suspects : ndarray of bool, shape (n_genes,), optional
        Genes that are taken for synthetic, which train a dummy head (see `DummyHeadObjective`).
    pool : ndarray of bool, shape (n_genes,), optional
        From which genes a strategy may draw; all by default.
    """

    genes: NDArray[np.str_]
    positive: csr_array
    labelled: NDArray[np.bool_]
    aspect_of_term: NDArray[np.intp]
    negative: csr_array
    taught_positive: csr_array
    taught_negative: csr_array
    taught_weight: float = 0.0
    taught_softly: bool = False
    trusted: csr_array | None = None
    omission: NDArray[np.float32] | None = None
    soft_weight: float = 0.0
    suspects: NDArray[np.bool_] | None = None
    pool: NDArray[np.bool_] | None = None

    @classmethod
    def of(cls, dataset: GeneDataset) -> Self:
        """Read the visible labels of a dataset."""
        empty = csr_array(dataset.positive.shape, dtype=bool)
        aspect_of_term = np.array([dataset.aspects.index(a) for a in dataset.ontology.aspects.tolist()], dtype=np.intp)
        labelled = dataset.labelled
        return cls(
            dataset.genes,
            dataset.positive,
            labelled,
            aspect_of_term,
            dataset.negative,
            empty,
            empty,
            suspects=dataset.suspects,
        )

    def only(self, kept: NDArray[np.bool_]) -> Supervision:
        """Leave the experimental labels of some genes only, shape (n_genes,)."""
        return replace(
            self,
            positive=keep_rows(self.positive, kept),
            negative=keep_rows(self.negative, kept),
            labelled=self.labelled & kept[:, None],
        )

    def teach(self, positive: csr_array, negative: csr_array, weight: float, *, softly: bool = False) -> Supervision:
        """Replace the taught labels."""
        taught = {"taught_positive": positive, "taught_negative": negative}
        return replace(self, **taught, taught_weight=weight, taught_softly=softly)

    def soften(self, trusted: csr_array, omission: NDArray[np.float32], weight: float) -> Supervision:
        """Add soft targets for genes that have electronic annotations in an aspect, but no experimental ones."""
        return replace(self, trusted=trusted, omission=omission, soft_weight=weight)

    @property
    def n_labelled(self) -> NDArray[np.int64]:
        """Labelled genes in the aspect of each term, shape (n_terms,)."""
        return np.asarray(self.labelled.sum(axis=0, dtype=np.int64)[self.aspect_of_term])

    @property
    def n_positive(self) -> NDArray[np.int64]:
        """Labelled genes that have each term, shape (n_terms,)."""
        return np.asarray(self.targets().sum(axis=0)).ravel().astype(np.int64)

    @property
    def n_taught(self) -> NDArray[np.int64]:
        """Genes that are taught to have each term, suspects not counted; shape (n_terms,)."""
        taught = self.taught_positive
        if self.suspects is not None:
            taught = keep_rows(taught, ~self.suspects)
        return np.bincount(taught.indices, minlength=self.positive.shape[1])

    def targets(self) -> csr_array:
        """Positives of genes that are labelled in the term's aspect: csr_array of float32, (n_genes, n_terms)."""
        rows = np.repeat(np.arange(len(self.genes)), np.diff(self.positive.indptr))
        counted = self.labelled[rows, self.aspect_of_term[self.positive.indices]]
        pointers = np.concatenate([[0], np.cumsum(np.bincount(rows[counted], minlength=len(self.genes)))])
        kept = self.positive.indices[counted]
        return csr_array((np.ones(len(kept), dtype=np.float32), kept, pointers), shape=self.positive.shape)

    def frequency(self) -> NDArray[np.float32]:
        """Share of the labelled genes that have each term, smoothed by one gene without it; shape (n_terms,)."""
        return np.asarray(self.n_positive / (self.n_labelled + 1.0), dtype=np.float32)

    def drawable(self) -> NDArray[np.intp]:
        """Genes from which a strategy may draw."""
        return np.arange(len(self.genes)) if self.pool is None else np.flatnonzero(self.pool)

    def informative(self) -> NDArray[np.intp]:
        """Genes with at least one target."""
        taught = np.diff(self.taught_positive.indptr) + np.diff(self.taught_negative.indptr) > 0
        if self.soft_weight and self.trusted is not None:
            taught |= np.diff(self.trusted.indptr) > 0
        return np.flatnonzero(self.labelled.any(axis=1) | (np.diff(self.positive.indptr) > 0) | taught)

    def select(self, columns: NDArray[np.intp]) -> Supervision:
        """Leave some terms only."""
        sparse = ("positive", "negative", "taught_positive", "taught_negative")
        chosen = {name: csr_array(getattr(self, name)[:, columns]) for name in sparse}
        if self.trusted is not None and self.omission is not None:
            chosen |= {"trusted": csr_array(self.trusted[:, columns]), "omission": self.omission[columns]}
        return replace(self, aspect_of_term=self.aspect_of_term[columns], **chosen)

    def batch(self, rows: NDArray[np.intp]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return targets and weights of some genes as dense arrays, each of shape (n_rows, n_terms)."""
        positive = self.positive[rows].toarray()
        known = self.labelled[rows][:, self.aspect_of_term] | positive
        if self.negative.nnz:
            known |= self.negative[rows].toarray()
        weights, targets = known.astype(np.float32), positive.astype(np.float32)
        if self.taught_weight and (self.taught_positive.nnz or self.taught_negative.nnz):
            presence, absence = self.taught_positive[rows].toarray(), self.taught_negative[rows].toarray()
            taught = (presence > 0) & ~known
            absent = (absence > 0) & ~known & ~taught
            weights[taught | absent] = self.taught_weight
            targets[taught] = presence[taught] if self.taught_softly else 1.0
            targets[absent] = absence[absent] if self.taught_softly else 0.0
        if self.soft_weight and self.trusted is not None and self.omission is not None:
            trusted = self.trusted[rows].toarray()
            described = np.stack(
                [(trusted[:, self.aspect_of_term == a] > 0).any(axis=1) for a in range(self.labelled.shape[1])], axis=1
            )
            soft = described[:, self.aspect_of_term] & (weights == 0)
            targets[soft] = np.where(trusted > 0, trusted, self.omission)[soft]
            weights[soft] = self.soft_weight
        return targets, weights

    def labels_for(self, genes: NDArray[np.str_]) -> tuple[csr_array, NDArray[np.bool_]]:
        """Return targets and `labelled` with the rows of other genes, empty where a gene is new."""
        if np.array_equal(genes, self.genes):
            return self.targets(), self.labelled
        row_of = {gene: row for row, gene in enumerate(self.genes.tolist())}
        rows = np.array([row_of.get(gene, -1) for gene in genes.tolist()], dtype=np.intp)
        known = np.flatnonzero(rows >= 0)
        place = (np.ones(len(known), dtype=np.float32), (known, rows[known]))
        selector = csr_array(place, shape=(len(genes), len(self.genes)))
        labelled = np.zeros((len(genes), self.labelled.shape[1]), dtype=bool)
        labelled[known] = self.labelled[rows[known]]
        return csr_array(selector @ self.targets()), labelled

    def pack(self) -> Arrays:
        """Flatten the experimental part into named arrays; gene names go beside them."""
        return {
            **pack_sparse("positive", self.positive),
            "labelled": self.labelled,
            "aspect_of_term": self.aspect_of_term.astype(np.int64),
        }

    @classmethod
    def unpack(cls, arrays: Arrays, genes: list[str]) -> Self:
        """Put together what `pack` flattened."""
        positive = unpack_sparse("positive", arrays)
        empty = csr_array(positive.shape, dtype=bool)
        names = np.array(genes, dtype=np.str_)
        return cls(names, positive, arrays["labelled"], arrays["aspect_of_term"], empty, empty, empty)
