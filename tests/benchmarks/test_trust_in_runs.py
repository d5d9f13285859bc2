"""The benchmark of scores and probabilities: its list of new predictions by hand, and a whole run's folder."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

from benchmarks import faithfulness, reliability
from benchmarks.pages.probabilities import compared
from genessl.models.neighbours import Homology
from genessl.output.predictions import write_scores
from tests.conftest import make_dataset


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of one model, whose scores are the truth under noise, and far too high."""
    folder = tmp_path_factory.mktemp("run")
    dataset, truth = make_dataset(n_genes=400, scheme="cross_validation", n_folds=3)
    dataset.save(folder / "dataset")
    height = 2.0 * truth + np.random.default_rng(0).standard_normal(truth.shape)
    scores = dataset.ontology.propagate_scores((1 / (1 + np.exp(-height))).astype(np.float32))
    write_scores(folder / "out_of_fold" / "m.tsv.gz", scores, dataset)
    return folder


def test_the_share_of_the_list_that_held_by_hand() -> None:
    dataset, _ = make_dataset(n_genes=400)
    column, chosen = dataset.ontology.index["GO:P4"], np.flatnonzero(dataset.labelled[:, 0])[:4]
    positive = dataset.positive.toarray()
    positive[:, column] = False
    positive[chosen[[0, 2, 3]], column] = True
    bare = csr_array(positive.shape, dtype=bool)
    rare = replace(dataset, positive=csr_array(positive), electronic=bare)
    table = pd.DataFrame({"gene": dataset.genes[chosen], "term": "GO:P4", "score": [0.9, 0.8, 0.7, 0.6]})
    by_score = reliability.list_precision(table.assign(probability=np.nan), rare, "m")
    assert by_score[["metric", "value", "n_genes"]].to_numpy().tolist() == [["list", 2 / 3, 3]]  # three genes a term
    by_probability = reliability.list_precision(table.assign(probability=[0.3, 0.1, 0.4, 0.2]), rare, "m")
    assert by_probability["value"].tolist() == [1.0]


def test_probabilities_of_a_run_are_recorded_beside_its_scores(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert reliability.main([str(run)]) == 0
    assert "m, probability" in capsys.readouterr().out
    table = pd.read_csv(run / "probabilities.tsv", sep="\t")
    wide = table.pivot(index=["metric", "aspect"], columns="model", values="value")
    for aspect in ("BPO", "MFO", "CCO"):
        assert wide.loc[("ece", aspect), "m, probability"] < 0.05 < wide.loc[("ece", aspect), "m, score"]
        assert wide.loc[("brier", aspect), "m, probability"] < wide.loc[("brier", aspect), "m, score"]
    table.assign(commit="abc").to_csv(run / "recorded.tsv", sep="\t", index=False)
    line = compared(run / "recorded.tsv", "calibration_error").splitlines()[-1]
    told = wide.loc[("ece", "BPO")]
    assert line.startswith(f"| `m` | {told['m, score']:.3f} → {told['m, probability']:.3f} | ")
    assert line.endswith(" | abc |")


def test_what_is_no_cross_validated_run_ends_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_dataset()[0].save(tmp_path / "dataset")
    assert reliability.main([str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_named_evidence_counts_more_than_other_evidence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dataset, _ = make_dataset(n_genes=300)
    rows, columns = dataset.positive.nonzero()
    leaf = np.setdiff1d(np.arange(dataset.n_terms), dataset.ontology.parents.indices)
    kept = ~np.isin(columns, leaf) | (rows % 7 == 0)  # the list of new predictions holds rare terms
    entries = (np.ones(kept.sum(), dtype=bool), (rows[kept], columns[kept]))
    dataset = replace(dataset, positive=csr_array(entries, shape=dataset.positive.shape))
    dataset.save(tmp_path / "dataset")
    model = Homology().fit(dataset)
    model.save(tmp_path / "models" / "m")
    write_scores(tmp_path / "predictions" / "m.tsv.gz", model.predict_proba(dataset), dataset)
    assert faithfulness.main([str(tmp_path), "--model", "m", "--pairs", "20", "--most", "2"]) == 0
    assert "log-odds fall by" in capsys.readouterr().out
    table = pd.read_csv(tmp_path / "faithfulness.tsv", sep="\t")
    assert table.columns.tolist() == ["gene", "term", "score", "n_removed", "named", "random"]
    assert len(table) == 3
    assert table["gene"].is_unique
    assert table["n_removed"].between(1, 2).all()
    assert table["named"].mean() > 2 * abs(table["random"].mean())
