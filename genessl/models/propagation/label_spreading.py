"""Label spreading: the presence and the absence of each term spread over the networks; the score is their ratio."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from genessl.features.graphs import degree_normalised
from genessl.models.base import check_count, check_flag, check_range
from genessl.models.closed_form import FittedLabels
from genessl.models.propagation.iteration import check_share, spread
from genessl.models.propagation.view import NetworkInputs, PropagationView

_TERMS_AT_ONCE = 512


class LabelSpreading(PropagationView[FittedLabels]):
    """Spread the presence and the absence of each term over the networks: local and global consistency [1]_.

    It learns from the labels and the networks. Unlabelled genes are used: labels spread through them. It is
    transductive: all genes that it was fitted with must be in the dataset to predict.

    F = alpha S F + (1 - alpha) Y, iterated from F = Y, with S = D^-1/2 W D^-1/2 and W the sum of the networks. For
    each term Y has two columns, 'has it' and 'lacks it': a gene labelled in the term's aspect has 1 in one of them (see
    `Supervision`), any other gene 0 in both. The score is has / (has + lacks), the share of the labels that reach a
    gene that have the term. Where no label reaches a gene, the score is the term frequency. A term that a gene is known
    to have scores 1.

    It differs from `LabelPropagation` in two ways. The neighbours of a labelled gene can outweigh its own label, and
    hubs have less influence, because S divides an edge by the degrees of both its genes.

    Parameters
    ----------
    alpha : float, default=0.5
        Share that a gene takes from its neighbours, in (0, 1); it takes 1 - alpha from its own label.
    similarity : bool, default=False
        Whether the similarity of the sequences is one more network (see `similarity_network`).
    tolerance : float, default=1e-5
        Largest change of an entry of F at which iteration stops.
    max_iterations : int, default=1000

    References
    ----------
    .. [1] D. Zhou et al., Learning with local and global consistency, Advances in Neural Information Processing
       Systems 16, 321-328, 2003
    """

    def __init__(
        self, *, alpha: float = 0.5, similarity: bool = False, tolerance: float = 1e-5, max_iterations: int = 1000
    ) -> None:
        self.alpha = alpha
        self.similarity = similarity
        self.tolerance = tolerance
        self.max_iterations = max_iterations

    def _check_parameters(self) -> None:
        check_share("alpha", self.alpha, low_included=False)
        check_flag("similarity", self.similarity)
        check_range("tolerance", self.tolerance, 0.0, low_included=False)
        check_count("max_iterations", self.max_iterations)

    def score(self, fitted: FittedLabels, inputs: NetworkInputs) -> NDArray[np.float32]:
        """Return has / (has + lacks), or the frequency where no label reaches a gene; see `View.score`."""
        supervision = fitted.supervision
        targets, labelled = supervision.labels_for(inputs.genes)
        operator = degree_normalised(inputs.joined())
        aspects, frequency = supervision.aspect_of_term, supervision.frequency
        scores = np.tile(frequency, (inputs.n_genes, 1))
        by_term = targets.tocsc()
        members = np.flatnonzero(frequency > 0)
        for start in range(0, len(members), _TERMS_AT_ONCE):
            columns = members[start : start + _TERMS_AT_ONCE]
            having = by_term[:, columns].toarray()
            shares, arrived = self._shares(operator, having, labelled, aspects[columns])
            scores[:, columns] = np.maximum(np.where(arrived, shares, frequency[columns]), having)
        return scores

    def _shares(
        self,
        operator: csr_array,
        having: NDArray[np.float32],
        labelled: NDArray[np.bool_],
        aspects: NDArray[np.intp],
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return has / (has + lacks), and whether any label reaches the gene; each of shape (n_genes, n_columns).

        Spreading is linear, so that has + lacks is the same for all terms of an aspect: it is what spreads from a
        column of 1 for the genes labelled in the aspect. It takes the same iterations as has, so that their ratio is a
        weighted mean of labels after any number of iterations.
        """
        start = np.concatenate([having, labelled.astype(np.float32)], axis=1)
        spread_out, _ = spread(
            operator, start, alpha=self.alpha, tolerance=self.tolerance, max_iterations=self.max_iterations
        )
        has, both = spread_out[:, : having.shape[1]], spread_out[:, having.shape[1] :][:, aspects]
        return np.divide(has, both, out=np.zeros_like(has), where=both > 0), both > 0
