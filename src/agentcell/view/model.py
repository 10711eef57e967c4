"""`RunView`: a run at one moment, as values.

    RunView
    |-- state, agent, model, times, tokens        what the header shows
    `-- blocks: Sequence[Block]                   what happened, in the order in which it appeared
        |-- TurnHead      an agent begins a model call
        |-- TextBlock     an answer, a reasoning summary or a refusal, as it grows
        |-- ToolCard      a call: arguments as they are written, then what came of it
        |-- HandoffMark   the conversation passes on
        `-- Notice        an error, a pause or added input, in words

Blocks have ids and are replaced, never mutated. Growing text is a `Text`: a shared buffer that only grows, seen up to a
length, so that a fold of n pieces costs n.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Union

from ..rich_results import RichResult
from .sequence import Sequence

RunState = Literal["queued", "thinking", "streaming", "tools", "waiting", "done", "stopped", "failed", "paused"]
"""What a run is doing, as the header says it; the last four are ends, `waiting` is for a person's decision."""


class Text:
    """Text that grows: a shared list of pieces, seen up to a place.

    Growing the newest version appends to the shared list. Growing an older one copies first, so every version stays
    what it was.
    """

    __slots__ = ("_count", "_pieces", "length")

    def __init__(self, text: str = "") -> None:
        self._pieces = [text] if text else []
        self._count = len(self._pieces)
        self.length: int = len(text)
        """Characters."""

    def grown(self, piece: str) -> Text:
        """This text with `piece` at its end."""
        pieces = self._pieces if len(self._pieces) == self._count else self._pieces[: self._count]
        pieces.append(piece)
        longer = Text()
        longer._pieces, longer._count, longer.length = pieces, self._count + 1, self.length + len(piece)
        return longer

    def since(self, older: Text | None) -> str | None:
        """What was added to an older version; `None` when this is not a later version of it."""
        if older is None or (not older._count and not older.length):
            return str(self)
        if older._pieces is not self._pieces or older._count > self._count:
            return None
        return "".join(self._pieces[older._count : self._count])

    def __str__(self) -> str:
        return "".join(self._pieces[: self._count])

    def __len__(self) -> int:
        return self.length

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Text) and (self is other or str(self) == str(other))

    __hash__: ClassVar[None] = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Text({str(self)!r})"


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """What a model call was given."""

    instructions: str | None
    """The instructions."""
    items: Sequence[Mapping[str, Any]] = field(repr=False)
    """The input: JSON data."""
    kept: int
    """How many of the items, from the first, are those of the model call before."""
    tools: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)
    """The tools and handoffs: `name`, `description` and `parameters` of each."""
    settings: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """The settings of the model call that are set."""
    before: ModelRequest | None = field(default=None, repr=False, compare=False)
    """What the model call before was given, without what was before that."""


def at_provider(settings: Mapping[str, Any]) -> bool:
    """Whether a model call with these settings goes on from items that the provider keeps."""
    return "conversation_id" in settings or "previous_response_id" in settings


def call_key(call_id: str) -> str:
    """The name of a call among blocks: ids of calls are the model's, and may be those of our blocks."""
    return f"call {call_id}"


@dataclass(frozen=True, slots=True)
class TurnHead:
    """An agent begins a model call."""

    id: str
    """The block's id."""
    number: int
    """The turn, from 1."""
    agent: str
    """Who runs."""
    model: str
    """The model's name."""
    started: float
    """Seconds since the run's start."""
    first_token: float | None = None
    """When the first piece of the response arrived."""
    ended: float | None = None
    """When the response was complete."""
    new_agent: bool = False
    """Whether nothing before has said that this agent runs now."""
    request: ModelRequest | None = None
    """What the model was given."""
    input_tokens: int = 0
    """Tokens sent, once the model call has reported them."""
    output_tokens: int = 0
    """Tokens received."""


@dataclass(frozen=True, slots=True)
class Source:
    """Something that a text cites."""

    kind: Literal["url", "file"]
    """What sort of thing."""
    title: str
    """What it is called; may be empty."""
    address: str
    """Where it is: the address of a page, or the id of a file."""
    cut: bool = False
    """Whether the address was too long, and ends in an ellipsis."""


@dataclass(frozen=True, slots=True)
class TextBlock:
    """Text of the model."""

    id: str
    """The block's id."""
    kind: Literal["answer", "data", "reasoning", "refusal"]
    """What sort of text; `data` is the JSON of a structured output."""
    agent: str
    """Who said it."""
    text: Text
    """The text so far."""
    done: bool = False
    """Whether it is complete."""
    cut: bool = False
    """Whether the run ended in the middle of it."""
    schema: Mapping[str, Any] | None = field(default=None, repr=False, compare=False)
    """The JSON schema of a structured output."""
    sources: tuple[Source, ...] = ()
    """What it cites, each once."""
    more_sources: int = 0
    """How many more there are, when there are too many to list."""


@dataclass(frozen=True, slots=True)
class Printed:
    """What a tool wrote in one channel without anything in between."""

    channel: Literal["stdout", "stderr", "log", "warning"]
    """Where it was written."""
    text: Text
    """What was written."""


@dataclass(frozen=True, slots=True)
class ToolCard:
    """A call of a tool."""

    id: str
    """The block's id."""
    call_id: str
    """The call's id."""
    name: str
    """The tool's name."""
    arguments: Text
    """The arguments so far: JSON text."""
    state: Literal["writing", "called", "asking", "running", "completed", "failed", "cancelled", "rejected"] = "writing"
    """What the call is doing."""
    output: str | None = None
    """The result as text."""
    error: str | None = None
    """What went wrong."""
    progress: str | None = None
    """What the tool says of where it is."""
    fraction: float | None = None
    """How far it is, from 0 to 1."""
    started: float | None = None
    """When the tool began to run, in seconds since the run's start."""
    ended: float | None = None
    """When it ended."""
    live: bool = False
    """Whether the run goes on as soon as somebody decides about the call, when it is `asking`."""
    edited: bool = False
    """Whether a person has changed the arguments."""
    agent: str = ""
    """Whose model made the call."""
    schema: Mapping[str, Any] | None = field(default=None, repr=False, compare=False)
    """The JSON schema of the arguments, once it is known."""
    description: str = ""
    """What the tool does, once somebody is asked about the call."""
    digest: str | None = None
    """The digest of what somebody is asked about, to which a decision is bound."""
    asked: Text | None = None
    """The arguments that the model wrote, when a person has changed them."""
    asked_at: float | None = None
    """When somebody was asked, in seconds since the run's start."""
    decided_at: float | None = None
    """When somebody had decided."""
    decided_by: str | None = None
    """Who decided."""
    approved: bool | None = None
    """What was decided."""
    always: bool = False
    """Whether the decision is about all further calls of the tool in this run."""
    reason: str | None = None
    """What the model is told of a rejection."""
    printed: tuple[Printed, ...] = ()
    """What the tool wrote."""
    result: RichResult | None = None
    """The result as what it is, when it is more than text."""
    place: int | None = None
    """Where the object itself stands in the run's `tool_results`."""
    traceback: str | None = None
    """Where it went wrong."""
    inner: RunView | None = None
    """The run inside the call, when an agent runs as the tool."""


@dataclass(frozen=True, slots=True)
class HandoffMark:
    """The conversation passes from one agent to another."""

    id: str
    """The block's id."""
    call_id: str
    """The call's id."""
    source: str
    """Who passes on."""
    name: str
    """The transfer tool's name."""
    arguments: Text
    """What is passed along: JSON text."""
    target: str | None = None
    """Who goes on, once it is known."""
    state: Literal["asked", "done", "ignored"] = "asked"
    """Whether it has happened."""
    at: float | None = None
    """When it happened, in seconds since the run's start."""
    schema: Mapping[str, Any] | None = field(default=None, repr=False, compare=False)
    """The JSON schema of what is passed along, once it is known."""
    filtered: bool = False
    """Whether the next agent gets another history than the one before had."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that must be said in words."""

    id: str
    """The block's id."""
    kind: Literal["error", "stopped", "paused", "input", "retry", "silent"]
    """What sort of notice."""
    title: str
    """What happened, in a few words."""
    text: str
    """The whole message."""
    more: str = ""
    """What follows from it, in a sentence."""
    code: str = ""
    """What to run next, as Python code."""
    pending: bool = False
    """Whether it is about something that is still to come: added input that waits, a retry that counts down."""
    until: float | None = None
    """When that will come, in seconds since the run's start."""


Block = Union[TurnHead, TextBlock, ToolCard, HandoffMark, Notice]
"""Anything that stands in the body of a view."""


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of growing text, or several adjacent ones merged."""

    kind: Literal["answer", "reasoning", "refusal", "arguments"]
    """What grows."""
    output_index: int
    """Which output of the response."""
    part_index: int
    """Which part of that output."""
    text: str
    """What is added."""
    since: float | None = None
    """When the first of several merged pieces arrived, in seconds since the run's start."""
    calls: tuple[str, ...] = ()
    """The calls inside of which it grows, from the outermost, when agents run as tools."""


class BlockIndex:
    """Where a block stands, by its id and its call's: one growing dictionary that versions of a view share.

    Places are only ever added at the end, so an older version just does not look beyond its own length. Two versions
    that grow from the same one differently must not share: growing anything but the newest version copies first, and
    so does a call id that comes again in a later turn.
    """

    __slots__ = ("_places", "_seen")

    def __init__(self) -> None:
        self._places: dict[str, int] = {}
        self._seen = 0

    def find(self, block_id: str) -> int | None:
        """The place of a block."""
        return self._places.get(block_id)

    def put(self, place: int, *ids: str) -> BlockIndex:
        """The index with one more block at `place`."""
        places = self._places
        if len(places) != self._seen or any(block_id in places for block_id in ids):
            places = {key: value for key, value in places.items() if value < place}
        for block_id in ids:
            places[block_id] = place
        longer = BlockIndex()
        longer._places, longer._seen = places, len(places)
        return longer


@dataclass(frozen=True, slots=True)
class RunView:
    """A run at one moment."""

    path: str = ""
    """What the ids of the blocks begin with: where the run stands inside of others."""
    run_id: str = ""
    """The run's id."""
    prompt: str = ""
    """What was asked."""
    state: RunState = "queued"
    """What the run is doing."""
    agent: str = ""
    """Who is running."""
    model: str = ""
    """The model that answers."""
    label: str | None = None
    """How the model wants to be called."""
    is_demo: bool = False
    """Whether the built-in rule model answered."""
    started_at: float = 0.0
    """When the run began, in seconds since 1970."""
    elapsed: float = 0.0
    """Seconds from the run's start to its last event."""
    turn: int = 0
    """The number of the turn."""
    requests: int = 0
    """Model requests so far."""
    input_tokens: int = 0
    """Tokens sent so far."""
    output_tokens: int = 0
    """Tokens received so far."""
    cached_tokens: int = 0
    """Of the tokens sent, those that the provider had cached."""
    reasoning_tokens: int = 0
    """Of the tokens received, those of reasoning."""
    cost: float | None = None
    """What the run has cost so far, in US dollars; `None` when a price is not known."""
    first_token: float | None = None
    """When the first piece of the first response arrived, in seconds since the run's start."""
    streamed_tokens: int = 0
    """Tokens received in this run's own model calls."""
    streamed_for: float = 0.0
    """Seconds during which they arrived."""
    part: int = 0
    """How often the run was gone on with."""
    pause: str | None = None
    """The id of the notice that says that the run has paused."""
    resumable: bool = False
    """Whether the run, which has ended, can be gone on with."""
    began: float = 0.0
    """When the run began inside the one around it, in seconds since that one's start."""
    takes_input: bool = False
    """Whether input can be added while the run goes on."""
    error: str | None = None
    """What the run failed with."""
    final_output: str | None = None
    """The final output as text."""
    structured: bool = False
    """Whether the final output is an object."""
    handoff_tools: tuple[str, ...] = ()
    """The tools of this turn that are handoffs."""
    writes_data: bool = False
    """Whether the model writes a structured output in this turn."""
    output_schema: Mapping[str, Any] | None = field(default=None, repr=False, compare=False)
    """The JSON schema of that output."""
    tool_schemas: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False, compare=False)
    """The JSON schemas of the arguments of this turn's tools, by name."""
    request: ModelRequest | None = field(default=None, repr=False, compare=False)
    """What the last model call was given."""
    running_tools: int = 0
    """How many tools run right now."""
    open_questions: int = 0
    """How many calls wait for a decision right now, here and in the runs inside."""
    waits: str | None = None
    """The id of the notice that is about what is still to come, such as a retry."""
    blocks: Sequence[Block] = field(default_factory=Sequence)
    """What happened, in order."""
    index: BlockIndex = field(default_factory=BlockIndex, compare=False, repr=False)
    """Where each block stands."""

    @property
    def finished(self) -> bool:
        """Whether the run has ended."""
        return self.state in ("done", "stopped", "failed", "paused")

    def find(self, block_id: str) -> tuple[int, Block] | None:
        """A block and its place, by its id."""
        place = self.index.find(block_id)
        return None if place is None or place >= len(self.blocks) else (place, self.blocks[place])

    def find_call(self, call_id: str) -> tuple[int, Block] | None:
        """The block of a call and its place."""
        return self.find(call_key(call_id))


EMPTY = RunView()
"""The view of a run that has said nothing yet."""
