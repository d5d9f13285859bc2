from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from genessl.models.supervision import Supervision
from genessl.semi_supervised.pseudo_labels.stopping import Judge
from tests.conftest import make_dataset, quality_on


def brute_force(scores, dataset, rows):
    """Weighted F-max by its definition, one threshold and one gene at a time."""
    truth, best = dataset.positive.toarray(), []
    for aspect, name in enumerate(dataset.aspects):
        columns = np.flatnonzero(dataset.ontology.aspects == name)
        bits, values = dataset.accretion[columns], []
        for threshold in np.arange(1, 100) / 100:
            precision, recall = [], []
            for row in rows[dataset.labelled[rows, aspect]]:
                true, said = truth[row, columns], scores[row, columns] >= threshold
                recall.append(bits[true & said].sum() / bits[true].sum())
                if bits[said].sum() > 0:
                    precision.append(bits[true & said].sum() / bits[said].sum())
            p, r = np.mean(precision or [0.0]), np.mean(recall)
            values.append(2 * p * r / (p + r) if p + r else 0.0)
        best.append(max(values))
    return np.mean(best)


def judge_of(dataset, rows):
    """A judge by some genes, whichever part of the split they belong to."""
    return replace(Judge.of(dataset, Supervision.of(dataset)), rows=rows)


def judge(scores, dataset, rows):
    return judge_of(dataset, rows).judge(scores)


@pytest.fixture(scope="module")
def scored():
    dataset, _ = make_dataset(n_genes=120)
    raw = np.random.default_rng(0).random((120, dataset.n_terms)) * 0.8 + 0.2 * dataset.positive.toarray()
    return dataset.ontology.propagate_scores(raw.astype(np.float32)), dataset


def test_quality_is_weighted_fmax_by_its_definition(scored):
    scores, dataset = scored
    rows = np.flatnonzero((dataset.split == 1) & dataset.labelled.any(axis=1))
    expected = brute_force(scores, dataset, rows)
    assert 0.3 < expected < 0.95
    by_validation_genes = Judge.of(dataset, Supervision.of(dataset))
    assert by_validation_genes.quality(scores) == pytest.approx(expected, abs=1e-9)
    np.testing.assert_array_equal(by_validation_genes.rows, rows)


def test_only_the_genes_asked_for_and_only_where_they_are_labelled_count(scored):
    scores, dataset = scored
    rows = np.flatnonzero(dataset.labelled.any(axis=1))[:20]
    others = scores.copy()
    others[np.setdiff1d(np.arange(120), rows)] = 0.123
    assert quality_on(others, dataset, rows) == quality_on(scores, dataset, rows)
    unlabelled = np.flatnonzero(~dataset.labelled.any(axis=1))
    joined = np.concatenate([rows, unlabelled])
    assert quality_on(scores, dataset, joined) == quality_on(scores, dataset, rows)


def test_the_truth_scores_1_and_no_gene_0(scored):
    _, dataset = scored
    rows = np.flatnonzero(dataset.labelled.any(axis=1))
    assert quality_on(dataset.positive.toarray().astype(np.float32), dataset, rows) == pytest.approx(1.0)
    assert quality_on(np.ones((120, dataset.n_terms), dtype=np.float32), dataset, rows[:0]) == 0.0
    bare = replace(dataset, positive=csr_array(dataset.positive.shape, dtype=bool))
    assert quality_on(np.ones((120, dataset.n_terms), dtype=np.float32), bare, rows) == 0.0


def test_the_error_is_that_of_drawing_other_genes(scored):
    scores, dataset = scored
    rows = np.flatnonzero(dataset.labelled.any(axis=1))
    judgement = judge(scores, dataset, rows)
    assert judgement.quality == quality_on(scores, dataset, rows)
    random = np.random.default_rng(1)
    drawn = [quality_on(scores, dataset, random.choice(rows, len(rows))) for _ in range(200)]
    assert judgement.resampled.std() == pytest.approx(np.std(drawn), rel=0.25)
    assert judgement.resampled.mean() == pytest.approx(np.mean(drawn), abs=0.01)


def test_only_a_fall_beyond_its_error_is_worse(scored):
    scores, dataset = scored
    rows = np.flatnonzero(dataset.labelled.any(axis=1))
    before = judge(scores, dataset, rows)
    assert not before.worse_than(before)
    slight, broken = scores.copy(), scores.copy()
    slight[rows[0]] = 0.0  # one gene of many
    broken[rows[: len(rows) // 2]] = 0.0
    assert judge(slight, dataset, rows).quality < before.quality
    assert not judge(slight, dataset, rows).worse_than(before)
    assert judge(broken, dataset, rows).worse_than(before)
    assert not before.worse_than(judge(broken, dataset, rows))
    assert judge(scores, dataset, rows[:0]).quality == 0.0
