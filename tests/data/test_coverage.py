import pytest

from genessl.data.coverage import Coverage


def test_repeated_additions_add_up_in_the_order_of_the_first() -> None:
    coverage = Coverage()
    coverage.add("krogan", "edges", "held", 3)
    coverage.add("krogan", "edges", "joined", 2)
    coverage.add("krogan", "edges", "held", 1)
    coverage.add("krogan", "edges", "self-loop", 2)
    table = coverage.table()
    assert list(table.columns) == ["source", "unit", "outcome", "count"]
    assert table.to_numpy().tolist() == [
        ["krogan", "edges", "held", 4],
        ["krogan", "edges", "joined", 2],
        ["krogan", "edges", "self-loop", 2],
    ]


def test_held_equals_joined_plus_losses_for_each_source_and_unit() -> None:
    coverage = Coverage()
    for source, lost in (("krogan", 1), ("hu", 0)):
        coverage.add(source, "edges", "held", 3)
        coverage.add(source, "edges", "joined", 3 - lost)
        coverage.add(source, "edges", "unknown gene", lost)
    coverage.check()


def test_an_uncounted_loss_is_found() -> None:
    coverage = Coverage()
    coverage.add("krogan", "edges", "held", 3)
    coverage.add("krogan", "edges", "joined", 2)
    with pytest.raises(AssertionError, match="krogan, edges: held exceeds joined plus losses by 1"):
        coverage.check()


def test_a_surplus_in_one_source_does_not_balance_a_loss_in_another() -> None:
    coverage = Coverage()
    coverage.add("krogan", "edges", "held", 1)
    coverage.add("hu", "edges", "joined", 1)
    with pytest.raises(AssertionError):
        coverage.check()


def test_an_empty_coverage_is_an_empty_table_with_its_columns() -> None:
    table = Coverage().table()
    assert list(table.columns) == ["source", "unit", "outcome", "count"]
    assert table.empty
