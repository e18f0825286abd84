"""CKAN without a CKAN: what is found before the first write, what answers mean, the journal."""

from __future__ import annotations

import pytest
import requests

from model.errors import PortalError
from portal.ckan.client import ActionRefused, CkanClient, OutcomeUnknown, write_once
from portal.ckan.datastore.table_schema import table_schema_of
from portal.ckan.desired.state import check, desired_state
from portal.ckan.journal import Journal
from portal.content import Content
from tests.fixtures.datasets import dataset, registries
from tests.fixtures.releases import make_release, row
from tests.portal.ckan.datastore_environment import with_interval_and_footnotes
from tests.portal.ckan.http_adapters import ScriptedAdapter, response

SECRET = "eyJ-secret"


def client(*answers, waits=()):
    return CkanClient("http://ckan", SECRET, waits=waits, adapter=ScriptedAdapter(answers))


def ok(result):
    return response(200, json={"success": True, "result": result})


def refusal(status=409, **error):
    return response(status, json={"success": False, "error": error})


@pytest.mark.parametrize(
    "answer",
    [
        response(502, text="<h1>Bad gateway</h1>"),
        response(504, json={"message": "time-out"}),
        response(200, text="<h1>Please wait</h1>"),
        response(200, text='{"success": tr'),
        response(500, json={"success": False, "error": {"message": "oops"}}),
        requests.ReadTimeout("slow"),
        requests.exceptions.ChunkedEncodingError("gone"),
        requests.ConnectionError("nobody there"),
    ],
)
def test_what_is_no_answer_of_ckan_is_unknown(answer):
    with pytest.raises(OutcomeUnknown):
        client(answer).call("package_create", {})


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (refusal(name=["That URL is already in use."]), "name: That URL is already in use."),
        (refusal(403, message="Access denied"), "Access denied"),
        (response(413, text="<h1>Too large</h1>"), "larger than the portal takes"),
        (response(404, text="<h1>Not here</h1>"), "is no CKAN"),
        (response(301, headers={"Location": "https://x"}), "is no CKAN"),
    ],
)
def test_a_refusal_quotes_ckan(answer, said):
    with pytest.raises(ActionRefused, match=said) as caught:
        client(answer).call("package_create", {})
    assert caught.value.todo


def test_a_read_is_tried_again_and_a_write_is_not():
    bad = response(502)
    assert client(bad, bad, ok(1), waits=(0, 0)).read("x") == 1
    with pytest.raises(OutcomeUnknown):
        client(bad, ok(1), waits=(0, 0)).call("x", {})


def test_the_token_is_in_no_message_even_if_the_server_repeats_it():
    found = client(refusal(403, message=f"bad token {SECRET}"))
    with pytest.raises(ActionRefused) as caught:
        found.call("x", {})
    assert SECRET not in f"{caught.value}{found!r}" and "***" in str(caught.value)


def test_settle_looks_before_it_tries_again():
    tried, looked = [], []

    def act():
        tried.append(1)
        raise OutcomeUnknown("no answer")

    def reached():
        looked.append(1)
        return len(tried) == 2

    write_once(client(waits=(0, 0, 0)), act, reached)
    assert len(tried) == len(looked) == 2


def test_settle_does_not_repeat_a_refusal():
    def act():
        raise ActionRefused("no", status=409, error={})

    with pytest.raises(ActionRefused):
        write_once(client(waits=(0, 0)), act, lambda: pytest.fail("nothing to look for"))


def want(tmp_path, **changes):
    made = make_release(tmp_path / "r", dataset(**changes), [row()])
    content = Content.of(made, registries())
    return desired_state([content, content], {1: ()}, False, None, "x.csv")


def test_a_good_dataset_passes(tmp_path):
    check(want(tmp_path))


def test_a_dataset_that_has_ended_says_so(tmp_path):
    found = want(tmp_path, ended={"vi": "Một lần.", "en": "Once."})
    check(found)
    assert found.fields["frequency"].endswith("frequency/NEVER")
    assert found.fields["notes_translated"]["en"].endswith("Once.")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"keywords": {"vi": ["x"], "en": ["hotels"]}}, "keyword 'x'"),
        ({"keywords": {"vi": ["x" * 101], "en": ["hotels"]}}, "keyword"),
        ({"description": {"vi": "x" * 33_000, "en": "y"}}, "notes has 33000 bytes"),
        ({"name": "hotel_rooms_draft"}, "kept for the draft of 'tourism/hotel_rooms'"),
    ],
)
def test_what_ckan_would_refuse_is_found_before(tmp_path, changes, said):
    with pytest.raises(PortalError, match=said):
        check(want(tmp_path, **changes))


def test_signs_that_tags_cannot_have_are_left_out(tmp_path):
    found = want(tmp_path, keywords={"vi": ["cà phê (xay)"], "en": ["R&D, 5%"]})
    # What the dataset is about is a tag, too.
    assert found.fields["tags"] == ["R D 5", "The city", "Thành phố", "cà phê xay"]
    assert found.fields["tags_translated"] == {
        "vi": ["cà phê (xay)", "Thành phố"], "en": ["R&D, 5%", "The city"],
    }


def test_a_line_that_was_cut_off_is_left_out_and_swallows_no_other(tmp_path):
    journal = Journal(tmp_path / "j.jsonl")
    journal.published(1, {"": {"title": "a"}})
    with journal.path.open("ab") as file:
        file.write(b'{"step": "upl')
    with journal.step("switch", written={"": {"title": "b"}}):
        pass
    assert [entry["step"] for entry in journal.entries()] == ["published", "switch", "switch"]
    assert journal.written() == [{"": {"title": "a"}}, {"": {"title": "b"}}]
    journal.published(2, {"": {"title": "b"}})
    assert journal.written() == [{"": {"title": "b"}}]


def test_a_full_journal_begins_anew_and_forgets_nothing_that_counts(tmp_path, monkeypatch):
    monkeypatch.setattr("portal.ckan.journal.MAX_BYTES", 10)
    journal = Journal(tmp_path / "j.jsonl")
    journal.published(1, {"": {"title": "a"}})
    journal.published(2, {"": {"title": "b"}})
    assert journal.written() == [{"": {"title": "b"}}] and len(journal.entries()) == 1
    assert (tmp_path / "j.old.jsonl").is_file()


def test_the_table_has_the_columns_that_a_release_publishes():
    """Numbers are numbers, all else is text, in the release's order."""
    shown = (*dataset().published_columns, "new_value")
    schema = table_schema_of(dataset(), registries(), shown)
    assert schema.names == shown
    numbers = {column.name for column in schema.columns if column.type == "float8"}
    assert numbers == {"obs_value", "new_value"}
    assert table_schema_of(dataset(), registries()).names == dataset().published_columns


def test_bounds_are_numbers_and_footnotes_are_explained():
    schema = table_schema_of(with_interval_and_footnotes(), registries())
    columns = {column.name: column for column in schema.columns}
    assert columns["lower_bound"].type == columns["upper_bound"].type == "float8"
    assert columns["footnotes"].type == "text"
    assert "- `border`: Ranh giới mới" in columns["footnotes"].info["notes"]
    assert "- `border`: New borders" in columns["footnotes"].info["notes_translated"]["en"]
