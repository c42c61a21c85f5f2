"""What every notebook of the course has, in words, code and stored outputs. Each function yields what is wrong with one."""

import ast
import base64
import json
import re
import socket
import struct
from collections.abc import Iterator

from book import COURSE, FENCED, FOLDED, FOLDER, code_cells, digest, exercises, prose, section, tags

LARGEST = 1_500_000  # bytes of a file: more, and GitHub takes long to show it
WIDEST = 950  # pixels of a figure at 100 %
LINE = 128  # letters
LINKS = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|<a [^>]*href=\"([^\"]+)\"")
PRIVATE = re.compile(  # folders that say where somebody works
    r"(?<![\w.:/])/(?:home|Users|root|tmp|var|private|work|opt|mnt|usr|data)/[\w.]|\b[A-Za-z]:\\{1,2}(?:Users|Temp|Windows)\b"
)
ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]{6,}")  # of an object in memory: another one at every run
STRANDED = re.compile(r"^[ \t]*[)\]}]+[,:]?[ \t]+#(?! fmt).*$", re.M)
EXERCISE = re.compile(r"^### Exercise: \w", re.M)
SOLUTION = re.compile(r"<details><summary>Solution</summary>\n\n.*\n\n</details>", re.S)
SHORTEST = 30  # letters of a description
IMAGE, UNTOLD = re.compile(r"<img\b[^>]*>"), re.compile(r"!\[[^\]]{0,19}\]\([^)]*\)|<img\b(?![^>]*\balt=\"[^\"]{20})[^>]*>")
IMAGE_IN_HTML = re.compile(r"data:image/png;base64,([A-Za-z0-9+/=]+)")


def problems(name: str, notebook: dict, size: int) -> list[str]:
    """All there are. name: without .ipynb. size: bytes of the file."""
    found = [f"the file has {size / 1e6:.2f} MB, more than {LARGEST / 1e6}"] if size > LARGEST else []
    for check in (head, links, tail, exercise_cells, question_cells, code, stored, figures, described, privacy):
        found += check(name, notebook)
    return found


def neighbours(name: str) -> list[str]:
    """The one before and the one after."""
    place = COURSE.index(name)
    return [*COURSE[max(0, place - 1) : place], *COURSE[place + 1 : place + 2]]


def targets(text: str) -> list[str]:
    return ["".join(found) for found in LINKS.findall(text)]


def head(name: str, notebook: dict) -> Iterator[str]:
    first = notebook["cells"][0]
    if first["cell_type"] != "markdown" or not first["source"].startswith(f"# {int(name[:2])}. "):
        yield f"it does not begin with a title, # {int(name[:2])}. ..."
    if not re.search(r"\*\*You need:?\*\*", first["source"]):
        yield "the first cell does not say what **You need**"
    if not re.search(r"\*\*Time:?\*\*\W*(about )?\d+(-\d+)? min", first["source"]):
        yield "the first cell does not say the **Time** in minutes"


def links(name: str, notebook: dict) -> Iterator[str]:
    texts = [cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "markdown"]
    for place, where in ((0, "first"), (-1, "last")):
        chain = [target for target in targets(texts[place]) if target.removesuffix(".ipynb") in COURSE]
        wanted = [f"{neighbour}.ipynb" for neighbour in neighbours(name)]
        if not set(wanted) <= set(chain):
            yield f"the {where} text links to {chain}, not to its neighbours, {wanted}"
    for target in targets(prose(notebook)):
        path = target.partition("#")[0]
        if re.match(r"https?://|mailto:", target) or not path or path.removesuffix(".ipynb") in COURSE:
            continue
        if not (FOLDER / path).exists():
            yield f"a link leads nowhere: {target}"


def tail(name: str, notebook: dict) -> Iterator[str]:
    points = len(re.findall(r"^[-*] ", section(notebook, "Summary"), re.M))
    if not 3 <= points <= 6:
        yield f"## Summary has {points} points, not 3 to 6"
    asked = [(question.strip(), answer.strip()) for question, answer in FOLDED.findall(section(notebook, "Questions"))]
    if not 5 <= len(asked) <= 10:
        yield f"## Questions has {len(asked)} folded answers, not 5 to 10"
    yield from (f"a question, or its answer, is empty: {question!r}" for question, answer in asked if not (question and answer))


def exercise_cells(name: str, notebook: dict) -> Iterator[str]:
    """Heading, stub, check, perhaps folded hints, solution."""
    try:
        found = exercises(notebook)
    except ValueError as problem:
        yield str(problem)
        return
    cells = notebook["cells"]
    for exercise in found:
        heading, stub, check = cells[exercise.stub - 1 : exercise.stub + 2]
        where = f"exercise in cell {exercise.stub}"
        if heading["cell_type"] != "markdown" or len(EXERCISE.findall(heading["source"])) != 1:
            yield f"{where}: the cell before it has no heading ### Exercise: ..."
        if stub["cell_type"] != "code" or "raise NotImplementedError" not in stub["source"] or '"""' not in stub["source"]:
            yield f"{where}: a stub has a docstring, and raises NotImplementedError"
        if check["cell_type"] != "code" or not re.search(r"\bcheck_\w+\(|\bassert\b", check["source"]):
            yield f"{where}: no check follows it"
        for between in cells[exercise.stub + 2 : exercise.solution]:
            if between["cell_type"] != "markdown" or not between["source"].startswith("<details><summary>Hint"):
                yield f"{where}: between check and solution stands something that is no folded hint"
        if not re.fullmatch(
            r"<details><summary>Solution</summary>\n\n.*\n\n</details>", cells[exercise.solution]["source"], re.S
        ):
            yield f"{where}: the solution is not folded as <details><summary>Solution</summary>, blank line, ..., </details>"
    headings = EXERCISE.findall(prose(notebook))
    if len(headings) != len(found):
        yield f"{len(headings)} headings ### Exercise: ..., {len(found)} stubs with the tag exercise"


def question_cells(name: str, notebook: dict) -> Iterator[str]:
    """A cell that asks names the question and hands over what was measured: nothing in it gives the answer away."""
    for cell in code_cells(notebook):
        source = cell["source"]
        if "course.predict" not in source:
            continue
        try:
            (call,) = [statement.value for statement in ast.parse(source).body]
            asks = ast.unparse(call.func) == "course.predict" and len(call.args) == 1
            named = asks and isinstance(call.args[0], ast.Constant) and call.args[0].value[:3] == f"{name[:2]} "
        except (SyntaxError, ValueError, AttributeError, TypeError):
            named = False
        if not named:
            yield f'a cell that asks is only course.predict("{name[:2]} ...", ...), the name of a question: {source[:60]!r}'
            continue
        for given in call.keywords:
            if given.arg in ("answer", "unit", "tolerance") or not isinstance(given.value, (ast.Name, ast.Attribute)):
                yield f"a cell that asks hands over names of what was measured, no {given.arg}: {source[:60]!r}"


def code(name: str, notebook: dict) -> Iterator[str]:
    first = next(iter(code_cells(notebook)), {"source": ""})
    if "import " not in first["source"]:
        yield "the first code cell does not import what the notebook uses"
    solutions = [code for cell in notebook["cells"] if "solution" in tags(cell) for code in FENCED.findall(cell["source"])]
    sources = [cell["source"] for cell in code_cells(notebook)] + solutions
    for source in sources:
        try:
            ast.parse(source)
        except SyntaxError as error:
            yield f"no plain Python ({error.msg}): {source[:60]!r}"
        if re.search(r"\bplt\.show\(|pip install", source):
            yield f"figures show themselves, and nothing is installed: {source[:60]!r}"
        yield from (f"longer than {LINE} letters: {line}" for line in source.split("\n") if len(line) > LINE)
        yield from (f"a comment stranded behind a bracket: {line}" for line in STRANDED.findall(source))


def stored(name: str, notebook: dict) -> Iterator[str]:
    counts = [cell["execution_count"] for cell in code_cells(notebook)]
    told = notebook["metadata"].get("minimix", {}).get("digest")
    if counts != list(range(1, len(counts) + 1)) or told != digest(notebook):
        yield f"its outputs are not those of its code: run python tests/notebooks/refresh.py notebooks/{name}.ipynb"
    if len({cell.get("id") for cell in notebook["cells"]}) != len(notebook["cells"]):
        yield "its cells have no ids, or the same one twice"
    for output in outputs(notebook):
        if output["output_type"] == "error" or output.get("name") == "stderr":
            text = "".join(output.get("text", output.get("evalue", "")))
            yield f"an error, or text on standard error, is stored: {text[:200]}"
        if "application/vnd.jupyter.widget-view+json" in output.get("data", {}):
            yield "a slider is stored, which nobody can move: it was run without MINIMIX_COURSE_STATIC=1"


def figures(name: str, notebook: dict) -> Iterator[str]:
    widths = list(map(width_of, images(notebook)))
    if not widths:
        yield "no figure is stored"
    yield from (f"a figure is {width} pixels wide, more than {WIDEST}" for width in widths if width > WIDEST)


def described(name: str, notebook: dict) -> Iterator[str]:
    """Every picture is told in words: of outputs as ``alt`` and in place of a repr, in HTML and texts as ``alt``."""
    for output in outputs(notebook):
        data = output.get("data", {})
        if "image/png" in data:
            alt = output.get("metadata", {}).get("image/png", {}).get("alt", "")
            if len(alt) < SHORTEST:
                yield f"a figure is not described in words: {alt!r}"
            if joined(data.get("text/plain", "")) != alt:
                yield f"in place of a figure stands {joined(data.get('text/plain', ''))[:60]!r}, not its description"
        for tag in IMAGE.findall(joined(data.get("text/html", ""))):
            if not re.search(r'\balt="[^"]{20,}"', tag):
                yield f"a picture in HTML has no alt: {tag[:60]!r}"
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            yield from (f"a picture in a text is not described: {found}" for found in UNTOLD.findall(cell["source"]))


def privacy(name: str, notebook: dict) -> Iterator[str]:
    host = socket.gethostname()
    for text in texts(notebook):
        if found := PRIVATE.search(text):
            yield f"an output shows a folder of this machine: {text[max(0, found.start() - 40) : found.end() + 40]!r}"
        if len(host) > 4 and host != "localhost" and re.search(rf"\b{re.escape(host)}\b", text):
            yield f"an output shows this machine's name: {text[:200]!r}"
        if found := ADDRESS.search(text):
            yield f"an output shows an address in memory: {text[max(0, found.start() - 60) : found.end()]!r}"


def outputs(notebook: dict) -> list[dict]:
    return [output for cell in code_cells(notebook) for output in cell["outputs"]]


def texts(notebook: dict) -> Iterator[str]:
    """Whatever can be read in outputs; of pictures only SVG."""
    for output in outputs(notebook):
        yield "".join(output.get("text", ""))
        for kind, content in output.get("data", {}).items():
            if kind != "image/png":
                text = (
                    "".join(content)
                    if isinstance(content, list)
                    else content
                    if isinstance(content, str)
                    else json.dumps(content)
                )
                yield IMAGE_IN_HTML.sub("", text)


def joined(content) -> str:
    """What a notebook holds as one string, as a list of lines, or as JSON."""
    if isinstance(content, dict):
        return json.dumps(content)
    return "".join(content)


def images(notebook: dict) -> Iterator[bytes]:
    """PNGs that are outputs, or parts of HTML."""
    for output in outputs(notebook):
        data = output.get("data", {})
        if "image/png" in data:
            yield base64.b64decode("".join(data["image/png"]))
        for encoded in IMAGE_IN_HTML.findall("".join(data.get("text/html", ""))):
            yield base64.b64decode(encoded)


def width_of(png: bytes) -> int:
    """Pixels: the first number of a PNG's header."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n") and png[12:16] == b"IHDR"
    return struct.unpack(">I", png[16:20])[0]
