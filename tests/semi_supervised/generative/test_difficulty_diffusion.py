from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array
from scipy.stats import norm
from sklearn.exceptions import NotFittedError
from torch.optim.swa_utils import AveragedModel

from genessl.errors import InputError
from genessl.models.base import GenePredictor
from genessl.models.neural.graph_network import GraphNetwork
from genessl.models.neural.sequence_network import SequenceNetwork
from genessl.models.supervision import Supervision
from genessl.semi_supervised.generative import difficulty_diffusion
from genessl.semi_supervised.generative.denoiser import cosine_schedule
from genessl.semi_supervised.generative.difficulty import as_difficulty, as_ranks, cross_fitted_scores, relative_loss
from genessl.semi_supervised.generative.difficulty_diffusion import DifficultyDiffusion
from genessl.semi_supervised.generative.feature_diffusion import FeatureDiffusion, _rising_average
from genessl.semi_supervised.generative.principal_space import PrincipalSpace
from genessl.semi_supervised.generative.samples import draw_genes, far_from, rare_terms
from tests.conftest import make_dataset

CENTRES = np.array([[0.0, 0.0], [5.0, 1.0], [-2.0, 4.0]])
SPREADS = np.array([[1.0, 0.7], [1.0, 1.0], [0.6, 1.1]])


def view(**parameters):
    return SequenceNetwork(**{"max_epochs": 8, "hidden": 32, "device": "cpu", **parameters})


def strategy(**parameters):
    return DifficultyDiffusion(
        **{"view": view(), "most": 200, "per_term": 2, "n_updates": 30, "n_folds": 2, "closeness": 0.0, **parameters}
    )


def one_term(term, n, n_terms=3):
    return csr_array(np.tile(np.eye(n_terms, dtype=bool)[term], (n, 1)))


def small_diffusion(**parameters):
    return FeatureDiffusion(**{"hidden": 64, "label_width": 8, "n_updates": 600, **parameters})


# The generator, on data whose law is known


@pytest.fixture(scope="module")
def mixture():
    random = np.random.default_rng(0)
    kind = random.integers(0, 3, 1500)
    features = CENTRES[kind] + SPREADS[kind] * random.standard_normal((1500, 2))
    labels = csr_array(np.eye(3, dtype=bool)[kind])
    return small_diffusion().fit(features.astype(np.float32), labels, random.random(1500)), features, kind


@pytest.mark.parametrize("kind", [0, 1, 2])
def test_a_mixture_of_normals_is_sampled_with_its_conditional_means_and_spreads(mixture, kind):
    fitted, _, kinds = mixture
    drawn, n_real = fitted.sample(one_term(kind, 4000), None, seed=1), (kinds == kind).sum()
    # of the mean of n_real genes, from which it was learned, and of 4000 samples; of a spread it is 1 / sqrt(2 n)
    error = SPREADS[kind] * np.sqrt(1 / n_real + 1 / 4000)
    assert (np.abs(drawn.mean(axis=0) - CENTRES[kind]) < 4 * error).all()
    bias = 0.1 * SPREADS[kind]  # the finite steps of sampling narrow it
    assert (np.abs(drawn.std(axis=0) - SPREADS[kind]) < 4 * error / np.sqrt(2) + bias).all()


def test_the_same_seed_draws_the_same_bytes(mixture):
    fitted, features, kinds = mixture
    twice = [fitted.sample(one_term(1, 5), 0.3, seed=7) for _ in range(2)]
    assert twice[0].tobytes() == twice[1].tobytes()
    assert (fitted.sample(one_term(1, 5), 0.3, seed=8) != twice[0]).any()
    labels, level = csr_array(np.eye(3, dtype=bool)[kinds]), np.linspace(0, 1, 1500)
    state = torch.random.get_rng_state()
    fits = [small_diffusion(n_updates=20).fit(features.astype(np.float32), labels, level).pack() for _ in range(2)]
    assert all(fits[0][name].tobytes() == fits[1][name].tobytes() for name in fits[0])
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.fixture(scope="module")
def margins():
    """Two terms at +-1.5 on one axis: the Bayes log-odds of the own term are 3 y x, so difficulty is the rank of -y x.

    A second fit has seen the labels and difficulties permuted.
    """
    random = np.random.default_rng(1)
    side = random.choice([-1.0, 1.0], 1600)
    features = random.standard_normal((1600, 3))
    features[:, 0] += 1.5 * side
    level, labels = as_ranks(-side * features[:, 0]), np.stack([side > 0, side < 0], axis=1)
    order = random.permutation(1600)
    return [
        small_diffusion(guidance=1.0).fit(features.astype(np.float32), csr_array(labels[rows]), level[rows])
        for rows in (np.arange(1600), order)
    ]


def mean_margin(fitted, term, level):
    drawn = fitted.sample(one_term(term, 1500, 2), level, seed=0)[:, 0]
    return (1 - 2 * term) * drawn.mean()


@pytest.mark.parametrize("term", [0, 1])
def test_a_harder_level_has_a_smaller_bayes_margin(margins, term):
    levels = np.array([0.1, 0.3, 0.5, 0.7, 0.9])
    found = np.array([mean_margin(margins[0], term, level) for level in levels])
    assert (np.diff(found) < 0).all()
    np.testing.assert_allclose(found, 1.5 + norm.ppf(1 - levels), atol=0.35)  # the quantile that was asked for
    assert abs(mean_margin(margins[0], term, None) - 1.5) < 0.25


def test_permuted_labels_do_not_separate(margins):
    own = np.array([mean_margin(fitted, 0, None) + mean_margin(fitted, 1, None) for fitted in margins])
    assert own[0] > 2.5  # 3 in truth
    assert abs(own[1]) < 0.5
    assert abs(mean_margin(margins[1], 0, 0.1) - mean_margin(margins[1], 0, 0.9)) < 0.5  # 2.6 in truth


def test_a_saved_generator_draws_what_the_fitted_one_draws(mixture):
    fitted = mixture[0]
    loaded = small_diffusion().unpack(fitted.pack())
    draws = [model.sample(one_term(2, 9), 0.8, seed=3) for model in (fitted, loaded)]
    np.testing.assert_array_equal(*draws)


def test_guidance_of_0_forgets_the_conditions(mixture):
    fitted = small_diffusion(guidance=0.0).unpack(mixture[0].pack())
    draws = [fitted.sample(one_term(term, 9), level, seed=3) for term, level in ((0, 0.1), (2, None))]
    np.testing.assert_array_equal(*draws)


def test_the_schedule_keeps_the_variance_and_ends_in_noise():
    alpha, sigma = (part.numpy().astype(float) for part in cosine_schedule(4))
    np.testing.assert_allclose(alpha**2 + sigma**2, 1.0, atol=1e-6)
    np.testing.assert_allclose(alpha[:4], [1.0, 0.923880, 0.707107, 0.382683], atol=1e-6)  # cos 0, 22.5, 45, 67.5
    assert alpha[4] == pytest.approx(0.01)


def test_what_components_do_not_show_is_kept():
    features = np.random.default_rng(0).standard_normal((40, 6)).astype(np.float32)
    space = PrincipalSpace.fit(features, 2, 0)
    np.testing.assert_allclose(space.encode(features).var(axis=0, ddof=1), 1.0, rtol=1e-4)
    np.testing.assert_allclose(space.decode(space.encode(features), features), features, atol=1e-5)
    moved = space.decode(np.zeros((40, 2), dtype=np.float32), features)
    axes, mean = space.pca.components_, space.pca.mean_
    outside = np.eye(6) - axes.T @ axes
    inside = (features > features.min(axis=0)) & (features < features.max(axis=0))
    rebuilt = (features - mean) @ outside + mean
    clipped = np.clip(rebuilt, features.min(axis=0), features.max(axis=0))
    np.testing.assert_allclose(moved[inside], clipped[inside], atol=1e-4)


def test_whitened_components_are_those_of_the_eigenvectors_of_the_covariance():
    random = np.random.default_rng(0)
    features = (random.standard_normal((500, 8)) @ random.standard_normal((8, 8)) + 3).astype(np.float32)
    space = PrincipalSpace.fit(features, 3, 0)
    variance, axes = np.linalg.eigh(np.cov(features.T.astype(np.float64)))
    expected = (features - features.mean(axis=0)) @ axes[:, :-4:-1] / np.sqrt(variance[:-4:-1])
    found = space.encode(features)
    np.testing.assert_allclose(found * np.sign(found[0]), expected * np.sign(expected[0]), atol=2e-4)
    again = PrincipalSpace.unpack(space.pack())
    np.testing.assert_array_equal(again.encode(features), found)
    np.testing.assert_array_equal(again.decode(found, features), space.decode(found, features))


def test_a_column_that_never_varies_makes_finite_components():
    features = np.tile(np.array([1.0, 2.0, 3.0], dtype=np.float32), (9, 1))
    space = PrincipalSpace.fit(features, 3, 0)
    assert np.isfinite(space.encode(features)).all()
    np.testing.assert_array_equal(space.decode(space.encode(features)), features)


def test_the_average_of_weights_follows_them_by_a_rising_decay():
    module = torch.nn.Linear(1, 1, bias=False)
    average, expected = AveragedModel(module, multi_avg_fn=_rising_average(0.25)), 0.0
    for number in range(4):
        module.weight.data.fill_(float(number + 1))
        average.update_parameters(module)
        # the first weights as they are, then decays of 2 / 11, 3 / 12 and, as 4 / 13 is more, 1 / 4
        decay = [0.0, 2 / 11, 0.25, 0.25][number]
        expected = decay * expected + (1 - decay) * (number + 1)
        assert average.module.weight.item() == pytest.approx(expected)


def test_the_generator_refuses_what_it_cannot_use(mixture):
    fitted, features, kinds = mixture
    labels = csr_array(np.eye(3, dtype=bool)[kinds])
    with pytest.raises(InputError, match=r"difficulty: found 1.2, expected numbers in \[0, 1\]"):
        fitted.sample(one_term(0, 2), 1.2, seed=0)
    with pytest.raises(InputError, match="found 1500 rows of features, 1500 of labels and 3 difficulties"):
        small_diffusion().fit(features.astype(np.float32), labels, np.zeros(3))
    with pytest.raises(NotFittedError, match="call fit first"):
        small_diffusion().sample(one_term(0, 2), None, seed=0)


# Difficulty


def supervision_of(positive, labelled):
    positive = csr_array(np.array(positive, dtype=bool))
    genes = np.array([f"G{row}" for row in range(positive.shape[0])])
    aspects = np.zeros(positive.shape[1], dtype=np.intp)
    return Supervision.from_labels(genes, positive, np.array(labelled)[:, None], aspects)


def test_relative_loss_by_hand():
    supervision = supervision_of([[1, 1], [1, 0], [0, 0]], [True, True, True])
    scores = np.array([[0.5, 0.1], [0.125, 0.9], [0.3, 0.3]], dtype=np.float32)
    found = relative_loss(scores, supervision, np.array([1.0, 3.0]))
    # first term: ln 2 and 3 ln 2, usually 2 ln 2; second term: its only gene costs what it usually costs
    np.testing.assert_allclose(found[:2], [-np.log(2) * 1 / 4, np.log(2)], rtol=1e-5)
    assert np.isnan(found[2])


def test_terms_that_were_not_learned_make_no_gene_difficult():
    supervision = supervision_of([[1, 1, 0], [1, 1, 0], [1, 0, 0], [0, 0, 1]], [True] * 4)
    scores = np.array([[0.5, 0.0, 0.0], [0.125, 0.25, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]], dtype=np.float32)
    found = relative_loss(scores, supervision, np.array([1.0, 3.0, 2.0]))
    # first term: ln 2 and 3 ln 2, usually 2 ln 2; the second is known of the second gene only, which costs as usual
    np.testing.assert_allclose(found, [-np.log(2), np.log(2) / 4, 0.0, 0.0], rtol=1e-5)


def test_ranks_and_levels():
    np.testing.assert_allclose(as_ranks(np.array([3.0, np.nan, -1.0, 2.0])), [5 / 6, np.nan, 1 / 6, 3 / 6])
    assert [as_difficulty(level) for level in ("easy", "medium", "hard", 0.25, None)] == [0.1, 0.5, 0.9, 0.25, None]


def test_no_gene_is_judged_by_a_network_that_saw_its_labels():
    data = make_dataset()[0]
    model = view()
    inputs, supervision = model.prepare(data), Supervision.of(data)
    settings = {"n_epochs": 2, "n_folds": 4, "seed": 0}
    before = cross_fitted_scores(model, inputs, supervision, **settings)
    gene = int(np.flatnonzero(supervision.labelled.any(axis=1))[0])
    positive = data.positive.toarray()
    positive[gene] = ~positive[gene]
    changed = cross_fitted_scores(
        model, inputs, Supervision.of(replace(data, positive=csr_array(positive))), **settings
    )
    np.testing.assert_array_equal(changed[gene], before[gene])
    assert (changed != before).any()
    assert not before[~supervision.labelled.any(axis=1)].any()


def test_a_term_that_only_the_label_path_speaks_of_counts_as_not_learned():
    data = make_dataset()[0]
    supervision = Supervision.of(data)
    fewest = int(np.median(supervision.n_positive))
    model = view(min_genes=fewest)
    inputs = model.prepare(data)
    found = cross_fitted_scores(model, inputs, supervision, n_epochs=1, n_folds=4, seed=0)
    rare = supervision.n_positive < fewest
    assert rare.any() and not found[:, rare].any()
    assert found[:, np.argmax(supervision.n_positive)].any()
    assert model.score(model.learn(inputs, supervision, n_epochs=1), inputs)[:, rare].any()  # the label path speaks


# Samples


def test_samples_near_a_held_out_gene_are_dropped():
    random = np.random.default_rng(0)
    training, held_out = random.standard_normal((2, 50, 8)).astype(np.float32)
    own = np.sqrt(((training[:, None] - held_out) ** 2).sum(axis=-1)).min(axis=1)
    near = held_out[:5] + 1e-3
    assert not far_from(near, training, held_out, held_out, 0.05).any()
    assert (far_from(training, training, held_out, held_out, 0.2) == (own >= np.quantile(own, 0.2))).all()
    assert far_from(training, training, held_out, held_out, 0.0).all()
    assert far_from(held_out + 100, training, held_out, held_out, 0.05).all()
    none = held_out[:0]
    assert (far_from(near, training, none, held_out, 0.05) == far_from(near, training, held_out, held_out, 0.05)).all()


def test_copies_of_training_genes_in_the_pool_do_not_let_copies_of_held_out_genes_pass():
    random = np.random.default_rng(0)
    training, apart, unlabelled = random.standard_normal((3, 50, 8)).astype(np.float32)
    rewrites = training + np.float32(1e-2)
    pool = np.concatenate([apart, unlabelled, rewrites])
    near = 0.9 * unlabelled + 0.1 * training
    assert far_from(near, training, pool, pool, 0.05).any()  # what the copies would do to the threshold
    assert not far_from(near, training, apart, pool, 0.05).any()


def test_a_share_of_training_genes_is_as_near_to_so_many_held_out_genes():
    random = np.random.default_rng(0)
    training, apart, held_out = (random.standard_normal((n, 4)).astype(np.float32) for n in (20000, 500, 2000))
    near = 1.0 - far_from(training, training, apart, held_out, 0.2).mean()
    assert near == pytest.approx(0.2, abs=0.03)


def test_rare_terms_lend_their_own_genes():
    supervision = supervision_of([[1, 1, 0], [1, 1, 0], [1, 0, 1], [1, 0, 0]], [True, True, True, True])
    rare = rare_terms(supervision, 1, 2)
    assert rare.tolist() == [1, 2]
    genes = draw_genes(supervision.positive, rare, 3, 0)
    assert set(genes[:3].tolist()) <= {0, 1} and genes[3:].tolist() == [2, 2, 2]


# The laws of a strategy


@pytest.fixture(scope="module")
def dataset():
    return make_dataset(domains=True)[0]


@pytest.fixture(scope="module")
def fitted(dataset):
    return strategy().fit(dataset)


@pytest.mark.parametrize("nothing", [{"per_term": 0}, {"weight": 0.0}, {"fewest": 3, "most": 3}])
def test_without_samples_it_equals_the_supervised_fit(nothing, dataset, fitted):
    supervised = view().fit(dataset).predict_proba(dataset)
    np.testing.assert_array_equal(strategy(**nothing).fit(dataset).predict_proba(dataset), supervised)
    assert np.abs(fitted.predict_proba(dataset) - supervised).max() > 1e-3


def test_the_same_seed_gives_the_same_bytes_in_any_order_of_genes(dataset, fitted):
    order = np.random.default_rng(1).permutation(dataset.n_genes)
    again = strategy().fit(dataset.take(order))
    assert again.samples_.tobytes() == fitted.samples_.tobytes()
    np.testing.assert_array_equal(again.predict_proba(dataset), fitted.predict_proba(dataset))
    assert (strategy(seed=1).fit(dataset).samples_[:9] != fitted.samples_[:9]).any()


def test_every_sample_asked_for_is_kept_or_counted(dataset, fitted):
    training = Supervision.of(dataset).only(dataset.split == 0)
    n_asked = 2 * len(rare_terms(training, 3, 200))
    assert len(fitted.samples_) + fitted.n_dropped_ == n_asked == 36
    strict = strategy(closeness=1.0).fit(dataset)
    assert len(strict.samples_) + strict.n_dropped_ == n_asked
    assert strict.n_dropped_ > fitted.n_dropped_
    assert (dataset.ontology.propagate(fitted.sample_labels_) != fitted.sample_labels_).nnz == 0


@pytest.mark.parametrize("kind", ["unlabelled", "validation"])
def test_a_sample_like_a_gene_that_is_not_learned_from_is_dropped(kind, dataset, fitted):
    ordered = dataset.take(np.argsort(dataset.genes))
    features = view().prepare(ordered).features.numpy().copy()
    training, labelled = Supervision.of(ordered).only(ordered.split == 0), ordered.labelled.any(axis=1)
    model = strategy()
    model.difficulty_ = fitted.difficulty_
    rest = (training, rare_terms(training, 3, 200), labelled & (ordered.split == 1))
    drawn = model._generate(features, *rest).features
    assert drawn.tobytes() == fitted.samples_.tobytes()
    alike = np.flatnonzero(~labelled if kind == "unlabelled" else labelled & (ordered.split == 1))[0]
    features[alike] = drawn[4]
    again = model._generate(features, *rest).features
    assert not (again == drawn[4]).all(axis=1).any()
    assert len(again) > len(drawn) / 2


def test_the_generator_learns_how_difficult_each_gene_is_and_is_asked_for_the_level(dataset, fitted, monkeypatch):
    learned, asked = [], []

    class Told(FeatureDiffusion):
        def fit(self, features, labels, difficulty):
            learned.append(difficulty)
            return super().fit(features, labels, difficulty)

        def sample(self, labels, difficulty, **settings):
            asked.append(difficulty)
            return super().sample(labels, difficulty, **settings)

    monkeypatch.setattr(difficulty_diffusion, "FeatureDiffusion", Told)
    fits = [strategy(level=level, closeness=1.0).fit(dataset) for level in ("easy", "hard", None)]
    assert asked == [0.1, 0.9, None]
    for difficulty in learned:
        np.testing.assert_array_equal(difficulty, fitted.difficulty_[~np.isnan(fitted.difficulty_)])
    assert all(model.generator_.pack().keys() == fitted.generator_.pack().keys() for model in fits)


def test_a_difficult_gene_is_one_whose_terms_its_features_do_not_tell():
    """Most genes have their own terms for features, the others those of a gene of other terms."""
    random = np.random.default_rng(0)
    dataset, _ = make_dataset(n_genes=300)
    positive = dataset.positive.toarray()
    labelled = np.flatnonzero(positive.any(axis=1))
    chosen = labelled[random.random(len(labelled)) < 0.2]
    rows = np.arange(300)
    rows[chosen] = [random.choice(labelled[(positive[labelled] != positive[row]).any(axis=1)]) for row in chosen]
    misled = rows != np.arange(300)
    features = positive + 0.1 * random.standard_normal(positive.shape)
    told = replace(
        dataset,
        sequence_features=features[rows].astype(np.float32),
        feature_names=tuple(f"f{column}" for column in range(features.shape[1])),
    )
    model = strategy(view=view(max_epochs=40), n_updates=5).fit(told)
    ordered = np.argsort(dataset.genes)
    known = ~np.isnan(model.difficulty_)
    hard, easy = (model.difficulty_[known & (misled[ordered] == which)].mean() for which in (True, False))
    assert hard > easy + 0.2


def test_only_labelled_training_genes_have_a_difficulty(dataset, fitted):
    ordered = dataset.take(np.argsort(dataset.genes))
    known = (ordered.split == 0) & ordered.labelled.any(axis=1)
    np.testing.assert_array_equal(~np.isnan(fitted.difficulty_), known)


def test_hidden_labels_reach_no_sample():
    folded, truth = make_dataset(scheme="cross_validation", n_folds=4)
    held_out = np.flatnonzero(folded.split == 2)
    positive = folded.positive.toarray()
    positive[held_out] = np.random.default_rng(3).permutation(truth[held_out])
    other = replace(folded, positive=csr_array(positive))
    fits = [strategy().fit(data.hide(2)) for data in (folded, other)]
    assert fits[0].samples_.tobytes() == fits[1].samples_.tobytes()
    np.testing.assert_array_equal(fits[0].predict_proba(folded), fits[1].predict_proba(folded))


def test_saved_equals_loaded(fitted, dataset, tmp_path):
    fitted.save(tmp_path / "model")
    loaded = GenePredictor.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.predict_proba(dataset), fitted.predict_proba(dataset))
    for name in ("samples_", "difficulty_", "n_dropped_", "generated_terms_"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(fitted, name))
    assert (loaded.sample_labels_ != fitted.sample_labels_).nnz == 0
    labels = csr_array(fitted.sample_labels_[:, fitted.generated_terms_])
    draws = [model.generator_.sample(labels, 0.5, seed=4) for model in (loaded, fitted)]
    np.testing.assert_array_equal(*draws)


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"level": "tough"}, "level: found 'tough', expected 'easy', 'medium', 'hard', a number"),
        ({"level": 1.5}, "level: found 1.5"),
        ({"per_term": -1}, "per_term: found -1, expected a whole number of at least 0"),
        ({"fewest": 0}, "fewest: found 0"),
        ({"n_folds": 1}, "n_folds: found 1, expected a whole number of at least 2"),
        ({"n_epochs": 0}, "n_epochs: found 0"),
        ({"weight": -0.1}, r"weight: found -0.1, expected a number in \[0"),
        ({"closeness": 2.0}, "closeness: found 2.0"),
        ({"guidance": -1.0}, "guidance: found -1.0"),
        ({"n_updates": 0}, "n_updates: found 0"),
        ({"view": GraphNetwork()}, r"view: found GraphNetwork\(\), expected a SequenceNetwork or None"),
    ],
)
def test_a_parameter_out_of_range_is_refused_in_one_sentence(parameters, sentence, dataset):
    with pytest.raises(InputError, match=sentence):
        strategy(**parameters).fit(dataset)
