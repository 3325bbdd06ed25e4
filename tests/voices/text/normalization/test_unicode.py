from __future__ import annotations

import pytest
from speechzip.voices.text.normalization.unicode import clean, is_readable


@pytest.mark.parametrize(
    ("text", "readable"),
    [
        ("All Latin: naïve café, Łódź, Nguyễn.", True),
        ("She said привет to 世界.", True),
        ("Привет, Tom", False),
        ("你好世界 OK", False),
        ("مرحبا", False),
        ("12:30 — 👍?", True),
        ("", True),
    ],
)
def test_text_with_more_than_half_of_its_letters_in_other_scripts_is_not_readable(text: str, readable: bool) -> None:
    assert is_readable(text) == readable


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Ångström, Łódź", "Ångström, Łódź"),
        ("Nguyễn", "Nguyen"),
        ("e\u0301te\u0301", "été"),
        ("z\u0335\u0334\u0316\u0300" * 2 + "a" + "\u0300\u0316" * 1000, "zzà"),
        ("Ελλάδα 東京 안녕", "Ellada dong jing annyeong"),
        ("ﬁne ｆｕｌｌ", "fine full"),
        ("tab\tnul\0bell\a", "tab nul bell"),
        ("new\n\nparagraph", "new. paragraph"),
        ("🙂🙂", ""),
    ],
)
def test_characters(text: str, plain: str) -> None:
    assert clean(text).strip() == plain
