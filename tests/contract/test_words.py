"""The words: one table a language, with the same codes and the same blanks to fill in."""

import ast
import re
import string

import pytest

from mmcore.domain.errors import CaseNotFoundError
from mmcore.domain.notice import Notice
from mmcore.paths import ROOT
from mmcore.tasks import all_tasks
from mmcore.words import LANGUAGES, say, table, tell

SCREENS = [ROOT / "app.py", *sorted((ROOT / "pages").rglob("*.py"))]


def blanks(sentence: str) -> set[str]:
    """The names of the {placeholders} of a sentence."""
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


def test_every_code_is_in_every_language():
    codes = {language: set(table(language)) for language in LANGUAGES}
    assert codes["en"] == codes["zh"]
    assert len(codes["en"]) > 100


def test_every_sentence_has_the_same_blanks_in_every_language():
    english, chinese = table("en"), table("zh")
    assert [code for code in english if blanks(english[code]) != blanks(chinese[code])] == []


def test_no_sentence_is_left_untranslated():
    letters = re.compile(r"[A-Za-z]{4,}")
    same = [
        c
        for c, s in table("en").items()
        if s == table("zh")[c] and letters.search(re.sub(r"\{[^}]*\}", "", s))
    ]
    assert same == []


def test_a_named_value_is_put_into_words():
    assert say("flag.missing", "en", modality="text") == "no note"
    assert say("flag.missing", "zh", modality="text") == "缺病历"


def test_an_unknown_code_gives_its_last_part_so_that_a_new_task_needs_no_entry():
    assert say("label.congestive_heart_failure") == "congestive heart failure"
    assert say("flag.missing", "en", modality="gait_video") == "no gait video"


def test_a_language_without_a_table_is_refused():
    with pytest.raises(ValueError, match="'fr'"):
        say("app.disclaimer", "fr")


def test_an_error_is_told_with_its_values():
    assert "“abc”" in tell(CaseNotFoundError("case_not_found", key="abc"))
    assert tell(Notice("something_new_happened")) == "something new happened"


def test_every_label_field_and_modality_of_every_task_has_a_name():
    for task in all_tasks().values():
        wanted = [f"label.{k}" for k in task.labels] + [f"field.{f.name}" for f in task.fields]
        wanted += [f"modality.{m}" for m in task.modalities] + [f"task.{task.name}"]
        wanted += [f"screen.masked.{term.category}" for term in getattr(task, "leak_terms", ())]
        assert [code for code in wanted if code not in table("en")] == []


def literal_sentences(source: str) -> list[str]:
    """String constants with two words or more that are not docstrings, markup, links, styles or codes."""
    tree = ast.parse(source)
    documented = (ast.Module, ast.FunctionDef, ast.ClassDef)
    docs = {
        id(n.body[0].value)
        for n in ast.walk(tree)
        if isinstance(n, documented) and n.body and isinstance(n.body[0], ast.Expr)
    }
    texts = [
        n.value
        for n in ast.walk(tree)
        if isinstance(n, ast.Constant) and isinstance(n.value, str) and id(n) not in docs
    ]
    spoken = [re.sub(r"<[^>]*>?|[^<]*>|&\w+;", " ", text) for text in texts]
    return [
        text
        for text in spoken
        if re.search(r"[A-Za-z]{2,}[,.;]? +[a-z]{2,}", text) and not re.search(r"[:={}]|--", text)
    ]


def test_no_screen_contains_a_literal_sentence():
    assert {
        p.name: found for p in SCREENS if (found := literal_sentences(p.read_text(encoding="utf-8")))
    } == {}


def test_the_search_for_literal_sentences_finds_one():
    assert literal_sentences('"""Doc string here."""\nst.button("Open the case")') == ["Open the case"]
    assert literal_sentences('st.html("<b>Open the case</b>")') != []


def codes_used(source: str) -> set[str]:
    """Whole codes that a screen looks up: t("a.b.c")."""
    return set(re.findall(r'\b(?:t|heading)\(\s*"([a-z0-9_.]+)"', source))


def test_every_code_that_a_screen_looks_up_exists():
    missing = {
        p.name: gone
        for p in SCREENS
        if (gone := codes_used(p.read_text(encoding="utf-8")) - set(table("en")))
    }
    assert missing == {}
