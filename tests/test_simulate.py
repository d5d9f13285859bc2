"""The simulated organism: its formats, its biology, and that it is hard but not hopeless."""

import gzip
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from Bio import SeqIO
from Bio.Align import PairwiseAligner, substitution_matrices
from scipy.sparse import csr_array

from genessl.data.adjacency import adjacency
from genessl.data.aliases import read_aliases
from genessl.data.annotations import EXPERIMENTAL, read_gaf
from genessl.data.coverage import Coverage
from genessl.data.identifiers import GeneIdentifiers
from genessl.data.labels import label_genes
from genessl.data.networks import read_network
from genessl.data.ontology import read_obo
from genessl.data.sequences import read_fasta
from genessl.errors import InputError
from genessl.evaluation.metrics import average, summarise, tabulate
from genessl.features.homology import bit_scores, search_homologs
from genessl.simulate import SimulationSettings, settings_from_mapping, simulate_organism
from genessl.simulate.proteins import BACKGROUND, simulate_families, substitute

FILES = {
    "sequences.fasta.gz", "spurious.txt", "ontology.obo", "annotations.gaf.gz", "annotations_later.gaf.gz",
    "string.links.txt.gz", "coexpression.txt.gz", "interactions.biogrid.tab3.txt", "aliases.txt.gz",
}  # fmt: skip
SETTINGS = SimulationSettings(n_genes=600, seed=2026)


@pytest.fixture(scope="module")
def organism(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("simulated") / "organism"
    simulate_organism(SETTINGS, folder)
    return folder


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def lines(path: Path) -> list[str]:
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).decode("ascii").splitlines()


def gaf_rows(path: Path) -> list[list[str]]:
    return [line.split("\t") for line in lines(path) if not line.startswith("!")]


def labels_of(folder: Path, name: str):
    genes = list(read_fasta(folder / "sequences.fasta.gz"))
    ontology = read_obo(folder / "ontology.obo")
    identifiers = GeneIdentifiers(genes, [read_aliases(folder / "aliases.txt.gz")])
    coverage = Coverage()
    labels = label_genes(read_gaf(folder / name), identifiers, genes, ontology, coverage, source=name)
    coverage.check()
    return genes, ontology, labels


def network_of(folder: Path, name: str, kind: str):
    genes = list(read_fasta(folder / "sequences.fasta.gz"))
    identifiers = GeneIdentifiers(genes, [read_aliases(folder / "aliases.txt.gz")])
    edges = read_network(folder / name, kind)
    row_of = {gene: row for row, gene in enumerate(genes)}
    targets = identifiers.resolve(pd.unique(pd.concat([edges["a"], edges["b"]]).astype(str))).targets
    index_of = {node: row_of[gene] for node, gene in targets.items()}
    return adjacency(edges, index_of, len(genes), source=name, coverage=Coverage())


# The same settings, the same bytes


def test_same_seed_gives_the_same_bytes(organism: Path, tmp_path: Path) -> None:
    simulate_organism(SETTINGS, tmp_path / "again")
    assert content(tmp_path / "again") == content(organism)


def test_another_seed_gives_another_organism(organism: Path, tmp_path: Path) -> None:
    simulate_organism(SimulationSettings(n_genes=600, seed=1), tmp_path / "other")
    same = [name for name, data in content(tmp_path / "other").items() if data == content(organism)[name]]
    assert same == []


def test_writes_these_files_and_leaves_nothing_else_behind(organism: Path) -> None:
    assert set(content(organism)) == FILES
    assert list(organism.parent.iterdir()) == [organism]


def test_replaces_an_earlier_organism_whole(tmp_path: Path) -> None:
    (tmp_path / "organism").mkdir()
    for name in ("left_over.txt", "ontology.obo"):
        (tmp_path / "organism" / name).write_text("old")
    simulate_organism(SimulationSettings(n_genes=12), tmp_path / "organism")
    assert set(content(tmp_path / "organism")) == FILES


# Formats


def test_sequences_have_uniprot_headers_and_standard_residues(organism: Path) -> None:
    with gzip.open(organism / "sequences.fasta.gz", "rt") as text:
        records = list(SeqIO.parse(text, "fasta"))
    assert len(records) == 600
    assert all(record.id.startswith("sp|") and record.id.count("|") == 2 for record in records)
    accession = r"[A-NR-Z][0-9]([A-Z][A-Z0-9]{2}[0-9]){1,2}"  # UniProt's published pattern
    assert pd.Series([record.id.split("|")[1] for record in records]).str.fullmatch(accession).all()
    assert set("".join(str(record.seq) for record in records)) <= set("ACDEFGHIKLMNPQRSTVWY")


def test_annotations_have_the_17_columns_of_gaf_2_2_and_a_qualifier(organism: Path) -> None:
    for name in ("annotations.gaf.gz", "annotations_later.gaf.gz"):
        assert lines(organism / name)[0] == "!gaf-version: 2.2"
        rows = gaf_rows(organism / name)
        assert {len(row) for row in rows} == {17}
        assert all(row[3] and row[13].isdigit() and len(row[13]) == 8 for row in rows)


def test_annotations_hold_what_real_files_surprise_with(organism: Path) -> None:
    rows = gaf_rows(organism / "annotations.gaf.gz")
    assert any(row[3].startswith("NOT|") for row in rows)
    assert {"ND", "IEA", "IBA", "NO_MAPPING"} <= {row[6] for row in rows}
    assert any(row[6] == "IEA" and row[7].startswith("InterPro:IPR") for row in rows)
    assert any(row[11] == "ncRNA" for row in rows)
    ontology = read_obo(organism / "ontology.obo")
    assert {ontology.resolve(row[4]) for row in rows} >= {None}
    assert any(row[4] in ontology.alternatives for row in rows)


def test_later_annotations_are_the_earlier_ones_and_newer_rows(organism: Path) -> None:
    before = {tuple(row) for row in gaf_rows(organism / "annotations.gaf.gz")}
    after = {tuple(row) for row in gaf_rows(organism / "annotations_later.gaf.gz")}
    assert before < after
    assert max(row[13] for row in before) < "20200101"
    assert min(row[13] for row in after - before) >= "20200101"


def test_ontology_has_the_roots_protein_binding_and_no_cycle(organism: Path) -> None:
    ontology = read_obo(organism / "ontology.obo")  # a cycle would be refused
    assert len(ontology.terms) == 300
    roots = {ontology.terms[column]: str(ontology.aspects[column]) for column in np.flatnonzero(ontology.roots)}
    assert roots == {"GO:0008150": "BPO", "GO:0003674": "MFO", "GO:0005575": "CCO"}
    assert ontology.aspects[ontology.index["GO:0005515"]] == "MFO"
    text = "\n".join(lines(organism / "ontology.obo"))
    assert all(tag in text for tag in ("relationship: part_of", "alt_id:", "replaced_by:", "is_obsolete: true"))
    assert ontology.obsolete


def test_string_lists_each_edge_in_both_directions_with_the_same_scores(organism: Path) -> None:
    rows = [line.split(" ") for line in lines(organism / "string.links.txt.gz")]
    assert rows[0][:2] == ["protein1", "protein2"] and rows[0][-1] == "combined_score"
    edges = {(row[0], row[1]): row[2:] for row in rows[1:]}
    assert len(edges) == len(rows) - 1
    assert all(edges[b, a] == scores for (a, b), scores in edges.items())
    assert all(a != b and a.startswith("9999.") for a, b in edges)
    assert all(0 < int(scores[-1]) < 1000 for scores in edges.values())


def test_biogrid_rows_have_the_37_columns_of_tab3(organism: Path) -> None:
    rows = [line.split("\t") for line in lines(organism / "interactions.biogrid.tab3.txt")]
    assert rows[0][0].startswith("#") and {len(row) for row in rows} == {37}
    assert {row[12] for row in rows[1:]} == {"physical", "genetic"}


def test_some_aliases_are_ambiguous(organism: Path) -> None:
    table = pd.DataFrame([line.split("\t") for line in lines(organism / "aliases.txt.gz")[1:]])
    n_targets = table.groupby([1, 2])[0].nunique()
    assert (n_targets.xs("UniProt_AC", level=2) == 1).all()
    assert (n_targets.xs("UniProt_GN_Synonyms", level=2) > 1).any()


def test_everything_reads_back_and_joins(organism: Path) -> None:
    genes, ontology, labels = labels_of(organism, "annotations.gaf.gz")
    assert labels.positive.shape == (600, len(ontology.terms))
    assert labels.positive.nnz and labels.negative.nnz and labels.electronic.nnz
    files = {
        "string.links.txt.gz": "string",
        "coexpression.txt.gz": "edges",
        "interactions.biogrid.tab3.txt": "biogrid",
    }
    for name, kind in files.items():
        network = network_of(organism, name, kind)
        assert network.nnz > 600 and (network != network.T).nnz == 0
    assert set(lines(organism / "spurious.txt")) < set(genes)


# Biology


def test_spurious_records_have_no_annotation(organism: Path) -> None:
    spurious = set(lines(organism / "spurious.txt"))
    assert len(spurious) == 36  # 6 % of 600
    assert spurious.isdisjoint(row[1] for row in gaf_rows(organism / "annotations_later.gaf.gz"))


def test_the_share_of_experimentally_annotated_genes_is_as_set(organism: Path) -> None:
    experimental = {
        row[1]
        for row in gaf_rows(organism / "annotations.gaf.gz")
        if row[6] in EXPERIMENTAL and "NOT" not in row[3] and row[11] == "protein"
    }
    assert len(experimental) / 600 == pytest.approx(0.45, abs=0.02)


def test_enough_genes_gain_annotations_in_each_aspect(organism: Path) -> None:
    _, ontology, before = labels_of(organism, "annotations.gaf.gz")
    _, _, after = labels_of(organism, "annotations_later.gaf.gz")
    for aspect in ("BPO", "MFO", "CCO"):
        columns = np.flatnonzero((ontology.aspects == aspect) & ~ontology.roots)
        if aspect == "MFO":  # only protein binding is as good as nothing
            binding = ontology.ancestors[[ontology.index["GO:0005515"]]].indices
            columns = np.setdiff1d(columns, binding)
        n_before, n_after = (labels.positive[:, columns].sum(axis=1) for labels in (before, after))
        assert ((n_before == 0) & (n_after > 0)).sum() >= 60
        assert ((n_before > 0) & (n_after > n_before)).sum() >= 30


def test_relatives_are_more_alike_than_strangers(organism: Path) -> None:
    """Pairwise global alignments by Biopython; two random proteins align at about 20 % or less."""
    sequences = read_fasta(organism / "sequences.fasta.gz")
    rows = [row for row in gaf_rows(organism / "annotations.gaf.gz") if row[7].startswith("PANTHER:")]
    families = pd.DataFrame(rows).drop_duplicates([1, 7]).groupby(7)[1].apply(list)
    relatives = [(members[0], members[1]) for members in families if len(members) > 1][:12]
    strangers = [(first[0], second[0]) for first, second in pairwise(families)][:12]
    assert len(relatives) >= 8
    within, between = ([identity(sequences[a], sequences[b]) for a, b in pairs] for pairs in (relatives, strangers))
    assert np.median(within) > 0.35
    assert np.median(between) < 0.28
    assert np.median(within) < 0.9


def identity(a: str, b: str) -> float:
    aligner = PairwiseAligner(substitution_matrix=substitution_matrices.load("BLOSUM62"), mode="global")
    aligner.open_gap_score, aligner.extend_gap_score = -11, -1
    alignment = next(iter(aligner.align(a, b)))
    pairs = [(x, y) for x, y in zip(alignment[0], alignment[1]) if "-" not in (x, y)]
    return sum(x == y for x, y in pairs) / len(pairs)


def test_interacting_genes_share_processes_and_random_pairs_do_not(organism: Path) -> None:
    _, ontology, labels = labels_of(organism, "annotations_later.gaf.gz")
    columns = np.flatnonzero((ontology.aspects == "BPO") & ~ontology.roots)
    held = labels.positive[:, columns].toarray().astype(float)
    network = network_of(organism, "string.links.txt.gz", "string").tocoo()
    known = held.any(axis=1)
    pairs = known[network.coords[0]] & known[network.coords[1]]
    first, second = (ends[pairs] for ends in network.coords)

    def likeness(a: np.ndarray, b: np.ndarray) -> float:
        shared = (held[a] * held[b]).sum(axis=1)
        return float((shared / (held[a].sum(axis=1) + held[b].sum(axis=1) - shared)).mean())

    rng = np.random.default_rng(0)
    chance = likeness(*rng.choice(np.flatnonzero(known), size=(2, 20_000)))
    partners = np.zeros(len(known), dtype=int)
    partners[known] = rng.permutation(np.flatnonzero(known))
    permuted = likeness(partners[first], partners[second])
    assert likeness(first, second) > 1.4 * chance
    assert permuted == pytest.approx(chance, rel=0.2)


@pytest.mark.slow  # a minute where DIAMOND is not installed
def test_each_view_misses_what_the_other_sees(organism: Path) -> None:
    """IA-weighted F-max of neighbours on the genes new at t1: no view near 1, both together best, permuted worst."""
    genes, ontology, before = labels_of(organism, "annotations.gaf.gz")
    _, _, after = labels_of(organism, "annotations_later.gaf.gz")
    accretion = ontology.information_accretion(before.positive)
    homology = bit_scores(search_homologs(read_fasta(organism / "sequences.fasta.gz")), len(genes))
    files = (("string.links.txt.gz", "string"), ("coexpression.txt.gz", "edges"))
    networks = sum(network_of(organism, name, kind) for name, kind in files)
    binding = ontology.ancestors[[ontology.index["GO:0005515"]]].indices
    rng = np.random.default_rng(0)
    fmax = pd.DataFrame(index=["BPO", "MFO", "CCO"], columns=["sequence", "network", "both", "permuted"], dtype=float)
    for aspect in fmax.index:
        columns = np.flatnonzero((ontology.aspects == aspect) & ~ontology.roots)
        held, truth = (labels.positive[:, columns].toarray() for labels in (before, after))
        telling = ~np.isin(columns, binding)
        labelled = np.flatnonzero(held[:, telling].any(axis=1))
        new = ~held[:, telling].any(axis=1) & truth[:, telling].any(axis=1)
        shuffled = held.copy()
        shuffled[labelled] = held[rng.permutation(labelled)]
        scores = {
            "sequence": neighbour_scores(homology, held, labelled),
            "network": neighbour_scores(networks, held, labelled),
            "permuted": neighbour_scores(networks, shuffled, labelled),
        }
        scores["both"] = (scores["sequence"] + scores["network"]) / 2
        for name, values in scores.items():
            tables = tabulate(csr_array(truth[new]), csr_array(values[new]), accretion[columns])
            fmax.loc[aspect, name] = summarise(*map(average, tables))["wfmax"][0]
    assert fmax[["sequence", "network", "both"]].to_numpy().max() < 0.7
    assert fmax[["sequence", "network", "both"]].to_numpy().min() > 0.3
    assert fmax.loc["MFO", "sequence"] > fmax.loc["MFO", "network"]
    assert (fmax["network"] > fmax["sequence"])[["BPO", "CCO"]].all()
    assert (fmax["both"] > fmax[["sequence", "network"]].max(axis=1)).all(), fmax
    assert (fmax["permuted"] < fmax[["sequence", "network"]].min(axis=1) - 0.03).all(), fmax


def neighbour_scores(weights: csr_array, held: np.ndarray, labelled: np.ndarray) -> np.ndarray:
    """Weighted share of the labelled neighbours that have a term, shrunk towards the term's frequency."""
    to_labelled = weights[:, labelled].astype(float)
    total = to_labelled.sum(axis=1)[:, None]
    prior = 0.25 * np.median(total[total > 0])
    known = held[labelled].astype(float)
    return np.asarray((to_labelled @ known + prior * known.mean(axis=0)) / (total + prior))


def test_substitution_keeps_the_composition_and_changes_as_many_sites_as_expected() -> None:
    """P(no change) = exp(-expected) at mutability 1; the process is reversible, so composition stays."""
    rng = np.random.default_rng(0)
    before = rng.choice(20, p=BACKGROUND, size=200_000).astype(np.uint8)
    after = substitute(before, np.full(len(before), 0.1, dtype=np.float32), rng)
    assert (before != after).mean() == pytest.approx(1 - np.exp(-0.1), abs=0.005)
    assert np.abs(np.bincount(after, minlength=20) / len(after) - BACKGROUND).max() < 0.003
    assert (substitute(before, np.zeros(len(before), dtype=np.float32), rng) == before).all()


def test_a_duplicate_comes_from_an_older_gene_of_its_family() -> None:
    tree = simulate_families(SETTINGS, np.random.default_rng(0))
    duplicates = np.flatnonzero(tree.level > 0)
    assert (tree.source[duplicates] < duplicates).all()
    assert (tree.family[tree.source] == tree.family).all()
    assert (tree.level[duplicates] == tree.level[tree.source[duplicates]] + 1).all()


# Sizes and settings


@pytest.mark.parametrize("seed", range(5))
def test_a_dozen_genes_work(tmp_path: Path, seed: int) -> None:
    simulate_organism(SimulationSettings(n_genes=12, n_terms=40, seed=seed), tmp_path / "small")
    genes, _, labels = labels_of(tmp_path / "small", "annotations.gaf.gz")
    assert len(genes) == 12 and labels.positive.nnz > 0


@pytest.mark.parametrize(
    "extreme",
    [
        {"orphans": 1.0, "spurious": 0.0},
        {"orphans": 0.0, "spurious": 0.9},
        {"n_genes": 12, "spurious": 0.9, "orphans": 0.1},
        {"isolated": 1.0},
        {"electronic": 0.0},
        {"experimental": 0.0},
        {"experimental": 1.0, "later": 1.0},
        {"network_noise": 1.0, "neofunctionalised": 1.0, "misplaced": 1.0},
    ],
)
def test_extreme_settings_work(tmp_path: Path, extreme: dict[str, float]) -> None:
    simulate_organism(settings_from_mapping({"n_genes": 60, **extreme}), tmp_path / "organism")
    assert set(content(tmp_path / "organism")) == FILES


@pytest.mark.parametrize(
    ("mapping", "sentence"),
    [
        ({"n_gene": 600}, "found the unknown setting 'n_gene', expected one of n_genes"),
        ({"n_genes": -1}, "n_genes is -1, expected a whole number from 12"),
        ({"n_genes": 600.5}, "n_genes is 600.5, expected a whole number"),
        ({"seed": True}, "seed is True, expected a whole number"),
        ({"rewired": 1.5}, "rewired is 1.5, expected a share from 0 to 1;"),
        ({"spurious": 1.0}, "spurious is 1.0, expected a share from 0 to 0.9"),
        ({"electronic": float("nan")}, "electronic is nan, expected a share"),
        ({"isolated": "many"}, "isolated is 'many', expected a share"),
        ({"experimental": 0.5, "later": 0.4}, "found later 0.4 below experimental 0.5"),
        ({"orphans": 0.7, "spurious": 0.7}, "expected orphans and spurious to sum to at most 1, found 1.4"),
        (None, "expected settings as `key: value`, found None"),
    ],
)
def test_bad_settings_are_refused_in_one_sentence(mapping: object, sentence: str) -> None:
    with pytest.raises(InputError) as refused:
        settings_from_mapping(mapping)  # type: ignore[arg-type]
    assert sentence in str(refused.value) and "\n" not in str(refused.value)


def test_settings_from_a_mapping_take_defaults_for_absent_keys() -> None:
    assert settings_from_mapping({"seed": 3}) == SimulationSettings(seed=3)
