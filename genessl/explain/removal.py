"""Datasets without the evidence that an explanation names, or without other evidence, to test the explanation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from genessl.data.dataset import GeneDataset
from genessl.features.domains import domain_columns
from genessl.models.neural.electronic_trust import evidence_by_source

REMOVABLE = ("neighbour", "homolog", "domain", "electronic")
_COLUMNS = ["gene", "kind", "source", "what"]


def own_evidence(dataset: GeneDataset, gene: str) -> pd.DataFrame:
    """Return what can be removed of a gene: its edges, homologs, domains and electronic annotations.

    Returns
    -------
    DataFrame
        Columns gene, kind, source and what, as in an explanation.
    """
    row, genes = int(np.flatnonzero(dataset.genes == gene)[0]), dataset.genes
    found = [(gene, "neighbour", name, what) for name, net in dataset.networks.items() for what in genes[_of(net, row)]]
    found += [(gene, "homolog", "homology", what) for what in genes[_of(dataset.homology, row)]]
    carried = [c for c in domain_columns(dataset.feature_names).tolist() if dataset.sequence_features[row, c]]
    found += [(gene, "domain", "perceptron", dataset.feature_names[column]) for column in carried]
    terms = np.array(dataset.ontology.terms)
    found += [
        (gene, "electronic", s, what)
        for s, labels in evidence_by_source(dataset).items()
        for what in terms[_of(labels, row)]
    ]
    return pd.DataFrame(found, columns=_COLUMNS)


def without_evidence(dataset: GeneDataset, removed: pd.DataFrame) -> GeneDataset:
    """Return a dataset without some evidence.

    Parameters
    ----------
    dataset : GeneDataset
    removed : DataFrame
        Columns gene, kind, source and what, as `own_evidence` returns them. An edge and a homology are removed in both
        directions. With a term of an electronic source go its descendants, which imply it.
    """
    row_of = {gene: row for row, gene in enumerate(dataset.genes.tolist())}
    kinds = {str(kind): part for kind, part in removed.groupby("kind")}
    networks, homology, features = dict(dataset.networks), dataset.homology, dataset.sequence_features
    if "neighbour" in kinds:
        for name, part in kinds["neighbour"].groupby("source"):
            networks[str(name)] = _without_edges(networks[str(name)], _pairs(part, row_of))
    if "homolog" in kinds:
        homology = _without_edges(homology, _pairs(kinds["homolog"], row_of))
    if "domain" in kinds:
        columns = {name: column for column, name in enumerate(dataset.feature_names)}
        features = features.copy()
        features[kinds["domain"]["gene"].map(row_of), kinds["domain"]["what"].map(columns)] = 0.0
    changed = replace(dataset, networks=networks, homology=homology, sequence_features=features)
    return _without_electronic(changed, kinds["electronic"], row_of) if "electronic" in kinds else changed


def as_many_others(dataset: GeneDataset, named: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    """Draw for each gene as much evidence of the same kinds and sources as is named, at random among all of it.

    Where a gene has no other evidence of the kind, what is named may be drawn again.
    """
    parts = [named.iloc[:0]]
    for gene, own in named.groupby("gene", sort=False):
        everything = own_evidence(dataset, str(gene))
        for (kind, source), part in own.groupby(["kind", "source"], sort=False):
            pool = everything[(everything["kind"] == kind) & (everything["source"] == source)]
            parts.append(pool.iloc[np.sort(random.permutation(len(pool))[: len(part)])])
    return pd.concat(parts, ignore_index=True)


def _of(matrix: csr_array, row: int) -> NDArray[np.intp]:
    return np.asarray(matrix[[row]].indices, dtype=np.intp)


def _pairs(part: pd.DataFrame, row_of: Mapping[str, int]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    genes, others = (np.array([row_of[name] for name in part[kind]], dtype=np.intp) for kind in ("gene", "what"))
    return genes, others


def _without_edges(matrix: csr_array, pairs: tuple[NDArray[np.intp], NDArray[np.intp]]) -> csr_array:
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    gone = np.concatenate(pairs) * matrix.shape[1] + np.concatenate(pairs[::-1])
    stays = ~np.isin(rows * matrix.shape[1] + matrix.indices, gone)
    return csr_array((matrix.data[stays], (rows[stays], matrix.indices[stays])), shape=matrix.shape)


def _without_electronic(dataset: GeneDataset, removed: pd.DataFrame, row_of: Mapping[str, int]) -> GeneDataset:
    sources = dict(evidence_by_source(dataset))
    for name, part in removed.groupby("source"):
        labels = sources[str(name)]
        places = part["gene"].map(row_of).to_numpy(), part["what"].map(dataset.ontology.index).to_numpy()
        chosen = csr_array((np.ones(len(part), dtype=bool), places), shape=labels.shape)
        gone = dataset.ontology.propagate_down(chosen).astype(np.int8)
        kept = csr_array(labels.astype(np.int8) - labels.astype(np.int8).multiply(gone))
        kept.eliminate_zeros()
        sources[str(name)] = csr_array(kept.astype(bool))
    union = csr_array(sum(sources.values(), csr_array(dataset.electronic.shape, dtype=bool)))
    return replace(dataset, electronic=union, electronic_sources=sources if dataset.electronic_sources else {})
