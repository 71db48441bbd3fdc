"""The workflow of docs/, run as GitHub's runner does: step by step, by bash, the environment handed on in a file."""

import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import yaml

from controlplane.embedded.stack import ROOT

PAGE = ROOT / "docs" / "workflows" / "quartet.yml"
#: What GitHub runs for `shell: bash`.
_BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail")
#: What a runner sets, as far as the workflow uses it.
_GITHUB = {
    "GITHUB_SHA": "8c0fe1e0a4",
    "GITHUB_REPOSITORY": "team/moods",
    "GITHUB_SERVER_URL": "https://github.example",
}


class Run:
    """One run, from the block's beginning; what still runs at the block's end is killed, as with a runner that is lost.

    `given` are the repository's variables and secrets, `instead` is what a team writes under `env` otherwise. `code` is
    the exit code, None while it goes on.
    """

    def __init__(self, workspace: Path, given: Mapping[str, str], **instead: str) -> None:
        for tool in ("bash", "curl", "jq"):
            assert shutil.which(tool), f"The workflow needs '{tool}', and this machine has none: install it."
        page = yaml.safe_load(PAGE.read_text())
        assert page["defaults"] == {"run": {"shell": "bash"}}
        [job] = page["jobs"].values()
        self._steps = [each for each in job["steps"] if "run" in each]
        self._workspace, self._temp = workspace, workspace / "runner"
        self._temp.mkdir(parents=True)
        env = {name: _filled(text, given) for name, text in job["env"].items()}
        assert instead.keys() <= env.keys()
        own = {"PATH": os.environ["PATH"], "RUNNER_TEMP": str(self._temp), "GITHUB_ENV": str(self._temp / "env")}
        self._environ = {**own, **_GITHUB, **env, **instead}
        self.code: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._lost = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Run":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._lost = True
            if self._process is not None and self._process.poll() is None:
                os.killpg(self._process.pid, signal.SIGKILL)
        self._thread.join()

    def ends(self, seconds: float) -> "Run":
        """Wait for its end."""
        self._thread.join(seconds)
        assert self.code is not None, f"it did not end within {seconds:.0f} s:\n{self.printed()}"
        return self

    def says(self, words: str) -> bool:
        """Whether it has printed this by now, which it shall before its end."""
        return words in self.printed() or self._fail_if_ended(words)

    def printed(self, *steps: str) -> str:
        """What these steps have printed so far, or all."""
        numbers = [n for n, step in enumerate(self._steps) if not steps or step["name"] in steps]
        return "".join(log.read_text() for n in numbers if (log := self._log(n)).exists())

    def begun(self) -> list[str]:
        """The names of the steps that were not passed over."""
        return [step["name"] for number, step in enumerate(self._steps) if self._log(number).exists()]

    def _fail_if_ended(self, words: str) -> bool:
        assert self.code is None, f"it ended with {self.code} and did not say '{words}':\n{self.printed()}"
        return False

    def _run(self) -> None:
        code = 0
        for number, step in enumerate(self._steps):
            if code == 0 and _is_due(step, self._environ):
                code = self._step(number, step["run"])
        self.code = code

    def _step(self, number: int, script: str) -> int:
        handed_on, file = Path(self._environ["GITHUB_ENV"]), self._temp / f"{number}.sh"
        handed_on.write_text("")
        file.write_text(script)
        with self._log(number).open("wb") as log:
            with self._lock:
                if self._lost:
                    return -1
                self._process = subprocess.Popen(
                    [*_BASH, str(file)],
                    cwd=self._workspace,
                    env=self._environ,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            code = self._process.wait()
        self._environ |= dict(line.split("=", 1) for line in handed_on.read_text().splitlines())
        return code

    def _log(self, number: int) -> Path:
        return self._temp / f"{number}.log"


def _filled(text: str, given: Mapping[str, str]) -> str:
    return re.sub(r"\$\{\{ (?:vars|secrets)\.(\w+) \}\}", lambda found: given[found[1]], text)


def _is_due(step: Mapping[str, Any], environ: Mapping[str, str]) -> bool:
    """By the one condition that the workflow knows."""
    assert step.get("if") in (None, "env.REVISION == ''")
    return "if" not in step or environ["REVISION"] == ""
