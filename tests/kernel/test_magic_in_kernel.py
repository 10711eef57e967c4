"""`%%agent` in a real kernel: alone, under other magics, with bad input, and when the model cannot be reached."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest

from agentcell.testing import HttpError

from .session import KernelSession

pytestmark = pytest.mark.ci


def words(text: str) -> list[str]:
    return text.replace("*", "").replace("`", "").split()


def assert_run_was_shown(session: KernelSession, record: dict[str, str]) -> None:
    """The record in the output says what the run in `run` said."""
    final = session.run("print(run.final_output)").stream()
    assert final.strip()
    assert set(words(final)) <= set(words(record["text/plain"]))
    assert record["text/plain"].startswith("Done")


def test_a_cell_leaves_the_record_and_its_value(session: KernelSession) -> None:
    record = session.run("%%agent plain -o run\nHello there.").record
    assert_run_was_shown(session, record)
    assert "demo model: rules, not an LLM" in record["text/html"]
    assert session.run("print(_ is run)").stream() == "True\n"


def test_a_run_displayed_by_hand_leaves_the_record(session: KernelSession) -> None:
    for cell in ("display(run)\nawait run;", "await run\nrun"):
        record = session.run(f"run = Runner.run_streamed(plain, 'Hello there.')\n{cell}").record
        assert_run_was_shown(session, record)


def test_a_run_that_nothing_awaits_leaves_the_record(session: KernelSession) -> None:
    session.run("run = Runner.run_streamed(plain, 'Hello there.')\nrun")
    session.run("await run;")
    assert_run_was_shown(session, session.run("run").record)


@pytest.mark.parametrize("outer", ["%%time", "%%timeit -n1 -r1"])
def test_under_magics_that_time(session: KernelSession, outer: str) -> None:
    session.run("run = None")
    outcome = session.run(f"{outer}\n%%agent plain -o run\nHello there.")
    assert not outcome.tracebacks
    timed = outcome.stream() + outcome.stream("stderr") + "".join(b["text/plain"] for b in outcome.bundles)
    assert "Wall time" in timed or "per loop" in timed
    (record,) = [bundle for bundle in outcome.bundles if "text/html" in bundle]
    assert_run_was_shown(session, record)


def test_under_capture(session: KernelSession) -> None:
    session.run("run = None")
    outcome = session.run("%%capture captured\n%%agent plain -o run\nHello there.")
    assert outcome.outputs == []
    assert session.run("print(run.final_output)").stream().strip()
    assert session.run("print(len(captured.outputs) >= 1)").stream() == "True\n"


def test_without_autoawait(session: KernelSession) -> None:
    session.run("%autoawait off")
    try:
        record = session.run("%%agent plain -o run\nHello there.").record
    finally:
        session.run("%autoawait asyncio")
    assert_run_was_shown(session, record)


def test_called_by_code(session: KernelSession) -> None:
    record = session.run("get_ipython().run_cell_magic('agent', 'plain -o run', 'Hello there.')").record
    assert_run_was_shown(session, record)


def test_help_and_completeness(session: KernelSession) -> None:
    assert "Run an agent on the text of the cell" in session.pages("%%agent?")
    assert session.is_complete("%%agent plain\nHello") == "incomplete"
    assert session.is_complete("%%agent plain\nHello\n\n") == "complete"
    assert session.is_complete("print(1)") == "complete"


@pytest.mark.parametrize("outer", ["", "%%time\n"], ids=["attached", "nested"])
@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("%%agent wether\nHello", ["'wether'", "plain"]),
        ("%%agent plain\n", ["empty"]),
        ("%%agent plain\n   \n", ["empty"]),
        ("%%agent plain -o 1x\nHello", ["'1x'"]),
        ("%%agent plain --what\nHello", ["--what"]),
    ],
    ids=["unknown agent", "no prompt", "blank prompt", "bad variable", "unknown option"],
)
def test_bad_input_is_answered_in_one_line(session: KernelSession, outer: str, cell: str, said: list[str]) -> None:
    outcome = session.run(outer + cell)
    assert outcome.tracebacks == [], outcome.tracebacks[0].traceback[-1]
    assert outcome.bundles == []
    lines = [line for line in outcome.stream("stderr").splitlines() if line.strip()]
    assert len(lines) == 1, lines
    assert all(word in lines[0] for word in said), lines
    assert session.run("print('next')").stream() == "next\n"


def use_model(session: KernelSession, base_url: str) -> None:
    session.run("from openai import AsyncOpenAI")
    session.run(
        f"client = AsyncOpenAI(base_url={base_url!r}, api_key='any', max_retries=0)\n"
        "remote = Agent(name='Remote', model=OpenAIResponsesModel('loopback', client))"
    )


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (HttpError(401, {"error": {"message": "Incorrect API key provided", "type": "x", "code": "y"}}), "Incorrect"),
        (HttpError(404, {"error": {"message": "The model does not exist", "type": "x", "code": "y"}}), "not exist"),
        (HttpError(500), "500"),
    ],
    ids=["401", "404", "500"],
)
def test_an_error_of_the_server_is_a_failed_card(
    session: KernelSession, loopback: Callable[[Any], Any], error: HttpError, said: str
) -> None:
    use_model(session, loopback([error]).base_url)
    record = session.run("%%agent remote -o run\nHello there.").record
    for form in ("text/html", "text/markdown", "text/plain"):
        assert "Failed" in record[form]
        assert said in record[form]
    (asked,) = session.run("run.final_output").tracebacks
    assert asked.ename in ("AuthenticationError", "NotFoundError", "InternalServerError")


def test_a_refused_connection_is_a_failed_card(session: KernelSession) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound and not listening: nobody else gets the port
        use_model(session, f"http://127.0.0.1:{closed.getsockname()[1]}/v1")
        record = session.run("%%agent remote\nHello there.").record
    assert "Failed" in record["text/plain"]
    assert "Connection" in record["text/plain"]


def test_no_warning_comes_later(session: KernelSession) -> None:
    """Failed and finished runs leave nothing for the garbage collector to complain about."""
    outcome = session.run("import asyncio, gc\ngc.collect()\nawait asyncio.sleep(0)")
    assert outcome.stream("stderr") == ""
    assert outcome.tracebacks == []
