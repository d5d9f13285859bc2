import os
from collections.abc import Callable
from pathlib import Path

import pytest


def find_data(name: str) -> Path:
    """Find a file of the real data by its name; skip the test where it is not there."""
    folder = os.environ.get("GENESSL_TEST_DATA")
    found = sorted(Path(folder).rglob(name)) if folder else []
    if not found:
        pytest.skip(f"{name} is not there: set GENESSL_TEST_DATA to a folder that holds it")
    return found[0]


@pytest.fixture(scope="session")
def data_file() -> Callable[[str], Path]:
    """Give `find_data`."""
    return find_data
