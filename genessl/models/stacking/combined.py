"""The default predictor: sequences, networks and electronic annotations combined by stacking."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.special import expit

from genessl.data.dataset import VALIDATION, GeneDataset
from genessl.errors import InputError
from genessl.features.domains import domain_columns
from genessl.models.base import Arrays, GenePredictor, check_count
from genessl.models.inputs import Preparation
from genessl.models.neighbours import DomainNeighbours, Homology, NetworkNeighbours
from genessl.models.neural.electronic_trust import ElectronicTrust, usable_sources
from genessl.models.neural.evidence_network import EvidenceNetwork
from genessl.models.neural.graph_network import GraphNetwork
from genessl.models.neural.sequence_network import SequenceNetwork
from genessl.models.propagation.label_propagation import LabelPropagation
from genessl.models.resources import Resources
from genessl.models.stacking.out_of_fold import deal_folds, fit_folds, join_folds, score_folds
from genessl.models.stacking.pair_features import Pairs, TermFacts, describe_pairs, gene_covariates, withhold_terms
from genessl.models.stacking.pair_network import PairNetwork
from genessl.models.supervision import Supervision

_log = logging.getLogger(__name__)

MEMBERS = (
    "homology",
    "domain_neighbours",
    "network_neighbours",
    "label_propagation",
    "electronic_trust",
    "sequence_network",
    "graph_network",
    "evidence_network",
)
_FIRST, _MORE = "first", "more"
_MOST_GENES = 3000
_FEWEST_GENES = 20
_DRAWS = 5
_GENES_AT_ONCE = 500


class Combined(GenePredictor):
    """Combine predictors from sequences, networks and electronic annotations, by out-of-fold stacking [1]_ [2]_.

    It learns from the labels, the sequences, the networks and the electronic annotations. Unlabelled genes are used
    only within members, such as `LabelPropagation` and `GraphNetwork`. It is transductive: all genes that it was fitted
    with must be in the dataset to predict.

    Each member is fitted once for each of several folds of the genes, without the fold's labels. Every labelled gene is
    scored by predictors that have not seen its labels, and every other gene by the mean of all fits. On the labelled
    genes a small multilayer perceptron per aspect, the *judge*, then learns the probability of a pair of gene and term
    from the members' scores, the term's frequency and how much is known around the gene (see `describe_pairs`). A gene
    without neighbours, homologs or electronic annotations is thereby judged by the evidence that it has.

    A gene that has experimental terms in an aspect keeps them with a score of 1. Its other terms are scored by a second
    judge, which also reads the known terms. This judge is trained on genes from which a random part of the most
    specific terms is withheld, so that it does not take a term for absent because nobody has annotated it yet.

    Parameters
    ----------
    members : list of str, optional
        The predictors to combine, some of `MEMBERS`; by default all for which the dataset has data.
    n_folds : int, default=4
        Number of folds, at least 2.
    n_candidates : int, default=100
        The most terms of a gene and aspect that each member proposes; no other term gets a score.
    device : {'auto', 'cpu', 'cuda'}
        Device of the neural members.
    seed : int, default=0

    Attributes
    ----------
    members_ : dict of str to list of GenePredictor
        Each member's fit for each fold.
    judges_ : dict of str to PairNetwork
        By aspect and kind, as in 'BPO first' for genes without known terms there and 'BPO more' for genes with some.

    References
    ----------
    .. [1] D. H. Wolpert, Stacked generalization, Neural Networks 5, 241-259, 1992,
       doi:10.1016/S0893-6080(05)80023-1
    .. [2] R. You et al., GOLabeler: improving sequence-based large-scale protein function prediction by learning to
       rank, Bioinformatics 34, 2465-2473, 2018, doi:10.1093/bioinformatics/bty130
    """

    def __init__(
        self,
        *,
        members: list[str] | None = None,
        n_folds: int = 4,
        n_candidates: int = 100,
        device: str = "auto",
        seed: int = 0,
    ) -> None:
        self.members = members
        self.n_folds = n_folds
        self.n_candidates = n_candidates
        self.device = device
        self.seed = seed

    def _check_parameters(self) -> None:
        check_count("n_folds", self.n_folds, 2)
        check_count("n_candidates", self.n_candidates)
        check_count("seed", self.seed, 0)
        if self.members is not None:
            unknown = [name for name in self.members if name not in MEMBERS]
            if unknown or not self.members:
                found = f"'{unknown[0]}'" if unknown else "an empty list"
                raise InputError(f"members: found {found}, expected some of {', '.join(MEMBERS)}")
        for name in self.members or MEMBERS:
            self._make(name)._check_parameters()

    def resources(self, n_genes: int, n_terms: int) -> Resources:
        """Return what the members need together; their scores are sparse and add little."""
        return Resources.together(self._make(name).resources(n_genes, n_terms) for name in self.members or MEMBERS)

    def _make(self, name: str) -> GenePredictor:
        makers: dict[str, Callable[[], GenePredictor]] = {
            "homology": Homology,
            "domain_neighbours": DomainNeighbours,
            "network_neighbours": NetworkNeighbours,
            "label_propagation": lambda: LabelPropagation(weights="learnt", similarity=True),
            "electronic_trust": ElectronicTrust,
            "sequence_network": lambda: SequenceNetwork(device=self.device, seed=self.seed),
            "graph_network": lambda: GraphNetwork(device=self.device, seed=self.seed),
            "evidence_network": lambda: EvidenceNetwork(device=self.device, seed=self.seed),
        }
        return makers[name]()

    def _fit(self, dataset: GeneDataset) -> None:
        self.preparation_ = Preparation(genes=dataset.genes, networks=tuple(sorted(dataset.networks)))
        dataset = _with_usable_evidence(dataset)
        self.supervision_ = Supervision.of(dataset)
        labelled = np.asarray(self.supervision_.has_labels)
        if labelled.sum() < 2 * self.n_folds:
            raise InputError(
                f"n_folds: found {labelled.sum()} labelled genes for {self.n_folds} folds, expected at least two in"
                " each; ask for fewer folds"
            )
        self.fold_ = deal_folds(labelled, n_folds=self.n_folds, seed=self.seed)
        seen = self.supervision_.labelled[:, self.supervision_.aspect_of_term]
        self.members_: dict[str, list[GenePredictor]] = {}
        scores = []
        for name in self.members or MEMBERS:
            if not _has_data(name, dataset):
                _log.info("combined: %s is left out, because the dataset has no data for it", name)
                continue
            fitted: list[GenePredictor] = []
            parts = (_kept(fitted, *pair) for pair in fit_folds(self._make(name), dataset, self.fold_))
            scores.append(join_folds(parts, self.fold_, seen))
            self.members_[name] = fitted
            _log.info("combined: %s is fitted on %d folds", name, self.n_folds)
        if not scores:
            raise InputError("members: the dataset has data for none of them, expected some; name others")
        self.accretion_ = dataset.accretion
        self.fit_judges(dataset, scores)

    def fit_judges(self, dataset: GeneDataset, scores: Sequence[csr_array]) -> None:
        """Train the judges of all aspects on the members' scores, as `member_scores` returns them."""
        random = np.random.default_rng(self.seed)
        positive, aspects = self.supervision_.positive, self.supervision_.aspect_of_term
        none = csr_array(positive.shape, dtype=bool)
        withheld = [withhold_terms(positive, dataset.ontology, aspects, random) for _ in range(_DRAWS)]
        self.judges_: dict[str, PairNetwork] = {}
        for aspect, name in enumerate(dataset.aspects):
            for kind, shown in ((_FIRST, [none]), (_MORE, withheld)):
                features, truth = self._lessons(dataset, scores, aspect, shown, random)
                if len(truth):
                    _log.info("combined: training a judge on %d pairs in %s, %s", len(truth), name, kind)
                    self.judges_[f"{name} {kind}"] = PairNetwork(seed=self.seed).fit(features, truth)

    def _lessons(
        self,
        dataset: GeneDataset,
        scores: Sequence[csr_array],
        aspect: int,
        shown: Sequence[csr_array],
        random: np.random.Generator,
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return the features of pairs of labelled genes and terms, and whether each pair is true.

        Each table in `shown` holds the labels that the judge may read. Validation genes are left out, because they
        choose the epochs of neural members. Genes all of whose labels are shown are left out, and, where a table shows
        any label, also genes that show none. At most 3,000 genes are used over all tables; if there are fewer than
        twenty, none is.
        """
        terms, targets = self._terms(dataset, aspect), self.supervision_.targets
        labelled = self.supervision_.labelled[:, aspect]
        covariates = gene_covariates(dataset, labelled, aspect)
        taught = labelled & (dataset.split != VALIDATION)
        held = np.diff(csr_array(targets[:, terms.columns]).indptr)
        features, truth, room = [], [], _MOST_GENES
        for known in shown:
            n_shown = np.diff(csr_array(known[:, terms.columns]).indptr)
            rows = np.flatnonzero(taught & (n_shown < held) & ((n_shown > 0) | (known.nnz == 0)))
            rows = np.sort(random.permutation(rows)[:room])
            room -= len(rows)
            if len(rows):
                pairs = self._describe(scores, known, covariates, terms, rows)
                features.append(pairs.features)
                truth.append(np.asarray(targets[rows[pairs.rows], pairs.columns] > 0).ravel())
        if _MOST_GENES - room < _FEWEST_GENES:
            return np.empty((0, 0), dtype=np.float32), np.empty(0, dtype=bool)
        return np.concatenate(features), np.concatenate(truth)

    def _terms(self, dataset: GeneDataset, aspect: int) -> TermFacts:
        frequency = self.supervision_.frequency
        columns = np.flatnonzero(self.supervision_.aspect_of_term == aspect)
        return TermFacts.of(columns, frequency, self.accretion_, dataset.ontology)

    def _describe(
        self,
        scores: Sequence[csr_array],
        known: csr_array,
        covariates: NDArray[np.float32],
        terms: TermFacts,
        rows: NDArray[np.intp],
    ) -> Pairs:
        """Return the candidate pairs of some genes with their features, computed a block of genes at a time."""
        blocks = np.array_split(rows, max(1, len(rows) // _GENES_AT_ONCE))
        starts = np.cumsum([0, *(len(block) for block in blocks)])
        parts = [
            describe_pairs(
                [csr_array(table[block]) for table in scores],
                csr_array(known[block]),
                covariates[block],
                terms,
                n_candidates=self.n_candidates,
            )
            for block in blocks
        ]
        return Pairs(
            np.concatenate([part.rows + start for part, start in zip(parts, starts)]),
            np.concatenate([part.columns for part in parts]),
            np.concatenate([part.features for part in parts]),
        )

    def _predict(self, dataset: GeneDataset) -> NDArray[np.float32]:
        self.preparation_.check(dataset)
        self.preparation_.check_genes(dataset, type(self).__name__)
        return self.judge(dataset, list(self.member_scores(dataset).values()))

    def member_scores(self, dataset: GeneDataset) -> dict[str, csr_array]:
        """Return each member's scores of all genes, csr_array of float32, shape (n_genes, n_terms), by member.

        In the aspects in which a gene is labelled, it is scored by the fit that has not seen its fold.
        """
        _, labelled = self.supervision_.labels_for(dataset.genes)
        fold_of = dict(zip(self.supervision_.genes.tolist(), self.fold_.tolist()))
        fold = np.array([fold_of.get(gene, -1) for gene in dataset.genes.tolist()], dtype=np.intp)
        seen = labelled[:, self.supervision_.aspect_of_term]
        return {name: join_folds(score_folds(fits, dataset), fold, seen) for name, fits in self.members_.items()}

    def judge(self, dataset: GeneDataset, scores: Sequence[csr_array]) -> NDArray[np.float32]:
        """Combine the scores of the fitted members into one score: float32, shape (n_genes, n_terms)."""
        positive, labelled = self.supervision_.labels_for(dataset.genes)
        known = positive.astype(bool)
        none = csr_array(known.shape, dtype=bool)
        result = np.zeros((dataset.n_genes, dataset.n_terms), dtype=np.float32)
        for aspect, name in enumerate(dataset.aspects):
            terms = self._terms(dataset, aspect)
            covariates = gene_covariates(dataset, labelled[:, aspect], aspect)
            for kind, held, genes in ((_FIRST, none, ~labelled[:, aspect]), (_MORE, known, labelled[:, aspect])):
                judge = self.judges_.get(f"{name} {kind}", self.judges_.get(f"{name} {_FIRST}"))
                rows = np.flatnonzero(genes)
                for block in np.array_split(rows, max(1, len(rows) // _GENES_AT_ONCE)):
                    pairs = self._describe(scores, held, covariates, terms, block)
                    mean = expit(pairs.features[:, len(scores)])
                    judged = mean if judge is None else judge.predict(pairs.features)
                    result[block[pairs.rows], pairs.columns] = judged
        result[known.nonzero()] = 1.0
        return result

    def _write(self, folder: Path) -> None:
        super()._write(folder)
        for name, fitted in self.members_.items():
            (folder / name).mkdir()
            for number, predictor in enumerate(fitted):
                (folder / name / str(number)).mkdir()
                predictor._write(folder / name / str(number))

    def _state(self) -> Arrays:
        judges = {f"judge.{n}.{k}": v for n, judge in self.judges_.items() for k, v in judge.state().items()}
        return {**self.supervision_.pack(), "fold": self.fold_, "accretion": self.accretion_, **judges}

    def _facts(self) -> dict[str, Any]:
        return {
            "preparation": self.preparation_.facts(),
            "members": list(self.members_),
            "judges": list(self.judges_),
        }

    def _restore(self, arrays: Arrays, facts: dict[str, Any], folder: Path) -> None:
        self.preparation_ = Preparation.unpack(arrays, facts["preparation"])
        self.supervision_ = Supervision.unpack(arrays, facts["preparation"]["genes"])
        self.fold_, self.accretion_ = arrays["fold"].astype(np.intp), arrays["accretion"]
        self.members_ = {
            name: [GenePredictor.load(folder / name / str(number)) for number in range(self.n_folds)]
            for name in facts["members"]
        }
        self.judges_ = {}
        for name in facts["judges"]:
            prefix = f"judge.{name}."
            state = {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}
            self.judges_[name] = PairNetwork(seed=self.seed).restore(state)


def _with_usable_evidence(dataset: GeneDataset) -> GeneDataset:
    """Return the dataset without electronic sources that annotate labelled genes only.

    This must happen before labels are hidden from the members, because it depends on which genes are labelled.
    """
    none = {"none": csr_array(dataset.electronic.shape, dtype=bool)}
    return replace(dataset, electronic_sources=usable_sources(dataset) or none)


def _has_data(name: str, dataset: GeneDataset) -> bool:
    references = dataset.references
    if name == "homology":
        return bool(dataset.homology.nnz or (references is not None and references.homology.nnz))
    if name == "domain_neighbours":
        return len(domain_columns(dataset.feature_names)) > 0
    if name in ("network_neighbours", "label_propagation", "graph_network"):
        return any(bool(network.nnz) for network in dataset.networks.values())
    if name == "sequence_network":
        return bool(dataset.feature_names)
    return any(bool(labels.nnz) for labels in dataset.electronic_sources.values())


def _kept(fitted: list[GenePredictor], predictor: GenePredictor, scores: NDArray[np.float32]) -> NDArray[np.float32]:
    fitted.append(predictor)
    return scores
