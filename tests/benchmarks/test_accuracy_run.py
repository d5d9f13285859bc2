"""The comparison from the command line: choices, predictions, evaluation and figure, each made once."""

import json

import numpy as np
import pandas as pd
import pytest

from benchmarks.accuracy import figure, run
from benchmarks.accuracy.tuning import Recipe
from genessl.data.folders import write_table
from genessl.models.baselines import TermFrequency
from genessl.output.predictions import read_predictions, write_predictions
from tests.conftest import NAMESPACES, make_dataset, small_ontology

SPREADING = Recipe(
    "benchmarks.accuracy.label_spreading", "LabelSpreadingPerTerm", ({"alpha": 0.1}, {"alpha": 0.8}, {"alpha": 0.95})
)


@pytest.fixture
def recipes(monkeypatch):
    monkeypatch.setattr(run, "RECIPES", {"label_spreading": SPREADING})


def write_obo(path):
    """The ontology of the small datasets, in which a parent is above a child."""
    ontology = small_ontology()
    lines = ["format-version: 1.2", "data-version: releases/2020-01-01", ""]
    for row, term in enumerate(ontology.terms):
        lines += ["[Term]", f"id: {term}", f"name: {ontology.names[row]}", f"namespace: {NAMESPACES[term[3]]}"]
        lines += [f"is_a: {ontology.terms[parent]}" for parent in ontology.parents[[row]].indices]
        lines.append("")
    path.write_text("\n".join(lines))


@pytest.fixture
def organism(tmp_path):
    """A temporal dataset of which t1 tells all, with the term frequency's predictions."""
    dataset, truth = make_dataset()
    dataset.save(tmp_path / "dataset")
    rows, columns = np.nonzero(truth)
    terms = np.array(dataset.ontology.terms)
    write_table(tmp_path / "truth.tsv.gz", pd.DataFrame({"gene": dataset.genes[rows], "term": terms[columns]}))
    write_obo(tmp_path / "small.obo")
    naive = TermFrequency().fit(dataset).predict_proba(dataset)
    write_predictions(tmp_path / "naive.tsv.gz", naive, dataset.genes, dataset.ontology, dataset.positive)
    return tmp_path


def arguments(folder, *more):
    named = {"dataset": "dataset", "truth": "truth.tsv.gz", "ontology": "small.obo", "output": "out"}
    paths = [text for name, file in named.items() for text in (f"--{name}", str(folder / file))]
    return [*paths, "--predictions", f"term_frequency={folder / 'naive.tsv.gz'}", *more]


def test_a_recipe_is_tuned_fitted_and_evaluated_beside_other_predictions(organism, recipes):
    assert run.main(arguments(organism)) == 0
    chosen = json.loads((organism / "out" / "chosen.json").read_text())["label_spreading"]
    tried = {json.dumps(trial["parameters"]): trial["validation_wfmax"] for trial in chosen["trials"]}
    assert len(tried) == 3
    assert tried[json.dumps(chosen["parameters"])] == max(tried.values()) > 0
    evaluation = pd.read_csv(organism / "out" / "evaluation.tsv", sep="\t")
    assert set(evaluation["model"]) == {"label_spreading", "term_frequency"}
    first = evaluation[(evaluation["knowledge"] == "first") & (evaluation["metric"] == "wfmax")]
    scores = first.pivot(index="aspect", columns="model", values="value")
    assert len(scores) == 3 and (scores["label_spreading"] > scores["term_frequency"]).all()


def test_what_is_there_is_not_made_again_and_an_interrupted_choice_is_taken_up(organism, recipes, monkeypatch):
    assert run.main(arguments(organism)) == 0
    before = (organism / "out" / "label_spreading.tsv.gz").read_bytes()
    monkeypatch.setattr(Recipe, "make", lambda *_: pytest.fail("fitted again"))
    assert run.main(arguments(organism)) == 0
    monkeypatch.undo()
    monkeypatch.setattr(run, "RECIPES", {"label_spreading": SPREADING})
    (organism / "out" / "label_spreading.tsv.gz").unlink()
    path = organism / "out" / "chosen.json"
    interrupted = json.loads(path.read_text())
    settings = interrupted["label_spreading"]
    interrupted["label_spreading"] = {"trials": settings["trials"][:1]}
    path.write_text(json.dumps(interrupted))
    made, make = [], Recipe.make
    monkeypatch.setattr(Recipe, "make", lambda self, parameters: made.append(parameters) or make(self, parameters))
    assert run.main(arguments(organism)) == 0
    assert made == [{"alpha": 0.8}, {"alpha": 0.95}, settings["parameters"]]
    assert (organism / "out" / "label_spreading.tsv.gz").read_bytes() == before


def test_under_cross_validation_no_gene_is_scored_by_a_fit_that_saw_its_labels(tmp_path):
    """One fold's scores are those of a fit on `hide`, and the choice comes from what is visible for fold 0."""
    dataset, _ = make_dataset(scheme="cross_validation", n_folds=4)
    run.run_recipe("label_spreading", dataset, tmp_path, recipe=SPREADING)
    chosen = json.loads((tmp_path / "chosen.json").read_text())["label_spreading"]
    fold_2 = SPREADING.make(chosen["parameters"]).fit(dataset.hide(2)).predict_proba(dataset.hide(2))
    found = read_predictions(tmp_path / "label_spreading.tsv.gz").set_index(["gene", "term"])["score"]
    for row in np.flatnonzero(dataset.split == 2)[:20]:
        for column, term in enumerate(dataset.ontology.terms):
            assert found.get((dataset.genes[row], term), 0.0) == pytest.approx(fold_2[row, column], abs=5e-5)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--recipes", "s3f"], "--recipes: found 's3f', expected some of label_spreading"),
        (["--dataset", "nowhere"], "nowhere: expected a saved dataset, found no dataset.json"),
        (["--predictions", "naive"], "--predictions: expected NAME=FILE, found 'naive'"),
        (["--predictions", "a=nowhere.tsv.gz"], "nowhere.tsv.gz: no such file"),
        (["--predictions", "label_spreading=naive.tsv.gz"], "found 'label_spreading', which is a recipe of this run"),
        (["--ontology", "nowhere.obo"], "nowhere.obo: no such file"),
    ],
)
def test_bad_input_ends_in_one_sentence_before_anything_is_fitted(
    organism, recipes, capsys, monkeypatch, more, sentence
):
    monkeypatch.setattr(Recipe, "make", lambda *_: pytest.fail("fitted"))
    assert run.main(arguments(organism, *more)) == 2
    assert sentence in capsys.readouterr().err


def test_choices_for_another_dataset_are_not_carried_over(organism, recipes, capsys):
    (organism / "out").mkdir()
    (organism / "out" / "chosen.json").write_text('{"dataset": {"genes": 7}}')
    assert run.main(arguments(organism)) == 2
    assert "found choices for another dataset" in capsys.readouterr().err


EVALUATION = pd.DataFrame(
    [
        (model, aspect, "first", "wfmax", value + 0.1 * (aspect == "CCO"), value - 0.05, value + 0.15, 40)
        for model, value in (("term_frequency", 0.2), ("s2f", 0.35), ("co_training", 0.3))
        for aspect in ("BPO", "MFO", "CCO")
    ],
    columns=["model", "aspect", "knowledge", "metric", "value", "low", "high", "n_genes"],
)


class TestFigure:
    def test_each_model_is_a_dot_at_its_value_with_its_interval_best_first(self):
        drawn = pytest.importorskip("matplotlib") and figure.draw(EVALUATION, "wfmax", "a title")
        assert [panel.get_title() for panel in drawn.axes] == ["BPO (40 genes)", "MFO (40 genes)", "CCO (40 genes)"]
        assert [label.get_text() for label in drawn.axes[0].get_yticklabels()] == [
            "s2f",
            "co_training",
            "term_frequency",
        ]
        assert drawn.axes[0].get_ylim()[0] > drawn.axes[0].get_ylim()[1]  # the first on top
        dots = {bar.lines[0].get_ydata()[0]: bar for bar in drawn.axes[2].containers}
        assert dots[0].lines[0].get_xdata()[0] == pytest.approx(0.45)  # s2f in CCO
        ((start, _), (end, _)) = dots[0].lines[2][0].get_segments()[0]
        assert (start, end) == (pytest.approx(0.30), pytest.approx(0.50))
        assert len({bar.lines[0].get_color() for bar in dots.values()}) == 3

    def test_less_is_better_for_s_min(self):
        assert figure.sorted_models(EVALUATION, smallest_first=True)[0] == "term_frequency"

    def test_the_same_table_gives_the_same_bytes(self, tmp_path):
        pytest.importorskip("matplotlib")
        write_table(tmp_path / "evaluation.tsv", EVALUATION)
        for name in ("a.svg", "b.svg"):
            assert figure.main([str(tmp_path / "evaluation.tsv"), "--output", str(tmp_path / name)]) == 0
        parts = [tmp_path / "models.tsv", tmp_path / "recipes.tsv"]
        recipe = EVALUATION["model"] == "s2f"
        for path, rows in zip(parts, (EVALUATION[~recipe], EVALUATION[recipe])):
            write_table(path, rows)
        assert figure.main([*map(str, parts), "--output", str(tmp_path / "c.svg")]) == 0
        drawn = {(tmp_path / name).read_bytes() for name in ("a.svg", "b.svg")}
        assert len(drawn) == 1
        assert "s2f" in (tmp_path / "c.svg").read_text() and "co_training" in (tmp_path / "c.svg").read_text()
        assert "co_training" in (tmp_path / "a.svg").read_text()  # text stays text

    def test_a_table_without_the_metric_or_no_table_is_told_in_one_sentence(self, tmp_path, capsys):
        write_table(tmp_path / "evaluation.tsv", EVALUATION)
        output = ["--output", str(tmp_path / "a.svg")]
        assert figure.main([str(tmp_path / "evaluation.tsv"), *output, "--knowledge", "CV"]) == 2
        assert "found no wfmax of CV" in capsys.readouterr().err
        assert figure.main([str(tmp_path / "none.tsv"), *output]) == 2
        assert "no such file" in capsys.readouterr().err
