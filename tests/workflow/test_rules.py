"""Which jobs run when, and what the user sees when one fails."""

import json
import logging
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from genessl.configuration import USUAL_TERMS
from genessl.predictors import make_predictor
from tests.workflow.conftest import MORE

REPOSITORY = Path(__file__).parents[2]

MINE = ("--configfile", "my.yaml")
MODELS = ["label_propagation", "term_frequency"]
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
    # dataset, 2 train, 2 predict, calibrate, sets, explain, 5 controls, evaluate, report
    assert len(workplace.planned(*MINE)) == 15
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
    assert len(finished.planned(*MINE)) == 15


def test_the_dataset_is_built_from_the_files_of_domains_and_references_too(workplace):
    reference = {"sequences": "s.fasta", "annotations": "s.gaf", "identifiers": ["s.txt"], "domains": "s.tsv"}
    names = {"own.tsv", "s.fasta", "s.gaf", "s.txt", "s.tsv"}
    for name in names:
        (workplace.folder / name).write_text(MORE[Path(name).suffix])
    workplace.configure(domains="own.tsv", references=[reference], substituted_copies=2)
    result = workplace.snakemake("results/mine/dataset", *MINE)
    assert result.returncode == 0, result.stderr
    (inputs,) = (line for line in result.stderr.splitlines() if line.strip().startswith("input: "))
    assert names <= set(inputs.replace(",", "").split())
    call = workplace.calls.read_text()
    assert '"domains": "own.tsv"' in call
    assert '"substituted_copies": 2' in call
    assert json.dumps({"references": [reference]}, sort_keys=True)[1:-1] in call
    (workplace.folder / "s.tsv").unlink()
    assert "references[0].domains: found no 's.tsv'" in workplace.snakemake(*MINE).stderr


def test_contamination_reaches_the_dataset_and_asks_for_the_screening(workplace):
    (workplace.folder / "made.fasta").write_text(MORE[".fasta"])
    workplace.configure(contamination={"sequences": "made.fasta", "ratio": 0.5})
    result = workplace.snakemake(*MINE)
    assert result.returncode == 0, result.stderr
    calls = workplace.calls.read_text().splitlines()
    (built,) = (call for call in calls if call.startswith("build-dataset"))
    assert '"contamination": {"ratio": 0.5, "seed": 0, "sequences": "made.fasta"}' in built
    (reported,) = (call for call in calls if call.startswith("report"))
    assert "--screening results/mine/screening.tsv" in reported
    assert (workplace.folder / "results" / "mine" / "screening.tsv").is_file()
    workplace.configure(contamination={"sequences": "made.fasta", "ratio": 0.5, "seed": 1})
    assert len(workplace.planned(*MINE)) == 16


def test_without_contamination_genes_are_screened_where_that_is_asked_for_only(finished):
    assert "screening" not in finished.calls.read_text()
    assert finished.planned("results/mine/screening.tsv", *MINE) == ["screen-genes"]
    finished.configure(screening=True)
    assert finished.planned(*MINE) == ["report", "screen-genes"]


def test_an_added_model_leaves_the_others_alone(finished):
    finished.configure(models={"term_frequency": {}, "label_propagation": {"restart": 0.1}, "homology": {}})
    assert finished.planned(*MINE) == ["evaluate", "predict homology", "report", "train homology"]


def test_without_a_scheme_no_control_runs_and_the_evaluation_is_still_written(workplace):
    workplace.configure(evaluation={"scheme": "none"})
    expected = ["build-dataset", "calibrate term_frequency", "evaluate", "explain term_frequency"]
    expected += ["predict-sets term_frequency", "report"]
    expected += [f"{command} {model}" for command in ("train", "predict") for model in MODELS]
    assert workplace.planned(*MINE) == sorted(expected)


def test_the_models_that_were_asked_for_are_calibrated_and_their_predictions_told(workplace):
    workplace.configure(probabilities="all")
    assert workplace.snakemake(*MINE).returncode == 0
    calls = workplace.calls.read_text().splitlines()
    assert sorted(call.split()[4] for call in calls if call.startswith("calibrate")) == MODELS
    for model in MODELS:
        file = f"results/mine/calibration/{model}.json"
        (predict,) = (call for call in calls if call.startswith("predict ") and f"models/{model} " in call)
        assert f"--calibration {file}" in predict
        (evaluate,) = (call for call in calls if call.startswith("evaluate"))
        assert f"--calibration {model}={file}" in evaluate
    (sets,) = (call for call in calls if call.startswith("predict-sets"))
    assert f"--calibration results/mine/calibration/{MODELS[-1]}.json --coverage 0.9" in sets
    workplace.configure(probabilities="all", coverage=0.8)
    assert workplace.planned(*MINE) == ["evaluate", f"predict-sets {MODELS[-1]}", "report"]
    workplace.configure(probabilities="main")
    assert workplace.planned(*MINE) == ["evaluate", "predict label_propagation", "report"]
    workplace.configure(probabilities="none")
    predicted = [f"predict {model}" for model in MODELS]
    assert workplace.planned(*MINE) == ["evaluate", f"explain {MODELS[-1]}", *predicted, "report"]


def test_the_report_explains_the_main_models_predictions_unless_that_is_turned_off(finished):
    calls = finished.calls.read_text().splitlines()
    (explain,) = (call for call in calls if call.startswith("explain"))
    assert f"--model results/mine/models/{MODELS[-1]} " in explain
    assert f"--predictions results/mine/predictions/{MODELS[-1]}.tsv.gz" in explain
    (reported,) = (call for call in calls if call.startswith("report"))
    assert "--explanations results/mine/explanations.tsv.gz" in reported
    finished.configure(explanations=False)
    assert finished.planned(*MINE) == ["report"]


def test_in_cross_validation_every_model_is_calibrated_by_its_folds(workplace):
    workplace.configure(evaluation={"scheme": "cross_validation", "folds": 3}, later_annotations=None)
    assert workplace.snakemake(*MINE).returncode == 0
    calls = workplace.calls.read_text().splitlines()
    assert not any(call.startswith("calibrate") for call in calls)
    for command in ("cross-validate ", "predict "):
        told = [call for call in calls if call.startswith(command)]
        assert len(told) == 2
        assert all("--calibration results/mine/calibration/" in call for call in told)
    (evaluate,) = (call for call in calls if call.startswith("evaluate"))
    assert all(f"--calibration {model}=results/mine/calibration/{model}.json" in evaluate for model in MODELS)


def test_without_a_configfile_the_example_is_simulated_and_run(workplace):
    assert workplace.snakemake().returncode == 0
    calls = workplace.calls.read_text().splitlines()
    assert calls[0] == "simulate --settings resources/example.yaml --output resources/example"
    report = next(call for call in calls if call.startswith("report"))
    assert '"organism": "example"' in report
    assert '"simulated": true' in report
    assert len([call for call in calls if call.startswith("train")]) == 13
    assert workplace.planned() == []


def test_a_configfile_does_not_mix_with_the_example(finished):
    calls = finished.calls.read_text()
    assert "example" not in calls
    assert "biogrid" not in calls
    trained = [call.split()[4] for call in calls.splitlines() if call.startswith("train")]
    assert sorted(trained) == ["label_propagation", "term_frequency"]
    assert '"simulated": false' in calls


def test_a_language_model_is_run_before_the_dataset_which_reads_its_file(workplace):
    workplace.configure(embeddings={"model": "facebook/esm2_t12_35M_UR50D"})
    assert workplace.planned("results/mine/dataset", *MINE) == ["build-dataset", "embed-sequences esm2_t12_35M_UR50D"]
    assert workplace.snakemake("results/mine/dataset", *MINE).returncode == 0
    embed, build = workplace.calls.read_text().splitlines()
    options = "--sequences genes.fasta --model facebook/esm2_t12_35M_UR50D --output results/mine/embeddings.h5"
    assert embed == f"embed-sequences {options}"
    assert '"embeddings": "results/mine/embeddings.h5"' in build
    assert workplace.planned("results/mine/dataset", *MINE) == []
    workplace.configure(embeddings={"model": "models/own"})
    assert workplace.planned("results/mine/dataset", *MINE) == ["build-dataset", "embed-sequences own"]


def test_embeddings_given_as_a_file_are_never_computed(workplace):
    given = workplace.folder / "results" / "mine" / "embeddings.h5"  # where the rule would write them
    given.parent.mkdir(parents=True)
    np.savez(given.with_suffix(".npz"), a=np.ones(2))
    given.with_suffix(".npz").rename(given)
    workplace.configure(embeddings="results/mine/embeddings.h5")
    assert workplace.planned("results/mine/dataset", "--forceall", *MINE) == ["build-dataset"]


def asked_for(workplace, rule, *arguments):
    """Return what a dry run would give a rule's jobs, by model: threads and the resources that are numbers."""
    result = workplace.snakemake("--dry-run", "--forcerun", rule, *arguments, *MINE)
    assert result.returncode == 0, result.stderr
    jobs = [block for block in (result.stdout + result.stderr).split("rule ") if block.startswith(f"{rule}:")]
    found = {}
    for job in jobs:
        threads = re.search(r"threads: (\d+)", job)
        numbers = dict(re.findall(r"(\w+)=(\d+)", job.partition("resources: ")[2]))
        found[re.search(r"model=(\w+)", job).group(1)] = {
            "threads": int(threads.group(1)) if threads else 1,
            **{name: int(number) for name, number in numbers.items()},
        }
    return found


OWNERS = ("self_training", "mean_teacher", "fixmatch", "pretrained", "rsmatch", "combined")
PLAIN = ("homology", "label_propagation", "graph_network")


@pytest.mark.parametrize("rule", ["train", "cross_validate"])
def test_models_get_what_they_declare(workplace, rule):
    scheme = {"evaluation": {"scheme": "cross_validation"}, "later_annotations": None}
    workplace.configure(models={name: {} for name in (*PLAIN, *OWNERS)}, **scheme)
    (workplace.folder / "genes.fasta").write_text("".join(f">g{number}\nMK\n" for number in range(9000)))
    found = asked_for(workplace, rule, "--cores", "8")
    declared = {name: make_predictor(name).resources(9000, USUAL_TERMS) for name in (*PLAIN, *OWNERS)}
    for name, needs in declared.items():
        expected = {"threads": needs.threads, "mem_mb": needs.memory_mb, "gpu": int(needs.gpu)}
        assert {key: found[name][key] for key in expected} == expected, name
    assert found["homology"]["gpu"] == 0
    assert found["graph_network"]["threads"] == 2
    assert found["graph_network"]["gpu"] == 1


@pytest.mark.parametrize("name", OWNERS)
def test_a_model_that_owns_a_neural_one_needs_at_least_as_much(name):
    alone = make_predictor("sequence_network").resources(6000, 4000)
    owner = make_predictor(name).resources(6000, 4000)
    assert (owner.threads, owner.gpu) == (4 if name == "combined" else 2, True)  # combined fits four folds side by side
    assert owner.memory_mb >= alone.memory_mb


def test_a_model_on_the_cpu_asks_for_no_gpu(workplace):
    workplace.configure(models={"sequence_network": {"device": "cpu"}, "graph_network": {}})
    found = asked_for(workplace, "train")
    assert {name: needs["gpu"] for name, needs in found.items()} == {"sequence_network": 0, "graph_network": 1}


def test_memory_is_asked_for_by_the_size_of_the_dataset_once_it_is_built(finished):
    description = {"genes": ["a"] * 20_000, "ontology": {"terms": ["t"] * 10_000}}
    (finished.folder / "results" / "mine" / "dataset" / "dataset.json").write_text(json.dumps(description))
    needs = make_predictor("label_propagation").resources(20_000, 10_000)
    assert asked_for(finished, "train")["label_propagation"]["mem_mb"] == needs.memory_mb > 3000


def site_profile(workplace):
    """Return the profile for Slurm as a site with GPUs would have it: without the lines that turn them off."""
    folder = workplace.folder / "site"
    folder.mkdir()
    text = (workplace.folder / "workflow" / "profiles" / "slurm" / "config.yaml").read_text()
    text, changes = re.subn(r"\n +gpu: 0 .*", "", text)
    assert changes == 3  # train, cross_validate and embed_sequences
    (folder / "config.yaml").write_text(text)
    return str(folder)


def test_on_a_cluster_only_models_that_use_a_gpu_ask_for_one_where_there_are_any(workplace):
    pytest.importorskip("snakemake_executor_plugin_slurm")
    workplace.configure(models={"homology": {}, "graph_network": {}})
    for profile, gpus in (("workflow/profiles/slurm", 0), (site_profile(workplace), 1)):
        found = asked_for(workplace, "train", "--profile", profile)
        assert {name: needs["gpu"] for name, needs in found.items()} == {"homology": 0, "graph_network": gpus}
        assert {name: needs["threads"] for name, needs in found.items()} == {"homology": 1, "graph_network": 2}
        assert found["homology"]["mem_mb"] == make_predictor("homology").resources(2, USUAL_TERMS).memory_mb


def test_the_plugin_sends_only_jobs_that_ask_for_a_gpu_to_the_partition_that_has_one():
    partitions = pytest.importorskip("snakemake_executor_plugin_slurm.partitions")
    listed = partitions.read_partition_file(REPOSITORY / "workflow" / "profiles" / "slurm" / "partitions.yaml")
    for gpu, expected in ((0, "short"), (1, "gpu")):
        resources = {"gpu": gpu, "mem_mb": 4000, "runtime": 60}
        job = SimpleNamespace(name="train", threads=2, resources=resources, is_group=lambda: False)
        assert partitions.get_best_partition(listed, job, logging.getLogger()) == expected


def test_a_mistake_of_the_users_is_not_tried_again(workplace):
    (workplace.folder / "genes.fasta").write_text(">a\nFAIL\n")
    result = workplace.snakemake(*MINE, "--retries", "1")
    sentence = "genessl: error: genes.fasta:1: expected a '>' header, found 'FAIL'"
    assert result.returncode == 1
    assert workplace.calls.read_text().count("build-dataset") == 1
    assert result.stderr.count(f"\n{sentence}\n") >= 2  # shown again where the second attempt ends
    assert (workplace.folder / "logs" / "mine" / "build_dataset.log").read_text() == sentence + "\n"


def test_a_lost_job_is_tried_again_with_twice_the_memory(workplace):
    (workplace.folder / "genes.fasta").write_text(">a\nLOST\n")
    result = workplace.snakemake(*MINE, "--retries", "1")
    assert result.returncode == 1
    assert workplace.calls.read_text().count("build-dataset") == 2
    assert re.findall(r"mem_mb=(\d+)", result.stderr)[:2] == ["4000", "8000"]


def test_a_mistake_in_an_earlier_run_does_not_keep_the_next_from_trying(workplace):
    (workplace.folder / "genes.fasta").write_text(">a\nFAIL\n")
    assert workplace.snakemake(*MINE).returncode == 1
    (workplace.folder / "genes.fasta").write_text(">a\nMK\n")
    assert workplace.snakemake("results/mine/dataset", *MINE, "--retries", "1").returncode == 0


def test_another_organism_is_not_made_from_this_ones_files(workplace):
    result = workplace.snakemake("results/other/evaluation.tsv", "--dry-run", *MINE)
    assert result.returncode == 1
    assert "MissingRuleException" in result.stdout + result.stderr


def test_a_failing_commands_sentence_is_shown_and_logged(workplace):
    (workplace.folder / "genes.fasta").write_text(">a\nFAIL\n")
    result = workplace.snakemake(*MINE)
    sentence = "genessl: error: genes.fasta:1: expected a '>' header, found 'FAIL'"
    assert result.returncode == 1
    assert sentence in result.stderr
    assert (workplace.folder / "logs" / "mine" / "build_dataset.log").read_text() == sentence + "\n"
    assert not (workplace.folder / "results" / "mine" / "dataset").exists()


def test_quotes_blanks_and_braces_of_the_configuration_reach_the_command_unchanged(workplace):
    workplace.configure(embeddings={"model": "it's $HOME {here}"})
    assert workplace.snakemake("results/mine/embeddings.h5", *MINE).returncode == 0
    assert "--model it's $HOME {here} --output" in workplace.calls.read_text()


def test_the_workflow_passes_lint_and_format(workplace):
    lint = workplace.snakemake("--lint")
    assert lint.returncode == 0, lint.stdout + lint.stderr
    assert "Lints for" not in lint.stdout + lint.stderr
    snakefmt = [Path(sys.executable).parent / "snakefmt", "--check", "workflow"]
    checked = subprocess.run(snakefmt, cwd=workplace.folder, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
