"""The command as a process: closed streams, broken pipes, full disks, and Ctrl-C at any moment."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import cli_runs
import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="shells and signals differ there")
ENVIRONMENT = {**cli_runs.ENVIRONMENT, "MINIMIX_NUM_THREADS": "1"}
COMMAND = f'"{sys.executable}" -m minimix'


def shell(line: str, cwd) -> subprocess.CompletedProcess:
    return subprocess.run(["bash", "-c", line], capture_output=True, text=True, env=ENVIRONMENT, cwd=cwd)


@pytest.mark.parametrize(
    "line, code",
    [
        ("summary mixnet_nano >&-", 1),
        ("summary mixnet_nano 2>&-", 0),
        ("summary mixnet_nano <&- >&- 2>&-", 1),
        ("--help >&-", 1),
        ("gradcheck nothing >&-", 2),
        ("gradcheck swish >&-", 1),
        ("summary mixnet_nano:width=0 2>&-", 2),
        ("summary mixnet_nano:width=0 >&- 2>&-", 2),
    ],
)
def test_closed_streams(tmp_path, line, code):
    done = shell(f"{COMMAND} {line}", tmp_path)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr + done.stdout and "Exception ignored" not in done.stderr


def test_no_file_is_opened_under_the_number_of_a_closed_stream(tmp_path):
    line = f"{COMMAND} data preview patterns10 --columns 1 --out sheet.png >&- 2>&-"
    assert shell(line, tmp_path).returncode == 0
    assert (tmp_path / "sheet.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("command", ["summary mixnet_s", "gradcheck swish", "--help", "models mixnet_nano", "info"])
def test_whoever_reads_may_stop(tmp_path, command):
    done = shell(f"{COMMAND} {command} | head -1", tmp_path)
    assert done.returncode == 0 and done.stdout.count("\n") == 1 and done.stderr == ""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux has it")
@pytest.mark.parametrize("command", ["summary mixnet_s", "data", "--help"])
def test_a_full_disk(tmp_path, command):
    done = shell(f"{COMMAND} {command} > /dev/full", tmp_path)
    assert done.returncode == 1 and done.stderr.startswith("error: ") and done.stderr.count("\n") == 1


def test_letters_that_the_terminal_lacks(tmp_path):
    done = shell(f"PYTHONIOENCODING=ascii {COMMAND} summary Zürich", tmp_path)
    assert done.returncode == 2 and "Z\\xfcrich" in done.stderr and "Traceback" not in done.stderr


def script(tmp_path) -> Path:
    """What pip makes of the entry point."""
    (tmp_path / "bin").mkdir()
    path = tmp_path / "bin" / "minimix"
    path.write_text("import sys\nfrom minimix.cli import main\nif __name__ == '__main__':\n    sys.exit(main())\n")
    return path


@pytest.mark.parametrize("moment", ["minimix.starting", "numpy", "numba.core", "numba", "minimix.functional", "typer"])
@pytest.mark.parametrize("as_module", [True, False])
def test_ctrl_c_while_it_starts(tmp_path, moment, as_module):
    """Python tells of every import on standard error; one of them is the moment."""
    program = ["-m", "minimix"] if as_module else [str(script(tmp_path))]
    command = [sys.executable, "-X", "importtime", *program, "compare", "xception", "mixnet_xxl", "mixnet_xl"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)
    try:
        for line in process.stderr:
            if line.rpartition("|")[2].strip() == moment:
                break
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode in (-signal.SIGINT, 128 + signal.SIGINT)
    told = [line for line in errors.splitlines() if not line.startswith("import time:")]
    assert "".join(told).strip() == "" and output == ""


def test_ctrl_c_while_it_works(tmp_path):
    command = [sys.executable, "-m", "minimix", "gradcheck"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)
    try:
        for line in process.stdout:
            if " ok " in line:
                break
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130 and errors.strip() == ""


def test_other_programs_keep_their_interrupts():
    code = "import signal, minimix; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=ENVIRONMENT)
    assert done.stdout == "True\n", done.stderr


def test_python_programs_with_closed_streams(tmp_path):
    (tmp_path / "program.py").write_text(
        "import minimix as mm\n"
        "from minimix.data import patterns10\n"
        "from minimix.gradcheck.suite import select, run, show\n"
        "from minimix.gradcheck.cases import functional_cases\n"
        "tiny = patterns10('train', size=20), patterns10('test', size=10)\n"
        "mm.train(data=tiny, model_options={'width': 0.5}, epochs=1, batch_size=20)\n"
        "assert show(run(select(functional_cases(), 'swish')))\n"
        "open('done', 'w').close()\n"
    )
    done = shell(f'"{sys.executable}" program.py >&- 2>&-', tmp_path)
    assert done.returncode == 0 and (tmp_path / "done").exists()
