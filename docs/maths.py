"""Formulas of the API pages as MathML, which browsers show by themselves: no script, no font, nothing from a network."""

import re

from docutils import nodes
from latex2mathml.converter import convert


def mathml(formula: str, display: str = "inline") -> str:
    """A formula in LaTeX's language as MathML. What ``\\mathrel{+}=`` gives is made one operator, as it is meant."""
    return re.sub(
        r"<mo><mrow><mo>(.*?)</mo></mrow></mo><mo>&#x0003D;</mo>", r"<mo>\1&#x0003D;</mo>", convert(formula, display=display)
    )


def inline(self, node) -> None:
    self.body.append(mathml(node.astext()))
    raise nodes.SkipNode


def block(self, node) -> None:
    self.body.append(f'<div class="formula">{mathml(node.astext(), "block")}</div>\n')
    raise nodes.SkipNode


def setup(app) -> dict:
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
