"""The names that `import genessl` offers."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import genessl


@pytest.mark.parametrize("name", genessl.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(genessl, name) is not None
    assert name in dir(genessl)


def test_a_public_name_is_the_object_of_its_module() -> None:
    from genessl.data.ontology import read_obo
    from genessl.errors import InputError

    assert genessl.read_obo is read_obo
    assert genessl.InputError is InputError


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'genessl' has no attribute 'read_gff'"):
        genessl.read_gff  # type: ignore[attr-defined]  # noqa: B018


def test_type_checkers_see_the_same_names() -> None:
    tree = ast.parse(Path(genessl.__file__).read_text())
    (block, *_) = (node for node in tree.body if isinstance(node, ast.If))
    imports = {
        alias.name: node.module for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert imports == genessl._MODULES
    assert {*imports, "__version__"} == set(genessl.__all__)


def test_no_public_name_needs_torch() -> None:
    program = "import sys; from genessl import *; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
