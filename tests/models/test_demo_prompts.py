"""What the demo model calls for a prompt: a table of prompts, tools and expected calls."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import demo_tools
import pytest

from agentcell.models.demo_rules.matching import ToolSpec
from agentcell.models.demo_rules.planning import Plan, Turn, plan
from agentcell.tool import function_tool

TODAY = date(2026, 1, 1)


def specs(*functions: Callable[..., Any]) -> list[ToolSpec]:
    tools = [function_tool(function) for function in functions]
    return [ToolSpec(tool.name, tool.description, tool.params_json_schema) for tool in tools]


def named(names: str) -> list[ToolSpec]:
    return specs(*(getattr(demo_tools, name) for name in names.split()))


def calls(result: Plan) -> list[tuple[str, dict[str, Any]]]:
    return [(call.name, dict(call.arguments)) for call in result.calls]


PROMPTS: list[tuple[str, str, list[tuple[str, dict[str, Any]]]]] = [
    (
        "What's the weather in Paris, Tokyo and Lima?",
        "get_weather",
        [("get_weather", {"city": "Paris"}), ("get_weather", {"city": "Tokyo"}), ("get_weather", {"city": "Lima"})],
    ),
    (
        "weather in paris, tokyo and lima",
        "get_weather",
        [("get_weather", {"city": "paris"}), ("get_weather", {"city": "tokyo"}), ("get_weather", {"city": "lima"})],
    ),
    (
        "weather in Paris and the price of AAPL",
        "get_weather get_stock_price",
        [("get_weather", {"city": "Paris"}), ("get_stock_price", {"ticker": "AAPL"})],
    ),
    ("What's the weather in Paris, France?", "get_weather", [("get_weather", {"city": "Paris, France"})]),
    ("How hot is it in Cairo right now?", "get_weather", [("get_weather", {"city": "Cairo"})]),
    ("weather in new york city tomorrow", "get_weather", [("get_weather", {"city": "new york city"})]),
    ("Paris weather?", "get_weather", [("get_weather", {"city": "Paris"})]),
    ("paris weather", "get_weather", [("get_weather", {"city": "paris"})]),
    ("What's the weather?", "get_weather", []),
    ("Hello", "get_weather", []),
    ("Hi, how are you?", "get_weather search", []),
    ("Tell me a joke about the weather in Paris", "get_weather", []),
    ("Convert 100 USD to EUR", "convert", [("convert", {"amount": 100, "from_currency": "USD", "to_currency": "EUR"})]),
    (
        "Convert $100 to EUR and GBP",
        "convert",
        [
            ("convert", {"amount": 100, "from_currency": "USD", "to_currency": "EUR"}),
            ("convert", {"amount": 100, "from_currency": "USD", "to_currency": "GBP"}),
        ],
    ),
    (
        "How much is 50 euros in yen?",
        "convert",
        [("convert", {"amount": 50, "from_currency": "EUR", "to_currency": "JPY"})],
    ),
    (
        "convert 100 USD to EUR and tell me the weather in Rome",
        "convert get_weather",
        [("convert", {"amount": 100, "from_currency": "USD", "to_currency": "EUR"}), ("get_weather", {"city": "Rome"})],
    ),
    (
        "Convert 100 fahrenheit to celsius",
        "convert_temperature convert",
        [("convert_temperature", {"value": 100, "from_unit": "fahrenheit", "to_unit": "celsius"})],
    ),
    (
        "convert 20°C to fahrenheit",
        "convert_temperature",
        [("convert_temperature", {"value": 20, "from_unit": "celsius", "to_unit": "fahrenheit"})],
    ),
    ("Search for the best pizza in Rome", "search", [("search", {"query": "best pizza in Rome", "limit": 5})]),
    ("Search for cats, limit 10", "search", [("search", {"query": "cats", "limit": 10})]),
    ("search the web for top 3 jazz clubs", "search", [("search", {"query": "jazz clubs", "limit": 3})]),
    (
        "Who won the world cup in 2018?",
        "search get_weather",
        [("search", {"query": "Who won the world cup in 2018", "limit": 5})],
    ),
    ("add 2 and 3", "add multiply", [("add", {"a": 2, "b": 3})]),
    ("What is 2 + 3?", "add multiply", [("add", {"a": 2, "b": 3})]),
    ("what is 2 plus 3 and 4 times 5?", "add multiply", [("add", {"a": 2, "b": 3}), ("multiply", {"a": 4, "b": 5})]),
    ("Add 2 and 3, then multiply the result by 10", "add multiply", [("add", {"a": 2, "b": 3})]),
    ("subtract 3 from 10", "subtract add", [("subtract", {"a": 10, "b": 3})]),
    (
        "Price of AAPL, MSFT and GOOG?",
        "get_stock_price",
        [
            ("get_stock_price", {"ticker": "AAPL"}),
            ("get_stock_price", {"ticker": "MSFT"}),
            ("get_stock_price", {"ticker": "GOOG"}),
        ],
    ),
    ("How is Apple stock doing?", "get_stock_price", [("get_stock_price", {"ticker": "AAPL"})]),
    ("price of a coffee", "get_stock_price", []),
    ("Where is my order #A-1234?", "lookup_order", [("lookup_order", {"order_id": "A-1234"})]),
    ("Status of order 98765", "lookup_order", [("lookup_order", {"order_id": "98765"})]),
    ("Where is my order?", "lookup_order", []),
    ("list the files in ./src", "list_files", [("list_files", {"path": "./src"})]),
    ("show me the files", "list_files", [("list_files", {"path": "."})]),
    ("list 3 fruits", "list_files", []),
    ("Book a table for 4 guests on 2025-03-01", "book_table", [("book_table", {"date": "2025-03-01", "guests": 4})]),
    ("Book a table for 4 people tomorrow at 7pm", "book", [("book", {"date": "tomorrow", "guests": 4})]),
    ("run the job nightly in slow mode", "run_job", [("run_job", {"name": "nightly", "mode": "slow"})]),
    (
        "Create a draft post titled 'Hello World' with tags python, ai and jupyter",
        "create_post",
        [("create_post", {"title": "Hello World", "tags": ["python", "ai", "jupyter"], "draft": True})],
    ),
    (
        "Order 2 apples and 3 green pears",
        "place_order",
        [
            (
                "place_order",
                {"items": [{"name": "apples", "quantity": 2}, {"name": "green pears", "quantity": 3}], "address": None},
            )
        ],
    ),
    (
        "Compare the weather and the time in Paris",
        "get_weather get_time",
        [("get_weather", {"city": "Paris"}), ("get_time", {"city": "Paris", "timezone": None})],
    ),
    (
        "Send an email to bob@example.com about the meeting saying I will be late",
        "send_email",
        [("send_email", {"to": "bob@example.com", "subject": "meeting", "body": "I will be late"})],
    ),
    (
        "Find flights from Paris to Rome on 2025-05-01",
        "search_flights",
        [("search_flights", {"origin": "Paris", "destination": "Rome", "date": "2025-05-01"})],
    ),
    ("Calculate 12*(3+4)", "calculate", [("calculate", {"expression": "12*(3+4)"})]),
    ("what's 15% of 80?", "calculate", [("calculate", {"expression": "15 / 100 * 80"})]),
    ("roll 2 dice with 20 sides", "roll_dice", [("roll_dice", {"sides": 20, "count": 2})]),
    ("Find my user id, then get the orders for that user", "get_user_id get_orders", [("get_user_id", {})]),
    ("What's the weather where I am?", "get_weather get_location", [("get_location", {})]),
    (
        "Translate 'good morning' to German",
        "translate",
        [("translate", {"text": "good morning", "target_language": "German"})],
    ),
    (
        "Translate 'hello' into Spanish and French",
        "translate_to_spanish translate_to_french",
        [("translate_to_spanish", {"input": "hello"}), ("translate_to_french", {"input": "hello"})],
    ),
    (
        "Say 'Hello, how are you?' in Spanish.",
        "translate_to_spanish translate_to_french",
        [("translate_to_spanish", {"input": "Hello, how are you?"})],
    ),
    ("Remind me to call mom tomorrow", "set_reminder", [("set_reminder", {"text": "call mom", "when": "tomorrow"})]),
    (
        "What's the forecast for Berlin for 5 days?",
        "get_weather get_forecast",
        [("get_forecast", {"city": "Berlin", "days": 5})],
    ),
    ("average of 3, 5 and 8", "average", [("average", {"numbers": [3, 5, 8]})]),
    ("What is 8 divided by 2?", "calculator", [("calculator", {"operation": "divide", "a": 8, "b": 2})]),
    ("What tip should I leave on a $48.50 bill at 20%?", "tip", [("tip", {"bill": 48.5, "percent": 20})]),
    ("greet Ada and Bob", "greet", [("greet", {"name": "Ada"}), ("greet", {"name": "Bob"})]),
    ("My name is Ada Lovelace, please greet me", "greet", [("greet", {"name": "Ada Lovelace"})]),
    ("give me a random number between 5 and 10", "random_number", [("random_number", {"min": 5, "max": 10})]),
    (
        "read README.md and notes.txt",
        "read_file",
        [("read_file", {"path": "README.md"}), ("read_file", {"path": "notes.txt"})],
    ),
    ("square 3, 4 and 5", "square", [("square", {"x": 3}), ("square", {"x": 4}), ("square", {"x": 5})]),
    (
        "How far is it from Paris to Berlin in miles?",
        "get_distance",
        [("get_distance", {"origin": "Paris", "destination": "Berlin", "unit": "miles"})],
    ),
    (
        "Create a user named Ada with email ada@x.org, age 36, inactive",
        "create_user",
        [("create_user", {"name": "Ada", "email": "ada@x.org", "age": 36, "active": False})],
    ),
    ("What's the latest news about AI?", "get_news", [("get_news", {"topic": "AI", "limit": 5})]),
    ("What time is it?", "get_current_time get_weather", [("get_current_time", {})]),
    (
        "What time is it in Tokyo and what's the weather there?",
        "get_time get_weather",
        [("get_time", {"city": "Tokyo", "timezone": None}), ("get_weather", {"city": "Tokyo"})],
    ),
    ("define serendipity", "define", [("define", {"word": "serendipity"})]),
    (
        "What is the population of France and Spain?",
        "population",
        [("population", {"country": "France"}), ("population", {"country": "Spain"})],
    ),
    ("get_weather(city='Oslo')", "get_weather", [("get_weather", {"city": "Oslo"})]),
    ("What can you do?", "get_weather search", []),
    ("Thanks!", "get_weather", []),
    ("Tell me about the history of Paris", "get_weather", []),
    ("I love sunny days", "search", []),
    ("Is it going to rain in São Paulo?", "get_weather", [("get_weather", {"city": "São Paulo"})]),
    (
        "what is the exchange rate from USD to EUR?",
        "get_exchange_rate",
        [("get_exchange_rate", {"base": "USD", "target": "EUR"})],
    ),
    (
        "Schedule a meeting called 'Sync' with Ann and Bob on Friday for 45 minutes",
        "schedule_meeting",
        [
            (
                "schedule_meeting",
                {"title": "Sync", "attendees": ["Ann", "Bob"], "start": "Friday", "duration_minutes": 45},
            )
        ],
    ),
    (
        "Cancel order 4471 because it is late, then refund it",
        "cancel_order refund_order",
        [("cancel_order", {"order_id": "4471", "reason": None}), ("refund_order", {"order_id": "4471"})],
    ),
    ("cancel my order A-77", "cancel_order refund_order", [("cancel_order", {"order_id": "A-77", "reason": None})]),
    (
        "Turn on the lights in the kitchen and the bedroom",
        "turn_on_lights play_music",
        [
            ("turn_on_lights", {"room": "kitchen", "brightness": 100}),
            ("turn_on_lights", {"room": "bedroom", "brightness": 100}),
        ],
    ),
    (
        "turn on the kitchen lights at 40 brightness",
        "turn_on_lights",
        [("turn_on_lights", {"room": "kitchen", "brightness": 40})],
    ),
    (
        "play Bohemian Rhapsody at volume 80",
        "play_music",
        [("play_music", {"song": "Bohemian Rhapsody", "volume": 80})],
    ),
    (
        "Add a high priority task to buy milk by tomorrow",
        "create_task",
        [("create_task", {"title": "buy milk", "priority": "high", "due": "tomorrow"})],
    ),
    ("my weight is 70 kg and my height is 1.8 m, what's my BMI?", "bmi", [("bmi", {"weight_kg": 70, "height_m": 1.8})]),
    ("What's the BMI for 70 kg and 1.8 m?", "bmi", [("bmi", {"weight_kg": 70, "height_m": 1.8})]),
    ("fibonacci of 10", "fibonacci", [("fibonacci", {"n": 10})]),
    ('Run the query "select * from users"', "query_database", [("query_database", {"sql": "select * from users"})]),
    ("How many words are in 'the quick brown fox'?", "count_words", [("count_words", {"text": "the quick brown fox"})]),
    (
        "Summarize this: The cat sat on the mat. It was warm.",
        "summarize",
        [("summarize", {"text": "The cat sat on the mat. It was warm"})],
    ),
    (
        "Find hotels in Lisbon from 2025-06-01 to 2025-06-05 for 3 guests",
        "search_hotels search_flights",
        [("search_hotels", {"city": "Lisbon", "checkin": "2025-06-01", "checkout": "2025-06-05", "guests": 3})],
    ),
    ("how do I cook pancakes? give me a recipe for pancakes", "get_recipe", [("get_recipe", {"dish": "pancakes"})]),
    ("Fetch https://example.com/a", "fetch_page", [("fetch_page", {"url": "https://example.com/a"})]),
    (
        "Send Bob the message 'see you at 5'",
        "send_message",
        [("send_message", {"recipient": "Bob", "message": "see you at 5"})],
    ),
    (
        "Message Ann saying lunch at noon?",
        "send_message",
        [("send_message", {"recipient": "Ann", "message": "lunch at noon"})],
    ),
    ("5 factorial", "factorial", [("factorial", {"n": 5})]),
    ("tell me a joke", "fetch_random_joke", [("fetch_random_joke", {})]),
    ("Tell me something surprising you didn't know.", "history_fun_fact", []),
    ("What is the secret number?", "secret_number", [("secret_number", {})]),
    ("go north 3 steps", "move", [("move", {"direction": "north", "steps": 3})]),
    (
        "Move north and east",
        "move",
        [("move", {"direction": "north", "steps": 1}), ("move", {"direction": "east", "steps": 1})],
    ),
    ("set the temperature to 21.5", "set_temperature", [("set_temperature", {"degrees": 21.5})]),
    (
        "How many seats are on this plane?",
        "faq_lookup_tool update_seat",
        [("faq_lookup_tool", {"question": "How many seats are on this plane?"})],
    ),
    (
        "Change my seat to 23A, my confirmation number is ABC123",
        "faq_lookup_tool update_seat",
        [("update_seat", {"confirmation_number": "ABC123", "new_seat": "23A"})],
    ),
    (
        "Hi! Can you please tell me what the weather is like today in San Francisco?",
        "get_weather",
        [("get_weather", {"city": "San Francisco"})],
    ),
    (
        "What is the weather in Oslo and in Lisbon?",
        "get_weather",
        [("get_weather", {"city": "Oslo"}), ("get_weather", {"city": "Lisbon"})],
    ),
    ("WHAT IS THE WEATHER IN LONDON", "get_weather", [("get_weather", {"city": "london"})]),
    ("Do I need an umbrella in London tomorrow?", "get_weather", [("get_weather", {"city": "London"})]),
    ("I'm visiting Rome next week. Will it be warm?", "get_weather", [("get_weather", {"city": "Rome"})]),
    (
        "Compare AAPL vs MSFT stock",
        "get_stock_price",
        [("get_stock_price", {"ticker": "AAPL"}), ("get_stock_price", {"ticker": "MSFT"})],
    ),
    ("Multiply 6 by 7 and add 5 to 9", "add multiply", [("multiply", {"a": 6, "b": 7}), ("add", {"a": 5, "b": 9})]),
    ("What is (3 + 4) * 2?", "calculate add", [("calculate", {"expression": "(3 + 4) * 2"})]),
    ("Generate a random number between 0 and 50", "random_up_to multiply_by_two", [("random_up_to", {"max": 50})]),
    ("The weather is nice today, isn't it? Tell me a story", "get_weather", []),
    ("What is Python?", "get_weather add", []),
    ("ok", "get_weather", []),
    ("", "get_weather", []),
    ('{"city": "Quito"} get_weather', "get_weather", [("get_weather", {"city": "Quito"})]),
    ("📈 price of TSLA 🚀", "get_stock_price", [("get_stock_price", {"ticker": "TSLA"})]),
    ("Use get_weather for Paris", "get_weather", [("get_weather", {"city": "Paris"})]),
    ("call get_time", "get_time get_weather", []),
    (
        "Flights from Paris to Rome and from Lima to Cusco",
        "search_flights",
        [
            ("search_flights", {"origin": "Paris", "destination": "Rome", "date": None}),
            ("search_flights", {"origin": "Lima", "destination": "Cusco", "date": None}),
        ],
    ),
    (
        "distance between Paris and Berlin",
        "get_distance",
        [("get_distance", {"origin": "Paris", "destination": "Berlin", "unit": "km"})],
    ),
    ("EUR/USD rate for 20", "convert", [("convert", {"amount": 20, "from_currency": "EUR", "to_currency": "USD"})]),
]


@pytest.mark.parametrize(("prompt", "tools", "expected"), PROMPTS, ids=[row[0][:60] for row in PROMPTS])
def test_calls_for_a_prompt(prompt: str, tools: str, expected: list[tuple[str, dict[str, Any]]]) -> None:
    assert calls(plan(Turn(prompt), named(tools), today=TODAY)) == expected
