"""Which jobs run when, and what the user sees when one fails."""

import subprocess
import sys
from pathlib import Path

MINE = ("--configfile", "my.yaml")
OTHER_RESTART = {"term_frequency": {}, "label_propagation": {"restart": 0.2}}


def test_a_run_writes_what_the_contract_names(finished):
    results, logs = finished.folder / "results" / "mine", finished.folder / "logs" / "mine"
    for name in ("report.html", "evaluation.tsv", "truth.tsv.gz", "dataset/coverage.tsv", "models/label_propagation"):
        assert (results / name).exists(), name
    for name in ("term_frequency.tsv.gz", "term_frequency.cafa.tsv.gz", "term_frequency.gaf.gz"):
        assert (results / "predictions" / name).is_file(), name
    expected = {"build_dataset.log", "train/term_frequency.log", "predict/label_propagation.log", "evaluate.log"}
    assert expected <= {str(path.relative_to(logs)) for path in logs.rglob("*.log")}


def test_a_second_run_does_nothing(workplace, finished):
    assert len(workplace.planned(*MINE)) == 12  # the dataset, 2 train, 2 predict, 5 controls, evaluate, report
    assert finished.planned(*MINE) == []


def test_a_changed_parameter_reruns_that_model_its_predictions_the_evaluation_and_the_report_only(finished):
    finished.configure(models=OTHER_RESTART)
    expected = ["evaluate", "predict label_propagation", "report", "train label_propagation"]
    assert finished.planned(*MINE) == expected


def test_in_cross_validation_a_changed_parameter_reruns_its_cross_validation_too(workplace):
    scheme = {"evaluation": {"scheme": "cross_validation", "folds": 3}, "later_annotations": None}
    workplace.configure(**scheme)
    assert workplace.snakemake(*MINE).returncode == 0
    workplace.configure(**scheme, models=OTHER_RESTART)
    assert workplace.planned(*MINE) == [
        "cross-validate label_propagation",
        "evaluate",
        "predict label_propagation",
        "report",
        "train label_propagation",
    ]
    calls = workplace.calls.read_text().splitlines()
    evaluate = next(call for call in calls if call.startswith("evaluate"))
    assert "--predictions term_frequency=results/mine/out_of_fold/term_frequency.tsv.gz" in evaluate
    assert evaluate.count("--predictions permuted_labels=results/mine/control/permuted_labels-") == 5
    assert "--truth" not in evaluate
    report = next(call for call in calls if call.startswith("report"))
    assert "--predictions term_frequency=results/mine/predictions/term_frequency.tsv.gz" in report


def test_changed_settings_of_the_dataset_rerun_everything(finished):
    finished.configure(evidence=["IDA"])
    assert len(finished.planned(*MINE)) == 12


def test_an_added_model_leaves_the_others_alone(finished):
    finished.configure(models={"term_frequency": {}, "label_propagation": {"restart": 0.1}, "homology": {}})
    assert finished.planned(*MINE) == ["evaluate", "predict homology", "report", "train homology"]


def test_without_a_scheme_no_control_runs_and_the_evaluation_is_still_written(workplace):
    workplace.configure(evaluation={"scheme": "none"})
    expected = ["build-dataset", "evaluate", "report"]
    models = ["label_propagation", "term_frequency"]
    expected += [f"{command} {model}" for command in ("train", "predict") for model in models]
    assert workplace.planned(*MINE) == sorted(expected)


def test_without_a_configfile_the_example_is_simulated_and_run(workplace):
    assert workplace.snakemake().returncode == 0
    calls = workplace.calls.read_text().splitlines()
    assert calls[0] == "simulate --settings resources/example.yaml --output resources/example"
    report = next(call for call in calls if call.startswith("report"))
    assert '"organism": "example"' in report
    assert '"simulated": true' in report
    assert len([call for call in calls if call.startswith("train")]) == 8
    assert workplace.planned() == []


def test_a_configfile_does_not_mix_with_the_example(finished):
    calls = finished.calls.read_text()
    assert "example" not in calls
    assert "biogrid" not in calls
    trained = [call.split()[4] for call in calls.splitlines() if call.startswith("train")]
    assert sorted(trained) == ["label_propagation", "term_frequency"]
    assert '"simulated": false' in calls


def test_another_organism_is_not_made_from_this_ones_files(workplace):
    result = workplace.snakemake("results/other/evaluation.tsv", "--dry-run", *MINE)
    assert result.returncode == 1
    assert "MissingRuleException" in result.stdout + result.stderr


def test_a_failing_commands_sentence_is_shown_and_logged(workplace):
    (workplace.folder / "genes.fasta").write_text("FAIL\n")
    result = workplace.snakemake(*MINE)
    sentence = "genessl: error: genes.fasta:1: expected a '>' header, found 'FAIL'"
    assert result.returncode == 1
    assert sentence in result.stderr
    assert (workplace.folder / "logs" / "mine" / "build_dataset.log").read_text() == sentence + "\n"
    assert not (workplace.folder / "results" / "mine" / "dataset").exists()


def test_quotes_blanks_and_braces_of_the_configuration_reach_the_command_unchanged(workplace):
    workplace.configure(taxon="it's $HOME {here}")
    assert workplace.snakemake("results/mine/dataset", *MINE).returncode == 0
    assert '"taxon": "it\'s $HOME {here}"' in workplace.calls.read_text()


def test_the_workflow_passes_lint_and_format(workplace):
    lint = workplace.snakemake("--lint")
    assert lint.returncode == 0, lint.stdout + lint.stderr
    assert "Lints for" not in lint.stdout + lint.stderr
    snakefmt = [Path(sys.executable).parent / "snakefmt", "--check", "workflow"]
    checked = subprocess.run(snakefmt, cwd=workplace.folder, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
