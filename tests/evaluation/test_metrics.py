import numpy as np
import pytest
from scipy.sparse import csr_array

from genessl.evaluation.metrics import THRESHOLDS, average, evaluate, summarise, tabulate


def bool_rows(rows):
    return csr_array(np.array(rows, dtype=bool))


def score_rows(rows):
    return csr_array(np.array(rows, dtype=np.float64))


def value(truth, scores, bits, metric):
    table = evaluate(bool_rows(truth), score_rows(scores), np.array(bits, dtype=float), n_bootstrap=0)
    return table.loc[metric, "value"]


def simulated(n_genes, *, noise, seed=0, n_terms=40):
    """Truth of about eight terms a gene, and scores that show it through noise."""
    random = np.random.default_rng(seed)
    truth = random.random((n_genes, n_terms)) < 0.2
    truth[:, 0] = True
    scores = np.clip(0.5 * truth + noise * random.random(truth.shape), 0, 1)
    return csr_array(truth), csr_array(scores), random.random(n_terms) * 5


def test_two_genes_by_hand():
    # gene 1: truth a b, predicted a .9, c .5; gene 2: truth b c, predicted nothing. Bits: a 1, b 2, c 4.
    truth = [[1, 1, 0], [0, 1, 1]]
    scores = [[0.9, 0, 0.5], [0, 0, 0]]
    bits = [1.0, 2.0, 4.0]
    # up to .5: precision 1/2 over the covered gene, recall (1/2 + 0) / 2; up to .9: precision 1, recall 1/4.
    assert value(truth, scores, bits, "fmax") == pytest.approx(2 * 1 * 0.25 / 1.25)
    assert value(truth, scores, bits, "fmax_threshold") == pytest.approx(0.51)
    # in bits, up to .9: precision 1, recall (1/3 + 0) / 2.
    assert value(truth, scores, bits, "wfmax") == pytest.approx(2 * (1 / 6) / (7 / 6))
    # up to .9: uncertainty (2 + 6) / 2 bits, no misinformation; up to .5: misinformation 4 / 2 on top.
    assert value(truth, scores, bits, "smin") == pytest.approx(4.0)
    # in terms: (1 + 2) / 2.
    assert value(truth, scores, bits, "smin_counts") == pytest.approx(1.5)
    assert value(truth, scores, bits, "coverage") == 0.5
    # precision 1 from recall 0 to 1/4; the point of the lower threshold has the same recall and adds no area.
    assert value(truth, scores, bits, "aupr") == pytest.approx(0.25)
    # pooled, up to .9: precision 1/1, recall 1/4.
    assert value(truth, scores, bits, "fmicro") == pytest.approx(0.4)


def test_area_joins_thresholds_by_trapezoids():
    # recall 1/2 at precision 1 (score .8), recall 1 at precision 2/3 (score .3): 1/2 + 1/2 * (1 + 2/3) / 2.
    assert value([[1, 1, 0]], [[0.8, 0.3, 0.3]], [1, 1, 1], "aupr") == pytest.approx(0.5 + 0.5 * (1 + 2 / 3) / 2)


def test_a_perfect_prediction_scores_one_and_leaves_no_bit():
    truth, _, bits = simulated(30, noise=0.0)
    table = evaluate(truth, truth.astype(np.float64), bits, n_bootstrap=20)
    for metric in ("fmax", "wfmax", "aupr", "waupr", "fmicro", "wfmicro", "coverage"):
        assert table.loc[metric].tolist() == pytest.approx([1.0, 1.0, 1.0])
    assert table.loc["smin"].tolist() == [0.0, 0.0, 0.0]


def test_no_prediction_scores_zero_and_leaves_every_bit():
    # bits of the truth: 1 + 2 and 2 + 4.
    truth, scores, bits = [[1, 1, 0], [0, 1, 1]], [[0, 0, 0], [0, 0, 0]], [1, 2, 4]
    for metric in ("fmax", "wfmax", "aupr", "coverage"):
        assert value(truth, scores, bits, metric) == 0
    assert value(truth, scores, bits, "smin") == pytest.approx((3 + 6) / 2)


def test_saying_nothing_is_no_way_to_a_small_distance():
    # truth a (1 bit), predicted c (4 bits) up to .5. Above, nothing is predicted and S would be 1; cafaeval, too,
    # leaves thresholds without any prediction out.
    assert value([[1, 0, 0]], [[0, 0, 0.5]], [1, 2, 4], "smin") == pytest.approx(np.sqrt(1 + 16))
    assert value([[1, 0, 0]], [[0, 0, 0.5]], [1, 2, 4], "smin_counts") == pytest.approx(np.sqrt(2))


def test_a_score_equal_to_a_threshold_is_predicted_there():
    for position in (0, 34, 98):
        terms, _ = tabulate(bool_rows([[1]]), score_rows([[THRESHOLDS[position]]]), np.ones(1))
        assert terms.hits[0].sum() == position + 1
    terms, _ = tabulate(bool_rows([[1]]), score_rows([[0.0099]]), np.ones(1))
    assert terms.hits.sum() == 0


def test_terms_without_information_count_in_no_weighted_number():
    truth, scores, bits = [[1, 1, 0]], [[0.9, 0, 0.9]], [0.0, 3.0, 0.0]
    assert value(truth, scores, bits, "wfmax") == 0
    assert value(truth, scores, bits, "smin") == pytest.approx(3.0)
    assert value(truth, scores, bits, "fmax") == pytest.approx(0.5)


def test_hits_and_errors_add_up_to_truth_and_prediction():
    truth, scores, bits = simulated(25, noise=0.7, seed=3)
    for table, weight in zip(tabulate(truth, scores, bits), (np.ones_like(bits), bits)):
        for position in (0, 20, 60, 98):
            predicted = scores.toarray() >= THRESHOLDS[position]
            assert np.allclose(table.hits[:, position], (predicted & truth.toarray()) @ weight)
            assert np.allclose(table.misinformation[:, position], (predicted & ~truth.toarray()) @ weight)
            assert np.allclose(table.uncertainty[:, position], (~predicted & truth.toarray()) @ weight)


def test_entries_in_any_order_give_the_same_table():
    truth, scores, bits = simulated(5, noise=0.7, seed=4)
    backwards = csr_array(
        (
            np.concatenate([scores.data[a:b][::-1] for a, b in zip(scores.indptr, scores.indptr[1:])]),
            np.concatenate([scores.indices[a:b][::-1] for a, b in zip(scores.indptr, scores.indptr[1:])]),
            scores.indptr,
        ),
        shape=scores.shape,
    )
    order = backwards.indices.copy()
    for left, right in zip(tabulate(truth, scores, bits), tabulate(truth, backwards, bits)):
        assert np.array_equal(left.hits, right.hits)
    assert np.array_equal(backwards.indices, order), "the input stays as it was"


def test_permuted_labels_lower_f_max():
    truth, scores, bits = simulated(200, noise=0.6)
    shuffled = truth[np.random.default_rng(1).permutation(200)]
    true = evaluate(truth, scores, bits, n_bootstrap=0)["value"]
    control = evaluate(csr_array(shuffled), scores, bits, n_bootstrap=0)["value"]
    for metric in ("fmax", "wfmax", "aupr", "waupr"):
        assert control[metric] < true[metric] - 0.1
    assert control["smin"] > true["smin"]


def test_bootstrap_interval_contains_the_value():
    truth, scores, bits = simulated(120, noise=0.75, seed=5)
    table = evaluate(truth, scores, bits, n_bootstrap=300)
    assert (table["low"] <= table["value"]).all()
    assert (table["value"] <= table["high"]).all()
    assert table.loc["fmax", "low"] < table.loc["fmax", "high"]


def test_bootstrap_interval_shrinks_as_the_root_of_the_number_of_genes():
    widths = []
    for n_genes in (60, 960):
        truth, scores, bits = simulated(n_genes, noise=0.75, seed=6)
        row = evaluate(truth, scores, bits, n_bootstrap=400).loc["aupr"]
        widths.append(row["high"] - row["low"])
    # sixteen times the genes: a quarter of the width, within the noise of percentiles of 400 resamples.
    assert widths[0] / widths[1] == pytest.approx(4, rel=0.4)


def test_bootstrap_of_a_mean_has_its_standard_error():
    # coverage is a mean of zeros and ones: half-width 1.96 sqrt(p (1 - p) / n) = 0.0490 for p = 1/2, n = 400.
    truth = csr_array(np.ones((400, 1), dtype=bool))
    scores = csr_array(np.repeat([[0.5], [0.0]], 200, axis=0))
    row = evaluate(truth, scores, np.ones(1), n_bootstrap=2000).loc["coverage"]
    assert row["high"] - row["value"] == pytest.approx(0.0490, abs=0.005)
    assert row["value"] - row["low"] == pytest.approx(0.0490, abs=0.005)


def test_weighting_a_gene_twice_equals_repeating_it():
    truth, scores, bits = simulated(6, noise=0.8, seed=7)
    rows = np.array([0, 0, 1, 2, 3, 5])
    weights = np.bincount(rows, minlength=6)[None].astype(float)
    weighted = summarise(*(average(table, weights) for table in tabulate(truth, scores, bits)))
    repeated = summarise(*(average(table) for table in tabulate(csr_array(truth[rows]), csr_array(scores[rows]), bits)))
    for metric, number in repeated.items():
        assert weighted[metric] == pytest.approx(number)


def test_same_seed_same_interval_other_seed_another():
    truth, scores, bits = simulated(40, noise=0.8)
    first, again = (evaluate(truth, scores, bits, n_bootstrap=50, seed=1) for _ in range(2))
    assert first.equals(again)
    assert not first.equals(evaluate(truth, scores, bits, n_bootstrap=50, seed=2))


def test_mismatched_shapes_are_refused():
    with pytest.raises(ValueError, match="shapes differ"):
        tabulate(bool_rows([[1, 0]]), score_rows([[0.5]]), np.ones(2))
