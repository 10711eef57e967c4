"""Stored states that somebody has changed, forged, or taken to another machine; and the key they are signed with."""

from __future__ import annotations

import copy
import json
import os
import random
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import agents
import pytest
from runs import WatchedModel, call, texts

from agentcell import Agent, InvalidRunState, Runner, RunState, UserError, function_tool
from agentcell.approvals import call_digest
from agentcell.engine import signing
from agentcell.testing import LoopbackServer

KEY = "the key of these tests"
PAY = {"amount": 5}


class Shop:
    """An agent that may pay when somebody agrees, and what it has paid."""

    def __init__(self) -> None:
        self.paid: list[int] = []

        @function_tool(needs_approval=True)
        def pay(amount: int) -> str:
            self.paid.append(amount)
            return "paid"

        @function_tool(needs_approval=True)
        def burn(amount: int) -> str:
            self.paid.append(-amount)
            return "burnt"

        @function_tool
        def look() -> str:
            return "looked"

        calls = [call("pay", PAY, call_id="c1"), call("look", {}, call_id="c2")]
        self.model = WatchedModel([calls, texts("Done.")])
        self.agent = Agent(name="A", model=self.model, tools=[pay, burn, look])

    async def paused(self) -> RunState[Any]:
        result = await Runner.run(self.agent, "buy", context={"user": "u1", "äü": [1, None, True, 2.5]})
        assert result.interruptions and self.paid == []
        return result.to_state()


@pytest.fixture
async def shop() -> Shop:
    return Shop()


@pytest.fixture
async def stored(shop: Shop) -> str:
    return (await shop.paused()).to_string(key=KEY)


def meaning(data: Any) -> str:
    return json.dumps(data, sort_keys=True)


Place = tuple[Any, Any]
"""A container and the key or index of something in it."""


def places(data: Any) -> list[Place]:
    """Everything in the data, by where it is."""
    found: list[Place] = []
    waiting = [data]
    while waiting:
        inside = waiting.pop()
        keys = list(inside) if isinstance(inside, dict) else range(len(inside))
        found += [(inside, key) for key in keys]
        waiting += [inside[key] for key in keys if isinstance(inside[key], (dict, list))]
    return found


def other(value: Any, dice: random.Random) -> Any:
    """Another value in the place of one: near it, or of another type."""
    near: dict[type, Callable[[], Any]] = {
        bool: lambda: not value,
        int: lambda: value + dice.choice([-1, 1, 10**20]),
        float: lambda: value * 2 + 1,
        str: lambda: dice.choice([value + "x", value[1:], value.upper() + "é", "\ud800", "\0"]),
    }
    odd = [None, True, 0, 1.0, "", [], {}, -1, "approved", [[]], {"approved": True}]
    return near[type(value)]() if type(value) in near and dice.random() < 0.6 else dice.choice(odd)


def change(place: Place, data: Any, dice: random.Random) -> None:
    inside, key = place
    inside[key] = other(inside[key], dice)


def remove(place: Place, data: Any, dice: random.Random) -> None:
    inside, key = place
    del inside[key]


def add(place: Place, data: Any, dice: random.Random) -> None:
    inside, key = place
    if isinstance(inside, list):
        inside.insert(key, copy.deepcopy(inside[key]))
    else:
        inside[f"{key}_"] = copy.deepcopy(inside[key])


def swap(place: Place, data: Any, dice: random.Random) -> None:
    inside, key = place
    others, at = dice.choice(places(data))
    inside[key], others[at] = copy.deepcopy(others[at]), copy.deepcopy(inside[key])


def rename(place: Place, data: Any, dice: random.Random) -> None:
    inside, key = place
    if isinstance(inside, dict):
        inside[dice.choice([key.upper(), key + " ", "approved", "digest"])] = inside.pop(key)
    else:
        inside.reverse()


def changed_text(text: str, dice: random.Random) -> str:
    """The text cut off, or with a bit, a character or a piece that is different."""
    at = dice.randrange(len(text))
    match dice.randrange(5):
        case 0:
            return text[:at]
        case 1:
            return text[:at] + chr(ord(text[at]) ^ (1 << dice.randrange(7))) + text[at + 1 :]
        case 2:
            return text[:at] + text[at + 1 :]
        case 3:
            return text[:at] + dice.choice(['"', "{", "9", ",", "\\", "é", "\ud800", "NaN"]) + text[at:]
    return text[:at] + text[at : at + dice.randrange(50)] + text[at:]


def mutations(text: str, count: int, dice: random.Random) -> Iterator[str]:
    """So many texts that differ: each place of the data changed and removed once, then whatever the dice say."""
    total = len(places(json.loads(text)))
    done = 0
    for how in (change, remove, add):
        for number in range(total):
            data = json.loads(text)
            how(places(data)[number], data, dice)
            yield json.dumps(data)
            done += 1
    while done < count:
        done += 1
        if dice.random() < 0.3:
            yield changed_text(text, dice)
            continue
        data = json.loads(text)
        for _ in range(dice.choice([1, 1, 2])):
            dice.choice([change, remove, add, swap, rename])(dice.choice(places(data)), data, dice)
        yield json.dumps(data)


async def test_ten_thousand_changes_are_refused(shop: Shop, stored: str) -> None:
    """All with one typed error; a change that means the same is none. Nothing is imported meanwhile."""
    state = await RunState.from_string(shop.agent, stored, key=KEY)
    state.approve(state.get_interruptions()[0])
    text = state.to_string(key=KEY)
    await RunState.from_string(shop.agent, text, key=KEY)
    told = meaning(json.loads(text))
    modules = set(sys.modules)
    refused = same = 0
    for changed in mutations(text, 10_000, random.Random(5)):
        try:
            if meaning(json.loads(changed)) == told:
                same += 1
                continue
        except (ValueError, RecursionError):
            pass
        with pytest.raises(InvalidRunState) as error:
            await RunState.from_string(shop.agent, changed, key=KEY)
        assert len(str(error.value)) < 1000
        refused += 1
    assert refused + same == 10_000 and same < 300
    assert set(sys.modules) == modules
    assert shop.paid == []


async def go_on(shop: Shop, data: dict[str, Any], **how: Any) -> Any:
    state = await RunState.from_json(shop.agent, data, **how)
    return await Runner.run(shop.agent, state)


def decision(tool: str = "pay", arguments: str = json.dumps(PAY), call_id: str = "c1") -> dict[str, Any]:
    digest = call_digest(tool, arguments)
    return {"call_id": call_id, "approved": True, "message": None, "arguments": None, "digest": digest}


async def test_a_forged_approval_never_runs_a_tool(shop: Shop, stored: str) -> None:
    """Added to the signed state, without its signature, with somebody else's, or as the reference would store it."""
    forged = json.loads(stored)
    forged["context"]["decisions"] = [decision()]
    sticky = json.loads(stored)
    sticky["context"]["sticky_decisions"] = [{**decision(), "agent": "A", "tool": "pay", "digest": None}]
    del sticky["context"]["sticky_decisions"][0]["call_id"]
    for data in (forged, sticky):
        bare = {name: value for name, value in data.items() if name != "signature"}
        for wrong in (data, bare, {**bare, "signature": None}, signing.signed(bare, "another key")):
            with pytest.raises(InvalidRunState):
                await go_on(shop, wrong, key=KEY)
    assert shop.paid == []
    signed = {name: value for name, value in forged.items() if name != "signature"}
    assert (await go_on(shop, signing.signed(signed, KEY), key=KEY)).final_output == "Done."
    assert shop.paid == [5], "the same with the right key, so that it was the signature that was missing"


@pytest.mark.parametrize("what", ["arguments", "tool", "call"])
async def test_a_decision_about_another_call_does_not_count(shop: Shop, stored: str, what: str) -> None:
    """The decision stays and what it was about is changed, by somebody who is trusted: the question is asked again."""
    state = await RunState.from_string(shop.agent, stored, key=KEY)
    state.approve(state.get_interruptions()[0])
    text = state.to_string(key=KEY)
    match what:
        case "arguments":
            text = text.replace(r"{\"amount\":5}", r"{\"amount\":5000}")
        case "tool":
            text = text.replace('"name": "pay"', '"name": "burn"').replace('"tool_name": "pay"', '"tool_name": "burn"')
        case "call":
            text = text.replace('"call_id": "c1", "approved"', '"call_id": "c9", "approved"')
    assert text != state.to_string(key=KEY)
    result = await go_on(shop, json.loads(text), trust=True)
    assert [item.call_id for item in result.interruptions] == ["c1"] and shop.paid == []


async def test_the_references_states_need_trust(shop: Shop) -> None:
    """Its JSON is not signed: whoever writes it can approve what he likes, so it is taken from those one trusts."""
    from openai import AsyncOpenAI

    @agents.function_tool(needs_approval=True)
    def pay(amount: int) -> str:
        raise AssertionError("it waits")

    with LoopbackServer([[call("pay", PAY, call_id="c1")]]) as server:
        async with AsyncOpenAI(base_url=server.base_url, api_key="test") as client:
            theirs = agents.Agent("A", model=agents.OpenAIResponsesModel("gpt-test", client), tools=[pay])
            paused = await agents.Runner.run(theirs, "buy")
    state = paused.to_state()
    state.approve(paused.interruptions[0])
    data = state.to_json()
    with pytest.raises(InvalidRunState, match="not signed"):
        await go_on(shop, data, key=KEY)
    assert shop.paid == []
    shop.model.turns = [texts("Done.")]
    assert (await go_on(shop, data, trust=True)).final_output == "Done."
    assert shop.paid == [5]


async def test_nothing_is_imported(shop: Shop, stored: str) -> None:
    """Names of classes and modules in a state are data, for those who are trusted as well."""
    data = json.loads(stored)
    name = "antigravity"
    assert name not in sys.modules
    for key in ("class_path", "original_type", "module", "__reduce__", "py/object"):
        data["context"]["context_meta"][key] = f"{name}.geohash"
        data["context"][key] = data[key] = data["items"][0][key] = f"{name}.geohash"
    modules = set(sys.modules)
    await RunState.from_json(shop.agent, data, trust=True)
    with pytest.raises(InvalidRunState):
        await RunState.from_json(shop.agent, data, key=KEY)
    assert set(sys.modules) == modules


def nested(depth: int) -> Any:
    data: Any = "x"
    for number in range(depth):
        data = [data] if number % 2 else {"a": data}
    return data


DEEP = nested(100_000)
DEEP_TEXTS = [
    "[" * 100_000,
    '{"a":' * 100_000,
    "[" * 100_000 + "]" * 100_000,
    '{"signature":' + "[" * 900 + "]" * 900 + "}",
]


@pytest.mark.parametrize("how", [{"key": KEY}, {"trust": True}], ids=["signed", "trusted"])
async def test_deep_data_is_refused(shop: Shop, stored: str, how: dict[str, Any]) -> None:
    for text in DEEP_TEXTS:
        with pytest.raises(InvalidRunState):
            await RunState.from_string(shop.agent, text, **how)
    whole = json.loads(stored)
    for place in (
        "signature",
        "$schemaVersion",
        "items",
        "starting_agent",
        "history",
        "model_responses",
        "nested_runs",
    ):
        data = {**whole, place: DEEP}
        if how.get("trust") and place in ("signature", "history"):
            continue  # which is not looked into
        with pytest.raises(InvalidRunState) as error:
            await RunState.from_json(shop.agent, data, **how)
        assert len(str(error.value)) < 1000
    for place in ("algorithm", "key_id", "value"):
        data = {**whole, "signature": {**whole["signature"], place: DEEP}}
        if not how.get("trust"):
            with pytest.raises(InvalidRunState):
                await RunState.from_json(shop.agent, data, **how)


async def test_huge_data_is_refused_shortly(shop: Shop, stored: str) -> None:
    huge = "x" * 3_000_000
    whole = json.loads(stored)
    for data in (
        {**whole, "original_input": huge},
        {**whole, "signature": huge},
        {**whole, "signature": {**whole["signature"], "key_id": huge, "value": huge}},
        {**whole, "items": [0] * 1_000_000},
    ):
        with pytest.raises(InvalidRunState) as error:
            await RunState.from_json(shop.agent, data, key=KEY)
        assert len(str(error.value)) < 1000


@pytest.mark.parametrize("wrong", [None, 3, "text", [], b"{}", "", {"signature": {}}, {1: 2, "signature": {}}])
async def test_what_is_no_state_at_all(shop: Shop, wrong: Any) -> None:
    with pytest.raises(InvalidRunState):
        await RunState.from_json(shop.agent, wrong, key=KEY)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the key file comes, in a home that has none."""
    if sys.platform == "win32":
        pytest.skip("files have no modes here")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "agentcell" / "state.key"


async def test_the_key_is_the_callers_or_the_environments(
    shop: Shop, stored: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await RunState.from_string(shop.agent, stored, key=KEY.encode())
    monkeypatch.setenv("AGENTCELL_STATE_KEY", KEY)
    state = await RunState.from_string(shop.agent, stored)
    again = state.to_string()
    monkeypatch.delenv("AGENTCELL_STATE_KEY")
    await RunState.from_string(shop.agent, again, key=KEY)
    assert not home.exists(), "no file is made that nobody needs"
    for wrong in ("", b"", 5):
        with pytest.raises(UserError, match="key must be a text or bytes that are not empty"):
            state.to_json(key=wrong)  # type: ignore[arg-type]


async def test_the_key_file_is_made_once_and_for_its_user_alone(shop: Shop, home: Path) -> None:
    state = await shop.paused()
    text = state.to_string()
    assert stat.S_IMODE(home.stat().st_mode) == 0o600
    assert stat.S_IMODE(home.parent.stat().st_mode) == 0o700
    assert len(home.read_bytes()) == 64 and [file.name for file in home.parent.iterdir()] == [home.name]
    await RunState.from_string(shop.agent, text)
    code = "from agentcell.engine.signing import key_bytes; print(key_bytes(None).decode())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == home.read_text()


def test_those_who_make_the_key_at_once_get_the_same(home: Path) -> None:
    found: list[bytes] = []
    begin = threading.Barrier(16)

    def ask() -> None:
        begin.wait()
        found.append(signing.key_bytes(None))

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 16 and set(found) == {home.read_bytes()}
    assert [file.name for file in home.parent.iterdir()] == [home.name]


def spoil_mode(home: Path) -> None:
    home.write_text("secret")
    home.chmod(0o640)


def spoil_text(home: Path) -> None:
    home.touch(mode=0o600)
    home.write_text(" \n")


def spoil_kind(home: Path) -> None:
    home.mkdir(mode=0o700)


def spoil_folder(home: Path) -> None:
    home.parent.rmdir()
    home.parent.write_text("a file in the place of the folder")


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (spoil_mode, "can be read by others; take that away with `chmod 600`"),
        (spoil_text, "is empty; remove the file"),
        (spoil_kind, "cannot be read or made: .*; give another one with key=... or AGENTCELL_STATE_KEY"),
        (spoil_folder, "cannot be read or made"),
    ],
)
async def test_a_key_file_that_cannot_be_used(
    shop: Shop, stored: str, home: Path, spoil: Callable[[Path], None], says: str
) -> None:
    home.parent.mkdir(parents=True)
    spoil(home)
    before = sorted(os.walk(home.parent.parent))
    state = await RunState.from_string(shop.agent, stored, key=KEY)
    for ask in (lambda: state.to_json(), lambda: signing.key_bytes(None)):
        with pytest.raises(UserError, match=says):
            ask()
    with pytest.raises(UserError, match=says):
        await RunState.from_string(shop.agent, stored)
    assert sorted(os.walk(home.parent.parent)) == before


async def test_a_state_of_another_machine_is_told_from_an_altered_one(
    shop: Shop, home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text = (await shop.paused()).to_string()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "elsewhere"))
    with pytest.raises(InvalidRunState, match=r"another key .* probably on another machine.*trust=True"):
        await RunState.from_string(shop.agent, text)
    await RunState.from_string(shop.agent, text, trust=True)
    monkeypatch.setenv("XDG_STATE_HOME", str(home.parent.parent))
    data = json.loads(text)
    data["max_turns"] = 1000
    with pytest.raises(InvalidRunState, match="was altered after it was signed"):
        await RunState.from_json(shop.agent, data)


def test_trust_is_documented() -> None:
    assert "trust: whether to take a state that is not signed" in str(RunState.from_json.__doc__)
