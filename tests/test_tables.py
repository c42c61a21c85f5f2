"""Tables as text: on a terminal of any width nothing is cut, and nothing that a user has named is taken for markup."""

import io
import json
import re
import sys

import numpy as np
import pytest

from minimix import cli, tables
from minimix.gradcheck import suite
from minimix.train import progress

SIX = ("mixnet_s", "mixnet_m", "mixnet_s_cifar", "mobilenetv1_100", "mobilenetv2_100", "mobilenetv2_050")


class Terminal(io.StringIO):
    def isatty(self):
        return True


def plain(text: str) -> str:
    return re.sub(r"\x1b\[\??[\d;]*[A-Za-z]", "", text).replace("\r", "\n")


def words(text: str) -> list[str]:
    return plain(text).split()


@pytest.fixture
def terminal(monkeypatch):
    """``terminal(columns, "summary", ...)`` -> what stands on a terminal of that width."""

    def run(columns, *arguments):
        stream = Terminal()
        with monkeypatch.context() as patch:
            patch.setenv("COLUMNS", str(columns))
            patch.setattr(sys, "stdout", stream)
            with pytest.raises(SystemExit) as stop:
                cli.main(list(arguments))
        assert not stop.value.code
        return plain(stream.getvalue())

    return run


def printed(n: int | float) -> str:
    return f"{n:,}" if isinstance(n, int) else f"{n:,.1f}"


@pytest.mark.parametrize("columns", [30, 47, 80, 132, 300])
def test_compare_keeps_every_number_and_every_label(terminal, capsys, columns):
    with pytest.raises(SystemExit):
        cli.main(["compare", *SIX, "--json"])
    networks = json.loads(capsys.readouterr().out)
    text = terminal(columns, "compare", *SIX)
    found = set(words(text))
    for network in networks:
        numbers = [network["params"], network["macs"], *filter(None, network["macs_by_kind"].values())]
        numbers += [*network["apart"].values(), network["activation_bytes"] / 1024]
        assert set(map(printed, numbers)) <= found
        assert network["model"] in found
    for part in (text.partition("source")[0] if columns >= 40 else text).split("\n\n")[:-1]:
        for label in ("parameters", "multiply-adds", "depthwise", "KiB of activations", "receptive field"):
            assert columns < 40 or label in part, "each part of the table has its labels"
    assert max(map(len, text.splitlines())) <= max(columns, 40)


@pytest.mark.parametrize("columns", [30, 53, 80, 200])
def test_summary_keeps_every_number_and_every_name(terminal, capsys, columns):
    with pytest.raises(SystemExit):
        cli.main(["summary", "mixnet_nano", "--json"])
    cost = json.loads(capsys.readouterr().out)
    text = terminal(columns, "summary", "mixnet_nano", "--count-as", "all")
    found = set(words(text))
    for row in cost["rows"]:
        assert row["name"] in found and row["kind"] in found and "x".join(map(str, row["output_shape"])) in found
        assert {printed(row["params"]), printed(row["macs"]), printed(row["activation_bytes"] / 1024)} <= found
    assert {printed(n) for n in cost["counted_as"].values()} <= found
    assert max(map(len, text.splitlines()[:-1])) <= max(columns, 40)


def test_in_a_pipe_a_table_is_as_wide_as_it_is(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "40")
    with pytest.raises(SystemExit):
        cli.main(["compare", *SIX])
    heading = capsys.readouterr().out.splitlines()[0]
    assert heading.split() == list(SIX)


@pytest.mark.parametrize("columns", range(30, 201, 7))
def test_whatever_is_in_a_table_comes_out_whole(columns):
    """Random tables; a word is as long as a label of minimix may be."""
    generator = np.random.default_rng(columns)
    for _ in range(20):
        width, height = generator.integers(1, 9), generator.integers(1, 6)
        left = int(generator.integers(1, width + 1))
        lines = [tuple(f"head{i} more" for i in range(width))]
        for row in range(height):
            texts = [f"label{row}" + "x" * generator.integers(0, 8)]
            texts += [" ".join(["word", *["more"] * generator.integers(0, 9)]) for _ in range(left - 1)]
            texts += [f"{generator.integers(0, 10**10):,}" for _ in range(width - left)]
            lines.append(tuple(texts))
        text = tables.fitted(lines, left, columns)
        assert max(map(len, text)) <= columns
        found = set(" ".join(text).split())
        for line in lines:
            assert {line[0].split()[0], *line[left:]} - {"head0", *lines[0]} <= found
        for column in range(1, left):
            assert sum(word == "word" for word in " ".join(text).split()) == (left - 1) * height, column


def test_a_table_goes_on_below_with_its_labels():
    lines = [("network", "parameters", "multiply-adds"), ("mixnet_s", "4,134,606", "239,173,360"), ("x", "1", "2")]
    assert tables.fitted(lines, 1, 35) == tables.fitted(lines, 1)
    below = tables.fitted(lines, 1, 34)
    assert [line.split()[0] if line else "" for line in below] == ["network", "mixnet_s", "x", "", "network", "mixnet_s", "x"]


@pytest.mark.parametrize(
    "name", ["cat[final].png", "[/x]", "[bold]a", "[link=x]y", "\\[x]", ":smile:", "猫.png", "a" * 300, "[red]1[/red]"]
)
def test_names_are_no_markup(monkeypatch, name):
    for columns in (40, 80, 400):
        monkeypatch.setenv("COLUMNS", str(columns))
        stream = Terminal()
        tables.print_table([("image", "class", "probability"), (name, name, "12.5%")], 2, stream=stream)
        text = plain(stream.getvalue())
        assert text.replace("\n", "").replace(" ", "").count(name) == 2 or columns < 400
        assert "12.5%" in text
        assert set(name) <= set(text)


def test_what_a_terminal_would_obey_is_shown(capsys):
    tables.print_table([("image",), ("a\x1b[2Jb\nc\u202ed",), (b"\xff.png".decode("utf-8", "surrogateescape"),)])
    assert capsys.readouterr().out.splitlines() == ["image", "a\\x1b[2Jb\\nc\\u202ed", "\\udcff.png"]


def test_several_columns_may_be_labels():
    lines = [("network", "source", "a" * 20, "b" * 20), ("mixnet_s", "the paper", "1", "2"), ("mixnet_s", "its code", "3", "4")]
    text = tables.fitted(lines, 2, 45, labels=2)
    assert [line.split()[:3] for line in text if line][4:] == [["mixnet_s", "the", "paper"], ["mixnet_s", "its", "code"]]
    assert max(map(len, text)) <= 45


def test_wide_letters_stand_in_their_columns():
    lines = tables.fitted([("image", "n"), ("猫猫", "1"), ("cat", "22")], 1)
    assert lines == ["image   n", "猫猫    1", "cat    22"]


@pytest.mark.parametrize("columns", [30, 60, 119, 200])
def test_gradient_checks_on_any_terminal(monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    case = suite.Case("Layer[x]", "configuration with (3, 5) and [/y]", lambda generator: (None, ()))
    report = type("Report", (), {"checked": 1_234_567, "max_error": 1.5e-9, "ok": True})()
    stream = Terminal()
    assert suite.show([suite.Row(case, "full", 12.34, report)], stream=stream)
    found = words(stream.getvalue())
    assert {"Layer[x]", "1,234,567", "1.5e-09", "ok", "12.34", "[/y]"} <= set(found)


@pytest.mark.parametrize("columns", [30, 50, 79, 80, 120])
def test_epochs_on_any_terminal(columns):
    from rich.console import Console

    console = Console(file=io.StringIO(), force_terminal=True, width=columns)
    with progress.Terminal(console) as report:
        report.row(progress.row("3/5", (1.5, 0.25), (1.25, 1.0), 1234.5, 75, 3725))
        report.table("Done [/b]", [("folder", "runs/[x]"), ("other", ":smile:")])
    text = plain(console.file.getvalue())
    assert {"3/5", "1.5000", "25.00%", "1.2500", "100.00%", "1234", "1:15", "1:02:05", "runs/[x]"} <= set(words(text))
    assert "Done [/b]" in text and ":smile:" in text
    rows = [line for line in text.partition("Done")[0].splitlines() if line.strip(" ━")]
    assert max(map(len, rows)) <= columns
    headings = " ".join(rows[: len(rows) // 2]).split()
    assert headings == progress.HEADER.split()


@pytest.mark.parametrize("columns", [40, 60, 80, 200])
def test_the_moving_line_shows_whole_figures(columns):
    from rich.console import Console

    class Loop:
        place, running = (lambda self: "2/5  30 %"), (lambda self: (1.25, 0.5))
        speed, left = (lambda self: 12345.4), (lambda self: 3725)
        state, batches = type("State", (), {"batch": 3}), range(10)

    console = Console(file=io.StringIO(), force_terminal=True, width=columns)
    with progress.Terminal(console) as report:
        report._drawn = -10.0
        report.step(Loop())
    text = console.file.getvalue()
    assert "loss 1.2500" in text and "1:02:05 left" in text and "…" not in text
    assert ("12345 images/s" in text) == (columns >= 80)


@pytest.mark.parametrize("columns", [30, 80, 200])
def test_facts_on_any_terminal(monkeypatch, columns):
    from minimix.cli.output import print_facts

    facts = {
        "kernels": {"cache": "/home/somebody/.cache/minimix/kernels-0.1.0, 1,234,567 bytes in 128 files [x]", "set": "2.5"}
    }
    for stream, widest in ((Terminal(), max(columns, 40)), (io.StringIO(), 1000)):
        with monkeypatch.context() as patch:
            patch.setenv("COLUMNS", str(columns))
            patch.setattr(sys, "stdout", stream)
            print_facts(facts)
        text = stream.getvalue()
        assert {"1,234,567", "128", "2.5", "[x]"} <= set(words(text))
        assert text.replace("\n", "").replace(" ", "").count("/home/somebody/.cache/minimix/kernels-0.1.0") == 1
        assert max(map(len, text.splitlines())) <= widest
    assert len(text.splitlines()) == 3


def test_every_command_that_prints_tables_uses_the_same_one():
    """rich's own tables cut what does not fit, and take names for markup."""
    from pathlib import Path

    import minimix

    for path in Path(minimix.__file__).parent.rglob("*.py"):
        assert "rich.table" not in path.read_text(encoding="utf-8"), path
