"""python tests/browser/try_course.py [NOTEBOOK]: the course as a new user meets it, in a real browser.

Starts ``minimix notebooks`` on copies in a temporary folder, opens a notebook in headless Chromium, runs all its cells,
answers a question, drags a slider and waits for its figure to change; looks through the page, and ends the server with Ctrl-C.
The screenshots are kept: look at them. Where Chromium, its driver or a package is missing, it says so and does nothing.

    pip install -e ".[notebooks,browser]"; apt install chromium chromium-driver
"""

import argparse
import contextlib
import importlib.util
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[2]
NOTEBOOK = "04_mixconv"
PATIENCE = 300  # seconds to wait for anything
BROWSERS, DRIVERS = ("chromium", "chromium-browser", "google-chrome"), ("chromedriver", "chromium-driver")
PACKAGES = ("jupyterlab", "ipywidgets", "selenium")
FLAGS = (  # no sandbox: it needs privileges that containers lack. The others: nothing but this page on the network
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--window-size=1280,1000",
)  # fmt: skip
TO_TOP = "(arguments[0].closest('.jp-OutputArea-child') || arguments[0]).scrollIntoView({block: 'start'})"
SLIDER, BUSY = ".widget-slider .noUi-handle", ".jp-Notebook-ExecutionIndicator"


class Failed(Exception):
    """Something that a user would stumble over."""


def missing() -> list[str]:
    """What is not there of all that is needed."""
    lacking = [" or ".join(names) for names in (BROWSERS, DRIVERS) if found(names) is None]
    return lacking + [name for name in PACKAGES if importlib.util.find_spec(name) is None]


def found(names: tuple[str, ...]) -> str | None:
    return next(filter(None, map(shutil.which, names)), None)


def until(what: str, condition, seconds: float = PATIENCE):
    """The first result of ``condition`` that is true; errors meanwhile count as not yet. Raises Failed in the end."""
    end = time.monotonic() + seconds
    problem = ""
    while time.monotonic() < end:
        try:
            if result := condition():
                return result
        except Failed:
            raise
        except Exception as error:  # elements come and go while a page is built
            problem = f" ({type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''})"
        time.sleep(0.2)
    raise Failed(f"waited {seconds:.0f} s for {what}{problem}")


@contextlib.contextmanager
def server(scratch: Path):
    """``minimix notebooks``, away from the user's own settings. Afterwards Ctrl-C must end it, and be no error.

    Gives (folder of the copies, address with a place for the path).
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token, folder, log = secrets.token_hex(16), scratch / "my course", scratch / "server.log"
    rooms = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR",
             "JUPYTERLAB_WORKSPACES_DIR", "IPYTHONDIR")  # fmt: skip
    environment = {**os.environ, **{room: str(scratch / room.lower()) for room in rooms}}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-m", "minimix", "notebooks", "--folder", str(folder), "--no-browser", "--port", str(port), "--",
               "--allow-root", "--ServerApp.ip=127.0.0.1", f"--IdentityProvider.token={token}",
               "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]  # fmt: skip
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background ignores it, and all it starts
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=scratch, env=environment, stdout=output, stderr=subprocess.STDOUT)
    address = f"http://127.0.0.1:{port}/{{}}?token={token}"
    try:
        until("JupyterLab to start", lambda: process.poll() is not None or answers(address.format("api/status")))
        if process.poll() is not None:
            raise Failed(f"minimix notebooks ended with exit code {process.returncode}:\n{log.read_text()}")
        yield folder, address
        process.send_signal(signal.SIGINT)
        try:
            code = process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise Failed(f"Ctrl-C did not end minimix notebooks:\n{log.read_text()[-2000:]}") from None
        if code or "Traceback" in log.read_text():
            raise Failed(f"after Ctrl-C, exit code {code}:\n{log.read_text()[-2000:]}")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def answers(address: str) -> bool:
    with urllib.request.urlopen(address, timeout=10) as response:
        return response.status == 200


class Page:
    """A notebook in JupyterLab in Chromium."""

    def __init__(self, driver, screenshots: Path):
        self.driver, self.screenshots, self.shots = driver, screenshots, 0

    def shoot(self, name: str) -> None:
        self.driver.save_screenshot(str(self.screenshots / f"{self.shots:02d}-{name}.png"))
        self.shots += 1

    def all(self, selector: str) -> list:
        return self.driver.find_elements("css selector", selector)

    def one(self, selector: str):
        """The first that is shown."""
        return until(selector, lambda: next(element for element in self.all(selector) if element.is_displayed()))

    def save(self) -> None:
        from selenium.webdriver import ActionChains, Keys

        ActionChains(self.driver).key_down(Keys.CONTROL).send_keys("s").key_up(Keys.CONTROL).perform()

    def menu(self, name: str, entry: str) -> None:
        """Choose from JupyterLab's menu bar."""
        self._labelled(".lm-MenuBar-itemLabel", name).click()
        self._labelled(".lm-Menu-itemLabel", entry).click()

    def _labelled(self, selector: str, text: str):
        return until(f"menu entry {text}", lambda: next(e for e in self.all(selector) if e.text == text and e.is_displayed()))

    def scroll_to(self, selector: str):
        """The first such element from the top. JupyterLab only builds what is near the part that is seen."""
        self._scroll("0")
        return until(selector, lambda: self._seen(selector) or self._scroll("scroller.scrollTop + 400"))

    def _seen(self, selector: str):
        elements = self.all(selector)
        if not elements:
            return None
        self.driver.execute_script(TO_TOP, elements[0])
        time.sleep(0.5)  # what was not built before may push it away
        self.driver.execute_script(TO_TOP, self.all(selector)[0])
        return self.all(selector)[0]

    def _scroll(self, to: str) -> float:
        """Returns where the page is then, from the top; 0 is no place to stay at."""
        script = "const scroller = document.querySelector('.jp-WindowedPanel-outer');"
        where = self.driver.execute_script(f"{script} scroller.scrollTop = {to}; return scroller.scrollTop")
        time.sleep(0.4)
        self.place = where
        return 0.0

    def look_through(self) -> None:
        """A screenshot of each screenful."""
        self._scroll("0")
        last = -1.0
        while self.place > last:
            self.shoot("page")
            last = self.place
            self._scroll("scroller.scrollTop + 0.85 * scroller.clientHeight")


def code_cells(path: Path) -> list[dict]:
    return [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]


def ran(path: Path) -> bool:
    """Whether the saved notebook has been run to its end. Raises Failed for an error among its outputs."""
    cells = code_cells(path)
    for cell in cells:
        for output in cell["outputs"]:
            if output["output_type"] == "error" or output.get("name") == "stderr":
                raise Failed(f"{''.join(cell['source'])}\n\n{output.get('evalue', output.get('text'))}")
    return all(cell["execution_count"] for cell in cells) and any(cell["outputs"] for cell in cells)


def run_all(page: Page, path: Path) -> None:
    until("a kernel", lambda: page.one(BUSY).get_attribute("data-status") == "idle")
    until("the page to be built", lambda: not any(spinner.is_displayed() for spinner in page.all(".jp-Spinner")))
    for button in page.all(".Toastify button"):  # whether one would like to get Jupyter's news
        if button.text.strip() == "No":
            button.click()
    page.shoot("opened")
    page.menu("Edit", "Clear Outputs of All Cells")
    page.save()
    until("the outputs to be gone", lambda: not any(cell["outputs"] for cell in code_cells(path)), 60)
    page.menu("Run", "Run All Cells")
    until("the cells to run", lambda: page.one(BUSY).get_attribute("data-status") == "busy", 60)
    until("the cells to end", lambda: page.one(BUSY).get_attribute("data-status") == "idle")
    until("the notebook to be saved", lambda: page.save() or ran(path))


def answer_a_question(page: Page) -> None:
    """Two guesses, the second one a calculation, and then the answer, which was out of sight until then."""
    from selenium.webdriver import Keys

    box = page.scroll_to(".jp-OutputArea .widget-text input")
    cell = box.find_element("xpath", "./ancestor::div[contains(@class, 'jp-Cell ')]")
    tell = next(button for button in cell.find_elements("css selector", "button") if button.text == "Tell me")

    def said() -> str:
        return cell.find_element("css selector", ".widget-html-content").text.strip()

    if tell.is_enabled() or "answer is" in cell.text.lower() or cell.find_elements("css selector", "details"):
        raise Failed(f"the answer can be seen before a guess: {cell.text!r}")
    for guess in ("1", "2 * 3"):
        before = said()
        box.clear()
        box.send_keys(guess, Keys.ENTER)
        words = until("a word on the guess", lambda before=before: said() != before and said())
        if not words.startswith(("Right", "Not quite")):
            raise Failed(f"a guess was answered with {words!r}")
        page.shoot("guessed")
    until("a button for the answer", tell.is_enabled)
    tell.click()
    until("the answer", lambda: said().startswith("The answer is"))
    page.shoot("told")


def drag_a_slider(page: Page) -> None:
    """The figure below it must become another one."""
    from selenium.webdriver import ActionChains

    handle = page.scroll_to(SLIDER)
    cell = handle.find_element("xpath", "./ancestor::div[contains(@class, 'jp-Cell ')]")

    def figure() -> str:
        return cell.find_element("css selector", ".jp-OutputArea img").get_attribute("src")

    before = until("a figure", figure)
    page.shoot("slider-before")
    width = cell.find_element("css selector", ".widget-slider .noUi-target").size["width"]
    low, now, high = (float(handle.get_attribute(f"aria-value{name}")) for name in ("min", "now", "max"))
    third = width // 3 if now < (low + high) / 2 else -(width // 3)  # not to an end: the figure may be impossible there
    ActionChains(page.driver).drag_and_drop_by_offset(handle, third, 0).perform()
    until("the figure to change", lambda: figure() != before, 120)
    page.scroll_to(SLIDER)
    page.shoot("slider-after")


def try_course(name: str, scratch: Path, screenshots: Path) -> None:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = found(BROWSERS)
    for flag in (*FLAGS, f"--user-data-dir={scratch / 'profile'}"):
        options.add_argument(flag)
    with server(scratch) as (folder, address):
        driver = webdriver.Chrome(options, Service(found(DRIVERS)))
        page = Page(driver, screenshots)
        try:
            driver.get(address.format(f"lab/tree/{name}.ipynb"))
            page.one(".jp-Notebook .jp-Cell")
            run_all(page, folder / f"{name}.ipynb")
            answer_a_question(page)
            drag_a_slider(page)
            page.look_through()
        except Failed:
            page.shoot("failed")
            raise
        finally:
            driver.quit()


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebook", nargs="?", default=NOTEBOOK, help="without .ipynb; it needs a question and a slider")
    name = parser.parse_args(arguments).notebook
    if lacking := missing():
        print(f"not tried in a browser: there is no {', no '.join(lacking)}")
        return 0
    start = time.monotonic()
    screenshots = Path(tempfile.mkdtemp(prefix="minimix-browser-"))
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        try:
            try_course(name, Path(scratch), screenshots)
        except Failed as error:
            print(f"{name} in a browser: {error}\nscreenshots: {screenshots}", file=sys.stderr)
            return 1
    print(f"{name} in a browser: run, answered, a slider moved, in {time.monotonic() - start:.0f} s; look at {screenshots}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
