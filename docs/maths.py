"""Formulas of the API pages as MathML, which browsers show by themselves: no script, no font, nothing from a network."""

from docutils import nodes
from latex2mathml.converter import convert


def inline(self, node) -> None:
    self.body.append(convert(node.astext()))
    raise nodes.SkipNode


def block(self, node) -> None:
    self.body.append(f'<div class="formula">{convert(node.astext(), display="block")}</div>\n')
    raise nodes.SkipNode


def setup(app) -> dict:
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
