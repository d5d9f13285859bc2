"""The assembly of tables into one aligned dataset, with a count of every row that is lost."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from genessl.assembly.contamination import Contamination, SyntheticGenes, draw_synthetic_genes, homology_with
from genessl.assembly.naming import name_genes
from genessl.assembly.references import Target, join_references
from genessl.assembly.sources import Sources
from genessl.assembly.times import later_truth, newest_date
from genessl.data.adjacency import FOREIGN, adjacency
from genessl.data.aliases import annotation_aliases
from genessl.data.annotations import EXPERIMENTAL
from genessl.data.coverage import Coverage
from genessl.data.dataset import GeneDataset
from genessl.data.dataset_checks import check_folds, check_scheme
from genessl.data.identifiers import GeneIdentifiers
from genessl.data.labels import Labels, label_genes
from genessl.data.networks import OTHER_ORGANISM, organism_of, resolve_nodes
from genessl.data.ontology import Ontology
from genessl.data.sequences import count_proteins
from genessl.errors import InputError
from genessl.evaluation.splits import cluster_folds, sequence_clusters, validation_genes
from genessl.features.composition import composition_features
from genessl.features.domains import annotated_domains, domain_features, join_domains
from genessl.features.embeddings import embedding_names, join_embeddings
from genessl.features.homology import bit_scores, homology_profile, search_homologs
from genessl.features.substitutions import check_copies, substituted_composition

__all__ = ["Assembly", "Evaluation", "Sources", "assemble_dataset"]

_log = logging.getLogger(__name__)

_Features = tuple[NDArray[np.float32], tuple[str, ...]]  # and the names of the columns


@dataclass(frozen=True)
class Evaluation:
    """The scheme by which genes are held out.

    Parameters
    ----------
    scheme : {'temporal', 'cross_validation', 'none'}
    folds : int, default=5
        Number of folds of the cross-validation, from 3.
    sequence_identity : float, default=0.3
        Genes with at least this share of identical residues stay in one fold, in (0, 1].
    label_fraction : float, default=1.0
        As in `GeneDataset`.
    seed : int, default=0

    Raises
    ------
    InputError
        If a value is out of range.
    """

    scheme: str = "temporal"
    folds: int = 5
    sequence_identity: float = 0.3
    label_fraction: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        check_scheme(self.scheme, self.label_fraction)
        if self.scheme == "cross_validation":
            check_folds(self.folds)
        identity = self.sequence_identity
        if isinstance(identity, bool) or not isinstance(identity, (int, float)) or not 0 < identity <= 1:
            raise InputError(f"sequence_identity: found {identity!r}, expected a number above 0 and at most 1")
        if type(self.seed) is not int or self.seed < 0:
            raise InputError(f"seed: found {self.seed!r}, expected a whole number, at least 0")


@dataclass(frozen=True)
class Assembly:
    """A dataset, the counts of what was joined and lost, and the later truth with the columns gene and term."""

    dataset: GeneDataset
    coverage: Coverage
    truth: pd.DataFrame | None = field(default=None)


def assemble_dataset(
    sources: Sources,
    *,
    evidence: Collection[str] = EXPERIMENTAL,
    evaluation: Evaluation | None = None,
    substituted_copies: int = 0,
    contamination: Contamination | None = None,
    taxon: str = "",
    seed: int = 0,
    threads: int = 1,
) -> Assembly:
    """Join the tables by one identifier per gene, compute the features and hold genes out.

    The copies of each protein with conservative substitutions, from 0 to 8, are drawn with the evaluation's seed.
    Synthetic genes change neither the split of the real genes nor the homology among them.

    Raises
    ------
    InputError
        If a table does not join, no gene has an experimental annotation, or the copies are out of range.
    """
    check_copies(substituted_copies)
    date = newest_date(sources)
    evaluation = evaluation or Evaluation()
    coverage = Coverage()
    identifiers = _identifiers(sources, coverage)
    labels = _labels(sources, identifiers, coverage, evidence)
    named = _with_annotated_names(sources, identifiers, labels, coverage)
    networks = {name: _join_network(name, sources, named, coverage, taxon) for name in sources.networks}
    truth = later_truth(sources, identifiers, labels, coverage, evidence)
    domains = _domains(sources, labels, named, coverage)
    embeddings = _embeddings(sources, named, coverage)
    hits = search_homologs(sources.sequences, threads=threads)
    homology = bit_scores(hits, len(sources.sequences))
    features, names = _sequence_features(sources, domains, homology, embeddings, seed)
    dataset = GeneDataset(
        genes=np.array(list(sources.sequences), dtype=np.str_),
        sequence_features=features,
        feature_names=names,
        homology=homology,
        networks=networks,
        split=_split(hits, labels, evaluation),
        **_held_out(evaluation),
        taxon=taxon,
        annotation_date=date,
        sequences=tuple(sources.sequences.values()),
        names=name_genes(sources, identifiers, labels.objects),
        **_label_fields(labels, sources.ontology),
    )
    made: dict[str, str] = {}
    if contamination is not None:
        synthetic = _draw(contamination, sources, coverage)
        made, domains = synthetic.sequences, synthetic.join_domains(domains, list(sources.sequences))
        dataset = synthetic.join(dataset, homology_with(dataset, made, threads=threads), seed=seed)
    target = Target(sources.sequences, identifiers, domains, sources.ontology, dataset.ontology.terms, date, made)
    dataset = replace(
        dataset,
        references=join_references(sources.references, target, coverage, evidence=evidence, threads=threads),
        substituted=_substituted(sources.sequences, made, substituted_copies, evaluation.seed),
    )
    coverage.check()
    return Assembly(dataset, coverage, truth)


def _identifiers(sources: Sources, coverage: Coverage) -> GeneIdentifiers:
    genes = list(sources.sequences)
    count_proteins(
        coverage, "sequences", "genes", n_proteins=len(genes), dropped=sources.dropped, repairs=sources.repairs
    )
    tables = [*sources.aliases, *([sources.header_aliases] if sources.header_aliases is not None else [])]
    identifiers = GeneIdentifiers(genes, tables)
    for table in tables:
        for reason, count in table.losses.items():
            coverage.add(Path(table.name).name, "left out of the aliases", "held", count)
            coverage.add(Path(table.name).name, "left out of the aliases", reason, count)
    _count_ambiguous(identifiers.n_ambiguous, coverage)
    return identifiers


def _with_annotated_names(
    sources: Sources, identifiers: GeneIdentifiers, labels: Labels, coverage: Coverage
) -> GeneIdentifiers:
    """Let the symbols and synonyms of annotated genes, and nothing else of the annotations, be tried last of all."""
    table = annotation_aliases(sources.annotations)
    named = identifiers.extended(table, labels.objects)
    _count_ambiguous({key: count for key, count in named.n_ambiguous.items() if key[0] == table.name}, coverage)
    return named


def _count_ambiguous(n_ambiguous: Mapping[tuple[str, str], int], coverage: Coverage) -> None:
    for (table, source), count in n_ambiguous.items():
        coverage.add(Path(table).name, f"ambiguous aliases of {source}", "held", count)
        coverage.add(Path(table).name, f"ambiguous aliases of {source}", "several genes", count)


def _labels(sources: Sources, identifiers: GeneIdentifiers, coverage: Coverage, evidence: Collection[str]) -> Labels:
    file = sources.files.get("annotations", "annotations")
    labels = label_genes(
        sources.annotations,
        identifiers,
        list(sources.sequences),
        sources.ontology,
        coverage,
        source="annotations",
        file=file,
        evidence=evidence,
    )
    if not labels.positive.nnz:
        only = "; all that join are electronic: give a GAF of experiments as well" if labels.electronic.nnz else ""
        raise InputError(
            f"{file}: found no experimental annotation of any gene, expected some to learn from; check `annotations`"
            f" and `evidence`{only}"
        )
    return labels


def _label_fields(labels: Labels, ontology: Ontology) -> dict[str, Any]:
    """Return the fields of a dataset that have a column for each non-root term that any gene has."""
    held = np.zeros(len(ontology.terms), dtype=bool)
    held[labels.positive.indices] = True
    held[labels.electronic.indices] = True
    columns = np.flatnonzero(held & ~ontology.roots)
    return {
        "ontology": ontology.subset(columns),
        "positive": csr_array(labels.positive[:, columns]),
        "negative": csr_array(labels.negative[:, columns]),
        "electronic": csr_array(labels.electronic[:, columns]),
        "electronic_sources": {name: csr_array(found[:, columns]) for name, found in labels.sources.items()},
    }


def _held_out(evaluation: Evaluation) -> dict[str, Any]:
    return {
        "scheme": evaluation.scheme,
        "n_folds": evaluation.folds if evaluation.scheme == "cross_validation" else 0,
        "label_fraction": evaluation.label_fraction,
        "seed": evaluation.seed,
    }


def _draw(contamination: Contamination, sources: Sources, coverage: Coverage) -> SyntheticGenes:
    if sources.embeddings is not None or sources.embedding_files:
        raise InputError(
            "contamination: found embeddings, of which synthetic genes have none, expected either without the other;"
            " leave one of the two keys out"
        )
    return draw_synthetic_genes(contamination, sources.sequences, coverage)


def _substituted(
    sequences: dict[str, str], made: dict[str, str], n_copies: int, seed: int
) -> NDArray[np.float32] | None:
    """Return features of copies of all proteins; the copies of real genes do not depend on the synthetic ones."""
    if not n_copies:
        return None
    described = [substituted_composition(part, n_copies, seed=seed) for part in (sequences, made) if part]
    return np.concatenate(described, axis=1)


def _join_network(
    name: str, sources: Sources, identifiers: GeneIdentifiers, coverage: Coverage, taxon: str
) -> csr_array:
    edges, genes = sources.networks[name], list(sources.sequences)
    nodes = pd.unique(pd.concat([edges["a"], edges["b"]]).astype(str))
    resolution = resolve_nodes(edges, nodes, identifiers)
    resolution.count(coverage, name, "network nodes")
    file = sources.files.get(name, "the network")
    if not len(nodes):
        raise InputError(
            f"{file}: found no edge in the network '{name}', expected some; check `channels` and `min_score`"
        )
    if not resolution.targets:
        numbered = all(node.isdecimal() for node in nodes)
        numbers = "if these are numbers of rows, give `format: indexed_edges` and their list as `genes`, otherwise "
        raise InputError(
            f"{file}: the sequences and the network '{name}' share no gene: sequences look like '{genes[0]}',"
            f" the network like '{nodes[0]}'; {numbers if numbered else ''}{identifiers.advice(nodes.tolist())}"
        )
    identifiers.tell(resolution, f"{file}: nodes of the network '{name}'")
    organism = organism_of(edges, resolution)
    if organism is not None and taxon and organism != taxon:
        _log.warning(
            "%s: the genes that join are of taxon %s in the file, and `taxon` is %s; check that the network is of your"
            " organism, of which a strain may have a number of its own", file, organism, taxon,
        )  # fmt: skip
    elif organism is not None:
        _log.info("%s: the genes that join are of taxon %s in the file", file, organism)
    row_of = {gene: row for row, gene in enumerate(genes)}
    index_of = {node: FOREIGN for node, reason in resolution.lost.items() if reason == OTHER_ORGANISM}
    index_of |= {node: row_of[gene] for node, gene in resolution.targets.items()}
    return adjacency(edges, index_of, len(genes), source=name, coverage=coverage, file=file)


def _domains(sources: Sources, labels: Labels, identifiers: GeneIdentifiers, coverage: Coverage) -> pd.DataFrame:
    found = annotated_domains(sources.annotations, labels.objects)
    if sources.domains is None:
        return found
    table = join_domains(sources.domains, identifiers, coverage, source="domains", file=sources.files.get("domains"))
    return pd.concat([found, table]).drop_duplicates().reset_index(drop=True)


def _embeddings(sources: Sources, identifiers: GeneIdentifiers, coverage: Coverage) -> list[_Features]:
    if sources.embeddings is not None:
        vectors, found = sources.embeddings
        coverage.add("embeddings", "genes", "held", len(found))
        coverage.add("embeddings", "genes", "joined", int(found.sum()))
        coverage.add("embeddings", "genes", "no embedding in the file", int((~found).sum()))
        return [(vectors, embedding_names(vectors.shape[1]))]
    several = len(sources.embedding_files) > 1
    blocks = []
    for number, file in enumerate(sources.embedding_files, start=1):
        source = f"embeddings {number}" if several else "embeddings"
        vectors, _ = join_embeddings(file, list(sources.sequences), identifiers, coverage, source=source)
        blocks.append((vectors, embedding_names(vectors.shape[1], number if several else None)))
    return blocks


def _sequence_features(
    sources: Sources, domains: pd.DataFrame, homology: csr_array, embeddings: list[_Features], seed: int
) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    blocks = [  # `GeneDataset.substituted` requires that the composition comes first
        composition_features(sources.sequences.values()),
        homology_profile(homology, seed=seed),
        domain_features(domains, list(sources.sequences)),
    ]
    blocks += embeddings
    features = np.concatenate([block for block, _ in blocks], axis=1)
    return features, tuple(name for _, names in blocks for name in names)


def _split(hits: pd.DataFrame, labels: Labels, evaluation: Evaluation) -> NDArray[np.uint8]:
    n_genes = labels.positive.shape[0]
    identity, seed = evaluation.sequence_identity, evaluation.seed
    if evaluation.scheme == "cross_validation":
        return cluster_folds(n_genes, hits, sequence_identity=identity, n_folds=evaluation.folds, seed=seed)
    clusters = sequence_clusters(n_genes, hits, sequence_identity=identity)
    labelled = np.diff(labels.positive.indptr) > 0
    return validation_genes(clusters, labelled, seed=seed).astype(np.uint8)
