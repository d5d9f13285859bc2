"""The laws of GenePredictor, for every predictor of the registry."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from genessl.data.gene_names import GeneNames
from genessl.errors import InputError
from genessl.models.base import GenePredictor
from genessl.models.baselines import PermutedLabels
from genessl.models.reasons import log_odds
from genessl.predictors import PREDICTORS, check_parameters, make_predictor, parameter_names
from tests.conftest import make_dataset

QUICK = {"sequence_network": {"max_epochs": 12, "hidden": 32}, "graph_network": {"max_epochs": 12, "hidden": 16}}
VARIANTS = {
    "label_propagation learnt": ("label_propagation", {"weights": "learnt"}),
    "label_propagation learnt similarity": ("label_propagation", {"weights": "learnt", "similarity": True}),
    "graph_network n_layers": ("graph_network", {"n_layers": 2}),
    "graph_network similarity": ("graph_network", {"similarity": True}),
}


class Unreadable(GeneNames):
    """Names of genes that nobody may read, whichever genes are taken."""

    def __getattribute__(self, name):
        if name in ("symbols", "accessions", "descriptions"):
            raise AssertionError("read by a predictor")
        return super().__getattribute__(name)

    def __init__(self, symbols, accessions, descriptions):
        object.__setattr__(self, "n_genes", len(symbols))

    def __len__(self):
        return self.n_genes

    def take(self, rows):
        return Unreadable.none(len(rows))


NAMES = [*PREDICTORS, *VARIANTS, "permuted_labels"]


def make(name):
    if name == "permuted_labels":
        return PermutedLabels()
    if name == "co_training":
        views = {"sequence_view": make("sequence_network"), "network_view": make("graph_network")}
        return make_predictor(name, {**views, "rounds": 1})
    if name in ("correct_and_smooth", "self_training"):
        return make_predictor(name, {"predictor": make("sequence_network")})
    if name in (
        "mean_teacher",
        "fixmatch",
        "variational_autoencoder",
        "feature_matching",
        "positive_unlabelled",
        "pretrained",
    ):
        return make_predictor(name, {"view": make("sequence_network")})
    if name == "difficulty_diffusion":
        return make_predictor(name, {"view": make("sequence_network"), "n_updates": 50, "most": 40})
    if name == "rsmatch":
        return make_predictor(name, {"strategy": make("mean_teacher"), "rounds": 0, "threshold": 0.3})
    if name in VARIANTS:
        name, parameters = VARIANTS[name]
        return make_predictor(name, {**QUICK.get(name, {}), **parameters})
    return make_predictor(name, QUICK.get(name))


@pytest.fixture(scope="module")
def dataset():
    return make_dataset(domains=True, embeddings=True)[0]


@pytest.fixture(scope="module")
def fitted(dataset):
    return {name: make(name).fit(dataset) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
class TestEveryPredictor:
    def test_scores_lie_between_0_and_1_for_every_gene_isolated_ones_included(self, name, fitted, dataset):
        scores = fitted[name].predict_proba(dataset)
        assert scores.shape == (240, 18)
        assert scores.dtype == np.float32
        assert np.isfinite(scores).all()
        assert scores.min() >= 0 and scores.max() <= 1

    def test_a_parent_scores_at_least_its_child(self, name, fitted, dataset):
        scores = fitted[name].predict_proba(dataset)
        children, parents = dataset.ontology.parents.nonzero()
        assert len(children) == 18
        assert (scores[:, parents] >= scores[:, children]).all()

    def test_the_same_seed_gives_the_same_scores_and_no_name_of_a_gene_is_read(self, name, fitted, dataset):
        named = replace(dataset, names=Unreadable.none(dataset.n_genes))
        with pytest.raises(AssertionError, match="read by a predictor"):
            _ = named.names.symbols
        again = clone(make(name)).fit(named)
        np.testing.assert_array_equal(again.predict_proba(named), fitted[name].predict_proba(dataset))

    def test_the_order_of_genes_does_not_matter(self, name, fitted, dataset):
        order = np.random.default_rng(1).permutation(dataset.n_genes)
        shuffled = dataset.take(order)
        scores = make(name).fit(shuffled).predict_proba(shuffled)
        np.testing.assert_array_equal(scores, fitted[name].predict_proba(dataset)[order])

    def test_an_explanation_adds_up_to_the_log_odds_of_the_score(self, name, fitted, dataset):
        predictor = fitted[name]
        scores = predictor.predict_proba(dataset)
        places = {
            (row, place) for row in (0, 7, 100) for place in (2, int(scores[row].argmax()), int(scores[row].argmin()))
        }
        expected = {(str(dataset.genes[i]), dataset.ontology.terms[j]): log_odds(scores[i, j]) for i, j in places}
        told = predictor.explain_pairs(dataset, list(expected)).groupby(["gene", "term"])["contribution"].sum()
        assert {pair: told[pair] for pair in expected} == pytest.approx(expected, abs=1e-4)

    def test_saved_equals_loaded(self, name, fitted, dataset, tmp_path):
        fitted[name].save(tmp_path / "model")
        loaded = GenePredictor.load(tmp_path / "model")
        assert type(loaded) is type(fitted[name])
        np.testing.assert_array_equal(loaded.predict_proba(dataset), fitted[name].predict_proba(dataset))
        kinds = {file.suffix for file in (tmp_path / "model").rglob("*") if file.is_file()}
        assert kinds <= {".json", ".safetensors", ".gz"}

    def test_hidden_labels_do_not_matter(self, name):
        folded, truth = make_dataset(scheme="cross_validation", n_folds=4, domains=True, embeddings=True)
        held_out = np.flatnonzero(folded.split == 2)
        positive = folded.positive.toarray()
        positive[held_out] = np.random.default_rng(3).permutation(truth[held_out])
        other = replace(folded, positive=csr_array(positive))
        assert (other.positive != folded.positive).nnz
        scores = make(name).fit(folded.hide(2)).predict_proba(folded.hide(2))
        np.testing.assert_array_equal(make(name).fit(other.hide(2)).predict_proba(other.hide(2)), scores)

    def test_labels_of_the_dataset_to_predict_do_not_matter(self, name, fitted, dataset):
        bare = dataset.without_labels(np.ones(dataset.n_genes, dtype=bool))
        np.testing.assert_array_equal(fitted[name].predict_proba(bare), fitted[name].predict_proba(dataset))

    def test_unfitted_raises(self, name, dataset, tmp_path):
        with pytest.raises(NotFittedError, match="call fit first"):
            make(name).predict_proba(dataset)
        with pytest.raises(NotFittedError, match="call fit first"):
            make(name).save(tmp_path / "model")

    def test_other_columns_are_refused(self, name, fitted, dataset):
        kept = np.arange(dataset.n_terms - 1)
        sparse = ("positive", "negative", "electronic")
        narrower = replace(
            dataset,
            ontology=dataset.ontology.subset(kept),
            **{field: csr_array(getattr(dataset, field)[:, kept]) for field in sparse},
        )
        with pytest.raises(InputError, match="17 terms, expected the 18 terms"):
            fitted[name].predict_proba(narrower)

    def test_a_dataset_without_any_annotation_is_refused(self, name, dataset):
        bare = dataset.without_labels(np.ones(dataset.n_genes, dtype=bool))
        with pytest.raises(InputError, match="no experimental annotation"):
            make(name).fit(bare)


LEARNERS = sorted({*PREDICTORS, *VARIANTS} - {"term_frequency", "electronic_annotation"})


def precision_of_the_first_leaf_chosen(scores, truth, ontology, genes):
    """Share of genes whose best-scored leaf of each aspect is true."""
    return precision_of_choices(scores, truth, ontology, genes)[0]


def precision_of_choices(scores, truth, ontology, genes):
    """Share of genes whose best-scored leaf of each aspect is true, and the share expected if genes swap their choices.

    The second number is what the choices are worth without any knowledge of the genes: 0.42 if each leaf is chosen as
    often, and as much as the first number if one leaf is chosen for all, as by the term frequency.
    """
    hits, swapped = [], []
    for aspect in "PFC":
        leaves = [ontology.index[f"GO:{aspect}{leaf}"] for leaf in (4, 5, 6)]
        best = np.array(leaves)[scores[np.ix_(genes, leaves)].argmax(axis=1)]
        hits.append(truth[genes, best])
        swapped.append(truth[np.ix_(genes, best)].mean())
    return float(np.mean(hits)), float(np.mean(swapped))


@pytest.mark.parametrize("name", LEARNERS)
def test_a_predictor_learns_from_labels_and_nothing_from_permuted_ones(name):
    dataset, truth = make_dataset(n_genes=480, domains=True, embeddings=name == "embedding_neighbours")
    unlabelled = np.flatnonzero(np.diff(dataset.positive.indptr) == 0)
    learned = precision_of_the_first_leaf_chosen(
        make(name).fit(dataset).predict_proba(dataset), truth, dataset.ontology, unlabelled
    )
    frequency = make("term_frequency").fit(dataset).predict_proba(dataset)
    naive, swapped = precision_of_choices(frequency, truth, dataset.ontology, unlabelled)
    assert naive == pytest.approx(swapped)
    controls = []
    for seed in range(5):
        rows = np.arange(dataset.n_genes)
        labelled = np.flatnonzero(np.diff(dataset.positive.indptr))
        rows[labelled] = np.random.default_rng(seed).permutation(labelled)
        permuted = replace(dataset, positive=csr_array(dataset.positive[rows]))
        scores = make(name).fit(permuted).predict_proba(dataset)
        controls.append(precision_of_choices(scores, truth, dataset.ontology, unlabelled))
    assert learned > naive + 0.05
    assert learned < 0.99
    # By chance the unlabelled genes have another leaf most often than the labelled ones (0.59 against 0.51), so that a
    # predictor that knows nothing of the genes may surpass the term frequency, by choosing that leaf for some.
    found, by_chance = np.mean(controls, axis=0)
    assert found < by_chance + 0.03


def test_the_predictors_of_the_contract_are_all_registered():
    assert list(PREDICTORS) == [
        "term_frequency",
        "homology",
        "domain_neighbours",
        "embedding_neighbours",
        "network_neighbours",
        "label_propagation",
        "kernel_regression",
        "electronic_annotation",
        "sequence_network",
        "graph_network",
        "electronic_trust",
        "evidence_network",
        "co_training",
        "combined",
        "self_training",
        "mean_teacher",
        "fixmatch",
        "variational_autoencoder",
        "feature_matching",
        "label_spreading",
        "function_diffusion",
        "correct_and_smooth",
        "positive_unlabelled",
        "pretrained",
        "difficulty_diffusion",
        "rsmatch",
        "scikit_view",
    ]


@pytest.mark.parametrize("name", PREDICTORS)
def test_parameter_names_read_from_the_source_are_those_of_the_class(name):
    assert set(parameter_names(name)) == set(make_predictor(name).get_params(deep=False))


def test_a_strategy_takes_the_models_that_it_owns_by_name():
    made = make_predictor(
        "co_training", {"sequence_view": {"sequence_network": {"hidden": 7}}, "network_view": "graph_network"}, seed=3
    )
    assert repr(made.sequence_view) == "SequenceNetwork(hidden=7, seed=3)"
    assert repr(made.network_view) == "GraphNetwork(seed=3)"
    with pytest.raises(InputError, match="no model 'graph_netwrok', did you mean 'graph_network'"):
        check_parameters("co_training", {"network_view": "graph_netwrok"})
    with pytest.raises(InputError, match="graph_network has no parameter 'hiden', did you mean 'hidden'"):
        check_parameters("co_training", {"network_view": {"graph_network": {"hiden": 2}}})
    with pytest.raises(InputError, match="as network_view, expected a model's name, or the name and its parameters"):
        check_parameters("co_training", {"network_view": {"graph_network": 2}})


def test_a_misspelt_parameter_or_model_is_refused_with_the_nearest_name():
    with pytest.raises(InputError, match="homology has no parameter 'k'; expected none"):
        check_parameters("homology", {"k": 5})
    with pytest.raises(InputError, match="no parameter 'restrat', did you mean 'restart'"):
        check_parameters("label_propagation", {"restrat": 0.5})
    with pytest.raises(InputError, match="no model 'co_trainig', did you mean 'co_training'"):
        check_parameters("co_trainig", {})


@pytest.mark.parametrize(
    ("name", "parameters", "sentence"),
    [
        ("label_propagation", {"restart": 0}, r"restart: found 0, expected a number in \(0"),
        ("kernel_regression", {"ridge": 0}, r"ridge: found 0, expected a number in \[0.01"),
        ("sequence_network", {"hidden": "big"}, "hidden: found 'big', expected a whole number of at least 1"),
        ("sequence_network", {"device": "tpu"}, "device: found 'tpu', expected 'auto', 'cpu' or 'cuda'"),
        ("graph_network", {"hidden": 1.5}, "hidden: found 1.5, expected a whole number of at least 1"),
        ("graph_network", {"seed": -1}, "seed: found -1, expected a whole number of at least 0"),
        ("co_training", {"rounds": 1.5}, "rounds: found 1.5, expected a whole number of at least 0"),
        ("graph_network", {"node_features": "all"}, "node_features: found 'all'"),
        ("co_training", {"quota": 2}, r"quota: found 2, expected a number in \(0"),
        ("co_training", {"teacher": "none"}, "teacher: found 'none', expected 'joint', 'other' or 'agreement'"),
        ("co_training", {"sequence_view": 3}, "sequence_view: found 3, expected a predictor of genessl or None"),
    ],
)
def test_a_parameter_out_of_range_is_refused_in_one_sentence(name, parameters, sentence, dataset):
    with pytest.raises(InputError, match=sentence):
        make_predictor(name, parameters).fit(dataset)


def test_a_saved_predictor_of_another_package_is_not_imported(fitted, tmp_path):
    fitted["term_frequency"].save(tmp_path / "model")
    description = tmp_path / "model" / "predictor.json"
    changed = {**json.loads(description.read_text()), "module": "os.path"}
    description.write_text(json.dumps(changed))
    with pytest.raises(InputError, match=r"expected a predictor of genessl, found os\.path"):
        GenePredictor.load(tmp_path / "model")
    with pytest.raises(InputError, match=r"found no predictor\.json"):
        GenePredictor.load(tmp_path / "nothing")


@pytest.mark.parametrize("file", ["predictor.json", "state.safetensors"])
def test_a_damaged_predictor_is_named_in_one_sentence(fitted, tmp_path, file):
    fitted["term_frequency"].save(tmp_path / "model")
    (tmp_path / "model" / file).write_bytes((tmp_path / "model" / file).read_bytes()[:20])
    with pytest.raises(InputError, match="the saved predictor is damaged"):
        GenePredictor.load(tmp_path / "model")


def test_a_predictor_saved_by_another_version_is_refused_in_one_sentence(fitted, tmp_path):
    fitted["co_training"].save(tmp_path / "model")
    description = tmp_path / "model" / "predictor.json"
    content = json.loads(description.read_text())
    del content["facts"]["owned"]
    description.write_text(json.dumps(content))
    with pytest.raises(InputError, match="the saved predictor has no 'owned'; train the model again"):
        GenePredictor.load(tmp_path / "model")
