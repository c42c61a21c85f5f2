"""``minimix summary`` and ``minimix compare``: as tables, JSON and CSV, and what happens when they are mistyped."""

import csv
import io
import json
import re
import sys

import pytest

import minimix as mm
from minimix.costs import COUNTERS, profile


def test_summary(minimix):
    code, output, _ = minimix("summary", "mixnet_nano")
    lines = output.splitlines()
    assert code == 0
    assert lines[0].split()[:3] == ["layer", "kind", "output"]
    (total,) = (line.split() for line in lines if line.startswith("total"))
    assert total[:3] == ["total", "202,004", "8,658,304"]
    assert lines[-1] == "mixnet_nano, input 1x3x32x32: 202,004 parameters, 8,658,304 multiply-adds"
    by_kind = {words[0]: words[1:] for words in map(str.split, lines) if len(words) == 3 and words[2].endswith("%")}
    assert by_kind["depthwise"] == ["1,718,784", "19.85%"]
    assert {"depthwise", "pointwise", "se", "dense", "linear"} == by_kind.keys()
    assert any(re.fullmatch(r"pooling +input elements +4,096", line) for line in lines)


def test_networks_know_their_own_size(minimix):
    found = json.loads(minimix("summary", "mixnet_s", "--json")[1])
    assert found["input_shape"] == [1, 3, 224, 224]
    assert (found["params"], found["macs"]) == (4_134_606, 239_173_360)
    assert found["counted_as"]["fvcore"] == 251_736_960 and found["counted_as"].keys() == COUNTERS.keys()


@pytest.mark.parametrize(
    "size, shape", [("3x64x48", [1, 3, 64, 48]), ("64x48", [1, 3, 64, 48]), ("48", [1, 3, 48, 48]), ("1X32x32", [1, 1, 32, 32])]
)
def test_input(minimix, size, shape):
    found = json.loads(minimix("summary", "mixnet_nano", "--input", size, "--json")[1])
    assert found["input_shape"] == shape
    assert found["params"] == 202_004 - (3 - shape[1]) * 9 * 16


def test_summary_options(minimix):
    typed = ("--width", "0.5", "--kernels", "3,5", "--classes", "7", "--size", "16", "--batch-size", "4", "--json")
    found = json.loads(minimix("summary", *typed)[1])
    model = mm.models.create("mixnet_nano", num_classes=7, width=0.5, kernels=(3, 5))
    assert found["params"] == sum(p.size for p in model.parameters())
    assert found["input_shape"] == [4, 3, 16, 16]
    assert found["rows"][-1]["output_shape"] == [4, 7]
    same = minimix("summary", "mixnet_nano:kernels=3,5", "-o", "width=0.5", "--num-classes", "7", "--input", "16", "--json")[1]
    assert json.loads(same)["macs"] * 4 == found["macs"]


def test_kernels_for_each_block(minimix):
    """From the text as from Python; what could be taken for a rectangle is refused."""
    typed = "kernels=3,3,[3,5],[3,5],[5],[3,5,7],None,[3,5,7,9]"
    found = json.loads(minimix("summary", "mixnet_nano", "-o", typed, "--json")[1])
    each = [3, 3, (3, 5), (3, 5), [5], (3, 5, 7), None, (3, 5, 7, 9)]
    assert found["macs"] == profile(mm.models.create("mixnet_nano", kernels=each), (1, 3, 32, 32)).macs
    for typed in ("kernels=(3,),(5,7)", "kernels=[5,7],", "kernels=[[5,7]]"):
        code, _, error = minimix("summary", "mixnet_nano", "-o", typed)
        assert code and "one for each block, but there are 8 blocks" in error.replace("\n", " ")


def test_summary_as_csv(minimix):
    lines = list(csv.DictReader(io.StringIO(minimix("summary", "mixnet_nano", "--csv")[1])))
    assert sum(int(line["macs"]) for line in lines) == 8_658_304
    assert lines[-1]["layer"] == "classifier"


def test_counters(minimix):
    output = minimix("summary", "mixnet_nano", "--count-as", "torch")[1]
    assert re.search(r"^torch .* 17,316,608$", output, re.M) and not re.search(r"^thop ", output, re.M)
    output = minimix("summary", "mixnet_nano", "--count-as", "all")[1]
    assert all(re.search(rf"^{counter} +\S.* [\d,]+$", output, re.M) for counter in COUNTERS)


def test_counters_say_their_versions(minimix):
    """Two that are installed under one name print two numbers."""
    output = minimix("summary", "mixnet_s", "--count-as", "thop-timm, ultralytics-thop,calflops")[1]
    assert re.search(r"^thop-timm +thop 0\.1\.1 .* 239,250,160$", output, re.M), output
    assert re.search(r"^ultralytics-thop +ultralytics-thop 2\.2\.3 .* 264,226,832$", output, re.M), output
    assert re.search(r"^calflops +calflops 0\.3\.2 .* 496,538,284$", output, re.M), output
    output = minimix("summary", "mixnet_s", "--count-as", "thop")[1]
    assert "of timm's networks, whose batch norms are a class of their own: 239,250,160 (thop-timm)\n" in output
    found = json.loads(minimix("summary", "mixnet_nano", "--json")[1])
    assert found["counters"].keys() == found["counted_as"].keys()
    assert found["counters"]["thop"] == {"version": "thop 0.1.1", "rule": COUNTERS["thop"].rule}


def test_a_counter_in_csv(minimix):
    lines = list(csv.DictReader(io.StringIO(minimix("summary", "mixnet_nano", "--csv", "--count-as", "torch")[1])))
    assert sum(int(line["counted_as_torch"]) for line in lines) == 2 * 8_658_304
    assert not any("counted_as" in key for key in next(csv.DictReader(io.StringIO(minimix("summary", "--csv")[1]))))


def test_counters_side_by_side(minimix):
    names = ("mixnet_nano", "mobilenetv1_025_cifar")
    output = minimix("compare", *names, "--count-as", "torch,thop-timm")[1]
    assert re.search(r"^as by torch \(PyTorch 2\.13\) +17,316,608 +[\d,]+$", output, re.M), output
    assert re.search(r"^as by thop-timm \(thop 0\.1\.1\) +8,662,656 ", output, re.M), output
    lines = list(csv.DictReader(io.StringIO(minimix("compare", *names, "--count-as", "torch", "--csv")[1])))
    assert [int(line["counted_as_torch"]) for line in lines] == [2 * int(line["macs"]) for line in lines]
    found = json.loads(minimix("compare", *names, "--json")[1])
    assert all(one["counted_as"].keys() == COUNTERS.keys() and one["counted_as"]["torch"] == 2 * one["macs"] for one in found)
    code, _, errors = minimix("compare", *names, "--count-as", "thop,fvcor")
    assert code == 2 and "did you mean fvcore" in errors


def test_compare(minimix):
    code, output, _ = minimix("compare", "mixnet_s", "mobilenetv1_100:kernels=3,5,7")
    lines = output.splitlines()
    assert code == 0
    assert lines[0].split() == ["mixnet_s", "mobilenetv1_100:kernels=3,5,7"]
    side_by_side = {name: figures for name, *figures in (re.split(" {2,}", line.strip()) for line in lines[1:15])}
    assert side_by_side["parameters"] == ["4,134,606", "4,324,152"]
    assert side_by_side["multiply-adds"] == ["239,173,360", "604,069,352"]
    assert side_by_side["se"] == ["766,656", "0"]
    (paper,) = (line for line in lines if "table 2" in line)
    assert paper.split()[-12:] == "4.135 M 4.1 M 239.2 M 256 M 75.8 % 92.8 %".split()
    (figure,) = (line for line in lines if "figure 4" in line)
    assert figure.split()[-8:] == "- 604.1 M ~615 M ~72.15 % -".split()
    assert lines[-1] == "~: read off a figure"


def test_compare_as_json_and_csv(minimix):
    names = ("mixnet_nano", "mobilenetv2_100")
    found = json.loads(minimix("compare", *names, "--input", "224", "--json")[1])
    assert [network["model"] for network in found] == list(names)
    once = 31_104 + 2_560  # squeeze-and-excite and classifier; all else grows with the pixels
    assert [network["macs"] for network in found] == [49 * (8_658_304 - once) + once, 300_774_272]
    assert found[0]["published"] == [] and found[1]["published"][0]["macs"] == 300
    lines = list(csv.DictReader(io.StringIO(minimix("compare", *names, "--csv")[1])))
    assert [line["input"] for line in lines] == ["1x3x32x32", "1x3x224x224"]
    assert [line["printed_params"] for line in lines] == ["", "3.4"]
    assert lines[1]["printed_source"].endswith("1801.04381")


def test_compare_leaves_out_kinds_that_none_has(minimix):
    names = ("mobilenetv1_025", "mobilenetv2_035")
    output = minimix("compare", *names)[1]
    assert re.search(r"^  pointwise ", output, re.M) and not re.search(r"^  (se|other) ", output, re.M)
    for line in csv.DictReader(io.StringIO(minimix("compare", *names, "--csv")[1])):
        assert line["macs_se"] == line["macs_other"] == "0"
        assert sum(int(n) for key, n in line.items() if key.startswith("macs_")) == int(line["macs"])


def test_nothing_is_printed_where_nobody_published(minimix):
    output = minimix("compare", "mixnet_nano", "mixnet_nano:width=0.5", "-o", "dropout=0.1")[1]
    assert "printed" not in output
    assert output.splitlines()[0].split() == ["mixnet_nano:dropout=0.1", "mixnet_nano:dropout=0.1:width=0.5"]


@pytest.mark.parametrize(
    "typed, complaint",
    [
        (("summary", "mixnet_nana"), "did you mean 'mixnet_nano'"),
        (("summary", "--input", "3xx32"), "such as 3x224x224"),
        (("summary", "--input", "0"), "such as 3x224x224"),
        (("summary", "--input", "1x3x32x32"), "such as 3x224x224"),
        (("summary", "-o", "width"), "KEY=VALUE"),
        (("summary", "-o", "colour=red"), "mixnet_nano has no option 'colour': it has num_classes, rows, width,"),
        (("summary", "-o", "kernel=3"), "mixnet_nano has no option 'kernel': did you mean 'kernels'?"),
        (("summary", "xception", "--width", "0.5"), "xception has no option 'width': it has num_classes,"),
        (("summary", "mixnet_s:pretrained=true"), "pretrained is no option here"),
        (("compare", "mixnet_s", "-o", "pretrained=true"), "pretrained is no option here"),
        (("summary", "mixnet_nano:width"), "KEY=VALUE"),
        (("summary", "-o", "width=0"), "above 0"),
        (("summary", "--count-as", "fvcor"), "did you mean fvcore"),
        (("summary", "--json", "--csv"), "choose one"),
        (("summary", "-o", "width=wide"), "width must be a number, got 'wide'"),
        (("summary", "-o", "width=1e999"), "width must be finite"),
        (("summary", "xception", "-o", "resolution=high"), "resolution must be a number"),
        (("summary", "-o", "eps=small"), "eps must be a number"),
        (("summary", "-o", "dropout=much"), "dropout probability must be a number"),
        (("compare", "mixnet_s", "zzz"), "no network is called 'zzz'"),
        (("compare", "mixnet_s", "--csv", "--json"), "choose one"),
    ],
)
def test_mistakes_are_told_in_one_line(minimix, monkeypatch, typed, complaint):
    monkeypatch.delenv("MINIMIX_DEBUG", raising=False)
    code, output, errors = minimix(*typed)
    assert code == 2 and not output
    assert errors.startswith("error: ") and complaint in errors and "Traceback" not in errors


def test_compare_wants_a_network(minimix):
    code, _, errors = minimix("compare")
    assert code == 2 and "NETWORK" in errors


@pytest.mark.parametrize("columns", [60, 200])
def test_a_table_in_a_terminal(monkeypatch, capsys, columns):
    """Whatever the width: every number whole."""
    from minimix.costs.report import WORDS
    from minimix.tables import print_table

    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", str(columns))
    print_table(profile(mm.models.create("mixnet_nano"), (1, 3, 32, 32)).table(), left=WORDS, total=True)
    output = re.sub(r"\x1b\[\d*m", "", capsys.readouterr().out)  # without bold
    assert "202,004" in output and "8,658,304" in output and "…" not in output
    assert max(map(len, output.splitlines())) <= columns


def test_more_than_the_memory_can_hold(minimix, monkeypatch):
    monkeypatch.delenv("MINIMIX_DEBUG", raising=False)

    def create(*arguments, **options):
        raise MemoryError("Unable to allocate 3.14 TiB")

    monkeypatch.setattr(mm.models, "create", create)
    code, output, errors = minimix("summary")
    assert (code, output, errors) == (1, "", "error: Unable to allocate 3.14 TiB\n")


# -- minimix models ---------------------------------------------------------------------------------------------------


def test_models_lists_every_network(minimix, monkeypatch):
    from minimix.cli import networks
    from minimix.models.published import origin

    assert all(map(origin, mm.models.names()))
    about = {"input": [3, 32, 32], "params": 1_234_567, "macs": 2, "source": "a paper", "pretrained": ""}
    monkeypatch.setattr(networks, "_about", lambda name: {"model": name, **about})  # to build all takes seconds
    code, output, _ = minimix("models")
    assert code == 0
    assert [line.split()[0] for line in output.splitlines()[1:-2]] == mm.models.names()
    assert output.splitlines()[-1].startswith(f"{len(mm.models.names())} networks;")


@pytest.mark.parametrize("text", ["mixnet_nano", "*_nano", "MixNet-Nano"])
def test_models_with_a_name(minimix, text):
    code, output, _ = minimix("models", text)
    assert code == 0 and "202,004" in output and "8,658,304" in output and "3x32x32" in output
    assert output.splitlines()[-1].startswith("1 network;")
    (found,) = json.loads(minimix("models", text, "--json")[1])
    assert (found["model"], found["params"], found["pretrained"]) == ("mixnet_nano", 202_004, "")
    (line,) = csv.DictReader(io.StringIO(minimix("models", text, "--csv")[1]))
    assert line["macs"] == "8658304" and line["input"] == "3x32x32"


def test_models_says_which_have_published_weights(minimix):
    found = {line["model"]: line for line in json.loads(minimix("models", "mixnet_s", "--json")[1])}
    assert {name: line["pretrained"] for name, line in found.items()} == {
        "mixnet_s": "hub", "mixnet_s_cifar": "", "tf_mixnet_s": "hub", "tf_mixnet_s_cifar": "",
    }  # fmt: skip
    assert found["mixnet_s"]["source"].endswith("1907.09595")


@pytest.mark.parametrize(
    "typed, shown",
    [("3x224", "3x224x224"), ("224x3", "3x224x224"), ("1x28", "1x28x28"), ("4x512", "4x512x512"), ("3×224", "3x224x224")],  # noqa: RUF001
)
def test_two_numbers_of_which_one_is_channels(minimix, typed, shown):
    code, _, errors = minimix("summary", "--input", typed)
    assert code == 2 and shown in errors


def test_two_numbers_are_height_and_width(minimix):
    assert json.loads(minimix("summary", "--input", "7x9", "--json")[1])["input_shape"] == [1, 3, 7, 9]
