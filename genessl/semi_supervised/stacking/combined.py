"""The default predictor: taught views of sequences and networks and electronic annotations, combined by stacking."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from genessl.data.dataset import GeneDataset
from genessl.data.digest import digest
from genessl.data.sparse import pack_sparse, unpack_sparse
from genessl.errors import InputError
from genessl.models.base import Arrays, GenePredictor, check_count, check_flag
from genessl.models.inputs import Preparation
from genessl.models.out_of_fold import deal_folds, fit_folds, join_folds, score_folds
from genessl.models.reasons import Reason
from genessl.models.resources import Resources, table_mb
from genessl.models.supervision import Supervision
from genessl.models.view import fitted_view
from genessl.semi_supervised.stacking.explaining import combined_reasons
from genessl.semi_supervised.stacking.judges import Judges, Labels
from genessl.semi_supervised.stacking.members import (
    MEMBERS,
    MORE_MEMBERS,
    has_data,
    make_member,
    usual_members,
    with_usable_evidence,
)
from genessl.semi_supervised.stacking.taught_folds import FoldOpinions

_log = logging.getLogger(__name__)

PUPILS = ("sequence_network", "graph_network")
TAUGHT = "taught "
_FEWEST_EPOCHS = 8  # of a taught view, if hardly any gene is labelled
_LARGEST_SCORE = np.float32(1.0 - 2.0**-11)  # the largest number below 1 in half precision


def in_half_precision(scores: NDArray[np.float32]) -> NDArray[np.float16]:
    """Return scores as float16, none of them rounded up to 1, whose log-odds would jump.

    >>> in_half_precision(np.array([0.25, 0.9999, 1.0], dtype=np.float32)).tolist()
    [0.25, 0.99951171875, 0.99951171875]
    """
    return np.minimum(scores, _LARGEST_SCORE).astype(np.float16)


class Combined(GenePredictor):
    """Combine predictors from sequences, networks and electronic annotations, by out-of-fold stacking [1]_ [2]_.

    It learns from the labels, the sequences, the networks and the electronic annotations. Unlabelled genes are used:
    they are taught labels, and members read labels and networks around them. It is transductive: all genes that it was
    fitted with must be in the dataset to predict.

    Each member is fitted once for each of several folds of the genes, without the fold's labels. The members of a fold
    then label, by quota, the genes that are unlabelled to them (see `FoldOpinions` and `CoTraining`), and a fresh
    sequence network and a fresh graph network learn from these labels as well. These two become members. (All of its
    neural views of sequences and networks have 256 hidden units, to save time.) Every labelled
    gene is thus scored by predictors that have not seen its labels, and every other gene by the mean of all fits.

    On the labelled genes one weight per member and aspect is learned first (see `TermCalibration`): the *join*. A small
    multilayer perceptron per aspect, the *judge*, then adds to the log-odds of the join what it learns from the
    members' scores, the term's frequency and how much is known around the gene (see `describe_pairs`); weight decay
    holds it close to the join. A gene without neighbours, homologs or electronic annotations is thereby judged by the
    evidence that it has.

    A gene that has experimental terms in an aspect keeps them with a score of 1. Its other terms are scored by a second
    judge, which also reads the known terms. This judge is trained on genes from which a random part of the most
    specific terms is withheld, so that it does not take a term for absent because nobody has annotated it yet.

    Parameters
    ----------
    members : list of str, optional
        The predictors to combine, some of `MEMBERS` and `MORE_MEMBERS`; by default those of `MEMBERS` for which the
        dataset has data, and `homology` and `domain_neighbours` if it has references, which only these two read.
    teaching : bool, default=True
        Whether the neural views of sequences and networks among the members are also taught.
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
        Each member's fit for each fold; those of the taught views are 'taught sequence_network' and
        'taught graph_network'.
    judges_ : Judges
        The join of the members, and the judges by aspect and kind, as in 'BPO first' for genes without known terms
        there and 'BPO more' for genes with some.
    kept_ : csr_array of float32, shape (n_genes, n_terms)
        The scores of the genes that it was fitted with, which are returned for the same dataset.

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
        teaching: bool = True,
        n_folds: int = 4,
        n_candidates: int = 100,
        device: str = "auto",
        seed: int = 0,
    ) -> None:
        self.members = members
        self.teaching = teaching
        self.n_folds = n_folds
        self.n_candidates = n_candidates
        self.device = device
        self.seed = seed

    def _check_parameters(self) -> None:
        check_count("n_folds", self.n_folds, 2)
        check_count("n_candidates", self.n_candidates)
        check_count("seed", self.seed, 0)
        check_flag("teaching", self.teaching)
        if self.members is not None:
            unknown = [name for name in self.members if name not in MEMBERS + MORE_MEMBERS]
            if unknown or not self.members:
                found = f"'{unknown[0]}'" if unknown else "an empty list"
                raise InputError(f"members: found {found}, expected some of {', '.join(MEMBERS + MORE_MEMBERS)}")
        for name in self.members or MEMBERS:
            self._make(name)._check_parameters()

    def resources(self, n_genes: int, n_terms: int) -> Resources:
        """Return what the members need, one at a time, half a table for each fold and member, and a thread a fold."""
        parts = [self._make(name).resources(n_genes, n_terms) for name in self.members or MEMBERS]
        threads = max(self.n_folds, *(part.threads for part in parts))
        n_tables = 0.5 * (self.n_folds + len(parts) + len(PUPILS)) + 3 * (threads - 2)
        return Resources(
            threads=threads,
            memory_mb=round(max(part.memory_mb for part in parts) + n_tables * table_mb(n_genes, n_terms)),
            gpu=any(part.gpu for part in parts),
        )

    def _make(self, name: str) -> GenePredictor:
        return make_member(name, device=self.device, seed=self.seed)

    def _fit(self, dataset: GeneDataset) -> None:
        self.preparation_ = Preparation(genes=dataset.genes, networks=tuple(sorted(dataset.networks)))
        fitted, dataset = dataset, with_usable_evidence(dataset)
        self.supervision_ = Supervision.of(dataset)
        labelled = np.asarray(self.supervision_.has_labels)
        if labelled.sum() < 2 * self.n_folds:
            raise InputError(
                f"n_folds: found {labelled.sum()} labelled genes for {self.n_folds} folds, expected at least two in"
                " each; ask for fewer folds"
            )
        self.fold_ = deal_folds(labelled, n_folds=self.n_folds, seed=self.seed)
        self.members_: dict[str, list[GenePredictor]] = {}
        others = [self.supervision_.only(self.fold_ != number) for number in range(self.n_folds)]
        opinions = FoldOpinions(others, dataset.ontology)
        scores = []
        for name in self.members or usual_members(dataset):
            if has_data(name, dataset):
                scores.append(self._fit_folds(name, name, dataset, hear=opinions.add))
            else:
                _log.info("combined: %s is left out, because the dataset has no data for it", name)
        if not scores:
            raise InputError("members: the dataset has data for none of them, expected some; name others")
        for name in [name for name in PUPILS if self.teaching and name in self.members_]:
            n_epochs = self._epochs_when_taught(name, opinions.taught(0))
            scores.append(self._fit_folds(TAUGHT + name, name, dataset, teach=opinions.taught, n_epochs=n_epochs))
        del opinions
        self.judges_ = self.fit_judges(dataset, scores)
        judged = self.judges_.judge(dataset, scores, n_candidates=self.n_candidates)
        self.digest_, self.kept_ = self._key(fitted), csr_array(judged)

    def _epochs_when_taught(self, name: str, taught: Supervision) -> int:
        """Return for how many epochs a taught view is trained.

        It has as many steps as the view that is not taught, but the fewer genes are labelled, the more there is to
        learn from the others: at least eight epochs if hardly any is, four if half of them are.
        """
        view, fitted = fitted_view(self.members_[name][0])
        n_labelled, n_genes = int((self.supervision_.has_labels & (self.fold_ != 0)).sum()), len(taught.informative)
        n_steps = (fitted.n_epochs or 0) * view.n_batches(n_labelled)
        fewest = _FEWEST_EPOCHS * (1 - n_labelled / n_genes)
        return max(1, round(fewest), round(n_steps / view.n_batches(n_genes)))

    def _fit_folds(
        self,
        key: str,
        name: str,
        dataset: GeneDataset,
        *,
        hear: Callable[[int, NDArray[np.float32]], None] | None = None,
        teach: Callable[[int], Supervision] | None = None,
        n_epochs: int | None = None,
    ) -> NDArray[np.float16]:
        """Fit a member without each fold, keep the fits as members_[key], and return the out-of-fold scores."""
        fitted: list[GenePredictor] = []

        def parts() -> Iterator[NDArray[np.float32]]:
            fits = fit_folds(self._make(name), dataset, self.fold_, teach=teach, n_epochs=n_epochs)
            for number, (predictor, scores) in enumerate(fits):
                fitted.append(predictor)
                if hear is not None:
                    hear(number, scores)
                yield scores

        scores = join_folds(parts(), self.fold_, self.supervision_.labelled[:, self.supervision_.aspect_of_term])
        self.members_[key] = fitted
        _log.info("combined: %s is fitted on %d folds", key, self.n_folds)
        return in_half_precision(scores)

    def fit_judges(self, dataset: GeneDataset, scores: Sequence[NDArray[np.float16]]) -> Judges:
        """Return judges trained on the out-of-fold scores of members, as `member_scores` returns them."""
        labels = Labels.of(dataset, self.supervision_, self.fold_)
        return Judges.fit(dataset, labels, scores, n_candidates=self.n_candidates, seed=self.seed)

    def _key(self, dataset: GeneDataset) -> str:
        """Return what the kept scores depend on, besides the fit."""
        return f"{digest(dataset)} {self.n_candidates}"

    def _predict(self, dataset: GeneDataset) -> NDArray[np.float32]:
        self.preparation_.check(dataset)
        self.preparation_.check_genes(dataset, type(self).__name__)
        if self._key(dataset) == self.digest_:
            return np.asarray(self.kept_.toarray())
        scores = list(self.member_scores(dataset).values())
        return self.judges_.judge(dataset, scores, n_candidates=self.n_candidates)

    def member_scores(self, dataset: GeneDataset) -> dict[str, NDArray[np.float16]]:
        """Return each member's scores of all genes, ndarray of float16, shape (n_genes, n_terms), by member.

        In the aspects in which a gene is labelled, it is scored by the fit that has not seen its fold.
        """
        _, labelled = self.supervision_.labels_for(dataset.genes)
        fold_of = dict(zip(self.supervision_.genes.tolist(), self.fold_.tolist()))
        fold = np.array([fold_of.get(gene, -1) for gene in dataset.genes.tolist()], dtype=np.intp)
        seen = labelled[:, self.supervision_.aspect_of_term]
        parts = {name: score_folds(fits, dataset) for name, fits in self.members_.items()}
        return {name: in_half_precision(join_folds(part, fold, seen)) for name, part in parts.items()}

    def _reasons(self, dataset: GeneDataset, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> list[list[Reason]]:
        scores = self.member_scores(dataset)
        return combined_reasons(
            dataset, self.members_, self.judges_, scores, rows, columns, n_candidates=self.n_candidates
        )

    def _write(self, folder: Path) -> None:
        super()._write(folder)
        for name, fitted in self.members_.items():
            (folder / name).mkdir()
            for number, predictor in enumerate(fitted):
                (folder / name / str(number)).mkdir()
                predictor._write(folder / name / str(number))

    def _state(self) -> Arrays:
        return {**self.judges_.pack(), **pack_sparse("kept", self.kept_)}

    def _facts(self) -> dict[str, Any]:
        return {
            "preparation": self.preparation_.facts(),
            "members": list(self.members_),
            "judges": list(self.judges_.networks),
            "digest": self.digest_,
        }

    def _restore(self, arrays: Arrays, facts: dict[str, Any], folder: Path) -> None:
        self.preparation_ = Preparation.unpack(arrays, facts["preparation"])
        self.members_ = {
            name: [GenePredictor.load(folder / name / str(number)) for number in range(self.n_folds)]
            for name in facts["members"]
        }
        genes, n_members = facts["preparation"]["genes"], len(self.members_)
        self.judges_ = Judges.unpack(arrays, genes, facts["judges"], n_members=n_members)
        self.supervision_, self.fold_ = self.judges_.labels.supervision, self.judges_.labels.fold
        self.digest_, self.kept_ = facts["digest"], unpack_sparse("kept", arrays)
