"""The shipped monitor on made-up stays: accounts that add up, silence that is said, alerts that are kept."""

import json
from dataclasses import replace

import numpy as np
import pytest
import sqlalchemy

from mmcore.cli import main as cli
from mmcore.domain.errors import NothingToPredictError
from mmcore.domain.stream import Reading, Stay
from mmcore.metrics.alerts import AlertRule, alert_table, raised_at
from mmcore.monitor import ward
from mmcore.monitor.risk import explain, moved, risk_at, risks
from mmcore.monitor.watch import Watch, watch_lines
from mmcore.paths import DEMONSTRATIONS
from mmcore.stores.stream_store import load_stream
from mmcore.tasks import stream_task

TASK = stream_task("icu_mortality")
STAYS = DEMONSTRATIONS / TASK.name


@pytest.fixture(scope="module")
def stored():
    return load_stream(TASK.name)


@pytest.fixture(scope="module")
def beds(stored):
    return ward.open_ward(stored)


def test_the_account_adds_up_at_every_bed_and_hour(stored, beds):
    for bed in beds:
        for hour in (1, 13, 30, 48):
            made = explain(stored.model, TASK, bed.stay, hour * 60)
            assert abs(made.residual) < 1e-9
            assert made.total == pytest.approx(bed.risks[hour].evidence, abs=1e-9)
            assert made.values.shape == (len(TASK.fields) + 1, hour + 1)


def test_what_moved_the_risk_is_the_difference_of_two_accounts(stored, beds):
    before, now = (explain(stored.model, TASK, beds[0].stay, h * 60) for h in (12, 36))
    assert sum(moved(before, now).values()) == pytest.approx(now.total - before.total, abs=1e-9)


def test_a_parameter_that_was_never_measured_may_count_only_in_the_present_hour(stored, beds):
    made = explain(stored.model, TASK, beds[5].stay, 600)
    never = made.rows.index("TroponinT")
    assert not (beds[5].stay.parameters == never).any()
    assert np.count_nonzero(made.values[never, :-1]) == 0


def test_six_hours_without_a_measurement_are_told(beds):
    gap = next(b for b in beds if b.key == "bed-7")
    told = {h for h, r in enumerate(gap.risks) if r and any(n.code == "stream_silent" for n in r.notices)}
    assert told and all(31 <= h <= 34 for h in told)


def test_admission_facts_alone_give_no_risk(stored):
    stay = Stay("s", np.zeros(2), np.array([0, 1]), np.array([70.0, 1.0]))
    with pytest.raises(NothingToPredictError):
        risk_at(stored.model, TASK, stay, 60)


def test_corrections_of_a_bed_count_once_they_are_agreed_to_and_those_of_the_others_still_wait(stored, beds):
    agreed = {bed.key: bed for bed in ward.open_ward(stored, ["bed-8"])}
    gained = {bed.key: len(agreed[bed.key].stay.minutes) - len(bed.stay.minutes) for bed in beds}
    assert {key: count for key, count in gained.items() if count} == {"bed-8": 3}
    assert ward.with_consent(ward.with_consent(ward.WardSettings(), "bed-8"), "bed-8").agreed == ()


def test_after_two_days_the_risk_stays_and_says_so(stored, beds):
    at_end, later = risks(stored.model, TASK, beds[0].stay, [2880, 4000])
    assert later.probability == pytest.approx(at_end.probability)
    assert [n.code for n in later.notices] == ["stream_silent", "stream_beyond_horizon"]


def test_an_alert_needs_two_hours_and_rearms_only_clearly_below():
    rule = AlertRule(0.5)
    assert raised_at([0.6, 0.1, 0.6, 0.6, 0.45, 0.6, 0.6, 0.2, 0.7, 0.7], rule) == [(3, 7), (9, None)]
    assert raised_at([None, 0.6, None, 0.6], rule) == [(3, None)]


def test_the_table_of_a_threshold_by_pencil():
    risks_ = np.array([[0.6, 0.6, 0.1, 0.1], [0.1, 0.6, 0.6, 0.6], [0.1, 0.1, 0.1, 0.1]])
    row = alert_table(risks_, np.array([1, 0, 1]), [0.5], hours=48)[0]
    assert row == {
        "threshold": 0.5, "sensitivity": 0.5, "precision": 0.5, "alerts_per_100_patient_days": pytest.approx(100 * 2 / 6)
    }  # fmt: skip


def test_alerts_are_raised_once_kept_and_cleared(beds, tmp_path):
    store = ward.AlertStore(sqlalchemy.create_engine(f"sqlite:///{tmp_path / 'ward.db'}"))
    settings = ward.WardSettings(hour=20, threshold=0.3)
    for _ in range(2):
        settings = ward.bring_up_to(store, "w", beds, settings)
    first = {a.stay: a for a in store.alerts("w")}
    assert "bed-1" in first
    store.snooze(first["bed-1"].number, 24)
    again = ward.AlertStore(sqlalchemy.create_engine(f"sqlite:///{tmp_path / 'ward.db'}"))
    kept = {a.stay: a for a in again.alerts("w")}["bed-1"]
    assert (kept.state(22), kept.state(24)) == ("snoozed", "open")
    again.acknowledge(kept.number)
    ward.keep(again, "w", settings)
    assert ward.settings_of(store, "w") == settings
    assert {a.stay: a for a in store.alerts("w")}["bed-1"].state(30) == "acknowledged"
    ward.restart(store, "w", settings)
    assert store.alerts("w") == ()


def test_a_replay_turned_back_to_where_a_cleared_alert_was_raised_leaves_it_cleared(beds, tmp_path):
    store = ward.AlertStore(sqlalchemy.create_engine(f"sqlite:///{tmp_path / 'ward.db'}"))
    some = next(r for r in beds[0].risks if r is not None)
    bed = replace(beds[0], risks=tuple(replace(some, probability=p) for p in (0.1, 0.6, 0.6, 0.1, 0.1)))
    settings = ward.bring_up_to(store, "w", [bed], ward.WardSettings(hour=4, threshold=0.5))
    ward.bring_up_to(store, "w", [bed], replace(settings, hour=2))
    assert [(a.raised_hour, a.cleared_hour) for a in store.alerts("w")] == [(2, 3)]


def test_a_stream_raises_an_alert_and_survives_whatever_comes(stored, beds):
    stay = beds[0].stay
    lines = [
        json.dumps({"stay": "a", "minute": float(m), "parameter": TASK.fields[p].name, "value": float(v)})
        for m, p, v in zip(stay.minutes[::8], stay.parameters[::8], stay.values[::8], strict=True)
    ]
    lines[20:20] = [
        "no json",
        json.dumps({"stay": "a", "minute": 3, "parameter": "HR", "value": 90}),
        lines[5],
    ]
    watch = Watch(stored.model, TASK, AlertRule(0.3))
    told = list(watch_lines(watch, lines))
    codes = {n["code"] for line in told for n in line["notices"]}
    assert {"stream_line_unreadable", "stream_late", "stream_repeated"} <= codes
    assert [line["alert"] for line in told if "alert" in line][:1] == ["raised"]
    assert watch.summary()["a"]["used"] == len(lines) - 2


def test_a_pushed_stream_says_once_that_the_model_has_nothing_to_say_of_so_late_an_hour(stored):
    watch = Watch(stored.model, TASK, AlertRule(0.3))
    lines = [
        json.dumps({"stay": "a", "minute": m, "parameter": "HR", "value": 90})
        for m in (2800, 2890, 2950, 3000)
    ]
    codes = [n["code"] for line in watch_lines(watch, lines) for n in line["notices"]]
    assert codes.count("stream_beyond_horizon") == 1


def test_several_stays_do_not_mix(stored):
    watch = Watch(stored.model, TASK, AlertRule(0.3))
    for stay, value in (("a", 60), ("b", 140)):
        watch.push(Reading(stay, 10, "HR", value))
    assert [kept.log.stay().values.tolist() for kept in watch.stays.values()] == [[60], [140]]


def run(capsys, *arguments: str) -> tuple[int, dict]:
    code = cli.main([*arguments, "--json"])
    return code, json.loads(capsys.readouterr().out.splitlines()[-1])


def test_predict_gives_the_contracts_keys_and_an_exact_sum(capsys):
    code, out = run(
        capsys,
        "predict",
        "--task",
        "icu_mortality",
        "--vitals",
        str(STAYS / "bed-3" / "measurements.csv"),
    )
    made = out["attributions"][0]
    assert code == 0
    assert out["contrast"]["total"] == pytest.approx(
        out["prior_logits"]["death_in_hospital"] + out["evidence"]["clinical"]["death_in_hospital"]
    )
    assert made["total"] == pytest.approx(made["constant"] + made["sum"] + made["residual"], abs=1e-12)
    assert {"probabilities", "prediction_set", "warnings", "model", "news2"} <= set(out)


def test_another_prior_moves_the_probability_and_not_the_evidence(capsys):
    file = str(STAYS / "bed-3" / "measurements.csv")
    usual = run(capsys, "predict", "--task", "icu_mortality", "--vitals", file)[1]
    rare = run(
        capsys, "predict", "--task", "icu_mortality", "--vitals", file, "--prior", "death_in_hospital=0.01"
    )[1]
    assert rare["evidence"] == usual["evidence"]
    assert rare["probabilities"]["death_in_hospital"] < usual["probabilities"]["death_in_hospital"]


def test_all_missing_vitals_are_refused_with_a_sentence(capsys, tmp_path):
    file = tmp_path / "stay.csv"
    file.write_text("minute,parameter,value\n0,Age,70\n0,Weight,-1\n5,HR,\n")
    code, out = run(capsys, "predict", "--task", "icu_mortality", "--vitals", str(file))
    assert code == 2
    assert out["error"]["code"] == "nothing_to_predict"
    assert "No vital sign" in out["error"]["message"]


def test_fahrenheit_is_used_only_with_consent(capsys, tmp_path):
    file = tmp_path / "stay.csv"
    file.write_text("minute,parameter,value\n0,Age,70\n5,HR,90\n6,Temp,98.6\n")
    code, out = run(capsys, "predict", "--task", "icu_mortality", "--vitals", str(file))
    agreed = run(capsys, "predict", "--task", "icu_mortality", "--vitals", str(file), "--accept-corrections")[
        1
    ]
    assert code == 0
    assert [w["code"] for w in out["warnings"]] == ["value_correctable"]
    assert [w["code"] for w in agreed["warnings"]] == ["value_corrected"]


def test_a_stream_task_has_no_review(capsys):
    code, out = run(capsys, "compare", "--task", "icu_mortality", "--data", str(STAYS))
    assert (code, out["error"]["code"]) == (2, "nothing_to_join")


def test_values_that_are_nearly_all_beyond_belief_are_doubted_and_the_ward_does_not_fall_silent(stored):
    def told(values: dict[str, float]) -> tuple[float, set[str]]:
        names = [f.name for f in TASK.fields]
        stay = Stay(
            "s",
            np.full(len(values), 30.0),
            np.array([names.index(n) for n in values]),
            np.array([*values.values()]),
        )
        found = risk_at(stored.model, TASK, stay, 60)
        return found.probability, {n.code for n in found.notices}

    chance, codes = told(
        {
            "heart_rate_per_min": 290.0,
            "systolic_pressure_mmhg": 30.0,
            "temperature_celsius": 42.9,
            "Lactate": 29.0,
            "leukocytes_10e9_per_l": 190.0,
        }
    )
    assert chance > 0 and "stream_all_extreme" in codes
    _, codes = told(
        {
            "heart_rate_per_min": 290.0,
            "systolic_pressure_mmhg": 30.0,
            "temperature_celsius": 37.0,
            "Lactate": 1.2,
            "leukocytes_10e9_per_l": 8.0,
        }
    )
    assert "stream_all_extreme" not in codes, "one or two such values are a very ill patient"
