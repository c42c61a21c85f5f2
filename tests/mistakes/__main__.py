"""How often a check says the true cause, a false one, or none: ``python tests/mistakes ops|right|solutions [--held-out]``.
``python tests/mistakes mutants`` makes wrong ops mechanically, and prints what was changed and what is said.

Without ``--held-out``, what rules may be tuned by; with it, what nobody looks at meanwhile: the files with ``later`` in their
names, which were written by people who know neither rules nor checks, while these were tuned, and measured when they stood.
``--all``: both. ``--texts``: what was said, line by line. ``--only WORDS``: entries whose names contain them.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # minimix, installed or not

from measure import entries, ops, right


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=("ops", "right", "solutions", "mutants"))
    parser.add_argument("--held-out", action="store_true")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--texts", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--count", type=int, default=100, help="how many mutants")
    parser.add_argument("--seed", type=int, default=0, help="which mutants")
    options = parser.parse_args()
    if options.kind == "mutants":
        import mutants

        return mutants.table(options.count, options.only, options.seed)
    kind, name = {"ops": ("wrong", "WRONG"), "right": ("right", "RIGHT"), "solutions": ("solutions", "SOLUTIONS")}[options.kind]
    chosen = entries(kind, name, None if options.all else options.held_out)
    chosen = [entry for entry in chosen if options.only in entry.name]
    if options.kind == "solutions":
        import solutions

        solutions.table(chosen, options.texts)
    else:
        {"ops": ops, "right": right}[options.kind](chosen, options.texts)


if __name__ == "__main__":
    main()
