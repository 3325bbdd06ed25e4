from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from fakes import GOLDEN
from speechzip.pipeline import InputError, OutputError, PayloadCorrupt, read_payload
from speechzip.pipeline.links import commands
from speechzip.pipeline.links.packets.airtime import Lora

DATA = bytes.fromhex((GOLDEN / "two-channels.hex").read_text("ascii"))


@pytest.fixture
def call(tmp_path: Path) -> Path:
    path = tmp_path / "call.spz"
    path.write_bytes(DATA)
    return path


def files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def test_what_fits_goes_and_comes_back_byte_for_byte(call: Path, tmp_path: Path) -> None:
    commands.pack(call, link="meshtastic")
    (packet,) = files(tmp_path / "call.packets")
    assert (packet.name, packet.read_bytes()) == ("call-01.packet", DATA)
    commands.unpack([packet], tmp_path / "back.spz")
    assert (tmp_path / "back.spz").read_bytes() == DATA


@pytest.mark.parametrize("show_plan", [False, True])
def test_no_more_of_standard_input_is_read_than_a_payload_has(monkeypatch: pytest.MonkeyPatch, show_plan: bool) -> None:
    endless = io.BufferedReader(open("/dev/zero", "rb", buffering=0))  # noqa: SIM115  # closed with the stream around it
    with io.TextIOWrapper(endless) as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        with pytest.raises(InputError, match="standard input is no packet: it has more than 4194304 bytes"):
            commands.pack(Path("-"), link="meshtastic", show_plan=show_plan)


def test_what_is_missing_is_told(call: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commands.pack(call, size=51, output=tmp_path / "out", message=2)
    packets = files(tmp_path / "out")
    packets[-1].write_bytes(packets[-1].read_bytes()[:-1])
    capsys.readouterr()
    commands.unpack(packets, tmp_path / "back.spz", as_json=True)
    printed = capsys.readouterr()
    summary = json.loads(printed.out)
    (row,) = summary["recordings"]
    assert (row["message"], row["packets"]) == (2, len(packets))
    assert [gap["packet"] for gap in row["missing"]] == [len(packets)]
    assert [entry["file"] for entry in summary["broken"]] == [str(packets[-1])]
    assert "damaged" in printed.err


def test_two_recordings_are_two_files(call: Path, tmp_path: Path) -> None:
    commands.pack(call, size=51, output=tmp_path / "out")
    commands.unpack([*files(tmp_path / "out"), call], tmp_path / "back.spz")
    assert (tmp_path / "back.spz").read_bytes() == DATA
    assert (tmp_path / "back.2.spz").exists()


def test_earlier_packets_stay_unless_forced_and_none_is_left_over(call: Path, tmp_path: Path) -> None:
    commands.pack(call, size=51, output=tmp_path / "out")
    before = files(tmp_path / "out")
    with pytest.raises(OutputError, match="already has packets of call") as told:
        commands.pack(call, size=300, output=tmp_path / "out")
    assert told.value.remedies[0] == "force"
    assert files(tmp_path / "out") == before
    commands.pack(call, size=300, output=tmp_path / "out", force=True)
    assert len(files(tmp_path / "out")) == 1


def test_a_dry_run_writes_nothing(call: Path, tmp_path: Path) -> None:
    commands.pack(call, size=51, dry_run=True)
    assert files(tmp_path) == [call]


def test_nothing_to_speak_is_an_error(tmp_path: Path) -> None:
    rubbish = tmp_path / "rubbish"
    rubbish.write_bytes(b"hello")
    with pytest.raises(PayloadCorrupt, match="no packet"):
        commands.unpack([rubbish], tmp_path / "back.spz")
    with pytest.raises(InputError, match="cannot be read"):
        commands.unpack([tmp_path / "none"], tmp_path / "back.spz")
    assert not (tmp_path / "back.spz").exists()


def test_text_is_pasted_back(call: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commands.pack(call, form="base64")
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 67
    pasted = tmp_path / "mail.txt"
    pasted.write_text("Grüße! Here it is:\n" + "".join(f"> {line}\n" for line in lines), encoding="utf-8")
    commands.unpack([pasted], tmp_path / "back.spz")
    assert (tmp_path / "back.spz").read_bytes() == DATA
    pasted.write_text("\n".join(lines[1:]), encoding="utf-8")
    with pytest.raises(PayloadCorrupt, match="no packet"):
        commands.unpack([pasted], tmp_path / "other.spz")
    assert "lacks lines" in capsys.readouterr().err


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be"])
def test_text_that_an_editor_saved(call: Path, tmp_path: Path, encoding: str) -> None:
    commands.pack(call, form="base64", output=tmp_path / "call.txt")
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    (tmp_path / "saved.txt").write_text(mark + (tmp_path / "call.txt").read_text(), encoding=encoding)
    commands.unpack([tmp_path / "saved.txt"], tmp_path / "back.spz")
    assert (tmp_path / "back.spz").read_bytes() == DATA


def test_the_input_is_never_overwritten(call: Path) -> None:
    with pytest.raises(OutputError, match="is the input itself"):
        commands.pack(call, form="base64", output=call, force=True)
    assert call.read_bytes() == DATA


def test_text_has_a_summary_too(call: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commands.pack(call, form="base64")
    printed = capsys.readouterr().out.splitlines()
    commands.pack(call, form="base64", as_json=True)
    summary = json.loads(capsys.readouterr().out)
    assert (summary["lines"], summary["files"], summary["packet_bytes"]) == (printed, [], [len(DATA)])
    commands.pack(call, form="base64", as_json=True, output=tmp_path / "call.txt")
    assert json.loads(capsys.readouterr().out)["files"] == [str(tmp_path / "call.txt")]
    commands.pack(call, form="base64", dry_run=True)
    assert capsys.readouterr().out == f"{len(DATA)} bytes -> nothing written: packets of {len(DATA)} bytes\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 51, "output": Path("-")}, "only text goes to standard output"),
        ({"form": "qr", "output": Path("-")}, "only text goes to standard output"),
        ({"form": "foo"}, "known are hex, base32, base64, base91, qr"),
        ({"show_plan": True, "size": 51}, "leave out --size"),
        ({"show_plan": True, "form": "hex"}, "leave out --size, --as"),
        ({"show_plan": True, "output": Path("out")}, "and --output"),
    ],
)
def test_options_that_do_not_go_together(
    call: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(typer.BadParameter, match=message):
        commands.pack(call, **options)
    assert files(tmp_path) == [call]


@pytest.mark.processes
def test_a_payload_goes_to_standard_output(call: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from speechzip.pipeline.cli import main; main()", "unpack", str(call), "-o", "-"]
    done = subprocess.run(command, capture_output=True, check=True, cwd=tmp_path)
    assert done.stdout == DATA
    assert done.stderr.decode().startswith(f"-: {len(DATA)} bytes")
    assert files(tmp_path) == [call]


def test_two_payloads_do_not_go_to_standard_output(call: Path, tmp_path: Path) -> None:
    commands.pack(call, size=51, output=tmp_path / "out")
    with pytest.raises(OutputError, match="2 recordings, and standard output takes one"):
        commands.unpack([*files(tmp_path / "out"), call], Path("-"))


def test_a_packet_is_no_payload_and_the_error_says_what_joins_it(call: Path, tmp_path: Path) -> None:
    commands.pack(call, size=51, parity=1, output=tmp_path / "out")
    packets = files(tmp_path / "out")
    for packet in (packets[0], packets[-1]):
        with pytest.raises(PayloadCorrupt, match="it may be a packet of one: join it"):
            read_payload(packet)


def test_text_and_images_are_files_too(call: Path, tmp_path: Path) -> None:
    commands.pack(call, form="hex", output=tmp_path / "call.txt")
    commands.unpack([tmp_path / "call.txt"], tmp_path / "back.spz")
    assert (tmp_path / "back.spz").read_bytes() == DATA
    with pytest.raises(OutputError):
        commands.pack(call, form="hex", output=tmp_path / "call.txt")
    commands.pack(call, form="qr")
    assert [path.name for path in files(tmp_path / "call.packets")] == ["call-01.png"]


def test_the_plan_says_what_sending_takes(call: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commands.pack(call, link="lorawan-dr5", show_plan=True, as_json=True)
    (row,) = json.loads(capsys.readouterr().out)["plans"]
    assert row["packet_bytes"] == [len(DATA)]
    assert row["airtime_s"] == row["duty_cycle_1_s"] == Lora(7, 125_000, 1, 8, 13).seconds(len(DATA))
    commands.pack(call, link="datac13", show_plan=True)
    assert "bytes longer" in capsys.readouterr().out
    assert files(tmp_path) == [call]
