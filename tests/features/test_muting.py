"""Muting: which genes send nothing, and what is refused."""

import numpy as np
import pytest

from genessl.errors import InputError
from genessl.features.muting import Muting
from genessl.models.baselines import TermFrequency
from genessl.models.neighbours import Homology
from genessl.predictors import make_predictor
from tests.conftest import make_dataset


def mask(*values):
    return np.array(values, dtype=bool)


def test_suspects_are_silent_and_both_follow_the_genes():
    muting = Muting(mask(0, 0, 1), mask(0, 1, 1), suspects_send=False)
    taken = muting.take(np.array([2, 0]))
    assert taken.suspects.tolist() == [True, False]
    assert muting.take(np.array([2, 1])).silent.tolist() == [True, True]
    assert not taken.suspects_send
    assert Muting(mask(0), mask(0)).take(np.array([0])).suspects_send


def test_where_labels_are_passed_on_silent_genes_send_nothing_and_elsewhere_suspects_where_it_is_asked_for():
    for suspects_send, elsewhere in ((True, None), (False, [False, False, True])):
        muting = Muting(mask(0, 0, 1), mask(0, 1, 1), suspects_send)
        assert muting.muted(relaying=True).tolist() == [False, True, True]
        found = muting.muted(relaying=False)
        assert (None if found is None else found.tolist()) == elsewhere
    nobody = Muting(mask(0, 0, 0), mask(0, 0, 0), suspects_send=False)
    assert nobody.muted(relaying=True) is None
    assert nobody.muted(relaying=False) is None


@pytest.mark.parametrize(
    ("suspects", "silent", "sentence"),
    [
        (mask(0, 1), mask(0, 1, 1), r"found bool \(2,\) and bool \(3,\), expected one truth value for each gene"),
        (np.zeros(3), mask(0, 0, 0), r"found float64 \(3,\) and bool \(3,\), expected one truth value"),
        (mask(0, 0, 0), np.zeros(3, dtype=int), r"found bool \(3,\) and int64 \(3,\), expected one truth value"),
        (mask(0, 0, 1), mask(0, 0, 0), "expected all suspects among the genes through which no label spreads"),
    ],
)
def test_masks_that_do_not_fit_together_are_refused(suspects, silent, sentence):
    with pytest.raises(InputError, match=f"^muting: {sentence}"):
        Muting(suspects, silent)


def test_a_muting_of_other_genes_is_refused_in_a_fit_and_in_a_prediction():
    dataset = make_dataset(n_genes=40)[0]
    fitted = Homology().fit(dataset)
    for number in (39, 41):
        other = Muting(np.zeros(number, dtype=bool), np.zeros(number, dtype=bool))
        with pytest.raises(InputError, match=f"muting: found {number} truth values, expected one for each of 40 genes"):
            Homology().fit(dataset, other)
        with pytest.raises(InputError, match=f"muting: found {number} truth values, expected one for each of 40 genes"):
            fitted.predict_proba(dataset, other)


@pytest.mark.parametrize("is_suspect", [True, False])
def test_a_labelled_gene_is_not_muted(is_suspect):
    dataset = make_dataset(n_genes=40)[0]
    silent = np.arange(40) == np.flatnonzero(dataset.labelled.any(axis=1))[0]
    with pytest.raises(InputError, match="muting: found a gene with an experimental annotation, expected no labelled"):
        TermFrequency().fit(dataset, Muting(silent & is_suspect, silent))


def test_a_predictor_that_cannot_leave_genes_aside_says_so():
    dataset = make_dataset(n_genes=40)[0]
    nobody = Muting(np.zeros(40, dtype=bool), np.zeros(40, dtype=bool))
    with pytest.raises(InputError, match="muting: found muted genes, which Combined cannot leave aside"):
        make_predictor("combined").fit(dataset, nobody)
