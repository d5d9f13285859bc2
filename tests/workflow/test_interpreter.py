"""Which genessl the rules call: that of the interpreter that runs snakemake, or of the environment that conda made."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BARE_PATH = "/usr/local/bin:/usr/bin:/bin"


@pytest.fixture
def real(workplace):
    """A workplace whose rules call the real commands, with an ontology that they download from a file."""
    shutil.rmtree(workplace.folder / "genessl")
    (workplace.folder / "served").mkdir()
    (workplace.folder / "served" / "new.obo").write_text("format-version: 1.2\n")
    workplace.configure(ontology=(workplace.folder / "served" / "new.obo").as_uri())
    return workplace


def download(workplace, *command: str | Path) -> subprocess.CompletedProcess[str]:
    """Download the ontology with no environment activated."""
    return subprocess.run(
        [*command, "resources/new.obo", "--cores", "1", "--configfile", "my.yaml"],
        cwd=workplace.folder,
        env={**os.environ, "PATH": BARE_PATH},
        capture_output=True,
        text=True,
        check=False,
    )


def test_snakemake_called_by_its_path_finds_genessl_without_an_activated_environment(real):
    result = download(real, Path(sys.executable).parent / "snakemake")
    assert result.returncode == 0, result.stderr
    assert (real.folder / "resources" / "new.obo").read_text() == "format-version: 1.2\n"


@pytest.mark.skipif(sys.prefix == sys.base_prefix, reason="needs a virtual environment, which a link can rename")
def test_an_interpreter_whose_path_holds_braces_and_blanks_is_called(real):
    (real.folder / "the {env}").symlink_to(sys.prefix)
    result = download(real, real.folder / "the {env}" / "bin" / "python", "-m", "snakemake")
    assert result.returncode == 0, result.stderr
    assert (real.folder / "resources" / "new.obo").is_file()


def test_the_command_line_can_be_called_as_a_module():
    shown = subprocess.run([sys.executable, "-m", "genessl", "--help"], capture_output=True, text=True, check=False)
    assert shown.returncode == 0
    assert "Usage: genessl [OPTIONS] COMMAND" in shown.stdout


@pytest.mark.parametrize("methods, expected", [((), sys.executable), (("--sdm", "conda"), "python")])
def test_in_an_environment_of_conda_its_own_interpreter_is_called(workplace, methods, expected):
    (workplace.folder / "workflow" / "Asked").write_text('include: "Snakefile"\nprint("interpreter:", PYTHON)\n')
    result = workplace.snakemake("--snakefile", "workflow/Asked", "--configfile", "my.yaml", "--list-rules", *methods)
    assert f"interpreter: {expected}\n" in result.stdout, result.stderr
