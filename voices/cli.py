"""The command ``speechzip voices``: the voice store from the shell."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from .store.voicefile import NamedVoice

voices = typer.Typer(
    help="Keep voices by name. A payload then refers to a known voice by its two-byte id.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Name = Annotated[str, typer.Argument(help="Name of the person.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Force = Annotated[bool, typer.Option("--force", "-f", help="Replace what exists.")]
Space = Annotated[str | None, typer.Option(help="Voice space, such as trained-1 or clip; by default all.")]


def add_commands(app: typer.Typer) -> None:
    """Add ``voices`` to the command line."""
    app.add_typer(voices, name="voices")


@voices.command(epilog="Example: speechzip voices enroll Anna monday.wav tuesday.wav")
def enroll(
    name: Name,
    audio: Annotated[
        list[Path], typer.Argument(help="Recordings of this person alone. Half a minute makes an enrolled voice.")
    ],
    voice_encoder: Annotated[
        list[str] | None, typer.Option(help="Engine that measures the voice; by default all. Repeat for more.")
    ] = None,
    recognizer: Annotated[str | None, typer.Option(help="Engine that recognizes the words.")] = None,
    language: Annotated[str | None, typer.Option(help="ISO 639-1 code of the spoken language, such as de.")] = None,
    as_json: Json = False,
    force: Force = False,
) -> None:
    """Measure a person's voice and keep it in the store.

    From half a minute of English on, it becomes an enrolled voice: some 5 kB, kept beside the small one, which make the
    decoded voice more like the person. Payloads name it by the same two bytes.
    """
    from speechzip.pipeline import InputError, load_recognizer, progress_bar

    from .store.enrollment import enroll as enroll_voice
    from .store.enrollment import voice_encoders
    from .store.store import VoiceStore

    if any(str(path) == "-" for path in audio):
        raise InputError("a voice is enrolled from files, not from standard input; save the recording first")
    store = VoiceStore()
    recognizes = load_recognizer(recognizer, language)
    encoders = voice_encoders(voice_encoder or ())
    with progress_bar("enrolling") as progress:
        found = enroll_voice(
            name, audio, store, encoders=encoders, recognizer=recognizes, force=force, progress=progress
        )
    _print(found, as_json)


@voices.command("list", epilog="Example: speechzip voices list --json")
def list_voices(as_json: Json = False) -> None:
    """List the voices in the store."""
    from .store.store import VoiceStore

    store = VoiceStore()
    found = store.voices()
    if not found and not as_json:
        print(f"no voices yet in {store.folder}; enroll one: speechzip voices enroll NAME AUDIO", file=sys.stderr)
    _print(found, as_json)


@voices.command(epilog="Example: speechzip voices show Anna")
def show(name: Name, as_json: Json = False) -> None:
    """Show a person's voices and the paths of their files."""
    from .store.store import VoiceStore

    store = VoiceStore()
    _print(store.of(name), as_json, folder=store.folder)


@voices.command(epilog="Example: speechzip voices remove Anna")
def remove(name: Name, space: Space = None, as_json: Json = False) -> None:
    """Remove a person's voices from the store."""
    from .store.store import VoiceStore

    _print(VoiceStore().remove(name, space), as_json)


@voices.command(epilog="Example: speechzip voices export Anna -o anna.voice")
def export(
    name: Name,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write; - for standard output.")] = None,
    space: Space = None,
    force: Force = False,
) -> None:
    """Write a person's voices to a file, for others to import."""
    from speechzip.pipeline import atomic_file, shown_name, standard_output

    from .store.store import SUFFIX, VoiceStore, file_stem

    store = VoiceStore()
    content = store.export(name, space)
    if str(output) == "-":
        with standard_output() as stdout:
            stdout.write(content)
        return
    target = output or Path(file_stem(name) + SUFFIX)
    with atomic_file(target, force, [store.path(named) for named in store.of(name)]) as file:
        file.write(content)
    print(f"{name} -> {shown_name(target)}: {len(content)} bytes")


@voices.command("import", epilog="Example: speechzip voices import anna.voice --name 'Anna from Lund'")
def import_voices(
    file: Annotated[Path, typer.Argument(help="Voice file that export wrote.")],
    name: Annotated[
        str | None, typer.Option(help="Name to keep the voices under; by default the name in the file.")
    ] = None,
    as_json: Json = False,
    force: Force = False,
) -> None:
    """Add the voices of a voice file to the store."""
    from speechzip.pipeline import InputError

    from .store.store import VoiceStore

    if str(file) == "-":
        raise InputError("voices are imported from a file, not from standard input; save it first")
    _print(VoiceStore().import_file(file, name, force), as_json)


@voices.command("licence", hidden=True)  # as earlier releases spelled it
@voices.command("license", epilog="Example: speechzip voices license --accept")
def license(
    accept: Annotated[bool, typer.Option("--accept", help="I have read the license and accept it.")] = False,
) -> None:
    """Show the license of XTTS-v2's weights, or accept it."""
    from .store import licenses

    print(f"{licenses.CPML.covers}: {licenses.CPML.terms}")
    if accept:
        print(f"accepted; recorded in {licenses.accept(licenses.CPML)}")
    else:
        print("accepted" if licenses.is_accepted(licenses.CPML) else "not accepted yet; give --accept to accept it")


def _print(found: list[NamedVoice], as_json: bool, folder: Path | None = None) -> None:
    from speechzip.pipeline import printable_json, shown_name

    from .store.store import VoiceStore

    rows: list[dict[str, Any]] = [
        {
            "name": named.name,
            "voice_id": f"{named.voice.id:04x}",
            "voice_space": named.voice.space,
            "voice_bytes": len(named.voice.embedding),
            "enrolled_bytes": len(named.voice.adaptation),
            **({"file": shown_name(VoiceStore(folder).path(named))} if folder else {}),
        }
        for named in found
    ]
    if as_json:
        print(printable_json(rows, indent=2))
        return
    for row in rows:
        file = f"  {row['file']}" if folder else ""
        enrolled = f" and {row['enrolled_bytes']} enrolled" if row["enrolled_bytes"] else ""
        size = f"{row['voice_bytes']:>5} bytes{enrolled}"
        print(f"{row['voice_id']}  {row['voice_space']:<10}{size}  {row['name']}{file}")
