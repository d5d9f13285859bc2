"""The benchmark of a GPU, where there is none: its estimate by hand, its rows on a CPU, and its answer to bad input."""

import re

import pytest
import torch

from benchmarks import gpu
from tests.conftest import make_dataset


def test_the_bytes_of_a_step_by_hand():
    layer = torch.nn.Linear(3, 2)  # 8 parameters
    optimiser = torch.optim.AdamW(layer.parameters(), fused=True)
    with gpu.Traffic("cpu") as traffic, gpu.Traffic("cuda") as elsewhere:
        layer(torch.ones(5, 3)).sum().backward()  # 15 numbers enter, 10 leave
        assert traffic.moved == 25 * 4 * 4
        optimiser.step()
        assert traffic.moved == 25 * 4 * 4 + 8 * 10 * 4
        layer.eval()(torch.ones(5, 3))  # scoring does not count
    layer.train()(torch.ones(5, 3))
    optimiser.step()
    assert traffic.moved == 25 * 4 * 4 + 8 * 10 * 4  # nor what happens afterwards
    assert elsewhere.moved == 0


def test_two_fits_on_the_same_device_do_not_differ(dataset):
    assert gpu.largest_difference(dataset, "cpu", n_genes=100) == 0.0


def test_on_a_cpu_there_is_a_time_and_no_bandwidth(tmp_path, capsys):
    make_dataset(scheme="cross_validation", n_folds=4)[0].save(tmp_path / "dataset")
    models = ["graph_network", "co_training"]
    assert gpu.main([str(tmp_path / "dataset"), "--device", "cpu", "--models", *models, "--no-tests"]) == 0
    printed = capsys.readouterr().out
    assert "Largest difference between scores on 'cpu' and on 'cpu': 0\n" in printed
    assert "Bandwidth of a copy: no GPU\n" in printed
    rows = re.findall(r"^\| (\w+) \| (\d+\.\d) \| no GPU \| no GPU \| no GPU \|$", printed, flags=re.MULTILINE)
    assert [name for name, _ in rows] == models


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_bad_input_is_one_sentence(tmp_path, capsys, device):
    if device == "cuda" and torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    assert gpu.main([str(tmp_path / "none"), "--device", device]) == 2
    sentence = "without a usable GPU" if device == "cuda" else "expected a saved dataset"
    error = capsys.readouterr().err
    assert sentence in error and error.count("\n") == 1
