"""Combined: no gene is judged by what its own labels told, known terms stay, and the whole beats its members."""

import copy
import logging
from dataclasses import replace
from itertools import chain

import numpy as np
import pytest
from scipy.sparse import csr_array

from genessl.data.dataset import GeneDataset
from genessl.data.ontology import ontology_from_edges
from genessl.data.references import References
from genessl.errors import InputError
from genessl.evaluation.metrics import evaluate
from genessl.models.base import GenePredictor
from genessl.models.baselines import TermFrequency
from genessl.models.supervision import Supervision
from genessl.semi_supervised.stacking import combined as module
from genessl.semi_supervised.stacking import judges, pair_network
from genessl.semi_supervised.stacking.combined import Combined
from genessl.semi_supervised.stacking.members import MEMBERS, usual_members
from genessl.semi_supervised.stacking.pair_features import withhold_terms
from genessl.semi_supervised.stacking.pair_network import PairNetwork
from tests.conftest import make_dataset

CHEAP = ["homology", "network_neighbours", "label_propagation", "electronic_trust"]
NEURAL = ["sequence_network", "graph_network", "evidence_network"]


def area(scores, truth):
    """Probability that a true pair scores above a false one, ties counting half (Mann and Whitney)."""
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    n_true = truth.sum()
    return (ranks[truth].sum() - n_true * (n_true + 1) / 2) / (n_true * (len(truth) - n_true))


def with_noise_labels(dataset, seed=0):
    """Give each labelled gene the labels of another one: they tell nothing of the gene."""
    rows = np.arange(dataset.n_genes)
    labelled = np.flatnonzero(np.diff(dataset.positive.indptr))
    rows[labelled] = np.random.default_rng(seed).permutation(labelled)
    return replace(dataset, positive=csr_array(dataset.positive[rows]))


def sorted_by_gene(dataset):
    return dataset.take(np.argsort(dataset.genes))


@pytest.fixture(scope="module", autouse=True)
def quick_judges():
    """Train the judges in few steps, which is enough for so few pairs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pair_network, "_FEWEST_STEPS", 40)
        yield


@pytest.fixture(scope="module")
def dataset():
    return sorted_by_gene(make_dataset(domains=True)[0])


@pytest.fixture(scope="module")
def fitted(dataset):
    return Combined(members=CHEAP).fit(dataset)


# -------------------------------------------------------------------------------------- no leak


def within_terms(features, truth, n_scores):
    """For the logit of each member and of their join the area under the curve within the terms of one frequency.

    Also return the true pairs of these terms.
    """
    n_scores += 1
    frequency = np.round(features[:, n_scores + 2], 6)
    found, weights = [], []
    for value in np.unique(frequency):
        chosen = frequency == value
        n_true = truth[chosen].sum()
        if 10 <= n_true <= chosen.sum() - 10:
            found.append([area(features[chosen, k], truth[chosen]) for k in range(n_scores)])
            weights.append(n_true)
    return found, weights


@pytest.fixture
def judged(monkeypatch):
    """What each judge is trained on: features and truth, in order of the judges."""
    seen = []

    class Recorder(PairNetwork):
        def fit(self, features, truth):
            seen.append((features.copy(), truth.copy()))
            return super().fit(features, truth)

    monkeypatch.setattr(judges, "PairNetwork", Recorder)
    return seen


def leak(judged, n_scores, least=300):
    """Mean area under the curve of each member against labels that tell nothing of the genes; 0.5 without a leak."""
    parts = [within_terms(features, truth, n_scores) for features, truth in judged]
    areas, weights = (list(chain.from_iterable(part)) for part in zip(*parts))
    assert sum(weights) > least
    return np.average(areas, axis=0, weights=weights)


@pytest.mark.parametrize("members", [CHEAP, NEURAL])
def test_no_member_tells_the_judges_a_genes_own_noise_labels(judged, members):
    areas = []
    for seed in range(2 if members is CHEAP else 1):
        judged.clear()
        noisy = with_noise_labels(make_dataset(n_genes=480, seed=seed)[0], seed)
        Combined(members=members, device="cpu").fit(noisy)
        areas.append(leak(judged, len(members) + (2 if members is NEURAL else 0)))
    assert np.mean(areas, axis=0).max() < 0.56
    # A fold without a gene's labels has slightly fewer of its terms, which can only lower the area.
    assert np.mean(areas, axis=0).min() > 0.35


def test_no_member_tells_the_judges_of_partly_known_genes_their_own_noise_labels(judged):
    fitted = Combined(members=["network_neighbours", "label_propagation"]).fit(with_noise_labels(processes(2700)[0]))
    assert list(fitted.judges_.networks) == ["BPO first", "BPO more"]
    assert leak(judged[:1], 2).max() < 0.54
    assert leak(judged[1:], 2).max() < 0.54


def test_the_same_check_finds_members_that_have_seen_the_labels(judged, monkeypatch):
    whole = module.join_folds
    monkeypatch.setattr(module, "join_folds", lambda scores, fold, seen: whole(scores, fold, np.zeros_like(seen)))
    Combined(members=["label_propagation", "sequence_network"], device="cpu").fit(
        with_noise_labels(make_dataset(n_genes=480)[0])
    )
    assert leak(judged, 3).min() > 0.6


def test_members_do_not_score_a_gene_otherwise_when_its_own_labels_change(dataset, fitted):
    # Gene g keeps an annotation in every aspect, so that it stays labelled and in its fold.
    own = np.flatnonzero(np.diff(dataset.positive.indptr))
    for gene in (own[0], own[-1]):
        positive = dataset.positive.toarray()
        positive[gene] = positive[next(k for k in own if (positive[k] != positive[gene]).any())]
        other = replace(dataset, positive=csr_array(positive))
        again = Combined(members=CHEAP).fit(other)
        np.testing.assert_array_equal(again.fold_, fitted.fold_)
        before, after = fitted.member_scores(dataset), again.member_scores(dataset)
        for name in CHEAP:
            np.testing.assert_array_equal(after[name][gene], before[name][gene])
        # Negative control: its neighbours are scored otherwise.
        assert any((after[name] != before[name]).any() for name in CHEAP)


def test_members_scores_while_predicting_are_those_that_the_judges_learned_from(dataset, judged):
    fitted = Combined(members=CHEAP).fit(dataset)
    columns = fitted.judges_.labels.columns(0)
    labelled = Supervision.of(dataset).labelled[:, 0]
    tables = fitted.member_scores(dataset)
    first, _ = judged[0]
    assert next(iter(fitted.judges_.networks)) == "BPO first"
    for position, name in enumerate(CHEAP):
        values = tables[name][np.ix_(np.flatnonzero(labelled), columns)]
        found = 1 / (1 + np.exp(-first[:, position].astype(np.float64)))
        held = np.clip(values.astype(np.float64), found.min(), found.max()).astype(np.float16)
        assert set(found.astype(np.float16).tolist()) <= set(held.ravel().tolist())


# -------------------------------------------------------------------------------- known terms


def test_known_terms_score_1_and_the_others_of_a_labelled_gene_are_judged(dataset, fitted):
    scores = fitted.predict_proba(dataset)
    positive = dataset.positive.toarray()
    assert (scores[positive] == 1).all()
    labelled = np.diff(dataset.positive.indptr) > 0
    assert scores[labelled][~positive[labelled]].max() > 0  # an unknown term of a labelled gene is judged, too


def random_labels(ontology, n_genes=3000, seed=0):
    leaves = np.array([ontology.index[f"GO:{aspect}{leaf}"] for aspect in "PFC" for leaf in (4, 5, 6)])
    matrix = np.zeros((n_genes, len(ontology.terms)), dtype=bool)
    matrix[:, leaves] = np.random.default_rng(seed).random((n_genes, len(leaves))) < 0.5
    return ontology.propagate(csr_array(matrix)), leaves


def test_what_stays_of_withheld_terms_is_a_closed_part_of_the_labels(dataset):
    ontology = dataset.ontology
    positive, leaves = random_labels(ontology)
    aspect_of_term = Supervision.of(dataset).aspect_of_term
    kept = withhold_terms(positive, ontology, aspect_of_term, np.random.default_rng(0))
    assert not (kept.toarray() & ~positive.toarray()).any()
    children, parents = ontology.parents.nonzero()
    assert (kept.toarray()[:, parents] | ~kept.toarray()[:, children]).all()
    # A leaf stays with a probability from 0.3 to 1, drawn for the gene and aspect: 0.65 in the mean.
    before, after = positive.toarray()[:, leaves], kept.toarray()[:, leaves]
    assert after.sum() / before.sum() == pytest.approx(0.65, abs=0.02)
    # Of three leaves in an aspect all stay in E[p^3] = (1 - 0.3^4) / (4 * 0.7) = 0.354, not 0.65^3 = 0.275.
    three = before.reshape(-1, 3, 3).all(axis=2)
    assert after.reshape(-1, 3, 3).all(axis=2)[three].mean() == pytest.approx(0.354, abs=0.03)
    # What only withheld terms imply goes with them: a kept term that is no leaf has a kept leaf below.
    implied = ontology.propagate(csr_array(kept.toarray() & np.isin(np.arange(18), leaves)))
    assert (implied != kept).nnz == 0


def test_another_draw_withholds_other_terms(dataset):
    positive, _ = random_labels(dataset.ontology, 200)
    aspect_of_term = Supervision.of(dataset).aspect_of_term
    one, again, other = (
        withhold_terms(positive, dataset.ontology, aspect_of_term, np.random.default_rng(seed)) for seed in (0, 0, 1)
    )
    assert (one != again).nnz == 0
    assert (one != other).nnz > 100


def processes(n_genes=900, seed=0):
    """Six processes of four steps each; a gene has two steps of one process, and the network follows it weakly.

    A third of the genes is known by its process and one step only, a third by both steps, a third not at all.
    """
    random = np.random.default_rng(seed)
    tops = [f"GO:{k}" for k in range(6)]
    steps = [f"GO:{k}{step}" for k in range(6) for step in "abcd"]
    full = ontology_from_edges(
        {term: (term, "biological_process") for term in ["GO:root", *tops, *steps]},
        [*((top, "GO:root") for top in tops), *((step, step[:-1]) for step in steps)],
    )
    ontology = full.subset(np.flatnonzero(~full.roots))
    process = random.integers(0, 6, n_genes)
    truth, known = np.zeros((2, n_genes, 30), dtype=bool)
    kind = random.integers(0, 3, n_genes)
    for gene, (number, level) in enumerate(zip(process.tolist(), kind.tolist())):
        names = [f"GO:{number}{step}" for step in random.choice(list("abcd"), 2, replace=False)]
        truth[gene, [ontology.index[name] for name in names]] = True
        known[gene, [ontology.index[name] for name in names[:level]]] = True
    same = process[:, None] == process[None, :]
    upper = np.triu(random.random((n_genes, n_genes)) < np.where(same, 0.012, 0.006), 1)
    none = csr_array((n_genes, 30), dtype=bool)
    return (
        GeneDataset(
            genes=np.array([f"G{k:04d}" for k in range(n_genes)]),
            sequence_features=np.zeros((n_genes, 0), dtype=np.float32),
            feature_names=(),
            homology=csr_array((n_genes, n_genes), dtype=np.float32),
            networks={"net": csr_array((upper | upper.T).astype(np.float32))},
            ontology=ontology,
            positive=ontology.propagate(csr_array(known)),
            negative=none,
            electronic=none,
            split=np.zeros(n_genes, dtype=np.uint8),
        ),
        ontology.propagate(csr_array(truth)).toarray(),
        kind == 1,
    )


def test_known_terms_tell_which_terms_of_the_gene_are_still_to_come():
    dataset, truth, partly = processes()
    fitted = Combined(members=["network_neighbours", "label_propagation"]).fit(dataset)
    blind = copy.copy(fitted)
    first = {name: judge for name, judge in fitted.judges_.networks.items() if name.endswith("first")}
    blind.judges_ = replace(fitted.judges_, networks=first)
    blind.digest_ = "of no dataset"  # so that its judges are asked again
    assert set(fitted.judges_.networks) == {"BPO first", "BPO more"}
    unknown = ~dataset.positive.toarray() & partly[:, None]
    areas = {
        name: area(predictor.predict_proba(dataset)[unknown], truth[unknown])
        for name, predictor in (
            ("more", fitted),
            ("first", blind),
            ("frequency", TermFrequency().fit(dataset)),
        )
    }
    assert areas["more"] > areas["first"] + 0.05
    assert areas["more"] > areas["frequency"] + 0.1


# ------------------------------------------------------------------------------------- members


def bare(dataset, *kept):
    """Take away homologs, networks, domains and electronic annotations, but for what is kept."""
    empty = csr_array((dataset.n_genes, dataset.n_genes), dtype=np.float32)
    plain = [k for k, name in enumerate(dataset.feature_names) if not name.startswith("InterPro")]
    changes = {
        "homology": empty,
        "networks": {},
        "electronic": csr_array(dataset.positive.shape, dtype=bool),
        "sequence_features": dataset.sequence_features[:, plain],
        "feature_names": tuple(dataset.feature_names[k] for k in plain),
    }
    return replace(dataset, **{name: value for name, value in changes.items() if name not in kept})


def test_members_without_data_are_left_out(dataset, caplog):
    with caplog.at_level(logging.INFO, logger="genessl.semi_supervised.stacking.combined"):
        fitted = Combined(device="cpu").fit(bare(dataset))
    assert list(fitted.members_) == ["kernel_regression", "sequence_network", "taught sequence_network"]
    assert sum("is left out" in record.message for record in caplog.records) == len(MEMBERS) - 2
    scores = fitted.predict_proba(bare(dataset))
    assert np.isfinite(scores).all()
    assert np.ptp(scores, axis=0).max() > 0.1


@pytest.mark.parametrize(
    "field, expected",
    [
        ("homology", {"homology"}),
        ("networks", {"network_neighbours", "label_propagation"}),
        ("electronic", {"electronic_trust"}),
    ],
)
def test_each_kind_of_data_brings_its_members(dataset, field, expected):
    members = ["homology", "domain_neighbours", "network_neighbours", "label_propagation", "electronic_trust"]
    assert set(Combined(members=members).fit(bare(dataset, field)).members_) == expected


def test_references_bring_the_members_that_read_them(dataset):
    resembling = csr_array(np.full((dataset.n_genes, 1), 200.0, dtype=np.float32))
    alike = csr_array(np.full((dataset.n_genes, 1), 0.5, dtype=np.float32))
    references = References(np.array(["r"]), resembling, alike, csr_array(dataset.positive[[0]]))
    assert usual_members(dataset) == MEMBERS
    assert usual_members(replace(dataset, references=references)) == (*MEMBERS, "homology", "domain_neighbours")


def test_only_the_members_asked_for_are_fitted_once_for_each_fold(fitted):
    assert list(fitted.members_) == CHEAP
    assert {len(fits) for fits in fitted.members_.values()} == {4}
    assert [name for name in fitted.judges_.networks if name.endswith("first")] == [
        "BPO first",
        "MFO first",
        "CCO first",
    ]


def test_what_cannot_be_combined_is_refused_in_one_sentence(dataset):
    labelled = np.flatnonzero(np.diff(dataset.positive.indptr))
    few = dataset.without_labels(~np.isin(np.arange(dataset.n_genes), labelled[:7]))
    for parameters, chosen, sentence in (
        (
            {"members": ["homologs"]},
            dataset,
            "members: found 'homologs', expected some of label_propagation",
        ),
        ({"members": []}, dataset, "members: found an empty list, expected some of"),
        ({"members": ["homology"]}, bare(dataset), "members: the dataset has data for none of them"),
        ({"members": CHEAP}, few, "n_folds: found 7 labelled genes for 4 folds, expected at least two in each"),
        ({"n_folds": 1}, dataset, "n_folds: found 1, expected a whole number of at least 2"),
        ({"n_candidates": 0}, dataset, "n_candidates: found 0, expected a whole number of at least 1"),
    ):
        with pytest.raises(InputError, match=sentence):
            Combined(**parameters).fit(chosen)
    labels = replace(few, positive=csr_array(dataset.without_labels(~np.isin(np.arange(240), labelled[:8])).positive))
    assert np.isfinite(Combined(members=CHEAP).fit(labels).predict_proba(labels)).all()  # eight are enough


# ------------------------------------------------------------------------------------ accuracy


def fmax(scores, truth, dataset, genes):
    """Mean F-max over the aspects."""
    found = []
    for aspect in dataset.aspects:
        columns = np.flatnonzero(dataset.ontology.aspects == aspect)
        parts = [csr_array(table[np.ix_(genes, columns)]) for table in (truth, scores)]
        found.append(evaluate(*parts, dataset.accretion[columns], n_bootstrap=0).loc["fmax", "value"])
    return float(np.mean(found))


def test_the_whole_is_better_than_its_members_and_knows_nothing_from_noise():
    dataset, truth = make_dataset(n_genes=480)
    members = [*CHEAP, "sequence_network"]
    unlabelled = np.flatnonzero(np.diff(dataset.positive.indptr) == 0)
    fitted = Combined(members=members, device="cpu").fit(dataset)
    of_members = {
        name: fmax(table.astype(np.float32), truth, dataset, unlabelled)
        for name, table in fitted.member_scores(dataset).items()
    }
    naive = fmax(TermFrequency().fit(dataset).predict_proba(dataset), truth, dataset, unlabelled)
    whole = fmax(fitted.predict_proba(dataset), truth, dataset, unlabelled)
    assert whole > max(of_members.values()) - 0.005
    assert whole > 1.05 * naive
    assert whole < 0.99
    controls = []
    for seed in range(2):
        noisy = with_noise_labels(dataset, seed)
        controls.append(fmax(Combined(members=CHEAP).fit(noisy).predict_proba(noisy), truth, dataset, unlabelled))
    assert np.mean(controls) < naive + 0.02


# ------------------------------------------------------------------------------------- storage


def test_it_is_saved_without_pickle_and_judges_the_same_after_loading(dataset, tmp_path):
    fitted = Combined(members=CHEAP).fit(dataset.take(np.arange(200)))
    fitted.save(tmp_path / "model")
    files = [path for path in (tmp_path / "model").rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".json", ".safetensors"}
    assert len(files) == 2 * (1 + 4 * len(CHEAP))
    loaded = GenePredictor.load(tmp_path / "model")
    assert list(loaded.judges_.networks) == list(fitted.judges_.networks)
    # New genes, unlabelled ones and an order of their own.
    more = dataset.take(np.random.default_rng(0).permutation(dataset.n_genes))
    np.testing.assert_array_equal(loaded.predict_proba(more), fitted.predict_proba(more))


# -------------------------------------------------------------------------------- kept scores


def test_the_scores_kept_from_the_fit_are_those_of_a_prediction(dataset, fitted, monkeypatch, tmp_path):
    kept = fitted.predict_proba(dataset)
    fitted.save(tmp_path / "model")
    loaded = GenePredictor.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.predict_proba(dataset), kept)
    monkeypatch.setattr(module, "digest", lambda dataset: "another")
    np.testing.assert_array_equal(fitted.predict_proba(dataset), kept)
    np.testing.assert_array_equal(loaded.predict_proba(dataset), kept)


def test_kept_scores_are_not_returned_for_another_number_of_candidates(dataset):
    fitted = Combined(members=CHEAP).fit(dataset)
    kept = fitted.predict_proba(dataset)
    fitted.set_params(n_candidates=1)
    assert (fitted.predict_proba(dataset) > 0).sum() < (kept > 0).sum()
    fitted.set_params(n_candidates=100)
    np.testing.assert_array_equal(fitted.predict_proba(dataset), kept)


def test_another_dataset_of_the_same_genes_is_scored_anew(dataset, fitted):
    networks = {name: csr_array(0.5 * network.toarray()[:, ::-1][::-1]) for name, network in dataset.networks.items()}
    assert (
        np.abs(fitted.predict_proba(replace(dataset, networks=networks)) - fitted.predict_proba(dataset)).max() > 0.01
    )
