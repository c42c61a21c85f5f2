"""Networks from tables of rows that were given from outside: as Rows, in plain values, in a file."""

import json

import numpy as np
import pytest

import minimix as mm
from minimix import models, nn
from minimix.cli.options import settings_of
from minimix.models.mixnet import NANO, NETWORKS, SMALL
from minimix.models.rows import Row
from minimix.models.tables import read, table, written
from minimix.models.variations import stages_of, unroll
from minimix.train.model import load_model

PLAIN = [json.loads(json.dumps(row)) for row in NANO]  # as lists, as JSON has them
NAMED = [row._asdict() for row in NANO]


def shape_of(model):
    return [(name, array.shape) for name, array in model.state_dict().items()]


@pytest.mark.parametrize(
    "rows", [NANO, list(NANO), PLAIN, NAMED, json.loads(written(NANO))], ids=lambda rows: type(rows[0]).__name__
)
def test_the_networks_own_table_gives_the_network(rows, blank):
    assert shape_of(models.create("mixnet_nano", rows=rows)) == shape_of(models.create("mixnet_nano"))
    assert shape_of(models.create("mixnet_nano", rows=rows, width=0.5)) == shape_of(models.create("mixnet_nano", width=0.5))


def test_stages_stay_stages(blank):
    plain = [json.loads(json.dumps(stage if isinstance(stage[0], Row) else [stage])) for stage in SMALL]
    assert table(SMALL) == table(plain) == table(json.loads(written(SMALL))) == stages_of(SMALL)
    assert shape_of(models.create("mixnet_s", rows=plain)) == shape_of(models.create("mixnet_s"))
    assert table([Row((3,), 1, 8)]) == [[Row((3,), 1, 8)]]


@pytest.mark.parametrize("name", ["mobilenetv1_025_cifar", "mobilenetv2_035", "tf_mixnet_m", "mixnet_xl"])
def test_every_network_with_rows_takes_a_table(name, blank):
    rows = [[3, 1, 16], [(3, 5), 2, 24, 2], {"kernels": [3, 5, 7], "expansion": 2, "channels": 24, "repeats": 3, "se": 0.5}]
    net = models.create(name, num_classes=7, rows=rows, output_stride=4)
    blocks = [block for stage in net.blocks for block in stage]
    assert [len(block.conv_dw.kernel_sizes) for block in blocks][:3] == [1, 2, 3]
    with mm.no_grad():
        assert net.eval()(np.zeros((2, 3, 32, 32), np.float32)).shape == (2, 7)


def test_other_options_work_upon_the_table(blank):
    rows = [[3, 1, 16], [[3, 5, 7], 3, 24, 2, 2]]
    net = models.create("mixnet_nano", rows=rows, kernels=(3, 9), layers=2, partition="exponential", width=0.5)
    sizes = [module.kernel_sizes for module in net.modules() if isinstance(module, nn.MixConv2d)]
    assert sizes == [((3, 3),), ((3, 3), (5, 5), (7, 7)), ((3, 3), (9, 9))]
    assert net.classifier.weight.shape == (10, NETWORKS["mixnet_nano"].head)
    with pytest.raises(TypeError, match="has no option 'rowz': did you mean 'rows'"):
        models.create("mixnet_nano", rowz=rows)


def test_a_file_has_the_table(tmp_path, blank):
    path = tmp_path / "rows.json"
    path.write_text(written(unroll(NANO)), encoding="utf-8")
    for rows in (path, str(path)):
        assert len([block for stage in models.create("mixnet_nano", rows=rows).blocks for block in stage]) == 8
    assert settings_of([f"rows={path}"]) == {"rows": read(path)}  # a run keeps the rows themselves
    assert settings_of(["rows=[[3,1,16]]"]) == {"rows": [[3, 1, 16]]}
    for content, problem in (
        ("no table", "is no JSON file"),
        ("{}", r"holds \{\}, expected a list of rows"),
        ("\xff", "no JSON"),
    ):
        path.write_text(content, encoding="latin-1")
        with pytest.raises(ValueError, match=problem):
            models.create("mixnet_nano", rows=path)
    with pytest.raises(FileNotFoundError, match="rows: there is no file"):
        models.create("mixnet_nano", rows=tmp_path / "none.json")


@pytest.mark.parametrize(("rows", "problem"), [
    (3, "rows must be a list of rows, got 3"),
    ({"kernels": 3}, "rows must be a list of rows"),
    (Row((3,), 1, 8), "rows must be a list of rows"),
    ([], "rows is empty"),
    ([3, 1, 16], r"rows\[0\] must be a row, or a list of rows, got 3"),
    ([[3, 1, 16], []], r"rows\[1\] must be a row"),
    ([[3, 1]], r"rows\[0\]: channels is missing"),
    ([[[3, 1, 16], [3]]], r"rows\[0\]\[1\]: expansion is missing"),
    ([[3, 1, 16, 1, 1, 0, "relu", 1, 1, "equal", 1, 7]], r"rows\[0\] must be a row"),
    ([{"kernels": 3, "expansion": 1, "chanels": 16}], r"rows\[0\]: a row has no 'chanels': did you mean 'channels'"),
    ([[3, 1, 16], [[], 1, 16]], r"rows\[1\]: kernels is empty"),
    ([[3, 1, 16], [[3, 0], 1, 16]], r"rows\[1\]: kernels must be 1 or more, got 0"),
    ([[3, 1, 16], [[3, "5"], 1, 16]], r"rows\[1\]: kernels must be an integer"),
    ([[3, 0, 16]], r"rows\[0\]: expansion must be 1 or more"),
    ([[3, 1.5, 16]], r"rows\[0\]: expansion must be an integer"),
    ([[3, 1, True]], r"rows\[0\]: channels must be an integer"),
    ([[3, 1, 16, 0]], r"rows\[0\]: stride must be 1 or more"),
    ([[3, 1, 16, 1, 0]], r"rows\[0\]: repeats must be 1 or more"),
    ([[3, 1, 16, 1, 2000]], "they come to 2,000 blocks"),
    ([[3, 1, 16, 1, 1, -0.5]], r"rows\[0\]: se must be 0 or more"),
    ([[3, 1, 16, 1, 1, "x"]], r"rows\[0\]: se must be a number"),
    ([[3, 1, 16, 1, 1, 0, "rellu"]], r"rows\[0\]: activation 'rellu', expected one of"),
])  # fmt: skip
def test_what_is_no_table_is_refused_with_its_place(rows, problem):
    with pytest.raises((TypeError, ValueError, RuntimeError), match=problem):
        models.create("mixnet_nano", rows=rows)


def test_a_run_keeps_its_rows_and_is_loaded_with_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    from minimix.data import patterns10

    options = {"rows": [Row((3, 5), 1, 8), {"kernels": 3, "expansion": 1, "channels": 8, "stride": 2}], "width": 0.5}
    result = mm.train(data=patterns10("train", size=64), model_options=options, epochs=1, log=False, name="mine")
    loaded = load_model(result.folder).model
    again = mm.train(data=patterns10("train", size=64), resume=result.folder, epochs=2, log=False)
    assert shape_of(again.model) == shape_of(result.model) and len(list(again.model.blocks)) == 2
    assert shape_of(loaded) == shape_of(result.model)


def test_the_command_line_compares_it_under_a_short_name(minimix, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.json").write_text(written(NANO), encoding="utf-8")
    code, out, _ = minimix("compare", "mixnet_nano", "mixnet_nano:rows=rows.json")
    assert code == 0 and "mixnet_nano:rows=(7 rows)" in out and out.count("8,658,304") == 2
