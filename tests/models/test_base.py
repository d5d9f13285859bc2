"""GenePredictor: what it makes of any scores, and which saved predictors it reads."""

import json

import numpy as np
import pytest

from genessl.errors import InputError
from genessl.models.base import FORMAT, GenePredictor
from genessl.models.baselines import TermFrequency
from tests.conftest import make_dataset


class Fixed(GenePredictor):
    """Scores that are given, for genes sorted by identifier."""

    def __init__(self, *, scores=None):
        self.scores = scores

    def _fit(self, dataset):
        self.genes_ = dataset.genes

    def _predict(self, dataset):
        self.asked_ = dataset.genes
        return self.scores

    def _state(self):
        return {}

    def _restore(self, arrays, facts, folder):
        pass


@pytest.fixture(scope="module")
def dataset():
    return make_dataset(n_genes=40)[0]


@pytest.fixture(scope="module")
def wild():
    return np.random.default_rng(0).normal(0.5, 1.0, (40, 18)).astype(np.float32)


def test_any_scores_are_clipped_and_a_parent_is_lifted_to_its_best_child(dataset, wild):
    scores = Fixed(scores=wild).fit(dataset).predict_proba(dataset)
    assert scores.dtype == np.float32
    assert scores.min() == 0 and scores.max() == 1
    children, parents = dataset.ontology.parents.nonzero()
    clipped = np.clip(wild, 0, 1)
    assert (clipped[:, parents] < clipped[:, children]).any()  # so that the next line says something
    assert (scores[:, parents] >= scores[:, children]).all()
    leaves = np.setdiff1d(np.arange(18), parents)
    order = np.argsort(dataset.genes)
    np.testing.assert_array_equal(scores[order][:, leaves], clipped[:, leaves])


def test_genes_come_sorted_and_scores_go_back_in_the_order_asked(dataset, wild):
    model = Fixed(scores=wild).fit(dataset)
    assert model.genes_.tolist() == sorted(dataset.genes)
    shuffled = dataset.take(np.random.default_rng(1).permutation(40))
    scores = model.predict_proba(shuffled)
    assert model.asked_.tolist() == sorted(dataset.genes)
    row_of = {gene: row for row, gene in enumerate(dataset.genes.tolist())}
    rows = [row_of[gene] for gene in shuffled.genes.tolist()]
    np.testing.assert_array_equal(scores, model.predict_proba(dataset)[rows])


def test_nan_is_an_error_that_names_the_predictor(dataset):
    scores = np.full((40, 18), 0.5, dtype=np.float32)
    scores[3, 4] = np.nan
    with pytest.raises(InputError, match=r"^Fixed\(.*found NaN in 1 of 720 scores, expected numbers from 0 to 1"):
        Fixed(scores=scores).fit(dataset).predict_proba(dataset)


@pytest.mark.parametrize("given", ["folder", None, 3, ["genes"]])
def test_anything_but_a_dataset_is_refused_in_a_sentence(given, dataset):
    sentence = f"^dataset: found a {type(given).__name__}, expected a GeneDataset, as GeneDataset.load gives it$"
    with pytest.raises(InputError, match=sentence):
        TermFrequency().fit(given)
    with pytest.raises(InputError, match=sentence):
        TermFrequency().fit(dataset).predict_proba(given)


@pytest.mark.parametrize(("saved", "found"), [(FORMAT - 1, FORMAT - 1), (FORMAT + 1, FORMAT + 1), (None, 1)])
def test_a_saved_predictor_of_another_format_is_refused(saved, found, dataset, tmp_path):
    TermFrequency().fit(dataset).save(tmp_path / "model")
    description = tmp_path / "model" / "predictor.json"
    content = json.loads(description.read_text())
    assert content.pop("format") == FORMAT
    description.write_text(json.dumps(content if saved is None else {**content, "format": saved}))
    with pytest.raises(InputError) as caught:
        GenePredictor.load(tmp_path / "model")
    assert str(caught.value) == (
        f"{tmp_path / 'model'}: found a saved predictor of format {found}, expected {FORMAT}; another version of"
        " genessl wrote it; train the model again"
    )
