"""The join of views: about each gene only the views speak that have evidence about it."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from genessl.models.supervision import Supervision
from genessl.semi_supervised.pseudo_labels.join import ViewJoin, joined_with_pupils


@pytest.fixture
def fitted():
    """Two views of 200 genes with three terms; both views speak of every gene of the fit."""
    random = np.random.default_rng(0)
    truth = random.random((200, 3)) < 0.4
    supervision = Supervision.from_labels(
        np.arange(200).astype(str), csr_array(truth), np.ones((200, 1), dtype=bool), np.zeros(3, dtype=np.intp)
    )
    scores = [np.clip(0.5 * truth + 0.5 * random.random((200, 3)), 0.01, 0.99).astype(np.float32) for _ in range(2)]
    everyone = np.ones(200, dtype=bool)
    return ViewJoin.fit(scores, [everyone, everyone], supervision, np.arange(200) < 100), scores


def test_a_view_has_no_say_about_a_gene_that_it_does_not_speak_of_even_if_it_spoke_of_all_genes_of_the_fit(fitted):
    join, scores = fitted
    everyone, silent = np.ones(200, dtype=bool), np.arange(200) != 7
    turned = scores[1].copy()
    turned[7] = 1.0 - turned[7]
    without, other = (join.apply([scores[0], second], [everyone, silent]) for second in (scores[1], turned))
    np.testing.assert_array_equal(without, other)
    spoken = [join.apply([scores[0], second], [everyone, everyone]) for second in (scores[1], turned)]
    assert np.abs(spoken[0][7] - spoken[1][7]).max() > 0.05
    np.testing.assert_array_equal(without[silent], spoken[0][silent])


def test_some_genes_are_joined_as_all_are(fitted):
    join, scores = fitted
    speaks = [np.ones(200, dtype=bool), np.arange(200) % 3 > 0]
    rows = np.array([5, 3, 100])
    np.testing.assert_array_equal(join.apply(scores, speaks, rows), join.apply(scores, speaks)[rows])


def test_a_pupil_counts_as_much_as_its_view_in_the_join(fitted):
    join, scores = fitted
    slopes = join.calibrations[0, 1].slopes[0]
    assert slopes.min() > 0.1
    np.testing.assert_allclose(join.shares((0, 1), 2), np.tile((slopes / slopes.sum())[:, None], 3), rtol=1e-6)
    np.testing.assert_array_equal(join.shares((0,), 2), [[1.0] * 3, [0.0] * 3])  # the view of the second is silent
    flat = ViewJoin({(0, 1): replace(join.calibrations[0, 1], slopes=np.zeros((1, 2)))})
    np.testing.assert_array_equal(flat.shares((0, 1), 2), np.full((2, 3), 0.5))
    speaks = [np.ones(200, dtype=bool), np.arange(200) != 7]
    taught = [scores[1], scores[0]]
    joined, rows = join.apply(scores, speaks), np.array([7, 8])
    expected = np.stack(
        [
            0.5 * joined[7] + 0.5 * taught[0][7],
            0.5 * joined[8] + 0.5 * (slopes @ [taught[0][8], taught[1][8]]) / slopes.sum(),
        ]
    )
    np.testing.assert_allclose(joined_with_pupils(scores, taught, join, speaks, rows), expected, rtol=1e-5)


def test_a_pupil_whose_view_tells_nothing_counts_for_nothing():
    random = np.random.default_rng(0)
    truth = random.random((200, 3)) < 0.4
    supervision = Supervision.from_labels(
        np.arange(200).astype(str), csr_array(truth), np.ones((200, 1), dtype=bool), np.zeros(3, dtype=np.intp)
    )
    told = np.clip(0.5 * truth + 0.5 * random.random((200, 3)), 0.01, 0.99).astype(np.float32)
    nothing = random.uniform(0.2, 0.8, (200, 3)).astype(np.float32)
    everyone = np.ones(200, dtype=bool)
    join = ViewJoin.fit([told, nothing], [everyone, everyone], supervision, everyone)
    assert join.shares((0, 1), 2)[1].max() < 0.1
