"""Consistency regularisation: mean teacher and FixMatch."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.metrics import average_precision_score, roc_auc_score
from torch import nn

from genessl.errors import InputError
from genessl.models.base import GenePredictor
from genessl.models.baselines import TermFrequency
from genessl.models.neural.graph_network import GraphNetwork
from genessl.models.neural.inputs import GraphInputs
from genessl.models.neural.layers import normalised_adjacency
from genessl.models.neural.sequence_network import SequenceNetwork
from genessl.models.supervision import Supervision
from genessl.models.view import Preparation
from genessl.semi_supervised.consistency.fixmatch import FixMatch
from genessl.semi_supervised.consistency.mean_teacher import MeanTeacher
from genessl.semi_supervised.consistency.objectives import (
    DIFFERENCES,
    MatchObjective,
    RunningThresholds,
    Schedule,
    TeacherObjective,
    column_quantiles,
)
from genessl.semi_supervised.consistency.perturbations import (
    STRONG,
    WEAK,
    Perturbation,
    Perturber,
    blur_features,
    drop_edges,
    mask_features,
    take_copies,
)
from tests.conftest import make_dataset

STRATEGIES = [MeanTeacher, FixMatch]
VIEWS = {
    "sequence": SequenceNetwork(max_epochs=8, hidden=32, learning_rate=5e-3),
    "network": GraphNetwork(max_epochs=5, hidden=16, n_components=8),
}
EVERY = pytest.mark.parametrize("strategy", STRATEGIES)
EVERY_VIEW = pytest.mark.parametrize("view", VIEWS)


@pytest.fixture(scope="module")
def fitted(dataset):
    return {(s, v): s(view=view, ramp_up=1).fit(dataset) for s in STRATEGIES for v, view in VIEWS.items()}


def no_label(dataset):
    return np.flatnonzero(np.diff(dataset.positive.indptr) == 0)


@EVERY
@EVERY_VIEW
class TestEveryStrategyWithEachView:
    def test_zero_weight_equals_the_supervised_fit(self, strategy, view, dataset, fitted):
        supervised = clone(VIEWS[view]).fit(dataset).predict_proba(dataset)
        untaught = strategy(view=VIEWS[view], weight=0.0).fit(dataset)
        np.testing.assert_array_equal(untaught.predict_proba(dataset), supervised)
        assert np.abs(fitted[strategy, view].predict_proba(dataset) - supervised).max() > 1e-3


@EVERY
def test_edges_are_dropped_by_the_seed_and_not_by_the_order_of_genes(strategy, dataset, fitted):
    order = np.random.default_rng(1).permutation(dataset.n_genes)
    shuffled = dataset.take(order)
    scores = clone(fitted[strategy, "network"]).fit(shuffled).predict_proba(shuffled)
    np.testing.assert_array_equal(scores, fitted[strategy, "network"].predict_proba(dataset)[order])


@EVERY
def test_other_features_of_unlabelled_genes_change_the_scores_of_labelled_ones(strategy, dataset, fitted):
    rows, unlabelled = np.arange(dataset.n_genes), no_label(dataset)
    rows[unlabelled] = np.roll(unlabelled, 1)  # the mean and spread of each feature stay, but for rounding
    other = replace(dataset, sequence_features=dataset.sequence_features[rows])
    labelled = np.setdiff1d(rows, unlabelled)

    def change(model):
        return np.abs(model.fit(other).predict_proba(other) - model.fit(dataset).predict_proba(dataset))[labelled].max()

    assert change(clone(VIEWS["sequence"])) < 1e-4
    assert change(clone(fitted[strategy, "sequence"])) > 1e-3


def test_where_every_gene_is_labelled_there_is_nothing_to_match():
    dataset, truth = make_dataset(n_genes=120)
    complete = replace(dataset, positive=csr_array(truth), split=np.zeros(120, dtype=np.uint8))
    scores = FixMatch(view=VIEWS["sequence"], weight=5.0, ramp_up=0).fit(complete).predict_proba(complete)
    np.testing.assert_array_equal(scores, clone(VIEWS["sequence"]).fit(complete).predict_proba(complete))


@EVERY
def test_a_pool_of_pure_noise_does_no_harm_beyond_two_hundredths_of_average_precision(strategy):
    differences = []
    for seed in range(3):
        dataset, truth = make_dataset(seed=seed)
        judged, noisy = np.array_split(no_label(dataset), 2)
        features = dataset.sequence_features.copy()
        random = np.random.default_rng(seed)
        features[noisy] = random.normal(features.mean(axis=0), features.std(axis=0), (len(noisy), features.shape[1]))
        noise = replace(dataset, sequence_features=features)
        view = SequenceNetwork(max_epochs=15, hidden=32, learning_rate=5e-3, seed=seed)
        precision = [
            average_precision_score(truth[judged], model.fit(noise).predict_proba(noise)[judged], average="micro")
            for model in (view, strategy(view=view, seed=seed))
        ]
        differences.append(precision[1] - precision[0])
    assert np.mean(differences) > -0.02


@EVERY
def test_a_strategy_learns_from_labels_and_nothing_from_permuted_ones(strategy):
    dataset, truth = make_dataset(n_genes=480)
    unlabelled, labelled = no_label(dataset), np.flatnonzero(np.diff(dataset.positive.indptr))

    varied = ~truth[unlabelled].all(axis=0)  # every gene has the three terms below the roots
    judged = truth[unlabelled][:, varied]

    def area(given):
        scores = model.fit(given).predict_proba(given)
        return roc_auc_score(judged, scores[unlabelled][:, varied], average="macro")

    model = strategy(view=SequenceNetwork(max_epochs=12, hidden=32, learning_rate=5e-3))
    controls = []
    for seed in range(3):
        rows = np.arange(dataset.n_genes)
        rows[labelled] = np.random.default_rng(seed).permutation(labelled)
        controls.append(area(replace(dataset, positive=csr_array(dataset.positive[rows]))))
    assert area(dataset) > 0.75
    assert np.mean(controls) < 0.55  # the frequency of a term, the same for all genes, gives 0.5


@pytest.mark.parametrize(
    ("strategy", "parameters", "sentence"),
    [
        (MeanTeacher, {"weight": -1}, r"weight: found -1, expected a number in \[0"),
        (MeanTeacher, {"decay": 1.0}, r"decay: found 1.0, expected a number in \[0.0, 0.9999\]"),
        (MeanTeacher, {"ramp_up": 0.5}, "ramp_up: found 0.5, expected a whole number of at least 0"),
        (MeanTeacher, {"ratio": 0}, "ratio: found 0, expected a whole number of at least 1"),
        (MeanTeacher, {"difference": "cosine"}, "difference: found 'cosine', expected 'squares' or 'cross_entropy'"),
        (FixMatch, {"strength": 4}, r"strength: found 4, expected a number in \[0.0, 3.0\]"),
        (FixMatch, {"quota": 0}, r"quota: found 0, expected a number in \(0"),
        (FixMatch, {"absent": 1.5}, r"absent: found 1.5, expected a number in \(0"),
        (FixMatch, {"view": TermFrequency()}, r"view: found TermFrequency\(\), expected a SequenceNetwork"),
        (FixMatch, {"seed": -1}, "seed: found -1, expected a whole number of at least 0"),
    ],
)
def test_a_parameter_out_of_range_is_refused_in_one_sentence(strategy, parameters, sentence, dataset):
    with pytest.raises(InputError, match=sentence):
        strategy(**parameters).fit(dataset)


class Table(nn.Module):
    """A module that knows the logits of each gene by heart."""

    def __init__(self, logits):
        super().__init__()
        self.logits = nn.Parameter(torch.tensor(logits, dtype=torch.float32))

    def forward(self, inputs, rows):
        return self.logits[rows]


SCHEDULE = Schedule(weight=2.0, ramp_up=0, ratio=1, strength=1.0, seed=0)


def four_genes():
    """Gene 0 labelled in both aspects; 1 in the first; 2 in none; 3 in none, but known to have term 2 and lack 3."""
    positive = csr_array(np.array([[1, 1, 0, 1], [1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0]], dtype=bool))
    negative = csr_array(np.array([[0] * 4, [0] * 4, [0] * 4, [0, 0, 0, 1]], dtype=bool))
    labelled = np.array([[1, 1], [1, 0], [0, 0], [0, 0]], dtype=bool)
    names = np.array(list("abcd"))
    supervision = Supervision.from_labels(names, positive, labelled, np.array([0, 0, 1, 1]))
    known = {"genes": names, "n_terms": 4, "preparation": Preparation(genes=names), "features": torch.zeros(4, 1)}
    inputs = GraphInputs(**known, adjacencies=(), edges=torch.zeros(4, dtype=torch.bool))
    return replace(supervision, negative=negative), inputs


def test_the_mean_teachers_loss_adds_the_weighted_difference_to_the_labels_loss():
    supervision, inputs = four_genes()
    parts = {"schedule": SCHEDULE, "decay": 0.9}
    objective = TeacherObjective(
        Table(np.zeros((4, 4))), inputs, supervision, difference=DIFFERENCES["squares"], **parts
    )
    with torch.no_grad():
        objective.teacher.logits.fill_(np.log(4.0))  # p' = 0.8, the student's p = 0.5
    loss = objective.loss(np.arange(4))
    # labels: ln 2 for each known pair; consistency: 2 x (0.8 - 0.5)^2 = 0.18
    assert float(loss.detach()) == pytest.approx(np.log(2) + 0.18, rel=1e-6)
    objective.difference = DIFFERENCES["cross_entropy"]
    # KL(0.8 || 0.5) = 0.8 ln 1.6 + 0.2 ln 0.4 = 0.192745
    assert float(objective.loss(np.arange(4)).detach()) == pytest.approx(np.log(2) + 2 * 0.192745, rel=1e-5)
    loss.backward()
    assert objective.module.logits.grad is not None
    assert objective.teacher.logits.grad is None


def test_the_teacher_is_the_running_mean_of_the_students_weights():
    supervision, inputs = four_genes()
    difference = DIFFERENCES["squares"]
    objective = TeacherObjective(
        Table(np.zeros((4, 4))), inputs, supervision, schedule=SCHEDULE, decay=0.6, difference=difference
    )
    seen = []
    for value in (1.0, 2.0, 3.0):
        with torch.no_grad():
            objective.module.logits.fill_(value)
        objective.after_step()
        seen.append(float(objective.result().logits.mean().detach()))
    # decay 1/2: 0.5; then 0.6 instead of 2/3: 0.6 x 0.5 + 0.4 x 2 = 1.1; 0.6 x 1.1 + 0.4 x 3 = 1.86
    assert seen == pytest.approx([0.5, 1.1, 1.86], rel=1e-6)


def test_the_weight_grows_with_the_epochs():
    schedule = replace(SCHEDULE, ramp_up=4)
    # 2 exp(-5), 2 exp(-5/4), 2
    assert [schedule.weight_at(e) for e in (0, 2, 4, 9)] == pytest.approx([0.0134759, 0.5730096, 2.0, 2.0], rel=1e-5)
    assert SCHEDULE.weight_at(0) == 2.0
    supervision, inputs = four_genes()
    parts = {"decay": 0.9, "difference": DIFFERENCES["squares"]}
    objective = TeacherObjective(Table(np.zeros((4, 4))), inputs, supervision, schedule=schedule, **parts)
    for rows in ([0, 1], [3]):
        objective.loss(np.array(rows))
    assert objective.epochs == 1.0  # three genes have labels


def matched(logits, **parts):
    supervision, inputs = four_genes()
    relation = np.array([[1, 0, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 1, 1]])  # 0 above 1, and 2 above 3
    options = {"schedule": SCHEDULE, "ancestors": csr_array(relation, dtype=bool), "quota": 0.5, "absent": 0.5}
    return MatchObjective(Table(logits), inputs, supervision, decay=0.9, **{**options, **parts})


def test_fixmatch_learns_sure_pairs_that_no_experiment_has_described():
    logits = np.array([[9.0, 9, -9, -9], [9, 9, -1, -1], [-1, 2, 0, -3], [0.3, -2, -5, 5]])
    objective = matched(logits)
    assert objective.pool.tolist() == [1, 2, 3]
    objective.thresholds.follow = lambda probability, unlabelled: None
    upper, lower = torch.full((4,), 0.8), torch.full((4,), 0.2)
    objective.thresholds.means = torch.stack([upper, lower])
    objective.thresholds.frequency = torch.full((4,), 0.5)
    # Free pairs: gene 1 terms 2, 3; gene 2 all; gene 3 terms 0, 1: eight. p of logit 2 is 0.88: gene 2 has term 1,
    # hence term 0, whose p = 0.27 is unsure. p of -3 and -2 are 0.05 and 0.12: gene 2 lacks term 3, gene 3 term 1.
    # Gene 3's terms 2 and 3 are known, gene 1's p of 0.27 is unsure.
    soft = np.log1p(np.exp([-2.0, 1.0, -3.0, -2.0]))
    assert float(objective.consistency(np.array([1, 2, 3])).detach()) == pytest.approx(soft.sum() / 8, rel=1e-6)


def test_thresholds_look_at_the_genes_that_are_unlabelled_in_the_aspect():
    logits = np.random.default_rng(0).normal(size=(4, 4))
    objective = matched(logits)
    objective.consistency(np.array([1, 2, 3]))
    probability = 1 / (1 + np.exp(-logits))
    # term, genes unlabelled in its aspect, positives / (labelled genes + 1)
    terms = [(0, [2, 3], 2 / 3), (1, [2, 3], 1 / 3), (2, [1, 2, 3], 0.0), (3, [1, 2, 3], 1 / 2)]
    expected = [np.quantile(probability[rows, term], 1 - 0.5 * frequency) for term, rows, frequency in terms]
    np.testing.assert_allclose(objective.thresholds.means[0].numpy(), expected, rtol=1e-5)


def test_what_is_weakly_perturbed_meets_no_dropout_and_the_student_goes_on_with_it():
    supervision, given = four_genes()
    module = SequenceNetwork(dropout=0.5, hidden=64)._module({"n_features": 3}, 4).train()
    inputs = replace(given, features=torch.ones(4, 3))  # without spread, so that nothing is masked or blurred
    parts = {"schedule": SCHEDULE, "decay": 0.9, "difference": DIFFERENCES["squares"]}
    objective = TeacherObjective(module, inputs, supervision, **parts)
    rows = torch.arange(4)
    for network in (module, objective.teacher):
        with torch.no_grad():
            expected = torch.sigmoid(network.eval()(inputs, rows))
        network.train()
        torch.testing.assert_close(objective._weakly_perturbed(network, rows), expected)
        assert network.training


def test_known_pairs_get_no_gradient_from_pseudo_labels():
    objective = matched(np.random.default_rng(0).normal(size=(4, 4)), quota=1.0, absent=1.0)
    before = objective.supervision.batch(np.arange(4))
    objective.consistency(np.array([1, 2, 3])).backward()
    moved = objective.module.logits.grad.numpy() != 0
    assert not moved[[0, 1, 3]][[0, 1, 1, 2, 2], [0, 0, 1, 2, 3]].any()
    assert not moved[0].any()
    assert moved.sum() >= 3
    for was, after in zip(before, objective.supervision.batch(np.arange(4))):
        np.testing.assert_array_equal(was, after)


def test_pseudo_labels_are_closed_over_the_ontology(dataset):
    view, supervision = VIEWS["sequence"], Supervision.of(dataset)
    inputs = view.prepare(dataset)
    objective = FixMatch(view=view)._objective(dataset, inputs, supervision)(nn.Identity(), inputs, supervision)
    random = np.random.default_rng(0)
    present, absent = random.random((2, 50, dataset.n_terms)) < 0.08
    closed = [chosen.numpy() for chosen in objective.close(torch.from_numpy(present), torch.from_numpy(absent))]
    upwards = dataset.ontology.propagate(csr_array(present)).toarray()
    downwards = dataset.ontology.propagate_down(csr_array(absent)).toarray()
    np.testing.assert_array_equal(closed[0], upwards)
    np.testing.assert_array_equal(closed[1], downwards & ~upwards)
    assert (upwards & downwards).any()


def test_the_ontology_keeps_to_the_columns_that_are_learned_without_validation_genes(dataset):
    supervision = Supervision.of(dataset)
    held_out = dataset.split == 1
    shown = supervision.only(~held_out)
    least = int(np.median(supervision.n_positive[supervision.n_positive < supervision.n_positive.max()]))
    columns = np.flatnonzero(shown.n_positive >= least)
    assert 0 < len(columns) < (supervision.n_positive >= least).sum()
    view = SequenceNetwork(min_genes=least)
    inputs = view.prepare(dataset)
    make = FixMatch(view=view)._objective(dataset, inputs, supervision)
    objective = make(nn.Identity(), inputs, shown.select(columns))
    ancestors = dataset.ontology.ancestors.toarray()[np.ix_(columns, columns)]
    np.testing.assert_array_equal(objective.to_descendants.to_dense().numpy(), ancestors)
    np.testing.assert_array_equal(objective.to_ancestors.to_dense().numpy(), ancestors.T)
    assert set(np.flatnonzero(held_out)) <= set(objective.pool.tolist())
    assert objective._free(np.flatnonzero(held_out)).all()


def test_thresholds_are_running_means_of_quantiles_that_follow_the_frequency():
    frequency = torch.tensor([0.4, 0.1, 0.5])
    columns = [torch.tensor([0, 1]), torch.tensor([2])]
    thresholds = RunningThresholds(frequency, columns, quota=0.5, absent=0.25, decay=0.9)
    random = np.random.default_rng(0)
    first, second, third = random.random((3, 40, 3)).astype(np.float32)
    unlabelled = np.ones((40, 2), dtype=bool)
    unlabelled[:15, 0], unlabelled[:, 1] = False, False  # nobody is unlabelled in the second aspect
    for batch in (first, second, third):
        thresholds.follow(torch.from_numpy(batch), torch.from_numpy(unlabelled))
    for row, quantiles in enumerate(([0.8, 0.95], [0.25, 0.25])):
        for column, quantile in enumerate(quantiles):
            expected = np.mean([np.quantile(b[15:, column], quantile) for b in (first, second, third)])
            assert float(thresholds.means[row, column]) == pytest.approx(expected, rel=1e-5)
    assert thresholds.means[:, 2].tolist() == [0.5, 0.5]
    for _ in range(7):
        thresholds.follow(torch.from_numpy(first), torch.from_numpy(unlabelled))
    before = float(thresholds.means[0, 0])
    for _ in range(2):  # from the tenth batch on the decay counts: 0.9, not 10/11
        thresholds.follow(torch.zeros(40, 3), torch.from_numpy(unlabelled))
    assert float(thresholds.means[0, 0]) == pytest.approx(0.81 * before, rel=1e-5)


def test_a_term_is_never_present_below_its_frequency_nor_absent_above_it():
    thresholds = RunningThresholds(torch.tensor([0.3]), [torch.tensor([0])], quota=0.5, absent=0.5, decay=0.9)
    thresholds.means = torch.tensor([[0.1], [0.6]])
    present, absent = thresholds.choose(torch.tensor([[0.05], [0.2], [0.31], [0.5]]))
    assert present.ravel().tolist() == [False, False, True, True]
    assert absent.ravel().tolist() == [True, True, False, False]


def test_quantiles_of_columns_are_those_of_numpy():
    values = np.random.default_rng(0).random((23, 4)).astype(np.float32)
    shares = np.array([[0.0, 0.3, 0.98, 1.0], [0.5, 0.5, 0.1, 0.7]], dtype=np.float32)
    expected = [[np.quantile(values[:, c], shares[r, c]) for c in range(4)] for r in range(2)]
    found = column_quantiles(torch.from_numpy(values), torch.from_numpy(shares))
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-5)


def test_masked_values_become_the_mean_and_the_others_stay():
    torch.manual_seed(0)
    features, centre = torch.randn(400, 5), torch.arange(5.0) + 10
    masked = mask_features(features, 0.3, centre)
    replaced = masked == centre
    assert float(replaced.float().mean()) == pytest.approx(0.3, abs=0.03)  # 2000 draws: four deviations are 0.04
    assert (masked[~replaced] == features[~replaced]).all()
    assert torch.equal(mask_features(features, 0.0, centre), features)


def test_noise_is_in_units_of_the_features_own_spread():
    torch.manual_seed(0)
    spread = torch.tensor([0.0, 1.0, 20.0])
    noise = blur_features(torch.zeros(4000, 3), 0.5, spread)
    np.testing.assert_allclose(noise.std(dim=0).numpy(), [0.0, 0.5, 10.0], rtol=0.05)


def test_an_edge_is_dropped_in_both_directions_and_the_sum_stays_on_average(dataset):
    network = dataset.networks["a"]
    adjacency = normalised_adjacency(network)
    whole = adjacency.to_dense()
    torch.manual_seed(0)
    thinned = [drop_edges(adjacency, 0.3).to_dense() for _ in range(200)]
    for dropped in thinned[:5]:
        stays = dropped != 0
        assert torch.equal(stays, stays.T)
        np.testing.assert_allclose(dropped[stays].numpy(), (whole[stays] / 0.7).numpy(), rtol=1e-6)
    kept = torch.stack([dropped != 0 for dropped in thinned]).float()[:, whole != 0]
    assert float(kept.mean()) == pytest.approx(0.7, abs=0.01)
    assert kept.mean(dim=0).min() > 0.5 and kept.mean(dim=0).max() < 0.87  # 200 draws an edge: five deviations are 0.16
    assert torch.equal(drop_edges(adjacency, 0.0).to_dense(), whole)


def test_two_edges_of_a_gene_are_dropped_independently():
    star = csr_array(np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]], dtype=np.float32))
    adjacency = normalised_adjacency(star)
    torch.manual_seed(0)
    edges = torch.stack([drop_edges(adjacency, 0.4).to_dense()[[0, 0, 1], [1, 2, 2]] == 0 for _ in range(3000)]).numpy()
    together = [(edges[:, a] & edges[:, b]).mean() for a, b in ((0, 1), (0, 2), (1, 2))]
    assert together == pytest.approx([0.16] * 3, abs=0.03)
    assert edges.all(axis=1).mean() == pytest.approx(0.064, abs=0.02)


def test_a_perturbed_view_sees_other_inputs_of_the_same_genes(dataset):
    for view in VIEWS.values():
        inputs = view.prepare(dataset)
        rows = torch.tensor([3, 0, 7])
        module = view._module(view._shape(inputs), 4).eval()
        same = module(*Perturber(inputs)(rows, Perturbation(0.0, 0.0, 0.0)))
        torch.testing.assert_close(same, module(inputs, rows))
        assert not torch.allclose(module(*Perturber(inputs)(rows, STRONG)), same, atol=1e-2)


@EVERY
def test_a_graph_is_perturbed_without_any_network_too(strategy):
    dataset = replace(make_dataset(n_genes=120)[0], networks={})
    view = GraphNetwork(max_epochs=2, hidden=8, n_components=4, n_layers=1)
    assert np.isfinite(strategy(view=view, ramp_up=1).fit(dataset).predict_proba(dataset)).all()


# ------------------------------------------------------------------------------------ copies with substitutions


def with_copies(dataset, n_copies=2, n_columns=7, size=0.5):
    """Copies of each gene, whose first columns are near its own."""
    spread = size * dataset.sequence_features[:, :n_columns].std(axis=0)
    shape = (n_copies, dataset.n_genes, n_columns)
    noise = spread * np.random.default_rng(5).standard_normal(shape)
    copies = dataset.sequence_features[:, :n_columns] + noise
    return replace(dataset, substituted=copies.astype(np.float32))


def blurred_and_masked(inputs, rows, perturbation):
    """What a perturbation without copies is."""
    perturb = Perturber(inputs)
    blurred = blur_features(inputs.features[rows], perturbation.blurred, perturb.spread)
    return mask_features(blurred, perturbation.masked, perturb.centre)


@pytest.mark.parametrize("copies", [False, True])
def test_a_weakly_perturbed_gene_and_one_without_copies_draw_no_number_for_substitutions(copies, dataset):
    inputs = VIEWS["sequence"].prepare(with_copies(dataset) if copies else dataset)
    rows = torch.arange(50)
    for perturbation in (WEAK, STRONG.scaled(0.0)) if copies else (WEAK, STRONG):
        torch.manual_seed(0)
        expected, state = blurred_and_masked(inputs, rows, perturbation), torch.get_rng_state()
        torch.manual_seed(0)
        assert torch.equal(Perturber(inputs)(rows, perturbation)[0].features, expected)
        assert torch.equal(torch.get_rng_state(), state)


def test_half_of_the_strongly_perturbed_genes_take_a_copy_each_as_often_as_another(dataset):
    inputs = VIEWS["sequence"].prepare(with_copies(dataset, n_copies=3))
    rows = torch.arange(dataset.n_genes).repeat(20)
    torch.manual_seed(0)
    unmasked = replace(STRONG, masked=0.0)
    perturbed = Perturber(inputs)(rows, unmasked)[0].features
    torch.manual_seed(0)
    blurred = blurred_and_masked(inputs, rows, unmasked)
    taken = torch.stack([(perturbed[:, :7] == copy[rows]).all(dim=1) for copy in inputs.substituted])
    # 4800 draws: four deviations are 0.03
    assert taken.float().mean(dim=1).tolist() == pytest.approx([1 / 6] * 3, abs=0.03)
    assert taken.sum(dim=0).max() == 1
    took = taken.any(dim=0)
    assert torch.equal(perturbed[~took], blurred[~took])
    assert torch.equal(perturbed[took, 7:], blurred[took, 7:])  # blurred there, as all are
    assert (perturbed[took, 7:] != inputs.features[rows][took, 7:]).all()


def test_a_gene_takes_its_own_copy_and_masking_comes_after(dataset):
    inputs = VIEWS["sequence"].prepare(with_copies(dataset, n_copies=1))
    rows = torch.tensor([5, 3, 200])
    features = inputs.features[rows]
    everything = take_copies(features, inputs.substituted, rows, 1.0)
    assert torch.equal(everything, torch.cat([inputs.substituted[0, rows], features[:, 7:]], dim=1))
    assert torch.equal(take_copies(features, inputs.substituted, rows, 0.0), features)
    perturber = Perturber(inputs)
    masked = perturber(rows, Perturbation(masked=1.0, blurred=0.0, dropped=0.0, substituted=1.0))[0].features
    assert torch.equal(masked, perturber.centre.expand(3, -1))


def test_a_stronger_perturbation_substitutes_more_genes_up_to_all():
    assert [STRONG.scaled(strength).substituted for strength in (0.0, 0.5, 1.0, 3.0)] == [0.0, 0.25, 0.5, 1.0]


def test_copies_are_on_the_scale_of_the_features_and_change_nothing_else_of_the_view():
    dataset = make_dataset(domains=True)[0]
    features = dataset.sequence_features.copy()
    features[:, 1] = 0.0  # a column that no gene has stays as it is, as domains do
    features[0, 0] = 1000.0
    dataset = replace(dataset, sequence_features=features)
    copies = np.stack([features[:, :3], features[:, :3] + 1.0])
    view = VIEWS["sequence"]
    plain, inputs = view.prepare(dataset), view.prepare(replace(dataset, substituted=copies))
    assert plain.substituted is None
    assert torch.equal(plain.features, inputs.features)
    assert inputs.n_genes == dataset.n_genes
    assert view._shape(inputs) == view._shape(plain) == {"n_features": 20}
    assert inputs.substituted.dtype == torch.float32
    assert torch.equal(inputs.substituted[0], inputs.features[:, :3])
    centre, spread = features[:, :3].mean(axis=0), features[:, :3].std(axis=0)
    expected = np.clip((features[:, [0, 2]] + 1.0 - centre[[0, 2]]) / spread[[0, 2]], -5, 5)
    np.testing.assert_allclose(inputs.substituted[1][:, [0, 2]].numpy(), expected, rtol=1e-5, atol=1e-6)
    assert float(inputs.substituted[1, 0, 0]) == 5.0
    assert (inputs.substituted[1, :, 1] == 1.0).all()


@EVERY
def test_copies_teach_a_strategy_and_nothing_where_its_weight_is_zero(strategy, dataset, fitted, tmp_path):
    copied = with_copies(dataset)
    model = clone(fitted[strategy, "sequence"]).fit(copied)
    scores = model.predict_proba(copied)
    assert np.abs(scores - fitted[strategy, "sequence"].predict_proba(dataset)).max() > 1e-3
    order = np.random.default_rng(1).permutation(dataset.n_genes)
    shuffled = copied.take(order)
    np.testing.assert_array_equal(clone(model).fit(shuffled).predict_proba(shuffled), scores[order])
    model.save(tmp_path / "model")
    np.testing.assert_array_equal(GenePredictor.load(tmp_path / "model").predict_proba(dataset), scores)
    supervised = clone(VIEWS["sequence"]).fit(dataset).predict_proba(dataset)
    untaught = strategy(view=VIEWS["sequence"], weight=0.0).fit(copied)
    np.testing.assert_array_equal(untaught.predict_proba(copied), supervised)


@EVERY
def test_copies_of_unlabelled_genes_alone_change_the_scores(strategy, dataset, fitted):
    copied = with_copies(dataset)
    rows, unlabelled = np.arange(dataset.n_genes), no_label(dataset)
    rows[unlabelled] = np.roll(unlabelled, 1)
    other = replace(copied, substituted=copied.substituted[:, rows])
    first, second = (clone(fitted[strategy, "sequence"]).fit(given).predict_proba(dataset) for given in (copied, other))
    assert np.abs(first - second).max() > 1e-4


@EVERY
def test_copies_that_are_pure_noise_do_no_harm_beyond_a_hundredth_of_average_precision(strategy):
    differences = []
    for seed in range(3):
        dataset, truth = make_dataset(seed=seed)
        judged, random = no_label(dataset), np.random.default_rng(seed)
        features = dataset.sequence_features
        copies = random.normal(features.mean(axis=0), features.std(axis=0), (2, *features.shape)).astype(np.float32)
        view = SequenceNetwork(max_epochs=15, hidden=32, learning_rate=5e-3, seed=seed)
        model = strategy(view=view, seed=seed)
        precision = [
            average_precision_score(truth[judged], model.fit(given).predict_proba(given)[judged], average="micro")
            for given in (dataset, replace(dataset, substituted=copies))
        ]
        differences.append(precision[1] - precision[0])
    assert differences != [0.0, 0.0, 0.0]
    assert np.mean(differences) > -0.01
