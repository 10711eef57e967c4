"""The tools that the demo model's prompts are about; they are never called."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel


class Item(BaseModel):
    name: str
    quantity: int


def get_weather(city: str):
    """Get the current weather for a city."""


def get_stock_price(ticker: str):
    """Latest stock price."""


def search(query: str, limit: int = 5):
    """Search the web."""


def convert(amount: float, from_currency: str, to_currency: str):
    """Convert an amount of money."""


def convert_temperature(value: float, from_unit: str, to_unit: str):
    """Convert a temperature."""


def add(a: float, b: float):
    """Add two numbers."""


def multiply(a: float, b: float):
    """Multiply two numbers."""


def subtract(a: float, b: float): ...


def lookup_order(order_id: str):
    """Look up an order by its id."""


def list_files(path: str = "."):
    """List files in a directory."""


def book_table(date: str, guests: int):
    """Book a table at the restaurant."""


def book(date: str, guests: int): ...


def run_job(name: str, mode: Literal["fast", "slow"] = "fast"):
    """Run a job."""


def create_post(title: str, tags: list[str], draft: bool = False):
    """Create a blog post."""


def place_order(items: list[Item], address: str | None = None):
    """Place an order for items."""


def get_time(city: str, timezone: str | None = None):
    """Current time in a city."""


def send_email(to: str, subject: str, body: str):
    """Send an email."""


def search_flights(origin: str, destination: str, date: str | None = None):
    """Search flights."""


def calculate(expression: str):
    """Evaluate a math expression."""


def roll_dice(sides: int = 6, count: int = 1):
    """Roll dice."""


def get_user_id():
    """Id of the current user."""


def get_orders(user_id: str):
    """The orders of a user."""


def get_location():
    """Where the user is."""


def translate(text: str, target_language: str):
    """Translate text."""


def translate_to_spanish(input: str):
    """Translate the user's message to Spanish"""


def translate_to_french(input: str):
    """Translate the user's message to French"""


def set_reminder(text: str, when: str):
    """Set a reminder."""


def get_forecast(city: str, days: int = 3):
    """Weather forecast for the coming days."""


def average(numbers: list[float]):
    """Average of numbers."""


def calculator(operation: Literal["add", "subtract", "multiply", "divide"], a: float, b: float):
    """A simple calculator."""


def tip(bill: float, percent: float = 15):
    """Compute the tip for a bill."""


def greet(name: str):
    """Greet a person by name."""


def random_number(min: int = 1, max: int = 100):
    """Pick a random number."""


def read_file(path: str):
    """Read a file."""


def square(x: int):
    """Square a number."""


def get_distance(origin: str, destination: str, unit: Literal["km", "miles"] = "km"):
    """Distance between two places."""


def create_user(name: str, email: str, age: int, active: bool = True):
    """Create a user."""


def get_news(topic: str = "world", limit: int = 5):
    """Latest news headlines."""


def get_current_time():
    """Return the current time."""


def define(word: str):
    """Look up the definition of a word."""


def population(country: str):
    """Population of a country."""


def get_exchange_rate(base: str, target: str):
    """Exchange rate between two currencies."""


def schedule_meeting(title: str, attendees: list[str], start: str, duration_minutes: int = 30):
    """Schedule a meeting."""


def cancel_order(order_id: str, reason: str | None = None):
    """Cancel an order."""


def refund_order(order_id: str):
    """Refund an order."""


def turn_on_lights(room: str, brightness: int = 100):
    """Turn on the lights in a room."""


def play_music(song: str, volume: int = 50):
    """Play a song."""


def create_task(title: str, priority: Literal["low", "medium", "high"] = "medium", due: str | None = None):
    """Create a task in the todo list."""


def bmi(weight_kg: float, height_m: float):
    """Compute the body mass index."""


def fibonacci(n: int):
    """The n-th Fibonacci number."""


def query_database(sql: str):
    """Run a SQL query."""


def count_words(text: str):
    """Count the words in a text."""


def summarize(text: str):
    """Summarize a text."""


def search_hotels(city: str, checkin: str, checkout: str, guests: int = 2):
    """Search hotels in a city."""


def get_recipe(dish: str):
    """Get a recipe."""


def fetch_page(url: str):
    """Fetch a web page."""


def send_message(recipient: str, message: str):
    """Send a chat message."""


def factorial(n: int):
    """Factorial."""


def fetch_random_joke():
    """Fetch a random joke."""


def history_fun_fact():
    """Return a short history fact."""


def secret_number():
    """Returns the secret number."""


def move(direction: Literal["north", "south", "east", "west"], steps: int = 1):
    """Move the robot."""


def set_temperature(degrees: float):
    """Set the thermostat."""


def faq_lookup_tool(question: str):
    """Lookup frequently asked questions."""


def update_seat(confirmation_number: str, new_seat: str):
    """Update the seat for a given confirmation number."""


def random_up_to(max: int):
    """Return a random number between 0 and the given max."""


def multiply_by_two(x: int):
    """Return x times two."""


def get_reading():
    """Read the sensor."""
