"""The mutator: it changes backward passes only, one place at a time, and what it makes can be checked."""

import ast

from corpus import Right
from measure import HERE, run
from mutants import installed, users
from mutations import backwards, label, mutate, places

SOURCE = "def forward(x):\n    return x * 2\n\ndef backward(g, x):\n    return (g * 2 - x,)\n"


def test_every_change_is_of_one_line_of_a_backward_pass():
    found = list(places(ast.parse(SOURCE)))
    seen = set()
    for change in found:
        tree = ast.parse(SOURCE)
        before, after = mutate(tree, *change)
        assert before == "return (g * 2 - x,)" and ast.unparse(tree.body[0]) == ast.unparse(ast.parse(SOURCE).body[0])
        seen.add(after)
    assert {"return (g * 2,)", "return (x,)", "return (g * 2 + x,)", "return (g / 2 - x,)", "return (g * 3 - x,)"} <= seen


def test_a_mutant_is_caught_and_the_original_is_back():
    path = HERE / "right_memory.py"
    tree = ast.parse(path.read_text())
    number = next(i for i, f in enumerate(backwards(tree)) if ast.unparse(f) == "lambda g, x: (g * np.cos(x),)")
    name = label(backwards(tree)[number])
    place = users(path, [])[name][0]
    change = next(c for c in places(tree) if c[0] == number and mutate(ast.parse(path.read_text()), *c)[1].count("sin"))
    mutate(tree, *change)
    with installed(path, tree, [], name) as entries:
        wrong, _ = run(entries[place], 0, "random")
    with installed(path, ast.parse(path.read_text()), [], name) as entries:
        right, _ = run(entries[place], 0, "random")
        assert isinstance(entries[place], Right)
    assert not wrong.ok and right.ok
