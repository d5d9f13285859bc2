"""A dataset as a graph of PyTorch Geometric: the one module of this folder that imports torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch_geometric.data import HeteroData

from genessl.data.dataset_checks import VALIDATION

if TYPE_CHECKING:
    from genessl.data.dataset import GeneDataset


def hetero_data(dataset: GeneDataset) -> Any:
    """Return a dataset's genes and networks as a `HeteroData`; see `GeneDataset.to_pyg`."""
    data = HeteroData()
    genes, labelled = data["gene"], torch.from_numpy(dataset.labelled)
    genes.x = torch.from_numpy(dataset.sequence_features.copy())
    genes.y = torch.from_numpy(dataset.positive.toarray())
    genes.y_known = genes.y | torch.from_numpy(dataset.negative.toarray())
    genes.labelled = labelled
    validation = torch.from_numpy(dataset.split == VALIDATION)
    genes.train_mask, genes.val_mask = labelled.any(dim=1) & ~validation, labelled.any(dim=1) & validation
    genes.split = torch.from_numpy(dataset.split.copy())
    genes.name, data.terms, data.aspects = dataset.genes.tolist(), list(dataset.ontology.terms), list(dataset.aspects)
    for name, network in dataset.networks.items():
        edges = network.tocoo()
        joined = data["gene", name, "gene"]
        joined.edge_index = torch.stack([torch.from_numpy(ends.astype("int64")) for ends in edges.coords])
        joined.edge_weight = torch.from_numpy(edges.data.copy())
    return data
