"""The registry of predictors: names and parameters checked, and one sentence for each mistake."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone

import genessl
from genessl.errors import InputError
from genessl.models.baselines import TermFrequency
from genessl.predictors import PREDICTORS, make_predictor, parameter_names
from tests.conftest import make_dataset


class Undecided(TermFrequency):
    """A model that says NaN of one gene, as scikit-learn's LabelSpreading does of a point without affinity."""

    def __init__(self, *, kernel: str = "rbf") -> None:
        self.kernel = kernel

    def _predict(self, dataset):
        scores = super()._predict(dataset)
        scores[0] = np.nan
        return scores


def sentence(call, *arguments: Any) -> str:
    with pytest.raises(InputError) as caught:
        call(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    "arguments, start",
    [
        ((None,), "models: found None, expected a model's name as text, one of term_frequency,"),
        ((3,), "models: found 3, expected a model's name as text"),
        ((["homology"],), "models: found ['homology'], expected a model's name as text"),
        (("homolgy",), "models: there is no model 'homolgy', did you mean 'homology'?; expected one of"),
        (("homology", 3), "models: found 3 as the parameters of homology, expected keys with values"),
        (("homology", "restart"), "models: found 'restart' as the parameters of homology, expected keys with values"),
        (("homology", {"a": 1}), "models: homology has no parameter 'a'; expected none"),
        (("label_propagation", {3: 1}), "models: label_propagation has no parameter '3'; expected one of weights,"),
        (("self_training", {"predictor": {}}), "models: found {} as predictor, expected a model's name"),
    ],
)
def test_a_wrong_name_or_parameters_end_in_one_sentence(arguments, start):
    assert sentence(make_predictor, *arguments).startswith(start)


@pytest.mark.parametrize("wrong", ["folder", 3, None, np.zeros((2, 2))], ids=lambda value: type(value).__name__)
def test_only_a_dataset_is_fitted_and_predicted(dataset, wrong):
    expected = f"dataset: found a {type(wrong).__name__}, expected a GeneDataset, as GeneDataset.load gives it"
    assert sentence(TermFrequency().fit, wrong) == expected
    assert sentence(TermFrequency().fit(dataset).predict_proba, wrong) == expected


def test_a_score_that_is_no_number_is_an_error_that_names_the_model(dataset):
    found = sentence(Undecided(kernel="knn").fit(dataset).predict_proba, dataset)
    n_terms = dataset.n_terms
    assert found == (
        f"Undecided(kernel='knn'): found NaN in {n_terms} of {240 * n_terms} scores, expected numbers from 0 to 1;"
        " change its parameters or use another model"
    )


def test_a_view_of_scikit_learn_that_says_nan_of_genes_far_from_all_others_is_named():
    settings = {"classifier": "sklearn.semi_supervised.LabelSpreading", "min_genes": 2}
    dataset = make_dataset(n_genes=40)[0]
    found = sentence(make_predictor("scikit_view", settings).fit(dataset).predict_proba, dataset)
    assert "LabelSpreading" in found
    assert "found NaN in" in found


@pytest.mark.parametrize("name", PREDICTORS)
def test_the_parameters_of_a_name_are_those_that_the_class_is_cloned_with(name):
    assert set(parameter_names(name)) == set(clone(make_predictor(name)).get_params(deep=False))


def test_importing_the_package_and_its_registry_imports_no_predictor():
    code = "import sys, genessl.predictors; sys.exit('torch' in sys.modules or 'sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert genessl.PREDICTORS is PREDICTORS
