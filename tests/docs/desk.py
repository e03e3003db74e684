"""What lies on the desk of a reader of the documents: the files that their examples name.

| `vectors/` | the index of the built-in sample, and before it a generation of other pages |
| `my-pages/` | a corpus of their own: pages of text, an article with front matter, records, `reports/canal.pdf` |
| `town/night-bus.pdf` | what a browser prints of the page that the tutorial shows |
| `page.txt` | a page that is in no corpus yet |
| `questions.jsonl` | some of the sample's own questions, as `wenbao eval` reads them |
| `words.txt` | a user dictionary |
| `pages/`, `conversation.json` | the pages of the sample, and a conversation about them, as the terminal UI writes it |
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from rag.settings import sample_path
from tests.rag.corpus.formats.making import Print

if TYPE_CHECKING:
    from rag.types import Answer

PAGES = {
    "page-1.txt": "图书馆周一闭馆\n　　本报讯(记者江小舟)从下月起，河湾区图书馆每周一闭馆整理书架，其余六天开放。\n",
    "2024/0612.txt": "旧厂房里开夜校\n　　本报讯(记者林望)城南的旧厂房上周开了夜校，木工和裁缝两门课，来了七十二人。\n",
    "lighthouse.md": "---\ntitle: 南湾灯塔重新点亮\ndate: 2022-11-05\nauthor: 韩青\nplace: 无锡市\n---\n"
    "南湾的灯塔熄了十一年，昨晚六点又亮了，守塔人的儿子按下了开关。\n",
}
RECORDS = [
    {"id": "n-31", "title": "街心公园添了二十盏灯", "text": "街心公园新装的二十盏路灯上周亮起，散步的人可以走到十点。"},
    {"id": "n-32", "text": "渡口的末班船改在十一点。", "date": "2024-06-12", "place": ["江苏省", "无锡市"]},
]
NIGHT_BUS = (
    "青石镇公交公司通知,夜间公交N1路12月1日开行。",
    "N1路从镇汽车站到高铁青石站,全程14公里,设11个站。首班车19时30分发车,末班车23时10分发车,票价2元。",
)
CANAL = "青禾镇北坡的老水渠昨天重新通水，三百二十户人家的稻田不再等雨。修渠一共花了四十七万元，村民自筹九万元。"


def lay_pages(folder: Path) -> None:
    """Makes the corpus of the reader's own."""
    for name, text in PAGES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in RECORDS)
    (folder / "news.jsonl").write_text(lines, encoding="utf-8")
    (folder / "reports").mkdir()
    _print(folder / "reports" / "canal.pdf", "老水渠重新通水", CANAL)


def _print(path: Path, heading: str, *paragraphs: str) -> None:
    """Makes a PDF of one page."""
    sheet = Print(path)
    sheet.heading(heading)
    for paragraph in paragraphs:
        sheet.paragraph(paragraph)
    sheet.page()
    sheet.save()


def lay(folder: Path, vectors: Path, answer: Answer) -> None:
    """Puts all of it into an empty folder.

    Args:
        folder: the reader's working folder.
        vectors: the index, which is copied.
        answer: the one of which the conversation consists.
    """
    shutil.copytree(vectors, folder / "vectors")
    lay_pages(folder / "my-pages")
    (folder / "town").mkdir()
    _print(folder / "town" / "night-bus.pdf", "青石镇夜间公交12月开行", *NIGHT_BUS)
    (folder / "page.txt").write_text(PAGES["2024/0612.txt"].replace("夜校", "书场"), encoding="utf-8")
    (folder / "words.txt").write_text("河湾区图书馆 5 n\n", encoding="utf-8")
    questions = (sample_path().parent / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    (folder / "questions.jsonl").write_text("\n".join(questions[:4]) + "\n", encoding="utf-8")
    shutil.copytree(sample_path(), folder / "pages")
    (folder / "conversation.json").write_text(_conversation(answer), encoding="utf-8")


def _conversation(answer: Answer) -> str:
    from server.schemas import AskResponse

    citations = AskResponse.from_answer(answer).model_dump(mode="json")["citations"]
    return json.dumps({"format": "wenbao.conversation", "version": 1, "turns": [{"citations": citations}]})
