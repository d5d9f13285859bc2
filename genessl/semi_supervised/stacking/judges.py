"""Judges, the second level of a combination: they learn from out-of-fold scores how much to believe each member."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.special import expit

from genessl.data.dataset import VALIDATION, GeneDataset
from genessl.evaluation.calibration import TermCalibration
from genessl.models.base import Arrays
from genessl.models.neural.threads import side_by_side
from genessl.models.supervision import Supervision
from genessl.semi_supervised.stacking.pair_features import (
    Pairs,
    TermFacts,
    describe_pairs,
    gene_covariates,
    withhold_terms,
)
from genessl.semi_supervised.stacking.pair_network import PairNetwork

_log = logging.getLogger(__name__)

FIRST, MORE = "first", "more"
_MOST_GENES = 3000
_FEWEST_GENES = 20
_MOST_JOINED = 1000
_DRAWS = 5
_GENES_AT_ONCE = 500
_DECAY = 1.0
_SMALLEST_SCORE = 1e-4


@dataclass(frozen=True, eq=False)
class Labels:
    """The labels that judges learn from, and how common each term is without the labels of each fold.

    A labelled gene is judged by how common terms are among the genes of the other folds, because its members were
    fitted without its fold. With its own labels counted, each of its terms would be one that some gene has, and the
    judges would learn that a term without a labelled gene is never true.

    Parameters
    ----------
    supervision : Supervision
    fold : ndarray of int, shape (n_genes,)
    frequency : ndarray of float32, shape (n_folds + 1, n_terms), in (0, 1)
        Share of the labelled genes outside each fold that have each term, and of all labelled genes in the last row; at
        least that of half a gene. Where no gene is labelled in the aspect, half a gene of those labelled in any.
    accretion : ndarray of float64, shape (n_folds + 1, n_terms), in bits
        Information accretion of the terms by the same labels.
    """

    supervision: Supervision
    fold: NDArray[np.intp]
    frequency: NDArray[np.float32]
    accretion: NDArray[np.float64]

    @classmethod
    def of(cls, dataset: GeneDataset, supervision: Supervision, fold: NDArray[np.intp]) -> Self:
        """Count the labels of a dataset without each fold."""
        kept = [fold != number for number in range(int(fold.max()) + 1)]
        parts = [*(supervision.only(others) for others in kept), supervision]
        return cls(
            supervision,
            fold,
            np.stack([_frequency(part) for part in parts]),
            np.stack([*(dataset.without_labels(~others).accretion for others in kept), dataset.accretion]),
        )

    def numbers(self, genes: NDArray[np.str_]) -> NDArray[np.intp]:
        """Return the fold of each gene in the aspects in which it is labelled, -1 elsewhere: (n_genes, n_aspects)."""
        _, labelled = self.supervision.labels_for(genes)
        fold_of = dict(zip(self.supervision.genes.tolist(), self.fold.tolist()))
        fold = np.array([fold_of.get(gene, -1) for gene in genes.tolist()], dtype=np.intp)
        return np.where(labelled, fold[:, None], -1)

    def columns(self, aspect: int) -> NDArray[np.intp]:
        """Return the columns of an aspect's terms."""
        return np.flatnonzero(self.supervision.aspect_of_term == aspect)


@dataclass(frozen=True, eq=False)
class Judges:
    """The join of the members of a combination, and a judge for each aspect and kind of gene.

    The join has one weight for each member and aspect. A judge is a small multilayer perceptron that adds to the
    log-odds of the join what it learns from the features of `describe_pairs`. There is one for the genes that are not
    labelled in an aspect ('BPO first') and one for the further terms of those that are ('BPO more'), if there are
    enough genes to learn from.

    Parameters
    ----------
    labels : Labels
    join : TermCalibration
    networks : mapping of str to PairNetwork
    """

    labels: Labels
    join: TermCalibration
    networks: Mapping[str, PairNetwork]

    @classmethod
    def fit(
        cls,
        dataset: GeneDataset,
        labels: Labels,
        scores: Sequence[NDArray[np.float16]],
        *,
        n_candidates: int,
        seed: int,
    ) -> Self:
        """Fit the join, and train the judges of all aspects.

        Parameters
        ----------
        dataset : GeneDataset
        labels : Labels
        scores : sequence of ndarray of float16, each of shape (n_genes, n_terms)
            The out-of-fold scores by each member.
        n_candidates : int
            The most terms of a gene and aspect that each member proposes.
        seed : int
        """
        random, supervision = np.random.default_rng(seed), labels.supervision
        known = np.flatnonzero(supervision.has_labels & (dataset.split != VALIDATION))
        join = _fit_join(scores, labels, np.sort(random.permutation(known)[:_MOST_JOINED]))
        none = csr_array(supervision.positive.shape, dtype=bool)
        withheld = [
            withhold_terms(supervision.positive, dataset.ontology, supervision.aspect_of_term, random)
            for _ in range(_DRAWS)
        ]
        names: list[str] = []

        def trainings() -> Iterator[Callable[[], PairNetwork]]:
            for aspect, name in enumerate(dataset.aspects):
                all_pairs = AspectPairs(dataset, labels, join, scores, aspect, n_candidates)
                for kind, shown in ((FIRST, [none]), (MORE, withheld)):
                    features, truth = all_pairs.lessons(shown, random)
                    if len(truth):
                        _log.info("combined: training a judge on %d pairs in %s, %s", len(truth), name, kind)
                        names.append(f"{name} {kind}")
                        yield partial(_judge(len(scores), seed).fit, features, truth)

        trained = list(side_by_side(trainings()))
        return cls(labels, join, dict(zip(names, trained)))

    def judge(
        self, dataset: GeneDataset, scores: Sequence[NDArray[np.float16]], *, n_candidates: int
    ) -> NDArray[np.float32]:
        """Combine the scores of the members into one score: float32, shape (n_genes, n_terms).

        A known term scores 1, a term that no member proposes 0.
        """
        positive, labelled = self.labels.supervision.labels_for(dataset.genes)
        known = positive.astype(bool)
        none = csr_array(known.shape, dtype=bool)
        result = np.zeros((dataset.n_genes, dataset.n_terms), dtype=np.float32)
        for aspect, name in enumerate(dataset.aspects):
            all_pairs = AspectPairs(dataset, self.labels, self.join, scores, aspect, n_candidates)
            for kind, held, genes in ((FIRST, none, ~labelled[:, aspect]), (MORE, known, labelled[:, aspect])):
                judge = self.judge_of(name, kind)
                for pairs in all_pairs.describe(held, np.flatnonzero(genes)):
                    joined = pairs.features[:, len(scores)]
                    result[pairs.rows, pairs.columns] = (
                        expit(joined) if judge is None else judge.predict(pairs.features)
                    )
        result[known.nonzero()] = 1.0
        return result

    def judge_of(self, aspect: str, kind: str) -> PairNetwork | None:
        """Return the judge of an aspect and kind of gene, or of genes without known terms, or None if there is none."""
        return self.networks.get(f"{aspect} {kind}", self.networks.get(f"{aspect} {FIRST}"))

    def pack(self) -> Arrays:
        """Return the learned arrays by name; the supervision, without its genes' names, is among them."""
        labels = self.labels
        join: Arrays = {f"join.{name}": array for name, array in self.join.pack().items()}
        judges = {f"judge.{n}.{k}": v for n, judge in self.networks.items() for k, v in judge.state().items()}
        counts: Arrays = {"fold": labels.fold, "frequency": labels.frequency, "accretion": labels.accretion}
        return {**labels.supervision.pack(), **counts, **join, **judges}

    @classmethod
    def unpack(cls, arrays: Arrays, genes: list[str], names: Sequence[str], *, n_members: int) -> Self:
        """Return the judges that `pack` flattened; `names` are the keys of `networks`."""
        supervision = Supervision.unpack(arrays, genes)
        labels = Labels(supervision, arrays["fold"].astype(np.intp), arrays["frequency"], arrays["accretion"])
        networks = {}
        for name in names:
            prefix = f"judge.{name}."
            state = {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}
            networks[name] = _judge(n_members, 0).restore(state)
        return cls(labels, TermCalibration.unpack(arrays, "join."), networks)


def _frequency(supervision: Supervision) -> NDArray[np.float32]:
    n_labelled = np.where(supervision.n_labelled > 0, supervision.n_labelled, supervision.has_labels.sum())
    return np.maximum(supervision.frequency, 0.5 / (n_labelled + 1)).astype(np.float32)


def _fit_join(scores: Sequence[NDArray[np.float16]], labels: Labels, rows: NDArray[np.intp]) -> TermCalibration:
    """Fit the join on some labelled genes, each of whose scores come from predictors fitted without its fold."""
    supervision = labels.supervision
    return TermCalibration.fit(
        [table[rows].astype(np.float32) for table in scores],
        supervision.positive[rows].toarray(),
        supervision.labelled[rows],
        supervision.aspect_of_term,
        labels.frequency[labels.fold[rows]],
        offset_deviation=0.0,
    ).at(labels.frequency[-1])


class AspectPairs:
    """The pairs of gene and term of one aspect, with the features by which they are judged.

    Parameters
    ----------
    dataset : GeneDataset
    labels : Labels
    join : TermCalibration
    scores : sequence of ndarray of float16, each of shape (n_genes, n_terms)
        The members' scores.
    aspect : int
    n_candidates : int
    """

    def __init__(
        self,
        dataset: GeneDataset,
        labels: Labels,
        join: TermCalibration,
        scores: Sequence[NDArray[np.float16]],
        aspect: int,
        n_candidates: int,
    ) -> None:
        self.supervision, self.scores, self.n_candidates = labels.supervision, scores, n_candidates
        self.name, self.columns = dataset.aspects[aspect], labels.columns(aspect)
        self.number = labels.numbers(dataset.genes)[:, aspect]
        self.labelled = self.number >= 0
        self.taught = self.labelled & (dataset.split != VALIDATION)
        self.covariates = gene_covariates(dataset, self.labelled, aspect)
        chosen = join.select(self.columns)
        self.joins = [chosen.at(frequency[self.columns]) for frequency in labels.frequency]
        self.terms = [
            TermFacts.of(self.columns, frequency, accretion, dataset.ontology)
            for frequency, accretion in zip(labels.frequency, labels.accretion)
        ]

    def describe(self, known: csr_array, rows: NDArray[np.intp]) -> Iterator[Pairs]:
        """Yield the candidate pairs of some genes, a block of genes of one fold at a time.

        Their `rows` are positions in the dataset; `known`, of shape (n_genes, n_terms), are the terms that may be read.
        """
        for number in np.unique(self.number[rows]):
            genes = rows[self.number[rows] == number]
            for block in np.array_split(genes, max(1, len(genes) // _GENES_AT_ONCE)):
                tables = [table[block][:, self.columns].astype(np.float32) for table in self.scores]
                joined = self.heard(self.joins[number].apply(tables))
                joined[~np.any(tables, axis=0)] = 0.0  # no member names these pairs
                pairs = describe_pairs(
                    [*tables, joined],
                    csr_array(known[block][:, self.columns]),
                    self.covariates[block],
                    self.terms[number],
                    n_candidates=self.n_candidates,
                )
                yield replace(pairs, rows=block[pairs.rows])

    @staticmethod
    def heard(joined: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the scores of the join, 0 in place of those below 0.0001."""
        return np.where(joined < _SMALLEST_SCORE, np.float32(0.0), joined)

    def lessons(
        self, shown: Sequence[csr_array], random: np.random.Generator
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return the features of pairs of labelled genes and terms, and whether each pair is true.

        Each table in `shown` holds the labels that the judge may read. Validation genes are left out, because they
        choose the epochs of neural members. Genes all of whose labels are shown are left out, and, where a table shows
        any label, also genes that show none. At most 3,000 genes are used over all tables; if there are fewer than
        twenty, none is.
        """
        targets = self.supervision.targets
        held = np.diff(csr_array(targets[:, self.columns]).indptr)
        features, truth, room = [], [], _MOST_GENES
        for known in shown:
            n_shown = np.diff(csr_array(known[:, self.columns]).indptr)
            rows = np.flatnonzero(self.taught & (n_shown < held) & ((n_shown > 0) | (known.nnz == 0)))
            rows = np.sort(random.permutation(rows)[:room])
            room -= len(rows)
            for pairs in self.describe(known, rows):
                features.append(pairs.features)
                truth.append(np.asarray(targets[pairs.rows, pairs.columns] > 0).ravel())
        if _MOST_GENES - room < _FEWEST_GENES:
            return np.empty((0, 0), dtype=np.float32), np.empty(0, dtype=bool)
        return np.concatenate(features), np.concatenate(truth)


def _judge(n_members: int, seed: int) -> PairNetwork:
    return PairNetwork(start=n_members, weight_decay=_DECAY, seed=seed)
