"""The shipped Streamlit settings keep the app private and quiet."""

import tomllib

from mmcore.paths import ROOT

SETTINGS = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))


def test_the_server_listens_on_this_machine_only_and_reports_nothing():
    assert SETTINGS["server"]["address"] == "127.0.0.1"
    assert SETTINGS["browser"]["gatherUsageStats"] is False
    assert SETTINGS["server"]["enableAgentApi"] is False


def test_no_traceback_is_shown_and_uploads_are_limited():
    assert SETTINGS["client"]["showErrorDetails"] == "none"
    assert 0 < SETTINGS["server"]["maxUploadSize"] <= 500


def test_a_server_started_from_this_folder_uses_these_settings():
    from streamlit import config

    assert config.get_option("client.showErrorDetails") == "none"
    assert config.get_option("browser.gatherUsageStats") is False
