"""Who is evaluated with whom: by what was known at t0, and by what there is to predict from."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from genessl.data.dataset import GeneDataset
from genessl.data.references import References
from genessl.errors import InputError
from genessl.evaluation.categories import annotated_aspects, gene_groups, knowledge_categories
from genessl.evaluation.comparison import compare, scores_from_table
from genessl.evaluation.metrics import evaluate
from tests.evaluation.test_comparison import (
    BINDING,
    FULL,
    KINASE,
    KINASE_BINDING,
    LYASE,
    NUCLEOLUS,
    NUCLEUS,
    ONE_BIT,
    PROTEIN_BINDING,
    labels,
    number,
    predicted,
)


def edges(n_genes, *pairs):
    """A symmetric matrix with the weight 0.5 on each pair."""
    dense = np.zeros((n_genes, n_genes), dtype=np.float32)
    for a, b in pairs:
        dense[a, b] = dense[b, a] = 0.5
    return csr_array(dense)


def six_genes(**changes):
    """Edges 0-1 and 1-2 in two networks, homologs 2-3."""
    arguments = {
        "genes": np.array(list("abcdef")),
        "sequence_features": np.zeros((6, 0), dtype=np.float32),
        "feature_names": (),
        "homology": edges(6, (2, 3)),
        "networks": {"one": edges(6, (0, 1)), "two": edges(6, (1, 2))},
        "ontology": FULL,
        **{name: csr_array((6, len(FULL.terms)), dtype=bool) for name in ("positive", "negative", "electronic")},
        "split": np.zeros(6, dtype=np.uint8),
    }
    return GeneDataset(**{**arguments, **changes})


def who(dataset):
    return {name: "".join(dataset.genes[mask]) for name, mask in gene_groups(dataset).items()}


def members(known, truth):
    found = knowledge_categories(known, truth, FULL)
    return {(category.aspect, category.knowledge): category.rows.tolist() for category in found}


def test_genes_sort_into_knowledge_by_what_was_known():
    known = labels([], [NUCLEUS], [KINASE], [KINASE], [KINASE, NUCLEUS])
    truth = labels([KINASE], [KINASE], [KINASE, LYASE], [KINASE], [KINASE, NUCLEOLUS])
    # gene 0 knew nothing, 1 knew a component, 2 and 4 gained a term where they had some, 3 gained none.
    assert members(known, truth) == {
        ("MFO", "NK"): [0],
        ("MFO", "LK"): [1],
        ("MFO", "first"): [0, 1],
        ("MFO", "PK"): [2],
        ("CCO", "PK"): [4],
    }


def test_protein_binding_alone_is_no_annotation_before():
    known = labels([PROTEIN_BINDING], [PROTEIN_BINDING, NUCLEUS], [KINASE_BINDING], [PROTEIN_BINDING, KINASE])
    truth = labels(*[[PROTEIN_BINDING, KINASE_BINDING, KINASE, LYASE]] * 4)
    assert members(known, truth) == {
        ("MFO", "NK"): [0],
        ("MFO", "LK"): [1],
        ("MFO", "first"): [0, 1],
        ("MFO", "PK"): [2, 3],
    }


def test_protein_binding_alone_is_no_annotation_afterwards():
    nothing = labels([], [], [], [])
    truth = labels([PROTEIN_BINDING], [BINDING], [KINASE_BINDING], [PROTEIN_BINDING, NUCLEUS])
    assert members(nothing, truth) == {
        ("MFO", "NK"): [2],
        ("MFO", "first"): [2],
        ("CCO", "NK"): [3],
        ("CCO", "first"): [3],
    }


def test_a_root_alone_is_no_annotation():
    assert not annotated_aspects(labels(["GO:0003674"], ["GO:0005575"]), FULL).any()
    assert annotated_aspects(labels([KINASE], [NUCLEUS]), FULL).tolist() == [[True, False], [False, True]]


def test_isolated_genes_are_in_no_network_and_orphans_have_no_homolog():
    assert who(six_genes()) == {"isolated": "def", "orphan": "abef"}


def test_a_homolog_in_another_organism_makes_no_orphan():
    weights = csr_array(np.array([[0], [0], [0], [0], [90], [0]], dtype=np.float32))
    other = References(
        names=np.array(["x"]),
        homology=weights,
        domains=csr_array((6, 1), dtype=np.float32),
        positive=csr_array((1, len(FULL.terms)), dtype=bool),
    )
    assert who(six_genes(references=other)) == {"isolated": "def", "orphan": "abf"}


def test_a_bit_score_of_zero_is_no_homolog():
    stored = csr_array((np.array([5, 5, 0, 0], dtype=np.float32), ([0, 1, 2, 3], [1, 0, 3, 2])), shape=(6, 6))
    assert stored.nnz == 4
    assert who(six_genes(homology=stored))["orphan"] == "cdef"


def test_where_every_gene_lacks_a_view_nothing_is_told_apart():
    assert who(six_genes(networks={})) == {"orphan": "abef"}
    assert who(replace(six_genes(), homology=edges(6), networks={"empty": edges(6)})) == {}


GENES = [str(gene) for gene in range(60)]
# 40 genes get their first function, 10 kinases another one, 10 nothing. Predicted right: genes 0 to 9 and 20 to 39.
KNOWN = labels(*[[]] * 40, *[[KINASE]] * 10, *[[]] * 10)
TRUTH = labels(*[[LYASE]] * 40, *[[KINASE, LYASE]] * 10, *[[]] * 10)
TABLE = predicted(
    *[(gene, LYASE, 0.6) for gene in GENES[:10] + GENES[20:40]], *[(gene, KINASE, 0.9) for gene in GENES[10:20]]
)


def group(*genes):
    return np.isin(np.arange(60), genes)


def compared(groups, **options):
    arguments = {"scheme": "temporal", "n_bootstrap": 20, "groups": groups, **options}
    return compare({"model": [TABLE]}, KNOWN, TRUTH, FULL, ONE_BIT, GENES, **arguments)


def test_a_group_is_evaluated_on_its_own_genes():
    result = compared({"isolated": group(*range(20))})
    assert number(result, "MFO", "first-isolated", "fmax", "n_genes") == 20
    # Truth: lyase and catalysis. Genes 0 to 9: both right, from .6 down. Genes 10 to 19: catalysis right, kinase wrong.
    # Up to .6: precision (10 + 10 / 2) / 20 = recall = .75.
    assert number(result, "MFO", "first-isolated", "fmax") == pytest.approx(0.75)
    # All 40: precision = recall = (30 + 10 / 2) / 40.
    assert number(result, "MFO", "first", "fmax") == pytest.approx(0.875)


def test_the_numbers_of_a_group_are_those_of_its_rows():
    rows, columns = np.arange(5, 30), np.flatnonzero((FULL.aspects == "MFO") & ~FULL.roots)
    result = compared({"orphan": group(*rows)}, seed=3).set_index(["aspect", "knowledge", "metric"]).sort_index()
    scores = scores_from_table(TABLE, GENES, FULL)
    expected = evaluate(
        csr_array(TRUTH[rows][:, columns]),
        csr_array(scores[rows][:, columns]),
        ONE_BIT[columns],
        n_bootstrap=20,
        seed=3,
    )
    found = result.loc[("MFO", "first-orphan")]
    for column in ("value", "low", "high"):
        np.testing.assert_array_equal(found[column], expected[column].loc[found.index])
    assert len(found) == len(expected)


def test_a_group_of_fewer_than_twenty_genes_in_the_aspect_has_no_row():
    enough, few = group(*range(20)), group(*range(19))
    elsewhere = group(*range(19), *range(40, 60))  # the others gained further functions, or nothing
    result = compared({"enough": enough, "few": few, "elsewhere": elsewhere})
    assert set(result["knowledge"]) == {"NK", "first", "PK", "first-enough"}
    result = compared({"enough": enough, "few": few, "elsewhere": elsewhere}, scheme="cross_validation")
    assert set(result["knowledge"]) == {"CV", "CV-enough", "CV-elsewhere"}  # 19 and 10 of its genes have labels
    assert number(result, "MFO", "CV-elsewhere", "fmax", "n_genes") == 29


@pytest.mark.parametrize("scheme", ["temporal", "cross_validation"])
def test_groups_leave_the_other_numbers_as_they_are(scheme):
    result = compared({"isolated": group(*range(25)), "orphan": group(*range(15, 60))}, scheme=scheme)
    single = result["knowledge"].str.contains("-")
    assert single.sum() == 2 * len(result[result["knowledge"] == ("first" if scheme == "temporal" else "CV")])
    alone = compared(None, scheme=scheme)
    assert result[~single].reset_index(drop=True).equals(alone)


@pytest.mark.parametrize("mask", [np.zeros(59, dtype=bool), np.arange(60)])
def test_a_group_that_is_no_mask_over_the_genes_is_refused(mask):
    with pytest.raises(InputError, match=r"groups: found .* as 'odd', expected bool of shape \(60,\)"):
        compared({"odd": mask})
