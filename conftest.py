"""What the examples in docstrings share."""

import doctest
from typing import Any

import pytest

from genessl.data.dataset import GeneDataset


@pytest.fixture(autouse=True)
def _examples_know_the_dataset_of_the_class(request: pytest.FixtureRequest, doctest_namespace: dict[str, Any]) -> None:
    """Run the example of `GeneDataset`, so that those of its methods begin where it ends."""
    if isinstance(request.node, pytest.DoctestItem):
        for example in doctest.DocTestParser().get_examples(GeneDataset.__doc__ or ""):
            exec(example.source, doctest_namespace)
