"""The join of views: about each gene only the views speak that have evidence about it."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from genessl.models.supervision import Supervision
from genessl.semi_supervised.pseudo_labels.join import ViewJoin


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
