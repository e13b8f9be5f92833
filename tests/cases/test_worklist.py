"""The case store: what is stored comes back the same, survives a restart and a kill, and nothing is overwritten silently."""

import os
import signal
import subprocess
import sys
import textwrap
from datetime import date, time

import numpy as np
import pytest
import sqlalchemy as sql

from mmcore.cases import demonstrations, edits, worklist
from mmcore.cases.upload import read_upload
from mmcore.domain.case import Case
from mmcore.domain.errors import CaseNotFoundError
from mmcore.domain.notice import Notice
from mmcore.domain.scan import Film
from mmcore.domain.timestamp import Timestamp
from mmcore.domain.worklist import Decision
from mmcore.paths import DEMONSTRATIONS
from mmcore.stores.case_store import CaseStore
from mmcore.tasks import get_task


@pytest.fixture
def url(tmp_path):
    """A database file that does not exist yet, in a folder that does not either."""
    return f"sqlite:///{tmp_path / 'var' / 'cases.db'}"


@pytest.fixture
def store(url):
    opened = CaseStore(url)
    yield opened
    opened.close()


def full_case() -> Case:
    scan = Film(
        pixels=np.random.default_rng(3).random((40, 30), dtype=np.float32),
        modality="CR",
        view="PA",
        spacing_mm=(0.2, 0.3),
        taken=Timestamp(date(2020, 3, 1), time(9, 30)),
        patient_hash="ab12cd34ef",
        window=(0.5, 1.0),
        colourful=0.01,
        notices=(Notice("scan_inverted", {"by": "header"}, "image"),),
    )
    refused = (Notice("note_too_long", {"words": 9000}, "text"),)
    return Case(
        "chest_infection",
        scan,
        "Fever for 3 days.",
        {"age_years": 61.5, "cough": 1.0},
        refused,
        frozenset({"image"}),
        times={"text": Timestamp(date(2020, 2, 27)), "clinical": None},
        left_out=frozenset({"text"}),
    )


def test_a_case_comes_back_as_it_was_stored_to_the_last_pixel(store):
    store.add("k", full_case())
    back = store.load("k")
    assert back.scan.pixels.dtype == np.float32
    assert np.array_equal(back.scan.pixels, full_case().scan.pixels)
    kept = ("modality", "view", "spacing_mm", "taken", "patient_hash", "window", "colourful", "notices")
    assert [getattr(back.scan, k) for k in kept] == [getattr(full_case().scan, k) for k in kept]
    assert (back.note, back.values, back.refused, back.overruled) == (
        full_case().note,
        full_case().values,
        full_case().refused,
        full_case().overruled,
    )
    assert (back.times, back.left_out) == (full_case().times, full_case().left_out)


def test_a_database_from_before_times_were_kept_still_opens(store):
    store.add("k", full_case())
    with store.engine.begin() as connection:
        for column in ("times", "left_out"):
            connection.execute(sql.text(f"ALTER TABLE cases DROP COLUMN {column}"))
    again = CaseStore(str(store.engine.url))
    assert (again.load("k").times, again.load("k").left_out) == ({}, frozenset())
    assert again.load("k").time_of("image") == Timestamp(date(2020, 3, 1), time(9, 30))
    again.close()


def test_what_was_not_given_comes_back_as_unknown(store):
    store.add("k", Case("chest_infection"))
    back = store.load("k")
    assert (back.scan, back.note, dict(back.values)) == (None, None, {})


def test_a_restart_loses_nothing(url):
    first = CaseStore(url)
    first.add("k", full_case(), patient_key="P7")
    first.remember("k", "covid19", 0.61, ("uncertain",))
    first.decide(
        "k", Decision("override", "no_finding", "later_result", "culture negative", {"covid19": 0.61})
    )
    first.close()
    second = CaseStore(url)
    (row,) = second.summaries()
    assert (row.patient_key, row.state, row.top_label, row.top_probability) == (
        "P7",
        "overridden",
        "covid19",
        0.61,
    )
    assert (row.flags, row.taken) == (("uncertain",), date(2020, 3, 1))
    (decision,) = second.decisions("k")
    assert (decision.label, decision.reason, decision.comment) == (
        "no_finding",
        "later_result",
        "culture negative",
    )
    assert decision.made.tzinfo is not None
    second.close()


def test_an_acknowledged_case_survives_a_kill(url, tmp_path):
    script = """
        import sys
        from mmcore.domain.case import Case
        from mmcore.stores.case_store import CaseStore
        store = CaseStore(sys.argv[1])
        for number in range(10_000):
            store.add(f"case-{number}", Case("chest_infection", note="x"))
            print(number, flush=True)
    """
    run = [sys.executable, "-c", textwrap.dedent(script), url]
    with subprocess.Popen(
        run, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": os.getcwd()}
    ) as writer:
        acknowledged = [int(writer.stdout.readline()) for _ in range(20)]
        writer.send_signal(signal.SIGKILL)
    assert {f"case-{n}" for n in acknowledged} <= CaseStore(url).keys()


def test_the_database_writes_ahead_and_flushes_at_each_commit(store):
    with store.engine.connect() as connection:
        assert connection.execute(sql.text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(sql.text("PRAGMA synchronous")).scalar() == 2  # FULL


def test_earlier_decisions_stay_and_the_latest_comes_first(store):
    store.add("k", Case("chest_infection", note="x"))
    store.decide("k", Decision("agree", "covid19"))
    store.decide("k", Decision("override", "other_pneumonia", "other"))
    assert [d.action for d in store.decisions("k")] == ["override", "agree"]
    assert store.summary("k").state == "overridden"


@pytest.mark.parametrize(
    "act",
    [
        lambda s: s.load("gone"),
        lambda s: s.summary("gone"),
        lambda s: s.replace("gone", Case("chest_infection")),
        lambda s: s.remember("gone", "covid19", 0.5, ()),
        lambda s: s.decide("gone", Decision("agree", "covid19")),
    ],
)
def test_a_key_that_does_not_exist_is_named_in_the_error(store, act):
    with pytest.raises(CaseNotFoundError) as raised:
        act(store)
    assert raised.value.values == {"key": "gone"}


def test_a_decision_on_a_missing_case_stores_nothing(store):
    with pytest.raises(CaseNotFoundError):
        store.decide("gone", Decision("agree", "covid19"))
    assert store.decisions("gone") == ()


def test_two_cases_cannot_share_a_key(store):
    store.add("k", Case("chest_infection", note="first"))
    with pytest.raises(sql.exc.IntegrityError):
        store.add("k", Case("chest_infection", note="second"))
    assert store.load("k").note == "first"


def test_a_new_key_is_random_and_says_nothing_of_the_patient(store):
    keys = {worklist.new_case(store, full_case(), "Smith") for _ in range(20)}
    assert len(keys) == 20
    assert all(len(key) >= 12 and "smith" not in key.lower() for key in keys)


def test_without_a_key_of_the_user_the_patient_is_known_by_the_start_of_the_hash(store):
    assert store.summary(worklist.new_case(store, full_case())).patient_key == "ab12cd34"


def test_the_worklist_searches_filters_and_puts_the_newest_first(store):
    store.add("a", Case("chest_infection", note="x"), patient_key="P1", story={"title": "Cough for a week"})
    store.add("b", Case("chest_infection", note="x"), patient_key="P2", story={"title": "Fever"})
    store.decide("a", Decision("agree", "covid19"))
    store.remember("b", "covid19", 0.5, ("uncertain",))
    assert [r.key for r in worklist.worklist(store)] == ["b", "a"]
    assert [r.key for r in worklist.worklist(store, search="COUGH")] == ["a"]
    assert [r.key for r in worklist.worklist(store, search="p2")] == ["b"]
    assert [r.key for r in worklist.worklist(store, states=["reviewed"])] == ["a"]
    assert [r.key for r in worklist.worklist(store, flagged=True)] == ["b"]
    assert worklist.worklist(store, tasks=["lung_nodule"]) == ()


def test_an_edit_masks_words_changes_values_and_sets_modalities_aside():
    case = Case("chest_infection", note="Dry cough. No fever.", values={"age_years": 60.0, "cough": 1.0})
    changed = edits.edited(case, values={"age_years": 40.0, "cough": None}, hidden=[(0, 3), (11, 20)])
    assert changed.note == "[MASK] cough. [MASK]"
    assert changed.values == {"age_years": 40.0}
    assert edits.edited(case, without=["text"]).note is None
    assert edits.edited(case, without=["clinical"]).values == {}
    assert case.note == "Dry cough. No fever."


@pytest.mark.parametrize("key", ["demo-001", "demo-004", "demo-006"])
def test_a_demonstration_case_is_read_as_an_upload_of_its_files_would_be(store, key):
    demonstrations.add_demonstrations(store)
    folder = DEMONSTRATIONS / "chest_infection" / key
    files = [(f.name, f.read_bytes()) for f in folder.iterdir() if f.name != "case.json"]
    uploaded, stored = read_upload(files, get_task("chest_infection")).case, store.load(key)
    assert np.array_equal(stored.scan.pixels, uploaded.scan.pixels)
    assert (stored.note, dict(stored.values)) == (uploaded.note, dict(uploaded.values))
    assert store.summary(key).story["synthetic"] is True


def test_demonstration_cases_are_added_once_and_can_be_left_out(store, environment):
    assert demonstrations.add_demonstrations(store) == len(list(DEMONSTRATIONS.glob("*/*/case.json"))) > 8
    assert demonstrations.add_demonstrations(store) == 0
    environment("THREEFOLD_DEMONSTRATIONS", "off")
    assert demonstrations.add_demonstrations(CaseStore("sqlite://")) == 0


def test_at_a_very_first_start_a_demonstration_case_is_shown_and_later_the_worklist(store):
    assert demonstrations.to_show_first(store) is None
    demonstrations.add_demonstrations(store)
    assert demonstrations.to_show_first(store) == "demo-001"
    store.remember("demo-003", "covid19", 0.5, ())
    assert demonstrations.to_show_first(store) is None
