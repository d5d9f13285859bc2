"""Pairs of gene and term: candidates and each of their features by hand."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from genessl.data.ontology import ontology_from_edges
from genessl.semi_supervised.stacking.pair_features import _SMALLEST, TermFacts, describe_pairs

# TOP above LEFT and RIGHT, BOTTOM below both; a term of another aspect comes first.
ROOT, TOP, LEFT, RIGHT, BOTTOM = (f"GO:{k}" for k in range(1, 6))
FULL = ontology_from_edges(
    {
        "GO:0": ("function", "molecular_function"),
        "GO:00": ("molecular_function", "molecular_function"),
        **{term: (term, "biological_process") for term in (ROOT, TOP, LEFT, RIGHT, BOTTOM)},
    },
    [("GO:0", "GO:00"), (TOP, ROOT), (LEFT, TOP), (RIGHT, TOP), (BOTTOM, LEFT), (BOTTOM, RIGHT)],
)
ONTOLOGY = FULL.subset(np.flatnonzero(~FULL.roots))
COLUMNS = np.array([ONTOLOGY.index[term] for term in (TOP, LEFT, RIGHT, BOTTOM)])
FREQUENCY = np.full(5, 0.5, dtype=np.float32)
FREQUENCY[COLUMNS] = [0.8, 0.5, 0.4, 0.2]
ACCRETION = np.full(5, 9.0)
ACCRETION[COLUMNS] = [0.25, 0.5, 1.0, 2.0]
# Numbers that half precision holds exactly.
FIRST = [[0.875, 0.5, 0.1875, 0.0], [0.8125, 0.125, 0.625, 0.3125]]
SECOND = [[0.875, 0.75, 0.0, 0.125], [0.25, 0.0, 0.0, 0.0]]
COVARIATES = np.array([[7.0, 8.0], [3.0, 4.0]], dtype=np.float32)


def wide(rows, dtype=np.float32):
    """Values of the four terms, with a 1 for the term of the other aspect, which must not be read."""
    table = np.ones((2, 5), dtype=dtype)
    table[:, COLUMNS] = rows
    return table


def facts():
    return TermFacts.of(COLUMNS, FREQUENCY, ACCRETION, ONTOLOGY)


def described(known, n_candidates, scores=(FIRST, SECOND)):
    return describe_pairs(
        [np.array(part, dtype=np.float32) for part in scores],
        csr_array(known),
        COVARIATES,
        facts(),
        n_candidates=n_candidates,
    )


def logit(p):
    p = min(max(p, _SMALLEST), 1 - _SMALLEST)
    return np.log(p / (1 - p))


NOTHING = np.zeros((2, 4), dtype=bool)


def test_the_facts_of_terms_are_those_of_their_columns():
    found = facts()
    np.testing.assert_allclose(found.frequency, [0.8, 0.5, 0.4, 0.2])
    np.testing.assert_allclose(found.accretion, [0.25, 0.5, 1.0, 2.0])
    # TOP's only parent is the root, which is no column.
    np.testing.assert_allclose(found.parents.toarray(), [[0, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0], [0, 0.5, 0.5, 0]])


def test_candidates_are_the_best_terms_of_each_predictor():
    # Gene 0: TOP and LEFT by both. Gene 1: TOP and RIGHT by the first, TOP alone by the second, whose rest is 0.
    found = described(NOTHING, 2)
    assert list(zip(found.rows.tolist(), found.columns.tolist())) == [
        (0, COLUMNS[0]), (0, COLUMNS[1]), (1, COLUMNS[0]), (1, COLUMNS[2]),
    ]  # fmt: skip
    assert len(described(NOTHING, 1).rows) == 2
    assert len(described(NOTHING, 60).rows) == 8  # gene 0 has four terms above 0 by either, gene 1 four


def test_ties_are_all_candidates():
    tied = [[0.5, 0.5, 0.5, 0.1], [0.5, 0.2, 0.1, 0.1]]
    found = described(NOTHING, 2, scores=[tied])
    assert np.bincount(found.rows).tolist() == [3, 2]


def test_each_feature_of_each_pair_is_the_one_calculated_by_hand():
    known = np.array([[True, True, False, False], [True, False, False, False]])
    found = described(known, 60)
    # Gene 0 knows TOP and LEFT; left are RIGHT (0.1875 and 0) and BOTTOM (0 and 0.125). Gene 1 knows TOP.
    pairs = [(0, 2), (0, 3), (1, 1), (1, 2), (1, 3)]
    assert list(zip(found.rows.tolist(), found.columns.tolist())) == [(g, COLUMNS[t]) for g, t in pairs]
    least = logit(0.0)

    def mean(gene, term):
        return (logit(FIRST[gene][term]) + logit(SECOND[gene][term])) / 2

    parents_known = {(0, 2): 1.0, (0, 3): 0.5, (1, 1): 1.0, (1, 2): 1.0, (1, 3): 0.0}
    foreseen = [(mean(0, 0) + mean(0, 1)) / 2, mean(1, 0)]
    # The mean over the gene's terms, of which there are fewer than ten, a known one counting as the smallest logit.
    strongest = [
        (2 * least + mean(0, 2) + mean(0, 3)) / 4,
        (least + mean(1, 1) + mean(1, 2) + mean(1, 3)) / 4,
    ]
    frequency, accretion = [0.8, 0.5, 0.4, 0.2], [0.25, 0.5, 1.0, 2.0]
    expected = [
        [
            logit(FIRST[g][t]), logit(SECOND[g][t]), mean(g, t), parents_known[g, t], logit(frequency[t]), accretion[t],
            np.log(1 + (2, 1)[g]), foreseen[g], strongest[g], *COVARIATES[g],
        ]
        for g, t in pairs
    ]  # fmt: skip
    np.testing.assert_allclose(found.features, expected, rtol=1e-4, atol=1e-4)
    assert found.features.dtype == np.float32


@pytest.mark.parametrize("seed", range(5))
def test_a_known_term_is_never_a_candidate_and_takes_no_ones_place(seed):
    known = np.random.default_rng(seed).random((2, 4)) < 0.5
    for n_candidates in (1, 2, 60):
        found = described(known, n_candidates)
        assert not wide(known, bool)[found.rows, found.columns].any()
    best = described(np.array([[True, False, False, False]] * 2), 1)
    assert {(0, COLUMNS[1]), (1, COLUMNS[2])} == set(zip(best.rows.tolist(), best.columns.tolist()))


def test_a_gene_of_which_nothing_is_said_has_no_pair():
    found = described(NOTHING, 3, scores=[[[0.0] * 4, [0.0, 0.0, 0.0, 0.4]]])
    assert found.rows.tolist() == [1]
