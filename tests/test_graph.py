"""The drawn tape."""

import re
import xml.etree.ElementTree as ET
from itertools import pairwise

import numpy as np
import pytest

import minimix as mm
import minimix.functional as F
from minimix import graph
from minimix.graph_svg import APART, LAYER, layout


def network():
    rng = np.random.default_rng(0)
    names = {
        "hidden.weight": mm.Tensor(rng.standard_normal((16, 8)), requires_grad=True),
        "hidden.bias": mm.Tensor(rng.standard_normal(16), requires_grad=True),
        "head.weight": mm.Tensor(rng.standard_normal((4, 16)), requires_grad=True),
    }
    x = mm.Tensor(rng.standard_normal((5, 8)), name="x")
    hidden = F.relu(F.linear(x, names["hidden.weight"], names["hidden.bias"]))
    hidden.name = "hidden"
    logits = F.linear(hidden * F.sigmoid(hidden.mean(0)) + hidden, names["head.weight"])
    return F.cross_entropy(logits, np.arange(5) % 4) + (names["head.weight"] ** 2).sum() * 0.5, names


def test_text_names_every_line_before_it_is_used():
    loss, names = network()
    lines = graph.graph_text(loss, names).splitlines()
    assert re.match(r"%0 +x +\(5, 8\)$", lines[0])
    for i, line in enumerate(lines):
        number, *used = map(int, re.findall(r"%(\d+)", line))
        assert number == i and all(j < i for j in used)
    text = "\n".join(lines)
    assert all(name in text for name in names) and "hidden = relu(" in text and " 0.5 " in text
    assert lines[-1].split()[1].startswith("add(")


def test_a_tensor_used_twice_is_one_line():
    a = mm.Tensor(1.0, requires_grad=True, name="a")
    b = a + a
    c = b + b
    assert [line.split("  ")[1].strip() for line in graph.graph_text(c).splitlines()] == ["a", "add(%0, %0)", "add(%1, %1)"]


def test_leaves():
    assert "parameter" in graph.graph_text(mm.Tensor([1.0], requires_grad=True))
    assert "2.5" in graph.graph_text(mm.Tensor(2.5))


def test_freed_and_kept_graphs():
    loss, _ = network()
    loss.backward(retain_graph=True)
    assert "cross_entropy" in graph.graph_text(loss)
    loss.backward()
    assert "add (freed by backward)" in graph.graph_text(loss)


def test_mermaid():
    loss, names = network()
    text = graph.to_mermaid(loss, names)
    found = graph.entries(loss, names)
    assert text.startswith("flowchart TD\n")
    assert text.count(" --> ") == sum(len(entry.inputs) for entry in found)
    assert len(re.findall(r"^    n\d+\(?\[", text, re.MULTILINE)) == len(found)
    strange = mm.Tensor([1.0], requires_grad=True, name='a"b<c>')
    assert 'a"b' not in graph.to_mermaid(strange.exp()) and "#34;" in graph.to_mermaid(strange.exp())


def test_svg_is_xml_that_shows_every_op():
    loss, names = network()
    root = ET.fromstring(graph.to_svg(loss, names))
    texts = [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")]
    for entry in graph.entries(loss, names):
        caption = f"{entry.name} = {entry.label}" if entry.name else entry.label
        assert caption in texts
    assert "16x8" in texts and "scalar" in texts
    ET.fromstring(graph.to_svg(mm.Tensor([1.0], requires_grad=True, name='<&"').exp()))


def boxes_of(tensor, names=None):
    root = ET.fromstring(graph.to_svg(tensor, names))
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    rectangles = [r.attrib for r in root.iter("{http://www.w3.org/2000/svg}rect")][1:]  # the first is the paper
    return root, width, height, [tuple(float(r[key]) for key in ("x", "y", "width", "height")) for r in rectangles]


def many_branches():
    x = mm.Tensor(np.ones((2, 3)), requires_grad=True, name="x")
    total, parts = x, []
    for i in range(15):
        total = (total * x + i).tanh()
        parts.append(total)
    return sum(parts[::3], parts[0]) + F.cat(parts, 1)[:, :3] + x


@pytest.mark.parametrize("make", [lambda: network()[0], many_branches])
def test_boxes_do_not_overlap_and_stay_on_the_paper(make):
    root, width, height, boxes = boxes_of(make())
    left, top = map(float, root.attrib["viewBox"].split()[:2])
    for i, (x, y, w, h) in enumerate(boxes):
        assert left <= x and x + w <= left + width and top <= y and y + h <= top + height
        for x2, y2, w2, h2 in boxes[:i]:
            assert x + w <= x2 or x2 + w2 <= x or y + h <= y2 or y2 + h2 <= y


@pytest.mark.parametrize("make", [lambda: network()[0], many_branches])
def test_no_arrow_runs_through_a_box(make):
    """Within a layer arrows are vertical; there each must keep clear of the boxes. Between layers there are none."""
    root, _, _, boxes = boxes_of(make())
    paths = [p.attrib["d"] for p in root.iter("{http://www.w3.org/2000/svg}path") if "marker-end" in p.attrib]
    assert paths
    passing = 0
    for path in paths:
        for x, y in re.findall(r"L(-?[\d.]+) (-?[\d.]+)", path):  # the lower end of a stretch beside boxes
            passing += 1
            for bx, by, w, h in boxes:
                if by <= float(y) <= by + h:
                    assert not bx <= float(x) <= bx + w
    assert passing


def test_a_far_input_is_shown_by_its_number():
    texts = [node.text for node in boxes_of(many_branches())[0].iter("{http://www.w3.org/2000/svg}text")]
    numbered = [text for text in texts if text.startswith("%")]
    assert numbered and all(numbered.count(text) >= 2 for text in numbered)  # the op, and what stands for it
    assert texts.count("x") > 2


def test_arrows_go_down():
    loss, names = network()
    drawn = [graph.Box(e.label, "1", e.kind, e.inputs) for e in graph.entries(loss, names)]
    for layer in layout(drawn):
        assert all(b.x - b.width / 2 >= a.x + a.width / 2 + APART - 1e-6 for a, b in pairwise(layer))
        assert all(below.layer == item.layer + 1 for item in layer for below in item.below)
    assert LAYER > 0


def test_5000_nodes():
    x = mm.Tensor(1.0, requires_grad=True, name="x")
    y = x
    for _ in range(5000):
        y = y * 1.5 + x
    assert len(graph.graph_text(y).splitlines()) == 15_001
    assert graph.to_mermaid(y).count("-->") == 20_000
    svg = graph.to_svg(y)
    assert svg.count(">add<") == svg.count(">mul<") == 5000


def test_draw(tmp_path):
    drawing = graph.draw(mm.Tensor([1.0], requires_grad=True).exp())
    assert drawing._repr_svg_().startswith("<svg") and "SVG" in repr(drawing)
    drawing.save(tmp_path / "graph.svg")
    ET.parse(tmp_path / "graph.svg")
