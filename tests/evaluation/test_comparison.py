import gzip
import logging

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

from genessl.data.annotations import EXPERIMENTAL, read_gaf
from genessl.data.ontology import ontology_from_edges, read_obo
from genessl.errors import InputError
from genessl.evaluation.categories import knowledge_categories
from genessl.evaluation.comparison import COLUMNS, compare, labels_from_table, lift, scores_from_table

MF, CC = "molecular_function", "cellular_component"
BINDING, PROTEIN_BINDING, KINASE_BINDING = "GO:0005488", "GO:0005515", "GO:0019900"
CATALYSIS, KINASE, LYASE = "GO:0003824", "GO:0016301", "GO:0016829"
MEMBRANE, NUCLEUS, NUCLEOLUS = "GO:0016020", "GO:0005634", "GO:0005730"
FULL = ontology_from_edges(
    {
        "GO:0003674": ("molecular_function", MF),
        BINDING: ("binding", MF),
        PROTEIN_BINDING: ("protein binding", MF),
        KINASE_BINDING: ("kinase binding", MF),
        CATALYSIS: ("catalytic activity", MF),
        KINASE: ("kinase activity", MF),
        LYASE: ("lyase activity", MF),
        "GO:0005575": ("cellular_component", CC),
        MEMBRANE: ("membrane", CC),
        NUCLEUS: ("nucleus", CC),
        NUCLEOLUS: ("nucleolus", CC),
    },
    [
        (BINDING, "GO:0003674"),
        (PROTEIN_BINDING, BINDING),
        (KINASE_BINDING, PROTEIN_BINDING),
        (CATALYSIS, "GO:0003674"),
        (KINASE, CATALYSIS),
        (LYASE, CATALYSIS),
        (MEMBRANE, "GO:0005575"),
        (NUCLEUS, "GO:0005575"),
        (NUCLEOLUS, NUCLEUS),
    ],
    alternatives={"GO:0004428": KINASE},
)
ONE_BIT = np.ones(len(FULL.terms))


def labels(*terms_of_genes):
    rows = [(str(gene), term) for gene, terms in enumerate(terms_of_genes) for term in terms]
    return labels_from_table(
        pd.DataFrame(rows, columns=["gene", "term"]), [str(gene) for gene in range(len(terms_of_genes))], FULL
    )


def predicted(*rows):
    return pd.DataFrame(rows, columns=["gene", "term", "score"])


def evaluated(table, known, truth, **options):
    arguments = {"scheme": "temporal", "n_bootstrap": 0, **options}
    genes = [str(gene) for gene in range(truth.shape[0])]
    return compare({"model": [table]}, known, truth, FULL, ONE_BIT, genes, **arguments)


def number(result, aspect, knowledge, metric, column="value"):
    chosen = (result["aspect"] == aspect) & (result["knowledge"] == knowledge) & (result["metric"] == metric)
    assert chosen.sum() == 1
    return result.loc[chosen, column].item()


def test_protein_binding_alone_is_no_annotation_in_cross_validation():
    truth = labels([PROTEIN_BINDING], [KINASE_BINDING], [KINASE], [NUCLEUS])
    result = evaluated(predicted(("2", KINASE, 1.0)), truth, truth, scheme="cross_validation")
    assert set(result["knowledge"]) == {"CV"}
    assert number(result, "MFO", "CV", "fmax", "n_genes") == 2
    assert number(result, "CCO", "CV", "fmax", "n_genes") == 1


def test_the_terms_of_first_annotated_genes_all_count_even_protein_binding_known_before():
    known, truth = labels([PROTEIN_BINDING]), labels([PROTEIN_BINDING, KINASE])
    # truth: binding, protein binding, catalysis, kinase; predicted: catalysis, kinase. F = 2 * 1 * 1/2 / (3/2).
    result = evaluated(predicted(("0", KINASE, 0.9)), known, truth)
    assert number(result, "MFO", "NK", "fmax") == pytest.approx(2 / 3)


def test_partial_knowledge_leaves_truth_and_predictions():
    known = labels([CATALYSIS, NUCLEUS], [KINASE])
    truth = labels([KINASE, NUCLEUS], [KINASE, LYASE, KINASE_BINDING])
    table = predicted(
        ("0", KINASE, 0.8), ("0", MEMBRANE, 0.9), ("1", KINASE, 0.9), ("1", CATALYSIS, 0.95), ("1", BINDING, 0.3)
    )
    # Gene 0: gained kinase; predicted kinase .8 (catalysis is known). Gene 1: gained lyase, kinase binding, protein
    # binding, binding; predicted binding .3 (kinase and catalysis are known).
    # Up to .3: precision (1 + 1) / 2, recall (1 + 1/4) / 2 = .625, F = 2 * .625 / 1.625.
    # Above: gene 1 has no prediction left: precision 1 / 1, recall (1 + 0) / 2, F = 2/3.
    result = evaluated(table, known, truth)
    assert set(zip(result["aspect"], result["knowledge"])) == {("MFO", "PK")}
    assert number(result, "MFO", "PK", "fmax") == pytest.approx(2 * 0.625 / 1.625)
    assert number(result, "MFO", "PK", "fmax_threshold") == pytest.approx(0.01)
    assert number(result, "MFO", "PK", "coverage") == 1.0
    # One bit a term, up to .3: no misinformation, uncertainty (0 + 3) / 2.
    assert number(result, "MFO", "PK", "smin") == pytest.approx(1.5)
    assert number(result, "MFO", "PK", "fmax", "n_genes") == 2


def test_repeating_what_is_known_earns_nothing_in_partial_knowledge():
    known, truth = labels([KINASE]), labels([KINASE, LYASE])
    result = evaluated(predicted(("0", KINASE, 1.0)), known, truth)
    assert number(result, "MFO", "PK", "fmax") == 0
    assert number(result, "MFO", "PK", "coverage") == 0


def test_a_truth_term_that_no_model_scores_counts_as_missed():
    truth = labels([NUCLEOLUS, MEMBRANE])
    # truth: nucleolus, nucleus, membrane; predicted: membrane. F = 2 * 1 * 1/3 / (4/3).
    result = evaluated(predicted(("0", MEMBRANE, 0.5)), labels([]), truth)
    assert number(result, "CCO", "NK", "fmax") == pytest.approx(0.5)


def test_predicting_a_root_neither_helps_nor_harms():
    truth = labels([NUCLEUS])
    with_root = evaluated(predicted(("0", NUCLEUS, 0.5), ("0", "GO:0005575", 1.0)), labels([]), truth)
    without = evaluated(predicted(("0", NUCLEUS, 0.5)), labels([]), truth)
    assert with_root.equals(without)


def test_scores_reach_ancestors_and_the_largest_counts():
    table = predicted(("b", KINASE, 0.25), ("b", CATALYSIS, 0.1), ("b", LYASE, 0.7), ("b", LYASE, 0.2))
    scores = scores_from_table(table, ["a", "b"], FULL).toarray()
    assert not scores[0].any()
    expected = {KINASE: 0.25, LYASE: 0.7, CATALYSIS: 0.7, "GO:0003674": 0.7}
    assert {FULL.terms[column]: scores[1, column] for column in np.flatnonzero(scores[1])} == expected


def test_scores_keep_every_digit():
    random = np.random.default_rng(0)
    genes = [f"g{k}" for k in range(2500)]
    table = pd.DataFrame({"gene": genes, "term": NUCLEOLUS, "score": random.random(2500)})
    scores = scores_from_table(table.sample(frac=1, random_state=0), genes, FULL).toarray()
    for term in (NUCLEOLUS, NUCLEUS, "GO:0005575"):
        assert np.array_equal(scores[:, FULL.index[term]], table["score"])


def test_alternative_ids_are_resolved_and_unknown_rows_counted(caplog):
    table = predicted(("a", "GO:0004428", 0.4), ("a", "GO:9999999", 0.4), ("z", KINASE, 0.4), ("y", KINASE, 0.4))
    with caplog.at_level(logging.WARNING):
        scores = scores_from_table(table, ["a"], FULL)
    assert scores[0, FULL.index[KINASE]] == 0.4
    assert [record.getMessage() for record in caplog.records] == [
        "predictions: 2 of 4 rows have an unknown gene",
        "predictions: 1 of 4 rows have an unknown term",
    ]


@pytest.mark.parametrize("score", [1.2, -0.1, float("nan"), "high"])
def test_a_score_outside_zero_to_one_is_refused_by_name(score):
    with pytest.raises(InputError, match=f"expected scores from 0 to 1, found {score} for a and {KINASE}"):
        scores_from_table(predicted(("a", KINASE, score)), ["a"], FULL)


def test_a_missing_column_is_refused():
    with pytest.raises(InputError, match="expected a column 'score', found gene, term"):
        scores_from_table(pd.DataFrame({"gene": ["a"], "term": [KINASE]}), ["a"], FULL)


def test_an_empty_table_scores_nothing():
    assert scores_from_table(predicted(), ["a", "b"], FULL).shape == (2, len(FULL.terms))
    assert number(evaluated(predicted(), labels([]), labels([NUCLEUS])), "CCO", "NK", "fmax") == 0


def test_lifting_adds_what_the_columns_lack():
    columns = FULL.subset(np.array([FULL.index[NUCLEOLUS], FULL.index[KINASE]]))
    narrow = csr_array(np.array([[term == NUCLEOLUS for term in columns.terms], [False, False]]))
    lifted = lift(narrow, columns, FULL)
    assert (lifted != labels([NUCLEOLUS], [])).nnz == 0
    assert lifted[0, FULL.index["GO:0005575"]]


def test_lifting_to_another_release_is_refused():
    narrow = FULL.subset(np.array([FULL.index[KINASE]]))
    with pytest.raises(InputError, match="found 1 missing, such as GO:0016301"):
        lift(csr_array((1, 1), dtype=bool), narrow, FULL.subset(np.array([0, 1])))


def test_several_members_are_averaged():
    known, truth = labels([], []), labels([KINASE], [LYASE])
    tables = [predicted(("0", KINASE, 0.5)), predicted(("0", LYASE, 0.5), ("1", LYASE, 0.5)), predicted()]
    options = {"scheme": "temporal", "n_bootstrap": 50}
    both = compare({"permuted_labels": iter(tables)}, known, truth, FULL, ONE_BIT, ["0", "1"], **options)
    each = [compare({"one": [table]}, known, truth, FULL, ONE_BIT, ["0", "1"], **options) for table in tables]
    for column in ("value", "low", "high"):
        assert both[column].to_numpy() == pytest.approx(np.mean([one[column] for one in each], axis=0))
    assert set(both["n_genes"]) == {2}


def test_matrices_and_tables_give_the_same_numbers():
    known, truth = labels([], [NUCLEUS]), labels([KINASE], [LYASE, NUCLEOLUS])
    table = predicted(("0", KINASE, 0.5), ("1", LYASE, 0.3), ("1", MEMBRANE, 0.2))
    matrix = scores_from_table(table, ["0", "1"], FULL)
    assert evaluated(table, known, truth).equals(evaluated(matrix, known, truth))


def test_the_table_is_tidy():
    known, truth = labels([], [NUCLEUS]), labels([KINASE], [LYASE, NUCLEOLUS])
    result = evaluated(predicted(("0", KINASE, 0.5)), known, truth, n_bootstrap=10)
    assert tuple(result.columns) == COLUMNS
    assert not result.duplicated(list(COLUMNS[:4])).any()
    assert not result.isna().any().any()
    found = set(zip(result["aspect"], result["knowledge"]))
    assert found == {("MFO", "NK"), ("MFO", "LK"), ("MFO", "first"), ("CCO", "PK")}


def test_no_gene_to_evaluate_gives_an_empty_table():
    result = evaluated(predicted(("0", KINASE, 0.5)), labels([KINASE]), labels([KINASE]))
    assert len(result) == 0
    assert tuple(result.columns) == COLUMNS


def test_a_scheme_without_evaluation_is_refused():
    with pytest.raises(InputError, match="scheme: found 'none'"):
        evaluated(predicted(), labels([]), labels([KINASE]), scheme="none")


def test_a_model_without_predictions_is_refused():
    with pytest.raises(ValueError, match="empty: no predictions"):
        compare({"empty": []}, labels([]), labels([KINASE]), FULL, ONE_BIT, ["0"], scheme="temporal")


def yeast_labels(path, frames, ontology):
    """Experimental labels of the reading frames, which each annotation file lists among the synonyms."""
    rows = read_gaf(path)
    rows = rows[rows["evidence"].isin(EXPERIMENTAL) & ~rows["negated"]].astype({"synonyms": str, "term": str})
    names = {text: [word for word in text.split("|") if word in frames] for text in rows["synonyms"].unique()}
    table = pd.DataFrame({"gene": [next(iter(names[text]), "") for text in rows["synonyms"]], "term": rows["term"]})
    return labels_from_table(table[table["gene"] != ""], sorted(frames), ontology, source=path.name)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("ontology_file", "before", "counts"),
    [
        # First-time genes BPO, MFO, CCO, counted once by another program that joins identifiers in its own way.
        ("gene_ontology.1_2_2012-01-04.obo.gz", "gene_association.sgd_2011-12-24.gaf.gz", (251, 422, 305)),
        ("go_2015-07-11.obo.gz", "gene_association.sgd_2016-08-13.gaf.gz", (77, 133, 27)),
    ],
)
def test_first_time_genes_of_yeast_number_as_counted_elsewhere(data_file, ontology_file, before, counts):
    ontology = read_obo(data_file(ontology_file))
    with gzip.open(data_file("4932.protein.sequences.v12.0.fa.gz"), "rt") as lines:
        frames = {line[1:].split()[0].removeprefix("4932.") for line in lines if line.startswith(">")}
    known, truth = (yeast_labels(data_file(name), frames, ontology) for name in (before, "goa_yeast_2020-03-03.gaf.gz"))
    found = {(c.aspect, c.knowledge): len(c.rows) for c in knowledge_categories(known, truth, ontology)}
    assert [found[aspect, "first"] for aspect in ("BPO", "MFO", "CCO")] == pytest.approx(counts, rel=0.02, abs=4)
    for aspect in ("BPO", "MFO", "CCO"):
        assert found.get((aspect, "NK"), 0) + found.get((aspect, "LK"), 0) == found[aspect, "first"]
