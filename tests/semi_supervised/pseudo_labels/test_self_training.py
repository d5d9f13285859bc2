from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.exceptions import NotFittedError

from genessl.errors import InputError
from genessl.models.base import GenePredictor
from genessl.models.baselines import TermFrequency
from genessl.models.closed_form import ClosedForm
from genessl.models.neighbours import Homology
from genessl.models.neural.evidence_network import EvidenceNetwork
from genessl.models.neural.sequence_network import SequenceNetwork
from genessl.models.neural.training import NeuralView
from genessl.models.propagation.label_propagation import LabelPropagation
from genessl.models.supervision import Supervision
from genessl.semi_supervised.pseudo_labels import self_training
from genessl.semi_supervised.pseudo_labels.lessons import Lesson, choose_by_quota
from genessl.semi_supervised.pseudo_labels.self_training import SelfTraining
from genessl.semi_supervised.pseudo_labels.thresholds import choose_adaptively, choose_fixed, choose_self_adaptively
from genessl.semi_supervised.scikit_view import ScikitView
from tests.conftest import make_dataset, quality_on
from tests.semi_supervised.teaching import fit_taught


class NoView(GenePredictor):
    """Homology as a predictor that is no view."""

    def _fit(self, dataset):
        self.inner_ = Homology().fit(dataset)

    def _predict(self, dataset):
        return self.inner_.predict_proba(dataset)

    def _state(self):
        return {}

    def _restore(self, arrays, facts, folder):
        raise NotImplementedError


OWNED = {
    "sequence_network": SequenceNetwork(max_epochs=12, hidden=32, learning_rate=0.01),
    "label_propagation": LabelPropagation(),
    "homology": Homology(),
}
NO_VIEW = {**OWNED, "no_view": NoView()}


class ScriptedJudge:
    """Finds the qualities that it is told, whatever the scores are."""

    def __init__(self, values):
        self.values = iter(values)

    def quality(self, scores):
        return next(self.values)


class Recorder(SelfTraining):
    """Self-training whose rounds always count as better, so that teaching reaches the final predictor."""

    def _choose_rounds(self, course, pupils):
        rising = ScriptedJudge(float(number) for number in range(1, 99))
        return super()._choose_rounds(replace(course, judge=rising), pupils)


@pytest.fixture(scope="module")
def taught(dataset):
    return {name: Recorder(predictor=owned, rounds=2).fit(dataset) for name, owned in OWNED.items()}


@pytest.mark.parametrize("owned", [*OWNED.values(), EvidenceNetwork(max_epochs=4, hidden=16)])
def test_zero_rounds_equal_the_supervised_fit(owned, dataset):
    fitted = SelfTraining(predictor=owned, rounds=0).fit(dataset)
    np.testing.assert_array_equal(fitted.predict_proba(dataset), owned.fit(dataset).predict_proba(dataset))
    assert fitted.n_iter_ == 0
    assert fitted.audit().empty
    assert len(fitted.history_) == 1


@pytest.mark.parametrize("name", OWNED)
def test_the_unlabelled_pool_is_used(name, taught, dataset):
    supervised = SelfTraining(predictor=OWNED[name], rounds=0).fit(dataset)
    difference = np.abs(taught[name].predict_proba(dataset) - supervised.predict_proba(dataset))
    assert difference.max() > 0.01
    alone = dataset.take(np.flatnonzero(dataset.labelled.all(axis=1)))
    fitted = SelfTraining(predictor=OWNED[name]).fit(alone)
    assert (fitted.n_iter_, fitted.termination_condition_) == (0, "nothing_to_teach")


@pytest.mark.parametrize("name", OWNED)
def test_only_unlabelled_genes_are_taught_and_no_validation_gene_that_is_labelled(name, taught, dataset):
    audit = taught[name].audit()
    assert set(audit["round"]) == {1, 2}
    assert set(audit["teacher"]) == {"self"}
    assert set(audit["label"]) == {0, 1}
    row_of = {gene: row for row, gene in enumerate(dataset.genes.tolist())}
    assert not dataset.labelled[audit["gene"].map(row_of).to_numpy()].any()


def test_experimental_labels_never_change_for_a_view(dataset):
    final = Recorder(predictor=Homology(), rounds=1).fit(dataset).predictor_.supervision_
    ordered = dataset.take(np.argsort(dataset.genes))
    labelled = ordered.labelled.any(axis=1)
    assert final.positive.nnz > ordered.positive.nnz
    assert final.negative.nnz > ordered.negative.nnz
    np.testing.assert_array_equal(final.positive.toarray()[labelled], ordered.positive.toarray()[labelled])
    np.testing.assert_array_equal(final.negative.toarray()[labelled], ordered.negative.toarray()[labelled])
    np.testing.assert_array_equal(final.labelled[labelled], ordered.labelled[labelled])


def test_experimental_labels_never_change_for_a_predictor_that_is_no_view(dataset, monkeypatch):
    seen = []

    def watch(self, given):
        seen.append(given)
        return original(self, given)

    original = NoView._fit
    monkeypatch.setattr(NoView, "_fit", watch)
    Recorder(predictor=NoView(), rounds=1).fit(dataset)
    ordered = dataset.take(np.argsort(dataset.genes))
    labelled = ordered.labelled.any(axis=1)
    final = seen[-1]
    assert final.positive.nnz > ordered.positive.nnz
    assert final.negative.nnz > ordered.negative.nnz
    np.testing.assert_array_equal(final.positive.toarray()[labelled], ordered.positive.toarray()[labelled])
    np.testing.assert_array_equal(final.negative.toarray()[labelled], ordered.negative.toarray()[labelled])
    np.testing.assert_array_equal(final.split[labelled], ordered.split[labelled])
    newly = final.labelled.any(axis=1) & ~labelled
    assert (ordered.split[newly] == 1).any()
    assert not final.split[newly].any()


@pytest.mark.parametrize("name", ["sequence_network", "homology", "no_view"])
def test_validation_labels_reach_no_fit_while_rounds_are_chosen(name, dataset, monkeypatch):
    names = set(dataset.genes[(dataset.split == 1) & dataset.labelled.any(axis=1)].tolist())
    seen = []

    def note(supervision):
        known = [supervision.positive, supervision.taught_positive, supervision.taught_negative]
        labelled = np.sum([np.diff(matrix.indptr) for matrix in known], axis=0) > 0
        seen.append(names & set(supervision.genes[labelled].tolist()))

    def watched(original):
        def learn(self, inputs, supervision, **options):
            note(supervision)
            return original(self, inputs, supervision, **options)

        return learn

    for view in (NeuralView, ClosedForm):
        monkeypatch.setattr(view, "learn", watched(view.learn))
    Recorder(predictor=NO_VIEW[name], rounds=2).fit(dataset)
    assert seen == [set()] * 3 + [names] * 3


def test_validation_labels_do_not_set_the_quota_of_a_trial(dataset, monkeypatch):
    seen = []

    def watch(self, number, confidence, supervision, *rest):
        seen.append(supervision.positive[rows].nnz)
        return original(self, number, confidence, supervision, *rest)

    rows = np.flatnonzero(dataset.take(np.argsort(dataset.genes)).split == 1)
    original = SelfTraining._choose
    monkeypatch.setattr(SelfTraining, "_choose", watch)
    Recorder(predictor=Homology(), rounds=2).fit(dataset)
    assert seen[:2] == [0, 0]
    assert min(seen[2:]) > 0


def test_each_final_round_is_calibrated_as_its_trial_was_at_the_frequency_of_all_labels(dataset, monkeypatch):
    used = []

    def watch(self, views):
        used.append(self)
        return original(self, views)

    original = self_training.TermCalibration.apply
    monkeypatch.setattr(self_training.TermCalibration, "apply", watch)
    Recorder(predictor=Homology(), rounds=2).fit(dataset)
    first, second, *final = used
    assert first is not second
    assert len(final) == 2
    frequency = Supervision.of(dataset).frequency
    for trial, own in zip((first, second), final):
        assert own.slopes is trial.slopes and own.bases is trial.bases and own.offsets is trial.offsets
        np.testing.assert_array_equal(own.frequency, frequency)
        assert not np.array_equal(trial.frequency, frequency)


def test_confidence_is_calibrated_on_genes_that_the_fit_has_not_seen(dataset, monkeypatch):
    fits = []

    def watch(views, targets, *rest, **options):
        fits.append((views[0], targets))
        return original(views, targets, *rest, **options)

    original = self_training.TermCalibration.fit
    monkeypatch.setattr(self_training.TermCalibration, "fit", watch)
    SelfTraining(predictor=Homology(), rounds=1).fit(dataset)
    ordered = dataset.take(np.argsort(dataset.genes))
    rows = np.flatnonzero((ordered.split == 1) & ordered.labelled.any(axis=1))
    unseen = Homology().fit(ordered.without_labels(ordered.split == 1)).predict_proba(ordered)
    np.testing.assert_array_equal(fits[0][0], unseen[rows])
    np.testing.assert_array_equal(fits[0][1], ordered.positive[rows].toarray())
    assert len(fits) == 2  # none in the final fits, which have seen these genes


def test_taught_labels_are_closed_over_the_ontology(taught, dataset):
    for lesson in taught["sequence_network"].lessons_:
        positive = lesson.positive.astype(bool)
        assert positive.nnz
        assert (dataset.ontology.propagate(positive) != positive).nnz == 0
        assert positive.multiply(lesson.negative.astype(bool)).nnz == 0


def test_a_curriculum_gives_round_r_of_3_a_share_r_of_3_of_the_quota(dataset):
    supervision, everyone = Supervision.of(dataset), np.ones(dataset.n_genes, dtype=bool)
    confidence = np.random.default_rng(0).random((dataset.n_genes, dataset.n_terms)).astype(np.float32)
    growing = SelfTraining(rounds=3, quota=0.6, selection="quota")
    at_once = SelfTraining(rounds=3, quota=0.6, selection="quota", curriculum=False)
    counts = []
    for number, share in ((1, 0.2), (2, 0.4), (3, 0.6)):
        (positive, _), _ = growing._choose(number, confidence, supervision, everyone, None)
        expected, _ = choose_by_quota(confidence, supervision, everyone, quota=share)
        np.testing.assert_array_equal(positive, expected)
        counts.append(positive.sum())
    assert counts[0] < counts[1] < counts[2]
    np.testing.assert_array_equal(at_once._choose(1, confidence, supervision, everyone, None)[0][0], expected)


def test_each_selection_teaches_something_else(dataset):
    supervision, everyone = Supervision.of(dataset), np.ones(dataset.n_genes, dtype=bool)
    drawn = np.random.default_rng(0).random((dataset.n_genes, dataset.n_terms)) ** 4
    sure = np.arange(dataset.n_terms) % 2 == 0  # of every other term the teacher is sure
    confidence = np.where(sure, np.where(drawn > 0.5, 0.97, 0.9 * drawn), drawn).astype(np.float32)
    chosen = {
        selection: SelfTraining(selection=selection, quota=1.0, curriculum=False)._choose(
            1, confidence, supervision, everyone, None
        )[0][0]
        for selection in self_training.SELECTIONS
    }
    expected = {
        "quota": choose_by_quota(confidence, supervision, everyone, quota=1.0)[0],
        "adaptive": choose_adaptively(confidence, supervision, everyone, threshold=0.9)[0],
        "self_adaptive": choose_self_adaptively(confidence, supervision, everyone)[0][0],
        "fixed": choose_fixed(confidence, supervision, everyone, threshold=0.9)[0],
    }
    assert len({int(matrix.sum()) for matrix in expected.values()}) == 4
    for selection, matrix in chosen.items():
        np.testing.assert_array_equal(matrix, expected[selection])


def test_self_adaptive_thresholds_remember_the_rounds_before(dataset, monkeypatch):
    given = []

    def watch(*arguments, earlier, **options):
        choice, running = original(*arguments, earlier=earlier, **options)
        given.append((earlier, running))
        return choice, running

    original = self_training.choose_self_adaptively
    monkeypatch.setattr(self_training, "choose_self_adaptively", watch)
    Recorder(predictor=Homology(), rounds=2, selection="self_adaptive").fit(dataset)
    trial, final = given[:2], given[2:]
    for first, second in (trial, final):
        assert first[0] is None
        assert second[0] is first[1]


def quality_of(values):
    class Scripted(SelfTraining):
        def _choose_rounds(self, course, pupils):
            return super()._choose_rounds(replace(course, judge=ScriptedJudge(values)), pupils)

    return Scripted


@pytest.mark.parametrize(
    ("values", "n_iter", "history", "reason"),
    [
        ([0.5, 0.4, 0.5, 0.9, 0.9], 0, [0.5, 0.4, 0.5], "no_improvement"),
        ([0.5, 0.4, 0.6, 0.5, 0.6], 2, [0.5, 0.4, 0.6, 0.5, 0.6], "no_improvement"),
        ([0.5, 0.6, 0.5, 0.7, 0.6], 3, [0.5, 0.6, 0.5, 0.7, 0.6], "max_rounds"),
    ],
)
def test_teaching_stops_after_two_rounds_without_a_rise_and_the_best_round_is_kept(
    values, n_iter, history, reason, dataset
):
    fitted = quality_of(values)(predictor=Homology(), rounds=4).fit(dataset)
    assert (fitted.n_iter_, fitted.history_, fitted.termination_condition_) == (n_iter, history, reason)
    assert [lesson.round for lesson in fitted.lessons_] == list(range(1, n_iter + 1))


def test_a_history_is_the_quality_of_unseen_validation_genes(dataset):
    fitted = SelfTraining(predictor=Homology(), rounds=1).fit(dataset)
    rows = np.flatnonzero((dataset.split == 1) & dataset.labelled.any(axis=1))
    scores = Homology().fit(dataset.without_labels(dataset.split == 1)).predict_proba(dataset)
    assert fitted.history_[0] == pytest.approx(quality_on(scores, dataset, rows), abs=1e-12)


@pytest.mark.parametrize("name", ["sequence_network", "homology", "no_view"])
def test_without_validation_genes_all_rounds_are_run_on_uncalibrated_scores(name, dataset):
    bare = dataset.take(np.flatnonzero(dataset.split == 0))
    fitted = SelfTraining(predictor=NO_VIEW[name], rounds=2).fit(bare)
    assert (fitted.n_iter_, fitted.termination_condition_) == (2, "no_validation_genes")
    supervised = NO_VIEW[name].fit(bare).predict_proba(bare)
    row_of = {gene: row for row, gene in enumerate(bare.genes.tolist())}
    first = fitted.audit(negatives=False).query("round == 1")
    rows, columns = first["gene"].map(row_of), first["term"].map(bare.ontology.index)
    np.testing.assert_allclose(first["confidence"], supervised[rows, columns], atol=1e-4)


def test_where_only_validation_genes_are_labelled_these_are_learnt_from(dataset):
    split = dataset.labelled.any(axis=1).astype(np.uint8)
    fitted = SelfTraining(predictor=Homology(), rounds=1).fit(replace(dataset, split=split))
    assert fitted.termination_condition_ == "no_validation_genes"


def test_a_threshold_that_nothing_reaches_teaches_nothing(dataset):
    fitted = SelfTraining(predictor=OWNED["sequence_network"], selection="fixed", threshold=1.0).fit(dataset)
    assert (fitted.n_iter_, fitted.termination_condition_) == (0, "nothing_to_teach")


def lesson_for(dataset, gene, term):
    """Teach one gene that it has a term and its parents."""
    marked = np.zeros((dataset.n_genes, dataset.n_terms), dtype=bool)
    marked[gene, dataset.ontology.index[term]] = True
    positive = dataset.ontology.propagate(csr_array(marked)).astype(np.float32)
    return Lesson(1, "self", positive, csr_array(positive.shape, dtype=np.float32))


@pytest.mark.parametrize("owned", [Homology(), NoView()])
def test_any_other_predictor_learns_taught_labels_as_if_they_were_experimental(owned):
    dataset, _ = make_dataset(n_genes=120)
    dataset = dataset.take(np.argsort(dataset.genes))
    gene = int(np.flatnonzero(~dataset.labelled.any(axis=1) & (np.diff(dataset.homology.indptr) > 0))[0])
    lesson, column = lesson_for(dataset, gene, "GO:F4"), dataset.ontology.index["GO:F4"]
    before = fit_taught(owned, dataset, None, weight=0.3).predict_proba(dataset)
    after = fit_taught(owned, dataset, lesson, weight=0.3).predict_proba(dataset)
    bits, labelled = dataset.homology.toarray(), dataset.labelled[:, dataset.aspects.index("MFO")].copy()
    truth = dataset.positive.toarray()[:, column].copy()
    labelled[gene] = truth[gene] = True
    expected = (bits * (truth & labelled)).sum(axis=1) / np.maximum((bits * labelled).sum(axis=1), 1e-9)
    np.testing.assert_allclose(after[:, column], expected, atol=1e-5)
    assert np.abs(after[:, column] - before[:, column]).max() > 0.01
    biology = dataset.ontology.aspects == "BPO"
    np.testing.assert_array_equal(after[:, biology], before[:, biology])


def test_a_neural_predictor_learns_taught_labels_by_their_weight(dataset, monkeypatch):
    given = []

    def watch(self, inputs, supervision, **options):
        given.append(supervision)
        return original(self, inputs, supervision, **options)

    original = NeuralView.learn
    monkeypatch.setattr(NeuralView, "learn", watch)
    dataset = dataset.take(np.argsort(dataset.genes))
    gene = int(np.flatnonzero(~dataset.labelled.any(axis=1))[0])
    lesson = lesson_for(dataset, gene, "GO:F4")
    fit_taught(OWNED["sequence_network"], dataset, lesson, weight=0.25, n_epochs=1)
    targets, weights = given[0].batch(np.array([gene]))
    assert set(np.flatnonzero(weights[0])) == {dataset.ontology.index[f"GO:F{number}"] for number in (1, 2, 4)}
    np.testing.assert_array_equal(weights[0][weights[0] > 0], np.float32(0.25))
    np.testing.assert_array_equal(targets[0][weights[0] > 0], 1.0)


def test_electronic_annotations_are_not_read(taught, dataset):
    other = replace(dataset, electronic=csr_array(dataset.electronic[::-1]))
    again = Recorder(predictor=OWNED["homology"], rounds=2).fit(other)
    np.testing.assert_array_equal(again.predict_proba(other), taught["homology"].predict_proba(dataset))


@pytest.mark.parametrize("name", ["sequence_network", "homology"])
def test_the_account_survives_saving_and_is_the_same_bytes_in_any_order_of_genes(name, taught, dataset, tmp_path):
    shuffled = dataset.take(np.random.default_rng(1).permutation(dataset.n_genes))
    again = Recorder(predictor=OWNED[name], rounds=2).fit(shuffled)
    for fitted, folder in ((taught[name], "one"), (again, "two")):
        fitted.__class__ = SelfTraining
        fitted.save(tmp_path / folder)
        fitted.__class__ = Recorder
    files = sorted(file.relative_to(tmp_path / "one") for file in (tmp_path / "one").rglob("*") if file.is_file())
    assert {file.suffix for file in files} == {".json", ".safetensors", ".gz"}
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
    loaded = GenePredictor.load(tmp_path / "one")
    assert isinstance(loaded, SelfTraining)
    assert loaded.audit().equals(taught[name].audit())
    assert (loaded.n_iter_, loaded.history_, loaded.termination_condition_) == (2, [1.0, 2.0, 3.0], "max_rounds")
    assert repr(loaded.predictor) == repr(OWNED[name])


def test_a_default_predictor_stays_the_default_after_loading(tmp_path):
    dataset, _ = make_dataset(n_genes=60)
    SelfTraining(rounds=0, device="cpu", seed=3).fit(dataset).save(tmp_path / "model")
    loaded = SelfTraining.load(tmp_path / "model")
    assert loaded.predictor is None
    assert repr(loaded.predictor_) == "SequenceNetwork(device='cpu', seed=3)"


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"rounds": -1}, "rounds: found -1, expected a whole number of at least 0"),
        ({"seed": 0.5}, "seed: found 0.5, expected a whole number"),
        ({"quota": 0}, r"quota: found 0, expected a number in \(0"),
        ({"threshold": 0.5}, r"threshold: found 0.5, expected a number in \(0.5, 1.0\]"),
        ({"weight": 2}, r"weight: found 2, expected a number in \(0"),
        ({"selection": "best"}, "selection: found 'best', expected one of quota, adaptive, self_adaptive, fixed"),
        ({"curriculum": 1}, "curriculum: found 1, expected true or false"),
        ({"predictor": "homology"}, "predictor: found 'homology', expected a predictor of genessl or None"),
        ({"predictor": LabelPropagation(restart=0)}, "restart: found 0"),
    ],
)
def test_a_parameter_out_of_range_is_refused_in_one_sentence(parameters, sentence, dataset):
    with pytest.raises(InputError, match=sentence):
        SelfTraining(**parameters).fit(dataset)


def test_an_unfitted_predictor_has_no_audit():
    with pytest.raises(NotFittedError, match="call fit first"):
        SelfTraining().audit()


def sparse_organism(seed):
    """Return an organism with three genes in ten labelled, and its truth as a dataset."""
    dataset, truth = make_dataset(n_genes=360, seed=seed)
    visible = dataset.without_labels(np.random.default_rng(seed).random(dataset.n_genes) < 0.5)
    return visible, replace(dataset, positive=csr_array(truth))


@pytest.fixture(scope="module")
def sparse_organisms():
    return [sparse_organism(seed) for seed in range(4)]


def quality_on_unlabelled(fitted, visible, full):
    rows = np.flatnonzero(~visible.labelled.any(axis=1))
    return quality_on(fitted.predict_proba(visible), full, rows)


@pytest.mark.parametrize("name", ["label_propagation", "homology"])
def test_unlabelled_genes_help_where_labels_are_few(name, sparse_organisms):
    gains = [
        quality_on_unlabelled(SelfTraining(predictor=OWNED[name]).fit(visible), visible, full)
        - quality_on_unlabelled(OWNED[name].fit(visible), visible, full)
        for visible, full in sparse_organisms
    ]
    assert np.mean(gains) > 0.02


def test_an_unlabelled_pool_of_noise_does_no_harm_beyond_a_hundredth():
    losses, rounds = [], []
    for seed in range(8):  # of few it may teach none, which would test nothing
        visible, full = sparse_organism(seed)
        random = np.random.default_rng(seed)
        unlabelled = ~visible.labelled.any(axis=1)
        judged = np.flatnonzero(unlabelled)[::4]
        noise = unlabelled.copy()
        noise[judged] = False
        features = visible.sequence_features.copy()
        features[noise] = random.permuted(features, axis=0)[noise]  # the same spread in each feature, no pattern
        noisy = replace(visible, sequence_features=features)
        owned = OWNED["sequence_network"]
        supervised = quality_on(owned.fit(noisy).predict_proba(noisy), full, judged)
        fitted = SelfTraining(predictor=owned).fit(noisy)
        losses.append(supervised - quality_on(fitted.predict_proba(noisy), full, judged))
        rounds.append(fitted.n_iter_)
    assert any(rounds)
    assert np.mean(losses) < 0.01
    assert max(losses) < 0.03


@pytest.mark.parametrize("name", ["label_propagation", "homology"])
def test_on_permuted_labels_it_is_no_better_than_the_term_frequency(name):
    learnt, naive, control = [], [], []
    for seed in range(3):
        visible, truth = make_dataset(n_genes=360, seed=seed)
        full = replace(visible, positive=csr_array(truth))
        rows, labelled = np.arange(visible.n_genes), np.flatnonzero(np.diff(visible.positive.indptr))
        rows[labelled] = np.random.default_rng(seed).permutation(labelled)
        permuted = replace(visible, positive=csr_array(visible.positive[rows]))
        naive.append(quality_on_unlabelled(TermFrequency().fit(visible), visible, full))
        learnt.append(quality_on_unlabelled(SelfTraining(predictor=OWNED[name]).fit(visible), visible, full))
        control.append(quality_on_unlabelled(Recorder(predictor=OWNED[name]).fit(permuted), visible, full))
    assert np.mean(learnt) > np.mean(naive) + 0.03
    assert np.mean(control) < np.mean(naive) + 0.01


def test_a_scikit_learn_view_is_taught_with_the_weight_asked_for(dataset, monkeypatch):
    weights = []

    def watch(self, inputs, supervision, **options):
        weights.append(supervision.taught_weight)
        return original(self, inputs, supervision, **options)

    original = ScikitView.learn
    monkeypatch.setattr(ScikitView, "learn", watch)
    bare = dataset.take(np.flatnonzero(dataset.split != 1))  # without validation genes all rounds are run
    fitted = SelfTraining(predictor=ScikitView(), rounds=1, weight=0.2).fit(bare)
    assert weights == [0.0, 0.0, 0.2]  # the trial, the first fit and the taught one
    assert fitted.n_iter_ == 1
