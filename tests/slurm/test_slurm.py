"""The workflow on a real Slurm of one node, started for these tests on the loopback interface."""

import gzip
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from genessl.simulate import SimulationSettings, simulate_organism

ROOT = Path(__file__).parents[2]
SCRIPTS = Path(__file__).parent
PROFILE = ROOT / "workflow" / "profiles" / "slurm"
DAEMONS = ("munged", "slurmctld", "slurmd")
SYSTEM_PATH = os.pathsep.join([os.environ["PATH"], "/usr/sbin", "/sbin"])

# The test's Slurm has no accounting, two cores perhaps, and jobs of seconds. The rest is the profile's.
HERE = (
    *("--slurm-no-account", "--slurm-status-command", "squeue"),
    *("--slurm-init-seconds-before-status-checks", "2", "--max-threads", "2", "--latency-wait", "10"),
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cluster() -> Iterator[dict[str, str]]:
    """Environment in which Slurm's commands and snakemake reach the Slurm of the test."""
    missing = [daemon for daemon in DAEMONS if shutil.which(daemon, path=SYSTEM_PATH) is None]
    if missing:
        pytest.skip(f"Slurm is not installed here (no {', '.join(missing)}): apt-get install slurm-wlm munge")
    # Not pytest's own folder: munge wants one that every user may enter, and a socket's path has to be short.
    with tempfile.TemporaryDirectory(prefix="slurm-") as folder:
        started = subprocess.run([SCRIPTS / "start_slurm.sh", folder], capture_output=True, text=True, timeout=180)
        assert started.returncode == 0, started.stderr
        path = os.pathsep.join([f"{folder}/bin", str(Path(sys.executable).parent), os.environ["PATH"]])
        try:
            yield {**os.environ, "SLURM_CONF": f"{folder}/slurm.conf", "PATH": path}
        finally:
            subprocess.run([SCRIPTS / "stop_slurm.sh", folder], check=True, timeout=60)


def snakemake(cluster: dict[str, str], folder: Path, *options: str | Path) -> tuple[int, str]:
    """Run snakemake in a folder; its exit code, and all it said."""
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--directory", folder, *HERE, *options],
        cwd=folder,
        env=cluster,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=900,
    )
    return done.returncode, done.stdout


def submissions(output: str) -> dict[str, int]:
    """Slurm jobs that snakemake reports to have submitted: how many for each rule."""
    rules = re.findall(r"has been submitted with SLURM jobid \d+ \(log: \S*/rule_(\w+)/", output)
    return {rule: rules.count(rule) for rule in rules}


@pytest.fixture(scope="module")
def organism(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the raw files of a very small organism, and its configuration in config.yaml."""
    folder = tmp_path_factory.mktemp("organism")
    simulate_organism(SimulationSettings(n_genes=120, n_terms=60, mean_length=80, seed=1), folder / "raw")
    configuration = {
        "organism": "tiny",
        "mirror": str(folder / "raw"),
        "sequences": "sequences.fasta.gz",
        "networks": {"string": {"file": "string.links.txt.gz", "format": "string"}},
        "ontology": "ontology.obo",
        "annotations": "annotations.gaf.gz",
        "later_annotations": "annotations_later.gaf.gz",
        "identifiers": ["aliases.txt.gz"],
        "evaluation": {"scheme": "temporal"},
        "models": {"term_frequency": {}, "network_neighbours": {}},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(configuration))
    return folder


def run_workflow(cluster: dict[str, str], organism: Path, *options: str) -> tuple[int, str]:
    files = ("--snakefile", ROOT / "workflow" / "Snakefile", "--configfile", organism / "config.yaml")
    return snakemake(cluster, organism, *files, "--profile", PROFILE, *options)


def test_the_whole_workflow_runs_through_slurm(cluster: dict[str, str], organism: Path) -> None:
    code, output = run_workflow(cluster, organism, "--slurm-keep-successful-logs")
    assert code == 0, output

    # One job for each rule and model; five shuffles of the control.
    expected = {"build_dataset": 1, "train": 2, "predict": 2, "control": 5, "evaluate": 1, "report": 1}
    expected |= {"calibrate": 1, "predict_sets": 1, "explain": 1}  # of the main model
    assert submissions(output) == expected
    logs = {path.parent.name: path for path in organism.glob(".snakemake/slurm_logs/rule_*/**/*.log")}
    assert len(list(organism.glob(".snakemake/slurm_logs/rule_*/**/*.log"))) == sum(expected.values()), logs

    results = organism / "results" / "tiny"
    assert (results / "report.html").stat().st_size > 0
    assert (results / "evaluation.tsv").read_text().startswith("model\t")
    for model in ("term_frequency", "network_neighbours"):
        assert (results / "predictions" / f"{model}.tsv.gz").stat().st_size > 0


def test_a_second_run_submits_nothing(cluster: dict[str, str], organism: Path) -> None:
    code, output = run_workflow(cluster, organism)
    assert code == 0, output
    assert "Nothing to be done" in output
    assert submissions(output) == {}


def test_the_sentence_of_a_failing_job_is_shown(cluster: dict[str, str], organism: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(organism, broken, ignore=shutil.ignore_patterns("results", "logs", ".snakemake"))
    configuration = yaml.safe_load((organism / "config.yaml").read_text())
    (broken / "config.yaml").write_text(yaml.safe_dump({**configuration, "mirror": str(broken / "raw")}))
    annotations = broken / "raw" / "annotations.gaf.gz"
    annotations.write_bytes(gzip.compress(gzip.decompress(annotations.read_bytes()) + b"SYN\tcut\n"))

    code, output = run_workflow(cluster, broken, "--retries", "0")
    assert code == 1, output
    assert submissions(output) == {"build_dataset": 1}
    assert re.search(r"genessl: error: \S*annotations\.gaf\.gz:\d+: found 2 tab-separated", output), output
    assert "Traceback" not in output
    assert not (broken / "results" / "tiny" / "dataset").exists()


# A training job that writes down what Slurm gave it.
WITNESS = """
rule train:
    output: "granted.txt"
    threads: 1
    resources: gpu=1
    shell: "scontrol --oneliner show job $SLURM_JOB_ID > {output}"
"""


@pytest.fixture
def site_profile(tmp_path: Path) -> Path:
    """The profile as a site with GPUs would copy it: without its lines `gpu: 0`."""
    folder = tmp_path / "profile"
    folder.mkdir()
    text, changes = re.subn(r"\n +gpu: 0 .*", "", (PROFILE / "config.yaml").read_text())
    assert changes == 3  # train, cross_validate and embed_sequences
    (folder / "config.yaml").write_text(text)
    return folder


@pytest.mark.parametrize("gpu", [False, True], ids=["as-it-is", "with-gpu"])
def test_training_is_granted_what_the_profile_asks_for(
    cluster: dict[str, str], tmp_path: Path, site_profile: Path, gpu: bool
) -> None:
    (tmp_path / "Snakefile").write_text(WITNESS)
    code, output = snakemake(cluster, tmp_path, "--profile", site_profile if gpu else PROFILE)
    assert code == 0, output
    granted = (tmp_path / "granted.txt").read_text()
    assert "MinMemoryNode=4000M" in granted
    assert "TimeLimit=08:00:00" in granted  # 480 minutes
    assert "Comment=rule_train" in granted
    assert ("gres:gpu:1" in granted) == gpu
