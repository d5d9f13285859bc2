"""Perturbations of a gene's inputs that should not change its predicted functions."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from genessl.models.neural.inputs import ModuleInputs

_MOST = 0.9


@dataclass(frozen=True)
class Perturbation:
    """The size of a perturbation of genes' inputs.

    Parameters
    ----------
    masked : float
        Share of the values of a gene's features that are replaced by the feature's mean over genes, in [0, 1).
    blurred : float
        Standard deviation of the noise added to a feature, in units of the feature's standard deviation over genes.
    dropped : float
        Share of the edges of each network that are left out, in [0, 1).
    substituted : float, default=0.0
        Share of the genes that get the composition of a copy with conservative substitutions, if there are copies, in
        [0, 1].
    """

    masked: float
    blurred: float
    dropped: float
    substituted: float = 0.0

    def scaled(self, strength: float) -> Perturbation:
        """Return a perturbation `strength` times as large; shares are at most 0.9 of values and edges, 1 of genes."""
        masked, dropped = min(_MOST, strength * self.masked), min(_MOST, strength * self.dropped)
        return Perturbation(masked, strength * self.blurred, dropped, min(1.0, strength * self.substituted))


WEAK = Perturbation(masked=0.05, blurred=0.1, dropped=0.05, substituted=0.0)
# The noise is as large as the change of k-mers by five conservative substitutions in 100 residues.
STRONG = Perturbation(masked=0.3, blurred=0.4, dropped=0.3, substituted=0.5)


class Perturber:
    """Perturb the inputs of a sequence view or a network view.

    Features are blurred and then masked. If the inputs hold copies of the proteins with conservative substitutions, a
    share of the genes gets the composition of a randomly drawn copy instead of a blurred one: the noise imitates
    substitutions, and these genes have real ones. Their other columns are blurred like those of all genes.

    Random numbers come from torch's own generator; none is drawn for substitutions if there are no copies.

    Parameters
    ----------
    inputs : FeatureInputs or GraphInputs
        As the view's `prepare` returned them.
    """

    def __init__(self, inputs: ModuleInputs) -> None:
        self.inputs = inputs
        self.centre = inputs.features.mean(dim=0)
        self.spread = inputs.features.std(dim=0, correction=0)

    def __call__(self, rows: Tensor, perturbation: Perturbation) -> tuple[ModuleInputs, Tensor]:
        """Return the perturbed inputs and the rows from which a module computes the logits of some genes.

        A module that reads genes one by one is given the features of these genes only.
        """
        if self.inputs.by_gene:
            offset = None if self.inputs.offset is None else self.inputs.offset[rows]
            perturbed = replace(self.inputs, features=self._features(rows, perturbation), offset=offset)
            return perturbed, torch.arange(len(rows), device=rows.device)
        everyone = torch.arange(len(self.inputs.features), device=rows.device)
        features = self._features(everyone, perturbation)
        networks = tuple(drop_edges(network, perturbation.dropped) for network in self.inputs.adjacencies)
        # `receiving` is not needed: only scoring reads the rows of muted genes, which are never drawn here.
        return replace(self.inputs, features=features, adjacencies=networks, receiving=None), rows

    def _features(self, rows: Tensor, perturbation: Perturbation) -> Tensor:
        features = blur_features(self.inputs.features[rows], perturbation.blurred, self.spread)
        if perturbation.substituted and self.inputs.substituted is not None:
            features = take_copies(features, self.inputs.substituted, rows, perturbation.substituted)
        return mask_features(features, perturbation.masked, self.centre)


def take_copies(features: Tensor, copies: Tensor, rows: Tensor, share: float) -> Tensor:
    """Give each gene, with probability `share`, the first columns of one of its copies, drawn uniformly.

    Parameters
    ----------
    features : Tensor of float32, shape (n_rows, n_features)
    copies : Tensor of float32, shape (n_copies, n_genes, n_columns)
    rows : Tensor of int64, shape (n_rows,)
        The genes whose features are given.
    share : float
        In [0, 1].

    Returns
    -------
    Tensor of float32, shape (n_rows, n_features)
    """
    n_columns = copies.shape[2]
    takes = torch.rand(len(rows), 1, device=rows.device) < share
    drawn = copies[torch.randint(len(copies), (len(rows),), device=rows.device), rows]  # (n_rows, n_columns)
    return torch.cat([torch.where(takes, drawn, features[:, :n_columns]), features[:, n_columns:]], dim=1)


def mask_features(features: Tensor, share: float, centre: Tensor) -> Tensor:
    """Replace each value by its feature's mean with probability `share`, as if the value were unknown.

    Parameters
    ----------
    features : Tensor of float32, shape (n_rows, n_features)
    share : float
        In [0, 1].
    centre : Tensor of float32, shape (n_features,)
        Means over all genes.

    Returns
    -------
    Tensor of float32, shape (n_rows, n_features)
    """
    return torch.where(torch.rand_like(features) < share, centre, features)


def blur_features(features: Tensor, size: float, spread: Tensor) -> Tensor:
    """Add normal noise of `size` times each feature's standard deviation; shapes as in `mask_features`."""
    return features + size * spread * torch.randn_like(features)


def drop_edges(adjacency: Tensor, share: float) -> Tensor:
    """Leave out each edge with probability `share`, and divide the others by 1 - share (DropEdge [1]_).

    Both directions of an edge are kept or left out together, so that a symmetric matrix stays symmetric. Each gene i
    draws u_i from [0, 1), and the edge of i and j is kept if the fractional part of u_i + u_j, which is uniform too, is
    at least `share`. No look-up of the other direction is therefore needed. Any three edges are kept or left out
    independently of each other.

    Parameters
    ----------
    adjacency : Tensor
        CSR of float32, shape (n_genes, n_genes), symmetric.
    share : float
        In [0, 1).

    Returns
    -------
    Tensor
        CSR of float32, shape (n_genes, n_genes). An edge that is left out is stored as 0.

    References
    ----------
    .. [1] Y. Rong et al., DropEdge: towards deep graph convolutional networks on node classification, ICLR 2020,
       doi:10.48550/arXiv.1907.10903
    """
    pointers, columns, values = adjacency.crow_indices(), adjacency.col_indices(), adjacency.values()
    drawn = torch.rand(adjacency.shape[0], device=values.device)
    of_row = torch.repeat_interleave(drawn, pointers.diff(), output_size=len(values))
    stays = (of_row + drawn[columns]) % 1.0 >= share
    return torch.sparse_csr_tensor(pointers, columns, values * stays / (1.0 - share), size=adjacency.shape)
