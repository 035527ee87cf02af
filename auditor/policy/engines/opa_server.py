"""An OPA server of our own: loopback, free port, a token that only we know, always stopped again."""

from __future__ import annotations

import atexit
import ctypes
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from auditor.errors import EngineError, UsageError

START_TIMEOUT_S = 60.0
_AUTHZ = """package system.authz

default allow := false

allow if input.identity == "{token}"
"""


def find_opa() -> Path:
    """An `opa` on the PATH, or in `.tools/` of this folder or of one above it. Errors: `UsageError`."""
    found = shutil.which("opa")
    if found:
        return Path(found)
    for folder in (Path.cwd(), *Path.cwd().parents, Path(__file__).resolve().parents[3]):
        candidate = folder / ".tools" / "opa"
        if candidate.is_file() and os.access(candidate, os.X_OK):
            return candidate
    raise UsageError(
        "no opa on the PATH or in .tools/",
        hint="install Open Policy Agent, give --opa-url, or use --engine embedded",
    )


class OpaServer:
    """A running server; `stop` ends it, as do the end of the program and its sudden death.

    `modules`: Rego that it starts with, compiled at once; each that is put later has it compile everything anew.
    Errors: `EngineError` when it does not start, as with a module that it refuses.
    """

    def __init__(self, modules: Mapping[str, str] | None = None) -> None:
        binary = find_opa()
        self.token = secrets.token_urlsafe(32)
        self.port = _free_port()
        self._folder = tempfile.TemporaryDirectory(prefix="auditor-opa-")
        authz = Path(self._folder.name) / "authz.rego"
        authz.write_text(_AUTHZ.format(token=self.token), encoding="utf-8")
        rules = Path(self._folder.name) / "modules"
        rules.mkdir()
        for number, text in enumerate((modules or {}).values()):
            (rules / f"{number}.rego").write_bytes(text.encode("utf-8", "surrogatepass"))
        self._log = (Path(self._folder.name) / "opa.log").open("w+", encoding="utf-8", errors="replace")
        self._process = subprocess.Popen(  # noqa: S603  the user's own opa, no shell
            [
                str(binary), "run", "--server", "--addr", f"127.0.0.1:{self.port}",
                "--authentication", "token", "--authorization", "basic",
                "--log-level", "error", "--disable-telemetry", str(authz), str(rules),
            ],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            preexec_fn=_die_with_parent,  # noqa: PLW1509  one system call, nothing that could deadlock
            env={"PATH": os.environ.get("PATH", ""), "HOME": self._folder.name},
        )  # fmt: skip
        atexit.register(self.stop)
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            with socket.socket() as probe:
                probe.settimeout(0.2)
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        said = self._said()
        self.stop()
        raise EngineError(f"opa did not start: {said or 'it said nothing'}", hint="auditor doctor")

    def _said(self) -> str:
        self._log.seek(0)
        return " ".join(self._log.read(2000).split())[:300]

    def stop(self) -> None:
        """End the server; safe to call twice."""
        atexit.unregister(self.stop)
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if not self._log.closed:
            self._log.close()
            self._folder.cleanup()

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self._process.pid


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def _die_with_parent() -> None:
    """Linux: the server is ended when this process dies without saying so (prctl(2))."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
