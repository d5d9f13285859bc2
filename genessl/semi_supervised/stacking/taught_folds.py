"""What the members of a combination teach, fold by fold, so that no gene's own labels come back to it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit, logit

from genessl.data.ontology import Ontology
from genessl.evaluation.calibration import evidence
from genessl.models.supervision import Supervision
from genessl.semi_supervised.pseudo_labels.lessons import choose_by_quota, close_lesson

_QUOTA, _WEIGHT = 0.6, 0.3  # as in CoTraining
_LEAST_FREQUENCY = 1e-5
_GENES_AT_ONCE = 512


@dataclass(eq=False)
class FoldOpinions:
    """The joint opinion of the members that were fitted without a fold, for each fold.

    A member's opinion of a gene and term is how far it moves the term from its frequency, in log-odds; the joint
    opinion is their mean. No weights are learned, because those would depend on the labels of all folds.

    Parameters
    ----------
    supervisions : list of Supervision
        The labels without each fold.
    ontology : Ontology
        Over which taught labels are closed.
    """

    supervisions: list[Supervision]
    ontology: Ontology

    def __post_init__(self) -> None:
        # Log-odds to three digits are enough, and there is a table for each fold. (numpy is slow with half precision.)
        self._told = {
            number: torch.zeros(labels.positive.shape, dtype=torch.float16)
            for number, labels in enumerate(self.supervisions)
        }
        self._members = [0] * len(self.supervisions)
        self._taught: dict[int, Supervision] = {}

    def add(self, number: int, scores: NDArray[np.float32]) -> None:
        """Add the scores of all genes by a member that was fitted without a fold.

        Parameters
        ----------
        number : int
            Of the fold.
        scores : ndarray of float32, shape (n_genes, n_terms)
        """
        told, frequency = self._told[number], self.supervisions[number].frequency
        for start in range(0, len(scores), _GENES_AT_ONCE):
            block = slice(start, start + _GENES_AT_ONCE)
            told[block] += torch.from_numpy(evidence(scores[block], frequency)).half()
        self._members[number] += 1

    def taught(self, number: int) -> Supervision:
        """Return the labels without a fold, with what the members that were fitted without it teach by quota.

        What they teach is chosen at the first call, after which no scores can be added for the fold.
        """
        if number not in self._taught:
            self._taught[number] = self._teach(number)
        return self._taught[number]

    def _teach(self, number: int) -> Supervision:
        supervision = self.supervisions[number]
        base = logit(np.clip(supervision.frequency, _LEAST_FREQUENCY, 1.0 - _LEAST_FREQUENCY)).astype(np.float32)
        confidence = self._told.pop(number).float().numpy()
        confidence /= np.float32(max(1, self._members[number]))
        confidence += base
        expit(confidence, out=confidence)
        everyone = np.ones(len(supervision.genes), dtype=bool)
        choice = choose_by_quota(confidence, supervision, everyone, quota=_QUOTA)
        return close_lesson(1, "joint", confidence, choice, supervision, self.ontology).added_to(supervision, _WEIGHT)
