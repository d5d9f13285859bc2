"""Writers of the raw formats; the same table gives the same bytes."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import numpy as np
import pandas as pd

from genessl.simulate.curation import GAF_COLUMNS
from genessl.simulate.interactions import Edges
from genessl.simulate.names import TAXON, GeneNames
from genessl.simulate.terms import NAMESPACES, SimulatedTerms

_LINE = 60
_CHANNELS = ("neighborhood", "fusion", "cooccurence", "coexpression", "experimental", "database", "textmining")
_CHANNEL_SEES = (0.15, 0.02, 0.1, 0.5, 0.55, 0.12, 0.5)
_PRIOR = 0.041
_BIOGRID_COLUMNS = [
    "#BioGRID Interaction ID", "Entrez Gene Interactor A", "Entrez Gene Interactor B", "BioGRID ID Interactor A",
    "BioGRID ID Interactor B", "Systematic Name Interactor A", "Systematic Name Interactor B",
    "Official Symbol Interactor A", "Official Symbol Interactor B", "Synonyms Interactor A", "Synonyms Interactor B",
    "Experimental System", "Experimental System Type", "Author", "Publication Source", "Organism ID Interactor A",
    "Organism ID Interactor B", "Throughput", "Score", "Modification", "Qualifications", "Tags", "Source Database",
    "SWISS-PROT Accessions Interactor A", "TREMBL Accessions Interactor A", "REFSEQ Accessions Interactor A",
    "SWISS-PROT Accessions Interactor B", "TREMBL Accessions Interactor B", "REFSEQ Accessions Interactor B",
    "Ontology Term IDs", "Ontology Term Names", "Ontology Term Categories", "Ontology Term Qualifier IDs",
    "Ontology Term Qualifier Names", "Ontology Term Types", "Organism Name Interactor A", "Organism Name Interactor B",
]  # fmt: skip
_SYSTEMS = (
    ("Affinity Capture-MS", "physical"),
    ("Two-hybrid", "physical"),
    ("Synthetic Lethality", "genetic"),
    ("Negative Genetic", "genetic"),
)


@contextmanager
def _text(path: Path) -> Iterator[TextIO]:
    """Open a text file for writing; a gzip file carries neither its name nor the time."""
    if path.suffix != ".gz":
        with path.open("w", encoding="ascii", newline="\n") as plain:
            yield plain
        return
    with (
        path.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=6) as packed,
        io.TextIOWrapper(packed, encoding="ascii", newline="\n") as text,
    ):
        yield text


def write_sequences(path: Path, sequences: Sequence[str], names: GeneNames) -> None:
    """Write FASTA with UniProt headers, sorted by accession."""
    with _text(path) as text:
        for gene in names.by_accession.tolist():
            symbol, sequence = names.symbol[gene], sequences[gene]
            text.write(
                f">sp|{names.accession[gene]}|{names.entry[gene]} Protein {symbol}"
                f" OS=Simulated organism OX={TAXON} GN={symbol} PE=1 SV=1\n"
            )
            text.writelines(f"{sequence[at : at + _LINE]}\n" for at in range(0, len(sequence), _LINE))


def write_ontology(path: Path, terms: SimulatedTerms) -> None:
    """Write OBO 1.2, terms sorted by identifier, obsolete ones last."""
    aliases: dict[int, list[str]] = {}
    for alias, term in terms.alternatives.items():
        aliases.setdefault(term, []).append(alias)
    parts = {child: [("part_of", parent)] for child, parent in terms.across}
    with _text(path) as text:
        text.write("format-version: 1.2\ndata-version: releases/2020-01-01\nontology: simulated\n")
        for term in sorted(range(len(terms.identifiers)), key=terms.identifiers.__getitem__):
            text.write(f"\n[Term]\nid: {terms.identifiers[term]}\nname: {terms.names[term]}\n")
            text.write(f"namespace: {NAMESPACES[terms.aspect[term]]}\n")
            text.writelines(f"alt_id: {alias}\n" for alias in aliases.get(term, []))
            parents = [("is_a", int(terms.parent[term]))] if terms.parent[term] >= 0 else []
            if term in terms.second_parents:
                parents.append(terms.second_parents[term][::-1])
            for relation, parent in [*parents, *parts.get(term, [])]:
                prefix = "is_a:" if relation == "is_a" else f"relationship: {relation}"
                text.write(f"{prefix} {terms.identifiers[parent]} ! {terms.names[parent]}\n")
        for identifier, replacement in sorted(terms.obsolete.items()):
            text.write(
                f"\n[Term]\nid: {identifier}\nname: obsolete term\nnamespace: {NAMESPACES[0]}\nis_obsolete: true\n"
            )
            if replacement is not None:
                text.write(f"replaced_by: {terms.identifiers[replacement]}\n")
        text.write("\n[Typedef]\nid: part_of\nname: part of\nis_transitive: true\n")


def write_gaf(path: Path, table: pd.DataFrame, generated: pd.Timestamp) -> None:
    """Write the rows dated before `generated` as GAF 2.2."""
    rows = table.loc[table["date"] < generated, GAF_COLUMNS]
    rows = rows.assign(date=rows["date"].dt.strftime("%Y%m%d"))
    with _text(path) as text:
        text.write(f"!gaf-version: 2.2\n!generated-by: simulation\n!date-generated: {generated:%Y-%m-%d}\n")
        rows.to_csv(text, sep="\t", header=False, index=False, lineterminator="\n")


def write_string_links(path: Path, edges: Edges, names: GeneNames, rng: np.random.Generator) -> None:
    """Write STRING links with channels, each edge in both directions.

    Each channel sees some of the edges; the combined score is 1 - prod(1 - s) with the prior of 0.041 taken out of
    each channel and put back once, times 1000, as STRING does.
    """
    sees = rng.random((len(edges.first), len(_CHANNELS))) < np.array(_CHANNEL_SEES)
    sees[np.arange(len(sees)), rng.integers(len(_CHANNELS), size=len(sees))] |= ~sees.any(axis=1)
    blurred = np.clip(edges.weight[:, None] * rng.uniform(0.6, 1.2, size=sees.shape), _PRIOR + 0.01, 0.999)
    channels = np.where(sees, np.round(1000 * blurred), 0).astype(np.int64)
    beyond = np.clip((channels / 1000 - _PRIOR) / (1 - _PRIOR), 0, 1)
    combined = 1 - (1 - beyond).prod(axis=1) * (1 - _PRIOR)
    string_ids = np.array([f"{TAXON}.{locus}" for locus in names.locus], dtype=object)
    scores = pd.DataFrame(channels, columns=list(_CHANNELS)).assign(
        combined_score=np.minimum(999, np.floor(1000 * combined)).astype(np.int64)
    )
    ends = (string_ids[edges.first], string_ids[edges.second])
    directed = [pd.DataFrame({"protein1": a, "protein2": b}).join(scores) for a, b in (ends, ends[::-1])]
    with _text(path) as text:
        pd.concat(directed).sort_values(["protein1", "protein2"]).to_csv(
            text, sep=" ", index=False, lineterminator="\n"
        )


def write_weighted_edges(path: Path, edges: Edges, names: GeneNames) -> None:
    """Write locus tag, locus tag and weight, a line per edge, without a header."""
    table = pd.DataFrame({"a": names.locus[edges.first], "b": names.locus[edges.second], "w": edges.weight})
    with _text(path) as text:
        table.sort_values(["a", "b"]).to_csv(
            text, sep="\t", header=False, index=False, float_format="%.4f", lineterminator="\n"
        )


def write_biogrid(path: Path, edges: Edges, names: GeneNames, rng: np.random.Generator) -> None:
    """Write BioGRID TAB3: some edges in two experiments, some proteins that bind themselves or another species'."""
    again = np.flatnonzero(rng.random(len(edges.first)) < 0.3)
    alone = rng.choice(np.unique(edges.first), size=min(3, len(np.unique(edges.first))), replace=False)
    first = np.concatenate([edges.first, edges.second[again], alone, alone])
    second = np.concatenate([edges.second, edges.first[again], alone, alone])
    system = rng.choice(len(_SYSTEMS), p=[0.4, 0.25, 0.15, 0.2], size=len(first))
    table = pd.DataFrame("-", index=np.arange(len(first)), columns=_BIOGRID_COLUMNS, dtype=object)
    table["#BioGRID Interaction ID"] = np.arange(1, len(first) + 1)
    table["Experimental System"] = np.array([name for name, _ in _SYSTEMS], dtype=object)[system]
    table["Experimental System Type"] = np.array([kind for _, kind in _SYSTEMS], dtype=object)[system]
    table["Author"], table["Publication Source"] = "Simulated (2019)", "PUBMED:90000001"
    table["Throughput"], table["Source Database"] = "High Throughput", "BIOGRID"
    for letter, gene in (("A", first), ("B", second)):
        table[f"Entrez Gene Interactor {letter}"] = table[f"BioGRID ID Interactor {letter}"] = gene + 1
        table[f"Systematic Name Interactor {letter}"] = names.locus[gene]
        table[f"Official Symbol Interactor {letter}"] = names.symbol[gene]
        table[f"Synonyms Interactor {letter}"] = np.where(names.old_name[gene] == "", "-", names.old_name[gene])
        table[f"Organism ID Interactor {letter}"] = TAXON
        table[f"Organism Name Interactor {letter}"] = "Simulated organism"
        table[f"SWISS-PROT Accessions Interactor {letter}"] = names.accession[gene]
    foreign = table.index[-len(alone) :]
    table.loc[foreign, "Organism ID Interactor B"] = TAXON - 1
    for column in ("Systematic Name", "Official Symbol"):
        table.loc[foreign, f"{column} Interactor B"] = [f"OTHER{number}" for number in range(1, len(alone) + 1)]
    table.loc[foreign, ["SWISS-PROT Accessions Interactor B", "Synonyms Interactor B"]] = "-"
    table.loc[foreign, "Organism Name Interactor B"] = "Another organism"
    with _text(path) as text:
        table.to_csv(text, sep="\t", index=False, lineterminator="\n")


def write_aliases(path: Path, aliases: pd.DataFrame) -> None:
    """Write a STRING alias table."""
    with _text(path) as text:
        aliases.rename(columns={"string_protein_id": "#string_protein_id"}).to_csv(
            text, sep="\t", index=False, lineterminator="\n"
        )


def write_names(path: Path, accessions: Sequence[str]) -> None:
    """Write one accession a line, sorted."""
    with _text(path) as text:
        text.writelines(f"{accession}\n" for accession in sorted(accessions))
