"""Cut the small pictures in README's table of the course out of the notebooks' stored outputs: ``python docs/course.py``.

A notebook's picture is the last figure of its cell with the tag "cover"; in README its ``alt`` stands beside it. Run it
after a notebook's figures have changed.
"""

import base64
import html
import io
import json
import pathlib
import re

from PIL import Image

HERE = pathlib.Path(__file__).parent
README = HERE.parent / "README.md"
BOX = 480, 270  # pixels; shown at half the size
LONGEST = 160  # letters


def cover(notebook: dict) -> dict:
    """The output that has the picture."""
    (cell,) = [cell for cell in notebook["cells"] if "cover" in cell["metadata"].get("tags", [])]
    return [output for output in cell["outputs"] if "image/png" in output.get("data", {})][-1]


def picture(output: dict) -> Image.Image:
    """On white."""
    return Image.open(io.BytesIO(base64.b64decode("".join(output["data"]["image/png"])))).convert("RGB")


def words(output: dict) -> str:
    """The description, shortened at a word, for an attribute of HTML inside of a table of Markdown."""
    text = output["metadata"]["image/png"]["alt"].replace("|", "/")
    if len(text) > LONGEST:
        text = text[:LONGEST].rpartition(" ")[0] + " …"
    return html.escape(text, quote=True)


def main() -> None:
    (HERE / "course").mkdir(exist_ok=True)
    readme = README.read_text(encoding="utf-8")
    for path in sorted((HERE.parent / "notebooks").glob("*.ipynb")):
        output = cover(json.loads(path.read_text(encoding="utf-8")))
        small, name = picture(output), f"docs/course/{path.stem[:2]}.png"
        small.thumbnail(BOX, Image.Resampling.LANCZOS)
        small.save(HERE.parent / name, optimize=True)
        said = f'<img src="{name}" alt="{words(output)}"'
        readme = re.sub(rf'<img src="{name}" alt="[^"]*"', lambda _, said=said: said, readme)
    README.write_text(readme, encoding="utf-8")


if __name__ == "__main__":
    main()
