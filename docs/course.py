"""Cut the small pictures in README's table of the course out of the notebooks' stored outputs: ``python docs/course.py``.

A notebook's picture is the last figure of its cell with the tag "cover". Run it after a notebook's figures have changed.
"""

import base64
import io
import json
import pathlib

from PIL import Image

HERE = pathlib.Path(__file__).parent
BOX = 480, 270  # pixels; shown at half the size


def cover(notebook: dict) -> Image.Image:
    """The picture, on white."""
    (cell,) = [cell for cell in notebook["cells"] if "cover" in cell["metadata"].get("tags", [])]
    encoded = [output["data"]["image/png"] for output in cell["outputs"] if "image/png" in output.get("data", {})]
    return Image.open(io.BytesIO(base64.b64decode("".join(encoded[-1])))).convert("RGB")


def main() -> None:
    (HERE / "course").mkdir(exist_ok=True)
    for path in sorted((HERE.parent / "notebooks").glob("*.ipynb")):
        picture = cover(json.loads(path.read_text(encoding="utf-8")))
        picture.thumbnail(BOX, Image.Resampling.LANCZOS)
        picture.save(HERE / "course" / f"{path.stem[:2]}.png", optimize=True)


if __name__ == "__main__":
    main()
