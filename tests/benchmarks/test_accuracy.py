"""The recipes of other methods keep the laws of a predictor and equal their formulas, worked out densely."""

import json
from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load_file
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.semi_supervised import LabelSpreading, SelfTrainingClassifier

from benchmarks.accuracy.deepgraphgo import strongest_edges
from benchmarks.accuracy.label_spreading import spread_term
from benchmarks.accuracy.logistic import fit_logistic
from benchmarks.accuracy.mashup import diffusion_components, random_walks
from benchmarks.accuracy.self_training import SelfTrainingPerTerm
from benchmarks.accuracy.tuning import RECIPES, Recipe, Trial, best, choose, training_part
from genessl.errors import InputError
from genessl.models.baselines import TermFrequency
from genessl.models.propagation.function_diffusion import FunctionDiffusion
from genessl.models.supervision import Supervision
from genessl.semi_supervised.pseudo_labels.stopping import Judge
from tests.conftest import make_dataset
from tests.models.test_laws import precision_of_the_first_leaf_chosen

QUICK = {
    "s2f": {"diffusion": 1.0},
    "mashup": {"n_components": 20},
    "deepgraphgo": {"hidden": 32, "max_epochs": 30, "learning_rate": 1e-2, "dropout": 0.2},
    "label_spreading": {"alpha": 0.8, "graph": "network+sequence", "n_components": 5},
    "self_training": {"n_components": 5, "n_network_components": 5, "inverse_penalty": 0.1},
}
NAMES = list(RECIPES)


def make(name):
    return RECIPES[name].make(QUICK[name])


def with_domains(dataset):
    """The same genes, whose first six features become InterPro entries that they carry or not."""
    features = dataset.sequence_features.copy()
    features[:, :6] = features[:, :6] > 1.0
    names = tuple(f"InterPro:IPR00000{n}" for n in range(6)) + dataset.feature_names[6:]
    return replace(dataset, sequence_features=features, feature_names=names)


@pytest.fixture(scope="module")
def domained(dataset):
    return with_domains(dataset)


@pytest.fixture(scope="module")
def fitted(domained):
    return {name: make(name).fit(domained) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
class TestEveryRecipe:
    def test_scores_lie_between_0_and_1_and_a_parent_scores_at_least_its_child(self, name, fitted, domained):
        scores = fitted[name].predict_proba(domained)
        assert scores.shape == (240, 18) and scores.dtype == np.float32
        assert np.isfinite(scores).all()  # the last six genes have neither an edge nor a homolog
        assert scores.min() >= 0 and scores.max() <= 1
        children, parents = domained.ontology.parents.nonzero()
        assert (scores[:, parents] >= scores[:, children]).all()

    def test_the_same_seed_gives_the_same_scores_in_any_order_of_the_genes(self, name, fitted, domained):
        order = np.random.default_rng(1).permutation(domained.n_genes)
        shuffled = domained.take(order)
        scores = clone(make(name)).fit(shuffled).predict_proba(shuffled)
        np.testing.assert_array_equal(scores, fitted[name].predict_proba(domained)[order])

    def test_what_is_saved_restores_the_scores(self, name, fitted, domained, tmp_path):
        """As `load` does it; `load` itself takes predictors of the package only."""
        fitted[name].save(tmp_path / "model")
        description = json.loads((tmp_path / "model" / "predictor.json").read_text())
        restored = type(fitted[name])(**description["parameters"])
        restored.terms_ = tuple(description["terms"])
        arrays = load_file(str(tmp_path / "model" / "state.safetensors"))
        restored._restore(arrays, description["facts"], tmp_path / "model")
        np.testing.assert_array_equal(restored.predict_proba(domained), fitted[name].predict_proba(domained))

    def test_hidden_labels_do_not_matter(self, name):
        folded, truth = make_dataset(scheme="cross_validation", n_folds=4)
        folded = with_domains(folded)
        held_out = np.flatnonzero(folded.split == 2)
        positive = folded.positive.toarray()
        positive[held_out] = np.random.default_rng(3).permutation(truth[held_out])
        other = replace(folded, positive=csr_array(positive))
        assert (other.positive != folded.positive).nnz
        scores = make(name).fit(folded.hide(2)).predict_proba(folded.hide(2))
        np.testing.assert_array_equal(make(name).fit(other.hide(2)).predict_proba(other.hide(2)), scores)

    def test_labels_of_the_dataset_to_predict_do_not_matter(self, name, fitted, domained):
        bare = domained.without_labels(np.ones(domained.n_genes, dtype=bool))
        np.testing.assert_array_equal(fitted[name].predict_proba(bare), fitted[name].predict_proba(domained))

    def test_unfitted_raises(self, name, domained):
        with pytest.raises(NotFittedError, match="call fit first"):
            make(name).predict_proba(domained)

    def test_it_has_at_most_four_settings_all_of_which_it_takes(self, name):
        grid = RECIPES[name].grid
        assert 1 < len(grid) <= 4
        for parameters in grid:
            predictor = RECIPES[name].make(parameters)
            predictor._check_parameters()
            assert predictor.get_params().items() >= dict(parameters).items()

    def test_it_learns_from_labels_and_nothing_from_permuted_ones(self, name):
        dataset, truth = make_dataset(n_genes=480)
        dataset = with_domains(dataset)
        unlabelled = np.flatnonzero(np.diff(dataset.positive.indptr) == 0)

        def precision(predictor, labels):
            scores = predictor.fit(labels).predict_proba(dataset)
            return precision_of_the_first_leaf_chosen(scores, truth, dataset.ontology, unlabelled)

        naive = precision(TermFrequency(), dataset)
        assert precision(make(name), dataset) > naive + 0.05
        labelled = np.flatnonzero(np.diff(dataset.positive.indptr))
        controls = []
        for seed in range(5):
            rows = np.arange(dataset.n_genes)
            rows[labelled] = np.random.default_rng(seed).permutation(labelled)
            controls.append(precision(make(name), replace(dataset, positive=csr_array(dataset.positive[rows]))))
        assert np.mean(controls) < naive + 0.03


@pytest.mark.parametrize(
    ("name", "parameters", "sentence"),
    [
        ("s2f", {"diffusion": 0}, r"diffusion: found 0, expected a number in \(0"),
        ("mashup", {"restart": 2}, "restart: found 2, expected a number in"),
        ("deepgraphgo", {"n_neighbours": 0}, "n_neighbours: found 0, expected a whole number of at least 1"),
        ("label_spreading", {"graph": "all"}, "graph: found 'all', expected 'network' or 'network"),
        ("self_training", {"threshold": 0.3}, r"threshold: found 0.3, expected a number in \(0.5"),
    ],
)
def test_a_parameter_out_of_range_is_refused_in_one_sentence(name, parameters, sentence, domained):
    with pytest.raises(InputError, match=sentence):
        RECIPES[name].make(parameters).fit(domained)


def test_deepgraphgo_without_domains_is_refused_in_one_sentence(dataset):
    with pytest.raises(InputError, match="found no InterPro entry"):
        make("deepgraphgo").fit(dataset)


def random_network(n_genes=30, seed=0):
    random = np.random.default_rng(seed)
    upper = np.triu(random.random((n_genes, n_genes)) * (random.random((n_genes, n_genes)) < 0.2), 1)
    upper[0, 1:] = np.maximum(upper[0, 1:], 0.1)  # nobody is isolated
    return (upper + upper.T).astype(np.float32)


class TestMashup:
    @pytest.mark.parametrize("restart", [0.2, 0.5, 1.0])
    def test_random_walks_equal_the_dense_closed_form(self, restart):
        network = random_network()
        transitions = network / network.sum(axis=1, keepdims=True)
        expected = restart * np.linalg.inv(np.eye(30) - (1 - restart) * transitions)
        walks = random_walks(csr_array(network), restart)
        np.testing.assert_allclose(walks, expected, atol=1e-6)
        np.testing.assert_allclose(walks.sum(axis=1), 1.0, atol=1e-5)

    def test_the_embedding_is_that_of_numpys_decomposition_of_the_networks_side_by_side(self):
        networks = [random_network(seed=0), random_network(seed=5)]
        walks = [np.linalg.inv(2 * np.eye(30) - n / n.sum(axis=1, keepdims=True)) for n in networks]
        left, values, _ = np.linalg.svd(np.concatenate([np.log(30 * q + 1) for q in walks], axis=1))
        expected = left[:, :6] * np.sqrt(values[:6])
        expected -= expected.mean(axis=0)
        expected /= np.sqrt(np.mean(expected**2))
        found = diffusion_components([csr_array(n) for n in networks], 30, 6, 0.5, 0)
        np.testing.assert_allclose(np.abs(found), np.abs(expected), atol=2e-3)  # the sign of a vector is free

    def test_regressions_side_by_side_equal_scikit_learn_one_by_one(self):
        random = np.random.default_rng(0)
        features = random.standard_normal((200, 12)).astype(np.float32)
        logits = features @ random.standard_normal((12, 5)) + np.array([-3, -1, 0, 1, -4])
        targets = (random.random((200, 5)) < 1 / (1 + np.exp(-logits))).astype(np.float32)
        weights, offsets = fit_logistic(features, targets, penalty=2.0, tolerance=1e-3)
        for term in range(5):
            single = LogisticRegression(C=0.5, tol=1e-8, max_iter=1000).fit(features, targets[:, term])
            np.testing.assert_allclose(weights[:, term], single.coef_[0], atol=2e-3)
            np.testing.assert_allclose(offsets[term], single.intercept_[0], atol=2e-3)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("s2f", "deepgraphgo")])
def test_a_gene_keeps_its_score_among_others_and_a_new_one_has_the_term_frequency(name, fitted, domained):
    rows = np.array([7, 3, 100, 5])
    part = domained.take(rows)
    renamed = replace(part, genes=np.array([*part.genes[:3], "new"]))
    scores = fitted[name].predict_proba(renamed)
    np.testing.assert_array_equal(scores[:3], fitted[name].predict_proba(domained)[rows[:3]])
    np.testing.assert_array_equal(scores[3], Supervision.of(domained).frequency)


def test_convolutions_equal_the_formula_in_numpy(domained, fitted):
    """H_0 = relu(X W + b), H_l = relu(S H_(l-1) W_l + b_l) + H_(l-1), with S from dense matrices."""
    model = fitted["deepgraphgo"]
    weights = {name: array.numpy() for name, array in model.fitted_.module.state_dict().items()}
    ordered = domained.take(np.argsort(domained.genes))
    network = sum(network.toarray() for network in ordered.networks.values())
    looped = network / network.max() + np.eye(240)
    scale = 1 / np.sqrt(looped.sum(axis=1))
    adjacency = scale[:, None] * looped * scale[None, :]
    hidden = np.maximum(ordered.sequence_features[:, :6] @ weights["entries.weight"] + weights["offset"], 0)
    for layer in ("layers.0", "layers.1"):
        sent = adjacency @ hidden @ weights[f"{layer}.weight"].T + weights[f"{layer}.bias"]
        hidden = np.maximum(sent, 0) + hidden
    logits = hidden @ weights["output.weight"].T + weights["output.bias"]
    expected = np.zeros((240, 18))
    expected[:, model.fitted_.columns] = 1 / (1 + np.exp(-logits))
    np.testing.assert_allclose(model._predict(ordered), expected, atol=1e-5)


def test_strongest_edges_are_kept_if_either_end_counts_them_among_its_best():
    """A star of 0 with 1, 2 and 3: the leaves' only edge stays, so that with one neighbour only 1-2 goes."""
    network = np.array([[0, 0.9, 0.8, 0.7], [0.9, 0, 0.1, 0], [0.8, 0.1, 0, 0], [0.7, 0, 0, 0]], dtype=np.float32)
    kept = strongest_edges(csr_array(network), 1).toarray()
    expected = network.copy()
    expected[1, 2] = expected[2, 1] = 0
    np.testing.assert_array_equal(kept, expected)
    np.testing.assert_array_equal(strongest_edges(csr_array(network), 2).toarray(), network)


class TestScikitLearn:
    def test_spreading_a_term_equals_scikit_learns_own_kernel_called_by_hand(self):
        """Row numbers with a callable kernel give what features with the kernel of the same matrix give."""
        random = np.random.default_rng(0)
        points = random.standard_normal((40, 2))
        labels = np.where(np.arange(40) < 20, (points[:, 0] > 0).astype(int), -1)
        affinity = np.exp(-2.0 * ((points[:, None] - points[None]) ** 2).sum(axis=2))
        by_hand = LabelSpreading(kernel="rbf", gamma=2.0, alpha=0.7).fit(points, labels).label_distributions_
        found = spread_term(csr_array(affinity), labels, 0.7)
        np.testing.assert_allclose(found, by_hand, atol=1e-6)

    def test_a_gene_that_no_label_reaches_scores_the_term_frequency(self, domained):
        scores = RECIPES["label_spreading"].make({"alpha": 0.8}).fit(domained).predict_proba(domained)
        frequency = Supervision.of(domained).frequency
        degree = sum(network.sum(axis=1) for network in domained.networks.values())
        cut_off = np.flatnonzero((degree == 0) & ~domained.labelled.any(axis=1))
        assert len(cut_off)
        np.testing.assert_array_equal(scores[cut_off], np.tile(frequency, (len(cut_off), 1)))

    def test_self_training_of_a_term_equals_scikit_learn_called_by_hand(self):
        random = np.random.default_rng(0)
        features = random.standard_normal((60, 3)).astype(np.float32)
        labels = np.where(np.arange(60) < 30, (features[:, 0] > 0).astype(int), -1)
        classifier = SelfTrainingClassifier(LogisticRegression(C=1.0), threshold=0.8, max_iter=2).fit(features, labels)
        assert classifier.labeled_iter_.max() >= 1  # something was taught
        found = SelfTrainingPerTerm(threshold=0.8, inverse_penalty=1.0, rounds=2)._taught(features, labels)
        np.testing.assert_array_equal(found, classifier.predict_proba(features)[:, 1])


class TestTuning:
    def test_quality_is_1_for_the_truth_and_less_for_the_frequency(self, dataset):
        judge = Judge.of(dataset, Supervision.of(dataset))
        perfect = dataset.positive.toarray().astype(np.float32)
        naive = TermFrequency().fit(dataset).predict_proba(dataset)
        assert judge.quality(perfect) == pytest.approx(1.0)
        assert 0.2 < judge.quality(naive) < 0.9
        assert judge.quality(np.zeros_like(naive)) == 0.0

    def test_no_label_of_a_validation_gene_is_seen_while_tuning(self, dataset):
        part = training_part(dataset)
        assert dataset.positive[np.flatnonzero(dataset.split == 1)].nnz
        assert not part.positive[np.flatnonzero(dataset.split == 1)].nnz
        stopping = part.split == 1
        assert 0 < stopping.sum() < 0.15 * part.labelled.any(axis=1).sum()
        assert part.labelled[stopping].any(axis=1).all() and not (dataset.split[stopping] == 1).any()

    def test_a_setting_tried_before_is_not_tried_again_and_the_best_is_chosen(self, dataset):
        made = []

        def make_frequency(parameters):
            made.append(parameters)
            return TermFrequency()

        grid = ({"a": 1}, {"a": 2}, {"a": 3})
        kept = []
        trials = choose(make_frequency, grid, dataset, tried=[Trial({"a": 2}, 0.99, 5.0)], keep=kept.append)
        assert made == [{"a": 1}, {"a": 3}]
        assert [trial.parameters for trial in trials] == list(grid)
        assert best(trials) == {"a": 2}
        assert best([trials[0], trials[2]]) == {"a": 1}  # of equal ones the first
        assert len(kept) == 2

    def test_a_recipe_makes_what_it_names(self):
        recipe = Recipe("benchmarks.accuracy.mashup", "Mashup", ({"penalty": 1.0},))
        assert repr(recipe.make({"penalty": 2.0})) == "Mashup(penalty=2.0)"
        assert isinstance(RECIPES["s2f"].make({"diffusion": 2.0}), FunctionDiffusion)
