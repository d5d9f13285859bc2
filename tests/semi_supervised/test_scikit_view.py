import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.cluster import KMeans
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler
from sklearn.svm import LinearSVC

from genessl.errors import InputError
from genessl.models.base import GenePredictor
from genessl.models.baselines import TermFrequency
from genessl.models.neural.graph_network import GraphNetwork
from genessl.models.neural.sequence_network import SequenceNetwork
from genessl.models.supervision import Supervision
from genessl.predictors import make_predictor
from genessl.semi_supervised.estimator_description import describe, rebuild
from genessl.semi_supervised.pseudo_labels.self_training import SelfTraining
from genessl.semi_supervised.scikit_view import ScikitView
from genessl.semi_supervised.weighted_fit import fit_weighted, weight_parameter
from tests.conftest import make_dataset

VIEWS = {
    "default": {},
    "network": {"features": "network", "n_components": 8},
    "forest": {"classifier": RandomForestClassifier(n_estimators=8, max_features="sqrt")},
    "neighbours": {"classifier": KNeighborsClassifier(15)},
    "perceptron": {"classifier": MLPClassifier((8,), solver="lbfgs", max_iter=20, tol=1.0)},
    "margin": {"classifier": make_pipeline(MinMaxScaler((-1, 1)), LinearSVC(C=0.1, class_weight={0: 1.0, 1: 2.0}))},
}
NAMES = list(VIEWS)


class Spy(ClassifierMixin, BaseEstimator):
    """A classifier that writes down what it was fitted on, and gives 0.5 to everything."""

    seen: list = []  # noqa: RUF012

    def fit(self, X, y, sample_weight=None):
        self.seen.append((len(X), y.tolist(), None if sample_weight is None else sample_weight.tolist()))
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        return np.full((len(X), 2), 0.5)


class Weightless(Spy):
    def fit(self, X, y):
        return super().fit(X, y)


def view(name, **parameters):
    return clone(ScikitView(**VIEWS[name], **parameters))


@pytest.fixture(scope="module")
def fitted(dataset):
    return {name: view(name).fit(dataset) for name in NAMES}


@pytest.fixture(autouse=True)
def forgotten():
    Spy.seen.clear()


@pytest.mark.parametrize("name", NAMES)
class TestEveryClassifier:
    def test_its_scores_are_probabilities(self, name, fitted, dataset):
        made = fitted[name]
        scores = made.score(made.fitted_, made.prepare(dataset.by_name[0], like=made.fitted_.preparation))
        assert scores.dtype == np.float32 and np.isfinite(scores).all()
        assert scores.min() >= 0 and scores.max() <= 1

    def test_saved_equals_loaded(self, name, fitted, dataset, tmp_path):
        fitted[name].save(tmp_path / "model")
        loaded = GenePredictor.load(tmp_path / "model")
        np.testing.assert_array_equal(loaded.predict_proba(dataset), fitted[name].predict_proba(dataset))
        assert repr(loaded) == repr(fitted[name])
        assert {file.suffix for file in (tmp_path / "model").iterdir()} == {".json", ".safetensors"}

    def test_neither_chance_nor_the_order_of_genes_matters(self, name, fitted, dataset):
        order = np.random.default_rng(1).permutation(dataset.n_genes)
        shuffled = dataset.take(order)
        scores = view(name).fit(shuffled).predict_proba(shuffled)
        np.testing.assert_array_equal(scores, fitted[name].predict_proba(dataset)[order])


def test_electronic_annotations_are_not_read(fitted, dataset):
    other = replace(dataset, electronic=csr_array(~dataset.electronic.toarray()))
    scores = ScikitView().fit(other).predict_proba(other)
    np.testing.assert_array_equal(scores, fitted["default"].predict_proba(dataset))


def taught_scores(made, dataset, supervision):
    """Return the scores of a view that has learned a supervision, before the ontology is heeded."""
    inputs = made.prepare(dataset)
    return made.score(made.learn(inputs, supervision), inputs)


@pytest.mark.parametrize("classifier", [LogisticRegression(C=0.01, max_iter=1000), KNeighborsClassifier(15)])
def test_each_term_is_what_scikit_learn_fits_on_the_genes_labelled_in_its_aspect(classifier, dataset):
    """Fitted by hand, term by term: so a classifier that learns the terms together learns them as if alone."""
    made = ScikitView(classifier=classifier).fit(dataset)
    assert len(made.fitted_.classifiers) == (15 if isinstance(classifier, LogisticRegression) else 3)
    features = dataset.sequence_features
    standard = ((features - features.mean(axis=0)) / features.std(axis=0)).astype(np.float32)
    expected = np.zeros((dataset.n_genes, dataset.n_terms))
    positive = dataset.positive.toarray()
    for column in range(dataset.n_terms):
        genes = dataset.labelled[:, dataset.aspects.index(dataset.ontology.aspects[column])]
        having = positive[genes, column]
        if having.all():
            expected[:, column] = having.sum() / (having.sum() + 1)
        else:
            one = clone(classifier).fit(standard[genes], having)
            expected[:, column] = one.predict_proba(standard)[:, 1]
    expected = dataset.ontology.propagate_scores(expected.astype(np.float32))
    np.testing.assert_allclose(made.predict_proba(dataset), expected, atol=2e-3)
    assert np.abs(made.predict_proba(dataset) - expected).mean() < 1e-4


def test_a_margin_becomes_a_probability_by_the_logistic_function(dataset):
    made = ScikitView(classifier=RidgeClassifier()).fit(dataset)
    ordered = dataset.take(np.argsort(dataset.genes))
    part = made.fitted_.classifiers[0]
    margins = part.classifier.decision_function(made.prepare(ordered).features)
    columns = made.fitted_.columns[part.columns]
    assert len(columns) == 5
    np.testing.assert_allclose(made._predict(ordered)[:, columns], 1 / (1 + np.exp(-margins)), rtol=1e-5)


def test_a_term_that_all_have_scores_its_frequency_and_a_rare_one_nothing(dataset):
    n_labelled = int((np.diff(dataset.positive.indptr) > 0).sum())
    n_positive = np.asarray(dataset.positive.sum(axis=0)).ravel()
    universal = n_positive == n_labelled
    assert universal.sum() == 3
    least = int(np.median(n_positive))
    scores = ScikitView(min_genes=least).fit(dataset)._predict(dataset.take(np.argsort(dataset.genes)))
    np.testing.assert_allclose(scores[:, universal], n_labelled / (n_labelled + 1), rtol=1e-6)
    rare = n_positive < least
    assert rare.any() and not scores[:, rare].any() and scores[:, ~rare].all()
    with pytest.raises(InputError, match="min_genes: no term has 1000 genes"):
        ScikitView(min_genes=1000).fit(dataset)


def test_the_features_are_those_of_the_neural_views(dataset):
    own = SequenceNetwork(device="cpu").prepare(dataset).features.numpy()
    np.testing.assert_array_equal(ScikitView().prepare(dataset).features, own)
    nodes = GraphNetwork(n_components=8, seed=4, device="cpu").prepare(dataset).features.numpy()
    found = ScikitView(features="network", n_components=8, seed=4).prepare(dataset)
    np.testing.assert_array_equal(found.features, nodes)


def test_a_gene_known_to_lack_a_term_is_learned_from_though_it_has_no_label(dataset):
    unlabelled = int(np.flatnonzero(np.diff(dataset.positive.indptr) == 0)[0])
    known = np.zeros(dataset.positive.shape, dtype=bool)
    known[unlabelled, dataset.ontology.index["GO:P6"]] = True
    n_labelled = int((np.diff(dataset.positive.indptr) > 0).sum())
    supervision = replace(Supervision.of(dataset), negative=csr_array(known))
    taught = supervision.teach(csr_array(known), csr_array(known.shape, dtype=bool), 0.0)
    inputs = ScikitView().prepare(dataset)
    ScikitView(classifier=Spy()).learn(inputs, taught)
    assert sorted(count for count, _, _ in Spy.seen) == [n_labelled] * 14 + [n_labelled + 1]
    together = ScikitView(classifier=KNeighborsClassifier()).learn(inputs, taught).classifiers
    assert sorted(len(part.columns) for part in together) == [1, 4, 5, 5]  # only terms of the same genes


def lesson(dataset, rows):
    """Teach some genes one term and its parents, and the others of the aspect as lacking."""
    taught = np.zeros(dataset.positive.shape, dtype=bool)
    taught[np.ix_(rows, [dataset.ontology.index[f"GO:P{number}"] for number in (1, 2, 4)])] = True
    absent = np.zeros_like(taught)
    absent[np.ix_(rows, [dataset.ontology.index[f"GO:P{number}"] for number in (3, 5, 6)])] = True
    return csr_array(taught), csr_array(absent)


@pytest.fixture(scope="module")
def unlabelled(dataset):
    return np.flatnonzero(np.diff(dataset.positive.indptr) == 0)[:20]


@pytest.mark.parametrize("name", ["default", "neighbours"])
def test_zero_weight_equals_the_supervised_fit_and_more_does_not(name, dataset, unlabelled):
    supervision, made = Supervision.of(dataset), view(name)
    scores = [
        taught_scores(made, dataset, supervision.teach(*lesson(dataset, unlabelled), weight)) for weight in (0.0, 0.3)
    ]
    np.testing.assert_array_equal(scores[0], taught_scores(made, dataset, supervision))
    changed = np.abs(scores[1] - scores[0]).max(axis=0) > 0.01
    aspects = {dataset.ontology.aspects[column] for column in np.flatnonzero(changed)}
    assert aspects == {"BPO"}


def test_experimental_labels_never_change(dataset):
    labelled = np.flatnonzero(dataset.labelled.any(axis=1))
    supervision = Supervision.of(dataset)
    plain = taught_scores(ScikitView(), dataset, supervision)
    taught = taught_scores(ScikitView(), dataset, supervision.teach(*lesson(dataset, labelled), 1.0))
    np.testing.assert_array_equal(taught, plain)


def test_a_taught_label_counts_with_its_weight_where_the_classifier_takes_one(dataset, unlabelled, caplog):
    supervision = Supervision.of(dataset).teach(*lesson(dataset, unlabelled), 0.3)
    n_labelled, inputs = int(dataset.labelled.any(axis=1).sum()), ScikitView().prepare(dataset)
    for classifier in (Spy(), make_pipeline(StandardScaler(), Spy())):
        Spy.seen.clear()
        ScikitView(classifier=classifier).learn(inputs, supervision)
        weights = [given for _, _, given in Spy.seen if given is not None]
        assert len(weights) == len(Spy.seen) - 10 == 5  # the terms of one aspect, but for the one that all have
        for given in weights:
            np.testing.assert_allclose(sorted(given), [0.3] * 20 + [1.0] * n_labelled, rtol=1e-6)
        assert not caplog.messages
    ScikitView(classifier=Weightless()).learn(inputs, supervision)
    assert caplog.messages == ["ScikitView: Weightless takes no weights; taught labels count fully"]


def test_saving_keeps_taught_labels_and_the_classifier_as_it_was_fitted(dataset, tmp_path):
    ordered, _ = dataset.by_name
    unlabelled = np.flatnonzero(np.diff(ordered.positive.indptr) == 0)[:20]
    made = ScikitView(classifier=LogisticRegression(C=0.1))
    plain = made.fit(dataset).predict_proba(dataset)
    taught = Supervision.of(ordered).teach(*lesson(ordered, unlabelled), 0.3)
    made = made.with_fitted(made.learn(made.prepare(ordered), taught), dataset.ontology.terms)
    scores = made.predict_proba(dataset)
    assert np.abs(scores - plain).max() > 0.01
    made.set_params(classifier__C=100.0).save(tmp_path / "model")
    loaded = ScikitView.load(tmp_path / "model")
    assert loaded.classifier.C == 0.1
    np.testing.assert_array_equal(loaded.predict_proba(dataset), scores)


def test_the_seed_is_given_to_a_random_state_that_is_not_set(dataset):
    free, fixed = (RandomForestClassifier(4, random_state=state) for state in (None, 5))
    scores = [
        ScikitView(classifier=forest, seed=seed).fit(dataset).predict_proba(dataset)
        for forest, seed in ((free, 5), (fixed, 0), (free, 0))
    ]
    np.testing.assert_array_equal(scores[0], scores[1])
    assert (scores[0] != scores[2]).any()
    nested = ScikitView(classifier=make_pipeline(StandardScaler(), LinearSVC()), seed=7)
    assert nested._seeded_classifier(describe(nested.classifier, "classifier"))[-1].random_state == 7
    assert free.random_state is None


def precision_of_the_first_leaf(scores, dataset, truth, genes):
    hits = []
    for aspect in "PFC":
        leaves = [dataset.ontology.index[f"GO:{aspect}{leaf}"] for leaf in (4, 5, 6)]
        best = np.array(leaves)[scores[np.ix_(genes, leaves)].argmax(axis=1)]
        hits.append(truth[genes, best])
    return float(np.mean(hits))


@pytest.mark.parametrize("name", ["default", "network", "forest"])
def test_a_view_learns_from_labels_and_nothing_from_permuted_ones(name):
    dataset, truth = make_dataset(n_genes=480)
    unlabelled = np.flatnonzero(np.diff(dataset.positive.indptr) == 0)

    def precision(predictor, labels):
        scores = predictor.fit(labels).predict_proba(dataset)
        return precision_of_the_first_leaf(scores, dataset, truth, unlabelled)

    naive = precision(TermFrequency(), dataset)
    controls = []
    for seed in range(3):
        rows, labelled = np.arange(dataset.n_genes), np.flatnonzero(np.diff(dataset.positive.indptr))
        rows[labelled] = np.random.default_rng(seed).permutation(labelled)
        controls.append(precision(view(name), replace(dataset, positive=csr_array(dataset.positive[rows]))))
    assert precision(view(name), dataset) > naive + 0.15
    assert np.mean(controls) < naive + 0.03


def test_self_training_can_own_any_classifier(dataset, tmp_path):
    made = SelfTraining(predictor=ScikitView(classifier=GaussianNB()), rounds=1).fit(dataset)
    zero = SelfTraining(predictor=ScikitView(classifier=GaussianNB()), rounds=0).fit(dataset)
    alone = ScikitView(classifier=GaussianNB()).fit(dataset)
    np.testing.assert_array_equal(zero.predict_proba(dataset), alone.predict_proba(dataset))
    made.save(tmp_path / "model")
    loaded = GenePredictor.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.predict_proba(dataset), made.predict_proba(dataset))
    assert repr(loaded.predictor) == "ScikitView(classifier=GaussianNB())"


def local_class():
    class Local(Spy):
        pass

    return Local()


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"features": "both"}, "features: found 'both', expected 'sequence' or 'network'"),
        ({"min_genes": 0}, "min_genes: found 0, expected a whole number of at least 1"),
        ({"n_components": 0}, "n_components: found 0, expected a whole number of at least 1"),
        ({"seed": -1}, "seed: found -1, expected a whole number of at least 0"),
        ({"classifier": "svm"}, "classifier: found 'svm', expected a scikit-learn classifier"),
        ({"classifier": KMeans()}, r"classifier: found KMeans\(\), expected a scikit-learn classifier"),
        ({"classifier": GaussianNB}, "classifier: found <class .*GaussianNB'>, expected a scikit-learn classifier"),
        ({"classifier": SequenceNetwork()}, r"classifier: found SequenceNetwork\(\), expected a scikit-learn"),
        ({"classifier": local_class()}, "found the class local_class.<locals>.Local, which cannot be imported"),
        (
            {"classifier": make_pipeline(FunctionTransformer(np.log1p), GaussianNB())},
            "classifier: steps: func: found <ufunc 'log1p'>, which cannot be saved as JSON, expected a number",
        ),
        (
            {"classifier": RandomForestClassifier(random_state=np.random.RandomState(0))},
            "classifier: random_state: found RandomState.*, which cannot be saved as JSON",
        ),
    ],
)
def test_a_parameter_out_of_range_is_refused_in_one_sentence(parameters, sentence, dataset):
    with pytest.raises(InputError, match=sentence):
        ScikitView(**parameters).fit(dataset)


def test_other_features_are_refused(fitted, dataset):
    narrow = replace(dataset, sequence_features=dataset.sequence_features[:, :5], feature_names=tuple("abcde"))
    with pytest.raises(InputError, match="found 5 features, with a, b, c, …, expected the 12 features that the pred"):
        fitted["default"].predict_proba(narrow)


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("subprocess.Popen", "found subprocess.Popen, expected the class of a scikit-learn estimator"),
        ("sklearn.base.clone", r"found sklearn.base.clone, expected the class of a scikit-learn estimator"),
        ("sklearn.svm.LinearSCV", "found sklearn.svm.LinearSCV, expected the class of a scikit-learn estimator"),
        ("sklearn.swm.SVC", "found sklearn.swm.SVC, which the installed scikit-learn does not have"),
        ("antigravity.SVC", "expected a class of scikit-learn or of a module imported before; import antigravity"),
    ],
)
def test_loading_makes_nothing_but_estimators_and_imports_nothing_but_scikit_learn(
    path, sentence, fitted, dataset, tmp_path
):
    fitted["forest"].save(tmp_path / "model")
    file = tmp_path / "model" / "predictor.json"
    description = json.loads(file.read_text())
    description["facts"]["classifier"] = {"class": path, "parameters": {}}
    file.write_text(json.dumps(description))
    with pytest.raises(InputError, match=sentence):
        GenePredictor.load(tmp_path / "model")


def test_another_release_of_scikit_learn_is_told(fitted, tmp_path, caplog):
    fitted["neighbours"].save(tmp_path / "model")
    file = tmp_path / "model" / "predictor.json"
    description = json.loads(file.read_text())
    description["facts"]["scikit_learn"] = "0.1"
    file.write_text(json.dumps(description))
    GenePredictor.load(tmp_path / "model")
    assert "saved with scikit-learn 0.1, fitted again by another" in caplog.text


def test_an_estimator_comes_back_from_json_as_it_was():
    given = make_pipeline(
        MinMaxScaler((-1, 1)), MLPClassifier((8, 4), alpha=np.float64(0.5)), memory=None, verbose=True
    )
    given.steps.append(("last", LogisticRegression(class_weight={0: 1.0, 1: [2]}, C=float("inf"))))
    back = rebuild(json.loads(json.dumps(describe(given, "classifier"))))
    assert repr(back) == repr(given.set_params(mlpclassifier__alpha=0.5))
    assert back.get_params()["minmaxscaler__feature_range"] == (-1, 1)
    assert back.get_params()["last__class_weight"] == {0: 1.0, 1: [2]}


def test_samples_without_weight_are_left_out_of_a_fit():
    features, labels = np.arange(4.0)[:, None], np.array([0, 1, 1, 0])
    fit_weighted(Weightless(), features, labels, np.array([1.0, 0.0, 0.5, 1.0]))
    fit_weighted(Spy(), features, labels, np.array([1.0, 0.0, 0.5, 1.0]))
    fit_weighted(Spy(), features, labels, np.array([1.0, 0.0, 1.0, 1.0]))
    assert Spy.seen == [(3, [0, 1, 0], None), (3, [0, 1, 0], [1.0, 0.5, 1.0]), (3, [0, 1, 0], None)]
    assert weight_parameter(make_pipeline(StandardScaler(), make_pipeline(Spy()))) == "pipeline__spy__sample_weight"
    assert weight_parameter(make_pipeline(StandardScaler(), KNeighborsClassifier())) is None


@pytest.mark.parametrize(
    ("named", "meant"),
    [
        ("sklearn.naive_bayes.GaussianNB", GaussianNB()),
        ({"sklearn.linear_model.LogisticRegression": {"C": 0.1}}, LogisticRegression(C=0.1)),
    ],
)
def test_a_configuration_names_a_classifier_by_its_class_and_parameters(named, meant, dataset, tmp_path):
    expected = ScikitView(classifier=meant).fit(dataset).predict_proba(dataset)
    found = make_predictor("scikit_view", {"classifier": named}).fit(dataset)
    np.testing.assert_array_equal(found.predict_proba(dataset), expected)
    found.save(tmp_path / "model")
    np.testing.assert_array_equal(GenePredictor.load(tmp_path / "model").predict_proba(dataset), expected)


@pytest.mark.parametrize(
    ("named", "sentence"),
    [
        ("RandomForest", "found 'RandomForest', expected a scikit-learn classifier with its module"),
        ("sklearn.ensemble.RandomTree", "found sklearn.ensemble.RandomTree, expected the class"),
        ("sklearn.nothing.Classifier", "found sklearn.nothing.Classifier, which the installed scikit-learn does not"),
        ("os.system", "found os.system, expected the class of a scikit-learn estimator"),
        ("sklearn.cluster.KMeans", "expected a scikit-learn classifier"),
        ({"sklearn.svm.LinearSVC": {"c": 1.0}}, "sklearn.svm.LinearSVC has no parameter 'c'; expected one of C, "),
        ({"sklearn.svm.LinearSVC": {"C": -1.0}}, "The 'C' parameter of LinearSVC must be a float"),
        ({"sklearn.svm.LinearSVC": 1.0}, "expected a class of scikit-learn, or the class and parameters"),
    ],
)
def test_a_name_that_is_no_classifier_is_refused_in_one_sentence(named, sentence, dataset):
    with pytest.raises(InputError, match="classifier: ") as caught:
        ScikitView(classifier=named).fit(dataset)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
