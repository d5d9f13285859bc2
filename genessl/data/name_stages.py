"""Which gene each source of names gives to a name, from the most reliable source to the least."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain

from genessl.data.aliases import BySource, is_genbank_number
from genessl.data.name_forms import EMBEDDED, ISOFORM, VERSION, folded, shortened, surely_a_stem, taxon_prefix

OWN = "own name"
_FEWEST_LETTERS = 3
WITHOUT = {EMBEDDED: "without the database's name", ISOFORM: "without isoform or chain", VERSION: "without version"}


class Several:
    """The mark of a name that has more than one gene."""


SEVERAL = Several()
Found = str | Several | None


class Stage:
    """The genes that one source gives to names.

    Parameters
    ----------
    way : str
        How names are found here.
    pairs : iterable of (str, str or Several)
        Names and their genes.
    of_genbank : bool
        Whether the names are numbers of GenBank (GI).
    """

    def __init__(self, way: str, pairs: Iterable[tuple[str, str | Several]], *, of_genbank: bool = False) -> None:
        self.way, self.of_genbank = way, of_genbank
        self._exact: dict[str, str | Several] = {}
        self._bare: dict[str, str | Several] = {}
        for name, gene in pairs:
            _add(self._exact, name, gene)
            if name[:1].isdigit() and (bare := without_taxon(name)) != name:
                _add(self._bare, bare, gene)
        self.n_ambiguous = sum(gene is SEVERAL for gene in self._exact.values())

    def __bool__(self) -> bool:
        return bool(self._exact)

    def find(self, name: str) -> Found:
        """Return the gene of a name, one of the two perhaps with a taxon prefix."""
        return self.find_bare(name, without_taxon(name))

    def find_bare(self, name: str, bare: str) -> Found:
        """Return the gene of a name of which it is known how it is called without a taxon prefix."""
        found = self._exact.get(name)
        if found is not None:
            return found
        return self._exact.get(bare) if bare != name else self._bare.get(name) if self._bare else None

    def items(self) -> Iterable[tuple[str, str | Several]]:
        """Return all names with their genes."""
        return self._exact.items()


class Names:
    """All sources of names, in order of reliability, and the shorter forms of their names.

    Parameters
    ----------
    stages : sequence of Stage
    by_form : mapping of int to Stage, optional
        The genes of shortened names, by what was left out; made from the stages at first use by default.
    """

    def __init__(self, stages: Sequence[Stage], by_form: Mapping[int, Stage] | None = None) -> None:
        self.stages = list(stages)
        self._given = by_form

    @cached_property
    def _by_form(self) -> Mapping[int, Stage]:
        if self._given is not None:
            return self._given
        pairs: dict[int, list[tuple[str, str | Several]]] = {level: [] for level in WITHOUT}
        for stage in self.stages:
            for name, gene in stage.items():
                for level, form in shortened(name):
                    pairs[level].append((form, gene))
                if stage.of_genbank:
                    pairs[EMBEDDED].append((f"gi|{name}", gene))
        return {level: Stage(WITHOUT[level], pairs[level]) for level in WITHOUT}

    @cached_property
    def _filled_forms(self) -> list[Stage]:
        return [stage for stage in self._by_form.values() if stage]

    def find(self, name: str) -> tuple[Found, str]:
        """Return the gene of a name as it is written, from the first source that has one, and how it was found."""
        several: Several | None = None
        bare = without_taxon(name)
        for stage in self.stages:
            found = stage.find_bare(name, bare)
            if found is not None:
                if isinstance(found, str):
                    return found, stage.way
                several = SEVERAL
        return several, ""

    def find_shortened(self, name: str) -> tuple[Found, str]:
        """Return the gene that shorter forms of a name, or of the names known, mean alone, and what was left out."""
        shorter = shortened(name)
        if not shorter and all(stage.find(name) is None for stage in self._filled_forms):
            return None, ""
        forms = [(0, name), *shorter]
        for level, way in WITHOUT.items():
            genes = set(chain.from_iterable(self._genes(own, form, level) for own, form in forms)) - {None}
            sure = genes - {SEVERAL}
            if genes:
                return (sure.pop() if len(sure) == 1 else SEVERAL), way
        return None, ""

    def may_know(self, name: str) -> bool:
        """Return whether a name, in some form and ignoring case, may be one of those known; for few known names."""
        low = folded(name)
        if low in self._in_any_form or (low[:1].isdigit() and without_taxon(low) in self._in_any_form):
            return True
        return any(form in self._in_any_form or without_taxon(form) in self._in_any_form for _, form in shortened(low))

    @cached_property
    def _in_any_form(self) -> set[str]:
        names = {folded(name) for stage in (*self.stages, *self._by_form.values()) for name, _ in stage.items()}
        return names | {without_taxon(name) for name in names}

    def _genes(self, own: int, form: str, level: int) -> Iterator[Found]:
        """Yield what a form means if as much is left out, of the name asked for or of that known, as the level says."""
        if own < level or (own == level and (level == EMBEDDED or surely_a_stem(form))):
            yield self._by_form[level].find(form)
        if own == level:
            yield self.find(form)[0]
            yield from (self._by_form[lower].find(form) for lower in WITHOUT if lower < level)

    def agreed(self, words: Sequence[str]) -> Found:
        """Return the gene on which some words agree in the first source that knows one of them."""
        several: Several | None = None
        for stage in self.stages:
            found = {stage.find(word) for word in words} - {None}
            genes = found - {SEVERAL}
            if len(genes) == 1:
                return genes.pop()
            several = SEVERAL if found else several
        return several

    def agreed_shortened(self, words: Sequence[str]) -> Found:
        """Return the gene on which the shorter forms of some words agree."""
        return only(self.find_shortened(word)[0] for word in words)

    def ignoring_case(self, words: Iterable[str]) -> dict[str, str | Several]:
        """Return the genes that words mean if case is ignored, also in shorter forms, for those words that mean any.

        Of one or two letters case tells genes apart: Dl and dl, or H and h, are two genes of the fruit fly each.
        """
        lower = {word: folded(word) for word in words}
        forms = {form for word in lower.values() for form in (word, *(form for _, form in shortened(word)))}
        wanted = forms | {without_taxon(form) for form in forms}

        def lowered(stage: Stage) -> Iterator[tuple[str, str | Several]]:
            for name, gene in stage.items():
                low = folded(name)
                if low in wanted or (low[:1].isdigit() and without_taxon(low) in wanted):
                    yield low, gene

        if not wanted:
            return {}
        exact = Stage("", chain.from_iterable(map(lowered, self.stages)))
        by_form = {level: Stage("", lowered(stage)) for level, stage in self._by_form.items()}
        if not exact and not any(by_form.values()):
            return {}
        names = Names([exact], by_form)
        found = {word: names.find(low)[0] or names.find_shortened(low)[0] for word, low in lower.items()}
        return {
            word: gene
            for word, gene in found.items()
            if gene is SEVERAL or (gene is not None and not (word.isalpha() and len(word) < _FEWEST_LETTERS))
        }


def only(found: Iterable[Found]) -> Found:
    """Return the only gene among some, SEVERAL if there are more, None if there is none."""
    genes = set(found) - {None}
    sure = genes - {SEVERAL}
    return sure.pop() if len(sure) == 1 else SEVERAL if genes else None


def without_taxon(name: str) -> str:
    """Return a name without its taxon prefix."""
    return name[len(taxon_prefix(name)) :] if name[:1].isdigit() else name


def tied_records(
    sources: BySource, find: Callable[[str], Found], known: Mapping[str, str], several: set[str] | None = None
) -> dict[str, str]:
    """Tie records to genes by their own names, then by their aliases, source by source; known ties stay.

    Records whose aliases of one source mean several genes are added to `several`.
    """
    tied = dict(known)
    for record in dict.fromkeys(chain.from_iterable(records for records, _ in sources.values())):
        if record not in tied and isinstance(gene := find(record), str):
            tied[record] = gene
    for records, aliases in sources.values():
        candidates: dict[str, str | Several] = {}
        for record, alias in zip(records, aliases):
            if record not in tied and isinstance(gene := find(alias), str):
                _add(candidates, record, gene)
        tied |= {record: gene for record, gene in candidates.items() if isinstance(gene, str)}
        if several is not None:
            several.update(record for record, gene in candidates.items() if gene is SEVERAL)
    return tied


def stages_of(
    sources: BySource, tied: Mapping[str, str], table: str, several: Collection[str] = ()
) -> dict[str, Stage]:
    """Give the stages of one table: its records, some of which mean several genes, then its sources in order."""
    doubtful = ((record, SEVERAL) for record in several if record not in tied)
    stages = {"records": Stage(f"record of {table}", chain(tied.items(), doubtful))}
    for source, (records, aliases) in sources.items():
        pairs = ((alias, tied[record]) for record, alias in zip(records, aliases) if record in tied)
        stages[source] = Stage(f"{source} of {table}", pairs, of_genbank=is_genbank_number(source))
    return stages


def left_records(sources: BySource, names: Names, tied: Mapping[str, str]) -> list[str]:
    """Return the records that are tied to no gene and of which no alias, as it is written, means one or several."""
    records = dict.fromkeys(chain.from_iterable(records for records, _ in sources.values()))
    doubtful = {
        record
        for records, aliases in sources.values()
        for record, alias in zip(records, aliases)
        if record not in tied and names.find(alias)[0] is not None
    }
    return [record for record in records if record not in tied and record not in doubtful]


def left_rows(sources: BySource, names: Names, records: Collection[str]) -> BySource:
    """Return the rows of some records whose aliases may be known in some form; GI numbers with that word."""
    left: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}
    for source, (owners, aliases) in sources.items():
        rows = [(owner, _typed(source, alias)) for owner, alias in zip(owners, aliases) if owner in records]
        rows = [row for row in rows if names.may_know(row[1])]
        if rows:
            left[source] = (tuple(owner for owner, _ in rows), tuple(alias for _, alias in rows))
    return left


def _typed(source: str, alias: str) -> str:
    return f"gi|{alias}" if is_genbank_number(source) else alias


def _add(genes: dict[str, str | Several], name: str, gene: str | Several) -> None:
    if genes.setdefault(name, gene) != gene:
        genes[name] = SEVERAL
