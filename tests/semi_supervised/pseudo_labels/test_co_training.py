from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from genessl.data.ontology import ontology_from_edges
from genessl.errors import InputError
from genessl.models.kernel_regression import KernelRegression
from genessl.models.neighbours import Homology
from genessl.models.neural.evidence_network import EvidenceNetwork
from genessl.models.neural.graph_network import GraphNetwork
from genessl.models.neural.sequence_network import SequenceNetwork
from genessl.models.neural.training import NeuralView
from genessl.models.propagation.label_propagation import LabelPropagation
from genessl.models.supervision import Supervision
from genessl.semi_supervised.pseudo_labels.co_training import CoTraining
from genessl.semi_supervised.pseudo_labels.lessons import choose_by_quota, most_confident, write_lessons
from genessl.semi_supervised.pseudo_labels.stopping import Judgement
from tests.conftest import make_dataset, quality_on


def co_training(*, max_epochs=6, min_genes=1, label_path=True, **parameters):
    common = {"max_epochs": max_epochs, "min_genes": min_genes, "label_path": label_path}
    views = {
        "sequence_view": SequenceNetwork(hidden=32, **common),
        "network_view": GraphNetwork(hidden=16, n_components=8, **common),
    }
    return CoTraining(**{**views, "teacher": "other", **parameters})


class ScriptedJudge:
    """Finds the judgements that it is told, whatever the scores are."""

    rows = np.arange(0)  # no gene has to be scored for it

    def __init__(self, judgements):
        self.judgements = iter(judgements)

    def judge(self, scores):
        return next(self.judgements)


class Recorder(CoTraining):
    """Co-training whose rounds always count as better, so that teaching reaches the final views."""

    def _choose_rounds(self, course):
        rising = ScriptedJudge(Judgement(float(number), np.zeros(2)) for number in range(1, 99))
        return super()._choose_rounds(replace(course, judge=rising))


def connected_genes(dataset):
    return sum(np.diff(network.indptr) for network in dataset.networks.values()) > 0


def raw(fitted, dataset):
    """Return the scores of a fitted view before the ontology is heeded."""
    return fitted.score(fitted.fitted_, fitted.prepare(dataset, like=fitted.fitted_.preparation))


def joined(fitted, dataset):
    """Return what the join says of a dataset, given which views speak of genes without an edge."""
    scores = [raw(view, dataset) for view in fitted.views_]
    speaks = [np.ones(dataset.n_genes, dtype=bool) for _ in scores]
    speaks[1] = connected_genes(dataset)
    return fitted.join_.apply(scores, speaks)


def taught_to_the_end(dataset, **parameters):
    parts = co_training(**parameters).get_params(deep=False)
    return Recorder(**parts).fit(dataset)


@pytest.fixture(scope="module")
def taught(dataset):
    return taught_to_the_end(dataset, rounds=2)


def test_zero_rounds_is_the_calibrated_average_of_two_supervised_views(dataset):
    fitted = co_training(rounds=0).fit(dataset)
    ordered = dataset.take(np.argsort(dataset.genes))
    supervised = [co_training().sequence_view.fit(dataset), co_training().network_view.fit(dataset)]
    scores = [view._predict(ordered) for view in supervised]
    connected = connected_genes(ordered)
    assert 0 < (~connected).sum() < 12
    assert set(fitted.join_.calibrations) == {(0,), (0, 1)}
    alone, both = fitted.join_.calibrations[0,].apply(scores[:1]), fitted.join_.calibrations[0, 1].apply(scores)
    np.testing.assert_allclose(fitted._predict(ordered), np.where(connected[:, None], both, alone), atol=1e-6)
    assert fitted.n_iter_ == 0
    assert fitted.audit().empty
    assert len(fitted.history_) == 1


def test_no_label_is_taught_where_an_experiment_has_spoken(taught, dataset):
    row_of = {gene: row for row, gene in enumerate(dataset.genes.tolist())}
    aspect_of = dict(zip(dataset.ontology.terms, dataset.ontology.aspects.tolist()))
    audit = taught.audit()
    assert set(audit["round"]) == {1, 2}
    assert set(audit["teacher"]) == {"sequence", "network"}
    rows = audit["gene"].map(row_of).to_numpy()
    columns = audit["term"].map(aspect_of).map(dataset.aspects.index).to_numpy()
    assert not dataset.labelled[rows, columns].any()


def test_taught_labels_are_closed_over_the_ontology(taught, dataset):
    for lesson in taught.lessons_:
        positive, negative = lesson.positive.astype(bool), lesson.negative.astype(bool)
        assert positive.nnz and negative.nnz
        assert (dataset.ontology.propagate(positive) != positive).nnz == 0
        beyond = dataset.ontology.propagate_down(negative).astype(int) - negative.astype(int)
        assert (beyond.multiply(~positive.toarray())).sum() == 0
        assert positive.multiply(negative).nnz == 0


def test_positives_before_closure_keep_to_the_quota_of_each_term(dataset):
    fitted = co_training(rounds=0, quota=0.5).fit(dataset)
    ordered = dataset.take(np.argsort(dataset.genes))
    supervision = Supervision.of(ordered)
    everyone = np.ones(dataset.n_genes, dtype=bool)
    positive, negative = choose_by_quota(fitted._predict(ordered), supervision, everyone, quota=fitted.quota)
    for column in range(dataset.n_terms):
        pupils = ~supervision.labelled[:, supervision.aspect_of_term[column]]
        expected = supervision.frequency[column] * pupils.sum()
        assert positive[:, column].sum() <= round(0.5 * expected) + 1
        assert negative[:, column].sum() <= pupils.sum() / 2
        assert not positive[~pupils, column].any()


def test_each_view_learns_from_the_lesson_of_the_other(dataset, monkeypatch):
    learnt = []

    def watch(self, inputs, supervision, **options):
        learnt.append((type(self).__name__, supervision))
        return original(self, inputs, supervision, **options)

    original = NeuralView.learn
    monkeypatch.setattr(NeuralView, "learn", watch)
    fitted = taught_to_the_end(dataset, rounds=1)
    assert [lesson.teacher for lesson in fitted.lessons_] == ["network", "sequence"]
    (first, sequence), (second, network) = learnt[-2:]
    assert (first, second) == ("SequenceNetwork", "GraphNetwork")
    for given, lesson in zip((sequence, network), fitted.lessons_):
        assert (given.taught_positive.astype(bool) != lesson.positive.astype(bool)).nnz == 0
        assert (given.taught_negative.astype(bool) != lesson.negative.astype(bool)).nnz == 0
        assert given.taught_weight == 0.3


def test_the_network_view_does_not_teach_genes_without_an_edge(taught, dataset):
    audit = taught.audit()
    isolated = audit["gene"].isin(dataset.genes[~connected_genes(dataset)])
    assert set(audit.loc[isolated, "teacher"]) == {"sequence"}


def test_a_joint_teacher_writes_one_lesson_a_round(dataset):
    fitted = taught_to_the_end(dataset, rounds=2, teacher="joint")
    assert [(lesson.round, lesson.teacher) for lesson in fitted.lessons_] == [(1, "joint"), (2, "joint")]


class Declining(CoTraining):
    """Co-training whose rounds always count as a little worse; the standard error of each fall is `error`."""

    error = 0.0

    def _choose_rounds(self, course):
        declining = ScriptedJudge(
            Judgement(1.0 - 0.01 * number, (1.0 if number % 2 else -1.0) * self.error / 2 * np.array([1.0, -1.0]))
            for number in range(1, 99)
        )
        return super()._choose_rounds(replace(course, judge=declining))


def test_a_round_that_does_harm_on_validation_genes_is_not_kept(dataset):
    fitted = Declining(**co_training(rounds=3).get_params(deep=False)).fit(dataset)
    assert fitted.n_iter_ == 0
    assert fitted.history_ == pytest.approx([0.99, 0.98])
    assert fitted.termination_condition_ == "worse"


def test_a_fall_within_its_standard_error_is_no_reason_to_stop_and_falls_do_not_add_up(dataset, monkeypatch):
    monkeypatch.setattr(Declining, "error", 0.015)
    fitted = Declining(**co_training(rounds=3).get_params(deep=False)).fit(dataset)
    # .98 is within .015 of .99; .97 is compared with the best so far, which is .99, at an error of 0.
    assert fitted.n_iter_ == 1
    assert fitted.history_ == pytest.approx([0.99, 0.98, 0.97])
    assert fitted.termination_condition_ == "worse"


def test_validation_labels_reach_no_view_while_rounds_are_chosen(dataset, monkeypatch):
    validation = (dataset.split == 1) & dataset.labelled.any(axis=1)
    names = set(dataset.genes[validation].tolist())
    seen = []

    def watch(self, inputs, supervision, **options):
        labelled = supervision.genes[np.diff(supervision.positive.indptr) > 0]
        lesson = np.diff(supervision.taught_positive.indptr) + np.diff(supervision.taught_negative.indptr)
        seen.append(names & (set(labelled.tolist()) | set(supervision.genes[lesson > 0].tolist())))
        return original(self, inputs, supervision, **options)

    original = NeuralView.learn
    monkeypatch.setattr(NeuralView, "learn", watch)
    taught_to_the_end(dataset, rounds=1)
    choosing, final = seen[:4], seen[4:]
    assert not any(choosing)
    assert len(final) == 4
    assert all(final)


@pytest.mark.parametrize("view", [LabelPropagation, KernelRegression])
def test_validation_labels_reach_no_further_view_while_rounds_are_chosen(view, dataset, monkeypatch):
    names = set(dataset.genes[(dataset.split == 1) & dataset.labelled.any(axis=1)].tolist())
    seen = []

    def watch(self, inputs, supervision, **options):
        seen.append(names & set(supervision.genes[supervision.labelled.any(axis=1)].tolist()))
        return original(self, inputs, supervision, **options)

    original = view.learn
    monkeypatch.setattr(view, "learn", watch)
    taught_to_the_end(dataset, rounds=1, teacher="joint")
    assert seen == [set(), names]  # once to choose, once for the final views


def test_a_term_that_only_validation_genes_have_is_no_surprise_to_the_final_views():
    dataset, _ = make_dataset(n_genes=240)
    ordered = dataset.take(np.argsort(dataset.genes))
    validation = (ordered.split == 1) & ordered.labelled.any(axis=1)
    leaf = int(np.flatnonzero(np.asarray(ordered.ontology.parents.sum(axis=0)).ravel() == 0)[0])
    positive = ordered.positive.tolil()
    positive[:, leaf] = False
    aspect = ordered.aspects.index(ordered.ontology.aspects[leaf])
    own = int(np.flatnonzero(validation & ordered.labelled[:, aspect])[0])
    positive[own, leaf] = True
    closed = ordered.ontology.propagate(csr_array(positive))
    fitted = co_training(rounds=0, teacher="joint").fit(replace(ordered, positive=csr_array(closed)))
    frequency = Supervision.of(replace(ordered, positive=csr_array(closed))).frequency[leaf]
    assert frequency > 0
    for calibration in fitted.join_.calibrations.values():
        np.testing.assert_array_equal(calibration.frequency[leaf], frequency)
    others = np.setdiff1d(np.arange(ordered.n_genes), [own])
    assert np.median(fitted._predict(ordered)[others, leaf]) < 5 * frequency


def test_with_few_validation_genes_their_labels_still_reach_no_view_that_is_judged_on_them(monkeypatch):
    dataset, _ = make_dataset(n_genes=120)
    few = np.flatnonzero((dataset.split == 1) & dataset.labelled.any(axis=1))[:4]
    split = np.zeros(dataset.n_genes, dtype=np.uint8)
    split[few] = 1
    object.__setattr__(dataset, "split", split)
    names, seen = set(dataset.genes[few].tolist()), []

    def watch(self, inputs, supervision, **options):
        seen.append(names & set(supervision.genes[np.diff(supervision.positive.indptr) > 0].tolist()))
        return original(self, inputs, supervision, **options)

    original = NeuralView.learn
    monkeypatch.setattr(NeuralView, "learn", watch)
    co_training(rounds=0).fit(dataset)
    assert seen == [set(), set(), names, names]


def test_without_validation_genes_the_rounds_asked_for_are_run():
    dataset, _ = make_dataset(n_genes=120)
    bare = dataset.take(np.flatnonzero(dataset.split == 0))
    fitted = co_training(rounds=1).fit(bare)
    assert fitted.n_iter_ == 1
    assert fitted.termination_condition_ == "no_validation_genes"
    assert np.isfinite(fitted.predict_proba(bare)).all()


@pytest.mark.parametrize("validated", [True, False])
def test_when_every_gene_is_labelled_there_is_nothing_to_teach(validated):
    dataset, truth = make_dataset(n_genes=120)
    split = dataset.split if validated else np.zeros_like(dataset.split)
    fitted = co_training(rounds=2).fit(replace(dataset, positive=csr_array(truth), split=split))
    assert (fitted.n_iter_, fitted.pupils_, fitted.lessons_) == (0, [], [])
    assert fitted.termination_condition_ == "nothing_to_teach"


def test_the_audit_survives_saving(taught, tmp_path):
    taught.__class__ = CoTraining
    taught.save(tmp_path / "model")
    loaded = CoTraining.load(tmp_path / "model")
    taught.__class__ = Recorder
    assert loaded.audit().equals(taught.audit())
    assert (loaded.n_iter_, loaded.history_) == (2, taught.history_)
    assert loaded.termination_condition_ == "max_rounds"
    assert (tmp_path / "model" / "audit.tsv.gz").is_file()


def test_most_confident_marks_as_many_as_asked_and_the_earlier_of_equals():
    confidence = np.array([[0.1, 0.5], [0.9, 0.5], [0.4, 0.2]], dtype=np.float32)
    marked = most_confident(confidence, np.array([2, 1]))
    assert marked.tolist() == [[False, True], [True, False], [True, False]]


def test_the_audit_lists_every_taught_label_and_each_was_chosen_by_its_quota_or_follows_from_one_that_was(dataset):
    fitted = taught_to_the_end(dataset, rounds=1, teacher="joint")
    ordered = dataset.take(np.argsort(dataset.genes))
    audit, (lesson,) = fitted.audit(), fitted.lessons_
    assert len(audit) == lesson.positive.nnz + lesson.negative.nnz
    sure = joined(fitted, ordered)
    everyone = np.ones(ordered.n_genes, dtype=bool)
    present, absent = choose_by_quota(sure, Supervision.of(ordered), everyone, quota=fitted.quota)
    present = ordered.ontology.propagate(csr_array(present)).toarray()
    absent = ordered.ontology.propagate_down(csr_array(absent)).toarray()
    rows = np.searchsorted(ordered.genes, audit["gene"].to_numpy(dtype=str))
    columns = audit["term"].map(ordered.ontology.index).to_numpy(dtype=int)
    taught = audit["label"].to_numpy() == 1
    assert present[rows[taught], columns[taught]].all()
    assert absent[rows[~taught], columns[~taught]].all()
    np.testing.assert_allclose(audit["confidence"], sure[rows, columns], atol=1e-6)


def test_the_unlabelled_pool_is_used(dataset):
    parts = co_training(rounds=1, teacher="joint").get_params(deep=False)
    labelled = dataset.labelled.any(axis=1)
    probe = np.flatnonzero(~labelled)[:20]
    smaller = dataset.take(np.union1d(np.flatnonzero(labelled), probe))
    with_pool = Recorder(**parts).fit(dataset)
    without = Recorder(**parts).fit(smaller)
    # The sequence view takes the scale of its features from the pool; what it was taught makes the difference.
    taught, untaught = (
        np.abs(np.subtract(*(views[0].predict_proba(dataset)[probe] for views in pair))).mean()
        for pair in ((with_pool.pupils_, without.pupils_), (with_pool.views_, without.views_))
    )
    assert taught > 0.01
    assert taught > 3 * untaught


def test_a_pool_of_noise_does_no_harm_beyond_a_hundredth():
    losses = []
    for seed in range(3):
        dataset, truth = make_dataset(n_genes=240, seed=seed)
        visible = dataset.without_labels(np.random.default_rng(seed).random(dataset.n_genes) < 0.5)
        random = np.random.default_rng(seed)
        unlabelled = ~visible.labelled.any(axis=1)
        judged = np.flatnonzero(unlabelled)[::4]
        noise = unlabelled.copy()
        noise[judged] = False
        features = visible.sequence_features.copy()
        features[noise] = random.permuted(features, axis=0)[noise]
        places = np.arange(visible.n_genes)
        places[noise] = random.permutation(places[noise])  # each gets the edges of another
        networks = {name: csr_array(matrix[places][:, places]) for name, matrix in visible.networks.items()}
        noisy = replace(visible, sequence_features=features, networks=networks)
        full = replace(dataset, positive=csr_array(truth))
        quality = [
            quality_on(co_training(max_epochs=12, **given).fit(noisy).predict_proba(noisy), full, judged)
            for given in ({"rounds": 0}, {"rounds": 1, "teacher": "joint"})
        ]
        losses.append(quality[0] - quality[1])
    assert np.mean(losses) < 0.01
    assert max(losses) < 0.03


def test_in_tri_training_a_view_is_taught_what_both_others_would_teach(dataset):
    fitted = taught_to_the_end(dataset, rounds=1, teacher="agreement", third_view=EvidenceNetwork(max_epochs=12))
    assert [lesson.teacher for lesson in fitted.lessons_] == [
        "network and third",
        "sequence and third",
        "sequence and network",
    ]
    assert len(fitted.views_) == 3
    assert fitted.join_.calibrations[0, 1, 2].slopes.shape == (3, 3)  # all three make the prediction
    isolated = ~connected_genes(dataset)
    audit = fitted.audit()
    alone = set(audit.loc[audit["gene"].isin(dataset.genes[isolated]), "teacher"])
    assert alone <= {"sequence and third"}


@pytest.mark.parametrize(("teacher", "further"), [("joint", (3,)), ("agreement", ())])
def test_a_third_view_of_networks_has_no_say_about_genes_without_an_edge(teacher, further, dataset, monkeypatch):
    third, unconnected = GraphNetwork(max_epochs=6, hidden=8, n_components=4, seed=1), ~connected_genes(dataset)
    fitted = taught_to_the_end(dataset, rounds=1, teacher=teacher, third_view=third)
    assert set(fitted.join_.calibrations) == {(0, 1, 2, *further), (0, *further)}
    expected = fitted.predict_proba(dataset)
    genes = np.sort(dataset.genes)
    original = GraphNetwork.score

    def turned(named):
        """Let the third view say the opposite of some genes."""

        def score(self, learned, inputs):
            scores = original(self, learned, inputs)
            if self.seed == 1:
                rows = np.isin(genes, named)
                scores[rows] = 1.0 - scores[rows]
            return scores

        monkeypatch.setattr(GraphNetwork, "score", score)
        return fitted.predict_proba(dataset)

    assert unconnected.any()
    np.testing.assert_array_equal(turned(dataset.genes[unconnected]), expected)
    changed = (turned(dataset.genes[~unconnected]) != expected).any(axis=1)
    assert changed[~unconnected].mean() > 0.9
    assert not changed[unconnected].any()
    if teacher == "agreement":  # of these genes no two views speak
        assert not fitted.audit()["gene"].isin(dataset.genes[unconnected]).any()


def three_opinions():
    """Six genes without labels and four with, one term and one aspect; three views' probabilities of the six."""
    labelled = np.array([False] * 6 + [True] * 4)[:, None]
    positive = csr_array(np.array([[0]] * 6 + [[1], [1], [0], [0]], dtype=bool))
    genes = np.array([f"g{n}" for n in range(10)])
    supervision = Supervision.from_labels(genes, positive, labelled, np.zeros(1, np.intp))
    views = [(0.9, 0.8, 0.7, 0.3, 0.2, 0.1), (0.9, 0.2, 0.8, 0.7, 0.3, 0.1), (0.3, 0.9, 0.8, 0.7, 0.1, 0.2)]
    tables = [np.array([*view, 0, 0, 0, 0], dtype=np.float32)[:, None] for view in views]
    return supervision, tables, ontology_from_edges({"GO:1": ("a term", "biological_process")}, [])


def lessons_of_three(teacher, *, n_pupils=3):
    supervision, tables, ontology = three_opinions()
    everyone = np.ones(10, dtype=bool)
    enough = replace(supervision, positive=csr_array(np.array([[0]] * 6 + [[1], [1], [1], [0]], dtype=bool)))
    joint = np.mean(tables, axis=0).astype(np.float32)
    lessons = write_lessons(
        1,
        [joint] if teacher == "joint" else tables,
        [everyone] * (1 if teacher == "joint" else 3),
        ("a", "b", "c"),
        enough,
        ontology,
        teacher=teacher,
        n_pupils=n_pupils,
        quota=0.6,
    )
    return [np.flatnonzero(lesson.positive.toarray()).tolist() for lesson in lessons]


def test_lessons_of_three_views_equal_a_hand_count():
    # Three of four labelled genes have the term: frequency 3 / (4 + 1); of the genes above it round(0.6 * 0.6 * 6) = 2
    # are chosen: 0 and 1 by a, 0 and 2 by b, 1 and 2 by c.
    assert lessons_of_three("agreement") == [[2], [1], [0]]
    # Means of b and c: 0.6, 0.55, 0.8, 0.7, 0.2, 0.15; of a and c: 0.6, 0.85, 0.75, 0.5, ...; of a and b: 0.9, 0.5,
    # 0.75, 0.5, ...
    assert lessons_of_three("other") == [[2, 3], [1, 2], [0, 2]]
    # Joint means: 0.7, 0.633, 0.767, 0.567.
    assert lessons_of_three("joint") == [[0, 2]] * 3
    assert lessons_of_three("joint", n_pupils=2) == [[0, 2]] * 2


def test_a_network_named_similarity_stands_for_the_one_made_from_homology(dataset):
    named = replace(dataset, networks={"similarity": next(iter(dataset.networks.values()))})
    fitted = co_training(rounds=0, teacher="joint").fit(named)
    assert repr(fitted.views_[2]) == "LabelPropagation()"
    assert np.isfinite(fitted.predict_proba(named)).all()


def test_views_may_be_any_predictors(dataset, tmp_path):
    views = {"sequence_view": Homology(), "network_view": LabelPropagation()}
    fitted = CoTraining(**views, teacher="other").fit(dataset)
    scores = fitted.predict_proba(dataset)
    assert fitted.termination_condition_ in ("max_rounds", "worse")
    fitted.save(tmp_path / "model")
    loaded = CoTraining.load(tmp_path / "model")
    assert repr(loaded.network_view) == "LabelPropagation()"
    np.testing.assert_array_equal(loaded.predict_proba(dataset), scores)


def test_half_the_prediction_is_the_join_of_all_views_and_half_that_of_the_taught_ones_weighed_as_their_views(
    dataset, tmp_path
):
    fitted = taught_to_the_end(dataset, rounds=1, teacher="joint", third_view=LabelPropagation())
    ordered = dataset.take(np.argsort(dataset.genes))
    alone = LabelPropagation().fit(dataset)._predict(ordered)
    np.testing.assert_array_equal(fitted.views_[2]._predict(ordered), alone)
    scores = [view._predict(ordered) for view in fitted.views_]
    sequence, network = (pupil._predict(ordered) for pupil in fitted.pupils_)
    connected = connected_genes(ordered)
    assert 0 < (~connected).sum() < 12
    found, calibrations = fitted._predict(ordered), fitted.join_.calibrations
    assert set(calibrations) == {(0, 1, 2, 3), (0, 2, 3)}
    everyone = calibrations[0, 1, 2, 3].apply(scores)
    slopes = calibrations[0, 1, 2, 3].slopes[:, :2]
    shares = np.where(
        slopes.sum(axis=1, keepdims=True) > 0, slopes / np.maximum(slopes.sum(axis=1, keepdims=True), 1e-9), 0.5
    )
    first, second = shares[calibrations[0, 1, 2, 3].aspect_of_term].T
    taught = first * sequence + second * network
    np.testing.assert_allclose(found[connected], ((everyone + taught) / 2)[connected], atol=1e-6)
    others = calibrations[0, 2, 3].apply([scores[0], *scores[2:]])  # the network view says nothing of these genes
    np.testing.assert_allclose(found[~connected], ((others + sequence) / 2)[~connected], atol=1e-6)
    fitted.__class__ = CoTraining
    fitted.save(tmp_path / "model")
    loaded = CoTraining.load(tmp_path / "model")
    assert isinstance(loaded.third_view, LabelPropagation)
    assert len(loaded.pupils_) == 2
    np.testing.assert_array_equal(loaded.predict_proba(dataset), fitted.predict_proba(dataset))


def test_about_a_term_that_no_pupil_has_learned_the_join_has_the_only_say():
    dataset, _ = make_dataset(n_genes=240)
    ordered = dataset.take(np.argsort(dataset.genes))
    leaf = int(np.flatnonzero(np.asarray(ordered.ontology.parents.sum(axis=0)).ravel() == 0)[0])
    owners = np.flatnonzero(ordered.positive[:, [leaf]].toarray().ravel() & (ordered.split != 1))[:2]
    positive = ordered.positive.tolil()
    positive[:, leaf] = False
    positive[owners, leaf] = True  # fewer genes than a view needs to learn it, or a teacher to teach it
    rare = replace(ordered, positive=csr_array(ordered.ontology.propagate(csr_array(positive))))
    fitted = taught_to_the_end(rare, rounds=1, teacher="joint", min_genes=5, label_path=False)
    assert not any(pupil._predict(rare)[:, leaf].any() for pupil in fitted.pupils_)
    said = joined(fitted, rare)
    np.testing.assert_allclose(fitted._predict(rare)[:, leaf], said[:, leaf], atol=1e-6)
    assert (said[owners, leaf] > 0.5).all()


@pytest.mark.parametrize("pupil_epochs", [1, 3])
def test_taught_views_are_trained_a_multiple_of_the_epochs_of_untaught_ones(dataset, pupil_epochs):
    fitted = taught_to_the_end(dataset, rounds=1, teacher="joint", pupil_epochs=pupil_epochs)
    for view, pupil in zip(fitted.views_, fitted.pupils_):
        assert pupil.n_epochs_ == pupil_epochs * view.n_epochs_
    supervised = co_training().sequence_view.fit(dataset)
    np.testing.assert_array_equal(fitted.views_[0].predict_proba(dataset), supervised.predict_proba(dataset))


@pytest.mark.parametrize(("teacher", "n_views"), [("joint", 4), ("agreement", 3), ("other", 2)])
def test_by_default_labels_carried_along_and_a_regression_are_further_opinions(teacher, n_views):
    views = CoTraining(teacher=teacher, seed=3)._make_views(similarity=True)
    further = ["LabelPropagation(similarity=True)", "KernelRegression(seed=3)"]
    assert [repr(view) for view in views[2:]] == further[: n_views - 2]


def test_further_views_are_saved_and_read_in_their_places(dataset, tmp_path):
    given = {"third_view": Homology(), "fourth_view": LabelPropagation()}
    fitted = co_training(rounds=0, teacher="joint", **given).fit(dataset)
    fitted.save(tmp_path / "model")
    loaded = CoTraining.load(tmp_path / "model")
    assert [repr(view) for view in (loaded.third_view, loaded.fourth_view)] == ["Homology()", "LabelPropagation()"]
    np.testing.assert_array_equal(loaded.predict_proba(dataset), fitted.predict_proba(dataset))


def test_parameters_that_cannot_be_are_refused(dataset):
    with pytest.raises(InputError, match="teacher: found 'both', expected 'joint', 'other' or 'agreement'"):
        CoTraining(teacher="both").fit(dataset)
    with pytest.raises(InputError, match="fourth_view: found one without a third_view"):
        CoTraining(teacher="other", fourth_view=Homology()).fit(dataset)
