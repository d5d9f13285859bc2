"""RSMatch: suspects shape the body of a network, and never its output."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from genessl.errors import InputError
from genessl.models.base import GenePredictor
from genessl.models.dummy_head import DummyHeadObjective, with_dummy_head
from genessl.models.graph_network import GraphNetwork
from genessl.models.label_propagation import LabelPropagation
from genessl.models.objective import Objective, cross_entropy
from genessl.models.sequence_network import SequenceNetwork
from genessl.models.supervision import Supervision
from genessl.semi_supervised import rsmatch as rsmatch_module
from genessl.semi_supervised.co_training import CoTraining
from genessl.semi_supervised.consistency import FixMatch, MeanTeacher
from genessl.semi_supervised.consistency_objectives import Schedule, TeacherObjective, squared_difference
from genessl.semi_supervised.contamination import SyntheticDetector
from genessl.semi_supervised.lessons import Lesson, choose_by_quota
from genessl.semi_supervised.rsmatch import RSMatch
from genessl.semi_supervised.self_training import SelfTraining
from genessl.semi_supervised.teaching import fit_taught
from tests.conftest import make_dataset
from tests.semi_supervised.test_contamination import organism

VIEW = SequenceNetwork(max_epochs=6, hidden=16, dropout=0.0)
STRATEGIES = {
    "mean_teacher": MeanTeacher(view=VIEW),
    "fixmatch": FixMatch(view=VIEW),
    "self_training": SelfTraining(predictor=VIEW, rounds=1),
    "co_training": CoTraining(
        sequence_view=VIEW, network_view=GraphNetwork(max_epochs=6, hidden=16, n_components=8), rounds=1
    ),
}


@pytest.fixture(scope="module")
def contaminated():
    return organism("shuffled")


@pytest.fixture
def known_probabilities(contaminated, monkeypatch):
    """Let the detector know who is synthetic, for what follows from its probabilities."""
    dataset, synthetic = contaminated
    found = dict(zip(dataset.genes.tolist(), np.where(synthetic, 0.9, 0.1).tolist()))

    class Known(SyntheticDetector):
        def fit(self, dataset):
            self.genes_, self.probability_ = dataset.genes, np.array([found[gene] for gene in dataset.genes.tolist()])
            return self

    monkeypatch.setattr(rsmatch_module, "SyntheticDetector", Known)


def rsmatch(**parameters):
    return RSMatch(**{"strategy": STRATEGIES["mean_teacher"], "rounds": 1, **parameters})


@pytest.fixture(scope="module")
def fitted(contaminated):
    return rsmatch().fit(contaminated[0])


def rarest(dataset):
    return int(Supervision.of(dataset).frequency().argmin())


def with_lessons(dataset, rows, value=1.0):
    """A lesson that some genes have the rarest term."""
    positive = np.zeros(dataset.positive.shape, dtype=np.float32)
    positive[rows, rarest(dataset)] = value
    return Lesson(1, "self", csr_array(positive), csr_array(positive.shape, dtype=np.float32))


class TestTheDummyHead:
    def trained(self, dataset, suspects, *, taught=(), weight=1.0, n_epochs=30):
        given = replace(dataset, suspects=suspects)
        lesson = with_lessons(dataset, list(taught)) if len(taught) else None
        return fit_taught(VIEW, given, lesson, weight=weight, n_epochs=n_epochs)

    def test_without_suspects_nothing_changes_to_the_bit(self):
        dataset, _ = make_dataset()
        none = np.zeros(dataset.n_genes, dtype=bool)
        plain = fit_taught(VIEW, dataset, None, weight=1.0, n_epochs=30).predict_proba(dataset)
        np.testing.assert_array_equal(self.trained(dataset, none).predict_proba(dataset), plain)

    def test_a_lesson_of_suspects_moves_the_body_and_reaches_no_output_directly(self):
        """Of a gene that is taught a term the score rises if it is no suspect; if it is one, by the body only."""
        dataset, _ = make_dataset()
        unlabelled = np.flatnonzero(~dataset.labelled.any(axis=1))
        none, all_of_them = np.zeros(dataset.n_genes, dtype=bool), np.zeros(dataset.n_genes, dtype=bool)
        all_of_them[unlabelled] = True
        untaught, taught, through_dummy = (
            self.trained(dataset, suspects, taught=lesson).predict_proba(dataset)[unlabelled, rarest(dataset)]
            for suspects, lesson in ((none, ()), (none, unlabelled), (all_of_them, unlabelled))
        )
        rise, dummy_rise = (taught - untaught).mean(), (through_dummy - untaught).mean()
        assert rise > 0.1
        assert abs(dummy_rise) < 0.5 * rise
        assert (through_dummy != untaught).any()

    def test_the_gradient_of_a_suspect_is_that_of_its_own_head(self):
        dataset, _ = make_dataset()
        supervision = Supervision.of(dataset)
        suspect = int(np.flatnonzero(~dataset.labelled.any(axis=1))[0])
        suspects = np.arange(dataset.n_genes) == suspect
        lesson = with_lessons(dataset, [suspect])
        taught = replace(supervision.teach(lesson.positive, lesson.negative, 1.0), suspects=suspects)
        module = VIEW._module(VIEW._shape(VIEW.prepare(dataset)), dataset.n_terms)
        objective = with_dummy_head(Objective, taught)(module, VIEW.prepare(dataset), taught)
        assert isinstance(objective, DummyHeadObjective)
        objective.loss(np.array([suspect])).backward()
        assert not module.output.weight.grad.any()  # no gene of its own: a loss of nothing
        assert objective.head.output.weight.grad.any()
        assert module.body[1].weight.grad.any()
        alone = cross_entropy(objective.head, objective.inputs, objective.dummy.supervision, np.array([suspect]))
        assert float(alone) == pytest.approx(float(objective.loss(np.array([suspect]))), rel=1e-6)
        assert objective.result() is module
        assert len(objective.parameters()) == len(list(module.parameters())) + 2

    def test_consistency_draws_suspects_for_the_dummy_head_and_the_others_for_its_own(self):
        dataset, _ = make_dataset()
        suspects = ~dataset.labelled.any(axis=1) & (np.arange(dataset.n_genes) % 2 == 0)
        supervision = replace(Supervision.of(dataset), suspects=suspects)
        inputs = VIEW.prepare(dataset)
        module = VIEW._module(VIEW._shape(inputs), dataset.n_terms)
        schedule = Schedule(weight=1.0, ramp_up=0, ratio=1, strength=1.0, seed=0)
        make = partial(TeacherObjective, schedule=schedule, decay=0.9, difference=squared_difference)
        objective = with_dummy_head(make, supervision)(module, inputs, supervision)
        assert set(objective.own.pool) == set(np.flatnonzero(~suspects))
        assert set(objective.dummy.pool) == set(np.flatnonzero(suspects))
        torch.manual_seed(0)
        objective.loss(np.flatnonzero(dataset.labelled.any(axis=1))[:20]).backward()
        assert objective.head.output.weight.grad.any()
        objective.after_step()
        assert objective.own.steps == objective.dummy.steps == 1


def test_suspects_are_the_unlabelled_genes_from_the_threshold_on(contaminated, fitted):
    dataset, synthetic = contaminated
    unlabelled = ~dataset.labelled.any(axis=1)
    expected = np.sort(dataset.genes[unlabelled & (_by_gene(fitted, dataset) >= 0.5)])
    np.testing.assert_array_equal(np.sort(fitted.suspects_), expected)
    assert np.isin(dataset.genes[synthetic], fitted.suspects_).mean() > 0.5
    assert np.isin(dataset.genes[unlabelled & ~synthetic], fitted.suspects_).mean() < 0.3


def _by_gene(fitted, dataset):
    found = dict(zip(fitted.genes_.tolist(), fitted.probability_.tolist()))
    return np.array([found[gene] for gene in dataset.genes.tolist()])


@pytest.mark.usefixtures("known_probabilities")
@pytest.mark.parametrize("name", STRATEGIES)
def test_without_any_suspicion_it_is_the_strategy_itself(name, contaminated):
    dataset, _ = contaminated
    around = rsmatch(strategy=STRATEGIES[name]).fit(replace(dataset, suspects=np.zeros(dataset.n_genes, dtype=bool)))
    np.testing.assert_array_equal(around.predict_proba(dataset), STRATEGIES[name].fit(dataset).predict_proba(dataset))


@pytest.mark.usefixtures("known_probabilities")
@pytest.mark.parametrize("name", STRATEGIES)
def test_suspects_change_what_is_learned_and_no_label_is_taught_to_other_models_by_them(name, contaminated):
    dataset, _ = contaminated
    around = rsmatch(strategy=STRATEGIES[name]).fit(dataset)
    assert len(around.suspects_) == 48
    scores = around.predict_proba(dataset)
    assert np.isfinite(scores).all()
    if name in ("mean_teacher", "fixmatch"):
        assert (scores != STRATEGIES[name].fit(dataset).predict_proba(dataset)).any()


@pytest.mark.usefixtures("known_probabilities")
def test_dropped_suspects_are_as_if_they_had_never_been_there(contaminated):
    dataset, _ = contaminated
    dropped = rsmatch(treatment="drop").fit(dataset)
    kept = np.flatnonzero(~np.isin(dataset.genes, dropped.suspects_))
    assert len(kept) < dataset.n_genes
    expected = STRATEGIES["mean_teacher"].fit(dataset.take(kept)).predict_proba(dataset.take(kept))
    np.testing.assert_array_equal(dropped.predict_proba(dataset)[kept], expected)


@pytest.mark.usefixtures("known_probabilities")
def test_with_a_shared_head_it_is_the_strategy_itself_on_weighted_edges(contaminated):
    dataset, _ = contaminated
    around = rsmatch(strategy=STRATEGIES["self_training"], treatment="shared_head").fit(dataset)
    given = around._trusted(dataset)
    expected = STRATEGIES["self_training"].fit(given).predict_proba(given)
    np.testing.assert_array_equal(around.predict_proba(dataset), expected)
    with_dummy_head = rsmatch(strategy=STRATEGIES["self_training"]).fit(dataset)
    assert (with_dummy_head.predict_proba(dataset) != expected).any()


def test_saved_equals_loaded_with_its_suspects(contaminated, fitted, tmp_path):
    fitted.save(tmp_path / "model")
    loaded = GenePredictor.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.suspects_, fitted.suspects_)
    np.testing.assert_array_equal(loaded.probability_, fitted.probability_)
    np.testing.assert_array_equal(loaded.predict_proba(contaminated[0]), fitted.predict_proba(contaminated[0]))


@pytest.mark.usefixtures("known_probabilities")
def test_an_edge_weighs_as_much_as_both_ends_are_probably_real(contaminated):
    """By hand: labelled genes are real, other genes at .9, synthetic ones at .1, so an edge of two of these at .01."""
    dataset, synthetic = contaminated
    around = rsmatch().fit(dataset)
    labelled = np.diff(dataset.positive.indptr) > 0
    real = np.where(synthetic, 0.1, np.where(labelled, 1.0, 0.9))
    given = around._trusted(dataset)
    for name, network in dataset.networks.items():
        expected = network.toarray() * np.outer(real, real)
        np.testing.assert_allclose(given.networks[name].toarray(), expected, rtol=1e-5)
    np.testing.assert_allclose(given.homology.toarray(), dataset.homology.toarray() * np.outer(real, real), rtol=1e-5)


@pytest.mark.usefixtures("known_probabilities")
def test_a_synthetic_gene_counts_less_among_the_neighbours_than_without_screening(contaminated):
    """Where the pool's networks are shuffled around the synthetic genes, the others' scores change less."""
    dataset, synthetic = contaminated
    place = np.arange(dataset.n_genes)
    place[synthetic] = np.random.default_rng(0).permutation(place[synthetic])
    moved = {name: csr_array(network[place][:, place]) for name, network in dataset.networks.items()}
    elsewhere = replace(dataset, networks=moved)
    around = rsmatch().fit(dataset)
    walk = LabelPropagation()
    change = []
    for weigh in (lambda given: given, around._trusted):
        before, after = (walk.fit(weigh(given)).predict_proba(weigh(given)) for given in (dataset, elsewhere))
        change.append(np.abs(after - before)[~synthetic & ~dataset.labelled.any(axis=1)].mean())
    assert change[1] < 0.5 * change[0]


@pytest.mark.parametrize("quota", [0.5, 1.0])
def test_suspects_take_no_ones_place_among_those_to_be_taught(quota):
    dataset, _ = make_dataset()
    supervision = Supervision.of(dataset)
    unlabelled = ~dataset.labelled.any(axis=1)
    suspects = unlabelled & (np.arange(dataset.n_genes) % 3 == 0)
    confidence = np.random.default_rng(0).random(dataset.positive.shape, dtype=np.float32)
    confidence[suspects] += 1  # surer than all others
    found = choose_by_quota(confidence, replace(supervision, suspects=suspects), unlabelled, quota=quota)
    for group in (suspects, ~suspects):
        alone = choose_by_quota(confidence, supervision, unlabelled & group, quota=quota)
        for chosen, expected in zip(found, alone):
            np.testing.assert_array_equal(chosen[group], expected[group])
    assert found[0][~suspects].any()


def test_a_lesson_for_a_model_that_is_no_network_leaves_suspects_out():
    dataset, _ = make_dataset()
    unlabelled = np.flatnonzero(~dataset.labelled.any(axis=1))
    suspects = np.isin(np.arange(dataset.n_genes), unlabelled[::2])
    given = replace(dataset, suspects=suspects)
    lesson = with_lessons(dataset, unlabelled)
    found = fit_taught(LabelPropagation(), given, lesson, weight=1.0).predict_proba(dataset)
    others = with_lessons(dataset, unlabelled[1::2])
    expected = fit_taught(LabelPropagation(), dataset, others, weight=1.0).predict_proba(dataset)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"threshold": 0}, r"threshold: found 0, expected a number in \(0"),
        ({"treatment": "hide"}, "treatment: found 'hide', expected one of dummy_head, shared_head, drop"),
        ({"strategy": VIEW}, "strategy: found SequenceNetwork.*expected co_training, self_training, mean_teacher or"),
        ({"rounds": -1}, "rounds: found -1, expected a whole number of at least 0"),
        ({"strategy": MeanTeacher(decay=2)}, "decay: found 2, expected a number in"),
    ],
)
def test_parameters_out_of_range_are_refused(contaminated, parameters, sentence):
    with pytest.raises(InputError, match=sentence):
        rsmatch(**parameters).fit(contaminated[0])
