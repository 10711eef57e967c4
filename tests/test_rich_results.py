"""What views show of a tool's result: always plain data, never the value's own HTML."""

from __future__ import annotations

import base64
import dataclasses
import io
import json
import subprocess
import sys
import threading
from collections import namedtuple
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import pandas as pd
import PIL.Image
import pydantic
import pytest
from matplotlib.figure import Figure

from agentcell import Agent, Runner, ToolOutputImage, ToolOutputText, function_tool
from agentcell.engine import rich_images, rich_result, rich_tables, rich_trees
from agentcell.engine.rich_result import rich_result as rich
from agentcell.engine.rich_result import rich_result_in_time
from agentcell.rich_results import ImageResult, OwnDisplay, SeveralResults, TableResult, TreeNode, TreeResult
from agentcell.stream_events import ToolFinished
from agentcell.testing import ScriptedModel, assistant_message, function_call

HOSTILE = "<img src=x onerror=alert(1)>\u202e"


def decoded(result: Any) -> PIL.Image.Image:
    assert isinstance(result, ImageResult)
    return PIL.Image.open(io.BytesIO(base64.b64decode(result.data)))


@pytest.mark.parametrize("value", ["", "text", 1, 1.5, None, True, b"x", [], {}, (), set(), object(), np.float64(1)])
def test_plain_values_are_text(value: Any) -> None:
    assert rich(value) is None


def test_a_large_frame_shows_its_ends() -> None:
    frame = pd.DataFrame({f"c{n}": range(1000) for n in range(50)}, index=pd.Index(range(1000), name="row"))
    table = rich(frame)
    assert isinstance(table, TableResult)
    assert table.shape == (1000, 50) and (table.type_name, table.index_name) == ("DataFrame", "row")
    assert (table.rows_cut_at, table.columns_cut_at) == (10, 10)
    assert table.index[9:11] == ("9", "990") and table.columns[9:11] == ("c9", "c40")
    assert len(table.rows) == 20 and {len(row) for row in table.rows} == {20}
    assert table.rows[-1] == ("999",) * 20


def test_a_frame_has_aligned_columns() -> None:
    frame = pd.DataFrame(
        {
            "n": [1.5, float("nan"), -2.25],
            "day": pd.to_datetime(["2026-01-01", "2026-01-02", "2026-01-03"]),
            HOSTILE: ["a", None, HOSTILE],
            "big": [1e300, 1.0, 0.0],
        }
    )
    table = rich(frame)
    assert isinstance(table, TableResult)
    assert [row[0] for row in table.rows] == ["1.50", "NaN", "-2.25"]
    assert [row[1] for row in table.rows] == ["2026-01-01", "2026-01-02", "2026-01-03"]
    assert [row[3] for row in table.rows] == ["1e+300", "1", "0"]
    assert table.numeric == (True, False, False, True) and table.columns[2] == HOSTILE
    assert table.dtypes[0] == "float64" and table.rows_cut_at is None


@pytest.mark.parametrize("frame", [pd.DataFrame(), pd.DataFrame({"a": []}), pd.DataFrame(index=[1, 2])])
def test_empty_frames_are_tables_too(frame: pd.DataFrame) -> None:
    table = rich(frame)
    assert isinstance(table, TableResult) and table.shape == frame.shape


def test_labels_of_several_levels_and_names_that_come_twice() -> None:
    frame = pd.DataFrame([[1, 2]], columns=["a", "a"], index=pd.MultiIndex.from_tuples([("x", 1)], names=["u", "v"]))
    table = rich(frame)
    assert isinstance(table, TableResult)
    assert (table.columns, table.index, table.index_name, table.rows) == (("a", "a"), ("x, 1",), "u, v", (("1", "2"),))


def test_a_series_and_a_subclass() -> None:
    class Mine(pd.DataFrame):
        pass

    series = rich(pd.Series([1, 2], name="s", index=["a", "b"]))
    assert isinstance(series, TableResult) and series.columns == ("s",) and series.rows == (("1",), ("2",))
    mine = rich(Mine({"a": [1]}))
    assert isinstance(mine, TableResult) and mine.type_name == "Mine"


def test_arrays() -> None:
    line, grid = rich(np.arange(100)), rich(np.arange(1200).reshape(30, 40) / 8)
    assert isinstance(line, TableResult) and line.shape == (100,) and line.rows[10] == ("90",)
    assert isinstance(grid, TableResult) and grid.rows_cut_at == grid.columns_cut_at == 10
    assert grid.rows[0][:2] == ("0", "0.125") and all(grid.numeric)
    records = rich(np.array([(1, "a")], dtype=[("n", int), ("s", "U1")]))
    assert isinstance(records, TableResult) and records.columns == ("n", "s") and records.numeric == (True, False)
    assert rich(np.zeros((2, 2, 2))) is None and rich(np.array([])) is None


def test_polars_when_it_is_there() -> None:
    polars = pytest.importorskip("polars")
    table = rich(polars.DataFrame({"a": range(100), "b": ["x"] * 100}))
    assert isinstance(table, TableResult) and table.shape == (100, 2) and table.numeric == (True, False)
    assert table.rows[10] == ("90", "x")


def test_figures_are_drawn_without_pyplot() -> None:
    figure = Figure(figsize=(4, 3))
    axes = figure.add_subplot()
    axes.plot([1, 2])
    before = figure.canvas
    for value in (figure, axes, np.array([axes], dtype=object)):
        result = rich(value)
        picture = decoded(result)
        assert isinstance(result, ImageResult) and result.mime == "image/png" and picture.format == "PNG"
        assert result.width is not None and abs(picture.width * 96 / 144 - result.width) <= 1
    assert figure.canvas is before
    assert "matplotlib.pyplot" not in sys.modules
    huge = decoded(rich(Figure(figsize=(200, 100))))
    assert max(huge.size) <= rich_images.MOST_PIXELS + 1


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "CMYK", "I;16", "F", "LA", "HSV"])
def test_pictures_of_every_kind(mode: str) -> None:
    assert decoded(rich(PIL.Image.new(mode, (4, 3)))).size == (4, 3)


def test_a_large_picture_is_made_smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    large = PIL.Image.new("RGB", (3200, 1600))
    result = rich(large)
    assert isinstance(result, ImageResult) and (result.width, result.height) == (1600, 800)
    assert "3200" in result.note and large.size == (3200, 1600)
    monkeypatch.setattr(rich_images, "MOST_BYTES", 4000)
    noise = PIL.Image.fromarray(np.random.default_rng(1).integers(0, 255, (60, 60, 3), dtype=np.uint8))
    photo = rich(noise)
    assert isinstance(photo, ImageResult) and photo.mime == "image/jpeg"
    monkeypatch.setattr(rich_images, "MOST_BYTES", 10)
    assert not isinstance(rich(noise), ImageResult)


def png() -> bytes:
    buffer = io.BytesIO()
    PIL.Image.new("RGB", (5, 7)).save(buffer, format="PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("given", [png(), (png(), {"width": 1})])
def test_png_bytes_that_an_object_makes_of_itself(given: Any) -> None:
    class Drawn:
        def _repr_png_(self) -> Any:
            return given

        def _repr_html_(self) -> str:
            raise AssertionError("never asked")

    result = rich(Drawn())
    assert isinstance(result, ImageResult) and (result.width, result.height) == (5, 7)


@pytest.mark.parametrize("given", [b"<svg onload=alert(1)>", "iVBORw0KGgo=", None, 5])
def test_png_bytes_that_are_none_are_not_shown(given: Any) -> None:
    class Drawn:
        def _repr_png_(self) -> Any:
            return given

    assert rich(Drawn()) is None


def test_the_librarys_own_images() -> None:
    url = "data:image/png;base64," + base64.b64encode(png()).decode()
    image = ToolOutputImage(image_url=url)
    for value in (image, [image], {"type": "image", "image_url": url}, [ToolOutputText(text="a"), image]):
        assert isinstance(rich(value), ImageResult)
    two = rich([image, image])
    assert isinstance(two, SeveralResults) and len(two.parts) == 2
    for other in ("https://example.org/a.png", "data:image/svg+xml;base64,AAAA", "data:image/png;base64,A\"'><b>"):
        assert rich(ToolOutputImage(image_url=other)) is None
    assert rich(ToolOutputText(text="a")) is None and rich([ToolOutputText(text="a")]) is None


def test_lists_of_tables() -> None:
    several = rich([pd.DataFrame({"a": [1]})] * 9)
    assert isinstance(several, SeveralResults) and (len(several.parts), several.left_out) == (6, 3)


class Model(pydantic.BaseModel):
    name: str
    secret: str = pydantic.Field("s3cret", repr=False)
    tags: list[str] = []


@dataclasses.dataclass
class Data:
    model: Model
    hidden: str = dataclasses.field(default="s3cret", repr=False)


def test_models_and_data_classes_are_trees() -> None:
    tree = rich(Data(Model(name=HOSTILE, secret="s3cret", tags=["a"])))
    assert isinstance(tree, TreeResult) and tree.type_name == "Data"
    (_, model), (_, hidden) = tree.root.members
    assert [name for name, _ in model.members] == ["name", "secret", "tags"]
    assert model.members[0][1] == TreeNode("str", HOSTILE)
    assert model.members[2][1].members == (("0", TreeNode("str", "a")),)
    assert hidden.left_out and "s3cret" not in str([dataclasses.asdict(tree.root)])


def test_trees_of_all_kinds() -> None:
    point = namedtuple("point", "x y")
    tree = rich({"p": point(1, 2), "s": frozenset([3]), "b": b"abc", "d": pd.DataFrame({"a": [1]}), "e": {}, 5: None})
    assert isinstance(tree, TreeResult)
    found = dict(tree.root.members)
    assert [name for name, _ in found["p"].members] == ["x", "y"]
    assert found["s"].members == (("", TreeNode("int", "3")),)
    assert (found["b"].left_out, found["d"].left_out) == ("3 bytes", "shape 1 × 1")
    assert found["e"].text == "empty" and found["5"] == TreeNode("NoneType", "None")


def count(node: TreeNode) -> int:
    return 1 + sum(count(member) for _, member in node.members)


def test_trees_are_cut_and_say_so() -> None:
    wide = rich(list(range(1000)))
    assert isinstance(wide, TreeResult)
    assert len(wide.root.members) == 50 and wide.root.left_out == "950 more" and wide.root.size == 1000
    deep: Any = "x"
    for _ in range(100):
        deep = [deep]
    node = rich(deep).root  # type: ignore[union-attr]
    depth = 0
    while node.members:
        node, depth = node.members[0][1], depth + 1
    assert depth == rich_trees.DEEPEST and "too deep" in node.left_out
    many = rich({str(n): {str(m): list(range(50)) for m in range(50)} for n in range(50)})
    assert isinstance(many, TreeResult) and count(many.root) <= rich_trees.MOST_NODES + rich_trees.DEEPEST
    long = rich({"t": "x" * 10_000})
    assert isinstance(long, TreeResult) and long.root.members[0][1].left_out == "8,000 more characters"


def test_values_inside_themselves_and_values_that_fail() -> None:
    class Bad:
        def __str__(self) -> str:
            raise RuntimeError("no")

    loop: dict[Any, Any] = {"bad": Bad()}
    loop["self"] = [loop]
    tree = rich(loop)
    assert isinstance(tree, TreeResult)
    members = dict(tree.root.members)
    assert members["bad"].text == "[a Bad that cannot be shown: RuntimeError]"
    assert members["self"].members[0][1].left_out == "the value is inside itself"
    frame = rich(pd.DataFrame({"a": [Bad()]}))
    assert isinstance(frame, TableResult) and "cannot be shown" in frame.rows[0][0]
    assert isinstance(rich({Bad(): 1}), TreeResult)


@pytest.mark.parametrize("name", ["_repr_html_", "_repr_svg_", "_ipython_display_", "_repr_mimebundle_"])
def test_what_draws_itself_is_named_and_not_asked(name: str) -> None:
    def refuse(self: Any, *args: Any, **kwargs: Any) -> Any:
        raise AssertionError("never asked")

    made = rich(type("Plot", (), {name: refuse})())
    assert isinstance(made, OwnDisplay) and made.type_name == "Plot" and made.forms


def test_objects_that_have_every_attribute() -> None:
    assert rich(MagicMock()) is None


async def test_slow_or_hostile_values_do_not_hold_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    stop = threading.Event()

    class Slow:
        def _repr_png_(self) -> bytes:
            stop.wait(30)
            return png()

    class Exits:
        def _repr_png_(self) -> bytes:
            raise SystemExit(1)

    monkeypatch.setattr(rich_result, "TIME_LIMIT", 0.01)
    assert await rich_result_in_time(Slow()) is None
    stop.set()
    monkeypatch.setattr(rich_result, "TIME_LIMIT", 30)
    assert await rich_result_in_time(Exits()) is None


def test_results_without_the_libraries_import_none() -> None:
    code = (
        "import sys\nfrom agentcell.engine.rich_result import rich_result\n"
        "rich_result({'a': [1]}); rich_result(object()); rich_result('x')\n"
        "print([m for m in ('pandas', 'numpy', 'matplotlib', 'PIL', 'polars') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


async def test_a_run_keeps_the_objects_and_says_what_they_are() -> None:
    frame = pd.DataFrame({"a": [1]})

    @function_tool
    def load() -> Any:
        """Loads."""
        return frame

    @function_tool
    def fails() -> str:
        """Fails."""
        raise ValueError("no")

    calls = [function_call("load", {}, call_id="a"), function_call("fails", {}, call_id="b")]
    agent = Agent(name="A", tools=[load, fails], model=ScriptedModel([calls, [assistant_message("D")]]))
    result = Runner.run_streamed(agent, "go")
    ends = {e.call_id: e async for e in result.stream_events(signals=True) if isinstance(e, ToolFinished)}
    assert isinstance(ends["a"].result, TableResult) and ends["a"].place == 0
    assert len(result.tool_results) == 1 and result.tool_results[0] is frame
    assert ends["b"].result is None and ends["b"].place is None
    json.dumps(dataclasses.asdict(ends["a"]))


def test_cells_are_short() -> None:
    assert len(rich_tables.cell_text("x" * 10_000)) == rich_tables.CELL_LENGTH
