"""The demo model's own small stock: jokes, poems, haiku, a story, facts and lists, written for this project."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

JOKES: Sequence[tuple[str, str]] = (
    ("Why did the notebook cell blush?", "Somebody ran it without importing anything first."),
    ("Why do loops make bad comedians?", "They keep telling the same one until somebody breaks."),
    ("What did the dictionary say to the list?", "You have order, but I have the key."),
    ("Why was the test so calm?", "It had nothing left to assert."),
    ("Why did the function bring a suitcase?", "It had a lot of arguments and nowhere to return."),
    ("How does an agent order coffee?", "It calls the tool, waits for the output and forgets the milk."),
    ("Why did the array go to therapy?", "It felt empty and could not find its first element."),
    ("What is a kernel's favourite holiday?", "A restart."),
    ("Why did the variable leave the party?", "It was out of scope."),
    ("Why are rules cheaper than models?", "They work for if, else and nothing."),
)
"""Jokes as (question, answer)."""

POEMS: Mapping[str, tuple[str, Sequence[str]]] = {
    "code program software bug function debug python developer": (
        "A Cell at Midnight",
        (
            "A cursor blinks, a patient light,", "upon a cell of black and white;",
            "I type a word, I type it wrong,", "and still the kernel hums along.", "",
            "The error comes, a page in red,", "I read the final line instead;",
            "one missing sign, one little colon,", "an hour of the evening stolen.", "",
            "But then it runs: the numbers fall", "like rain along the terminal;",
            "and all the night, and all the art,", "was finding where to put one part.",
        ),
    ),
    "sea ocean wave water beach river": (
        "What the Tide Keeps",
        (
            "The tide has never kept a thing", "it was not willing to return:",
            "a rope, a shell, a silver ring,", "a lantern that forgot to burn.", "",
            "It lays them on the morning sand", "and goes, and does not say goodbye;",
            "I lift a stone with one cold hand", "and hold the weight of half the sky.",
        ),
    ),
    "night moon star sky space": (
        "Night Shift",
        (
            "The moon clocks in above the town", "and turns the chimneys into chalk;",
            "the windows let their curtains down,", "the street lamps lean across to talk.", "",
            "No one has asked the stars to stay,", "and none of them has gone to bed;",
            "they count the hours until the day", "and lose their place, and start ahead.",
        ),
    ),
    "": (
        "Small Instructions",
        (
            "Begin with something you can hold:", "a cup, a key, a word, a seed.",
            "Leave room for it to be retold", "by someone with another need.", "",
            "Then stop before the thing is done,", "so that it has a way to grow;",
            "a line is finished when the sun", "can reach the parts you did not know.",
        ),
    ),
}  # fmt: skip
"""Poems by the words of their subject: (title, lines)."""

HAIKU: Mapping[str, Sequence[str]] = {
    "recursion recursive function code program software": (
        "A call inside calls,", "each one waits for the smaller;", "the last one says: here.",
    ),
    "rain weather storm autumn winter cloud": (
        "Rain on the tin roof,", "a thousand small arguments,", "none of them with me.",
    ),
    "sea ocean water river beach": (
        "The tide writes its name,", "reads it over once, and leaves", "the page to the gulls.",
    ),
    "spring flower tree garden nature forest": (
        "Before the first leaf", "the branch has practised all year", "how to hold the light.",
    ),
    "": ("One lamp in the night,", "and around it, out of breath,", "the whole of the dark."),
}  # fmt: skip
"""Haiku by the words of their subject."""

STORY = (
    "The Lighthouse That Counted",
    (
        "There was a lighthouse that counted ships. It did nothing else: a ship came, the lamp turned, "
        "the number grew.",
        "One winter no ship came for forty days. The keeper's daughter was sorry for the lamp, so she folded a boat "
        "from an old map and set it on the water below the window.",
        "The lamp turned. The number grew by one. And far out, where the fog was thickest, a captain who had lost "
        "her way saw one flash more than the chart had promised, and steered towards it.",
    ),
)
"""A short story: (title, paragraphs)."""

FACTS: Sequence[str] = (
    "Honey kept sealed and dry does not spoil for a very long time.",
    "An octopus has three hearts.",
    "Bananas are berries in the botanical sense; strawberries are not.",
    "A day on Venus is longer than its year.",
    "Sound travels faster in water than in air.",
    "Sharks are older than trees.",
    "The word “robot” comes from a Czech play of 1920.",
    "Light from the Sun takes a little over eight minutes to reach Earth.",
)
"""Facts, one sentence each."""

LISTS: Mapping[str, Sequence[str]] = {
    "fruit": ("apple", "pear", "cherry", "mango", "fig", "plum", "kiwi", "banana", "orange", "grape"),
    "vegetable": ("carrot", "leek", "pea", "spinach", "beetroot", "cabbage", "pumpkin", "onion"),
    "color": ("red", "green", "blue", "yellow", "violet", "orange", "turquoise", "brown", "black", "white"),
    "animal": ("fox", "heron", "otter", "elephant", "hedgehog", "whale", "owl", "lynx", "toad", "zebra"),
    "planet": ("Mercury", "Venus", "Earth", "Mars", "Jupiter", "Saturn", "Uranus", "Neptune"),
    "city": ("Lima", "Oslo", "Nairobi", "Kyoto", "Lisbon", "Montréal", "Hanoi", "Kraków", "Accra", "Quito"),
    "country": ("Chile", "Ghana", "Japan", "Norway", "Portugal", "Vietnam", "Canada", "Kenya", "Peru", "Poland"),
    "language": ("Python", "Rust", "Julia", "Go", "C", "JavaScript", "Haskell", "Lua"),
    "name": ("Ada", "Grace", "Alan", "Edsger", "Barbara", "Donald", "Radia", "Dennis", "Hedy", "Linus"),
    "tip": (
        "Run the smallest thing that can fail.", "Read the last line of the error first.",
        "Name things for what they are.", "Write the test before you forget why.",
        "Restart the kernel and run all cells before you share a notebook.", "Keep one idea in each cell.",
        "Look at the data before the average.", "Take a walk.",
    ),
    "idea": (
        "an agent that reads your notes and asks one question a day", "a tool that explains a stack trace",
        "a map of every place named in a novel", "a weather diary that writes itself",
        "a bot that turns meeting notes into tasks", "a notebook that checks its own links",
    ),
    "day": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}  # fmt: skip
"""Lists by what they list."""
