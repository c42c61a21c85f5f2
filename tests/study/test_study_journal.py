"""What has ended is kept, whenever the writer is killed."""

import json
import os

import pytest

from minimix.study.journal import FILE, Journal, JournalError


def entry(number, result=1.0):
    return {"family": "f", "name": "n", "seed": number, "config": {}, "key": f"{number:016x}", "result": {"accuracy": result},
            "error": "", "seconds": 1.0}  # fmt: skip


def test_what_was_added_is_there_again(tmp_path):
    with Journal(tmp_path) as journal:
        for number in range(3):
            journal.add(entry(number))
        assert (tmp_path / FILE).read_bytes().count(b"\n") == 3  # at once, not when it is closed
    assert Journal(tmp_path).entries == {entry(number)["key"]: entry(number) for number in range(3)}


@pytest.mark.parametrize("left", [1, 10, 40])
def test_a_line_that_was_being_written_is_cut_off_and_the_rest_kept(tmp_path, left):
    with Journal(tmp_path) as journal:
        journal.add(entry(0))
        journal.add(entry(1))
    whole = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(whole + whole[:left])
    assert list(Journal(tmp_path).entries) == [entry(0)["key"], entry(1)["key"]]
    with Journal(tmp_path) as journal:
        journal.add(entry(2))
    assert (tmp_path / FILE).read_bytes() == whole + json.dumps(entry(2)).encode() + b"\n"


def test_a_job_that_was_done_again_counts_as_it_came_out_last(tmp_path):
    with Journal(tmp_path) as journal:
        journal.add(entry(0, 1.0))
        journal.add(entry(0, 2.0))
    assert Journal(tmp_path).entries[entry(0)["key"]]["result"] == {"accuracy": 2.0}


@pytest.mark.parametrize("line", [b"nonsense", b"[]", b'{"no": "key"}', b'{"key": "no more"}', b"7", b"\xff\xfe"])
def test_a_foreign_line_is_refused_by_its_number(tmp_path, line):
    (tmp_path / FILE).write_bytes(json.dumps(entry(0)).encode() + b"\n" + line + b"\n")
    with pytest.raises(JournalError, match="line 2, is no job"):
        Journal(tmp_path)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a disk that is always full is Linux's")
def test_on_a_full_disk_nothing_is_lost(tmp_path):
    with Journal(tmp_path) as journal:
        journal.add(entry(0))
        before = (tmp_path / FILE).read_bytes()
        own, journal._file = journal._file, open("/dev/full", "ab", buffering=0)
        with pytest.raises(OSError, match=FILE):
            journal.add(entry(1))
        journal._file.close()
        journal._file = own
        assert (tmp_path / FILE).read_bytes() == before and entry(1)["key"] not in journal.entries
        journal.add(entry(2))
    assert len(Journal(tmp_path).entries) == 2
