"""Whatever bytes a file holds, a reader gives a table or ends in one sentence."""

import time
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genessl.errors import InputError
from tests.readers import READERS, examples

EXAMPLES = examples()
SECONDS = 5.0
TOKENS = [
    "", " ", "\t", "\n", "\r\n", ",", ";", "|", ":", '"', "'", "#", "!", ">", "-", "*", ".", "NaN", "-1", "1e999",
    "0,5", "GO:0008150", "GO:", "NOT", "IDA", "20200101", "sp|P1|X", "[Term]", "id: ", "is_a: ", "replaced_by: ", "\0",
    "\ufeff", "é", "\u2028", "\x1c", "A" * 200, "1" * 400, "protein1", "weight", "Entry", "From", "To", "../x", "%s{0}",
]  # fmt: skip
hostile = settings(
    max_examples=60, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def check(reader: str, path, data: bytes) -> None:
    path.write_bytes(data)
    start = time.perf_counter()
    try:
        READERS[reader](path)
    except InputError as error:
        assert "\n" not in str(error)
        assert str(path) in str(error)
        assert len(str(error)) < 2000
    assert time.perf_counter() - start < SECONDS


@pytest.mark.parametrize("reader", READERS)
@hostile
@given(data=st.binary(max_size=300))
def test_any_bytes_give_a_table_or_one_sentence(reader, tmp_path, data):
    check(reader, tmp_path / "file", data)


@pytest.mark.parametrize("reader", READERS)
@hostile
@given(tokens=st.lists(st.sampled_from(TOKENS), max_size=60))
def test_any_words_give_a_table_or_one_sentence(reader, tmp_path, tokens):
    check(reader, tmp_path / "file", "".join(tokens).encode("utf-8"))


@pytest.mark.parametrize("reader", READERS)
@hostile
@given(chosen=st.data())
def test_a_damaged_file_gives_a_table_or_one_sentence(reader, tmp_path, chosen):
    data = bytearray(chosen.draw(st.sampled_from(EXAMPLES[reader])))
    for _ in range(chosen.draw(st.integers(1, 4))):
        start = chosen.draw(st.integers(0, len(data)))
        end = min(len(data), start + chosen.draw(st.integers(0, 30)))
        data[start:end] = chosen.draw(st.sampled_from(TOKENS)).encode("utf-8")
    check(reader, tmp_path / "file", bytes(data))


@pytest.mark.parametrize("reader", READERS)
def test_the_examples_are_valid(reader, tmp_path):
    for data in EXAMPLES[reader]:
        path = tmp_path / "file"
        path.write_bytes(data)
        READERS[reader](path)


@pytest.mark.parametrize("reader", [name for name in READERS if name != "embeddings"])
@pytest.mark.parametrize("shape", ["columns", "line", "rows"])
def test_absurd_shapes_take_bounded_time(reader, tmp_path, shape):
    first = EXAMPLES[reader][0]
    data = {
        "columns": first + b"x\t" * 1_000_000 + b"\n",
        "line": first + b"A" * (10 << 20) + b"\n",
        "rows": first + b"\n" * 1_000_000,
    }[shape]
    check(reader, tmp_path / "file", data)


@pytest.mark.parametrize("reader", READERS)
def test_a_name_with_a_line_end_leaves_a_sentence_on_one_line(reader, tmp_path):
    with zipfile.ZipFile(tmp_path / "file", "w") as archive:
        archive.writestr("a\nb", "x")
        archive.writestr("c\u2028d", "y")
    check(reader, tmp_path / "file", (tmp_path / "file").read_bytes())
