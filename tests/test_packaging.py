"""What a stranger sees first: README on a package index, the citation, the matrix of continuous integration."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # moto brings it

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
WORKFLOW = ROOT / ".github/workflows/ci.yml"


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_links_lead_somewhere_on_a_package_index_too(document: str) -> None:
    """A package index shows README without the files beside it: links are absolute, or lead to a heading."""
    text = (ROOT / document).read_text("utf-8")
    headings = {
        re.sub(r"[^\w -]", "", line).strip().lower().replace(" ", "-") for line in text.splitlines() if "#" in line
    }
    repository = PROJECT["urls"]["Source"] + "/blob/main/"
    targets = dict(re.findall(r"^\[([^\]]+)\]: (\S+)$", text, re.MULTILINE))
    links = re.findall(r"\]\(([^)\s]+)\)", text) + [targets[label] for label in re.findall(r"\]\[([^\]]+)\]", text)]
    assert links
    for link in links:
        if link.startswith("#"):
            assert link[1:] in headings
        elif link.startswith(repository):
            assert (ROOT / link.removeprefix(repository).partition("#")[0]).exists(), link
        else:
            assert link.startswith("https://"), link


def test_the_citation_names_this_release() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert (citation["version"], citation["license"]) == (PROJECT["version"], PROJECT["license"])
    assert citation["repository-code"] == PROJECT["urls"]["Source"]


@pytest.mark.skipif(not WORKFLOW.exists(), reason="an sdist has no workflows")
def test_the_workflow_runs_every_python_and_only_what_the_makefile_has() -> None:
    jobs: dict[str, Any] = yaml.safe_load(WORKFLOW.read_text("utf-8"))["jobs"]
    promised = [line.rsplit(" ", 1)[1] for line in PROJECT["classifiers"] if "Python :: 3." in line]
    for name in ("fast", "wheel"):
        assert jobs[name]["strategy"]["matrix"]["python"] == promised
    run = [line for job in jobs.values() for step in job["steps"] for line in step.get("run", "").splitlines()]
    targets = {line.split()[1] for line in run if line.startswith("make ")}
    assert targets == {"lint", "setup", "demo", "test-fast", "test", "test-engines", "eval-check"}
    for target in targets:
        command = ["make", "--dry-run", "--question", target]
        assert subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode < 2, target
