"""Domain tables of any content: a table or one sentence; what each format reads is tested with its users."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genessl.data.domains import read_domains
from genessl.data.formats.domains import DOMAIN_FORMATS
from genessl.errors import InputError

TOKENS = st.sampled_from(
    ["P1", "sp|P1|X", "PF00001.2", "PF00001", "14086411a2cdf1c4cba63020e1622579", "Pfam", "IPR000001", "-", "1",
     "1e-5", "nan",
     "\t", "\t\t\t", " ", "\n", "#", "é", "\x00"]
)  # fmt: skip


@given(data=st.one_of(st.binary(max_size=100), st.lists(TOKENS, max_size=60).map(" ".join)))
@settings(max_examples=100, derandomize=True, deadline=None)
def test_any_text_gives_domains_or_one_sentence(tmp_path_factory: pytest.TempPathFactory, data: bytes | str) -> None:
    path = tmp_path_factory.mktemp("any") / "any.tsv"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    try:
        table = read_domains(path)
    except InputError as error:
        assert str(path) in str(error) and "\n" not in str(error)
    else:
        assert len(table) and list(table.columns) == ["gene", "domain", "significant"]


def test_names_of_formats_are_distinct() -> None:
    assert len({format.name for format in DOMAIN_FORMATS}) == len(DOMAIN_FORMATS) == 4
