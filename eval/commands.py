"""The commands ``speechzip eval`` and ``eval-minutes``: the evaluation from the shell."""

from __future__ import annotations

import json
import sys
from collections.abc import Generator
from contextlib import contextmanager, nullcontext
from os import cpu_count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from .run.evaluation import CountProgress

Names = list[str] | None


def add_commands(app: typer.Typer) -> None:
    """Add ``eval`` and ``eval-minutes`` to the command line."""
    app.command(
        "eval",
        epilog="Examples:\n\nspeechzip eval recordings/ --out report/\n\nspeechzip eval wheels --limit 1\n\n"
        "speechzip eval recordings/ --listening-test listening/\n\n"
        "speechzip eval --answers listening/answers-anna.json",
    )(evaluate_corpus)
    app.command(
        "eval-minutes",
        epilog="Examples:\n\nspeechzip eval-minutes recordings/ --category calls\n\n"
        "speechzip eval-minutes wheels --json",
    )(evaluate_minutes)


def evaluate_corpus(
    corpus: Annotated[
        str | None,
        typer.Argument(
            help="Recordings with transcripts: a folder of LibriSpeech, LJSpeech or Common Voice, a TSV file of Common "
            "Voice, a CSV file with path,transcript,speaker, or a folder with turns.csv. wheels: the recordings that "
            "are installed with the recognizer."
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for the report; an interrupted run continues there.")
    ] = Path("report"),
    limit: Annotated[
        int | None, typer.Option(min=1, help="Number of recordings to draw at random; by default all.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed for the draw, the noise and the intervals.")] = 0,
    system: Annotated[
        Names,
        typer.Option(help="System to measure, or a common prefix: codec2-1200, opus; by default all. Repeat for more."),
    ] = None,
    recognizer: Annotated[str | None, typer.Option(help="speechzip's recognizer.")] = None,
    voice_encoder: Annotated[str | None, typer.Option(help="speechzip's voice encoder.")] = None,
    synthesizer: Annotated[str | None, typer.Option(help="speechzip's synthesizer.")] = None,
    judge: Annotated[
        Names,
        typer.Option(help="Recognizer that judges the speech; by default all that are installed. Repeat for more."),
    ] = None,
    condition: Annotated[
        Names,
        typer.Option(
            help="clean, noise-20dB, noise-10dB, noise-5dB, noise-0dB or telephone; by default all. Repeat for more."
        ),
    ] = None,
    layout: Annotated[
        str | None,
        typer.Option(help="manifest, ljspeech, commonvoice, conversations or librispeech; by default detected."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Number of processes; by default the number of cores.")
    ] = None,
    listening_test: Annotated[
        Path | None,
        typer.Option(help="Also write a listening test into this folder: a page that plays blind trials to people."),
    ] = None,
    answers: Annotated[
        list[Path] | None,
        typer.Option(
            help="Sum up the answers of a listener, beside the key of the test (or in --listening-test), and evaluate "
            "nothing. Repeat for more listeners."
        ),
    ] = None,
    fresh: Annotated[bool, typer.Option(help="Discard the results of an earlier run.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the headline as JSON for machines.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
) -> None:
    """Measure words, bits, voices and speed against other codecs, and write a report."""
    if answers:
        _sum_up(answers, listening_test, as_json=as_json)
        return
    if corpus is None:
        raise typer.BadParameter("name the recordings to evaluate, or answers of listeners", param_hint="CORPUS")
    from .conditions import CONDITIONS
    from .report import headline_lines, headline_rows, write_report
    from .run.evaluation import evaluate
    from .run.options import Engines, Options

    settings = Options(
        corpus=corpus,
        out=out,
        layout=layout,
        limit=limit,
        seed=seed,
        systems=tuple(system or ()),
        engines=Engines(recognizer, voice_encoder, synthesizer),
        judges=tuple(judge or ()),
        fresh=fresh,
        conditions=tuple(condition or CONDITIONS),
        workers=workers or cpu_count() or 1,
    )
    with _progress(quiet) as progress:
        results = evaluate(settings, progress)
    report = write_report(results, out)
    if listening_test:
        from .listening import write_listening_test

        write_listening_test(results, out, listening_test, seed)
    if as_json:
        print(json.dumps(headline_rows(results), ensure_ascii=False, indent=2))
    elif not quiet:
        print(
            "\n".join(
                [
                    *headline_lines(results),
                    "",
                    f"{report}: {results.failed_items} of "
                    f"{len(results.corpus.items)} recordings failed in part or whole"
                    + f", {results.untranscribed_items} without a transcript"
                    * (results.untranscribed_items > 0),
                ]
            )
        )


def _sum_up(answers: list[Path], folder: Path | None, *, as_json: bool) -> None:
    from dataclasses import asdict

    from speechzip.pipeline import printable_json

    from .listening import summarize_answers, summary_lines

    judgments = summarize_answers(answers, folder)
    print(
        printable_json([asdict(one) for one in judgments], indent=2) if as_json else "\n".join(summary_lines(judgments))
    )


def evaluate_minutes(
    corpus: Annotated[str, typer.Argument(help="Conversations: any corpus that `speechzip eval` reads.")],
    category: Annotated[
        Names,
        typer.Option(help="Category of recordings, such as calls or dialogues; by default all. Repeat for more."),
    ] = None,
    recognizer: Annotated[str | None, typer.Option(help="Engine that recognizes the words.")] = None,
    voice_encoder: Annotated[str | None, typer.Option(help="Engine that measures voices.")] = None,
    text_coder: Annotated[
        str | None, typer.Option(help="Coder of English in the newest format: english-2, smollm2-1.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print every minute as JSON for machines.")] = False,
) -> None:
    """Report the bytes of every minute of every conversation, with strangers' voices and with known ones."""
    from speechzip.pipeline import printable_json, progress_bar

    from .corpora import read_corpus
    from .run import minutes

    chosen = minutes.in_categories(read_corpus(corpus), category or ())
    with progress_bar("measuring", counted=True) as progress:
        found = minutes.measure_minutes(
            chosen, recognizer=recognizer, voice_encoder=voice_encoder, text_coder=text_coder, progress=progress
        )
    print(printable_json(minutes.as_json(found), indent=2) if as_json else "\n".join(minutes.table(found)))


@contextmanager
def _progress(quiet: bool) -> Generator[CountProgress | None]:
    """Show a progress bar on standard error if it is a terminal, otherwise an occasional line."""
    from speechzip.pipeline import progress_bar

    with nullcontext() if quiet else progress_bar("evaluating", counted=True) as bar:
        yield None if quiet else bar or _say_tenths


def _say_tenths(done: int, total: int) -> None:
    if total and done * 10 // total > (done - 1) * 10 // total:
        print(f"{done} of {total} observations", file=sys.stderr, flush=True)
