"""A fitted predictor on another dataset: other names and missing genes are refused, and a part scores as the whole."""

from dataclasses import replace

import numpy as np
import pytest

from genessl.errors import InputError
from genessl.predictors import PREDICTORS, make_predictor
from genessl.semi_supervised.stacking import pair_network
from tests.conftest import make_dataset
from tests.models.test_laws import make

READ_NETWORKS = {
    "network_neighbours",
    "label_propagation",
    "kernel_regression",
    "graph_network",
    "co_training",
    "combined",
    "label_spreading",
    "function_diffusion",
    "correct_and_smooth",
    "self_training of graph_network",
    "mean_teacher of graph_network",
    "graph_network of sequences",
    "scikit_view of networks",
    "rsmatch of label_propagation",
}
READ_FEATURES = {
    "domain_neighbours",
    "embedding_neighbours",
    "kernel_regression",
    "sequence_network",
    "co_training",
    "combined",
    "self_training",
    "mean_teacher",
    "fixmatch",
    "variational_autoencoder",
    "feature_matching",
    "function_diffusion",
    "correct_and_smooth",
    "positive_unlabelled",
    "pretrained",
    "difficulty_diffusion",
    "rsmatch",
    "scikit_view",
    "graph_network of sequences",
}
NEED_ALL_GENES = (READ_NETWORKS | READ_FEATURES) - {"network_neighbours", "scikit_view"}
NEED_LABELLED_GENES = NEED_ALL_GENES | {"network_neighbours", "homology"}


def of_graph_network():
    return make("graph_network")


OTHERS = {
    "combined": lambda: make_predictor(
        "combined", {"members": ["homology", "label_propagation", "sequence_network"], "n_folds": 2}
    ),
    "self_training of graph_network": lambda: make_predictor("self_training", {"predictor": of_graph_network()}),
    "mean_teacher of graph_network": lambda: make_predictor("mean_teacher", {"view": of_graph_network()}),
    "scikit_view of networks": lambda: make_predictor("scikit_view", {"features": "network"}),
    "graph_network of sequences": lambda: of_graph_network().set_params(node_features="network+sequence"),
    "rsmatch of label_propagation": lambda: make_predictor(
        "rsmatch", {"strategy": make_predictor("label_propagation"), "rounds": 0}
    ),
}
NAMES = list(dict.fromkeys([*PREDICTORS, *OTHERS]))
every_predictor = pytest.mark.parametrize("name", NAMES)


def made(name):
    return OTHERS[name]() if name in OTHERS else make(name)


@pytest.fixture(scope="module", autouse=True)
def quick_judges():
    """Train the judges of `combined` in few steps, which is enough for so few pairs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pair_network, "_FEWEST_STEPS", 40)
        yield


@pytest.fixture(scope="module")
def whole():
    return make_dataset(domains=True)[0]


@pytest.fixture(scope="module")
def half(whole):
    return whole.take(np.arange(0, whole.n_genes, 2))


@pytest.fixture(scope="module")
def fitted(half):
    """Of each predictor one fit, made when it is first asked for."""
    found = {}

    def fit(name):
        if name not in found:
            found[name] = made(name).fit(half)
        return found[name]

    return fit


@every_predictor
def test_other_network_names_are_refused_by_what_reads_networks_and_do_not_matter_to_others(name, fitted, half):
    renamed = replace(half, networks={"b": half.networks["a"], "c": half.networks["b"]})
    fewer = replace(half, networks={"a": half.networks["a"]})
    if name in READ_NETWORKS:
        sentence = "networks: found 2 networks, with c, expected the 2 networks that the predictor was fitted on; build"
        with pytest.raises(InputError, match=f"^{sentence}"):
            fitted(name).predict_proba(renamed)
        with pytest.raises(InputError, match=r"^networks: found 1 networks, without b, expected the 2 networks"):
            fitted(name).predict_proba(fewer)
    else:
        expected = fitted(name).predict_proba(half)
        np.testing.assert_array_equal(fitted(name).predict_proba(renamed), expected)
        np.testing.assert_array_equal(fitted(name).predict_proba(fewer), expected)


@every_predictor
def test_other_features_are_refused_by_what_reads_them_and_do_not_matter_to_others(name, fitted, half):
    names = half.feature_names
    swapped = replace(half, feature_names=(*names[:2], names[3], names[2], *names[4:]))
    other = replace(half, feature_names=("a new feature", *names[1:]))
    fewer = replace(half, feature_names=names[1:], sequence_features=half.sequence_features[:, 1:])
    if name in READ_FEATURES:
        n = len(names)
        for dataset, found in (
            (swapped, "the features in another order"),
            (other, f"{n} features, with a new feature"),
            (fewer, f"{n - 1} features, without feature 0"),
        ):
            with pytest.raises(InputError, match=f"^features: found {found}, expected the {n} features that the"):
                fitted(name).predict_proba(dataset)
    else:
        expected = fitted(name).predict_proba(half)
        for dataset in (swapped, other, fewer):
            np.testing.assert_array_equal(fitted(name).predict_proba(dataset), expected)


@every_predictor
def test_the_other_half_of_the_genes_is_refused_or_scored_as_in_the_whole(name, fitted, whole):
    """In version 0.1.0 homology and what spreads over networks returned zeros, and scaled features moved."""
    rest = np.arange(1, whole.n_genes, 2)
    if name in NEED_LABELLED_GENES:
        with pytest.raises(InputError, match=r"is transductive: a gene's scores depend on other genes .* such as G0"):
            fitted(name).predict_proba(whole.take(rest))
    else:
        scores = fitted(name).predict_proba(whole.take(rest))
        np.testing.assert_allclose(scores, fitted(name).predict_proba(whole)[rest], rtol=0, atol=1e-6)


@every_predictor
def test_a_part_with_all_labelled_genes_is_refused_or_scored_as_in_the_whole(name, fitted, half):
    labelled = half.labelled.any(axis=1)
    rows = np.flatnonzero(labelled | (np.arange(half.n_genes) % 3 == 0))
    assert labelled.sum() < len(rows) < half.n_genes - 20
    if name in NEED_ALL_GENES:
        with pytest.raises(InputError, match=r"is transductive: a gene's scores depend on other genes .* such as G0"):
            fitted(name).predict_proba(half.take(rows))
    else:
        scores = fitted(name).predict_proba(half.take(rows))
        np.testing.assert_allclose(scores, fitted(name).predict_proba(half)[rows], rtol=0, atol=1e-6)


@every_predictor
def test_a_dataset_with_more_genes_is_scored(name, fitted, whole):
    scores = fitted(name).predict_proba(whole)
    assert scores.shape == (whole.n_genes, whole.n_terms)
