"""Self-supervised pretraining: the losses by hand, what may reach what, and what it does where labels are few."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.metrics import roc_auc_score

from genessl.errors import InputError
from genessl.models.base import GenePredictor
from genessl.models.baselines import TermFrequency
from genessl.models.neural.graph_network import GraphNetwork
from genessl.models.neural.inputs import FeatureInputs
from genessl.models.neural.objective import Objective, cross_entropy
from genessl.models.neural.sequence_network import SequenceNetwork
from genessl.models.supervision import Supervision
from genessl.models.view import Preparation
from genessl.semi_supervised import pretrained as pretraining
from genessl.semi_supervised.pretrained import (
    FineTuning,
    MaskedFeatures,
    MaskedNodes,
    Pretrained,
    body_of,
    drawn_values,
    scaled_cosine_error,
)
from tests.conftest import make_dataset

VIEWS = ("sequence", "network")
EPOCHS = {"sequence": 30, "network": 15}


def view(name, epochs=8):
    if name == "sequence":
        return SequenceNetwork(hidden=32, max_epochs=epochs, device="cpu")
    return GraphNetwork(hidden=16, n_components=8, max_epochs=epochs, device="cpu")


def strategy(name, **parameters):
    return Pretrained(view=view(name), **{"pretraining_epochs": 4, **parameters})


@pytest.fixture(scope="module")
def dataset():
    drawn = make_dataset(domains=True)[0]
    return drawn.take(np.argsort(drawn.genes))


def inputs_of(features):
    """What a view of sequences reads of some genes."""
    names = np.array([f"g{number}" for number in range(len(features))])
    return FeatureInputs(genes=names, n_terms=1, preparation=Preparation(genes=names), features=features)


def task_of(name, dataset, **parameters):
    """Return a view, its inputs and the masked task of its freshly made module."""
    made = view(name)
    inputs = made.prepare(dataset)
    torch.manual_seed(0)
    return made, inputs, Pretrained(view=made, **parameters)._task(made._module(made._shape(inputs), 1), inputs)


# The losses


def test_the_scaled_cosine_error_equals_a_hand_calculation():
    # Cosines 1 / sqrt(2) = 0.707107 and 24 / 25 = 0.96; lengths do not count.
    target, output = torch.tensor([[1.0, 0.0], [3.0, 4.0]]), torch.tensor([[7.0, 7.0], [4.0, 3.0]])
    found = [scaled_cosine_error(target, output, gamma).item() for gamma in (1.0, 2.0)]
    assert found[0] == pytest.approx((0.292893 + 0.04) / 2, abs=1e-5)
    assert found[1] == pytest.approx((0.085786 + 0.0016) / 2, abs=1e-5)


def test_a_gene_without_features_and_a_perfect_restoration_have_a_finite_error_and_gradient():
    target = torch.randn(200, 5, generator=torch.Generator().manual_seed(0))
    target[0] = 0.0
    output = (3.0 * target).requires_grad_()
    error = scaled_cosine_error(target, output, 1.5)
    error.backward()
    assert error.item() == pytest.approx(1 / 200, abs=1e-5)  # nothing is known of the gene without features
    assert torch.isfinite(output.grad).all()


class Nothing(torch.nn.Module):
    """Stands for a network of which only the width is asked."""

    def __init__(self):
        super().__init__()
        self.output = torch.nn.Linear(3, 1)


def test_the_loss_of_masked_features_equals_a_hand_calculation(monkeypatch):
    features = torch.tensor([[2.0, 1.0], [-1.0, 0.0], [0.0, 0.0], [-1.0, 0.0]])
    task = MaskedFeatures(Nothing(), inputs_of(features), masked=0.5)
    # Means: 0, and the logit of (1 + 0.5) / (4 + 1) = 0.3, -0.847298. Their costs: (4 + 1 + 0 + 1) / 2 / 4 = 0.75, and
    # -log(0.7) + 0.25 * 0.847298 = 0.568499; mean of both 0.659250.
    assert task.cost_of_mean.item() == pytest.approx(0.659250, abs=1e-5)
    monkeypatch.setattr(task, "restore", lambda seen: torch.tensor([1.0, 0.0]).expand(len(seen), 2))
    monkeypatch.setattr(torch, "rand_like", lambda values: torch.tensor([[0.1, 0.2], [0.9, 0.3], [0.9, 0.9]]))
    # Masked: (2, 1) of the first gene and the 0 of the second: ((2 - 1)^2 / 2 + log 2 + log 2) / 3 = 0.628765.
    found = task.loss(np.array([0, 1, 2])).item()
    assert found == pytest.approx(0.628765 / 0.659250, abs=1e-5)


def test_masked_values_are_those_of_the_same_feature_in_the_share_asked_for(dataset, monkeypatch):
    _, inputs, task = task_of("sequence", dataset, masked=0.4)
    measured = ~task.present
    assert (measured.sum().item(), task.present.sum().item()) == (12, 8)
    drawn = drawn_values(inputs.features, 50)
    for column in range(20):
        assert torch.isin(drawn[:, column], inputs.features[:, column]).all()
    seen = []
    restore = task.restore
    monkeypatch.setattr(task, "restore", lambda features: seen.append(features) or restore(features))
    task.loss(np.arange(240))
    changed = (seen[0] != inputs.features)[:, measured].float().mean().item()
    assert changed == pytest.approx(0.4, abs=0.03)  # 2,880 values: a standard deviation of 0.009


# What may reach what


def test_a_masked_gene_is_restored_without_its_own_features(dataset):
    _, inputs, task = task_of("network", dataset)
    task.eval()
    masked = torch.arange(0, 120)
    restored = task.restore(inputs.features, masked)
    own, others = inputs.features.clone(), inputs.features.clone()
    own[masked] = 100.0
    others[120:] += 1.0
    assert torch.equal(task.restore(own, masked), restored)
    assert not torch.allclose(task.restore(others, masked), restored, atol=1e-3)


def test_the_hidden_state_of_a_masked_gene_is_masked_again_for_the_decoder(dataset, monkeypatch):
    _, inputs, task = task_of("network", dataset)
    task.eval()
    masked, embed = torch.arange(0, 120), task.module.embed
    restored = task.restore(inputs.features, masked)

    def disturbed(rows):
        def changed(inputs, everyone):
            hidden = embed(inputs, everyone).clone()
            hidden[rows] += 1.0
            return hidden

        return changed

    monkeypatch.setattr(task.module, "embed", disturbed(slice(0, 120)))
    assert torch.equal(task.restore(inputs.features, masked), restored)
    monkeypatch.setattr(task.module, "embed", disturbed(slice(120, 240)))
    assert not torch.allclose(task.restore(inputs.features, masked), restored, atol=1e-3)


def test_as_many_genes_are_masked_as_asked_for_and_other_ones_in_each_step(dataset):
    _, _, task = task_of("network", dataset, masked=0.25)
    steps = task.steps(np.random.default_rng(0), 3)
    assert [len(np.unique(rows)) for rows in steps] == [60, 60, 60]
    assert len(np.unique(np.concatenate(steps))) > 100


def test_the_scale_of_a_feature_does_not_matter_for_what_is_restored(dataset):
    made, inputs, task = task_of("network", dataset)
    scaled = replace(inputs, features=100.0 * inputs.features + 5.0)
    other = MaskedNodes(made._module(made._shape(inputs), 1), scaled, masked=0.5, gamma=2.0)
    varies = inputs.features.std(dim=0) > 0
    torch.testing.assert_close(other.target[:, varies], task.target[:, varies], atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(task.target[:, varies].square().mean(dim=0), torch.ones(int(varies.sum())))


def test_genes_without_an_edge_are_restored_without_nan(dataset):
    connected = csr_array(np.outer(np.arange(240) < 120, np.arange(240) < 120).astype(np.float32))
    halved = {name: csr_array(network.multiply(connected)) for name, network in dataset.networks.items()}
    for given in (dataset, replace(dataset, networks=halved)):
        _, inputs, task = task_of("network", given)
        loss = task.loss(np.arange(0, 240, 2))
        loss.backward()
        assert torch.isfinite(loss)
        assert all(torch.isfinite(p.grad).all() for p in task.parameters() if p.grad is not None)
        assert torch.isfinite(task.restore(inputs.features, torch.arange(240))).all()


@pytest.fixture
def bodies(monkeypatch):
    """Collect the bodies that are pretrained while a test runs."""
    found = []
    monkeypatch.setattr(pretraining, "body_of", lambda module: found.append(body_of(module)) or found[-1])
    return found


@pytest.mark.parametrize("name", VIEWS)
class TestBothViews:
    def test_zero_epochs_equal_the_supervised_fit(self, name, dataset):
        fitted = strategy(name, pretraining_epochs=0).fit(dataset)
        supervised = view(name).fit(dataset)
        np.testing.assert_array_equal(fitted.predict_proba(dataset), supervised.predict_proba(dataset))
        assert fitted.reconstruction_ == []
        pretrained = strategy(name).fit(dataset)
        assert np.abs(pretrained.predict_proba(dataset) - supervised.predict_proba(dataset)).max() > 1e-3

    def test_the_restoration_of_held_out_genes_beats_what_is_the_same_for_all(self, name, dataset, monkeypatch):
        _, inputs, task = task_of(name, dataset, gamma=1.0)
        held_out = np.arange(0, 240, 4)
        trained = np.setdiff1d(np.arange(240), held_out)
        features = inputs.features
        if name == "sequence":
            task.features = features[trained]
        else:
            monkeypatch.setattr(task, "steps", lambda r, n: [r.permutation(trained)[:120] for _ in range(n)])
        history = Pretrained(pretraining_epochs=30)._pretrain(task, 5, 1e-2)
        task.eval()
        with torch.no_grad():
            if name == "sequence":
                task.features, many = features, np.tile(held_out, 5)  # each with five masks
                torch.manual_seed(1)
                found = task.loss(many).item()
                task.decoder.weight.zero_()  # what is left is the same for all genes
                torch.manual_seed(1)
                baseline = task.loss(many).item()
            else:
                found = task.loss(held_out).item()
                unit = torch.nn.functional.normalize(task.target[trained]).mean(dim=0)
                baseline = scaled_cosine_error(task.target[held_out], unit.expand(len(held_out), -1), 1.0).item()
        assert np.mean(history[-3:]) < np.mean(history[:3]) - 0.02
        assert found < baseline - 0.05

    def test_labels_play_no_part_in_the_body(self, name, dataset, bodies):
        rows = np.random.default_rng(0).permutation(dataset.n_genes)
        permuted = replace(dataset, positive=csr_array(dataset.positive[rows]))
        assert (permuted.positive != dataset.positive).nnz
        fits = [strategy(name).fit(given) for given in (dataset, permuted)]
        assert len(bodies) == 2  # one for both trainings of a fit
        assert bodies[0].keys() == bodies[1].keys()
        assert all(torch.equal(bodies[0][key], bodies[1][key]) for key in bodies[0])
        assert fits[0].reconstruction_ == fits[1].reconstruction_
        assert len(fits[0].reconstruction_) == 4

    def test_unlabelled_genes_shape_the_body_and_the_scores(self, name, dataset, bodies, monkeypatch):
        scores = [strategy(name).fit(dataset).predict_proba(dataset)]
        labelled = np.flatnonzero(dataset.labelled.any(axis=1))
        kind = MaskedFeatures if name == "sequence" else MaskedNodes
        steps = kind.steps
        monkeypatch.setattr(kind, "steps", lambda *given: [np.intersect1d(rows, labelled) for rows in steps(*given)])
        scores.append(strategy(name).fit(dataset).predict_proba(dataset))
        assert any(not torch.allclose(bodies[0][key], bodies[1][key], atol=1e-3) for key in bodies[0])
        assert np.abs(scores[0] - scores[1]).max() > 1e-3

    def test_a_training_starts_at_the_pretrained_body_and_the_terms_frequencies(self, name, dataset, bodies):
        made, supervision = view(name), Supervision.of(dataset)
        inputs = made.prepare(dataset)
        make = strategy(name)._objective(dataset, inputs, supervision)
        started = made.learn(inputs, supervision, n_epochs=0, objective=make).module.state_dict()
        usual = made.learn(inputs, supervision, n_epochs=0).module.state_dict()
        assert set(started) == {*bodies[0], "output.weight", "output.bias"}
        assert all(torch.equal(started[key], bodies[0][key]) for key in bodies[0])
        assert all(torch.equal(started[key], usual[key]) for key in ("output.weight", "output.bias"))
        assert any(not torch.equal(started[key], usual[key]) for key in bodies[0])

    def test_fine_tuning_minimises_the_loss_of_the_labelled_genes_alone(self, name, dataset):
        made, supervision = view(name), Supervision.of(dataset)
        inputs = made.prepare(dataset)
        module = made._module(made._shape(inputs), dataset.n_terms).eval()
        rows = supervision.informative
        expected = cross_entropy(module, inputs, supervision, rows)
        assert torch.equal(FineTuning(module, inputs, supervision, body_of(module)).loss(rows), expected)
        assert FineTuning.loss is Objective.loss
        assert FineTuning.validation_loss is Objective.validation_loss

    def test_experimental_labels_stay_as_they_are(self, name, dataset, monkeypatch):
        before, seen = dataset.positive.copy(), []
        start = FineTuning.__init__

        def watch(self, module, inputs, supervision, body):
            seen.append(supervision)
            start(self, module, inputs, supervision, body)

        monkeypatch.setattr(FineTuning, "__init__", watch)
        strategy(name).fit(dataset)
        assert (dataset.positive != before).nnz == 0
        assert len(seen) == 2
        assert (seen[1].positive != before).nnz == 0
        assert not any(given.taught_positive.nnz or given.taught_negative.nnz for given in seen)
        unlabelled = ~dataset.labelled.any(axis=1)
        assert not np.isin(seen[1].informative, np.flatnonzero(unlabelled)).any()

    def test_the_same_seed_gives_the_same_scores_and_leaves_torch_as_it_was(self, name, dataset):
        state = torch.get_rng_state()
        fits = [strategy(name, seed=seed).fit(dataset) for seed in (3, 4)]
        assert torch.equal(torch.get_rng_state(), state)
        torch.manual_seed(int(state.sum()))  # what the caller draws does not matter either
        fits.insert(1, strategy(name, seed=3).fit(dataset))
        scores = [fitted.predict_proba(dataset) for fitted in fits]
        np.testing.assert_array_equal(scores[0], scores[1])
        assert np.abs(scores[0] - scores[2]).max() > 1e-3


def test_the_order_of_genes_does_not_matter_to_masked_nodes(dataset):
    order = np.random.default_rng(1).permutation(dataset.n_genes)
    shuffled = dataset.take(order)
    expected = strategy("network").fit(dataset).predict_proba(dataset)[order]
    np.testing.assert_array_equal(strategy("network").fit(shuffled).predict_proba(shuffled), expected)


def test_how_well_features_were_restored_is_saved(dataset, tmp_path):
    fitted = strategy("sequence").fit(dataset)
    fitted.save(tmp_path / "model")
    loaded = GenePredictor.load(tmp_path / "model")
    assert loaded.reconstruction_ == fitted.reconstruction_
    assert loaded.get_params(deep=False).keys() == fitted.get_params(deep=False).keys()


# What it does for the scores


def leaf_precision(scores, truth, ontology, genes):
    """Share of genes whose best-scored leaf of each aspect is true: 0.42 by chance in these modules."""
    hits = []
    for aspect in "PFC":
        leaves = np.array([ontology.index[f"GO:{aspect}{leaf}"] for leaf in (4, 5, 6)])
        hits.append(truth[genes, leaves[scores[np.ix_(genes, leaves)].argmax(axis=1)]])
    return float(np.mean(hits))


def quality(predictor, dataset, truth, genes):
    return leaf_precision(predictor.fit(dataset).predict_proba(dataset), truth, dataset.ontology, genes)


# Views without a label path, in which the body alone tells genes apart: pretraining shapes nothing else. At this
# learning rate the few epochs suffice.
BODIES = {
    "sequence": view("sequence", EPOCHS["sequence"]).set_params(label_path=False, learning_rate=1e-2),
    "network": view("network", EPOCHS["network"]).set_params(label_path=False, learning_rate=1e-2),
    "convolutions": view("network", EPOCHS["network"]).set_params(label_path=False, learning_rate=1e-2, n_layers=2),
}


@pytest.mark.parametrize("name", BODIES)
def test_where_labels_are_few_pretraining_helps(name):
    usual, pretrained = [], []
    for seed in range(6):  # a single difference lies between -1 and 8 points, or 2 and 29 with convolutions
        dataset, truth = make_dataset(n_genes=300, domains=True, seed=seed)
        few = np.random.default_rng(seed).random(300) < 0.25
        dataset = dataset.without_labels(~few)
        unlabelled = np.flatnonzero(np.diff(dataset.positive.indptr) == 0)
        usual.append(quality(clone(BODIES[name]), dataset, truth, unlabelled))
        pretrained.append(quality(Pretrained(view=BODIES[name], learning_rate=1e-2), dataset, truth, unlabelled))
    assert np.mean(usual) > 0.7  # the view learns without pretraining, too
    assert np.mean(pretrained) > np.mean(usual) + 0.02


def with_noise_pool(dataset, pool, seed):
    """Give the genes of a pool noise for features, and in each network the edges of another of them."""
    random = np.random.default_rng(seed)
    features = dataset.sequence_features.copy()
    features[pool] = random.standard_normal((len(pool), features.shape[1]))
    rows = np.arange(dataset.n_genes)
    rows[pool] = random.permutation(pool)
    networks = {name: csr_array(network[rows][:, rows]) for name, network in dataset.networks.items()}
    return replace(dataset, sequence_features=features, networks=networks)


@pytest.mark.parametrize("name", VIEWS)
def test_a_pool_of_noise_costs_less_than_three_points(name):
    usual, pretrained = [], []
    for seed in range(4):  # a single difference lies within 6 points
        dataset, truth = make_dataset(n_genes=300, domains=True, seed=seed)
        unlabelled = np.flatnonzero(np.diff(dataset.positive.indptr) == 0)
        pool, asked = unlabelled[::2], unlabelled[1::2]
        noisy = with_noise_pool(dataset, pool, seed)
        usual.append(quality(view(name, EPOCHS[name]), noisy, truth, asked))
        started = Pretrained(view=view(name, EPOCHS[name]), pretraining_epochs=10, seed=seed)
        pretrained.append(quality(started, noisy, truth, asked))
    assert np.mean(usual) > 0.7  # there is something to lose
    assert np.mean(pretrained) > np.mean(usual) - 0.03


def leaf_auc(predictor, dataset, truth, genes):
    """Return the area under the ROC curve over unlabelled genes, mean over leaves; by a term's frequency 0.5."""
    scores = predictor.fit(dataset).predict_proba(dataset)
    leaves = [dataset.ontology.index[f"GO:{aspect}{leaf}"] for aspect in "PFC" for leaf in (4, 5, 6)]
    return float(np.mean([roc_auc_score(truth[genes, leaf], scores[genes, leaf]) for leaf in leaves]))


@pytest.mark.parametrize("name", VIEWS)
def test_on_permuted_labels_it_is_no_better_than_the_term_frequency(name):
    dataset, truth = make_dataset(domains=True)
    unlabelled = np.flatnonzero(np.diff(dataset.positive.indptr) == 0)
    assert leaf_auc(TermFrequency(), dataset, truth, unlabelled) == 0.5
    controls = []
    for seed in range(5):
        rows = np.arange(dataset.n_genes)
        labelled = np.flatnonzero(np.diff(dataset.positive.indptr))
        rows[labelled] = np.random.default_rng(seed).permutation(labelled)
        permuted = replace(dataset, positive=csr_array(dataset.positive[rows]))
        controls.append(leaf_auc(strategy(name, seed=seed), permuted, truth, unlabelled))
    assert np.mean(controls) < 0.56
    assert leaf_auc(strategy(name), dataset, truth, unlabelled) > 0.6


# Refusals


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"pretraining_epochs": -1}, "pretraining_epochs: found -1, expected a whole number of at least 0"),
        ({"masked": 0.0}, r"masked: found 0\.0, expected a number in \(0\.0, 0\.9\]"),
        ({"masked": 0.95}, r"masked: found 0\.95, expected a number in \(0\.0, 0\.9\]"),
        ({"gamma": 0.5}, r"gamma: found 0\.5, expected a number in \[1\.0, inf\)"),
        ({"learning_rate": 0}, r"learning_rate: found 0, expected a number in \(0"),
        ({"seed": -1}, "seed: found -1, expected a whole number of at least 0"),
        ({"view": TermFrequency()}, r"view: found TermFrequency\(\), expected a SequenceNetwork"),
    ],
)
def test_a_parameter_out_of_range_is_refused_in_one_sentence(parameters, sentence, dataset):
    with pytest.raises(InputError, match=sentence):
        Pretrained(**parameters).fit(dataset)
