"""Where a file of the configuration is found."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from genessl.errors import InputError
from genessl.mirrors import Location, Mirror, as_mirrors, locate

DOWNLOADS = Path("resources")


@pytest.fixture(autouse=True)
def working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    for path in ("one/go.obo", "one/deep/er/genes.fasta", "two/go.obo", "two/a/pairs.txt", "two/b/pairs.txt"):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).touch()
    yield


def found(name: str, *places: str) -> Location:
    return locate(name, as_mirrors(list(places)), DOWNLOADS, key="sequences")


def sentence(name: str, *places: str) -> str:
    with pytest.raises(InputError) as caught:
        found(name, *places)
    return str(caught.value)


def test_an_existing_path_is_used_as_it_is():
    assert found("two/go.obo", "one") == Location(Path("two/go.obo"))


def test_the_base_name_is_looked_for_in_a_mirror_and_its_subfolders():
    assert found("genes.fasta", "one") == Location(Path("one/deep/er/genes.fasta"))
    assert found("elsewhere/genes.fasta", "one") == Location(Path("one/deep/er/genes.fasta"))


def test_the_first_mirror_wins():
    assert found("go.obo", "one", "two") == Location(Path("one/go.obo"))
    assert found("go.obo", "two", "one") == Location(Path("two/go.obo"))


def test_a_later_mirror_is_asked_where_the_first_has_nothing():
    assert found("genes.fasta", "two", "one") == Location(Path("one/deep/er/genes.fasta"))


def test_two_hits_within_one_mirror_are_an_error():
    assert sentence("pairs.txt", "two") == (
        "mirror two: found 'pairs.txt' 2 times (two/a/pairs.txt, two/b/pairs.txt), expected it once;"
        " give the path of the one you mean"
    )
    Path("one/pairs.txt").touch()
    assert found("pairs.txt", "one", "two") == Location(Path("one/pairs.txt"))


def test_a_linked_folder_is_searched_and_a_loop_of_links_ends():
    Path("linked").mkdir()
    Path("linked/there").symlink_to(Path("one").resolve())
    Path("linked/loop").symlink_to(Path("linked").resolve())
    assert found("genes.fasta", "linked") == Location(Path("linked/there/deep/er/genes.fasta"))


def test_a_url_is_looked_up_by_its_last_part_and_else_downloaded():
    assert found("https://host/release/go.obo?as=text", "one") == Location(Path("one/go.obo"))
    url = "https://host/release/new%20go.obo"
    assert found(url, "one") == Location(Path("resources/new go.obo"), url)


def test_a_base_url_is_a_mirror():
    asked = []

    def available(url: str) -> bool:
        asked.append(url)
        return url.endswith("/go.obo")

    mirrors = as_mirrors(["http://host/data/", "two"])
    assert locate("go.obo", mirrors, DOWNLOADS, available=available) == Location(
        Path("resources/go.obo"), "http://host/data/go.obo"
    )
    Path("two/c.txt").touch()
    assert locate("c.txt", mirrors, DOWNLOADS, available=available) == Location(Path("two/c.txt"))
    assert asked == ["http://host/data/go.obo", "http://host/data/c.txt"]


def test_a_file_that_a_rule_makes_need_not_exist():
    assert locate("made/x", [], DOWNLOADS, made=["made/x"]) == Location(Path("made/x"))


def test_what_is_nowhere_ends_in_one_sentence():
    assert sentence("none.fasta", "one", "two") == (
        "sequences: found no 'none.fasta' in the working directory, the mirror one, the mirror two;"
        " give its path or URL, or the folder that holds it by --config mirror=FOLDER"
    )


def test_a_folder_and_a_url_without_a_file_are_refused():
    assert sentence("one").startswith("sequences: 'one' is a folder, expected a file")
    assert sentence("https://host/").startswith("sequences: 'https://host/' ends in no file name")


def test_a_missing_mirror_is_refused():
    with pytest.raises(InputError, match="mirror: found no folder 'three'; give an existing folder or a base URL"):
        Mirror("three")


def test_one_place_is_a_mirror_too():
    assert as_mirrors("one") == [Mirror("one")]
    assert as_mirrors(None) == []


def test_addresses_and_paths_of_other_kinds_are_named():
    assert sentence("ftp://host/go.obo").startswith("sequences: found 'ftp://host/go.obo', expected an address that")
    for name in ("C:\\data\\genes.fasta", "C:/data/genes.fa", "data\\genes.fa"):
        assert sentence(name).startswith(f"sequences: found no '{name}', which looks like a path of Windows, expected")


def test_a_folder_that_may_not_be_entered_is_named(monkeypatch):
    def refuse(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "is_file", refuse)
    assert sentence("closed/go.obo") == (
        "sequences: found no permission to enter the folder of 'closed/go.obo'; ask its owner for it"
    )
