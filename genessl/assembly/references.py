"""Proteins of other organisms joined to the organism's genes, without rows that could reveal held-out labels."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.sparse import csr_array, vstack

from genessl.data.aliases import AliasTable
from genessl.data.coverage import Coverage
from genessl.data.identifiers import GeneIdentifiers
from genessl.data.labels import label_genes
from genessl.data.ontology import Ontology
from genessl.data.references import References
from genessl.errors import InputError
from genessl.features.domains import annotated_domains, carried_domains, domain_similarity, join_domains
from genessl.features.homology import bit_scores, search_references

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ReferenceSource:
    """The tables of other organisms' proteins as they were read, before they are joined.

    Parameters
    ----------
    sequences : mapping of str to str
        Protein to sequence.
    annotations : DataFrame
        As `read_gaf` returns it.
    aliases : sequence of AliasTable
    domains : DataFrame, optional
        As `read_domains` returns it.
    name : str
        Name under which losses are counted.
    files : mapping of str to str
        The files of "annotations" and "domains", for messages.
    """

    sequences: Mapping[str, str]
    annotations: pd.DataFrame
    aliases: Sequence[AliasTable] = ()
    domains: pd.DataFrame | None = None
    name: str = "references"
    files: Mapping[str, str] | None = None

    def file(self, table: str) -> str:
        """Return the file of a table, or a name for it, for messages."""
        return (self.files or {}).get(table, f"{self.name} {table}")


@dataclass(frozen=True)
class Target:
    """The organism's genes, to which the references are joined, and what was known about them at t0.

    Parameters
    ----------
    sequences : mapping of gene to sequence
    identifiers : GeneIdentifiers
    domains : DataFrame
        Rows of gene and domain.
    ontology : Ontology
        With its roots.
    terms : tuple of str
        The columns of the dataset.
    date : int
        t0, the newest date among the organism's annotations, as YYYYMMDD.
    synthetic : mapping of str to str
        Synthetic genes to sequences, which are also compared with the references.
    """

    sequences: Mapping[str, str]
    identifiers: GeneIdentifiers
    domains: pd.DataFrame
    ontology: Ontology
    terms: tuple[str, ...]
    date: int
    synthetic: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Labelled:
    sequences: dict[str, str]
    positive: csr_array
    domains: pd.DataFrame


def join_references(
    sources: Sequence[ReferenceSource],
    target: Target,
    coverage: Coverage,
    *,
    evidence: Collection[str],
    threads: int = 1,
) -> References | None:
    """Label the references by experiments, and compare every gene with them by sequence and by domains.

    Only annotations with the chosen evidence become labels; electronic annotations are used for their domains alone.
    The function leaves out and counts rows dated after t0 or without a date, rows of an object that is a gene of the
    organism, proteins that are such a gene or have the sequence of one, and terms that are no column of the dataset.

    Returns
    -------
    References or None
        None if there are no sources.

    Raises
    ------
    InputError
        If a source has no label to transfer, or one of its tables does not join.
    """
    if not sources:
        return None
    labelled: list[_Labelled] = []
    for source in sources:
        earlier = {name for found in labelled for name in found.sequences}
        labelled.append(_label(source, target, earlier, coverage, evidence))
    sequences = {name: sequence for found in labelled for name, sequence in found.sequences.items()}
    compared = {**target.sequences, **target.synthetic}
    hits = search_references(compared, sequences, threads=threads)
    domains = pd.concat([found.domains for found in labelled])
    shared = sorted(set(target.domains["domain"]) | set(domains["domain"]))
    genes_carry = carried_domains(target.domains, list(compared), shared)
    references_carry = carried_domains(domains, list(sequences), shared)
    return References(
        names=np.array(list(sequences), dtype=np.str_),
        homology=bit_scores(hits, len(compared), len(sequences)),
        domains=domain_similarity(genes_carry, references_carry),
        positive=csr_array(vstack([found.positive for found in labelled])),
    )


def _label(
    source: ReferenceSource, target: Target, earlier: set[str], coverage: Coverage, evidence: Collection[str]
) -> _Labelled:
    proteins = list(source.sequences)
    identifiers = GeneIdentifiers(proteins, source.aliases)
    annotations = _until(target, source, identifiers, coverage)
    experiments = _experiments(annotations, source, coverage, evidence)
    labels = label_genes(
        experiments,
        identifiers,
        proteins,
        target.ontology,
        coverage,
        source=source.name,
        file=source.file("annotations"),
        evidence=evidence,
    )
    positive = _columns(labels.positive, source, target, coverage)
    kept = _kept(positive, source, target, earlier, coverage)
    domains = annotated_domains(annotations, labels.objects)
    if source.domains is not None:
        table = join_domains(
            source.domains, identifiers, coverage, source=f"{source.name} domains", file=source.file("domains")
        )
        domains = pd.concat([domains, table]).drop_duplicates()
    sequences = {proteins[row]: source.sequences[proteins[row]] for row in kept.tolist()}
    return _Labelled(sequences, csr_array(positive[kept]), domains[domains["gene"].isin(list(sequences))])


def _until(target: Target, source: ReferenceSource, identifiers: GeneIdentifiers, coverage: Coverage) -> pd.DataFrame:
    """Return the rows dated until t0 whose objects are no gene of the organism, and count the others."""
    dates = source.annotations["date"].to_numpy()
    own = _own_objects(source.annotations, identifiers, target)
    lost = np.full(len(dates), "", dtype=object)
    lost[source.annotations["gene"].astype(str).isin(list(own)).to_numpy()] = "of a gene of the organism"
    lost[dates == 0] = "without a date"
    lost[dates > target.date] = "dated after the organism's annotations"
    _count(lost, source, coverage)
    if not (lost == "").any():
        raise InputError(
            f"{source.file('annotations')}: found no row that is dated until {target.date}, the newest date of"
            " `annotations`, and is of another organism; give older annotations"
        )
    left: pd.DataFrame = source.annotations[lost == ""]
    return left


def _own_objects(annotations: pd.DataFrame, identifiers: GeneIdentifiers, target: Target) -> dict[str, str]:
    """Return the annotated objects that are genes of the organism, each with its gene.

    Symbols and synonyms are compared only for objects whose own name is no reference, because orthologs in different
    organisms share symbols.
    """
    described = annotations.drop_duplicates("gene")
    words = {
        str(name): [str(symbol), *str(synonyms).split("|")]
        for name, symbol, synonyms in zip(described["gene"], described["symbol"], described["synonyms"])
    }
    named = identifiers.resolve(words).targets
    open_words = {name: [] if name in named else synonyms for name, synonyms in words.items()}
    return target.identifiers.resolve(words, synonyms=open_words).targets


def _experiments(
    annotations: pd.DataFrame, source: ReferenceSource, coverage: Coverage, evidence: Collection[str]
) -> pd.DataFrame:
    """Return the rows that can become labels, and count the others."""
    lost = np.full(len(annotations), "", dtype=object)
    lost[annotations["negated"].to_numpy(dtype=bool)] = "NOT"
    lost[~annotations["evidence"].astype(str).isin(set(evidence)).to_numpy()] = "evidence that makes no label"
    _count(lost, source, coverage)
    if not (lost == "").any():
        raise InputError(
            f"{source.file('annotations')}: found no experimental annotation, expected some to transfer;"
            " check `references` and `evidence`"
        )
    left: pd.DataFrame = annotations[lost == ""]
    return left


def _count(lost: np.ndarray, source: ReferenceSource, coverage: Coverage) -> None:
    """Count lost rows; `label_genes` counts the others."""
    coverage.add(source.name, "annotation rows", "held", int((lost != "").sum()))
    for reason, count in pd.Series(lost[lost != ""], dtype=object).value_counts().items():
        coverage.add(source.name, "annotation rows", str(reason), int(count))


def _columns(positive: csr_array, source: ReferenceSource, target: Target, coverage: Coverage) -> csr_array:
    """Return the labels for the terms of the dataset's columns, and count the others."""
    columns = np.array([target.ontology.index[term] for term in target.terms], dtype=np.intp)
    kept = csr_array(positive[:, columns])
    rootless = int((~target.ontology.roots[positive.indices]).sum())
    coverage.add(source.name, "labels, closed upwards", "held", rootless)
    coverage.add(source.name, "labels, closed upwards", "joined", kept.nnz)
    coverage.add(source.name, "labels, closed upwards", "term that no gene of the organism has", rootless - kept.nnz)
    return kept


def _kept(
    positive: csr_array, source: ReferenceSource, target: Target, earlier: set[str], coverage: Coverage
) -> np.ndarray:
    """Return the rows of the proteins that have a label and are no gene of the organism, and count the others."""
    proteins = list(source.sequences)
    own = target.identifiers.resolve(proteins).targets
    known = set(target.sequences.values())
    lost = np.full(len(proteins), "", dtype=object)
    lost[np.diff(positive.indptr) == 0] = "no label to transfer"
    lost[[name in earlier for name in proteins]] = "in an earlier reference"
    lost[[sequence in known for sequence in source.sequences.values()]] = "same sequence as a gene of the organism"
    lost[[name in own for name in proteins]] = "a gene of the organism"
    coverage.add(source.name, "proteins", "held", len(proteins))
    coverage.add(source.name, "proteins", "joined", int((lost == "").sum()))
    for reason, count in pd.Series(lost[lost != ""], dtype=object).value_counts().items():
        coverage.add(source.name, "proteins", str(reason), int(count))
    if not (lost == "").any():
        raise InputError(
            f"{source.file('annotations')}: found no protein with an experimental annotation that is no gene of the"
            " organism, expected proteins of another organism; check `references`"
        )
    _log.info("%s: %d of %d proteins have labels to transfer", source.name, int((lost == "").sum()), len(proteins))
    return np.flatnonzero(lost == "")
