"""Three pictures of a run: curves.png, confusion.png, mistakes.png. What is in them is drawn by ``minimix.viz``."""

import io
from pathlib import Path

from minimix import files
from minimix.data import Dataset
from minimix.train.evaluation import Evaluation


def draw(folder, history: list, evaluation: Evaluation | None, dataset: Dataset | None, title: str, tell=print) -> None:
    """Write all that can be drawn: curves after the first epoch, the others from the latest evaluation, that of ``dataset``.

    tell: gets a line for each picture that could not be drawn or written. A run does not fail because of a picture.
    """
    from minimix import viz  # matplotlib takes a third of a second to import

    drawings = {}
    if history:
        drawings["curves.png"] = lambda: viz.curves(history, title)
    if evaluation is not None and dataset is not None:
        classes = dataset.classes
        answers = evaluation.labels, evaluation.predictions, evaluation.confidence
        drawings["confusion.png"] = lambda: viz.confusion(evaluation.confusion, classes, title)
        drawings["mistakes.png"] = lambda: viz.mistakes(dataset.images, *answers, classes, title)
    for name, drawing in drawings.items():
        try:
            save(drawing(), Path(folder) / name)
        except Exception as error:
            tell(f"{name} could not be drawn: {type(error).__name__}: {error}")


def title(folder: Path, model: str, data: str) -> str:
    """What stands above the pictures of a run.

    >>> title(Path("runs/mine"), "mixnet_nano", "pets")
    'mine: mixnet_nano on pets'
    """
    return f"{folder.resolve().name}: {model} on {data}"


def save(figure, path) -> None:
    """Write a figure in the format that the path's ending names, in one step."""
    path, content = Path(path), io.BytesIO()
    figure.savefig(content, format=path.suffix.lower().removeprefix(".") or "png")
    files.write(path, content.getvalue())
