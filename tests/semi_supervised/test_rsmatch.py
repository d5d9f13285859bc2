"""RSMatch: suspects shape the body of a network, and never its output."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array
from sklearn.base import clone

from genessl.errors import InputError
from genessl.features.graphs import joined_networks
from genessl.features.muting import Muting
from genessl.models.base import GenePredictor
from genessl.models.kernel_regression import KernelRegression
from genessl.models.neighbours import NetworkNeighbours
from genessl.models.neural.dummy_head import DummyHeadObjective, with_dummy_head
from genessl.models.neural.graph_network import GraphNetwork
from genessl.models.neural.objective import Objective, cross_entropy
from genessl.models.neural.sequence_network import SequenceNetwork
from genessl.models.propagation.function_diffusion import FunctionDiffusion
from genessl.models.propagation.label_propagation import LabelPropagation
from genessl.models.propagation.label_spreading import LabelSpreading
from genessl.models.supervision import Supervision
from genessl.screening.detector import SyntheticDetector
from genessl.semi_supervised import rsmatch as rsmatch_module
from genessl.semi_supervised.consistency.fixmatch import FixMatch
from genessl.semi_supervised.consistency.mean_teacher import MeanTeacher
from genessl.semi_supervised.consistency.objectives import Schedule, TeacherObjective, squared_difference
from genessl.semi_supervised.positive_unlabelled import PositiveUnlabelled
from genessl.semi_supervised.pseudo_labels.co_training import CoTraining
from genessl.semi_supervised.pseudo_labels.lessons import Lesson, choose_by_quota
from genessl.semi_supervised.pseudo_labels.self_training import SelfTraining
from genessl.semi_supervised.pseudo_labels.thresholds import choose_adaptively, choose_fixed, choose_self_adaptively
from genessl.semi_supervised.rsmatch import RSMatch
from tests.conftest import make_dataset
from tests.screening.test_detector import organism
from tests.semi_supervised.teaching import fit_taught

VIEW = SequenceNetwork(max_epochs=6, hidden=16, dropout=0.0)
ALONE = SequenceNetwork(max_epochs=6, hidden=16, dropout=0.0, label_path=False)
STRATEGIES = {
    "mean_teacher": MeanTeacher(view=VIEW),
    "fixmatch": FixMatch(view=VIEW),
    "self_training": SelfTraining(predictor=VIEW, rounds=1),
    "co_training": CoTraining(
        sequence_view=VIEW, network_view=GraphNetwork(max_epochs=6, hidden=16, n_components=8), rounds=1
    ),
    "label_propagation": LabelPropagation(),
    "function_diffusion": FunctionDiffusion(),
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
    return RSMatch(**{"strategy": STRATEGIES["mean_teacher"], "threshold": 0.5, "rounds": 1, **parameters})


@pytest.fixture(scope="module")
def fitted(contaminated):
    return rsmatch().fit(contaminated[0])


def rarest(dataset):
    return int(Supervision.of(dataset).frequency.argmin())


def suspected(suspects):
    """Mute suspects, and nobody else."""
    return Muting(suspects, suspects)


def silenced(silent):
    """Mute genes of which none is a suspect."""
    return Muting(np.zeros_like(silent), silent)


def with_lessons(dataset, rows, value=1.0):
    """A lesson that some genes have the rarest term."""
    positive = np.zeros(dataset.positive.shape, dtype=np.float32)
    positive[rows, rarest(dataset)] = value
    return Lesson(1, "self", csr_array(positive), csr_array(positive.shape, dtype=np.float32))


class TestTheDummyHead:
    def trained(self, dataset, suspects, *, taught=(), weight=1.0, n_epochs=30):
        lesson = with_lessons(dataset, list(taught)) if len(taught) else None
        return fit_taught(VIEW, dataset, lesson, weight=weight, n_epochs=n_epochs, muting=suspected(suspects))

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

    @pytest.mark.parametrize("weight", [0.3, 1.0])
    def test_a_suspect_counts_by_the_weight_of_what_it_is_taught(self, weight):
        """While both heads are alike, the loss is that of one head for all."""
        dataset, _ = make_dataset()
        unlabelled = np.flatnonzero(~dataset.labelled.any(axis=1))
        suspects = np.isin(np.arange(dataset.n_genes), unlabelled[:5])
        lesson = with_lessons(dataset, unlabelled[:10])
        taught = replace(Supervision.of(dataset).teach(lesson.positive, lesson.negative, weight), suspects=suspects)
        module = VIEW._module(VIEW._shape(VIEW.prepare(dataset)), dataset.n_terms).eval()
        objective = with_dummy_head(Objective, taught)(module, VIEW.prepare(dataset), taught)
        rows = np.concatenate([unlabelled[:10], np.flatnonzero(dataset.labelled.any(axis=1))[:20]])
        together = cross_entropy(module, VIEW.prepare(dataset), taught, rows)
        assert float(objective.loss(rows)) == pytest.approx(float(together), rel=1e-5)
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
        moved = [int(each.average.n_averaged) for each in (objective.own, objective.dummy)]
        assert moved == [2, 2]  # the copy of the student and one step


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
    around = rsmatch(strategy=STRATEGIES[name]).fit(dataset, suspected(np.zeros(dataset.n_genes, dtype=bool)))
    np.testing.assert_array_equal(around.predict_proba(dataset), STRATEGIES[name].fit(dataset).predict_proba(dataset))


@pytest.mark.usefixtures("known_probabilities")
@pytest.mark.parametrize("name", STRATEGIES)
def test_suspects_change_what_is_learned_and_no_label_is_taught_to_other_models_by_them(name, contaminated):
    dataset, _ = contaminated
    around = rsmatch(strategy=STRATEGIES[name]).fit(dataset)
    assert len(around.suspects_) == 48
    scores = around.predict_proba(dataset)
    assert np.isfinite(scores).all()
    if name not in ("co_training", "self_training"):
        others = ~np.isin(dataset.genes, around.suspects_)
        assert (scores != STRATEGIES[name].fit(dataset).predict_proba(dataset))[others].any()


@pytest.mark.usefixtures("known_probabilities")
@pytest.mark.parametrize("name", ["mean_teacher", "co_training", "label_propagation", "function_diffusion"])
def test_dropped_suspects_are_as_if_they_had_never_been_there(name, contaminated):
    dataset, _ = contaminated
    dropped = rsmatch(strategy=STRATEGIES[name], treatment="drop").fit(dataset)
    kept = np.flatnonzero(~np.isin(dataset.genes, dropped.suspects_))
    assert len(kept) < dataset.n_genes
    expected = STRATEGIES[name].fit(dataset.take(kept)).predict_proba(dataset.take(kept))
    scores = dropped.predict_proba(dataset)
    np.testing.assert_array_equal(scores[kept], expected)
    suspects = np.isin(dataset.genes, dropped.suspects_)
    between = np.outer(suspects, suspects)  # the dropped are predicted from the others, and from none of themselves
    apart = {n: csr_array(network.toarray() * ~between) for n, network in dataset.networks.items()}
    given = replace(dataset, networks=apart, homology=csr_array(dataset.homology.toarray() * ~between))
    np.testing.assert_allclose(dropped.predict_proba(given)[suspects], scores[suspects], atol=1e-6)


@pytest.mark.usefixtures("known_probabilities")
@pytest.mark.parametrize(("treatment", "threshold"), [("dummy_head", 0.5), ("dummy_head", 1.0), ("drop", 0.5)])
def test_labels_that_came_later_do_not_matter_when_it_predicts(treatment, threshold, contaminated):
    dataset, synthetic = contaminated
    around = rsmatch(strategy=STRATEGIES["co_training"], treatment=treatment, threshold=threshold).fit(dataset)
    donors = np.flatnonzero(dataset.labelled.any(axis=1))
    rows = np.arange(dataset.n_genes)
    rows[synthetic] = np.resize(donors, synthetic.sum())
    later = replace(dataset, positive=csr_array(dataset.positive[rows]), negative=csr_array(dataset.negative[rows]))
    assert later.labelled[synthetic].any()
    np.testing.assert_array_equal(around.predict_proba(later), around.predict_proba(dataset))


@pytest.mark.usefixtures("known_probabilities")
@pytest.mark.parametrize("treatment", ["dummy_head", "drop"])
def test_suspects_alone_are_predicted_too(treatment, contaminated):
    dataset, synthetic = contaminated
    around = rsmatch(strategy=MeanTeacher(view=ALONE), treatment=treatment).fit(dataset)
    scores = around.predict_proba(dataset.take(np.flatnonzero(synthetic)))
    np.testing.assert_allclose(scores, around.predict_proba(dataset)[synthetic], atol=1e-6)


@pytest.mark.usefixtures("known_probabilities")
@pytest.mark.parametrize(("treatment", "n_fitted"), [("dummy_head", 240), ("drop", 192)])
def test_suspects_alone_are_refused_where_scores_depend_on_the_labels_of_others(treatment, n_fitted, contaminated):
    dataset, synthetic = contaminated
    around = rsmatch(strategy=MeanTeacher(view=VIEW), treatment=treatment).fit(dataset)
    sentence = f"SequenceNetwork is transductive: .* found a dataset without 192 of these {n_fitted} genes, such as G0"
    with pytest.raises(InputError, match=sentence):
        around.predict_proba(dataset.take(np.flatnonzero(synthetic)))


def test_saved_equals_loaded_with_its_suspects(contaminated, fitted, tmp_path):
    fitted.save(tmp_path / "model")
    loaded = GenePredictor.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.suspects_, fitted.suspects_)
    np.testing.assert_array_equal(loaded.probability_, fitted.probability_)
    np.testing.assert_array_equal(loaded.predict_proba(contaminated[0]), fitted.predict_proba(contaminated[0]))


@pytest.mark.usefixtures("known_probabilities")
def test_saved_equals_loaded_with_those_that_relay_no_labels(contaminated, tmp_path):
    dataset, _ = contaminated
    around = rsmatch(strategy=LabelPropagation(), threshold=1.0).fit(dataset)
    around.save(tmp_path / "model")
    loaded = GenePredictor.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.silent_, around.silent_)
    np.testing.assert_array_equal(loaded.predict_proba(dataset), around.predict_proba(dataset))


def without_edges(dataset, genes):
    """Take all edges from some genes."""
    kept = np.outer(~genes, ~genes)
    return replace(dataset, networks={name: csr_array(net.toarray() * kept) for name, net in dataset.networks.items()})


RELAYS = [
    *(LabelPropagation(similarity=True), NetworkNeighbours(), LabelSpreading(), FunctionDiffusion(diffusion=1.0)),
    GraphNetwork(max_epochs=6, hidden=16, n_components=8),
    GraphNetwork(max_epochs=6, hidden=16, n_components=8, n_layers=1),
]
READERS = [KernelRegression(), GraphNetwork(max_epochs=6, hidden=16, n_components=8, label_path=False)]


def cut_off(suspects):
    """Mute suspects for all models, as if they were not in the networks."""
    return Muting(suspects, suspects, suspects_send=False)


class TestMutedGenesReceiveAndSendNothing:
    @pytest.mark.parametrize(("mute", "relaying"), [(silenced, True), (cut_off, True), (cut_off, False)])
    def test_among_the_others_are_the_networks_without_them(self, mute, relaying, contaminated):
        dataset, silent = contaminated
        networks = joined_networks(dataset, similarity=True, relaying=relaying, muting=mute(silent))
        others = np.flatnonzero(~silent)
        alone = joined_networks(dataset.take(others), similarity=True)
        for name, network in networks.items():
            assert not network.toarray()[:, silent].any()
            np.testing.assert_array_equal(network.toarray()[np.ix_(others, others)], alone[name].toarray())
            assert np.diff(network.indptr)[silent].any()
            assert network.max() <= 1

    def test_suspects_are_silent_unless_more_genes_are(self, contaminated):
        dataset, synthetic = contaminated
        assert suspected(np.zeros_like(synthetic)).muted(relaying=True) is None
        assert suspected(synthetic).muted(relaying=False) is None
        np.testing.assert_array_equal(suspected(synthetic).muted(relaying=True), synthetic)
        unlabelled = ~dataset.labelled.any(axis=1)
        np.testing.assert_array_equal(Muting(synthetic, unlabelled).muted(relaying=True), unlabelled)
        np.testing.assert_array_equal(cut_off(synthetic).muted(relaying=False), synthetic)
        with pytest.raises(InputError, match="expected all suspects among the genes through which no label spreads"):
            Muting(unlabelled, synthetic)
        with pytest.raises(InputError, match="expected one truth value for each gene"):
            Muting(synthetic, synthetic[1:])

    @pytest.mark.parametrize("view", RELAYS, ids=repr)
    def test_nothing_reaches_what_relays_labels_from_silent_genes(self, view, contaminated):
        self.check_unheard(view, *contaminated, silenced)

    @pytest.mark.parametrize("view", [*RELAYS, *READERS], ids=repr)
    def test_nothing_reaches_any_model_from_suspects_that_send_nothing(self, view, contaminated):
        self.check_unheard(view, *contaminated, cut_off)

    def check_unheard(self, view, dataset, silent, mute):
        elsewhere, muting = without_edges(dataset, silent & (np.arange(len(silent)) % 2 == 0)), mute(silent)
        scores, other = (view.fit(given, muting).predict_proba(given, muting) for given in (dataset, elsewhere))
        np.testing.assert_allclose(scores[~silent], other[~silent], atol=1e-6)
        assert np.abs(scores[silent] - other[silent]).max() > 1e-3  # they receive
        heard = [view.fit(given).predict_proba(given) for given in (dataset, elsewhere)]
        if not isinstance(view, NetworkNeighbours):  # to which unlabelled genes say nothing in any case
            assert np.abs(heard[0][~silent] - heard[1][~silent]).max() > 1e-4

    @pytest.mark.parametrize("view", READERS, ids=repr)
    def test_what_looks_at_the_networks_sees_silent_genes_as_before(self, view, contaminated):
        dataset, synthetic = contaminated
        expected, muting = view.fit(dataset).predict_proba(dataset), silenced(synthetic)
        np.testing.assert_array_equal(view.fit(dataset, muting).predict_proba(dataset, muting), expected)

    def test_to_function_diffusion_the_others_are_alone(self, contaminated):
        """However heavy the edges of silent genes are."""
        dataset, silent = contaminated
        scale = np.where(np.logical_or.outer(silent, silent), 1.0, 0.2).astype(np.float32)
        networks = {name: csr_array(net.toarray() * scale) for name, net in dataset.networks.items()}
        everyone = replace(dataset, networks=networks, homology=csr_array(dataset.homology.toarray() * scale))
        others, model, muting = np.flatnonzero(~silent), FunctionDiffusion(diffusion=1.0), silenced(silent)
        alone = everyone.take(others)
        expected = model.fit(alone).predict_proba(alone)
        found = model.fit(everyone, muting).predict_proba(everyone, muting)
        np.testing.assert_allclose(found[others], expected, atol=1e-5)
        assert np.abs(model.fit(everyone).predict_proba(everyone)[others] - expected).max() > 1e-3


@pytest.mark.usefixtures("known_probabilities")
class TestTheRelayThreshold:
    """Synthetic genes have a probability of 0.9, all others one of 0.1."""

    @pytest.mark.parametrize("name", ["label_propagation", "mean_teacher"])
    def test_from_it_on_no_label_spreads_through_a_gene(self, name, contaminated):
        dataset, synthetic = contaminated
        strategy = STRATEGIES[name]
        found = rsmatch(strategy=strategy, threshold=1.0, relay_threshold=0.9).fit(dataset)
        assert not len(found.suspects_)
        named = silenced(synthetic)
        expected = clone(strategy).fit(dataset, named).predict_proba(dataset, named)
        np.testing.assert_array_equal(found.predict_proba(dataset), expected)
        assert (expected != clone(strategy).fit(dataset).predict_proba(dataset))[~synthetic].any()

    def test_below_it_only_suspects_relay_none(self, contaminated):
        dataset, synthetic = contaminated
        found = rsmatch(strategy=LabelPropagation(), threshold=0.9, relay_threshold=1.0).fit(dataset)
        named = suspected(synthetic)
        expected = LabelPropagation().fit(dataset, named).predict_proba(dataset, named)
        np.testing.assert_array_equal(found.predict_proba(dataset), expected)

    def test_around_co_training_it_matters_to_the_views_that_relay_labels(self, contaminated):
        dataset, synthetic = contaminated
        strategy = STRATEGIES["co_training"]
        least = {
            threshold: rsmatch(strategy=strategy, threshold=1.0, relay_threshold=threshold) for threshold in (0.9, 1.0)
        }
        views = {threshold: around.fit(dataset).strategy_.views_ for threshold, around in least.items()}
        mutings = {0.9: silenced(synthetic), 1.0: None}
        scores = [[view.predict_proba(dataset, muting) for view in views[t]] for t, muting in mutings.items()]
        changed = [bool((first != second).any()) for first, second in zip(*scores)]
        assert [type(view).__name__ for view, new in zip(views[0.9], changed) if new] == [
            "SequenceNetwork",
            "GraphNetwork",
            "LabelPropagation",
        ]

    def test_muted_genes_that_are_given_are_taken_and_nothing_is_screened(self, contaminated, monkeypatch):
        dataset, synthetic = contaminated
        monkeypatch.setattr(rsmatch_module.SyntheticDetector, "fit", lambda *_: pytest.fail("the pool was screened"))
        named = silenced(synthetic & (np.arange(dataset.n_genes) > 100))
        found = rsmatch(strategy=LabelPropagation()).fit(dataset, named)
        assert not len(found.suspects_)
        assert set(found.silent_) == set(dataset.genes[named.silent])
        expected = LabelPropagation().fit(dataset, named).predict_proba(dataset, named)
        np.testing.assert_array_equal(found.predict_proba(dataset), expected)

    @pytest.mark.parametrize("view", [ALONE, READERS[1]], ids=repr)
    def test_it_is_nothing_to_a_strategy_that_relays_no_labels(self, view, contaminated):
        dataset, synthetic = contaminated
        around = partial(rsmatch, strategy=MeanTeacher(view=view), threshold=1.0)
        fits = [around(relay_threshold=least).fit(dataset) for least in (0.5, 1.0)]
        assert [len(found.silent_) for found in fits] == [synthetic.sum(), 0]
        np.testing.assert_array_equal(*(found.predict_proba(dataset) for found in fits))

    def test_dropping_suspects_does_not_heed_it(self, contaminated):
        dataset, _ = contaminated
        around = partial(rsmatch, strategy=LabelPropagation(), treatment="drop", threshold=1.0)
        plain = LabelPropagation().fit(dataset).predict_proba(dataset)
        np.testing.assert_array_equal(around(relay_threshold=0.5).fit(dataset).predict_proba(dataset), plain)


CHOOSERS = {
    "half": partial(choose_by_quota, quota=0.5),
    "whole": partial(choose_by_quota, quota=1.0),
    "fixed": partial(choose_fixed, threshold=0.6),
    "adaptive": partial(choose_adaptively, threshold=0.6, quota=0.5),
    "self_adaptive": lambda *given: choose_self_adaptively(*given)[0],
}


@pytest.mark.parametrize("choose", CHOOSERS.values(), ids=CHOOSERS)
def test_suspects_take_no_ones_place_among_those_to_be_taught(choose):
    dataset, _ = make_dataset()
    supervision = Supervision.of(dataset)
    unlabelled = ~dataset.labelled.any(axis=1)
    suspects = unlabelled & (np.arange(dataset.n_genes) % 3 == 0)
    confidence = np.random.default_rng(0).random(dataset.positive.shape, dtype=np.float32)
    confidence[suspects] += 1  # surer than all others
    found = choose(confidence, replace(supervision, suspects=suspects), unlabelled)
    alone = choose(confidence, supervision, unlabelled & ~suspects)
    for chosen, expected in zip(found, alone):
        np.testing.assert_array_equal(chosen[~suspects], expected[~suspects])
    assert found[0][~suspects].any()
    assert found[0][suspects].any()


def test_a_term_that_only_suspects_are_taught_is_not_learned():
    dataset, _ = make_dataset()
    suspects = ~dataset.labelled.any(axis=1)
    lesson, term = with_lessons(dataset, np.flatnonzero(suspects)), rarest(dataset)
    few = int(Supervision.of(dataset).n_positive[term])
    view = SequenceNetwork(max_epochs=2, hidden=8, min_genes=few + 1)
    for muting, learned in ((None, True), (suspected(suspects), False)):
        fitted = fit_taught(view, dataset, lesson, weight=1.0, n_epochs=2, muting=muting)
        assert (term in fitted.fitted_.columns) == learned


@pytest.mark.parametrize("mute", [suspected, silenced])
def test_a_lesson_for_a_model_that_is_no_network_leaves_silent_genes_out(mute):
    dataset, _ = make_dataset()
    unlabelled = np.flatnonzero(~dataset.labelled.any(axis=1))
    chosen = np.isin(np.arange(dataset.n_genes), unlabelled[::2])
    lesson = with_lessons(dataset, unlabelled)
    found = fit_taught(LabelPropagation(), dataset, lesson, weight=1.0, muting=mute(chosen)).predict_proba(dataset)
    others = with_lessons(dataset, unlabelled[1::2])
    expected = fit_taught(LabelPropagation(), dataset, others, weight=1.0).predict_proba(dataset)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("threshold", [0.5, 1.0])
@pytest.mark.usefixtures("known_probabilities")
def test_no_lesson_of_a_model_that_weighs_none_is_of_silent_genes(threshold, contaminated):
    """Nor do they take a place of the others among those to be taught, whether they are suspects or not."""
    dataset, synthetic = contaminated
    strategy = SelfTraining(predictor=LabelPropagation(), rounds=1)
    found = rsmatch(strategy=strategy, threshold=threshold).fit(dataset).strategy_
    expected = SelfTraining(predictor=LabelPropagation(), rounds=1).fit(dataset, suspected(synthetic))
    assert found.history_ == expected.history_
    made = np.isin(found.genes_, dataset.genes[synthetic])
    for kept in (found.lessons_, expected.lessons_):
        assert all(lesson.positive.nnz and not lesson.positive[made].nnz for lesson in kept)


def test_a_lesson_for_a_model_of_networks_leaves_out_suspects_only():
    dataset, _ = make_dataset()
    unlabelled = np.flatnonzero(~dataset.labelled.any(axis=1))
    silent = np.isin(np.arange(dataset.n_genes), unlabelled[::2])
    muting = Muting(silent & (np.arange(dataset.n_genes) != unlabelled[0]), silent)
    view = GraphNetwork(max_epochs=6, hidden=16, n_components=8)

    def scores(taught):
        fitted = fit_taught(view, dataset, with_lessons(dataset, taught), weight=1.0, n_epochs=6, muting=muting)
        return fitted.predict_proba(dataset, muting)

    found = scores(unlabelled)
    np.testing.assert_array_equal(found, scores(np.append(unlabelled[1::2], unlabelled[0])))
    assert (found != scores(unlabelled[1::2])).any()


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"threshold": 0}, r"threshold: found 0, expected a number in \(0"),
        ({"relay_threshold": 0}, r"relay_threshold: found 0, expected a number in \(0"),
        ({"treatment": "hide"}, "treatment: found 'hide', expected one of dummy_head, drop"),
        (
            {"strategy": PositiveUnlabelled()},
            r"strategy: found PositiveUnlabelled\(\), expected one that heeds muted genes: co_training, self_training",
        ),
        ({"rounds": -1}, "rounds: found -1, expected a whole number of at least 0"),
        ({"strategy": MeanTeacher(decay=2)}, "decay: found 2, expected a number in"),
    ],
)
def test_parameters_out_of_range_are_refused(contaminated, parameters, sentence):
    with pytest.raises(InputError, match=sentence):
        rsmatch(**parameters).fit(contaminated[0])
