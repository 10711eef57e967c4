"""An OpenAI-compatible HTTP server on 127.0.0.1 that answers from a script.

The trick: the model is the only part of a run that a test cannot have, so the server plays its part and
all else stays real: the official client, HTTP, chunks, timeouts, disconnects. It is one asyncio server in a
thread (or a process) of its own. Every connection keeps one pending read of one byte: between requests that
byte begins the next request; during an answer only an end of file can come: the client has gone.

    with LoopbackServer(["Hello there.", [function_call_item("add", {"a": 1})]]) as server:
        client = AsyncOpenAI(base_url=server.base_url, api_key="any")

Serves POST /v1/responses and /v1/chat/completions, streamed and whole, and GET /v1/models.
`python -m agentcell.testing.loopback script.json --port 8123` serves a script file until it is interrupted.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from itertools import chain
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

from .replies import chat_body, chat_stream, error_body, responses_body, responses_stream
from .strict import request_problems
from .turns import HttpError, Turn, TurnLike, as_turn, output_items, turn_to_json

__all__ = ["HttpError", "LoopbackServer", "RecordedRequest", "Turn", "TurnLike"]

_STATE_PATH = "/__loopback__/state"
"""Where a server in another process tells what it recorded."""

_HELD_POLL = 0.002
"""Seconds between looks at a `threading.Event`, which an event loop cannot wait for."""


@dataclass(frozen=True)
class RecordedRequest:
    """One HTTP request as the server received it."""

    method: str
    """HTTP method in capitals."""
    path: str
    """Path without the query, for example `/v1/responses`."""
    headers: dict[str, str]
    """Header values by lower-case name."""
    body: dict[str, Any]
    """The JSON body; empty when there was none."""
    query: dict[str, list[str]] = field(default_factory=dict)
    """Values of the query string by name."""


class _Script:
    """The turns that are left and what was recorded; the one thing that threads share."""

    def __init__(self, turns: Iterable[TurnLike] | Callable[[dict[str, Any]], TurnLike], strict: bool = False) -> None:
        self.strict = strict
        self.invalid: list[str] = []
        self.every: Callable[[dict[str, Any]], TurnLike] | None = turns if callable(turns) else None
        self.turns: list[TurnLike] = [] if callable(turns) else list(turns)
        self.changed = threading.Condition()
        self.requests: list[RecordedRequest] = []
        self.answered = 0
        self.refused = 0
        self.disconnects = 0
        self.failures: list[str] = []

    def record(self, request: RecordedRequest) -> int:
        """Keep a request and give its number, counting from 1."""
        with self.changed:
            self.requests.append(request)
            self.changed.notify_all()
            return len(self.requests)

    def disconnected(self) -> None:
        with self.changed:
            self.disconnects += 1
            self.changed.notify_all()

    def next_turn(self, request: dict[str, Any], chat: bool) -> Turn:
        """The answer to a request; beyond the end of the script an error that clients do not retry.

        So is the answer to a history that the real service would refuse, which takes no turn.
        """
        if self.strict and (problems := request_problems(request, chat=chat)):
            with self.changed:
                self.invalid += problems
            return Turn(error=HttpError(400, error_body(problems[0], code=None, param="messages" if chat else "input")))
        with self.changed:
            if self.every is None and self.answered >= len(self.turns):
                self.refused += 1
                return _refusal(
                    f"The loopback script is exhausted: it has {len(self.turns)} turns and this is model "
                    f"request {self.answered + self.refused}. Add a turn to the script.",
                    "script_exhausted",
                )
            turn = self.every if self.every is not None else self.turns[self.answered]
            self.answered += 1
        try:
            resolved = as_turn(turn, request)
            return replace(resolved, output=output_items(resolved))
        except Exception as error:
            self.failed(error)
            return _refusal(f"The scripted turn failed: {type(error).__name__}: {error}", "script_failed")

    def failed(self, error: Exception) -> None:
        """Keep what was wrong with the script; a client may have hidden or retried it."""
        with self.changed:
            self.failures.append(f"{type(error).__name__}: {error}")

    def state(self) -> dict[str, Any]:
        with self.changed:
            return {
                "requests": [asdict(request) for request in self.requests],
                "turns": len(self.turns),
                "answered": self.answered,
                "refused": self.refused,
                "disconnects": self.disconnects,
                "failures": self.failures,
                "invalid": self.invalid,
            }


def _refusal(message: str, code: str) -> Turn:
    return Turn(error=HttpError(400, error_body(message, code=code)))


class _ClientGone(Exception):
    """The client closed the connection before its answer was complete."""


class _Connection:
    """One client connection: reads requests and writes answers until either side closes."""

    def __init__(self, script: _Script, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.script = script
        self.reader = reader
        self.writer = writer
        self.first_byte = asyncio.ensure_future(reader.read(1))

    async def run(self) -> None:
        """Answer requests until the client or an answer ends the connection."""
        try:
            while (request := await self._read_request()) is not None and await self._answer(request):
                if request.headers.get("connection", "").lower() == "close":
                    break
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError, ValueError):
            pass  # not HTTP, or gone between two requests: nobody is left to tell
        except asyncio.CancelledError:
            self.writer.transport.abort()
        finally:
            if self.first_byte.done() and not self.first_byte.cancelled():
                self.first_byte.exception()  # marks it as seen
            self.first_byte.cancel()
            self.writer.close()

    async def _read_request(self) -> RecordedRequest | None:
        first = await self.first_byte
        if not first:
            return None
        head = (first + await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        request_line, *header_lines = head.rstrip("\r\n").split("\r\n")
        method, target, _version = request_line.split(" ", 2)
        pairs = (line.split(":", 1) for line in header_lines)
        headers = {name.strip().lower(): value.strip() for name, value in pairs}
        raw = await self.reader.readexactly(int(headers.get("content-length", 0)))
        self.first_byte = asyncio.ensure_future(self.reader.read(1))
        try:
            body = json.loads(raw) if raw else {}
        except ValueError:
            body = {}
        url = urlsplit(target)
        return RecordedRequest(method, url.path, headers, body if isinstance(body, dict) else {}, parse_qs(url.query))

    async def _answer(self, request: RecordedRequest) -> bool:
        """Write the answer to one request; tells whether the connection can take another."""
        if request.path == _STATE_PATH:
            await self._send_json(200, self.script.state())
            return True
        number = self.script.record(request)
        identify = {"x-request-id": f"req_{number}"}
        match request.method, request.path:
            case "GET", "/v1/models":
                model = {"id": "loopback", "object": "model", "created": 0, "owned_by": "agentcell"}
                await self._send_json(200, {"object": "list", "data": [model]}, identify)
            case "POST", "/v1/responses" | "/v1/chat/completions":
                try:
                    turn = self.script.next_turn(request.body, request.path.endswith("completions"))
                    return await self._send_turn(turn, request, number)
                except (_ClientGone, ConnectionError):
                    self.script.disconnected()
                    return False
                except Exception as error:  # the script's fault, in the middle of an answer
                    self.script.failed(error)
                    return False
            case method, path:
                message = f"The loopback server has no {method} {path}: it serves POST /v1/responses, "
                message += "POST /v1/chat/completions and GET /v1/models."
                await self._send_json(404, error_body(message, code="not_found"), identify)
        return True

    async def _send_turn(self, turn: Turn, request: RecordedRequest, number: int) -> bool:
        headers = {"x-request-id": f"req_{number}", **turn.headers}
        await self._pause(turn.first_delay)
        if turn.error is not None:
            await self._send_error(turn.error, headers)
            return True
        chat = request.path.endswith("completions")
        if not request.body.get("stream"):
            if turn.hold_after is not None:
                await self._hold(turn)
            await self._send_json(200, (chat_body if chat else responses_body)(turn, request.body, number), headers)
            return True
        blocks = (chat_stream if chat else responses_stream)(turn, request.body, number)
        return await self._send_stream(turn, blocks, headers)

    async def _send_stream(self, turn: Turn, blocks: Iterator[bytes], headers: Mapping[str, str]) -> bool:
        self._send_head(
            200,
            {"content-type": "text/event-stream; charset=utf-8", "transfer-encoding": "chunked", **headers},
        )
        start, waiting = time.monotonic(), b""
        for count, block in enumerate(chain(blocks, (None,))):
            if count == turn.cut_after and turn.cut != "end":
                self._send_chunk(waiting)
                await self._break_off(turn)
                return False
            if count == turn.hold_after:
                waiting = self._send_chunk(waiting)
                await self._hold(turn)
                start = time.monotonic() - count * turn.delay
            if block is None or count == turn.cut_after:
                break
            await self._pause(start + count * turn.delay - time.monotonic())
            if turn.chunk_size is None:
                self._send_chunk(block)
            else:
                waiting += block
                while len(waiting) >= turn.chunk_size:
                    self._send_chunk(waiting[: turn.chunk_size])
                    waiting = waiting[turn.chunk_size :]
            await self.writer.drain()
        self._send_chunk(waiting)
        self.writer.write(b"0\r\n\r\n")
        await self.writer.drain()
        return True

    def _send_chunk(self, data: bytes) -> bytes:
        if data:
            self.writer.write(b"%x\r\n%b\r\n" % (len(data), data))
        return b""

    async def _break_off(self, turn: Turn) -> None:
        while self.writer.transport.get_write_buffer_size():
            await self._pause(_HELD_POLL)
        if turn.cut == "reset":
            # Lingering for zero seconds makes closing send a reset instead of an end of file.
            linger = struct.pack("ii", 1, 0)
            self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.writer.transport.abort()

    async def _pause(self, seconds: float) -> None:
        """Let other connections work for so long, and notice that the client has gone."""
        if seconds > 0 and self.first_byte.done():
            await asyncio.sleep(seconds)
        elif seconds > 0:
            await asyncio.wait({self.first_byte}, timeout=seconds)
        else:
            await asyncio.sleep(0)
        self._check_client()

    async def _hold(self, turn: Turn) -> None:
        while turn.release is None or not turn.release.is_set():
            await self._pause(_HELD_POLL)

    def _check_client(self) -> None:
        if self.first_byte.done() and (self.first_byte.exception() or not self.first_byte.result()):
            raise _ClientGone

    def _send_head(self, status: int, headers: Mapping[str, str]) -> None:
        lines = [f"HTTP/1.1 {status} {'OK' if status == 200 else 'Scripted'}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))

    async def _send_body(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self._send_head(status, {"content-length": str(len(body)), **headers})
        self.writer.write(body)
        await self.writer.drain()

    async def _send_json(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        encoded = json.dumps(body, ensure_ascii=False).encode()
        await self._send_body(status, encoded, {"content-type": "application/json", **(headers or {})})

    async def _send_error(self, error: HttpError, headers: Mapping[str, str]) -> None:
        headers = {**headers, **error.headers}
        if isinstance(error.body, str):
            await self._send_body(error.status, error.body.encode(), {"content-type": "text/html", **headers})
        else:
            body = error.body or error_body("This error is scripted.", code="scripted", kind="scripted_error")
            await self._send_json(error.status, body, headers)


async def _serve(script: _Script, port: int, started: Callable[[int, Callable[[], None]], None]) -> None:
    """Serve, telling `started` the port and a function that ends it, callable from any thread."""
    loop, end = asyncio.get_running_loop(), asyncio.Event()
    connections: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = loop.create_task(_Connection(script, reader, writer).run())
        connections.add(task)
        task.add_done_callback(connections.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", port, limit=2**20)

    def stop() -> None:
        loop.call_soon_threadsafe(end.set)

    started(server.sockets[0].getsockname()[1], stop)
    await end.wait()
    server.close()
    for task in connections:
        task.cancel()
    await asyncio.gather(*connections, return_exceptions=True)
    await asyncio.sleep(0)  # the transports' own closing callbacks


class LoopbackServer:
    """An OpenAI-compatible server on 127.0.0.1, from entering the `with` block to leaving it.

    `turns` are the answers in the order of the requests, or one callable that answers every request. `port` 0
    takes a free one. With `process=True` the server runs in a process of its own, so that it does not compete
    with the client for the interpreter; its turns must then be plain data. With `strict=True` a request whose
    history the real service would refuse gets its answer, status 400, and no turn: calls without an output, outputs
    without a call or twice, reasoning that leads to nothing.
    """

    def __init__(
        self,
        turns: Iterable[TurnLike] | Callable[[dict[str, Any]], TurnLike] = (),
        *,
        port: int = 0,
        process: bool = False,
        strict: bool = False,
    ) -> None:
        self._script = _Script(turns, strict)
        self._port = port
        self._host: _ThreadHost | _ProcessHost | None = None
        self._in_process = process

    @property
    def base_url(self) -> str:
        """What a client takes as `base_url`, for example `http://127.0.0.1:40123/v1`."""
        if self._host is None:
            raise RuntimeError("The loopback server is not running: enter it with `with`, or call start()")
        return f"http://127.0.0.1:{self._host.port}/v1"

    def start(self) -> Self:
        """Start serving; raises `OSError` when the port is taken."""
        if self._host is None:
            host = _ProcessHost if self._in_process else _ThreadHost
            self._host = host(self._script, self._port)
        return self

    def stop(self) -> None:
        """Stop serving and close every connection; what was recorded stays readable."""
        if self._host is not None:
            self._refresh()
            self._host.stop()
            self._host = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    @property
    def requests(self) -> list[RecordedRequest]:
        """The requests so far, in order of arrival."""
        self._refresh()
        with self._script.changed:
            return list(self._script.requests)

    @property
    def disconnects(self) -> int:
        """How many clients left before their answer was complete."""
        self._refresh()
        return self._script.disconnects

    def wait_for_requests(self, count: int = 1, timeout: float = 10.0) -> bool:
        """Block until so many requests have arrived; False when `timeout` seconds passed first."""
        return self._wait(lambda: len(self._script.requests) >= count, timeout)

    def wait_for_disconnects(self, count: int = 1, timeout: float = 10.0) -> bool:
        """Block until so many clients have left early; False when `timeout` seconds passed first."""
        return self._wait(lambda: self._script.disconnects >= count, timeout)

    def assert_complete(self) -> None:
        """Raise `AssertionError` unless every turn was asked for, nothing else, and nothing was broken or refused."""
        self._refresh()
        script = self._script
        if script.invalid:
            raise AssertionError(f"Requests were refused: {' '.join(script.invalid)}")
        if script.failures:
            raise AssertionError(f"The loopback script is broken: {'; '.join(script.failures)}")
        if script.every is None and script.answered != len(script.turns):
            raise AssertionError(f"{script.answered} of {len(script.turns)} scripted turns were asked for")
        if script.refused:
            raise AssertionError(f"{script.refused} model requests came after the {len(script.turns)} scripted turns")

    def _wait(self, holds: Callable[[], bool], timeout: float) -> bool:
        if not isinstance(self._host, _ProcessHost):
            with self._script.changed:
                return self._script.changed.wait_for(holds, timeout)
        end = time.monotonic() + timeout
        while not holds() and time.monotonic() < end:
            time.sleep(_HELD_POLL)
            self._refresh()
        return holds()

    def _refresh(self) -> None:
        if isinstance(self._host, _ProcessHost):
            self._host.fetch_into(self._script)


class _ThreadHost:
    """Runs the server on a loop of its own in a thread."""

    def __init__(self, script: _Script, port: int) -> None:
        self.port = 0
        self._failure: BaseException | None = None
        self._end: Callable[[], None] = lambda: None
        ready = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(script, port, ready), name="agentcell-loopback", daemon=True
        )
        self._thread.start()
        ready.wait()
        if self._failure is not None:
            raise self._failure

    def _run(self, script: _Script, port: int, ready: threading.Event) -> None:
        def started(port: int, end: Callable[[], None]) -> None:
            self.port, self._end = port, end
            ready.set()

        try:
            asyncio.run(_serve(script, port, started))
        except OSError as error:
            self._failure = error
        finally:
            ready.set()

    def stop(self) -> None:
        self._end()
        self._thread.join()


class _ProcessHost:
    """Runs the server in a child process, which ends when the pipe to its standard input closes."""

    def __init__(self, script: _Script, port: int) -> None:
        if script.every is not None:
            raise TypeError("A server in its own process needs a list of turns, not a callable")
        data = json.dumps([turn_to_json(turn) for turn in script.turns])
        command = [sys.executable, "-m", "agentcell.testing.loopback", "-", "--port", str(port)]
        command += ["--strict"] if script.strict else []
        self._child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._child.stdin is not None and self._child.stdout is not None
        self._child.stdin.write(data + "\n")
        self._child.stdin.flush()
        line = self._child.stdout.readline()
        if not line:
            self.stop()
            raise OSError(f"The loopback server's process ended at once, with code {self._child.returncode}")
        self.port = urlsplit(line.strip()).port

    def fetch_into(self, script: _Script) -> None:
        """Copy what the child recorded into this process's script."""
        with urlopen(f"http://127.0.0.1:{self.port}{_STATE_PATH}", timeout=10) as response:
            state = json.load(response)
        with script.changed:
            script.requests = [RecordedRequest(**request) for request in state["requests"]]
            script.answered, script.refused = state["answered"], state["refused"]
            script.disconnects, script.failures = state["disconnects"], state["failures"]
            script.invalid = state["invalid"]

    def stop(self) -> None:
        with self._child:  # closes the pipes and waits
            pass


def main(argv: list[str] | None = None) -> int:
    """Serve a script file, or one line of JSON on standard input until that closes; prints the base URL."""
    parser = argparse.ArgumentParser(prog="python -m agentcell.testing.loopback", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("script", help="JSON file with a list of turns, or - for standard input")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 takes a free one")
    parser.add_argument("--strict", action="store_true", help="refuse the histories that the real service refuses")
    options = parser.parse_args(argv)
    if options.script == "-":
        turns = json.loads(sys.stdin.readline())
    else:
        with open(options.script, encoding="utf-8") as file:
            turns = json.load(file)

    def started(port: int, end: Callable[[], None]) -> None:
        print(f"http://127.0.0.1:{port}/v1", flush=True)
        if options.script == "-":
            threading.Thread(target=lambda: (sys.stdin.read(), end()), daemon=True).start()

    try:
        asyncio.run(_serve(_Script(turns, options.strict), options.port, started))
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
