"""What another study has done is not done again, where it is sure to be the same."""

import json

import pytest

from minimix.study import STUDIES, Point, Study, pool, run
from minimix.study.folder import FILE


def study(name, *points):
    return Study(name, name, "nowhere", "Is it so?", lambda options: list(points), lambda points: [], STUDIES["nothing"].figure,
                 defaults={"data": "patterns10", "seeds": 2})  # fmt: skip


def nothing(name, job="nothing"):
    return Point("f", name, 0, {"job": job, "name": name})


FIRST = study("first", nothing("a"), nothing("b"))
SECOND = study("second", nothing("b")._replace(family="other family"), nothing("c"))


@pytest.fixture
def done(monkeypatch):
    """Names of the jobs that were really done, at one commit without changes."""
    monkeypatch.setattr("minimix.study.folder.commit", lambda: "0123")
    names, ended = [], pool.ended

    def counted(jobs, workers):
        names.extend(job.config["name"] for job in jobs)
        yield from ended(jobs, workers)

    monkeypatch.setattr(pool, "ended", counted)
    return names


def test_jobs_in_common_are_done_once(tmp_path, done, capsys):
    run(FIRST, folder=tmp_path / "first", workers=1, log=False)
    del done[:]
    found = run(SECOND, folder=tmp_path / "second", workers=1)
    assert done == ["c", "c"]
    assert "2 jobs of 4 are done already in first\n" in capsys.readouterr().out
    alone = run(SECOND, folder=tmp_path / "elsewhere" / "second", workers=1, log=False)
    assert found.rows() == alone.rows() and len(alone.rows()) == 4
    assert (tmp_path / "second" / "table.md").read_bytes() == (tmp_path / "elsewhere" / "second" / "table.md").read_bytes()


@pytest.mark.parametrize(("key", "value"), [("minimix", "0.0.1"), ("commit", "4567"), ("versions", {})])
def test_results_of_other_versions_are_not_taken(tmp_path, done, key, value):
    run(FIRST, folder=tmp_path / "first", workers=1, log=False)
    path = tmp_path / "first" / FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: value}))
    del done[:]
    run(SECOND, folder=tmp_path / "second", workers=1, log=False)
    assert sorted(done) == ["b", "b", "c", "c"]


def test_what_is_no_study_beside_it_does_not_matter(tmp_path, done):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / FILE).write_text("{")
    (tmp_path / "broken").mkdir()
    run(FIRST, folder=tmp_path / "broken", workers=1, log=False)
    (tmp_path / "broken" / "jobs.jsonl").write_text("no JSON\n")
    del done[:]
    run(SECOND, folder=tmp_path / "second", workers=1, log=False)
    assert sorted(done) == ["b", "b", "c", "c"]


def test_jobs_of_ones_own_kind_are_not_taken(tmp_path, done):
    mine = "minimix.study.job:nothing"
    run(study("first", nothing("a", mine)), folder=tmp_path / "first", workers=1, log=False)
    run(study("second", nothing("a", mine)), folder=tmp_path / "second", workers=1, log=False)
    assert done == ["a", "a", "a", "a"]


def test_a_failure_is_tried_again(tmp_path, done):
    run(FIRST, folder=tmp_path / "first", workers=1, log=False)
    path = tmp_path / "first" / "jobs.jsonl"
    entries = [json.loads(line) | {"result": None, "error": "out of memory"} for line in path.read_text().splitlines()]
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    del done[:]
    assert not run(SECOND, folder=tmp_path / "second", workers=1, log=False).failed
    assert sorted(done) == ["b", "b", "c", "c"]


def test_nothing_is_taken_where_files_have_changed_since_the_commit(tmp_path, done, monkeypatch):
    monkeypatch.setattr("minimix.study.folder.commit", lambda: "0123+")
    run(FIRST, folder=tmp_path / "first", workers=1, log=False)
    del done[:]
    run(SECOND, folder=tmp_path / "second", workers=1, log=False)
    assert sorted(done) == ["b", "b", "c", "c"]


def test_what_was_begun_at_another_commit_says_so_and_is_not_taken(tmp_path, done, monkeypatch):
    run(FIRST, folder=tmp_path / "first", workers=1, log=False)
    for commit in ("4567", "89ab", "89ab"):
        monkeypatch.setattr("minimix.study.folder.commit", lambda commit=commit: commit)
        run(FIRST, folder=tmp_path / "first", workers=1, log=False)
    found = json.loads((tmp_path / "first" / FILE).read_text())
    assert found["commit"] == "89ab" and [one["commit"] for one in found["earlier"]] == ["0123", "4567"]
    assert set(found["earlier"][0]) == {"minimix", "commit", "versions"}
    del done[:]
    run(SECOND, folder=tmp_path / "second", workers=1, log=False)
    assert sorted(done) == ["b", "b", "c", "c"]
