"""Results that come with minimix are read from results.csv alone, and say what they said when they were written."""

import shutil

import pytest
from test_study_run import PAIR, quietly, study

from minimix.study import STUDIES, StudyError, pool, stored
from minimix.study.pool import Ended, attempt
from minimix.study.shipped import PLACES, read


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder in which large runs are looked for. Jobs are done in this process, which is quicker than to begin others."""
    monkeypatch.setattr(pool, "ended", lambda jobs, workers: (Ended(job, *attempt(job.config), 0.0) for job in jobs))
    monkeypatch.setattr("minimix.study.shipped.PLACES", (tmp_path / "none", tmp_path / "studies"))
    return tmp_path / "studies"


def test_results_are_what_they_were(place):
    before = quietly(study(PAIR), place / "mine")
    (place / "mine" / "jobs.jsonl").unlink()
    found = stored(study(PAIR))
    assert found.rows() == before.rows() and found.claims() == before.claims() and found.markdown() == before.markdown()
    assert found.summary() == before.summary() and not found.missing
    written = (place / "mine" / "results.csv").read_bytes()
    found.write()
    assert (place / "mine" / "results.csv").read_bytes() == written


def test_jobs_that_failed_or_were_not_done_are_known(place):
    quietly(study(PAIR), place / "mine")
    path = place / "mine" / "results.csv"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:3], 'f,a,1,,,,,"Diverged: the loss is nan, in epoch 1"']) + "\n")
    found = stored(study(PAIR))
    assert [entry["error"] for entry in found.failed] == ["Diverged: the loss is nan, in epoch 1"]
    assert [(job.name, job.seed) for job in found.missing] == [("b", 1)]
    assert found.claims()[0][1].pairs == 1


def test_words_and_numbers_are_told_apart(place):
    quietly(study(PAIR), place / "mine")
    path = place / "mine" / "results.csv"
    path.write_text("family,name,seed,accuracy,validation,macs,params,choice,error\nf,a,0,70.5,1e-05,10,20,1-2-3,\n")
    [row] = stored(study(PAIR)).rows()
    assert row == {"family": "f", "name": "a", "seed": 0, "accuracy": 70.5, "validation": 1e-5, "macs": 10, "params": 20,
                   "choice": "1-2-3", "error": ""}  # fmt: skip


def test_where_there_are_none_it_says_so_or_a_small_run_takes_their_place(place, capsys):
    with pytest.raises(FileNotFoundError, match=r"in docs/studies/mine; .*`minimix study run mine` makes your own"):
        stored(study(PAIR))
    found = stored(study(PAIR), {"seeds": 1, "workers": 1})
    assert len(found.rows()) == 2 and "a small run instead" in capsys.readouterr().out
    with pytest.raises(ValueError, match="no study is called 'kernelsize': did you mean kernel_size"):
        stored("kernelsize")


@pytest.mark.parametrize(
    "line", ["f,c,0,1.0,1.0,1,1,", "f,a,9,1.0,1.0,1,1,", "f,a,x,1.0,1.0,1,1,", "f,a,0,,,,,", "f,a", "f,a,0,1,1,1,1,,9"]
)
def test_lines_that_are_of_no_job_are_refused(place, line):
    quietly(study(PAIR), place / "mine")
    path = place / "mine" / "results.csv"
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(StudyError, match=r"results\.csv, line 6, is of no job of the study mine"):
        stored(study(PAIR))


def test_another_study_is_refused(place):
    quietly(study(PAIR), place / "mine")
    shutil.copytree(place / "mine", place / "other")
    with pytest.raises(StudyError, match="holds the study mine, not other"):
        stored(study(PAIR, "other"))


@pytest.mark.parametrize("folder", [path.parent for place in PLACES for path in place.glob("*/results.csv")], ids=str)
def test_what_comes_with_minimix_says_what_its_tables_say(folder):
    found = read(folder, STUDIES[folder.name])
    assert not found.failed and found.summary()
    assert found.markdown() == (folder / "table.md").read_text(encoding="utf-8")
