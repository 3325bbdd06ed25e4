"""A real Dask scheduler, real worker processes, and a real S3 server (moto's), all started here."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
from archive_engines import COMMAND, write_recordings
from speechzip.pipeline import EngineError, OutputError, read_payload
from speechzip.pipeline.archive.cluster import DaskCluster
from speechzip.pipeline.archive.lock import NAME, STALE_S, locked
from speechzip.pipeline.archive.rows import latest_rows, read_rows
from speechzip.pipeline.archive.sources import Source, find_sources
from speechzip.pipeline.archive.stores import RemoteStore

NAMES = [f"2024/{number:02}.wav" for number in range(8)]


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of an S3 server with an empty bucket ``calls``."""
    for name, value in {"KEY_ID": "testing", "SECRET_ACCESS_KEY": "testing"}.items():
        monkeypatch.setenv(f"AWS_{name}" if name.startswith("SECRET") else f"AWS_ACCESS_{name}", value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    program = (
        "from moto.server import ThreadedMotoServer; import time\n"
        "server = ThreadedMotoServer('127.0.0.1', 0, verbose=False); server.start()\n"
        "print('port', server.get_host_and_port()[1], flush=True); time.sleep(1000)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            port = process.stdout.readline().split()[1]
            endpoint = f"http://127.0.0.1:{port}"
            monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
            monkeypatch.setenv("FSSPEC_S3_ENDPOINT_URL", endpoint)
            request = urllib.request.Request(f"{endpoint}/calls", method="PUT")
            request.add_header(
                "Authorization", "AWS4-HMAC-SHA256 Credential=testing/20260101/us-east-1/s3/aws4_request"
            )
            urllib.request.urlopen(request).close()
            fsspec.config.conf["s3"] = {"endpoint_url": endpoint, "key": "testing", "secret": "testing"}
            yield endpoint
        finally:
            fsspec.config.conf.pop("s3", None)
            process.kill()


@pytest.fixture
def scheduler(installed: Path) -> Iterator[str]:
    """The address of a scheduler without workers."""
    arguments = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            assert process.stdout
            while (line := process.stdout.readline()) and "Scheduler at:" not in line:
                pass
            yield "tcp://" + line.split("tcp://")[1].split()[0]
        finally:
            process.kill()


def worker(scheduler: str) -> subprocess.Popen[bytes]:
    arguments = ["--nthreads", "1", "--no-nanny", "--no-dashboard"]
    command = [sys.executable, "-m", "distributed.cli.dask_worker", scheduler, *arguments]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def upload(tmp_path: Path, names: list[str]) -> None:
    write_recordings(tmp_path / "local", names)
    files = fsspec.filesystem("s3")
    for name in names:
        files.pipe_file(f"calls/in/{name}", (tmp_path / "local" / name).read_bytes())


@pytest.mark.processes
def test_a_cluster_that_loses_and_gains_a_worker(s3: str, scheduler: str, tmp_path: Path) -> None:
    upload(tmp_path, [*NAMES, "broken.wav"])
    fsspec.filesystem("s3").pipe_file("calls/in/broken.wav", b"no sound")
    fake = ["--recognizer", "words:sleep=0.3", "--voice-encoder", "still", "--speaker-count", "1"]
    command = [*COMMAND, "archive", "s3://calls/in", "--to", "s3://calls/archive", "--dask", scheduler, "--json", *fake]
    workers = [worker(scheduler), worker(scheduler)]
    try:
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            lines = [json.loads(process.stdout.readline())]
            workers[0].kill()
            workers.append(worker(scheduler))
            lines += [json.loads(line) for line in process.stdout]
    finally:
        for one in workers:
            one.kill()
            one.wait()
    assert (lines[-1]["done"], lines[-1]["failed"]) == (8, 1)
    assert Counter(line["name"] for line in lines[:-1]) == Counter(dict.fromkeys([*NAMES, "broken.wav"], 1))
    store = RemoteStore("s3://calls/archive")
    assert sorted(file.name for file in store.files()) == [f"{name}.spz" for name in NAMES]
    assert "Ever tried" in read_payload(store.read("2024/03.wav.spz")).payload.utterances[0].text
    rows = latest_rows(store)
    assert rows["2024/03.wav"].source == "s3://calls/in/2024/03.wav"
    assert "s3://calls/in/broken.wav" in rows["broken.wav"].error
    assert sum(not row.error for row in read_rows(store)) == 8
    again = subprocess.run(
        [*command[:-9], "--workers", "0", "--json", *fake], capture_output=True, text=True, check=False
    )
    last = json.loads(again.stdout.splitlines()[-1])
    assert (last["done"], last["unchanged"], last["failed_before"]) == (0, 8, 1)
    found = subprocess.run([*COMMAND, "search", '"ever tried"', "s3://calls/archive", "--json"], capture_output=True,
                           text=True, check=False)  # fmt: skip
    assert len(found.stdout.splitlines()) == 8


@pytest.mark.processes
def test_the_lock_of_an_object_store(s3: str) -> None:
    store = RemoteStore("s3://calls/archive")
    with locked(store):
        with pytest.raises(OutputError, match="another process writes to the archive s3://calls/archive"):  # noqa: SIM117
            with locked(RemoteStore("s3://calls/archive")):
                pass
        owner = json.loads(store.read(NAME))
        assert owner["pid"] == os.getpid()
    with locked(store):
        pass
    store.write(NAME, json.dumps({"pid": 1, "host": "gone", "at": time.time() - 1000, "token": "x"}).encode())
    with locked(store):
        pass


@pytest.mark.processes
def test_a_writer_that_hung_and_lost_the_lock_writes_nothing_more(s3: str, installed: Path, tmp_path: Path) -> None:
    upload(tmp_path, NAMES[:4])
    store = RemoteStore("s3://calls/archive")
    fake = ["--recognizer", "words:sleep=0.3", "--voice-encoder", "still", "--speaker-count", "1", "--workers", "0"]
    command = [*COMMAND, "archive", "s3://calls/in", "--to", "s3://calls/archive", "--json", *fake]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as hung:
        assert hung.stdout
        hung.stdout.readline()
        hung.send_signal(signal.SIGSTOP)
        store.write(NAME, json.dumps({**json.loads(store.read(NAME)), "at": time.time() - STALE_S}).encode())
        environment = {**os.environ, "SPEECHZIP_CACHE": str(tmp_path / "another machine")}
        other = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        segments = store.state_files("rows")
        hung.send_signal(signal.SIGCONT)
        _, told = hung.communicate(timeout=60)
    assert (last := json.loads(other.stdout.splitlines()[-1]))["done"] + last["unchanged"] == 4, other.stderr
    assert hung.returncode == 1
    assert told.splitlines() == [
        "speechzip: the archive s3://calls/archive is locked no more: this process hung, and another one took over; "
        "start again when that has ended"
    ]
    assert store.state_files("rows") == segments
    assert sorted(row.name for row in read_rows(store)) == NAMES[:4]


@pytest.mark.processes
def test_sources_of_an_object_store(s3: str) -> None:
    files = fsspec.filesystem("s3")
    for name in ("in/a.wav", "in/2024/b.mp3", "in/notes.txt", "in/../up.wav", "in/c.wav.spz"):
        files.pipe_file(f"calls/{name}", b"x")

    def names(spec: str) -> list[str]:
        return sorted(found.name for found in find_sources([spec]) if isinstance(found, Source))

    assert names("s3://calls/in/2024") == ["b.mp3"]
    assert {"a.wav", "2024/b.mp3"} <= set(names("s3://calls/in"))
    assert all(".." not in name.split("/") for name in names("s3://calls/in"))
    assert names("s3://calls/in/**/*.mp3") == ["2024/b.mp3"]
    assert names("s3://calls/in/notes.txt") == ["notes.txt"]


@pytest.mark.processes
def test_nobody_at_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("speechzip.pipeline.archive.cluster.CONNECT_S", 1)
    with pytest.raises(EngineError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:1"):
        DaskCluster("tcp://127.0.0.1:1", 1)
