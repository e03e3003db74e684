"""PDF: paragraphs, pages, headings, chapters, newspapers, and what is no text."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from reportlab.lib import pdfencrypt
from reportlab.lib.utils import ImageReader

from rag.corpus.articles import split_page
from rag.types import BlockRole
from tests.rag.corpus.formats.making import HEIGHT, LEFT, WIDTH, Print
from tests.rag.corpus.formats.reports import articles, read, reason, squashed

CANAL = "青禾镇北坡的老水渠昨天重新通水，三百二十户人家的稻田不再等雨，农户们说这是六十年来头一回在四月里见到满渠的水。"
COST = "镇水利站站长沈怀山说，修渠一共花了四十七万元，其中村民自筹九万元，剩下的由镇里和水利站一起承担下来。"
ORIGIN = "水渠建于一九六三年，全长四点二公里，当年由七个生产队一锤一锤凿成，石料取自后山。"
SCHOOL = "本报讯（记者林晓舟）石桥村的夜校上周开课，第一晚来了六十一个学员，教室是从前的粮仓，课桌由木匠们连夜打好。"
LIGHT = "本报讯（记者韩青）南湾灯塔停用十九年后重新点亮，灯光能照到十八海里以外，渔船夜里进港不必再等天亮。"


def picture(shade: int) -> ImageReader:
    """A grey picture as large as a page."""
    from PIL import Image

    stream = BytesIO()
    Image.new("L", (40, 60), shade).save(stream, "PNG")
    return ImageReader(stream)


def test_lines_become_paragraphs_and_sizes_headings(tmp_path: Path) -> None:
    sheet = Print(tmp_path / "a.pdf")
    sheet.heading("青禾镇修好老水渠")
    sheet.paragraph(CANAL)
    sheet.paragraph(COST)
    sheet.heading("水渠的来历", size=15)
    sheet.paragraph(ORIGIN)
    sheet.save()
    [article] = articles(tmp_path / "a.pdf")
    assert article.title == "青禾镇修好老水渠"
    assert [(block.role, article.text[block.start : block.end]) for block in article.blocks] == [
        (BlockRole.TITLE, "青禾镇修好老水渠"),
        (BlockRole.BODY, CANAL),
        (BlockRole.BODY, COST),
        (BlockRole.SUBHEAD, "水渠的来历"),
        (BlockRole.BODY, ORIGIN),
    ]


def test_every_character_is_on_its_page_and_a_sentence_goes_on_over_the_end_of_one(tmp_path: Path) -> None:
    sheet = Print(tmp_path / "a.pdf")
    sheet.paragraph(CANAL)
    left = sheet.paragraph(COST, lines=1)
    for number in (1, 2):
        sheet.page(foot=f"— {number} —")
        if number == 1:
            sheet.rest(left)
            sheet.paragraph(ORIGIN)
            continue
        sheet.paragraph(SCHOOL)
    sheet.page(foot="— 3 —")
    sheet.save()
    [page], skipped = read(tmp_path / "a.pdf")
    assert skipped == []
    assert page.layout is not None
    starts = page.layout.page_starts
    assert len(starts) == 3
    pieces = [page.text[start:end] for start, end in zip(starts, [*starts[1:], len(page.text)], strict=True)]
    assert [squashed(piece) for piece in pieces] == [CANAL + COST[:22], COST[22:] + ORIGIN, SCHOOL]
    assert [piece.endswith("\f") for piece in pieces] == [True, True, False]
    [article] = split_page(page)
    assert COST in [article.text[block.start : block.end] for block in article.blocks]


def test_latin_words_keep_their_blanks_and_broken_ones_are_made_whole(tmp_path: Path) -> None:
    sheet = Print(tmp_path / "a.pdf")
    for line in (
        "The canal above the village was built by",
        "seven teams and carries water to the sun-",
        "burnt fields below.",
    ):
        sheet.line(line)
    sheet.save()
    [article] = articles(tmp_path / "a.pdf")
    assert (
        article.text
        == "The canal above the village was built by seven teams and carries water to the sunburnt fields below."
    )


def test_a_chapter_of_the_outline_is_an_article(tmp_path: Path) -> None:
    sheet = Print(tmp_path / "a.pdf")
    for title, text in (("第一章 水渠", CANAL), ("第二章 花费", COST)):
        sheet.canvas.bookmarkPage(title)
        sheet.canvas.addOutlineEntry(title, title, level=0)
        sheet.heading(title)
        sheet.paragraph(text)
        sheet.page()
    sheet.save()
    found = articles(tmp_path / "a.pdf")
    assert [(one.title, one.text) for one in found] == [
        ("第一章 水渠", f"第一章 水渠{CANAL}"),
        ("第二章 花费", f"第二章 花费{COST}"),
    ]
    assert len({one.article_id for one in found}) == 2


def test_bylines_make_a_newspaper(tmp_path: Path) -> None:
    sheet = Print(tmp_path / "a.pdf")
    for title, text in (("石桥村办起夜校", SCHOOL), ("南湾灯塔重新点亮", LIGHT)):
        sheet.heading(title)
        sheet.paragraph(text)
    sheet.save()
    found = articles(tmp_path / "a.pdf")
    assert [(one.title, one.byline) for one in found] == [
        ("石桥村办起夜校", "本报讯（记者林晓舟）"),
        ("南湾灯塔重新点亮", "本报讯（记者韩青）"),
    ]


def test_two_columns_are_read_one_after_the_other(tmp_path: Path) -> None:
    sheet = Print(tmp_path / "a.pdf")
    left = sheet.paragraph(CANAL + COST, width=12, lines=6)
    sheet.y = 540
    for start in range(0, len(left), 12):
        sheet.line(left[start : start + 12], x=LEFT + 160)
    sheet.save()
    [article] = articles(tmp_path / "a.pdf")
    assert article.text == CANAL + COST
    assert len(article.blocks) == 1


def test_scanned_pages_are_named_and_the_others_read(tmp_path: Path) -> None:
    sheet = Print(tmp_path / "a.pdf")
    sheet.paragraph(CANAL)
    for shade in (200, 210, 220):
        sheet.page()
        sheet.canvas.drawImage(picture(shade), 0, 0, WIDTH, HEIGHT)
    sheet.page()
    sheet.save()
    [page], [skipped] = read(tmp_path / "a.pdf")
    assert squashed(page.text) == CANAL
    assert skipped.where == "a.pdf"
    assert skipped.reason.startswith("pages 2–4: scanned, no text; run OCR first")


def test_a_scan_is_no_text(tmp_path: Path) -> None:
    sheet = Print(tmp_path / "a.pdf")
    sheet.canvas.drawImage(picture(200), 0, 0, WIDTH, HEIGHT)
    sheet.save()
    assert reason(tmp_path / "a.pdf").startswith("page 1: scanned, no text")


def test_an_encrypted_file_is_named_as_one(tmp_path: Path) -> None:
    locked = pdfencrypt.StandardEncryption("geheim", canPrint=0)
    sheet = Print(tmp_path / "a.pdf", encrypt=locked)
    sheet.paragraph(CANAL)
    sheet.save()
    assert "encrypted" in reason(tmp_path / "a.pdf")


@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
def test_a_file_that_is_cut_off_stops_nothing(tmp_path: Path, share: float) -> None:
    sheet = Print(tmp_path / "whole.pdf")
    sheet.paragraph(CANAL)
    sheet.save()
    data = (tmp_path / "whole.pdf").read_bytes()
    cut = tmp_path / "a.pdf"
    cut.write_bytes(data[: int(share * len(data))])
    pages, skipped = read(cut)  # PDFium mends what it can
    assert bool(pages) != bool(skipped)


def test_equal_files_give_equal_texts(tmp_path: Path) -> None:
    for name in ("a.pdf", "b.pdf"):
        sheet = Print(tmp_path / name)
        sheet.heading("青禾镇修好老水渠")
        sheet.paragraph(CANAL)
        sheet.save()
    texts = [read(tmp_path / name)[0][0].text for name in ("a.pdf", "b.pdf")]
    assert texts[0] == texts[1]
