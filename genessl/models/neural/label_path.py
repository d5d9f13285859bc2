"""The label path: log-odds of each term among a gene's neighbours, weighed relation by relation by learned numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice, pairwise
from typing import NamedTuple, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import softplus

from genessl.models.base import Arrays
from genessl.models.neural.layers import RelationSum, dense_rows, entries_of_rows, sparse_tensor
from genessl.models.supervision import Supervision

_STRENGTH = 0.15
_LEAST_FREQUENCY = 1e-5
_MOST_GENES, _MOST_ABSENT = 1500, 100_000
_NEAR_SHARE = 0.8
_STEPS, _LEARNING_RATE, _AT_ONCE = 150, 0.03, 25_000
_HOLD = 0.3  # how many genes hold the numbers where they start
_GENES_AT_ONCE = 256


@dataclass(frozen=True, eq=False)
class NeighbourLabels:
    """What the neighbours of each gene show, relation by relation.

    Neighbours show their experimental labels. A taught label is a target of its gene and is shown to nobody.

    Parameters
    ----------
    having : tuple of Tensor, CSR of float32, each of shape (n_genes, n_columns)
        Weight of the neighbours that have the term.
    labelled : Tensor of float32, shape (n_genes, n_aspects, n_relations)
        Weight of the neighbours that are labelled in the aspect.
    """

    having: tuple[Tensor, ...]
    labelled: Tensor

    @classmethod
    def of(cls, relations: Sequence[Tensor], supervision: Supervision, genes: NDArray[np.str_]) -> Self:
        """Sum what neighbours show, on the device of the relations.

        Parameters
        ----------
        relations : sequence of Tensor, CSR of float32, each of shape (n_genes, n_genes)
        supervision : Supervision
            The labels that are shown.
        genes : ndarray of str, shape (n_genes,)
            The genes of the relations; those that the supervision does not know show nothing.
        """
        targets, known = supervision.labels_for(genes)
        messages, device = RelationSum(), relations[0].device
        having = messages(relations, sparse_tensor(targets).to(device))
        labelled = messages(relations, torch.from_numpy(known.astype(np.float32)).to(device))
        return cls(tuple(having), torch.stack(labelled, dim=2))


class LabelPath(nn.Module):
    """The part of a gene's logits that its neighbours' labels tell.

    For gene i, term t in aspect A and relations r, with n_r the weight of the gene's labelled neighbours and y_r the
    weight of those with the term,

        offset(i, t) = b_A + sum_r a_Ar g_Ar(i) [logit(p_r) - logit(pi_t)],    p_r = (y_r + k_Ar pi_t) / (n_r + k_Ar):

    the log-odds of the term among the neighbours, shrunk by k_Ar neighbours at the term's frequency pi_t, beyond those
    of the frequency. The gate g_Ar(i) = 2 sigmoid(sum_s G_Ars z_As(i)) tells how far to trust a relation from how much
    the gene has of each relation; z is ln(1 + n) on a standard scale. A gene without neighbours in a relation hears
    nothing from it. About a hundred numbers a, k, G and b are learned, and shared by all terms of an aspect. No
    relation has a diagonal, so that no label of a gene's own is read.

    Parameters
    ----------
    n_relations, n_aspects, n_columns : int
    """

    prior: Tensor
    aspect_of_column: Tensor
    centre: Tensor
    spread: Tensor

    def __init__(self, n_relations: int, n_aspects: int, n_columns: int) -> None:
        super().__init__()
        self.strength = nn.Parameter(torch.full((n_aspects, n_relations), _STRENGTH))
        self.shrinkage = nn.Parameter(torch.zeros(n_aspects, n_relations))  # k is its softplus
        self.gates = nn.Parameter(torch.zeros(n_aspects, n_relations, n_relations))
        self.bias = nn.Parameter(torch.zeros(n_aspects))
        self.register_buffer("prior", torch.full((n_columns,), 0.5))
        self.register_buffer("aspect_of_column", torch.zeros(n_columns, dtype=torch.int64))
        self.register_buffer("centre", torch.zeros(n_aspects, n_relations))
        self.register_buffer("spread", torch.ones(n_aspects, n_relations))

    def settle(self, supervision: Supervision, around: NeighbourLabels) -> None:
        """Fix the terms' frequencies, and the scale of the gates by the labelled genes."""
        labelled = torch.from_numpy(np.flatnonzero(supervision.has_labels)).to(around.labelled.device)
        amount = torch.log1p(around.labelled[labelled])
        self.prior.copy_(torch.from_numpy(np.clip(supervision.frequency, _LEAST_FREQUENCY, 1.0 - _LEAST_FREQUENCY)))
        self.aspect_of_column.copy_(torch.from_numpy(supervision.aspect_of_term))
        self.centre.copy_(amount.mean(dim=0))
        self.spread.copy_(amount.std(dim=0, correction=0).clamp(min=1e-3))

    def trust(self, labelled: Tensor) -> Tensor:
        """Return a times g for the weights of genes' labelled neighbours, both of shape (n, n_aspects, n_relations)."""
        amount = (torch.log1p(labelled) - self.centre) / self.spread
        return 2.0 * torch.sigmoid(torch.einsum("nas,ars->nar", amount, self.gates)) * self.strength

    def log_odds(self, having: Tensor, labelled: Tensor, shrinkage: Tensor, prior: Tensor) -> Tensor:
        """Return logit(p) - logit(pi); the tensors broadcast against each other."""
        lacking = (labelled - having).clamp(min=0.0)
        odds = torch.log(having + shrinkage * prior) - torch.log(lacking + shrinkage * (1.0 - prior))
        return odds - torch.logit(prior)

    def entries(self, genes: Tensor, columns: Tensor, around: NeighbourLabels, having: Tensor) -> Tensor:
        """Return the offsets of some pairs of gene and term, shape (n_pairs,).

        Parameters
        ----------
        genes, columns : Tensor of int64, shape (n_pairs,)
        around : NeighbourLabels
        having : Tensor of float32, shape (n_pairs, n_relations)
            The weight of the neighbours that have the pair's term.
        """
        aspect = self.aspect_of_column[columns]
        labelled, shrinkage = around.labelled[genes, aspect], softplus(self.shrinkage)[aspect]
        odds = self.log_odds(having, labelled, shrinkage, self.prior[columns].unsqueeze(1))
        return self.bias[aspect] + (self.trust(around.labelled)[genes, aspect] * odds).sum(dim=1)

    @torch.no_grad()
    def table(self, around: NeighbourLabels, *, genes_at_once: int = _GENES_AT_ONCE) -> Tensor:
        """Return the offsets of all genes and terms, float32, shape (n_genes, n_columns).

        Where no neighbour has the term, the terms of an aspect that are equally frequent have the same offset, which is
        computed once. What neighbours have is then added pair by pair, for `genes_at_once` genes at a time.
        """
        trust, shrinkage = self.trust(around.labelled), softplus(self.shrinkage)
        kinds, kind_of_column = torch.unique(
            torch.stack([self.aspect_of_column.double(), self.prior.double()]), dim=1, return_inverse=True
        )
        aspect, prior = kinds[0].long(), kinds[1].float()
        silent = self.bias[aspect].repeat(len(trust), 1)
        for number in range(trust.shape[2]):
            labelled = around.labelled[:, aspect, number]
            odds = self.log_odds(labelled.new_zeros(()), labelled, shrinkage[aspect, number], prior)
            silent += trust[:, aspect, number] * odds
        offsets = silent[:, kind_of_column]
        for number, having in enumerate(around.having):
            told = around.labelled[..., number], trust[..., number], shrinkage[:, number]
            for start in range(0, len(offsets), genes_at_once):
                self._add_spoken(offsets, entries_of_rows(having, start, start + genes_at_once), *told)
        return offsets

    def _add_spoken(
        self,
        offsets: Tensor,
        having: tuple[Tensor, Tensor, Tensor],
        labelled: Tensor,
        trust: Tensor,
        shrinkage: Tensor,
    ) -> None:
        """Add what one relation tells of the pairs whose term a neighbour has, beyond what silence tells."""
        rows, columns, weights = having
        aspect, prior = self.aspect_of_column[columns], self.prior[columns]
        around, expected = labelled[rows, aspect], shrinkage[aspect] * prior
        unlike = around + shrinkage[aspect] - expected
        least = torch.maximum(shrinkage[aspect] - expected, unlike - weights)  # no fewer than 0 lack the term
        odds = torch.log1p(weights / expected) + torch.log(unlike / least)  # a difference of two `log_odds`
        offsets[rows, columns] += trust[rows, aspect] * odds


@dataclass(frozen=True, eq=False)
class TrainedPath:
    """A label path with the labels that it reads.

    Parameters
    ----------
    path : LabelPath
        On the device of the relations.
    supervision : Supervision
        The experimental labels of the fit, for the terms of the path.
    """

    path: LabelPath
    supervision: Supervision

    @classmethod
    def learn(cls, relations: Sequence[Tensor], supervision: Supervision, *, seed: int) -> Self:
        """Learn the numbers of a path by the cross-entropy of a sample of pairs of labelled genes and terms.

        To the mean loss of a pair the squared distance of the numbers from where they start is added, times 0.3 and
        divided by the number of labelled genes: a few hundred genes cannot tell much of a hundred numbers, thousands
        can. The pairs are all terms of up to 1,500 labelled genes, and 100,000 pairs without the term, four in five of
        them with neighbours that have it; each pair counts for as many as it stands for.

        Parameters
        ----------
        relations : sequence of Tensor, CSR of float32, each of shape (n_genes, n_genes)
        supervision : Supervision
            The labels to learn, which neighbours show as well; of the same genes as the relations.
        seed : int
        """
        path = LabelPath(len(relations), supervision.labelled.shape[1], supervision.positive.shape[1])
        path.to(relations[0].device)
        around = NeighbourLabels.of(relations, supervision, supervision.genes)
        path.settle(supervision, around)
        pairs = _pairs(around, supervision, np.random.default_rng(seed))
        hold = _HOLD / max(1, int(supervision.has_labels.sum()))
        _train(path, around, pairs, np.random.default_rng(seed), hold=hold)
        labels = supervision.positive, supervision.labelled, supervision.aspect_of_term
        return cls(path.requires_grad_(False), Supervision.from_labels(supervision.genes, *labels))

    def offset(self, relations: Sequence[Tensor], genes: NDArray[np.str_]) -> Tensor:
        """Return what the path adds to the logits of the genes of some relations, float32, (n_genes, n_columns)."""
        return self.path.table(NeighbourLabels.of(relations, self.supervision, genes))

    def score(self, offset: Tensor) -> None:
        """Replace offsets, (n_genes, n_columns), by probabilities; they are 0 for terms that no labelled gene has."""
        heard = torch.from_numpy(self.supervision.n_positive > 0).to(offset.device)
        offset.add_(torch.logit(self.path.prior)).sigmoid_().mul_(heard)

    def pack(self) -> Arrays:
        """Return numbers and labels as named arrays; the caller saves the gene names."""
        numbers = {f"path.{name}": value.cpu().numpy() for name, value in self.path.state_dict().items()}
        return {**numbers, **self.supervision.pack()}

    @classmethod
    def unpack(cls, arrays: Arrays, genes: list[str], device: torch.device) -> Self:
        """Return the path that `pack` flattened on a device, given the gene names."""
        numbers = {name: array for name, array in arrays.items() if name.startswith("path.")}
        n_aspects, n_relations = arrays["path.strength"].shape
        path = LabelPath(n_relations, n_aspects, len(arrays["path.prior"]))
        path.load_state_dict({n.removeprefix("path."): torch.from_numpy(array.copy()) for n, array in numbers.items()})
        return cls(path.requires_grad_(False).to(device), Supervision.unpack(arrays, genes))


def _train(
    path: LabelPath, around: NeighbourLabels, pairs: _Pairs, random: np.random.Generator, *, hold: float
) -> None:
    order = random.permutation(len(pairs.genes))
    rows, place_in_rows = np.unique(pairs.genes[order], return_inverse=True)
    shown, place, genes, columns, present, counts = (
        torch.from_numpy(part).to(around.labelled.device)
        for part in (rows, place_in_rows, *(part[order] for part in pairs))
    )
    having = torch.stack([dense_rows(part, shown)[place, columns] for part in around.having], dim=1)
    prior = torch.logit(path.prior)[columns]
    numbers = list(path.parameters())
    start = [number.detach().clone() for number in numbers]
    optimiser = torch.optim.Adam(numbers, lr=_LEARNING_RATE)
    bounds = np.linspace(0, len(order), max(1, round(len(order) / _AT_ONCE)) + 1).astype(int).tolist()
    for begin, end in islice(cycle(pairwise(bounds)), _STEPS):
        block = slice(begin, end)
        logits = prior[block] + path.entries(genes[block], columns[block], around, having[block])
        losses = softplus(logits) - logits * present[block]
        loss = (losses * counts[block]).sum() / counts[block].sum()
        loss = loss + hold * sum(((number - first) ** 2).sum() for number, first in zip(numbers, start))
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()


class _Pairs(NamedTuple):
    """Pairs of gene and term, whether the gene has the term, and for how many pairs each pair counts."""

    genes: NDArray[np.intp]
    columns: NDArray[np.intp]
    present: NDArray[np.float32]
    counts: NDArray[np.float32]


def _pairs(around: NeighbourLabels, supervision: Supervision, random: np.random.Generator) -> _Pairs:
    rows = np.sort(random.permutation(np.flatnonzero(supervision.has_labels))[:_MOST_GENES])
    known = supervision.labelled[rows][:, supervision.aspect_of_term] & (supervision.n_positive > 0)
    present = supervision.targets[rows].toarray() > 0
    near = np.zeros_like(known)
    for having in around.having:
        near |= (dense_rows(having, torch.from_numpy(rows).to(having.device)) > 0).cpu().numpy()
    genes, columns = np.nonzero(present)
    parts = [_Pairs(rows[genes], columns, np.ones(len(genes), np.float32), np.ones(len(genes), np.float32))]
    for group, share in ((known & ~present & near, _NEAR_SHARE), (known & ~present & ~near, 1.0 - _NEAR_SHARE)):
        genes, columns = np.nonzero(group)
        kept = random.permutation(len(genes))[: round(share * _MOST_ABSENT)]
        counts = np.full(len(kept), len(genes) / max(1, len(kept)), dtype=np.float32)
        parts.append(_Pairs(rows[genes[kept]], columns[kept], np.zeros(len(kept), np.float32), counts))
    return _Pairs(*(np.concatenate(columns) for columns in zip(*parts)))
