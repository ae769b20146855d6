"""What the sandbox serves, as the tables of docs/sandbox.md.

`python -m tests.sandbox.served` writes them anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from twirec.sandbox import Sandbox
from twirec.sandbox.grammar import ATTRIBUTES, CHILDREN
from twirec.sandbox.official import official

PAGE = Path(__file__).parents[2] / "docs/sandbox.md"
BEGIN, END = "<!-- served: made by python -m tests.sandbox.served -->\n", "<!-- /served -->\n"
_PREFIX = "/2010-04-01/Accounts/{AccountSid}"


def tables() -> str:
    """Return the tables: requests over REST, and verbs and nouns of TwiML."""
    methods: dict[str, list[str]] = {}
    sandbox = Sandbox()
    for method, address in sandbox._rest.served:
        if address.endswith(".mp3"):  # which is refused, as there is no encoder
            continue
        methods.setdefault(address.replace(_PREFIX, "…"), []).append(method)
    sandbox.close()
    requests = [(f"`{address}`", ", ".join(methods[address])) for address in sorted(methods)]
    ssml = set(CHILDREN["Say"])
    verbs = [
        (name, _words(known), _words(set(_attributes(name)) - set(known)))
        for name, known in ATTRIBUTES.items()
        if name != "Response" and name not in ssml
    ]
    parents = ("Response", "Dial", "Start", "Stop", "Enqueue", "Sip")
    lacking = {
        f"`<{child}>`" + ("" if parent == "Response" else f" in `<{parent}>`")
        for parent in parents
        for child in official().twiml[parent]["children"]
        if child not in CHILDREN.get(parent, ())
    }
    return "\n".join(
        [
            f"`…` is `{_PREFIX}`.",
            "",
            *_table(("request", "methods"), requests),
            "",
            *_table(("verb or noun", "attributes", "attributes that it does not do"), verbs),
            "",
            f"SSML in `<Say>`: {_words(ssml)}. Not done at all: {', '.join(sorted(lacking))}.",
            "",
        ]
    )


def page_with(made: str) -> str:
    """Return the page with these tables."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    return before + BEGIN + made + END + rest.partition(END)[2]


def _attributes(name: str) -> list[str]:
    return official().twiml.get(name, {}).get("attributes", [])


def _words(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in sorted(words))


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return ["| " + " | ".join(cells) + " |" for cells in lines]


if __name__ == "__main__":
    PAGE.write_text(page_with(tables()), encoding="utf-8")
