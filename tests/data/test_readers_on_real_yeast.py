"""The readers on the real files of yeast; expected numbers were counted by other means, as noted beside them."""

import os
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from genessl.data.adjacency import adjacency
from genessl.data.aliases import AliasTable, read_aliases
from genessl.data.annotations import EXPERIMENTAL, read_gaf
from genessl.data.coverage import Coverage
from genessl.data.identifiers import GeneIdentifiers
from genessl.data.networks import read_network
from genessl.data.ontology import read_obo
from genessl.data.sequences import read_fasta
from genessl.data.text_files import read_lines

FOLDER = os.environ.get("GENESSL_TEST_DATA")
pytestmark = pytest.mark.skipif(FOLDER is None, reason="set GENESSL_TEST_DATA to the folder of real data to run this")

ALIASES = "4932.protein.aliases.v12.0.txt.gz"
SEQUENCES = "4932.protein.sequences.v12.0.fa.gz"
PROTEOME = "UP000002311_559292.fasta.gz"


def found(name: str) -> Path:
    path = next(Path(str(FOLDER)).rglob(name), None)
    if path is None:
        pytest.skip(f"{name} is not in the folder of real data")
    return path


@cache
def sequences(name: str) -> dict[str, str]:
    return read_fasta(found(name))


@cache
def aliases(name: str = ALIASES) -> AliasTable:
    return read_aliases(found(name))


def annotated(name: str) -> dict[str, list[str]]:
    objects = read_gaf(found(name)).drop_duplicates("gene").astype({"gene": str, "symbol": str, "synonyms": str})
    return {g: [s, *w.split("|")] for g, s, w in zip(objects["gene"], objects["symbol"], objects["synonyms"])}


@pytest.mark.parametrize(("name", "n_genes"), [(PROTEOME, 6059), (SEQUENCES, 6600)])  # counted: zgrep -c '>'
def test_every_sequence_is_read(name: str, n_genes: int) -> None:
    assert len(sequences(name)) == n_genes


@pytest.mark.parametrize(
    ("name", "n_rows"),  # counted: zgrep -vc '^!'
    [
        ("gene_association.sgd_2006-05-16.gaf.gz", 33288),
        ("gene_association.sgd_2011-12-24.gaf.gz", 87711),
        ("gene_association.sgd_2016-08-13.gaf.gz", 99939),
        ("goa_yeast_2020-03-03.gaf.gz", 126835),
    ],
)
def test_every_annotation_is_read_with_its_date(name: str, n_rows: int) -> None:
    table = read_gaf(found(name))
    assert len(table) == n_rows
    assert (table["date"] > 19900101).all()
    assert set(table["aspect"]) == {"P", "F", "C"}
    assert not table["qualifier"].str.contains("NOT").any()


def test_experimentally_annotated_proteins_of_2020_are_those_of_the_published_count() -> None:
    table = read_gaf(found("goa_yeast_2020-03-03.gaf.gz"))
    roots = ["GO:0008150", "GO:0003674", "GO:0005575"]
    table = table[table["evidence"].isin(EXPERIMENTAL) & ~table["negated"] & ~table["term"].isin(roots)]
    counts = table.groupby("aspect", observed=True)["gene"].nunique()
    # as the data folder's README counts them
    assert table["gene"].nunique() == 5445
    assert (counts["P"], counts["F"], counts["C"]) == (4747, 4267, 5210)


def test_proteome_accessions_reach_distinct_string_proteins() -> None:
    targets = GeneIdentifiers(list(sequences(SEQUENCES)), [aliases()]).resolve(sequences(PROTEOME)).targets
    by_accession = dict(zip(*reversed(aliases().sources["UniProt_AC"])))
    expected = {name: by_accession[name] for name in sequences(PROTEOME) if name in by_accession}
    assert len(expected) == 5888  # as the data folder's README counts them
    assert expected.items() <= targets.items()
    assert len(set(targets.values())) == len(targets) == 5897


@pytest.mark.parametrize("name", [ALIASES, "SGD_features.tab.gz"])
def test_sgd_identifiers_reach_the_string_protein_of_their_orf(name: str) -> None:
    resolution = GeneIdentifiers(list(sequences(SEQUENCES)), [aliases(name)]).resolve(
        annotated("gene_association.sgd_2016-08-13.gaf.gz")
    )
    rows = [line.split("\t") for _, line in read_lines(found("SGD_features.tab.gz"))]
    orfs = {row[0]: f"4932.{row[3]}" for row in rows if row[1] == "ORF" and f"4932.{row[3]}" in sequences(SEQUENCES)}
    shared = resolution.targets.keys() & orfs.keys()
    assert len(shared) > 5800
    assert all(resolution.targets[sgdid] == orfs[sgdid] for sgdid in shared)
    assert len(resolution.targets.keys() - orfs.keys()) <= 5  # merged features


def test_rna_genes_join_to_no_protein_even_by_their_synonyms() -> None:
    identifiers = GeneIdentifiers(list(sequences(SEQUENCES)), [aliases(), aliases("SGD_features.tab.gz")])
    synonyms = annotated("gene_association.sgd_2016-08-13.gaf.gz")
    targets = identifiers.resolve(synonyms, synonyms=synonyms).targets
    rows = [line.split("\t") for _, line in read_lines(found("SGD_features.tab.gz"))]
    rnas = {row[0] for row in rows if row[1] in ("tRNA_gene", "rRNA_gene", "snoRNA_gene", "ncRNA_gene", "snRNA_gene")}
    assert len(rnas & synonyms.keys()) > 400
    assert not rnas & targets.keys()


@pytest.mark.parametrize("tables", [(ALIASES,), ("SGD_features.tab.gz", ALIASES)])
def test_sgd_identifiers_reach_accessions_over_their_orf(tables: tuple[str, ...]) -> None:
    identifiers = GeneIdentifiers(list(sequences(PROTEOME)), [aliases(name) for name in tables])
    targets = identifiers.resolve(annotated("gene_association.sgd_2011-12-24.gaf.gz")).targets
    assert 5750 < len(targets) < 5770
    assert targets["S000000001"] == "P34111"


@pytest.mark.parametrize(
    ("name", "format_name", "n_proteins", "n_edges"),  # as the data folder's README counts them
    [
        ("4932.protein.physical.links.v12.0.txt.gz", "string", 5925, 176303),
        ("4932.protein.actions.v11.0.txt.gz", "string_actions", 5288, 119776),
        ("Costanzo-2016.txt.gz", "edges", 4529, 33056),
        ("Hu-2007.txt.gz", "edges", 1101, 14826),
        ("Krogan-2006.txt.gz", "edges", 2674, 7075),
    ],
)
def test_networks_have_the_published_proteins_and_edges(
    name: str, format_name: str, n_proteins: int, n_edges: int
) -> None:
    edges = read_network(found(name), format_name)
    nodes = sorted({*edges["a"], *edges["b"]})
    coverage = Coverage()
    matrix = adjacency(edges, {n: k for k, n in enumerate(nodes)}, len(nodes), source=name, coverage=coverage)
    assert (len(nodes), matrix.nnz) == (n_proteins, 2 * n_edges)
    coverage.check()


def test_string_above_400_is_a_subset() -> None:
    edges = read_network(found("4932.protein.physical.links.v12.0.txt.gz"), "string", min_score=0.4)
    assert (len({*edges["a"], *edges["b"]}), len(edges) // 2) == (4825, 70201)  # as the data folder's README


def test_recombined_channels_equal_the_combined_score_of_string() -> None:
    path = found("4932.protein.physical.links.full.v12.0.txt.gz")
    direct = ["experiments", "database", "textmining"]
    combined = read_network(path, "string")["weight"].to_numpy()
    recombined = read_network(path, "string", channels=[*direct, *(f"{c}_transferred" for c in direct)])["weight"]
    assert np.abs(recombined.to_numpy() - combined).max() < 0.0011  # STRING truncates to thousandths


@pytest.mark.parametrize(
    ("channel", "n_edges"), [("database", 33486), ("neighborhood", 45610), ("cooccurence", 2664), ("fusion", 1361)]
)  # as the data folder's README counts them
def test_indexed_channels_have_the_published_edges(channel: str, n_edges: int) -> None:
    genes = [line for _, line in read_lines(found("yeast_string_genes.txt.gz"))]
    edges = read_network(found(f"yeast_string_{channel}_adjacency.txt.gz"), "indexed_edges", genes=genes)
    index = {gene: row for row, gene in enumerate(genes)}
    assert adjacency(edges, index, len(genes), source=channel, coverage=Coverage()).nnz == 2 * n_edges


@pytest.mark.parametrize(
    ("name", "gaf"),
    [
        ("gene_ontology.1_2_2012-01-04.obo.gz", "gene_association.sgd_2011-12-24.gaf.gz"),
        ("go_2015-07-11.obo.gz", "gene_association.sgd_2016-08-13.gaf.gz"),
    ],
)
def test_releases_of_go_have_three_roots_and_know_the_annotated_terms(name: str, gaf: str) -> None:
    ontology = read_obo(found(name))
    roots = {ontology.terms[column] for column in np.flatnonzero(ontology.roots)}
    assert roots == {"GO:0008150", "GO:0003674", "GO:0005575"}
    terms = read_gaf(found(gaf))["term"].unique()
    assert np.mean([ontology.resolve(term) is not None for term in terms]) > 0.95
