"""What the documentation shows runs, and what it names exists."""

import ast
import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import genessl
from genessl.cli import app

ROOT = Path(genessl.__file__).parents[1]
PAGES = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    ROOT / "CONTRIBUTING.md",
    *sorted(ROOT.glob("docs/**/*.md")),
    *sorted(ROOT.glob("benchmarks/**/README.md")),
    *(ROOT / folder / "README.md" for folder in ("config", "resources")),
]
NOTEBOOKS = sorted(ROOT.glob("notebooks/*.ipynb"))
MODELS = ("term_frequency", "homology", "network_neighbours")


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def blocks(page: Path, language: str) -> list[str]:
    """The code blocks of a page in one language; none for those without."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def shown(code: str, names: dict[str, Any]) -> Any:
    """Run code as a notebook's cell: the value of the last expression is what it shows."""
    *before, last = ast.parse(code).body
    assert isinstance(last, ast.Expr), "a cell that should show a value ends in an expression"
    exec(compile(ast.Module(before, []), "<cell>", "exec"), names)
    return eval(compile(ast.Expression(last.value), "<cell>", "eval"), names)


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the results of a small simulated organism, made by the commands of the workflow."""
    folder = tmp_path_factory.mktemp("workplace")
    raw, results = folder / "raw", folder / "results" / "example"
    genessl.simulate_organism(genessl.SimulationSettings(n_genes=240, n_terms=90, mean_length=100, seed=3), raw)
    settings = {
        "sequences": str(raw / "sequences.fasta.gz"),
        "networks": {"string": {"file": str(raw / "string.links.txt.gz"), "format": "string"}},
        "ontology": str(raw / "ontology.obo"),
        "annotations": str(raw / "annotations.gaf.gz"),
        "later_annotations": str(raw / "annotations_later.gaf.gz"),
        "identifiers": [str(raw / "aliases.txt.gz")],
    }
    truth, dataset = results / "truth.tsv.gz", results / "dataset"
    call("build-dataset", "--settings", json.dumps(settings), "--output", dataset, "--truth", truth)
    tables = []
    for model in MODELS:
        table = results / "predictions" / f"{model}.tsv.gz"
        call("train", "--dataset", dataset, "--model", model, "--output", results / "models" / model)
        call("predict", "--dataset", dataset, "--model", results / "models" / model, "--output", table)
        tables += ["--predictions", f"{model}={table}"]
    output = results / "evaluation.tsv"
    call(
        "evaluate",
        "--dataset",
        dataset,
        "--ontology",
        raw / "ontology.obo",
        "--truth",
        truth,
        *tables,
        "--output",
        output,
    )
    return folder


def call(*arguments: str | Path) -> None:
    app([str(argument) for argument in arguments], standalone_mode=False)


def test_the_readmes_notebook_example_runs_and_shows_the_best_terms(
    workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(workplace)
    (example,) = blocks(ROOT / "README.md", "python")
    assert len([line for line in example.splitlines() if line]) <= 10
    names: dict[str, Any] = {}
    table = shown(example, names)

    dataset, gene = names["dataset"], names["gene"]
    assert not dataset.positive[[gene]].nnz  # no experiment has described it
    assert list(table.columns) == ["term", "name", "score"]
    assert len(table) == 10
    assert table["score"].is_monotonic_decreasing
    assert table["score"].iloc[0] == names["scores"][gene].max() > 0


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "README.md"], ids=name_of)
def test_the_python_examples_of_a_page_run(page: Path, workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workplace)
    for example in blocks(page, "python"):
        exec(compile(example, name_of(page), "exec"), {})


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=name_of)
def test_a_notebook_runs_from_top_to_bottom(notebook: Path, workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workplace)
    cells = [cell for cell in json.loads(notebook.read_text())["cells"] if cell["cell_type"] == "code"]
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in cells), "clear the outputs"
    names: dict[str, Any] = {}
    first, *others = ("".join(cell["source"]) for cell in cells)
    exec(compile(first, name_of(notebook), "exec"), names)
    for code in others:
        assert isinstance(shown(code, names), pd.DataFrame | pd.Series)


def test_the_first_steps_find_that_genes_tell_more_than_frequencies(
    workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(workplace)
    cells = json.loads((ROOT / "notebooks" / "first_steps.ipynb").read_text())["cells"]
    names: dict[str, Any] = {}
    for cell in cells:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
    found = names["found"]
    assert found["label_propagation"] > found["term_frequency"]
    # By hand: the ten most frequent terms among the visible genes, the same for every hidden gene.
    dataset, hidden = names["dataset"], names["hidden"]
    aspect = dataset.ontology.aspects
    visible = names["visible"]
    share = visible.positive.toarray().sum(axis=0) / [
        visible.labelled[:, dataset.aspects.index(a)].sum() for a in aspect
    ]
    ten = sorted(range(dataset.n_terms), key=lambda term: (-share[term], term))[:10]
    bits = (dataset.positive[hidden].toarray()[:, ten] * visible.accretion[ten]).sum(axis=1).mean()
    assert found["term_frequency"] == pytest.approx(bits, rel=1e-6)


def anchors(page: Path) -> set[str]:
    """The anchors that a page's headings get on GitHub."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_link_leads_to_a_file_and_a_heading_that_exist(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    links = [link for link in re.findall(r"\]\(([^)\s]+)[^)]*\)", text) if not link.startswith("https://")]
    broken = []
    for link in links:
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert not broken, f"{name_of(page)} links to {broken}"


def test_every_page_of_the_repository_is_checked() -> None:
    ignored = {".venv", ".git", ".snakemake", "results", "node_modules"}
    every = {page for page in ROOT.rglob("*.md") if not ignored & set(page.relative_to(ROOT).parts)}
    assert not [name_of(page) for page in every - set(PAGES) if page.parts[-2] != ".pytest_cache"]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_file_of_the_repository_that_a_page_names_exists(page: Path) -> None:
    text = re.sub(r"\]\([^)]*\)", "]", page.read_text())  # links are tested above
    named = set(re.findall(r"(?<![\w./])((?:docs|benchmarks|workflow)/[a-z0-9_/]+\.(?:md|tsv|svg|py|yaml))\b", text))
    missing = [name for name in named if not (ROOT / name).exists()]
    assert not missing, f"{name_of(page)} names {missing}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_make_target_or_a_configuration_that_a_page_names_exists(page: Path) -> None:
    text = page.read_text()
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    named = set(re.findall(r"(?:`|^)make ([a-z]+)", text, flags=re.MULTILINE))
    assert named <= targets
    files = set(re.findall(r"config/\w+\.yaml|workflow/profiles/\w+", text)) - {"config/mine.yaml"}
    assert not [file for file in files if not (ROOT / file).exists()]


def test_the_readme_names_every_predictor() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", (ROOT / "README.md").read_text(), flags=re.MULTILINE)
    assert [row for row in rows if row in genessl.PREDICTORS] == list(genessl.PREDICTORS)


def test_the_readmes_configuration_is_valid() -> None:
    yaml = pytest.importorskip("yaml")
    from genessl.configuration import check_models, validate_configuration

    schema = yaml.safe_load((ROOT / "workflow" / "schemas" / "config.schema.yaml").read_text())
    (text,) = blocks(ROOT / "README.md", "yaml")
    checked = validate_configuration(yaml.safe_load(text), schema)
    check_models(checked["models"])
    assert set(checked["models"]) == set(schema["properties"]["models"]["default"])


def test_every_metric_of_an_evaluation_is_explained(workplace: Path) -> None:
    table = pd.read_csv(workplace / "results" / "example" / "evaluation.tsv", sep="\t")
    explained = set(re.findall(r"`([\w-]+)`", (ROOT / "docs" / "outputs.md").read_text()))
    assert set(table.columns) | set(table["metric"]) | set(table["knowledge"]) <= explained
    predictions = pd.read_csv(workplace / "results" / "example" / "predictions" / "homology.tsv.gz", sep="\t")
    assert set(predictions.columns) <= explained


def test_the_changelog_speaks_of_the_version_of_the_package() -> None:
    headings = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), flags=re.MULTILINE)
    assert headings[0] == "Unreleased"
    assert genessl.__version__ in (ROOT / "CHANGELOG.md").read_text()
