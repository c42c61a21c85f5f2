"""Three pictures of a run: curves.png, confusion.png, mistakes.png. What is in them is drawn by ``minimix.viz``."""

import io
from pathlib import Path

from minimix import files
from minimix.data import Dataset
from minimix.train.evaluation import Evaluation


def draw(folder, history: list, evaluation: Evaluation | None, test_set: Dataset, title: str) -> None:
    """Write all that can be drawn: curves after the first epoch, the others from the latest evaluation."""
    from minimix import viz  # matplotlib takes a third of a second to import

    folder = Path(folder)
    if history:
        _save(viz.curves(history, title), folder / "curves.png")
    if evaluation is not None:
        classes = test_set.classes
        _save(viz.confusion(evaluation.confusion, classes, title), folder / "confusion.png")
        answers = evaluation.labels, evaluation.predictions, evaluation.confidence
        _save(viz.mistakes(test_set.images, *answers, classes, title), folder / "mistakes.png")


def _save(figure, path: Path) -> None:
    content = io.BytesIO()
    figure.savefig(content, format="png")
    files.write(path, content.getvalue())
