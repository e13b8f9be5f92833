"""The bench of a stay: what it times is what it says, and the naive account is that of the user's own code."""

import numpy as np
import pytest

from mmcore.domain.prediction import RESIDUAL_LIMIT
from mmcore.evaluation import stream_speed
from mmcore.evaluation.stream_speed import bench_stream, made_up_stay, naive
from mmcore.evaluation.timing import RUNS, interleaved_medians
from mmcore.preprocess.stream_features import features
from mmcore.stores.stream_store import load_stream
from mmcore.tasks import stream_task


@pytest.fixture(autouse=True)
def _few_samples(monkeypatch):
    monkeypatch.setattr(stream_speed, "NAIVE_SAMPLES", 64)


def test_the_stay_that_times_are_taken_on_is_the_first_of_the_ward_and_reaches_the_hour() -> None:
    stay = made_up_stay("icu_mortality")
    assert stay.key == "bed-1"
    assert len(stay.minutes) == len(stay.values) == len(stay.parameters) > 40, (
        "what-if changes the 41st value"
    )
    assert stay.minutes[0] >= 0 and (np.diff(stay.minutes) >= 0).all()


def test_a_bench_names_the_model_and_compares_with_one_forward_pass() -> None:
    found, stored = bench_stream("icu_mortality"), load_stream("icu_mortality")
    assert found["task"] == "icu_mortality"
    assert found["model"] == {"version": stored.version, "sha256": stored.sha256}
    assert found["residual_limit"] == RESIDUAL_LIMIT
    assert found["largest_residual"] < 1e-9, "trees are explained exactly"
    assert 0 < found["forward_ms"] < found["risk_ms"], "the risk makes features and then the same pass"
    assert found["case_over_forward"] == found["case_over_forward_quick"] > 1
    assert found["naive_over_case"] > 0 and found["what_if_over_forward"] > 0


def test_the_naive_account_asks_the_model_for_the_samples_it_was_told(monkeypatch) -> None:
    model, minute = load_stream("icu_mortality").model, 2880.0
    row = features(made_up_stay("icu_mortality"), stream_task("icu_mortality"), model.features, [minute])[0]
    asked, logits = [], type(model).logits

    def counted(self, rows, minutes):
        asked.append((len(rows), set(minutes)))
        assert np.isnan(rows[:, np.isnan(row)]).all(), "what is unknown stays unknown"
        return logits(self, rows, minutes)

    monkeypatch.setattr(type(model), "logits", counted)
    found = naive(model, row, minute)
    assert found.shape == row.shape and np.abs(found).sum() > 0
    assert max(n for n, _ in asked) == 64
    assert all(minutes == {minute} for _, minutes in asked)


def test_pieces_of_work_are_timed_in_turn_after_a_round_that_warms_up() -> None:
    order: list[str] = []
    times = interleaved_medians({"one": lambda: order.append("one"), "two": lambda: order.append("two")})
    assert order == ["one", "two"] * (RUNS + 1)
    assert set(times) == {"one", "two"} and min(times.values()) >= 0
