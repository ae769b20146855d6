"""Finding calls by what was said in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from twirec.catalog import Catalog
from twirec.model.access import NOBODY
from twirec.model.errors import InvalidQuery
from twirec.model.search import Page, Query, SaidSentence
from twirec.search.said import Phrase

MOST_COMPARED = 200
"""Sentences that are compared with a phrase, word by word: those that came last."""

DOUBT = 0.2
"""How much of a score a machine's doubt in all it heard may take."""


def said_page(catalog: Catalog, query: Query, *, other: bool = False) -> Page:
    """Return the calls in which something was said, best first, with the sentences.

    What sounds like the phrase comes first. Where that is not more than can be compared, what
    sounds nearly like it is looked for too.

    Args:
        catalog: what is searched.
        query: what is asked; `said` of it is given.
        other: whether another page than the first is asked for.

    Raises:
        InvalidQuery: it asks for another page, or says no words.
        CatalogError: the catalog cannot be asked.
    """
    if other:
        raise InvalidQuery("after: what was said comes on one page, best first; give limit.")
    phrase = Phrase.of(query.said or "")
    found: dict[int, Any] = {}
    asked: list[list[str]] = []
    for near in (False, True):
        keys, left = phrase.keys(near=near), MOST_COMPARED - len(found)
        if keys == asked:  # of short words: nothing else sounds nearly like them
            break
        asked = keys
        rows, are_all = catalog.sentences.candidates(query, keys, left, found)
        found |= {row.id: row for row in rows}
        if not are_all:
            break
    hits = sorted(_hits(phrase, found.values()), key=lambda hit: hit[0])
    best = hits[: query.limit - 1]
    asker = query.asker or NOBODY
    calls = catalog.search.of_keys(list(dict.fromkeys(key for _, key, _ in best)), asker)
    every = len({key for _, key, _ in hits})
    return Page(
        tuple(calls),
        next=None,
        count=every,
        exact=are_all,
        sentences=tuple(sentence for _, _, sentence in best),
    )


Hit = tuple[tuple[Any, ...], tuple[str, str], SaidSentence]
"""By what it is sorted, the call's account and SID, and the sentence."""


def _hits(phrase: Phrase, rows: Iterable[Any]) -> Iterator[Hit]:
    for row in rows:
        match = phrase.match(row.words.split())
        if match is None or match.at >= row.own:  # the sentence in which it begins has it too
            continue
        score = round(100 * match.well * (1 - DOUBT * (1 - row.probability)))
        sentence = SaidSentence(
            row.call_sid,
            row.recording_sid,
            row.side,
            row.starts,
            row.ends,
            row.text,
            max(0, min(score, 100)),
            row.probability,
        )
        order = (-score, -row.started_at.timestamp(), row.recording_sid, row.starts)
        yield order, (row.account_sid, row.call_sid), sentence
