"""Domains from electronic annotations and from tables: read, joined, laid out, compared."""

import gzip
import io
import math

import numpy as np
import pandas as pd
import pyhmmer
import pytest
from scipy.sparse import csr_array

from genessl.data.coverage import Coverage
from genessl.data.identifiers import GeneIdentifiers
from genessl.errors import InputError
from genessl.features.domains import (
    annotated_domains,
    domain_columns,
    domain_features,
    domain_similarity,
    join_domains,
    read_domains,
)

# ------------------------------------------------------------------------------- electronic annotations

ROWS = [
    ("g1", "IEA", "InterPro:IPR000001"),
    ("g1", "IEA", "InterPro:IPR000002|InterPro:IPR000003"),
    ("g1", "IEA", "InterPro:IPR000001"),
    ("g2", "IEA", "InterPro:IPR000001,InterPro:IPR000003"),
    ("g3", "IDA", "InterPro:IPR000002"),
    ("g3", "IEA", "UniProtKB-KW:KW-0001"),
    ("rna", "IEA", "InterPro:IPR000002"),
    ("g3", "IBA", "PANTHER:PTN000000001"),
]


def table(rows=ROWS):
    return pd.DataFrame(rows, columns=["gene", "evidence", "with_from"])


OBJECTS = {"g1": "P1", "g2": "P2", "g3": "P3"}
GENES = ["P2", "P3", "P1"]


def laid_out(rows=ROWS, objects=OBJECTS):
    return domain_features(annotated_domains(table(rows), objects), GENES)


def test_entries_of_electronic_rows_shared_by_two_genes():
    # IPR000002 is left: its other rows are of an experiment (g3) and of no gene (rna).
    features, names = laid_out()
    assert names == ("InterPro:IPR000001", "InterPro:IPR000003")
    assert features.tolist() == [[1, 1], [0, 0], [1, 1]]
    assert features.dtype == np.float32


def test_the_order_of_the_rows_does_not_matter():
    forwards, backwards = laid_out(), laid_out(ROWS[::-1])
    assert forwards[1] == backwards[1]
    assert forwards[0].tolist() == backwards[0].tolist()


def test_two_objects_of_one_gene_count_once():
    rows = [("g1", "IEA", "InterPro:IPR000001"), ("g1b", "IEA", "InterPro:IPR000001")]
    assert laid_out(rows, OBJECTS | {"g1b": "P1"})[1] == ()


def test_annotations_without_domains_give_no_column():
    features, names = laid_out(ROWS[-1:])
    assert (features.shape, names) == ((3, 0), ())


# ---------------------------------------------------------------------------------------- domain tables

MD5 = "14086411a2cdf1c4cba63020e1622579"
# The first two rows stand in InterProScan's documentation.
INTERPROSCAN = [
    f"P51587\t{MD5}\t3418\tPfam\tPF09103\tBRCA2, domain 1\t2670\t2799\t7.9E-43\tT\t15-03-2013",
    f"P51587\t{MD5}\t3418\tProSiteProfiles\tPS50138\tBRCA2 repeat profile.\t1002\t1036\t0.0\tT\t18-03-2013"
    "\tIPR002093\tBRCA2 repeat\tGO:0005515|GO:0006302",
    f"sp|P0|A_B\t{MD5}\t90\tPANTHER\tPTHR11289:SF0\tBRCA2\t1\t80\t0.0\tT\t15-03-2013\t-\t-\t-\t-",
    f"P0\t{MD5}\t90\tGene3D\tG3DSA:3.40.50.300\t-\t1\t80\t0.0\tT\t15-03-2013\t\t",
]
READ = [
    ("P51587", "Pfam:PF09103", True),
    ("P51587", "InterPro:IPR002093", True),
    ("P0", "PANTHER:PTHR11289:SF0", True),
    ("P0", "Gene3D:G3DSA:3.40.50.300", True),
]


def written(tmp_path, text):
    path = tmp_path / "domains.tsv"
    path.write_text(text)
    return path


def read(tmp_path, lines):
    return list(read_domains(written(tmp_path, "\n".join(lines) + "\n")).itertuples(index=False, name=None))


def test_interproscan_gives_the_entry_or_else_the_signature(tmp_path):
    assert read(tmp_path, INTERPROSCAN) == READ


def test_a_compressed_table_with_comments_reads_the_same(tmp_path):
    path = tmp_path / "domains.tsv.gz"
    path.write_bytes(gzip.compress(("# InterProScan\n\n" + "\n".join(INTERPROSCAN)).encode()))
    assert list(read_domains(path).itertuples(index=False, name=None)) == READ


def test_pfam_scan_and_pfams_proteome_tables(tmp_path):
    scan = "P02976   36   80   36   90 PF02216.11  B   Domain   1  50  53  78.6  1.4e-22   {}  No_clan"
    assert read(tmp_path, ["# pfam_scan.pl", scan.format(1), scan.format(0)]) == [
        ("P02976", "Pfam:PF02216", True),
        ("P02976", "Pfam:PF02216", False),
    ]
    proteome = "Q12362\t437\t538\t431\t539\tPF00383\tdCMP_cyt_deam_1\tDomain\t9\t100\t101\t60.3\t1.6e-16\tCL0109"
    assert read(tmp_path, [proteome]) == [("Q12362", "Pfam:PF00383", True)]


PROTEINS = {"sp|P1|ONE": "MKWVTFISLLFLFSSAYSRGVFRRDAHKSEVAHRFKDLGEENFKALVLIAFAQYLQQCPF", "P2": "GGSGGSGGSGGSGGSGGSGG"}


def hmmer_table(program, kind):
    """A table as HMMER's own code writes it: the family PF90001.3, built from the first protein, in all proteins."""
    alphabet = pyhmmer.easel.Alphabet.amino()
    sequences = [
        pyhmmer.easel.TextSequence(name=name.encode(), sequence=sequence).digitize(alphabet)
        for name, sequence in PROTEINS.items()
    ]
    family, _, _ = pyhmmer.plan7.Builder(alphabet).build(sequences[0], pyhmmer.plan7.Background(alphabet))
    family.name, family.accession = b"Family", b"PF90001.3"
    block = pyhmmer.easel.DigitalSequenceBlock(alphabet, sequences)
    if program == "hmmscan":
        (hits, *_) = pyhmmer.hmmer.hmmscan(block, [family], cpus=1)
    else:
        (hits,) = pyhmmer.hmmer.hmmsearch([family], block, cpus=1)
    text = io.BytesIO()
    hits.write(text, format=kind)
    return text.getvalue().decode().splitlines()


@pytest.mark.parametrize("kind", ["domains", "targets"])
@pytest.mark.parametrize("program", ["hmmscan", "hmmsearch"])
def test_hmmers_tables_are_read_whichever_way_the_search_went(tmp_path, program, kind):
    lines = hmmer_table(program, kind)
    assert read(tmp_path, lines) == [("P1", "Pfam:PF90001", True)]


@pytest.mark.parametrize("program, kind, column", [("hmmscan", "domains", 12), ("hmmsearch", "targets", 4)])
def test_an_e_value_above_the_limit_is_not_significant(tmp_path, program, kind, column):
    (row,) = (line for line in hmmer_table(program, kind) if not line.startswith("#"))
    words = row.split()
    for e_value, significant in (("1e-3", True), ("0.0011", False)):
        words[column] = e_value
        assert read(tmp_path, [" ".join(words)]) == [("P1", "Pfam:PF90001", significant)]


@pytest.mark.parametrize(
    "lines, sentence",
    [
        (["P1\tPF00001"], r"tsv:1: found 'P1\tPF00001', expected domains as InterProScan TSV, or as a table"),
        ([">P1 PF00001"], r"tsv:1: found '>P1 PF00001', expected domains"),
        ([*INTERPROSCAN, "P1\tPF00001"], r"tsv:5: found 'P1\tPF00001', expected a row of an InterProScan TSV with 11"),
        ([INTERPROSCAN[1].replace("IPR002093", "BRCA2")], "expected a row of an InterProScan TSV"),
        (["# nothing", ""], "expected domains, found comments and blank lines only; write it again"),
        ([*hmmer_table("hmmscan", "domains"), "P1 PF1"], "found 'P1 PF1', expected a row of a HMMER --domtblout"),
        ([hmmer_table("hmmscan", "targets")[3].replace("PF90001.3", "-")], "found 'Family"),
    ],
    ids=range(7),
)
def test_another_file_is_refused_in_one_sentence_with_its_line(tmp_path, lines, sentence):
    with pytest.raises(InputError, match=sentence.replace("\\t", "\t")) as caught:
        read(tmp_path, lines)
    assert "\n" not in str(caught.value)


def test_matches_join_through_identifiers_and_each_loss_is_counted():
    matches = [("Y1", "a", True), ("P2", "a", True), ("P2", "a", True), ("P2", "b", False), ("Y9", "a", True)]
    coverage = Coverage()
    identifiers = GeneIdentifiers(["4932.Y1", "P2"], [])
    domains = pd.DataFrame(matches, columns=["gene", "domain", "significant"])
    joined = join_domains(domains, identifiers, coverage, source="domains")
    assert joined.to_numpy().tolist() == [["4932.Y1", "a"], ["P2", "a"]]
    coverage.check()
    assert coverage.table().drop(columns="source").to_numpy().tolist() == [
        ["proteins", "held", 3],
        ["proteins", "joined", 2],
        ["proteins", "unknown identifier", 1],
        ["matches", "held", 5],
        ["matches", "joined", 2],
        ["matches", "protein not among the sequences", 1],
        ["matches", "E-value above 0.001", 1],
        ["matches", "a domain of the protein again", 1],
    ]
    with pytest.raises(InputError, match=r"d\.tsv: none of the proteins, such as 'Y9', is among the sequences; add an"):
        join_domains(domains[4:], identifiers, Coverage(), source="domains", file="d.tsv")


# ------------------------------------------------------------------------------------------- similarity


def carried(*rows):
    return csr_array(np.array(rows, dtype=np.float32))


def test_domain_columns_are_told_from_the_rest_of_the_sequence_view():
    names = ("composition:A", "first_50:A", "triad:111", "homology:1", "InterPro:IPR1", "Pfam:PF1", "embedding:1", "x")
    assert domain_columns(names).tolist() == [4, 5]


def test_similarity_by_hand():
    # Four proteins; domain 0 in three of them, 1 in one, 2 in two. a, b share 0; a, c share 0 and 2; d has nothing.
    found = domain_similarity(carried([1, 0, 1], [1, 1, 0], [1, 0, 1], [0, 0, 0])).toarray()
    common, single = math.log(4 / 3) ** 2, math.log(4) ** 2
    pair = common + math.log(2) ** 2
    expected = common / math.sqrt(pair * (common + single))
    np.testing.assert_allclose(found[0], [0, expected, 1, 0], rtol=1e-6)
    np.testing.assert_allclose(found, found.T, rtol=1e-6)
    assert found.dtype == np.float32
    assert not found.diagonal().any()
    assert not found[3].any()


def test_a_domain_that_every_protein_carries_makes_none_similar():
    assert domain_similarity(carried([1], [1], [1])).nnz == 0


def test_similarity_to_others_counts_the_domains_of_both():
    # Domain 0 in all but one of four, domain 1 in one gene, domain 2 in one other protein.
    found = domain_similarity(carried([1, 0, 0], [0, 1, 0]), carried([1, 0, 1], [1, 0, 0])).toarray()
    common, single = math.log(4 / 3), math.log(4)
    np.testing.assert_allclose(found, [[common / math.hypot(common, single), 1], [0, 0]], rtol=1e-6)
