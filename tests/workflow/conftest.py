"""A copy of the workflow in a folder of its own, with a stand-in for the `genessl` commands that only makes files."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

import genessl

REPOSITORY = Path(__file__).parents[2]

# Writes what the real commands write, and its own call into calls.txt. Fails as they do where a source says FAIL.
STAND_IN = """#!/usr/bin/env bash
set -eu
echo "$*" >> "$CALLS"
command=$1; shift
while [ $# -gt 0 ]; do
    case $1 in
        --output) output=$2 ;;
        --truth) truth=$2 ;;
        --settings) settings=$2 ;;
        --url) url=$2 ;;
        --cafa) cafa=$2 ;;
        --gaf) gaf=$2 ;;
        --calibration) calibration=$2 ;;
        --reliability) reliability=$2 ;;
    esac
    shift 2
done
case $command in
    simulate)
        mkdir -p "$output"
        for name in sequences.fasta.gz ontology.obo annotations.gaf.gz annotations_later.gaf.gz string.links.txt.gz \\
            coexpression.txt.gz interactions.biogrid.tab3.txt aliases.txt.gz; do touch "$output/$name"; done ;;
    build-dataset)
        if grep -qs FAIL genes.fasta; then
            echo "genessl: error: genes.fasta:1: expected a '>' header, found 'FAIL'" >&2; exit 2
        fi
        if grep -qs LOST genes.fasta; then echo "the node is lost" >&2; exit 1; fi
        mkdir -p "$output"; touch "$output/coverage.tsv" ${truth:+"$truth"} ;;
    train) mkdir -p "$output"; touch "$output/model.json" ;;
    predict) touch "$output" "$cafa" "$gaf" ;;
    cross-validate) touch "$output" "$calibration" ;;
    evaluate) touch "$output" "$reliability" ;;
    download) exec "$PYTHON" -c "from genessl.cli import main; main()" download --url "$url" --output "$output" ;;
    *) touch "$output" ;;
esac
"""


# A package that the workplace's interpreter finds first: the real one but for its command line.
PACKAGE = "__path__ += [{real!r}]\n"
COMMAND_LINE = "import os, sys\nos.execv({stand_in!r}, [{stand_in!r}, *sys.argv[1:]])\n"

DOMAINS = (
    "a\t0123456789abcdef0123456789abcdef\t120\tPfam\tPF00069\tkinase\t5\t60\t1E-20\tT\t01-01-2020\tIPR000719\tkinase\n"
)
GAF = "!gaf-version: 2.1\nSYN\ta\ta\t\tGO:0008150\tPMID:1\tIDA\t\tP\t\t\tprotein\ttaxon:9\t20200101\tSYN\t\t\n"
# Of each file only the first lines are looked at before the stand-in runs.
SOURCES = {
    "resources/example.yaml": "",
    "genes.fasta": ">a\nMKLV\n>b\nMKLW\n",
    "pairs.txt": "a\tb\t0.5\n",
    "go.obo": "format-version: 1.2\n\n[Term]\nid: GO:0008150\nname: biological_process\n",
    "t0.gaf": GAF,
    "t1.gaf": GAF,
}
# What other files of a test may hold.
MORE = {
    ".fasta": ">r\nMKLF\n",
    ".gaf": GAF,
    ".txt": "r\tr1\n",
    ".tsv": DOMAINS,
    ".obo": SOURCES["go.obo"],
}


@dataclass
class Workplace:
    """A folder with the workflow in it, and how to run it there."""

    folder: Path
    calls: Path = field(init=False)

    def __post_init__(self) -> None:
        self.calls = self.folder / "calls.txt"

    def fill(self) -> None:
        for name in ("workflow", "config"):
            shutil.copytree(REPOSITORY / name, self.folder / name)
        for name, text in SOURCES.items():
            (self.folder / name).parent.mkdir(exist_ok=True)
            (self.folder / name).write_text(text)
        (self.folder / "stand_in").write_text(STAND_IN)
        (self.folder / "stand_in").chmod(0o755)
        package = self.folder / "genessl"
        package.mkdir()
        (package / "__init__.py").write_text(PACKAGE.format(real=str(Path(genessl.__file__).parent)))
        (package / "__main__.py").write_text(COMMAND_LINE.format(stand_in=str(self.folder / "stand_in")))

    def configure(self, **changes: object) -> None:
        """Write my.yaml, a configuration of files that exist, changed as asked."""
        config: dict[str, object] = {
            "organism": "mine",
            "sequences": "genes.fasta",
            "networks": {"pairs": {"file": "pairs.txt", "format": "edges"}},
            "ontology": "go.obo",
            "annotations": "t0.gaf",
            "later_annotations": "t1.gaf",
            "evaluation": {"scheme": "temporal"},
            "models": {"term_frequency": {}, "label_propagation": {"restart": 0.1}},
        }
        (self.folder / "my.yaml").write_text(yaml.safe_dump(config | changes))

    def snakemake(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "snakemake", "--cores", "2", *arguments],
            cwd=self.folder,
            env=os.environ | {"CALLS": str(self.calls), "PYTHON": sys.executable},
            capture_output=True,
            text=True,
            check=False,
        )

    def planned(self, *arguments: str) -> list[str]:
        """Return the calls of genessl that a dry run plans: 'command' or 'command model', sorted."""
        result = self.snakemake("--dry-run", "--printshellcmds", *arguments)
        assert result.returncode == 0, result.stdout + result.stderr
        found = []
        for line in (result.stdout + result.stderr).splitlines():
            words = line.removeprefix("Shell command: ").split()
            if words[:1] == ["run_genessl"]:
                model = words[words.index("--model") + 1] if "--model" in words else ""
                found.append(f"{words[3]} {Path(model).name}".strip())
        return sorted(found)


@pytest.fixture
def workplace(tmp_path: Path) -> Workplace:
    """Nothing has run yet."""
    place = Workplace(tmp_path)
    place.fill()
    place.configure()
    return place


@pytest.fixture(scope="session")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    place = Workplace(tmp_path_factory.mktemp("finished"))
    place.fill()
    place.configure()
    result = place.snakemake("--configfile", "my.yaml")
    assert result.returncode == 0, result.stdout + result.stderr
    return place


@pytest.fixture
def finished(first_run: Workplace, tmp_path: Path) -> Workplace:
    """A temporal run of two models has finished; a copy, times included."""
    shutil.copytree(first_run.folder, tmp_path / "finished")
    return Workplace(tmp_path / "finished")
