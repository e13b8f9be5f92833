"""What a session remembers of cases and of beds."""

from streamlit.testing.v1 import AppTest


def look_at_a_case_and_then_at_a_ward():
    import streamlit as st

    from pages.ui.shell import state

    state.memory("case")["encoded"] = 1
    for bed in range(12):
        state.memory(f"ward:bed-{bed}")["risks"] = bed
    st.write(f"case {state.memory('case').get('encoded')}")
    st.write(f"bed {state.memory('ward:bed-11').get('risks')} {state.memory('ward:bed-0').get('risks')}")


def test_looking_at_many_beds_forgets_no_reviewed_case_and_keeps_the_latest_beds():
    app = AppTest.from_function(look_at_a_case_and_then_at_a_ward, default_timeout=60).run()
    assert [m.value for m in app.markdown] == ["case 1", "bed 11 None"]
