"""Laws of the three prediction formats: what is kept, in which order, and what other programs read."""

import gzip
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from Bio.UniProt.GOA import gafiterator
from scipy.sparse import csr_array

from genessl.data.gene_names import GeneNames
from genessl.data.ontology import Ontology, ontology_from_edges
from genessl.errors import InputError
from genessl.output.predictions import HEADER, read_predictions, write_predictions

# GO:1 (process) over GO:2 over GO:3; GO:4 (function); GO:0032991 (complex) over GO:5; GO:6 (component)
TERMS = {
    "GO:0000001": ("process", "biological_process"),
    "GO:0000002": ("transport", "biological_process"),
    "GO:0000003": ("ion transport", "biological_process"),
    "GO:0000004": ("binding of a\u00a0kind", "molecular_function"),
    "GO:0000005": ("proteasome", "cellular_component"),
    "GO:0000006": ("nucleus", "cellular_component"),
    "GO:0032991": ("protein-containing complex", "cellular_component"),
}
EDGES = [("GO:0000002", "GO:0000001"), ("GO:0000003", "GO:0000002"), ("GO:0000005", "GO:0032991")]
ONTOLOGY = ontology_from_edges(TERMS, EDGES)
GENES = np.array(["YAL2", "YAL1", "quiet"])
#                  GO:1  GO:2  GO:3     GO:4     GO:5  GO:6  complex
SCORES = np.array(
    [
        [0.90, 0.80, 0.70, 0.009951, 0.60, 0.55, 0.60],
        [1.00, 0.65, 0.40, 0.12346, 0.0, 0.4999, 0.0],
        [0.0, 0.0, 0.0, 0.009949, 0.0, 0.0, 0.0],
    ],
    dtype=np.float32,
)
KNOWN = csr_array(np.array([[1, 0, 0, 0, 0, 0, 0], [1, 1, 0, 0, 0, 0, 0], [0] * 7], dtype=bool))


def write_all(folder: Path, scores=SCORES, known=KNOWN, genes=GENES, ontology: Ontology = ONTOLOGY, **options) -> Path:
    files = {"cafa": folder / "m.cafa.tsv.gz", "gaf": folder / "m.gaf.gz"}
    write_predictions(
        folder / "m.tsv.gz", scores, genes, ontology, known, **{**files, "model": "m", "date": 20200301, **options}
    )
    return folder


def text_of(path: Path) -> list[str]:
    return gzip.decompress(path.read_bytes()).decode().splitlines()


def gaf_records(path: Path) -> list[dict]:
    with gzip.open(path, "rt") as handle:
        return list(gafiterator(handle))


def test_rows_follow_the_genes_then_descending_score_then_term(tmp_path):
    assert text_of(write_all(tmp_path) / "m.tsv.gz") == [
        "gene\tterm\tname\taspect\tscore\tprobability\tknown\tsymbol\tdescription",
        "YAL2\tGO:0000001\tprocess\tBPO\t0.9000\t\t1\t\t",
        "YAL2\tGO:0000002\ttransport\tBPO\t0.8000\t\t0\t\t",
        "YAL2\tGO:0000003\tion transport\tBPO\t0.7000\t\t0\t\t",
        "YAL2\tGO:0000005\tproteasome\tCCO\t0.6000\t\t0\t\t",
        "YAL2\tGO:0032991\tprotein-containing complex\tCCO\t0.6000\t\t0\t\t",
        "YAL2\tGO:0000006\tnucleus\tCCO\t0.5500\t\t0\t\t",
        "YAL2\tGO:0000004\tbinding of a\u00a0kind\tMFO\t0.0100\t\t0\t\t",  # 0.009951 rounds up, 0.009949 not
        "YAL1\tGO:0000001\tprocess\tBPO\t1.0000\t\t1\t\t",
        "YAL1\tGO:0000002\ttransport\tBPO\t0.6500\t\t1\t\t",
        "YAL1\tGO:0000006\tnucleus\tCCO\t0.4999\t\t0\t\t",
        "YAL1\tGO:0000003\tion transport\tBPO\t0.4000\t\t0\t\t",
        "YAL1\tGO:0000004\tbinding of a\u00a0kind\tMFO\t0.1235\t\t0\t\t",
    ]


def test_the_cafa_file_holds_the_same_rows_between_its_header_and_end(tmp_path):
    folder = write_all(tmp_path)
    table = [line.split("\t") for line in text_of(folder / "m.tsv.gz")[1:]]
    cafa = text_of(folder / "m.cafa.tsv.gz")
    assert cafa[:3] == ["AUTHOR genessl", "MODEL m", "KEYWORDS machine learning, sequence, interactions."]
    assert cafa[-1] == "END"
    assert [line.split("\t") for line in cafa[3:-1]] == [[row[0], row[1], row[4]] for row in table]
    assert all(0 < float(line.split("\t")[2]) <= 1 for line in cafa[3:-1])


def test_biopython_reads_the_new_and_most_specific_terms_from_gaf(tmp_path):
    records = gaf_records(write_all(tmp_path) / "m.gaf.gz")
    found = [(r["DB_Object_ID"], r["GO_ID"], r["Qualifier"], r["Aspect"]) for r in records]
    assert found == [  # YAL1 has nothing new above 0.5: GO:2 is known, GO:6 scores 0.4999
        ("YAL2", "GO:0000003", ["involved_in"], "P"),
        ("YAL2", "GO:0000005", ["part_of"], "C"),
        ("YAL2", "GO:0000006", ["located_in"], "C"),
    ]


def test_gaf_rows_fill_all_17_columns(tmp_path):
    lines = text_of(write_all(tmp_path, taxon="taxon:559292") / "m.gaf.gz")
    assert lines[0] == "!gaf-version: 2.2"
    row = next(line for line in lines if not line.startswith("!")).split("\t")
    expected = (
        "genessl YAL2 YAL2 involved_in GO:0000003 genessl:m IEA _ P _ _ protein taxon:559292 20200301 genessl _ _"
    )
    assert [field or "_" for field in row] == expected.split()


def test_a_molecular_function_is_enabled_at_a_lower_threshold(tmp_path):
    records = gaf_records(write_all(tmp_path, gaf_threshold=0.1) / "m.gaf.gz")
    assert ("YAL1", "GO:0000004", ["enables"]) in [(r["DB_Object_ID"], r["GO_ID"], r["Qualifier"]) for r in records]


#                       GO:1  GO:2  GO:3  GO:4    GO:5  GO:6  complex
PROBABILITY = np.array(
    [
        [0.80, 0.70, 0.20, np.nan, 0.30, 0.90, 0.40],
        [0.99, 0.60, 0.55, np.nan, 0.00, 0.10, 0.00],
        [0.00, 0.00, 0.00, np.nan, 0.00, 0.00, 0.00],
    ],
    dtype=np.float32,
)


def test_the_most_probable_comes_first_and_a_probability_that_is_not_known_last_and_empty(tmp_path):
    rows = [line.split("\t") for line in text_of(write_all(tmp_path, probability=PROBABILITY) / "m.tsv.gz")[1:]]
    assert [(row[0], row[1][-1], row[4], row[5]) for row in rows] == [
        ("YAL2", "6", "0.5500", "0.9000"), ("YAL2", "1", "0.9000", "0.8000"), ("YAL2", "2", "0.8000", "0.7000"),
        ("YAL2", "1", "0.6000", "0.4000"), ("YAL2", "5", "0.6000", "0.3000"), ("YAL2", "3", "0.7000", "0.2000"),
        ("YAL2", "4", "0.0100", ""),
        ("YAL1", "1", "1.0000", "0.9900"), ("YAL1", "2", "0.6500", "0.6000"), ("YAL1", "3", "0.4000", "0.5500"),
        ("YAL1", "6", "0.4999", "0.1000"), ("YAL1", "4", "0.1235", ""),
    ]  # fmt: skip
    bare = text_of(write_all(tmp_path / "bare") / "m.tsv.gz")[1:]
    assert sorted(row[:5] for row in rows) == sorted(line.split("\t")[:5] for line in bare)


def test_gaf_takes_what_is_probable_and_scores_where_that_is_not_known(tmp_path):
    records = gaf_records(write_all(tmp_path, probability=PROBABILITY, gaf_threshold=0.12) / "m.gaf.gz")
    assert [(r["DB_Object_ID"], r["GO_ID"][-1]) for r in records] == [
        ("YAL2", "3"), ("YAL2", "5"), ("YAL2", "6"), ("YAL1", "3"), ("YAL1", "4"),
    ]  # fmt: skip
    records = gaf_records(write_all(tmp_path, probability=PROBABILITY) / "m.gaf.gz")
    assert [(r["DB_Object_ID"], r["GO_ID"][-1]) for r in records] == [("YAL2", "2"), ("YAL2", "6"), ("YAL1", "3")]


def test_probabilities_are_read_back_and_are_not_a_number_where_the_table_has_none(tmp_path):
    table = read_predictions(write_all(tmp_path, probability=PROBABILITY) / "m.tsv.gz")
    assert table["probability"].tolist()[:3] == [0.9, 0.8, 0.7]
    assert table["probability"].isna().sum() == 2
    old = tmp_path / "old.tsv"
    old.write_text("gene\tterm\tname\taspect\tscore\tknown\nYAL1\tGO:0000001\tx\tBPO\t0.5000\t0\n")
    assert read_predictions(old)["probability"].isna().all()
    old.write_text("gene\tterm\tscore\tprobability\nYAL1\tGO:0000001\t0.5000\t1.5\n")
    with pytest.raises(InputError, match=r"old\.tsv:2: expected a probability from 0 to 1, found '1.5'; predict again"):
        read_predictions(old)


def test_symbols_and_descriptions_stand_beside_each_prediction_and_in_gaf(tmp_path):
    names = GeneNames(("thrA", "", "q"), ("", "", ""), ("a\tkinase", "helicase", ""))
    write_all(tmp_path / "named", names=names, gaf_threshold=0.4)
    write_all(tmp_path / "bare", gaf_threshold=0.4)
    named, bare = (text_of(tmp_path / folder / "m.tsv.gz")[1:] for folder in ("named", "bare"))
    ends = {"YAL2": "thrA\ta kinase", "YAL1": "\thelicase"}
    assert named == [line[:-1] + ends[line.split("\t")[0]] for line in bare]
    records = gaf_records(tmp_path / "named" / "m.gaf.gz")
    assert {(r["DB_Object_ID"], r["DB_Object_Symbol"], r["DB_Object_Name"]) for r in records} == {
        ("YAL2", "thrA", "a kinase"), ("YAL1", "YAL1", "helicase")
    }  # fmt: skip
    assert text_of(tmp_path / "named" / "m.cafa.tsv.gz") == text_of(tmp_path / "bare" / "m.cafa.tsv.gz")
    pd.testing.assert_frame_equal(*(read_predictions(tmp_path / f / "m.tsv.gz") for f in ("named", "bare")))


def test_uniprot_accessions_name_their_database_and_an_empty_taxon_is_unidentified(tmp_path):
    records = gaf_records(write_all(tmp_path, genes=np.array(["P12345", "A0A024R1R8", "Q9Y6K9-2"])) / "m.gaf.gz")
    assert {(r["DB"], *r["Taxon_ID"]) for r in records} == {("UniProtKB", "taxon:32644")}


def test_the_same_input_gives_the_same_bytes(tmp_path):
    first, second = write_all(tmp_path / "a"), write_all(tmp_path / "b")
    for name in ("m.tsv.gz", "m.cafa.tsv.gz", "m.gaf.gz"):
        assert (first / name).read_bytes() == (second / name).read_bytes()


def chain(n_terms: int) -> Ontology:
    """Terms of which each is the parent of the one before: GO:0 is the most specific and the first by name."""
    names = [f"GO:{number:07d}" for number in range(n_terms)]
    return ontology_from_edges({name: (name, "biological_process") for name in names}, pairwise(names))


def test_of_2000_terms_the_1500_best_stay(tmp_path):
    ontology = chain(2_000)
    scores = np.linspace(0.2, 0.9, 2_000, dtype=np.float32)[None, :]
    write_all(tmp_path, scores, csr_array((1, 2_000), dtype=bool), np.array(["g"]), ontology)
    table = read_predictions(tmp_path / "m.tsv.gz")
    assert len(table) == 1_500
    assert set(table["term"]) == set(ontology.terms[500:])


def test_among_equal_scores_no_parent_is_dropped_while_its_child_is_kept(tmp_path):
    ontology = chain(2_000)  # by name alone the 1,500 most specific terms would stay, and their ancestors go
    write_all(
        tmp_path, np.full((1, 2_000), 0.5, np.float32), csr_array((1, 2_000), dtype=bool), np.array(["g"]), ontology
    )
    assert set(read_predictions(tmp_path / "m.tsv.gz")["term"]) == set(ontology.terms[500:])


def test_scores_read_back_equal_the_decimals_written(tmp_path):
    numbers = np.arange(100, 10_001)
    terms = {f"GO:{number:07d}": ("x", "biological_process") for number in numbers[:1_500]}
    ontology = ontology_from_edges(terms, [])
    for start in range(0, len(numbers) - 1_500, 1_500):
        part = numbers[start : start + 1_500]
        scores = (part / 10_000).astype(np.float32)[None, :]
        write_predictions(tmp_path / "m.tsv.gz", scores, np.array(["g"]), ontology, csr_array((1, 1_500), dtype=bool))
        table = read_predictions(tmp_path / "m.tsv.gz")
        assert table["score"].tolist() == [float(f"{number / 10_000:.4f}") for number in part[::-1]]


def test_gene_names_that_look_like_missing_values_are_read_as_names(tmp_path):
    write_all(tmp_path, genes=np.array(["NA", "nan", '"quoted']))
    assert read_predictions(tmp_path / "m.tsv.gz")["gene"].unique().tolist() == ["NA", "nan"]


def test_many_chunks_of_genes_equal_one_gene_at_a_time(tmp_path):
    rng = np.random.default_rng(0)
    scores = ONTOLOGY.propagate_scores(rng.random((1_100, 7), dtype=np.float32))
    known = ONTOLOGY.propagate(csr_array(rng.random((1_100, 7)) < 0.1))
    genes = np.array([f"g{number}" for number in range(1_100)])
    rows = text_of(write_all(tmp_path, scores, known, genes) / "m.tsv.gz")[1:]
    expected = []
    for gene, own, has in zip(genes, scores, known.toarray()):
        kept = [
            (-round(float(s) * 1e4) / 1e4, t, h) for s, t, h in zip(own, ONTOLOGY.terms, has) if round(s * 1e4) >= 100
        ]
        expected += [(gene, term, f"{-score:.4f}", str(int(flag))) for score, term, flag in sorted(kept)]
    assert [(f[0], f[1], f[4], f[6]) for f in (row.split("\t") for row in rows)] == expected


def test_no_gaf_term_has_a_descendant_in_gaf_and_none_is_known(tmp_path):
    rng = np.random.default_rng(1)
    scores = ONTOLOGY.propagate_scores(rng.random((300, 7), dtype=np.float32))
    known = ONTOLOGY.propagate(csr_array(rng.random((300, 7)) < 0.2))
    genes = np.array([f"g{number}" for number in range(300)])
    held = np.zeros((300, 7), dtype=bool)
    for record in gaf_records(write_all(tmp_path, scores, known, genes) / "m.gaf.gz"):
        held[int(record["DB_Object_ID"][1:]), ONTOLOGY.index[record["GO_ID"]]] = True
    assert held.sum() > 300
    assert not (held & known.toarray()).any()
    above = ONTOLOGY.ancestors.toarray() & ~np.eye(7, dtype=bool)
    assert not (held & (held @ above)).any()
    new = (np.rint(scores * 1e4) >= 5_000) & ~known.toarray()
    assert (((held @ ONTOLOGY.ancestors.toarray()) & ~known.toarray()) == new).all()  # nothing is lost either


@pytest.mark.parametrize("options", [{"date": 0}, {"date": 20201340}, {"gaf_threshold": 0.0}])
def test_nothing_is_written_when_gaf_cannot_be(tmp_path, options):
    with pytest.raises(InputError, match=r"found .*, expected"):
        write_all(tmp_path, **options)
    assert not list(tmp_path.iterdir())


def test_nothing_is_written_when_a_gene_breaks_the_writing(tmp_path):
    with pytest.raises(UnicodeEncodeError):
        write_all(tmp_path, genes=np.array(["a", "\ud800", "c"]))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("gene\tterm\nYAL1\tGO:1\n", "m.tsv:1: expected a header with gene, term, score"),
        (
            "gene\tterm\tscore\nYAL1\tGO:1\t0.5\nYAL1\tGO:2\tmuch\n",
            "m.tsv:3: expected a score from 0 to 1, found 'much'",
        ),
        ("gene\tterm\tscore\nYAL1\tGO:1\t1.5\n", "m.tsv:2: expected a score from 0 to 1, found '1.5'"),
        ("gene\tterm\tscore\nYAL1\tGO:1\tnan\n", "m.tsv:2: expected a score from 0 to 1, found 'nan'"),
        ("gene\tterm\tscore\nYAL1\tGO:1\n", "m.tsv:2: expected 3 columns, found 2"),
        ("", "the file is empty"),
    ],
)
def test_a_damaged_table_is_refused_in_one_sentence(tmp_path, content, expected):
    (tmp_path / "m.tsv").write_text(content)
    with pytest.raises(InputError, match=expected) as caught:
        read_predictions(tmp_path / "m.tsv")
    assert "\n" not in str(caught.value)


def test_a_truncated_table_is_refused_in_one_sentence(tmp_path):
    rng = np.random.default_rng(0)
    genes = np.array([f"gene{number}" for number in range(2_000)])
    write_all(tmp_path, rng.random((2_000, 7), dtype=np.float32), csr_array((2_000, 7), dtype=bool), genes)
    whole = (tmp_path / "m.tsv.gz").read_bytes()
    (tmp_path / "m.tsv.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="the compressed file is damaged"):
        read_predictions(tmp_path / "m.tsv.gz")


def test_cafaeval_finds_the_same_scores_in_the_cafa_file(tmp_path):
    """A gene predicted with its truth above 0.7, and one with half of it: F-max by hand."""
    cafaeval = pytest.importorskip("cafaeval.evaluation")
    folder = write_all(tmp_path)
    obo = ["format-version: 1.2", "", "[Term]", "id: GO:0008150", "name: root", "namespace: biological_process", ""]
    for term in ("GO:0000001", "GO:0000002", "GO:0000003"):
        parent = dict(EDGES).get(term, "GO:0008150")
        obo += ["[Term]", f"id: {term}", "name: x", "namespace: biological_process", f"is_a: {parent}", ""]
    (folder / "go.obo").write_text("\n".join(obo))
    (folder / "truth.tsv").write_text("YAL2\tGO:0000003\nYAL1\tGO:0000001\n")
    (folder / "predictions").mkdir()
    (folder / "predictions" / "m.tsv").write_bytes(gzip.decompress((folder / "m.cafa.tsv.gz").read_bytes()))
    _, best = cafaeval.cafa_eval(
        str(folder / "go.obo"),
        str(folder / "predictions"),
        str(folder / "truth.tsv"),
        no_orphans=True,
        norm="cafa",
        prop="max",
    )
    row = best["f"].iloc[0]
    # at 0.66 to 0.70 YAL2 has its 3 terms, YAL1 its 1 (GO:2 scores 0.65): precision and recall are 1
    assert row["f"] == pytest.approx(1.0)
    assert best["f"].index.get_level_values("tau")[0] == pytest.approx(0.66)


def test_scores_of_the_wrong_shape_are_our_own_mistake(tmp_path):
    with pytest.raises(ValueError, match="need the shape"):
        write_all(tmp_path, scores=SCORES[:, :3])


def test_only_the_table_appears_when_only_the_table_is_asked_for(tmp_path):
    write_predictions(tmp_path / "deep" / "m.tsv.gz", SCORES, GENES, ONTOLOGY, KNOWN)
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["m.tsv.gz"]
    frame = pd.read_csv(tmp_path / "deep" / "m.tsv.gz", sep="\t")
    assert list(frame.columns) == list(HEADER)


def test_a_name_that_does_not_end_in_gz_gets_the_same_text_uncompressed(tmp_path):
    packed = write_all(tmp_path / "packed")
    plain = tmp_path / "plain"
    write_predictions(
        plain / "m.tsv", SCORES, GENES, ONTOLOGY, KNOWN, cafa=plain / "m.cafa.tsv", gaf=plain / "m.gaf", model="m",
        date=20200301,
    )  # fmt: skip
    for name in ("m.tsv", "m.cafa.tsv", "m.gaf"):
        assert (plain / name).read_text().splitlines() == text_of(packed / f"{name}.gz")
    pd.testing.assert_frame_equal(read_predictions(plain / "m.tsv"), read_predictions(packed / "m.tsv.gz"))


def test_a_table_without_rows_is_read_as_such(tmp_path):
    write_predictions(tmp_path / "m.tsv.gz", np.zeros_like(SCORES), GENES, ONTOLOGY, KNOWN)
    found = read_predictions(tmp_path / "m.tsv.gz")
    assert found.columns.tolist() == ["gene", "term", "score", "probability"]
    assert found.empty


def test_other_formats_are_written_only_where_asked_for(tmp_path):
    write_predictions(tmp_path / "m.tsv", SCORES, GENES, ONTOLOGY, KNOWN)
    assert [path.name for path in tmp_path.iterdir()] == ["m.tsv"]


@pytest.mark.parametrize("score", ["nan", "NaN", "", "inf", "-0.1", "1.01", "high"])
def test_a_score_that_is_none_is_refused_with_its_line(tmp_path, score):
    (tmp_path / "p.tsv").write_text(f"gene\tterm\tscore\nA\tGO:0000001\t0.5\nB\tGO:0000001\t{score}\n")
    with pytest.raises(InputError) as caught:
        read_predictions(tmp_path / "p.tsv")
    assert str(caught.value) == (
        f"{tmp_path / 'p.tsv'}:3: expected a score from 0 to 1, found {score!r}; predict again"
    )
