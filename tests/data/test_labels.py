"""Which annotation rows become which labels, and that what comes later changes nothing."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from genessl.assembly.build import Evaluation, Sources, assemble_dataset
from genessl.data.aliases import AliasTable
from genessl.data.annotations import read_annotations, read_gaf
from genessl.data.coverage import Coverage
from genessl.data.identifiers import GeneIdentifiers
from genessl.data.labels import label_genes
from genessl.data.networks import read_network
from genessl.data.ontology import ontology_from_edges
from genessl.errors import InputError

# root over cell cycle over (mitosis, meiosis); mitosis over spindle assembly; beside it transport
NAMES = {
    "GO:0000000": "root", "GO:0000001": "cell cycle", "GO:0000002": "mitosis", "GO:0000003": "meiosis",
    "GO:0000004": "spindle assembly", "GO:0000005": "transport",
}  # fmt: skip
ROOT, CYCLE, MITOSIS, MEIOSIS, SPINDLE, TRANSPORT = NAMES
OBSOLETE, OLD, REPLACED, UNKNOWN = "GO:0000006", "GO:0000007", "GO:0000008", "GO:0009999"
ONTOLOGY = ontology_from_edges(
    {term: (name, "biological_process") for term, name in NAMES.items()},
    [(CYCLE, ROOT), (MITOSIS, CYCLE), (MEIOSIS, CYCLE), (SPINDLE, MITOSIS), (TRANSPORT, ROOT)],
    alternatives={OLD: MEIOSIS, REPLACED: TRANSPORT},
    obsolete=[OBSOLETE],
)
GENES = ["P1", "P2", "P3"]
EXPERIMENTAL_CODES = ("EXP", "IDA", "IPI", "IMP", "IGI", "IEP", "HTP", "HDA", "HMP", "HGI", "HEP", "TAS", "IC")
OTHER_CODES = ("IEA", "IBA", "ISS", "ISO", "ISA", "ISM", "IGC", "RCA", "NAS", "IKR", "IRD", "IBD")
# Rows that no test is about, so that most genes and terms are known.
USUAL = [("P3", TRANSPORT, "IDA"), ("P3", MEIOSIS, "IDA"), ("P3", SPINDLE, "IDA")]


def annotations(*rows, symbol=None, synonyms=None):
    """Rows of gene, term, evidence code, and perhaps NOT."""
    table = pd.DataFrame([(*row, "")[:4] for row in rows], columns=["gene", "term", "evidence", "not"])
    return table.assign(
        negated=table["not"] == "NOT",
        symbol=[(symbol or {}).get(gene, "") for gene in table["gene"]],
        synonyms=[(synonyms or {}).get(gene, "") for gene in table["gene"]],
        with_from="",
        date=20200101,
    ).drop(columns="not")


def label(*rows, tables=(), ontology=ONTOLOGY, **options):
    names = {key: options.pop(key, None) for key in ("symbol", "synonyms")}
    coverage = Coverage()
    found = label_genes(
        annotations(*rows, **names), GeneIdentifiers(GENES, tables), GENES, ontology, coverage, source="gaf", **options
    )
    coverage.check()
    table = coverage.table().set_index(["unit", "outcome"])["count"]
    return found, table


def having(matrix, gene):
    return {ONTOLOGY.terms[column] for column in matrix[[GENES.index(gene)]].indices}


@pytest.mark.parametrize("code", EXPERIMENTAL_CODES)
def test_an_experimental_code_makes_a_label_closed_upwards(code):
    found, _ = label(("P1", SPINDLE, code), *USUAL)
    assert having(found.positive, "P1") == {SPINDLE, MITOSIS, CYCLE, ROOT}
    assert found.electronic.nnz == found.negative.nnz == 0


@pytest.mark.parametrize("code", OTHER_CODES)
def test_any_other_code_makes_a_weak_label_closed_upwards(code):
    found, _ = label(("P1", SPINDLE, code), *USUAL)
    assert having(found.electronic, "P1") == {SPINDLE, MITOSIS, CYCLE, ROOT}
    assert having(found.positive, "P1") == set()


def test_nd_makes_no_label_and_is_counted():
    found, counts = label(("P1", TRANSPORT, "ND"), ("P2", ROOT, "ND"), *USUAL)
    assert having(found.positive, "P1") | having(found.electronic, "P1") == set()
    assert counts["annotation rows", "no data (ND)"] == 2


def test_an_unknown_code_is_electronic_and_counted():
    found, counts = label(("P1", TRANSPORT, "NO_MAPPING"), *USUAL)
    assert having(found.electronic, "P1") == {TRANSPORT, ROOT}
    assert counts["rows with the unknown evidence code NO_MAPPING", "held"] == 1


def test_of_very_many_unknown_codes_the_most_frequent_are_counted_by_name():
    _, counts = label(*[("P1", TRANSPORT, f"X{k:02}") for k in range(30)], ("P1", TRANSPORT, "X07"), *USUAL)
    assert counts["rows with the unknown evidence code X07", "held"] == 2
    assert counts["rows with other unknown evidence codes", "joined"] == 10


def test_the_codes_asked_for_are_the_experimental_ones():
    found, _ = label(("P1", MITOSIS, "IDA"), ("P1", TRANSPORT, "IBA"), *USUAL, evidence={"IBA"})
    assert having(found.positive, "P1") == {TRANSPORT, ROOT}
    assert not having(found.electronic, "P1")  # an experiment that is not chosen does not become an electronic row


def test_not_closes_downwards():
    found, counts = label(("P1", CYCLE, "IDA", "NOT"), *USUAL)
    assert having(found.negative, "P1") == {CYCLE, MITOSIS, MEIOSIS, SPINDLE}
    assert having(found.positive, "P1") == set()
    assert counts["negative rows", "joined"] == 1


def test_a_contradicted_negative_is_dropped_and_counted():
    # P1 lacks the cell cycle and so its three descendants; but it has mitosis, and so the cell cycle.
    found, counts = label(("P1", CYCLE, "IDA", "NOT"), ("P1", MITOSIS, "IMP"), *USUAL)
    assert having(found.negative, "P1") == {MEIOSIS, SPINDLE}
    assert having(found.positive, "P1") == {MITOSIS, CYCLE, ROOT}
    unit = "negative labels, closed downwards"
    assert counts[unit, "held"] == 4
    assert counts[unit, "joined"] == 2
    assert counts[unit, "contradicted by a positive label"] == 2


def test_an_electronic_label_contradicts_no_negative_one():
    found, _ = label(("P1", MITOSIS, "IDA", "NOT"), ("P1", MITOSIS, "IEA"), *USUAL)
    assert having(found.negative, "P1") == {MITOSIS, SPINDLE}
    assert having(found.electronic, "P1") == {MITOSIS, CYCLE, ROOT}


def test_an_electronic_not_makes_no_label_and_is_counted():
    found, counts = label(("P1", MITOSIS, "IEA", "NOT"), *USUAL)
    assert not having(found.negative, "P1") | having(found.electronic, "P1") | having(found.positive, "P1")
    assert counts["annotation rows", "NOT without experimental evidence"] == 1


def test_old_identifiers_of_a_term_are_followed():
    found, _ = label(("P1", OLD, "IDA"), ("P2", REPLACED, "IDA"), *USUAL)
    assert having(found.positive, "P1") == {MEIOSIS, CYCLE, ROOT}
    assert having(found.positive, "P2") == {TRANSPORT, ROOT}


def test_obsolete_unknown_and_root_terms_are_counted_apart_and_make_no_label():
    rows = [("P1", OBSOLETE, "IDA"), ("P1", UNKNOWN, "IDA"), ("P1", UNKNOWN, "IEA"), ("P1", ROOT, "IDA")]
    found, counts = label(*rows, *USUAL)
    assert not having(found.positive, "P1") | having(found.electronic, "P1")
    assert counts["annotation rows", "obsolete term"] == 1
    assert counts["annotation rows", "term not in the ontology"] == 2
    assert counts["annotation rows", "annotated to a root term only"] == 1
    assert counts["annotation rows", "held"] == 7
    assert counts["annotation rows", "joined"] == 3


def test_an_unknown_term_is_no_root_even_where_the_last_term_is_one():
    ontology = ontology_from_edges(
        {"GO:0000001": ("child", "biological_process"), "GO:0000009": ("root", "biological_process")},
        [("GO:0000001", "GO:0000009")],
    )
    _, counts = label(("P1", "GO:0000005", "IDA"), ("P1", "GO:0000001", "IDA"), ontology=ontology)
    assert counts["annotation rows", "term not in the ontology"] == 1


def test_mostly_unknown_terms_are_fatal():
    unknown = [("P1", f"GO:000900{k}", "IDA") for k in range(4)]
    sentence = "old.gaf: 4 of 7 annotated terms, such as GO:0009000, are not in the ontology; give the ontology release"
    with pytest.raises(InputError, match=sentence):
        label(*unknown, *USUAL, file="old.gaf")
    label(*unknown[:3], *USUAL)


def test_many_rows_of_one_unknown_term_are_not_fatal():
    _, counts = label(*[("P1", UNKNOWN, "IDA")] * 50, *USUAL)
    assert counts["annotation rows", "term not in the ontology"] == 50


def test_genes_join_by_name_symbol_and_synonym():
    # S1 is not P1's name, but its symbol is; S2 is known through one of its synonyms.
    found, counts = label(
        ("S1", MITOSIS, "IDA"), ("S2", TRANSPORT, "IDA"), ("RNA7", MEIOSIS, "IDA"), *USUAL,
        symbol={"S1": "P1", "S2": "abc2"}, synonyms={"S1": "x", "S2": "YBL002C|P2", "RNA7": "tR"},
    )  # fmt: skip
    assert having(found.positive, "P1") == {MITOSIS, CYCLE, ROOT}
    assert having(found.positive, "P2") == {TRANSPORT, ROOT}
    assert found.objects == {"P3": "P3", "S1": "P1", "S2": "P2"}
    assert counts["annotation rows", "gene not among the sequences"] == 1


def test_genes_join_by_an_alias_table():
    table = AliasTable.from_rows("aliases", [("9.YA", "P1", "UniProt_AC"), ("9.YA", "S000000001", "SGD_ID")])
    found, _ = label(("S000000001", MITOSIS, "IDA"), *USUAL, tables=[table])
    assert having(found.positive, "P1") == {MITOSIS, CYCLE, ROOT}


def test_no_gene_that_joins_is_fatal():
    sentence = "t0.gaf: none of the annotated genes, such as 'S1', is among the sequences; add an alias table"
    with pytest.raises(InputError, match=sentence):
        label(("S1", MITOSIS, "IDA"), file="t0.gaf")


# ------------------------------------------------------------------------------------------------ what is mended


ROW = "DB\t{gene}\t{symbol}\t{qualifier}\t{term}\tREF\t{code}\t\tP\t\t{synonyms}\tprotein\ttaxon:1\t20200101\tDB\n"


def gaf_labels(folder, *rows, **options):
    usual = {"gene": "", "symbol": "", "qualifier": "", "code": "IDA", "synonyms": ""}
    lines = [ROW.format(**(usual | row)) for row in rows]
    lines += [ROW.format(**(usual | {"gene": gene, "term": term})) for gene, term, _ in USUAL]
    (folder / "t0.gaf").write_text("!gaf-version: 2.1\n" + "".join(lines))
    coverage = Coverage()
    found = label_genes(
        read_annotations(folder / "t0.gaf"), GeneIdentifiers(GENES, ()), GENES, ONTOLOGY, coverage, source="annotations"
    )
    coverage.check()
    return found, coverage.table().set_index(["unit", "outcome"])["count"]


def test_rows_without_an_identifier_are_each_of_the_gene_of_their_own_symbol(tmp_path):
    found, counts = gaf_labels(
        tmp_path,
        {"symbol": "P1", "term": MITOSIS},
        {"symbol": "P2", "term": TRANSPORT},
        {"symbol": "P2", "term": MEIOSIS, "code": "IEA"},
        {"synonyms": "x|P1", "term": TRANSPORT},
        {"synonyms": "y", "term": TRANSPORT},
        {"term": SPINDLE},
    )
    assert having(found.positive, "P1") == {MITOSIS, CYCLE, ROOT}
    assert having(found.positive, "P2") == {TRANSPORT, ROOT}
    assert having(found.electronic, "P2") == {MEIOSIS, CYCLE, ROOT}
    assert counts["annotation rows", "no identifier, symbol or synonym of a gene"] == 1
    assert counts["rows without an object identifier, named by symbol or synonyms", "joined"] == 5


def test_the_symbol_of_another_row_of_the_object_helps_where_the_first_has_none(tmp_path):
    rows = [{"gene": "S1", "term": MITOSIS}, {"gene": "S1", "symbol": "P1", "term": TRANSPORT}]
    found, _ = gaf_labels(tmp_path, *rows)
    assert having(found.positive, "P1") == {MITOSIS, TRANSPORT, CYCLE, ROOT}


def test_spaces_and_lower_case_change_no_label_and_are_counted_with_the_coverage(tmp_path):
    mended, counts = gaf_labels(
        tmp_path,
        {"gene": "P1 ", "term": f" {MITOSIS.lower()}", "code": "ida"},
        {"gene": "P2", "term": CYCLE, "qualifier": "not|involved_in "},
    )
    right, _ = gaf_labels(
        tmp_path, {"gene": "P1", "term": MITOSIS}, {"gene": "P2", "term": CYCLE, "qualifier": "NOT|involved_in"}
    )
    for kind in ("positive", "negative", "electronic"):
        assert (getattr(mended, kind) != getattr(right, kind)).nnz == 0
    unit = "rows with spaces around a field, which were cut"
    assert counts[unit, "held"] == counts[unit, "joined"] == 2
    assert counts["rows with an evidence code in lower case or of ECO", "joined"] == 1


def test_malformed_go_identifiers_are_counted_apart(tmp_path):
    _, counts = gaf_labels(tmp_path, {"gene": "P1", "term": "GO:12"}, {"gene": "P1", "term": UNKNOWN})
    assert counts["annotation rows", "malformed GO identifier"] == 1
    assert counts["annotation rows", "term not in the ontology"] == 1


# ------------------------------------------------------------------------------------------------ leak


GAF = "DB\t{0}\t{0}\t\t{1}\tREF\t{2}\tInterPro:IPR000001\tP\t\t\tprotein\ttaxon:1\t{3}\tDB\n"
RESIDUES = np.array(list("ACDEFGHIKLMNPQRSTVWY"))


@pytest.fixture
def sources(tmp_path):
    random = np.random.default_rng(0)
    genes = [f"P{k}" for k in range(1, 9)]
    rows = [(gene, term, "IDA") for gene, term in zip(genes, [SPINDLE, MEIOSIS, TRANSPORT, MITOSIS])]
    rows += [(gene, MEIOSIS, "IEA") for gene in genes[3:6]]
    (tmp_path / "t0.gaf").write_text("".join(GAF.format(*row, 20190101) for row in rows))
    (tmp_path / "pairs.txt").write_text("".join(f"{a} {b} 0.5\n" for a, b in pairwise(genes)))
    return Sources(
        sequences={gene: "".join(random.choice(RESIDUES, 80)) for gene in genes},
        networks={"pairs": read_network(tmp_path / "pairs.txt", "edges")},
        ontology=ONTOLOGY,
        annotations=read_gaf(tmp_path / "t0.gaf"),
    )


@pytest.mark.parametrize("scheme", ["temporal", "none"])
def test_absurd_later_annotations_change_no_byte_of_the_dataset(tmp_path, sources, scheme):
    absurd = [(f"P{k}", term, code) for k in range(1, 9) for term in NAMES for code in ("IDA", "IEA")]
    absurd += [("P1", CYCLE, "ND"), ("tRNA", MITOSIS, "IDA"), ("P1", UNKNOWN, "IDA")]
    (tmp_path / "t1.gaf").write_text("".join(GAF.format(*row, 20990101) for row in absurd))
    later = read_gaf(tmp_path / "t1.gaf")
    datasets = {}
    for name, table in (("without", None), ("with", later)):
        assembly = assemble_dataset(
            Sources(**{**vars(sources), "later_annotations": table}), evaluation=Evaluation(scheme=scheme)
        )
        assembly.dataset.save(tmp_path / name)
        files = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file())
        datasets[name] = {path.relative_to(tmp_path / name): path.read_bytes() for path in files}
        assert (assembly.truth is None) == (table is None)
    assert datasets["with"] == datasets["without"]


def test_the_same_rows_at_t0_do_change_the_dataset(sources, tmp_path):
    (tmp_path / "more.gaf").write_text((tmp_path / "t0.gaf").read_text() + GAF.format("P8", TRANSPORT, "IDA", 20190101))
    before = assemble_dataset(sources).dataset
    after = assemble_dataset(Sources(**{**vars(sources), "annotations": read_gaf(tmp_path / "more.gaf")})).dataset
    assert after.positive.nnz == before.positive.nnz + 1


def test_the_truth_holds_the_later_terms_closed_upwards_and_no_root(sources, tmp_path):
    (tmp_path / "t1.gaf").write_text(
        GAF.format("P7", SPINDLE, "IDA", 20220101) + GAF.format("P8", TRANSPORT, "IEA", 20220101)
    )
    truth = assemble_dataset(Sources(**{**vars(sources), "later_annotations": read_gaf(tmp_path / "t1.gaf")})).truth
    assert truth.to_numpy().tolist() == [["P7", CYCLE], ["P7", MITOSIS], ["P7", SPINDLE]]


# 100 rows make a source of its own; rows of the same source may repeat.
def evidence_table(*rows):
    """Rows of gene, term, evidence code, With/From, each a hundred times."""
    many = [row for row in rows for _ in range(100)]
    table = annotations(*[row[:3] for row in many])
    return table.assign(with_from=[row[3] for row in many])


def sources_of(*rows, tables=()):
    table = pd.concat([annotations(*USUAL), evidence_table(*rows)], ignore_index=True)
    coverage = Coverage()
    found = label_genes(table, GeneIdentifiers(GENES, tables), GENES, ONTOLOGY, coverage, source="gaf")
    return {name: matrix.toarray() for name, matrix in found.sources.items()}, found


def has(gene, *terms):
    expected = np.zeros((3, 6), dtype=bool)
    for term in terms:
        expected[GENES.index(gene), ONTOLOGY.index[term]] = True
    return expected


def test_electronic_labels_are_kept_apart_by_source_and_closed_upwards():
    sources, found = sources_of(
        ("P1", MITOSIS, "IEA", "InterPro:IPR000001"),
        ("P1", TRANSPORT, "IEA", "UniProtKB-KW:KW-0813"),
        ("P2", TRANSPORT, "ISS", "SGD:S000000001"),
        ("P2", MEIOSIS, "IEA", ""),
    )
    assert list(sources) == ["IEA", "IEA:InterPro", "IEA:UniProtKB-KW", "ISS"]
    np.testing.assert_array_equal(sources["IEA:InterPro"], has("P1", MITOSIS, CYCLE, ROOT))
    np.testing.assert_array_equal(sources["IEA:UniProtKB-KW"], has("P1", TRANSPORT, ROOT))
    np.testing.assert_array_equal(sources["ISS"], has("P2", TRANSPORT, ROOT))
    np.testing.assert_array_equal(np.any(list(sources.values()), axis=0), found.electronic.toarray())


def test_a_row_that_cites_the_gene_itself_is_a_source_of_its_own():
    table = AliasTable("aliases", {"SGD_ID": (["P1", "P2"], ["S000000001", "S000000002"])})
    sources, _ = sources_of(
        ("P1", MITOSIS, "IBA", "PANTHER:PTN000000001|SGD:S000000001"),
        ("P2", MITOSIS, "IBA", "PANTHER:PTN000000001|SGD:S000000001"),
        tables=[table],
    )
    np.testing.assert_array_equal(sources["IBA:own"], has("P1", MITOSIS, CYCLE, ROOT))
    np.testing.assert_array_equal(sources["IBA"], has("P2", MITOSIS, CYCLE, ROOT))


def test_a_source_of_few_rows_is_taken_together_with_others():
    found, _ = label(*USUAL, ("P1", MITOSIS, "ISS"), ("P2", TRANSPORT, "NAS"))
    assert list(found.sources) == ["other"]
    np.testing.assert_array_equal(
        found.sources["other"].toarray(), has("P1", MITOSIS, CYCLE, ROOT) | has("P2", TRANSPORT, ROOT)
    )


def test_experimental_rows_are_no_source_of_weak_evidence():
    assert label(*USUAL)[0].sources == {}
