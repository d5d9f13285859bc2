"""Laws of the project as a whole: the order of its layers, a light import, the size of its parts, one version."""

import ast
import importlib
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import genessl
from genessl.models.base import GenePredictor

PACKAGE = Path(genessl.__file__).parent
ROOT = PACKAGE.parent

# Each layer imports only itself and those before it; names on one line are neighbours that may use each other.
LAYERS = [
    {"errors"},
    {"data"},
    {"features"},
    {"evaluation"},
    {"assembly"},
    {"models"},
    {"screening"},
    {"semi_supervised"},
    {"explain", "output", "simulate", "predictors", "configuration", "download", "mirrors"},
    {"cli"},
    {"__main__"},
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}

# Importable name → names of the installed packages that provide it.
PROVIDERS = packages_distributions()

SOURCES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def imported_modules(source: str) -> Iterator[str]:
    """Names of all modules that a source imports, at its top or within a function, `from a import b` as `a.b`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                raise AssertionError(f"line {node.lineno}: a relative import; write it from `genessl` on")
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def layers_used(source: str) -> set[str]:
    """Names of the layers of genessl that a source imports from."""
    modules = (name.split(".") for name in imported_modules(source))
    return {parts[1] for parts in modules if parts[0] == "genessl" and len(parts) > 1}


def layer_of(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_a_module_imports_only_its_own_layer_and_those_before_it(path: Path) -> None:
    own = LEVEL.get(layer_of(path))
    assert own is not None, f"genessl/{name_of(path)} belongs to no layer; give it one in LAYERS"
    later = {name for name in layers_used(path.read_text()) if LEVEL.get(name, len(LAYERS)) > own}
    assert not later, f"genessl/{name_of(path)} imports from a later layer: {sorted(later)}"


# `GeneDataset.to_pyg` hands torch's own tensors to the user: this module makes them, and is imported when it is called.
MAKES_TENSORS = "data/pyg.py"


@pytest.mark.parametrize("path", [path for path in SOURCES if layer_of(path) in {"data", "evaluation"}], ids=name_of)
def test_data_and_evaluation_never_import_torch(path: Path) -> None:
    packages = {name.split(".")[0] for name in imported_modules(path.read_text())}
    assert bool(packages & {"torch", "torch_geometric"}) == (name_of(path) == MAKES_TENSORS)


def test_a_dataset_loads_neither_torch_nor_networkx_before_it_is_asked_for_them() -> None:
    program = "import sys, genessl.data.dataset; print({'torch', 'networkx'} & set(sys.modules) or 'neither')"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["neither"]


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_the_package_never_imports_its_test_oracle_or_pickle(path: Path) -> None:
    packages = {name.split(".")[0] for name in imported_modules(path.read_text())}
    assert not packages & {"cafaeval", "pickle", "cloudpickle"}


# What asks for a predictor's class: elsewhere what differs is declared by the predictor (see `View`).
ASKS_FOR_A_CLASS = "models/view.py"


def predictor_names() -> set[str]:
    """Names of all classes of predictors, in whatever file they are."""
    for path in SOURCES:
        if layer_of(path) in {"models", "screening", "semi_supervised"}:
            importlib.import_module("genessl." + path.relative_to(PACKAGE).with_suffix("").as_posix().replace("/", "."))
    found, waiting = {GenePredictor.__name__}, [GenePredictor]
    while waiting:
        heirs = [heir for heir in waiting.pop().__subclasses__() if heir.__module__.startswith("genessl.")]
        found |= {heir.__name__ for heir in heirs}
        waiting += heirs
    return found


def class_questions(source: str, names: set[str]) -> list[str]:
    """Calls of isinstance or issubclass, and comparisons of types, that name one of some classes."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            asked = node.args[1:] if node.func.id in ("isinstance", "issubclass") else []
        elif isinstance(node, ast.Compare) and "type(" in ast.unparse(node.left):
            asked = node.comparators
        else:
            continue
        inner = [part for each in asked for part in ast.walk(each)]
        named = {part.id for part in inner if isinstance(part, ast.Name)}
        named |= {part.attr for part in inner if isinstance(part, ast.Attribute)}
        if named & names:
            found.append(f"line {node.lineno}: {ast.unparse(node)}")
    return found


def fitted_from_outside(source: str) -> list[str]:
    """Assignments to a fitted attribute, as in `x.terms_`, of anything but `self` and `cls`."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store | ast.Del):
            own = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
            if node.attr.endswith("_") and not node.attr.startswith("_") and not own:
                found.append(f"line {node.lineno}: {ast.unparse(node)}")
    return found


def test_only_the_file_of_the_views_asks_for_the_class_of_a_predictor() -> None:
    names = predictor_names()
    assert {"CoTraining", "GraphNetwork", "PredictorView", "View", "LabelPropagation", "RSMatch"} <= names
    found = {name_of(path): class_questions(path.read_text(), names) for path in SOURCES}
    assert {name for name, questions in found.items() if questions} == {ASKS_FOR_A_CLASS}, found


def test_no_object_sets_what_another_has_learned() -> None:
    found = {name_of(path): fitted_from_outside(path.read_text()) for path in SOURCES}
    assert not {name: places for name, places in found.items() if places}


@pytest.mark.parametrize(
    ("source", "n_found"),
    [
        ("isinstance(view, GraphNetwork)", 1),
        ("isinstance(view, (int, models.GraphNetwork))", 1),
        ("isinstance(view, int | GraphNetwork)", 1),
        ("issubclass(kind, GraphNetwork)", 1),
        ("type(view) is GraphNetwork", 1),
        ("isinstance(view, int)", 0),
        ("isinstance(GraphNetwork(), int)", 0),
        ("type(count) is not int", 0),
    ],
)
def test_the_walk_sees_who_asks_for_a_class(source: str, n_found: int) -> None:
    assert len(class_questions(source, {"GraphNetwork"})) == n_found


@pytest.mark.parametrize(
    ("source", "n_found"),
    [
        ("view.fitted_ = 1", 1),
        ("self.view_.fitted_ = 1", 1),
        ("view.fitted_, view.terms_ = fitted, terms", 2),
        ("view.n_ += 1", 1),
        ("for view.fitted_ in found: pass", 1),
        ("self.fitted_ = cls.fitted_ = 1", 0),
        ("view.fitted = view.fitted_", 0),
    ],
)
def test_the_walk_sees_who_sets_what_another_has_learned(source: str, n_found: int) -> None:
    assert len(fitted_from_outside(source)) == n_found


MOST_LINES_OF_A_FILE, MOST_LINES_OF_A_FUNCTION, MOST_ARGUMENTS = 400, 60, 16
# What is above a ceiling and has still to be divided; a name that has been divided must leave the list.
ABOVE_A_CEILING: set[str] = set()


def oversized(name: str, source: str) -> set[str]:
    """What exceeds a ceiling in a source: its lines, those of a function but its docstring, and its arguments."""
    n_lines = len(source.splitlines())
    found = {f"{name}: {n_lines} lines"} if n_lines > MOST_LINES_OF_A_FILE else set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            last, documented = node.end_lineno, node.body[0] if ast.get_docstring(node) is not None else None
            assert last is not None
            n_lines = last - node.lineno + 1
            if documented is not None and documented.end_lineno is not None:
                n_lines -= documented.end_lineno - documented.lineno + 1
            if n_lines > MOST_LINES_OF_A_FUNCTION:
                found.add(f"{name}: {node.name} has {n_lines} lines")
            named = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
            n_arguments = len([each for each in named if each is not None and each.arg not in ("self", "cls")])
            if n_arguments > MOST_ARGUMENTS:
                found.add(f"{name}: {node.name} has {n_arguments} arguments")
    return found


def test_no_file_or_function_is_too_long_and_none_takes_too_many_arguments() -> None:
    found = set().union(*(oversized(name_of(path), path.read_text()) for path in SOURCES))
    assert found == ABOVE_A_CEILING


def test_the_ceilings_see_what_exceeds_them() -> None:
    arguments = ", ".join(f"a{number}" for number in range(17))
    long = "async def long():\n" + '    """One\n\n    two."""\n' + "    pass\n" * 60
    assert oversized("f.py", long) == {"f.py: long has 61 lines"}
    assert oversized("f.py", long.replace("    pass\n", "", 1)) == set()
    assert oversized("f.py", f"class C:\n    def many(self, {arguments}): ...") == {"f.py: many has 17 arguments"}
    assert oversized("f.py", f"def many({arguments[:-10]}, **others): ...") == set()
    assert oversized("f.py", "\n" * 401) == {"f.py: 401 lines"}


@pytest.mark.parametrize(
    ("source", "layers"),
    [
        ("from genessl import cli", {"cli"}),
        ("def f():\n    from genessl.models.base import GenePredictor", {"models"}),
        ("import genessl.data.ontology as o, numpy", {"data"}),
        ("from torch import nn", set()),
    ],
)
def test_the_walk_sees_every_form_of_import(source: str, layers: set[str]) -> None:
    assert layers_used(source) == layers


def test_importing_genessl_takes_well_under_a_second_and_no_torch_or_transformers() -> None:
    program = (
        "import sys, time; start = time.perf_counter(); import genessl;"
        " print(time.perf_counter() - start, bool({'torch', 'transformers'} & set(sys.modules)))"
    )
    runs = [
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
        for _ in range(3)
    ]
    assert {heavy for _, heavy in runs} == {"False"}
    assert min(float(seconds) for seconds, _ in runs) < 1.0, runs  # the quickest: the machine may be busy


def test_the_citation_names_the_version_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert str(citation["version"]) == project["version"]
    assert citation["license"] == project["license"]
    # The keys that version 1.2.0 of the citation file format requires.
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()


def requirements(*extras: str) -> list[Requirement]:
    """What pyproject.toml asks for, without and with extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    optional = [line for extra in extras for line in project["optional-dependencies"][extra]]
    return [Requirement(line) for line in [*project["dependencies"], *optional]]


def test_every_dependency_is_pinned_to_a_version_within_its_bounds() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    for requirement in requirements("test", "slurm", "embeddings", "benchmarks"):
        pin = pins.get(canonicalize_name(requirement.name))
        assert pin is not None, f"constraints.txt lacks {requirement.name}"
        assert requirement.specifier.contains(pin), f"{requirement} excludes the pinned {pin}"
    assert not [pin for pin in pins.values() if "+" in pin], "a pin with a build tag would tie everyone to that build"


def test_the_conda_environment_asks_for_the_same_versions() -> None:
    lines = yaml.safe_load((ROOT / "workflow" / "envs" / "genessl.yaml").read_text())["dependencies"]
    asked = {Requirement(line).name: Requirement(line).specifier for line in lines}
    named = {"torch": "pytorch", "torch-geometric": "pytorch_geometric"}  # by conda-forge
    for requirement in requirements("embeddings"):
        if requirement.name != "snakemake":  # which deploys the environment
            name = named.get(requirement.name, requirement.name)
            assert asked.get(name) == requirement.specifier, f"genessl.yaml: {name} differs from pyproject.toml"


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_a_module_imports_only_declared_dependencies(path: Path) -> None:
    declared = {canonicalize_name(requirement.name) for requirement in requirements("embeddings")}
    packages = {name.split(".")[0] for name in imported_modules(path.read_text())}
    outside = packages - sys.stdlib_module_names - {"genessl"}
    undeclared = {
        name for name in outside if not declared & {canonicalize_name(each) for each in PROVIDERS.get(name, [])}
    }
    assert not undeclared, f"pyproject.toml does not declare what genessl/{name_of(path)} imports: {sorted(undeclared)}"
