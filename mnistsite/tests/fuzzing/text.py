"""Text that is difficult for parsers, databases and headers."""

from random import Random
from urllib.parse import quote

UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"
HOSTILE = [
    "",
    "\0",
    "7\0",
    "\r\nX-Injected: 1",
    "'",
    '"',
    "%",
    "%00",
    "\\",
    "../../etc/passwd",
    "\u202e\ufeff",
    "é",
    "²",
    "٣",
    "🙂",
    "-1",
    "0",
    "1_000",
    "1e999",
    "NaN",
    "Infinity",
    "9" * 30,
    "9" * 5000,
    "a" * 3000,
    "null",
    "true",
    "[]",
    "{}",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2026-13-45",
    "W/",
    '"' * 50,
    ",;=,;=",
    UNKNOWN_ID,
]
QUERY = [
    "cursor",
    "limit",
    "label",
    "source",
    "verdict",
    "upload",
    "model",
    "labelled",
    "created_after",
    "created_before",
    "labelled_after",
    "version",
    "lang",
    "format",
    "guess",
    "order",
    "again",
    "last",
    "next",
    "q",
    "p",
    "o",
    "e",
    "all",
    "_popup",
    "_to_field",
    "_changelist_filters",
    "label__exact",
    "id__in",
    "created_at__gte",
    "user__id__exact",
    "app_label",
    "model_name",
    "field_name",
    "term",
    "is_active__exact",
    "pk",
    "password",
]
FIELDS = [
    "label",
    "image",
    "wrong",
    "guess",
    "answer",
    "how",
    "action",
    "_selected_action",
    "post",
    "username",
    "password",
    "next",
    "language",
    "reason",
    "name",
    "url",
    "events",
    "scopes",
    "expires_at_0",
    "expires_at_1",
    "user",
    "_save",
    "_continue",
    "_popup",
    "undo",
    "index",
    "select_across",
    "form-TOTAL_FORMS",
    "form-INITIAL_FORMS",
    "form-0-id",
    "archive",
    "labels",
    "id",
    "fine_tune",
    "force",
    "csrfmiddlewaretoken",
    "old_password",
    "is_active",
]


SESSIONS = ['"a session\\000"', "a" * 5000, "../../etc/passwd", "é" * 20]
NULS = ["\0", "7\0", SESSIONS[0], f"{UNKNOWN_ID}\0"]


def choose_value(random: Random) -> str:
    return random.choice(NULS if random.random() < 0.2 else HOSTILE)


def choose_header(random: Random) -> str:
    """Return a value for a WSGI header: one line, one byte per character."""
    text = choose_value(random).encode().decode("latin-1")
    return text.replace("\r", "").replace("\n", "").replace("\0", "")


def generate_pairs(names: list[str], random: Random) -> str:
    """Return a query string or form, partly not valid UTF-8."""
    pairs = [
        f"{quote(random.choice(names))}={quote(choose_value(random))}"
        for _ in range(random.randint(1, 8))
    ]
    return "&".join([*pairs, random.choice(["", "", "%ED%A0%80=%FF", "=", "&&;", "a" * 9])])
