"""Laws of whatever text is taken out of whatever file: nothing lost, nothing told twice, every span right."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.corpus.formats.base import Facts, TextBuilder, numbers_in_words
from rag.corpus.formats.printed import PrintedLine, paragraphs_of
from rag.corpus.formats.reading import read_document
from rag.types import BlockRole, Layout, Page
from tests.rag.corpus.formats.making import Print, write_docx, write_epub
from tests.rag.corpus.formats.reports import check, squashed

texts = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from("渠水。，\n\f\r\u2028\u3000 \t\0\u200b"), max_size=60
)
pieces = st.tuples(texts, st.sampled_from([BlockRole.BODY, BlockRole.TITLE, BlockRole.SUBHEAD]))
printed = st.builds(
    lambda text, left, bottom, width, height: PrintedLine(text, left, bottom, left + width, bottom + height),
    st.text("渠水。，aZ9-\u3000", min_size=1, max_size=20).filter(str.strip),
    *(st.floats(0, 600), st.floats(0, 800), st.floats(1, 400), st.floats(1, 40)),
)


@given(st.lists(st.lists(pieces | st.none(), max_size=8), max_size=4))
def test_sections_hold_every_character_of_a_text_once(sections: list[list[tuple[str, BlockRole] | None]]) -> None:
    builder = TextBuilder()
    for section in sections:
        for piece in section:
            if piece is None:
                builder.end_page()
            else:
                builder.add(*piece)
        builder.end_section(Facts())
    if builder.sections:
        check(Page("a.pdf", builder.text, layout=Layout(tuple(builder.sections))))
    assert builder.length == len(builder.text)


@given(st.lists(printed, max_size=12))
def test_paragraphs_hold_every_character_of_their_lines_in_order(lines: list[PrintedLine]) -> None:
    found = paragraphs_of(lines)
    assert squashed("".join(one.text for one in found)) == squashed("".join(line.text for line in lines))
    assert sum(one.lines for one in found) == len(lines)


@given(data=st.binary(max_size=400), suffix=st.sampled_from([".pdf", ".html", ".docx", ".epub"]))
def test_no_bytes_are_fatal(tmp_path_factory: pytest.TempPathFactory, data: bytes, suffix: str) -> None:
    path = tmp_path_factory.mktemp("bytes") / f"a{suffix}"
    path.write_bytes(data)
    found = list(read_document(path, path.name))
    assert found
    for page in found:
        if isinstance(page, Page):
            check(page)
        else:
            assert "not foreseen" not in page.reason


@pytest.fixture(scope="module")
def wholes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A sound file of each kind."""
    folder = tmp_path_factory.mktemp("sound")
    sheet = Print(folder / "a.pdf")
    sheet.paragraph("老周赶着三头骡子出了山口，身上只带了两块干粮。")
    sheet.save()
    write_epub(folder / "a.epub", [("出山", "<p>老周赶着三头骡子出了山口。</p>")])
    write_docx(folder / "a.docx", [("Title", "出山"), ("Normal", "老周赶着三头骡子出了山口。")])
    return {path.suffix: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("suffix", [".pdf", ".epub", ".docx"])
@given(data=st.data())
def test_no_change_of_a_byte_is_fatal(
    wholes: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory, suffix: str, data: st.DataObject
) -> None:
    changed = bytearray(wholes[suffix])
    at = data.draw(st.integers(0, len(changed) - 1))
    changed[at] ^= data.draw(st.integers(1, 255))
    path = tmp_path_factory.mktemp("bytes") / f"a{suffix}"
    path.write_bytes(changed)
    found = list(read_document(path, path.name))
    assert found
    for page in found:
        if isinstance(page, Page):
            check(page)
        else:
            assert "not foreseen" not in page.reason


@given(st.sets(st.integers(1, 60)))
def test_page_numbers_in_words_name_each_once(numbers: set[int]) -> None:
    named: list[int] = []
    for part in numbers_in_words(sorted(numbers)).split(", ") if numbers else []:
        first, _, last = part.partition("–")
        named += range(int(first), int(last or first) + 1)
    assert named == sorted(numbers)
