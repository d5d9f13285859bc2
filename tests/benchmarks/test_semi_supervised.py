"""The scarce-label benchmark: what it measures, by hand, and that a run goes on where it stopped."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.semi_supervised import compare, figure, run
from benchmarks.semi_supervised.run import Outcome, load_outcomes, outcome_path, run_one, save_outcome, tables_of
from benchmarks.semi_supervised.strategies import STRATEGIES, Entry
from benchmarks.semi_supervised.without_pool import scores_without_pool
from genessl.evaluation.metrics import GeneTable
from genessl.models.baselines import TermFrequency
from genessl.models.propagation.label_spreading import LabelSpreading
from genessl.predictors import check_parameters
from tests.conftest import make_dataset


@pytest.fixture(scope="module")
def dataset():
    return make_dataset(scheme="cross_validation", n_folds=4)[0]


def test_every_strategy_names_a_model_its_parameters_and_another_entry():
    for entry in STRATEGIES.values():
        check_parameters(entry.model, entry.parameters)
        assert entry.counterpart is None or STRATEGIES[entry.counterpart].counterpart is None


def test_a_fit_sees_its_share_of_the_labels_and_none_of_the_fold_tested(dataset, monkeypatch):
    seen = []

    class Watching:
        def fit(self, visible):
            seen.append(visible)
            return self

        def predict_proba(self, visible):
            return np.zeros((visible.n_genes, visible.n_terms), dtype=np.float32)

    monkeypatch.setattr("benchmarks.semi_supervised.strategies.make_predictor", lambda *_, **__: Watching())
    for fraction, seed in ((1.0, 5), (0.1, 5)):
        run_one(dataset, "term_frequency", fraction, seed)
    full, tenth = (visible.labelled.any(axis=1) for visible in seen)
    assert not full[dataset.split == 2].any() and not tenth[dataset.split == 2].any()  # 5 modulo 3
    assert (full == (dataset.labelled.any(axis=1) & (dataset.split != 2))).all()
    assert 0.05 < tenth.sum() / full.sum() < 0.15
    assert not (tenth & ~full).any()
    run_one(dataset, "term_frequency", 1.0, 5, development=True)
    assert (seen[-1].labelled.any(axis=1) == (dataset.labelled.any(axis=1) & (dataset.split != 3))).all()


def test_without_the_pool_a_fit_sees_labelled_genes_and_those_tested_have_no_edge_among_them(dataset):
    seen = []

    class Watching(TermFrequency):
        heeds_muting = False

        def fit(self, fitted):
            seen.append(fitted)
            return super().fit(fitted)

        def predict_proba(self, shown):
            seen.append(shown)
            return super().predict_proba(shown)

    visible, tested = dataset.hide(2), dataset.split == 2
    scores = scores_without_pool(Watching(), visible, tested)
    fitted, shown = seen
    labelled = np.diff(visible.positive.indptr) > 0
    assert set(fitted.genes) == set(visible.genes[labelled])
    assert set(shown.genes) == set(visible.genes[labelled | tested])
    place = {gene: row for row, gene in enumerate(visible.genes)}
    rows = [place[gene] for gene in shown.genes]
    for name, network in visible.networks.items():
        expected = network.toarray()
        expected[np.ix_(tested, tested)] = 0
        np.testing.assert_array_equal(shown.networks[name].toarray(), expected[np.ix_(rows, rows)])
    assert (scores[tested] == TermFrequency().fit(fitted).predict_proba(shown)[0]).all()
    assert not scores[~tested].any()


def test_without_the_pool_genes_tested_together_score_as_each_alone(dataset):
    visible, tested = dataset.hide(2), dataset.split == 2
    together = scores_without_pool(LabelSpreading(), visible, tested)
    for gene in np.flatnonzero(tested)[:5]:
        alone = scores_without_pool(LabelSpreading(), visible, np.arange(visible.n_genes) == gene)
        np.testing.assert_allclose(alone[gene], together[gene], atol=1e-5)
    # Negative control: with the pool they hear from each other.
    assert np.abs(LabelSpreading().fit(visible).predict_proba(visible)[tested] - together[tested]).max() > 0.01


def test_a_model_that_may_not_read_electronic_annotations_sees_none(dataset, monkeypatch):
    seen = []
    monkeypatch.setattr(
        TermFrequency, "fit", lambda self, visible, fit=TermFrequency.fit: (seen.append(visible), fit(self, visible))[1]
    )
    visible = dataset.hide(2)
    for electronic in (True, False):
        Entry("term_frequency", {}, electronic=electronic).score(visible, dataset.split == 2, 0)
    assert [bool(part.electronic.nnz) for part in seen] == [True, False]


def test_scores_are_tested_on_the_fold_only(dataset):
    scores = dataset.positive.toarray().astype(np.float32)
    tested = dataset.split == 2
    tables = tables_of(scores, dataset, tested)
    for table in tables.values():
        assert compare.wfmax(table)[0] == 1.0
    wrong = scores.copy()
    wrong[~tested] = 0.5
    for aspect, table in tables_of(wrong, dataset, tested).items():
        np.testing.assert_array_equal(table.hits, tables[aspect].hits)
        assert len(table.hits) == (tested & dataset.labelled[:, dataset.aspects.index(aspect)]).sum()


def table(hits, misses, wrong):
    """One threshold for all: a gene's bits right, missed and wrong."""
    return GeneTable(*(np.repeat(np.array(v, dtype=float)[:, None], 99, axis=1) for v in (hits, wrong, misses)))


def test_differences_equal_a_hand_calculation():
    # Precision and recall of one gene: 1 / 2 each, so F 0.5; of the other 1 / 1 and 1 / 2, so F 2 / 3. Mean precision
    # 0.75 and recall 0.5: F 0.6. The counterpart has F 0.5 on both genes.
    better = table([1, 1], [1, 1], [1, 0])
    worse = table([1, 1], [1, 1], [1, 1])
    outcomes = [Outcome("co_training", 0.1, seed, {"BPO": better}, 1.0) for seed in (0, 1)]
    outcomes += [Outcome("views_averaged", 0.1, seed, {"BPO": worse}, 1.0) for seed in (0, 1, 2)]
    found = compare.differences(outcomes, {"co_training": "views_averaged", "views_averaged": None})
    assert len(found) == 1
    row = found.iloc[0]
    assert (row["strategy"], row["counterpart"], row["aspect"], row["n_seeds"]) == (
        "co_training",
        "views_averaged",
        "BPO",
        2,
    )
    assert row["difference"] == pytest.approx(0.1)
    assert (row["low"], row["high"]) == pytest.approx((0.1, 0.1))
    # A sample holds the second gene never, once or twice, in one case of four, two and one: 0, 0.1 or 2 / 3 - 0.5.
    assert 0 <= row["low_genes"] < 0.1 < row["high_genes"] <= 2 / 3 - 0.5 + 1e-9


def test_the_interval_over_seeds_is_students():
    # scipy.stats.ttest_rel([3, 5, 8], [2, 3, 4]): t = 2.6458, p = 0.1181; confidence interval -1.4612 to 6.1279.
    low, high, p = compare.over_seeds(np.array([1.0, 2.0, 4.0]))
    assert (low, high, p) == pytest.approx((-1.4612, 6.1279, 0.1181), abs=1e-4)
    assert np.isnan(compare.over_seeds(np.array([1.0]))).all()


def test_a_run_goes_on_where_it_stopped_and_its_tables_and_figure_are_written(dataset, tmp_path, capsys, monkeypatch):
    dataset.save(tmp_path / "dataset")
    monkeypatch.setitem(
        run.STRATEGIES,
        "network_neighbours",
        type(STRATEGIES["term_frequency"])("network_neighbours", {}, "term_frequency"),
    )
    output = tmp_path / "fits"
    options = [
        "--dataset",
        str(tmp_path / "dataset"),
        "--output",
        str(output),
        "--fractions",
        "0.5",
        "1",
        "--seeds",
        "0",
        "1",
    ]
    assert run.main([*options, "--strategies", "term_frequency"]) == 0
    kept = outcome_path(output, "term_frequency", 0.5, 1)
    before = kept.stat().st_mtime_ns
    assert run.main([*options, "--strategies", "term_frequency", "network_neighbours"]) == 0
    assert kept.stat().st_mtime_ns == before
    assert len(list(load_outcomes(output))) == 8
    assert compare.main([str(output)]) == 0
    assert "| network_neighbours | 0.5 |" in capsys.readouterr().out
    scores = pd.read_csv(output / "scores.tsv", sep="\t")
    assert len(scores) == 8 * 3
    gains = pd.read_csv(output / "differences.tsv", sep="\t")
    assert (gains[gains["fraction"] == 1]["difference"] > 0.05).all()
    pytest.importorskip("matplotlib")
    picture = tmp_path / "curves.svg"
    assert figure.main([str(output / "scores.tsv"), "--output", str(picture)]) == 0
    assert "network_neighbours" in picture.read_text()


def test_what_is_saved_is_what_is_loaded(tmp_path):
    outcome = Outcome("co_training", 0.05, 3, {"MFO": table([1, 2], [0, 1], [3, 0])}, 12.5)
    save_outcome(outcome, tmp_path)
    (found,) = load_outcomes(tmp_path)
    assert (found.strategy, found.fraction, found.seed, found.seconds) == ("co_training", 0.05, 3, 12.5)
    np.testing.assert_array_equal(found.tables["MFO"].misinformation, outcome.tables["MFO"].misinformation)


def test_bad_input_ends_in_one_sentence(tmp_path, capsys):
    assert compare.main([str(tmp_path)]) == 2
    assert "found no fit, expected some; run run.py first" in capsys.readouterr().err
    make_dataset()[0].save(tmp_path / "temporal")
    assert run.main(["--dataset", str(tmp_path / "temporal"), "--output", str(tmp_path / "fits")]) == 2
    assert "found one for scheme 'temporal', expected cross_validation" in capsys.readouterr().err
    make_dataset(scheme="cross_validation", n_folds=4)[0].save(tmp_path / "folded")
    options = ["--dataset", str(tmp_path / "folded"), "--output", str(tmp_path / "fits"), "--fractions", "5"]
    assert run.main(options) == 2
    assert "--fractions: found 5, expected shares above 0, at most 1" in capsys.readouterr().err
