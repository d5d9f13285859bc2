from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array
from scipy.special import expit
from scipy.stats import bernoulli, norm
from torch import nn

from genessl.errors import InputError
from genessl.models.base import GenePredictor
from genessl.models.baselines import TermFrequency
from genessl.models.neural.graph_network import GraphNetwork
from genessl.models.neural.inputs import FeatureInputs
from genessl.models.neural.sequence_network import SequenceNetwork
from genessl.models.supervision import Supervision
from genessl.models.view import Preparation
from genessl.semi_supervised.generative.feature_model import (
    FeatureModel,
    mean_output,
    straight_through,
    zero_one_columns,
)
from genessl.semi_supervised.generative.variational_autoencoder import VariationalAutoencoder, VariationalObjective
from tests.conftest import make_dataset
from tests.models.test_laws import precision_of_the_first_leaf_chosen


def sequence_view(**parameters):
    return SequenceNetwork(**{"max_epochs": 8, "hidden": 32, **parameters})


def graph_view():
    return GraphNetwork(max_epochs=6, hidden=16, n_components=8)


def autoencoder(view=None, **parameters):
    return VariationalAutoencoder(view=view or sequence_view(), **{"hidden": 32, **parameters})


def with_permuted_labels(dataset):
    labelled = np.flatnonzero(np.diff(dataset.positive.indptr))
    rows = np.arange(dataset.n_genes)
    rows[labelled] = np.random.default_rng(0).permutation(labelled)
    return replace(dataset, positive=csr_array(dataset.positive[rows]))


@pytest.fixture(scope="module")
def dataset():
    return make_dataset(domains=True)[0]


@pytest.fixture(scope="module")
def fitted(dataset):
    return autoencoder().fit(dataset)


# The bound, on two features (one measured, one of 0 and 1), two terms in two aspects and one latent number


class Constant(nn.Module):
    """A classifier that says the same of every gene."""

    def __init__(self, logits):
        super().__init__()
        self.logits = nn.Parameter(torch.tensor(logits))

    def forward(self, inputs, rows):
        return self.logits.expand(len(rows), -1)


def two_terms():
    """Genes 0 to 3: the first is unlabelled, the second lacks an experiment in the aspect of the second term."""
    positive = csr_array(np.array([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=bool))
    labelled = np.array([[False, False], [True, False], [True, True], [True, True]])
    return Supervision.from_labels(np.array(list("abcd")), positive, labelled, np.array([0, 1]))


@pytest.fixture(scope="module")
def tiny():
    names, features = np.array(list("abcd")), torch.tensor([[0.8, 1.0], [-0.5, 0.0], [1.2, 1.0], [0.1, 0.0]])
    inputs = FeatureInputs(genes=names, n_terms=2, preparation=Preparation(genes=names), features=features)
    with torch.random.fork_rng():
        torch.manual_seed(3)
        model = FeatureModel(zero_one_columns(inputs.features), n_terms=2, latent=1, hidden=4, label_width=3)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.copy_(0.5 * torch.randn_like(parameter))
            model.log_variance.copy_(torch.tensor([0.6, 0.0]))
    settings = {"weight": 1.0, "temperature": 0.67, "seed": 0}
    return VariationalObjective(Constant([0.4, -0.9]), inputs, two_terms(), model, **settings)


def layer(linear, values):
    bias = 0.0 if linear.bias is None else linear.bias.detach().numpy().astype(float)
    return values @ linear.weight.detach().numpy().astype(float).T + bias


def bound_of_known_terms(model, features, terms, prior):
    """L(x, y) by quadrature over z, with scipy's log densities."""
    embedded = layer(model.labels, np.array(terms, dtype=float))
    hidden = np.maximum(layer(model.encoder[0], np.concatenate([features, embedded])), 0)
    mean, log_variance = layer(model.encoder[2], hidden)
    posterior = norm(mean, np.exp(log_variance / 2))
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    expectation = 0.0
    for z, share in zip(posterior.mean() + posterior.std() * nodes, weights / weights.sum()):
        hidden = np.maximum(layer(model.decoder[0], np.concatenate([[z], embedded])), 0)
        centre, logit = layer(model.decoder[2], hidden)
        log_x = norm(centre, np.exp(0.3)).logpdf(features[0]) + bernoulli(expit(logit)).logpmf(features[1])
        expectation += share * (log_x + norm.logpdf(z) - posterior.logpdf(z))
    return -expectation - bernoulli(prior).logpmf(terms).sum()


@pytest.mark.parametrize("gene", [0, 1, 2])
def test_the_cost_is_the_bound_summed_over_all_unknown_terms(tiny, gene):
    prior = np.array([2 / 4, 2 / 3])  # two of three labelled genes, and two of two, have the terms; one more lacks them
    np.testing.assert_allclose(torch.sigmoid(tiny.prior), prior, rtol=1e-6)
    features = tiny.inputs.features[gene].numpy().astype(float)
    probable = expit(np.array([0.4, -0.9], dtype=np.float32).astype(float))
    expected = 0.0
    for terms in [(0, 0), (0, 1), (1, 0), (1, 1)]:
        known = {0: (), 1: (0,), 2: (0, 1)}[gene]
        if any(terms[k] != 1 for k in known):
            continue
        unknown = [k for k in (0, 1) if k not in known]
        log_q = bernoulli(probable[unknown]).logpmf([terms[k] for k in unknown]).sum()
        expected += np.exp(log_q) * (bound_of_known_terms(tiny.model, features, terms, prior) + log_q)
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        costs = tiny.cost(np.full(100_000, gene)).numpy().astype(float)
    error = costs.std() / np.sqrt(len(costs))
    assert error < 0.01  # against an entropy of 1.3 nats and a KL of some tenths
    assert abs(costs.mean() - expected) < 4 * error


def test_the_part_of_the_labels_by_hand(tiny):
    targets, known = torch.tensor([[1.0, 0.0]]), torch.tensor([[True, False]])
    # -ln(2/4), and 0.25 ln(0.25 / (2/3)) + 0.75 ln(0.75 / (1/3)) for q = 0.25
    by_hand = 0.693147 - 0.245207 + 0.608198
    found = tiny.label_cost(targets, known, torch.tensor([[0.0, np.log(0.25 / 0.75)]]))
    np.testing.assert_allclose(found.detach(), [by_hand], atol=1e-5)


def test_drawn_terms_are_0_or_1_and_their_gradient_is_that_of_the_relaxed_ones():
    logits = torch.tensor([-1.0, 0.0, 2.0]).expand(40_000, 3).clone().requires_grad_()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        drawn = straight_through(logits, 0.5)
        torch.manual_seed(0)
        uniform = torch.rand(40_000, 3).double().numpy()
    values = drawn.detach().numpy()
    assert np.abs(values - values.round()).max() < 1e-6
    np.testing.assert_allclose(values.mean(axis=0), expit([-1.0, 0.0, 2.0]), atol=0.01)
    drawn.sum().backward()
    relaxed = expit((np.array([-1.0, 0.0, 2.0]) + np.log(uniform) - np.log1p(-uniform)) / 0.5)
    np.testing.assert_allclose(logits.grad, relaxed * (1 - relaxed) / 0.5, atol=1e-4)


def test_columns_of_0_and_1_are_found_and_start_at_their_frequency():
    features = torch.tensor([[0.0, 1.0, 0.5], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
    present = zero_one_columns(features)
    assert present.tolist() == [True, True, False]
    np.testing.assert_allclose(mean_output(features, present), [np.log(1.5 / 2.5), np.log(1.5 / 2.5), 0.5], atol=1e-6)


def test_known_terms_enter_as_observed_and_only_the_others_are_drawn(tiny, monkeypatch):
    seen = []
    encode = FeatureModel.encode
    monkeypatch.setattr(FeatureModel, "encode", lambda self, x, y: seen.append(y.detach()) or encode(self, x, y))
    tiny.cost(np.repeat([0, 1, 2, 3], 50))
    labels = seen[0].reshape(4, 50, 2).numpy().round(6)
    assert (labels[1, :, 0] == 1).all() and (labels[2] == 1).all() and (labels[3] == [0, 1]).all()
    for drawn in (labels[0, :, 0], labels[0, :, 1], labels[1, :, 1]):
        assert set(drawn.tolist()) == {0.0, 1.0}


def test_what_was_taught_or_is_only_trusted_is_inferred(tiny):
    taught = two_terms().teach(csr_array(np.ones((4, 2), dtype=bool)), csr_array((4, 2), dtype=bool), 0.5)
    objective = VariationalObjective(tiny.module, tiny.inputs, taught, tiny.model, weight=1.0, temperature=1.0, seed=0)
    assert objective.experiments.batch(np.array([0]))[1].tolist() == [[0.0, 0.0]]


# The laws of a strategy


@pytest.mark.parametrize("view", [sequence_view, graph_view])
def test_zero_weight_equals_the_supervised_fit(view, dataset):
    supervised = view().fit(dataset).predict_proba(dataset)
    np.testing.assert_array_equal(autoencoder(view(), weight=0).fit(dataset).predict_proba(dataset), supervised)
    assert np.abs(autoencoder(view()).fit(dataset).predict_proba(dataset) - supervised).max() > 1e-3


def test_unlabelled_genes_teach(dataset):
    unlabelled = np.flatnonzero(np.diff(dataset.positive.indptr) == 0)
    features = dataset.sequence_features.copy()
    features[unlabelled] = np.random.default_rng(0).permuted(features[unlabelled], axis=0)  # each column keeps its mean
    other = replace(dataset, sequence_features=features)
    labelled = np.setdiff1d(np.arange(dataset.n_genes), unlabelled)

    def change(weight):
        scores = [autoencoder(weight=weight).fit(data).predict_proba(dataset)[labelled] for data in (dataset, other)]
        return np.abs(scores[0] - scores[1]).max()

    assert change(0) < 1e-4  # sums in another order
    assert change(1.0) > 1e-3


def loss_to_noise(strategy):
    """Precision lost to the view that a strategy owns, with a pool of noise; mean of three organisms."""
    losses = []
    for seed in range(3):
        dataset, truth = make_dataset(n_genes=480, seed=seed)
        unlabelled = np.flatnonzero(np.diff(dataset.positive.indptr) == 0)
        noisy, judged = unlabelled[::2], unlabelled[1::2]
        features = dataset.sequence_features.copy()
        spread = features.std(axis=0)
        features[noisy] = spread * np.random.default_rng(seed).standard_normal((len(noisy), 12))
        pool = replace(dataset, sequence_features=features).take(np.setdiff1d(np.arange(480), judged))
        view = sequence_view(max_epochs=12)
        precision = [
            precision_of_the_first_leaf_chosen(model.fit(pool).predict_proba(dataset), truth, dataset.ontology, judged)
            for model in (view, strategy(view))
        ]
        losses.append(precision[0] - precision[1])
    return np.mean(losses)


def test_a_pool_of_noise_costs_at_most_0_02():
    assert loss_to_noise(autoencoder) < 0.02


def test_it_learns_from_labels_and_nothing_from_permuted_ones():
    dataset, truth = make_dataset(n_genes=480)
    unlabelled = np.flatnonzero(np.diff(dataset.positive.indptr) == 0)

    def precision(predictor, given):
        scores = predictor.fit(given).predict_proba(dataset)
        return precision_of_the_first_leaf_chosen(scores, truth, dataset.ontology, unlabelled)

    naive = precision(TermFrequency(), dataset)
    assert precision(autoencoder(), dataset) > naive + 0.05
    assert precision(autoencoder(), with_permuted_labels(dataset)) < naive + 0.03


# What the model has learned of the features


def test_the_model_is_saved_beside_the_view(fitted, tmp_path):
    fitted.save(tmp_path / "model")
    loaded = GenePredictor.load(tmp_path / "model")
    found, expected = loaded.model_.state_dict(), fitted.model_.state_dict()
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)
    assert loaded.view.get_params() == fitted.view.get_params()


def test_reconstruction_of_genes_not_seen_is_better_than_the_mean():
    dataset, _ = make_dataset(n_genes=480, noise=0.0)  # so that the two views agree
    fitted = autoencoder(sequence_view(max_epochs=20, batch_size=32, label_path=False)).fit(
        dataset.take(np.arange(360))
    )
    view = fitted.view_
    unseen = view.prepare(dataset.take(np.arange(360, 480)), like=view.fitted_.preparation)
    features = unseen.features
    with torch.no_grad():
        labels = torch.sigmoid(view.fitted_.module(unseen, torch.arange(120)))
        rebuilt = fitted.model_.decode(labels, fitted.model_.encode(features, labels)[0])
    assert (features - rebuilt).square().mean() < 0.92 * features.var(dim=0, correction=0).mean()


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"weight": -1}, r"weight: found -1, expected a number in \[0"),
        ({"temperature": 0}, r"temperature: found 0, expected a number in \(0"),
        ({"latent": 0}, "latent: found 0, expected a whole number of at least 1"),
        ({"hidden": 1.5}, "hidden: found 1.5, expected a whole number of at least 1"),
        ({"label_width": "wide"}, "label_width: found 'wide'"),
        ({"seed": -1}, "seed: found -1, expected a whole number of at least 0"),
        ({"view": TermFrequency()}, r"view: found TermFrequency\(\), expected a SequenceNetwork"),
    ],
)
def test_a_parameter_out_of_range_is_refused_in_one_sentence(parameters, sentence, dataset):
    with pytest.raises(InputError, match=sentence):
        VariationalAutoencoder(**parameters).fit(dataset)
