"""The detector of synthetic genes: what it finds, what it must not look at, and what it says."""

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import roc_auc_score

from genessl.errors import InputError
from genessl.features.composition import AMINO_ACIDS
from genessl.screening.decoys import draw_decoys
from genessl.screening.detector import SyntheticDetector, TooFewGenesError, _queue
from genessl.screening.pairing import Pairing
from genessl.screening.place import DOMAINS, ELECTRONIC, NEIGHBOURS, Fit, fits, place_evidence
from tests.conftest import make_dataset


def proteins(n, seed=0, length=220):
    """Chains in which a residue prefers some to follow it, with a period of seven: order that a shuffle loses."""
    random = np.random.default_rng(seed)
    near = np.random.default_rng(99).dirichlet(np.full(20, 0.4), size=20)
    found = []
    for _ in range(n):
        codes = [10]
        for place in range(1, length):
            weights = near[codes[-1]] + 0.03
            weights[[9, 17]] *= 4 if place % 7 in (0, 3) else 1
            codes.append(int(random.choice(20, p=weights / weights.sum())))
        found.append("".join(AMINO_ACIDS[code] for code in codes))
    return tuple(found)


def organism(kind=None, seed=0, n_genes=240):
    """A dataset with sequences; with a kind half of its unlabelled genes have decoys. Also who has one."""
    dataset, _ = make_dataset(n_genes=n_genes, seed=seed, domains=True)
    sequences = list(proteins(n_genes, seed))
    synthetic = np.zeros(n_genes, dtype=bool)
    if kind is not None:
        synthetic[np.flatnonzero(~dataset.labelled.any(axis=1))[::2]] = True
        rows = np.flatnonzero(synthetic).tolist()
        made = draw_decoys([sequences[row] for row in rows], kind, seed=7)
        for row, sequence in zip(rows, made):
            sequences[row] = sequence
    return replace(dataset, sequences=tuple(sequences)), synthetic


def detector(**parameters):
    return SyntheticDetector(**{"n_decoys": 60, "queue_length": 5, "rounds": 1, "penalty": 300.0, **parameters})


def auroc(fitted, synthetic, dataset):
    unlabelled = ~dataset.labelled.any(axis=1)
    return roc_auc_score(synthetic[unlabelled], fitted.probability_[unlabelled])


@pytest.fixture(scope="module")
def shuffled():
    return organism("shuffled")


@pytest.fixture(scope="module")
def fitted(shuffled):
    return detector().fit(shuffled[0])


@pytest.fixture(scope="module")
def without_queue(shuffled):
    return detector(rounds=0).fit(shuffled[0])


def test_shuffled_sequences_in_the_pool_are_found(shuffled, fitted):
    dataset, synthetic = shuffled
    assert auroc(fitted, synthetic, dataset) > 0.9
    assert fitted.share_ == pytest.approx(synthetic[~dataset.labelled.any(axis=1)].mean(), abs=0.2)
    labelled = dataset.labelled.any(axis=1)
    assert fitted.probability_[labelled].mean() < 0.1


def test_in_a_clean_pool_few_are_suspected_and_a_random_mark_is_not_found():
    dataset, _ = organism()
    fitted = detector().fit(dataset)
    unlabelled = ~dataset.labelled.any(axis=1)
    assert fitted.share_ < 0.15
    marks = np.zeros(dataset.n_genes, dtype=bool)
    marks[np.flatnonzero(unlabelled)[::2]] = True
    assert 0.35 < auroc(fitted, marks, dataset) < 0.65


def test_the_queue_learns_a_kind_that_no_decoy_shows():
    """Trained on misread genes alone, chains with the residues' order but no period are new; the pool shows them."""
    without, with_queue = [], []
    for seed in range(2):
        dataset, synthetic = organism("shuffled", seed=seed)
        for scores, rounds in ((without, 0), (with_queue, 3)):
            model = detector(kinds=("chained",), rounds=rounds, place=False, queue_length=15)
            scores.append(auroc(model.fit(dataset), synthetic, dataset))
    assert np.mean(with_queue) > np.mean(without) + 0.02


def test_a_real_sequence_in_a_foreign_place_is_found_by_disagreement_and_not_by_patterns():
    dataset, _ = make_dataset(n_genes=400, noise=0.0, domains=True)
    unlabelled = np.flatnonzero(~dataset.labelled.any(axis=1))
    moved = unlabelled[::2]
    rows = np.arange(400)
    rows[moved] = np.random.default_rng(0).permutation(moved)
    networks = {name: csr_array(network[rows][:, rows]) for name, network in dataset.networks.items()}
    dataset = replace(
        dataset, networks=networks, electronic=csr_array(dataset.electronic[rows]), sequences=proteins(400, 3, 90)
    )
    mark = np.isin(np.arange(400), moved)
    assert auroc(detector(rounds=0).fit(dataset), mark, dataset) > 0.65
    assert abs(auroc(detector(rounds=0, place=False).fit(dataset), mark, dataset) - 0.5) < 0.1


def test_what_a_sequence_makes_expected_agrees_with_its_place_and_not_with_others():
    """Described by its own function a gene fits its place; described by noise, no place better than another."""
    dataset, _ = make_dataset(n_genes=400, noise=0.0, domains=True)
    dataset = replace(dataset, homology=csr_array((400, 400), dtype=np.float32))  # so that the sequence alone speaks
    random, fold = np.random.default_rng(0), np.arange(400) % 4
    elsewhere = random.permutation(400)
    truth = dataset.electronic.toarray() + 0.1 * random.standard_normal(dataset.electronic.shape)
    for described, separated in ((truth, True), (random.standard_normal(truth.shape), False)):
        speaking = [fit for fit in fits(dataset, described.astype(np.float32), fold) if fit.by_sequence.any()]
        cosines, pairings = ([fit for fit in speaking if isinstance(fit, kind)] for kind in (Fit, Pairing))
        assert len(cosines) == 2 * len(dataset.aspects)
        assert [pairing.reason for pairing in pairings] == [NEIGHBOURS, ELECTRONIC, DOMAINS]
        for compared in (cosines, pairings[:2]):
            own, moved = (np.mean([fit.agreement(at) for fit in compared], axis=0) for at in (None, elsewhere))
            apart = roc_auc_score(np.repeat([1, 0], 400), np.concatenate([own, moved]))
            assert (apart > 0.8) if separated else (abs(apart - 0.5) < 0.08)


def test_the_queue_holds_for_each_term_the_most_suspicious_of_those_that_likely_have_it_and_are_suspicious():
    total = np.array([5.0, 9.0, 7.0, 1.0, 8.0, 6.0])
    probability = np.array([0.6, 0.9, 0.8, 0.1, 0.5, 0.7])  # of the fifth it is not above one half
    likely = np.array([[1, 0], [0, 1], [1, 0], [1, 1], [1, 1], [1, 0]], dtype=bool)
    assert np.flatnonzero(_queue(total, probability, likely, 2)).tolist() == [1, 2, 5]
    assert np.flatnonzero(_queue(total, probability, likely, 1)).tolist() == [1, 2]
    assert not _queue(total, probability, likely[:, :0], 2).any()


def test_how_much_a_misfit_counts_is_learned_from_labelled_genes_of_other_folds(shuffled, monkeypatch):
    """One comparison, 1 where a gene is in its own place and 0 elsewhere, but for labelled genes of one fold."""
    dataset, _ = shuffled
    labelled = dataset.labelled.any(axis=1)
    fold = np.arange(dataset.n_genes) % 4

    class Compared:
        reason = "does not fit"

        def __init__(self, misled):
            self.own = np.random.default_rng(0).normal(1.0, 1.0, dataset.n_genes)
            self.own[labelled & (fold == misled)] *= -3.0

        def agreement(self, places=None):
            return self.own if places is None else self.own - 1.0

    found = {}
    for misled in (None, 2):
        monkeypatch.setattr("genessl.screening.place.fits", lambda *_, misled=misled: [Compared(misled)])
        nothing = np.zeros((dataset.n_genes, 1), dtype=np.float32)
        found[misled] = place_evidence(dataset, labelled, fold, nothing, 0)["does not fit"].to_numpy()
    of_fold = ~labelled & (fold == 2)
    np.testing.assert_array_equal(found[2][of_fold], found[None][of_fold])
    for other in (0, 1, 3):
        rows = ~labelled & (fold == other)
        assert np.abs(found[2][rows] - found[None][rows]).max() > 0.1


class TestWhatItMayNotLookAt:
    def test_identifiers(self, shuffled, fitted):
        dataset, _ = shuffled
        order = np.argsort(np.argsort(dataset.genes))
        renamed = np.array([f"{'synthetic_' if number % 3 else 'T'}{number:04d}" for number in order.tolist()])
        renamed = np.sort(renamed)[order]
        again = clone(fitted).fit(replace(dataset, genes=renamed))
        np.testing.assert_array_equal(again.probability_, fitted.probability_)

    def test_the_order_of_genes(self, shuffled, fitted):
        dataset, _ = shuffled
        order = np.random.default_rng(1).permutation(dataset.n_genes)
        again = detector().fit(dataset.take(order))
        np.testing.assert_allclose(again.probability_, fitted.probability_[order], rtol=1e-6)

    def test_networks_annotations_and_homologs_where_only_the_sequence_may_speak(self, shuffled):
        dataset, _ = shuffled
        empty = csr_array((dataset.n_genes,) * 2, dtype=np.float32)
        bare = replace(dataset, networks={}, homology=empty, electronic=csr_array(dataset.electronic.shape, dtype=bool))
        found = [detector(place=False, rounds=0).fit(given).probability_ for given in (dataset, bare)]
        np.testing.assert_array_equal(*found)

    def test_a_genes_own_experimental_terms(self):
        dataset, _ = organism("shuffled")
        positive = dataset.positive.toarray()
        row = int(np.flatnonzero(dataset.labelled.any(axis=1))[0])
        described = np.random.default_rng(0).standard_normal((dataset.n_genes, 5)).astype(np.float32)
        fold = np.arange(dataset.n_genes) % 4
        before = [fit.agreement()[row] for fit in fits(dataset, described, fold)]
        positive[row] = ~positive[row]
        alone = dataset.homology.toarray()[row].any()
        after = [fit.agreement()[row] for fit in fits(replace(dataset, positive=csr_array(positive)), described, fold)]
        assert alone
        np.testing.assert_allclose(after, before, atol=0.2)  # term frequencies change, and nothing else


def test_the_evidence_adds_up_and_the_table_gives_the_strongest_as_reasons(shuffled, fitted):
    table = fitted.screen()
    assert list(table.columns) == ["gene", "probability", "reasons"]
    assert table["probability"].is_monotonic_decreasing
    assert sorted(table["gene"]) == sorted(fitted.genes_)
    evidence = fitted.evidence_.sum(axis=1).loc[table["gene"]].to_numpy()
    tied = np.diff(table["probability"]) == 0
    assert tied.any() and (np.diff(evidence)[tied] <= 0).all()
    parts = fitted.evidence_.drop(columns="base")
    first = table.iloc[0]
    assert first["reasons"].startswith(f"{parts.loc[first['gene']].idxmax()} (+")
    for row in table.itertuples():
        n_strong, n_given = (parts.loc[row.gene] >= 0.5).sum(), row.reasons.count(" (")
        assert n_given == (max(n_strong, 1) if row.probability >= 0.5 else n_strong)


def test_a_suspicious_gene_without_a_strong_reason_has_its_strongest(fitted):
    """The evidence may be many weak signs."""
    model = deepcopy(fitted)
    row = int(np.argmax(model.probability_))
    model.evidence_ *= 0.0
    model.evidence_.iloc[row, 1] = 0.3
    table = model.screen().set_index("gene")
    assert table.loc[model.genes_[row], "reasons"] == f"{model.evidence_.columns[1]} (+0.3)"
    assert (table.loc[model.genes_[model.probability_ < 0.5], "reasons"] == "").all()
    model.evidence_.iloc[row, :-1] = -0.3  # what speaks against a gene is no reason to suspect it
    reasons = model.screen().set_index("gene")["reasons"]
    assert reasons[model.genes_[row]].startswith("no single sign")


def test_more_evidence_never_makes_a_gene_less_suspicious(shuffled, fitted):
    unlabelled = ~shuffled[0].labelled.any(axis=1)
    odds = fitted.evidence_.sum(axis=1).to_numpy()[unlabelled]
    assert (np.diff(fitted.probability_[unlabelled][np.argsort(odds)]) >= 0).all()


def test_the_history_begins_with_the_decoys_alone_and_ends_with_the_evidence(fitted, without_queue):
    np.testing.assert_allclose(fitted.history_[-1], fitted.evidence_.sum(axis=1))
    np.testing.assert_allclose(fitted.history_[0], without_queue.evidence_.sum(axis=1))


def test_another_seed_gives_another_result(shuffled, without_queue):
    other = detector(seed=1, rounds=0).fit(shuffled[0])
    assert (other.probability_ != without_queue.probability_).any()


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"place": 1}, "place: found 1, expected true or false"),
        ({"rounds": -1}, "rounds: found -1, expected a whole number of at least 0"),
        ({"n_folds": 1}, "n_folds: found 1, expected a whole number of at least 2"),
        ({"penalty": 0}, "penalty: found 0, expected a number in"),
        ({"kinds": ("folded",)}, r"kinds: found \['folded'\], expected some of shuffled"),
        ({"kinds": ()}, r"kinds: found \[\], expected some of"),
    ],
)
def test_parameters_out_of_range_are_refused(shuffled, parameters, sentence):
    with pytest.raises(InputError, match=sentence):
        SyntheticDetector(**parameters).fit(shuffled[0])


def test_without_sequences_or_labels_it_says_so(shuffled):
    with pytest.raises(InputError, match="sequences: found none in the dataset"):
        detector().fit(replace(make_dataset()[0], sequences=()))
    few = shuffled[0].take(np.arange(25))
    with pytest.raises(TooFewGenesError, match=r"found .* genes with experimental annotations, expected at least 20"):
        detector().fit(few)
    with pytest.raises(NotFittedError):
        detector().screen()
