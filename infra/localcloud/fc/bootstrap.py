"""The program inside a function instance: it imports the function's code and calls it, one request
at a time.

Run as `python -I -S -u bootstrap.py FD` so that neither the virtual environment nor the checkout
can be imported: a dependency missing from the package fails here as it would in the cloud. FD is a
socket on which the runtime and this program exchange length-prefixed JSON frames.
"""

from __future__ import annotations

import base64
import contextlib
import importlib
import importlib.machinery
import importlib.util
import json
import logging
import os
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any  # function code and its results are anything

CODE = "/code"
LOG_TIME = "%Y-%m-%dT%H:%M:%S"


class LoadFailed(Exception):
    """The hook's file cannot be imported, or lacks the function; `kind` is the platform's word."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Clock:
    """Keeps this process's time at the cloud's, with time-machine loaded only when it is needed."""

    def __init__(self) -> None:
        self._offset_s = 0.0
        self._travel: Any = None  # time_machine.travel, which is not there to be imported

    def set(self, offset_s: float, files: dict[str, str]) -> None:
        """Let `time` and `datetime` tell the host's time plus `offset_s`; monotonic time stays."""
        if offset_s == self._offset_s:
            return
        if self._travel is not None:
            self._travel.stop()
            self._travel = None
        if offset_s != 0:
            travel = _time_machine(files).travel
            self._travel = travel(time.time() + offset_s, tick=True)
            self._travel.start()
            time.time()  # the first look starts the ticking
        self._offset_s = offset_s


def _time_machine(files: dict[str, str]) -> ModuleType:
    """The package and its extension by their paths, so that their folder is on no search path."""
    for name in ("_time_machine", "time_machine"):
        if name not in sys.modules:
            spec = importlib.util.spec_from_file_location(name, files[name])
            if spec is None or spec.loader is None:
                raise ImportError(f"{name} cannot be loaded from its file")
            sys.modules[name] = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(sys.modules[name])
    return sys.modules["time_machine"]


class LogFormat(logging.Formatter):
    """Time, request id, level and message."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s.%(msecs)03dZ %(request_id)s [%(levelname)s] %(message)s")
        self.datefmt = LOG_TIME
        self.converter = time.gmtime
        self.request_id = ""

    def format(self, record: logging.LogRecord) -> str:
        """The line for `record`, of the request that is running."""
        record.request_id = self.request_id
        return super().format(record)


class Credentials(SimpleNamespace):
    """The role's keys, as attributes; a printed context does not show them."""

    def __repr__(self) -> str:
        return "Credentials(...)"


class Program:
    """The function of this instance, and what its requests share."""

    def __init__(self, setup: dict[str, Any]) -> None:
        self._setup = setup
        self._clock = Clock()
        self._log_format = LogFormat()

    def prepare(self) -> None:
        """Set the search path and the root logger as the function will find them."""
        code_dir = self._setup["code_dir"]
        extra = os.environ.get("PYTHONPATH", "").split(os.pathsep)
        sys.path[:0] = [code_dir, *(_in_code(entry, code_dir) for entry in extra if entry)]
        sys.argv = [""]
        sys.pycache_prefix = self._setup["bytecode"]
        sys.dont_write_bytecode = sys.pycache_prefix is None  # /code is read-only in the cloud
        handler = logging.StreamHandler(sys.stdout)
        handler.setFormatter(self._log_format)
        # inferred: the form of a line and the level INFO, from the vendor's logging examples.
        logging.getLogger().addHandler(handler)
        logging.getLogger().setLevel(logging.INFO)

    def answer(self, frame: dict[str, Any]) -> dict[str, Any]:
        """Carry out one request of the runtime and say how it went."""
        try:
            self._log_format.request_id = frame["request_id"]
            self._clock.set(frame["offset_s"], frame["time_machine"])
            _set_credentials(frame["credentials"])
            hook = _hook(frame["handler"])
            context = self._context(frame)
            if frame["event"] is None:
                hook(context)
                return {"payload": ""}
            result = hook(base64.b64decode(frame["event"]), context)
            return {"payload": base64.b64encode(_as_bytes(result)).decode()}
        except LoadFailed as error:
            document = {"errorMessage": str(error), "errorType": error.kind, "stackTrace": []}
            return {"error": document, "is_final": True}
        except SystemExit as error:
            sys.stderr.write(f"SystemExit: {error.code}\n")
            os._exit(1)
        except BaseException as error:  # whatever the function raises is an answer
            traceback.print_exc()
            return {"error": self._error_document(error)}

    def _context(self, frame: dict[str, Any]) -> SimpleNamespace:
        """What the handler gets, in the shape of the runtime that s.yaml names."""
        setup = self._setup
        function = SimpleNamespace(
            name=setup["function"],
            handler=frame["handler"] if frame["event"] is None else setup["handler"],
            memory=setup["memory_mb"],
            timeout=setup["timeout_s"],
        )
        context = SimpleNamespace(
            request_id=frame["request_id"],
            function=function,
            region=setup["region"],
            account_id=setup["account_id"],
        )
        if setup["has_new_context"]:
            function.version_id, function.qualifier = "", "LATEST"
            context.log_project, context.log_store = setup["log_project"], setup["log_store"]
            context.getLogger = logging.getLogger
            return context
        context.credentials = Credentials(**frame["credentials"])
        context.service = SimpleNamespace(
            log_project=setup["log_project"],
            log_store=setup["log_store"],
            qualifier="LATEST",
            version_id="",
        )
        return context

    def _error_document(self, error: BaseException) -> dict[str, Any]:
        """The platform's description of an unhandled exception, this program's frames left out."""
        frames = [
            frame
            for frame in traceback.extract_tb(error.__traceback__)
            if frame.filename != __file__ and not frame.filename.startswith("<frozen")
        ]
        code_dir = self._setup["code_dir"]
        return {
            "errorMessage": str(error),
            "errorType": type(error).__name__,
            "stackTrace": [
                [
                    f'File "{frame.filename.replace(code_dir, CODE, 1)}"',
                    f"line {frame.lineno}",
                    f"in {frame.name}",
                    frame.line or "",
                ]
                for frame in frames
            ],
        }


def _in_code(entry: str, code_dir: str) -> str:
    is_code = entry == CODE or entry.startswith(CODE + "/")
    return code_dir + entry[len(CODE) :] if is_code else entry


def _hook(handler: str) -> Callable[..., Any]:
    # inferred: the names of these two errors, from reports of users.
    file, _, name = handler.partition(".")
    try:
        module = importlib.import_module(file)
    except Exception as error:
        traceback.print_exc()
        reason = f"Unable to import module '{file}': {type(error).__name__}: {error}"
        raise LoadFailed("ImportModuleError", reason) from error
    hook = getattr(module, name, None)
    if not callable(hook):
        raise LoadFailed("HandlerNotFound", f"Handler '{name}' is missing on module '{file}'")
    return hook  # type: ignore[no-any-return]  # callable() cannot tell what it returns


def _set_credentials(credentials: dict[str, str]) -> None:
    for key, value in credentials.items():
        os.environ[f"ALIBABA_CLOUD_{key.upper()}"] = value


def _as_bytes(result: Any) -> bytes:
    """Bytes and text as they are, anything else as JSON (inferred for None and other values)."""
    if isinstance(result, bytes):
        return result
    return (result if isinstance(result, str) else json.dumps(result)).encode()


def _receive(control: socket.socket) -> dict[str, Any] | None:
    """The next frame, or None once the runtime has closed the socket."""
    head = _read(control, 4)
    body = head and _read(control, int.from_bytes(head, "big"))
    return json.loads(body) if body else None


def _read(control: socket.socket, size: int) -> bytes | None:
    chunks = bytearray()
    while len(chunks) < size:
        chunk = control.recv(min(size - len(chunks), 1 << 20))
        if not chunk:
            return None
        chunks += chunk
    return bytes(chunks)


def _send(control: socket.socket, frame: dict[str, Any]) -> None:
    body = json.dumps(frame).encode()
    control.sendall(len(body).to_bytes(4, "big") + body)


def _die_with_parent(parent_pid: int) -> None:
    """Ask Linux for SIGKILL when the parent ends, also while a handler runs."""
    with contextlib.suppress(ImportError, OSError, AttributeError):  # no Linux, or no libffi
        import ctypes

        death_signal = 1  # PR_SET_PDEATHSIG, prctl(2)
        ctypes.CDLL(None).prctl(death_signal, signal.SIGKILL)
    if os.getppid() != parent_pid:
        os._exit(1)


def main(control_fd: int, parent_pid: int) -> None:
    """Serve the runtime at the other end of the socket until it closes."""
    _die_with_parent(parent_pid)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle, in order
    control = socket.socket(fileno=control_fd)
    control.set_inheritable(False)
    setup = _receive(control)
    if setup is None:
        return
    program = Program(setup)
    program.prepare()
    while (frame := _receive(control)) is not None:
        answer = program.answer(frame)
        sys.stdout.flush()
        sys.stderr.flush()
        _send(control, answer)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
