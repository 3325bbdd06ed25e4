# Names of the front door and their modules: read by type checkers, and at run time when a name is first used.
from .archive import Archive, ArchivedRecording
from .building import Totals
from .cluster import DaskCluster
from .export.transcript import Line, NamedSpeaker, NamedTranscript
from .fulltext.index import Index
from .fulltext.searching import Filters, Hit, search
from .redaction.redact import REDACTED_KINDS, Redaction, find_personal, redact
from .rows import Row
from .runners import Runner, WorkerPool
from .work import Job, Result, Settings, archive_recording

__all__ = [
    "REDACTED_KINDS",
    "Archive",
    "ArchivedRecording",
    "DaskCluster",
    "Filters",
    "Hit",
    "Index",
    "Job",
    "Line",
    "NamedSpeaker",
    "NamedTranscript",
    "Redaction",
    "Result",
    "Row",
    "Runner",
    "Settings",
    "Totals",
    "WorkerPool",
    "archive_recording",
    "find_personal",
    "redact",
    "search",
]  # fmt: skip
