"""The count of the calls from file to file that stands in docs/design.md can be taken."""

from __future__ import annotations

from benchmarks.hops import measure, traced
from twirec.calls.address import search_term
from twirec.model.steady import spend_at_most


def test_a_call_is_counted_where_it_goes_from_one_file_of_ours_to_another() -> None:
    with traced() as trace:
        search_term("600 111 222", "ES")
    assert trace.files == {"calls/address.py"}
    assert (trace.hops, trace.statements) == (0, 0)  # a test is none of ours


def test_a_context_manager_is_followed_once_though_its_generator_goes_on() -> None:
    with traced() as trace, spend_at_most(1):
        pass
    assert trace.calls == {("", "model/steady.py"): 1}


def test_each_way_of_a_call_is_measured() -> None:
    traces = measure()
    assert list(traces) == [
        "ring → announcement",
        "consent → dial",
        "status → stored",
        "transfer",
        "search",
        "search, a day too",
        "listen",
    ]
    for trace in traces.values():
        assert len(trace.files) > 3
        assert trace.hops > 3
        assert trace.statements > 3
    assert "transfers/transfer.py" in traces["transfer"].files  # which runs in a thread of its own
    assert all(each.split("/")[0] != "sandbox" for trace in traces.values() for each in trace.files)
    # the database library calls it for each value: nobody follows a row to there
    assert all("catalog/tables.py" not in trace.files for trace in traces.values())
