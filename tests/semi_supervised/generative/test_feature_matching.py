from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from genessl.errors import InputError
from genessl.models.baselines import TermFrequency
from genessl.models.neural import objective as objective_module
from genessl.models.neural.graph_network import GraphNetwork
from genessl.models.neural.sequence_network import SequenceNetwork
from genessl.models.supervision import Supervision
from genessl.semi_supervised.generative.feature_matching import (
    FeatureGenerator,
    FeatureMatchingGAN,
    FeatureMatchingObjective,
    matching,
    real_or_fake,
)
from tests.conftest import make_dataset
from tests.models.test_laws import precision_of_the_first_leaf_chosen
from tests.semi_supervised.generative.test_variational_autoencoder import loss_to_noise


def sequence_view(**parameters):
    return SequenceNetwork(**{"max_epochs": 8, "hidden": 32, **parameters})


def adversarial(view=None, **parameters):
    return FeatureMatchingGAN(view=view or sequence_view(), **{"hidden": 32, **parameters})


@pytest.fixture(scope="module")
def dataset():
    return make_dataset(domains=True)[0]


@pytest.fixture
def objective(dataset):
    view = sequence_view(dropout=0.0)
    inputs = view.prepare(dataset)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = view._module(view._shape(inputs), dataset.n_terms)
        generator = FeatureGenerator(inputs.features, latent=8, hidden=16, temperature=0.67)
        settings = {"weight": 1.0, "learning_rate": 0.01, "seed": 0}
        yield FeatureMatchingObjective(module, inputs, Supervision.of(dataset), generator, **settings)


# The losses and the two sides of the game


def test_the_cost_of_telling_by_hand():
    # D = 3/4 and 1/2 for real genes, 1/4 for a fake: ((ln 4/3 + ln 2) / 2 + ln 4/3) / 2
    real, fake = torch.tensor([[np.log(3.0)], [0.0]]), torch.tensor([[-np.log(3.0)]])
    np.testing.assert_allclose(real_or_fake(real, fake), ((0.287682 + 0.693147) / 2 + 0.287682) / 2, atol=1e-6)


def test_feature_matching_by_hand():
    # means (2, 1) and (-1, 5): 3 squared and 4 squared
    real, fake = torch.tensor([[1.0, 0.0], [3.0, 2.0]]), torch.tensor([[-1.0, 5.0]])
    assert matching(real, fake).item() == 25.0


def test_a_step_has_as_many_real_genes_as_labelled_ones_from_the_whole_pool(objective):
    unlabelled = np.setdiff1d(np.arange(240), objective.supervision.informative)
    rows = objective.supervision.informative[:50]
    drawn = []
    for _ in range(20):
        objective.loss(rows)
        assert len(set(objective.real.tolist())) == 50
        drawn += objective.real.tolist()
    assert 0.3 < np.isin(drawn, unlabelled).mean() < 0.5  # two genes in five


def test_the_loss_is_the_labels_and_the_telling_which_reaches_the_shared_body(objective):
    rows = objective.supervision.informative[:50]
    objective.loss(rows).backward()
    assert all(parameter.grad is None for parameter in objective.generator.parameters())
    assert all(parameter.grad.abs().sum() > 0 for parameter in objective.head.parameters())
    with_telling = objective.module.body[1].weight.grad.clone()
    objective.module.zero_grad()
    objective.weight = 0.0
    objective.loss(rows).backward()
    assert (with_telling - objective.module.body[1].weight.grad).abs().max() > 1e-4
    assert all(any(p is q for q in objective.parameters()) for p in objective.head.parameters())
    assert not any(p is q for q in objective.parameters() for p in objective.generator.parameters())


def test_the_network_learns_to_tell_fakes_that_do_not_learn(objective):
    optimiser = torch.optim.Adam(objective.parameters(), lr=0.01)
    rows = objective.supervision.informative
    for _ in range(30):
        optimiser.zero_grad()
        objective.loss(rows).backward()
        optimiser.step()
    with torch.no_grad():
        everyone = objective.head(objective.hidden(np.arange(240)))
        fakes = objective.head(objective.hidden_of(objective.generator(240)))
    assert (everyone > 0).float().mean() > 0.75
    assert (fakes < 0).float().mean() > 0.75


def test_the_generator_moves_towards_real_genes_and_leaves_the_network_alone(objective):
    with torch.no_grad():
        objective.generator.output.bias.add_(2.0)
    objective.loss(objective.supervision.informative)
    before = [parameter.clone() for parameter in objective.parameters()]

    def distance():
        with torch.no_grad():
            return matching(objective.hidden(objective.real), objective.hidden_of(objective.generator(2000))).item()

    far = distance()
    for _ in range(60):
        objective.after_step()
    assert distance() < 0.2 * far
    for parameter, earlier in zip(objective.parameters(), before):
        torch.testing.assert_close(parameter, earlier, rtol=0, atol=0)
        assert parameter.grad is None


def test_fakes_hold_0_or_1_where_real_genes_do_and_begin_as_often(objective):
    with torch.no_grad():
        fakes = objective.generator(4000)
    domains = fakes[:, 12:]
    np.testing.assert_allclose(domains, domains.round(), atol=1e-6)
    np.testing.assert_allclose(domains.mean(dim=0), objective.inputs.features[:, 12:].mean(dim=0), atol=0.1)
    assert (fakes[:, :12].std(dim=0) > 0.1).all()


# The laws of a strategy


def test_zero_weight_equals_the_supervised_fit(dataset):
    supervised = sequence_view().fit(dataset).predict_proba(dataset)
    np.testing.assert_array_equal(adversarial(weight=0).fit(dataset).predict_proba(dataset), supervised)
    assert np.abs(adversarial().fit(dataset).predict_proba(dataset) - supervised).max() > 1e-3


def test_unlabelled_genes_teach(dataset):
    unlabelled = np.flatnonzero(np.diff(dataset.positive.indptr) == 0)
    features = dataset.sequence_features.copy()
    features[unlabelled] = np.random.default_rng(0).permuted(features[unlabelled], axis=0)  # each column keeps its mean
    other = replace(dataset, sequence_features=features)
    labelled = np.setdiff1d(np.arange(dataset.n_genes), unlabelled)

    def change(weight):
        scores = [adversarial(weight=weight).fit(data).predict_proba(dataset)[labelled] for data in (dataset, other)]
        return np.abs(scores[0] - scores[1]).max()

    assert change(0) < 1e-4  # sums in another order
    assert change(0.1) > 1e-3


def test_known_labels_stay_as_they_are(dataset, monkeypatch):
    before = Supervision.of(dataset).positive.toarray()
    seen = []
    batch, codes = Supervision.batch, objective_module.codes_on_device
    monkeypatch.setattr(
        objective_module,
        "codes_on_device",
        lambda supervision, rows: seen.append((supervision, rows.cpu().numpy())) or codes(supervision, rows),
    )
    adversarial().fit(dataset)
    monkeypatch.undo()
    assert len(seen) > 20
    ordered = before[np.argsort(dataset.genes)]
    for supervision, rows in seen:
        targets, weights = batch(supervision, rows)
        kept = supervision.labelled[rows].any(axis=1)
        assert (targets[kept] == ordered[rows][kept]).all()
        assert set(np.unique(weights).tolist()) <= {0.0, 1.0}


def test_a_pool_of_noise_costs_at_most_0_02():
    assert loss_to_noise(adversarial) < 0.02


def test_it_learns_from_labels_and_nothing_from_permuted_ones():
    dataset, truth = make_dataset(n_genes=480)
    labelled = np.flatnonzero(np.diff(dataset.positive.indptr))
    unlabelled = np.setdiff1d(np.arange(480), labelled)
    rows = np.arange(480)
    rows[labelled] = np.random.default_rng(0).permutation(labelled)
    permuted = replace(dataset, positive=csr_array(dataset.positive[rows]))

    def precision(predictor, given):
        scores = predictor.fit(given).predict_proba(dataset)
        return precision_of_the_first_leaf_chosen(scores, truth, dataset.ontology, unlabelled)

    naive = precision(TermFrequency(), dataset)
    assert precision(adversarial(), dataset) > naive + 0.05
    assert precision(adversarial(), permuted) < naive + 0.03


def test_a_network_view_is_refused_in_one_sentence(dataset):
    with pytest.raises(InputError, match="view: found a GraphNetwork, in whose graph a generated gene has no place"):
        FeatureMatchingGAN(view=GraphNetwork()).fit(dataset)


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"weight": -1}, r"weight: found -1, expected a number in \[0"),
        ({"temperature": 0}, r"temperature: found 0, expected a number in \(0"),
        ({"learning_rate": 0}, r"learning_rate: found 0, expected a number in \(0"),
        ({"latent": 0}, "latent: found 0, expected a whole number of at least 1"),
        ({"hidden": 1.5}, "hidden: found 1.5, expected a whole number of at least 1"),
        ({"seed": -1}, "seed: found -1, expected a whole number of at least 0"),
        ({"view": TermFrequency()}, r"view: found TermFrequency\(\), expected a SequenceNetwork"),
    ],
)
def test_a_parameter_out_of_range_is_refused_in_one_sentence(parameters, sentence, dataset):
    with pytest.raises(InputError, match=sentence):
        FeatureMatchingGAN(**parameters).fit(dataset)
