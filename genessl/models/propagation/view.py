"""PropagationView, the base of the views that spread labels over networks of all genes."""

from __future__ import annotations

from dataclasses import dataclass

from scipy.sparse import csr_array

from genessl.data.dataset import GeneDataset
from genessl.features.graphs import joined_networks, summed
from genessl.features.muting import Muting
from genessl.models.closed_form import ClosedForm, LabelsT
from genessl.models.inputs import Preparation, ViewInputs
from genessl.models.view import NETWORKS, SEQUENCE


@dataclass(frozen=True, eq=False, kw_only=True)
class NetworkInputs(ViewInputs):
    """The networks over which labels spread.

    Parameters
    ----------
    networks : dict of str to csr_array of float32, each of shape (n_genes, n_genes)
        In order of their names; the columns of silent genes are empty.
    """

    networks: dict[str, csr_array]

    def joined(self) -> csr_array:
        """Return the sum of the networks, csr_array of float32, shape (n_genes, n_genes)."""
        return summed(self.networks.values(), self.n_genes)


class PropagationView(ClosedForm[NetworkInputs, LabelsT]):
    """Base of the views that spread labels over networks; a subclass has the parameter `similarity`.

    Such a view is transductive: labels can reach a gene through any other gene, so that all genes of the fitted dataset
    must be in the dataset to predict.
    """

    similarity: bool

    @property
    def reads(self) -> frozenset[str]:
        """The networks, and the sequences if their similarity is used as a network."""
        return frozenset({NETWORKS, SEQUENCE}) if self.similarity else frozenset({NETWORKS})

    def needs_all_genes(self, inputs: NetworkInputs) -> bool:
        """Return True, because labels spread through all genes."""
        return True

    def _read(self, dataset: GeneDataset, muting: Muting | None, like: Preparation | None) -> NetworkInputs:
        return NetworkInputs(
            genes=dataset.genes,
            n_terms=dataset.n_terms,
            preparation=like or Preparation(genes=dataset.genes, networks=tuple(sorted(dataset.networks))),
            muting=muting,
            networks=joined_networks(dataset, similarity=self.similarity, relaying=True, muting=muting),
        )
