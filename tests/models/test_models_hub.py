"""The hub's own client, where it is installed, with a stand-in for its server; and servers that do not answer."""

import http.server
import logging
import os
import re
import socket
import subprocess
import sys
import threading
import types
from pathlib import Path

import pytest

from minimix.models import hub

CONTENT = b"weights"


class Server(http.server.BaseHTTPRequestHandler):
    """As much of the hub as its client needs. ``asked``: how often."""

    asked = 0
    found = True

    def do_HEAD(self):
        type(self).asked += 1
        self.send_response(200 if self.found or self.path == "/" else 404)
        for key, value in {"ETag": '"1"', "X-Repo-Commit": 40 * "a", "Content-Length": len(CONTENT)}.items():
            self.send_header(key, str(value))
        self.end_headers()

    def do_GET(self):
        self.do_HEAD()
        self.wfile.write(CONTENT)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    handler = type("Handler", (Server,), {})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield types.SimpleNamespace(url=f"http://127.0.0.1:{running.server_port}", handler=handler)
        running.shutdown()


@pytest.fixture
def fetched(tmp_path):
    """``fetched(url)`` -> (exit code, output, errors) of a program that asks the real client for a file from this server."""
    pytest.importorskip("huggingface_hub", reason="the hub's client is not installed")

    def run(url, patience=hub.PATIENCE, **environment):
        code = (
            f"from minimix.models import hub; hub.PATIENCE = {patience}; print(hub.fetch('someone/net', 'model.safetensors'))"
        )
        kept = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
        environment = {**kept, "HF_ENDPOINT": url, "HF_HOME": str(tmp_path), **environment}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout.strip(), done.stderr.strip()

    return run


def test_a_file_is_fetched_once_and_then_needs_no_server(server, fetched):
    code, path, errors = fetched(server.url)
    assert code == 0 and Path(path).read_bytes() == CONTENT, errors
    assert server.handler.asked
    assert fetched(f"http://127.0.0.1:{free_port()}") == (0, path, "")


def test_a_file_that_is_not_there(server, fetched):
    server.handler.found = False
    code, _, errors = fetched(server.url)
    assert code and re.search(r"^ConnectionError: .*404", errors.splitlines()[-1])


def test_where_nobody_listens(fetched):
    code, _, errors = fetched(f"http://127.0.0.1:{free_port()}")
    assert code and re.search(r"^ConnectionError: 127\.0\.0\.1:\d+ does not answer: \S", errors.splitlines()[-1])
    assert "retry" not in errors.lower() and errors.count("Traceback") == 1


def test_where_the_user_forbids_it(server, fetched):
    code, _, errors = fetched(server.url, HF_HUB_OFFLINE="1")
    assert code and "HF_HUB_OFFLINE" in errors.splitlines()[-1] and server.handler.asked == 0


def test_a_server_that_says_nothing_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(hub, "PATIENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        reason = hub.silence(f"http://127.0.0.1:{deaf.getsockname()[1]}")
    assert "0.2" in reason or "timed out" in reason


def test_any_answer_is_one(server):
    assert hub.silence(server.url) == ""
    server.handler.found = False
    assert hub.silence(f"{server.url}/none") == ""


def test_the_clients_warnings_are_not_passed_on_and_come_again_later(monkeypatch, caplog):
    logger = logging.getLogger("huggingface_hub")
    monkeypatch.setattr(logger, "level", logging.WARNING)
    client = types.ModuleType("huggingface_hub")

    def hf_hub_download(repo_id, filename, local_files_only=False):
        logging.getLogger("huggingface_hub.file_download").warning("Retrying in 8s")
        raise OSError("gone")

    client.hf_hub_download = hf_hub_download
    monkeypatch.setitem(sys.modules, "huggingface_hub", client)
    monkeypatch.setattr(hub, "silence", lambda url: "")
    with pytest.raises(ConnectionError, match="^gone$"):
        hub.fetch("someone/net", "model.safetensors")
    assert not caplog.records and logger.level == logging.WARNING


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]
