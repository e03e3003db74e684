"""The corpus as a tree: its folders and files, and the places that its articles are about, each with its articles.

A level is fetched when it is opened, and no more of it than fits a page.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, ClassVar

from rich.style import Style
from rich.text import Text
from textual import on, work
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Tree
from textual.widgets.tree import TreeNode

from tui.i18n import Words
from tui.remote.browsing import Marks, Query
from tui.remote.link import Link
from tui.text.glyphs import clip

if TYPE_CHECKING:
    from tui.remote.client import Client, ClientError

LEVEL = 100
"""Folders, files or places fetched at once."""


class Kind(Enum):
    """What a node of the tree stands for."""

    SOURCES = auto()
    """All sources together."""
    PLACES = auto()
    SOURCE = auto()
    PLACE = auto()
    MORE = auto()
    """The rest of a level of sources."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A node of the tree."""

    kind: Kind
    name: str = ""
    """What it filters by: a file, a folder ending in `/`, or the name of a place."""
    under: str = ""
    """Where its level is fetched: the folder, or the names of the places from the province down; of a rest, what it is
    the rest of."""
    articles: int = 0
    cursor: str = ""
    """Of a rest: where it begins."""

    @property
    def can_open(self) -> bool:
        """Whether there may be something below it."""
        return self.kind in {Kind.SOURCES, Kind.PLACES, Kind.PLACE} or self.name.endswith("/")


class CorpusTree(Tree[Leaf]):
    """Shows what there is to list by; a chosen node is told, and so is one to mark.

    Args:
        link: the connection to the server.
        words: the interface's words.
        marks: what is marked.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right", "open", show=False),
        Binding("left", "close", show=False),
    ]
    ICON_NODE = "▸ "
    ICON_NODE_EXPANDED = "▾ "

    class Chosen(Message):
        """Articles of a source or place are wanted, or of all of them."""

        def __init__(self, leaf: Leaf) -> None:
            super().__init__()
            self.leaf = leaf

    class MarkWanted(Message):
        """The node under the cursor is to be marked, or no more."""

    class Failed(Message):
        """A level could not be fetched."""

        def __init__(self, error: ClientError) -> None:
            super().__init__()
            self.error = error

    def __init__(self, link: Link, words: Words, marks: Marks) -> None:
        super().__init__("", id="corpus-tree")
        self.show_root = False
        self.auto_expand = False
        self.guide_depth = 2
        self._link = link
        self._words = words
        self._marks = marks
        self._query = Query()
        self._open: set[tuple[Kind, str]] = {(Kind.SOURCES, ""), (Kind.PLACES, "")}
        """The nodes that are open, and are opened again when the tree is fetched anew."""

    def on_mount(self) -> None:
        self.reload()

    @property
    def leaf(self) -> Leaf | None:
        """The node under the cursor."""
        return self.cursor_node.data if self.cursor_node is not None else None

    def reload(self) -> None:
        """Fetches everything that is open anew: another generation may hold other things."""
        self.root.remove_children()
        for kind in (Kind.SOURCES, Kind.PLACES):
            self._add(self.root, Leaf(kind))
        self.root.expand()

    def show_query(self, query: Query) -> None:
        """Shows which source and place the articles are narrowed down to."""
        self._query = query
        self.relabel()

    def on_resize(self) -> None:
        self.relabel()

    def relabel(self) -> None:
        """Draws again: the language or what is marked has changed, or the room for names."""
        self._invalidate()
        self.refresh()

    def render_label(self, node: TreeNode[Leaf], base_style: Style, style: Style) -> Text:
        leaf = node.data
        if leaf is None:
            return Text("")
        icon = (self.ICON_NODE_EXPANDED if node.is_expanded else self.ICON_NODE) if node.allow_expand else "  "
        text = Text(icon, base_style + Style.from_meta({"toggle": True} if node.allow_expand else {}), no_wrap=True)
        if self._is_marked(leaf):
            text.append("● ", style)
        is_current = leaf.name and leaf.name in (self._query.source, self._query.place)
        count = f" {leaf.articles:,}" if leaf.articles else ""
        room = self.size.width - self.guide_depth * _depth(node) - text.cell_len - len(count)
        name = clip(self._name_of(leaf), max(room, 8))
        text.append(name, style + Style(bold=True, underline=True) if is_current else style)
        text.append(count, style + Style(dim=True))
        return text

    def _name_of(self, leaf: Leaf) -> str:
        named = {
            Kind.SOURCES: "corpus.tree.sources",
            Kind.PLACES: "corpus.tree.places",
            Kind.MORE: "corpus.tree.more",
        }
        if leaf.kind in named:
            return self._words(named[leaf.kind])
        if leaf.kind is Kind.PLACE:
            return leaf.name
        return leaf.name[leaf.name.rstrip("/").rfind("/") + 1 :]

    def _is_marked(self, leaf: Leaf) -> bool:
        return (leaf.kind is Kind.SOURCE and leaf.name in self._marks.sources) or (
            leaf.kind is Kind.PLACE and leaf.name in self._marks.places
        )

    def _add(self, above: TreeNode[Leaf], leaf: Leaf) -> None:
        node = above.add("", leaf, allow_expand=leaf.can_open)
        if (leaf.kind, leaf.under) in self._open and leaf.can_open:
            node.expand()

    # ------------------------------------------------------------------------------------------- opening and fetching

    @on(Tree.NodeExpanded)
    def _node_opened(self, event: Tree.NodeExpanded[Leaf]) -> None:
        event.stop()
        leaf = event.node.data
        if leaf is not None:
            self._open.add((leaf.kind, leaf.under))
            if not event.node.children:
                self._fill(event.node, leaf)

    @on(Tree.NodeCollapsed)
    def _node_closed(self, event: Tree.NodeCollapsed[Leaf]) -> None:
        event.stop()
        if event.node.data is not None:
            self._open.discard((event.node.data.kind, event.node.data.under))

    @work
    async def _fill(self, node: TreeNode[Leaf], leaf: Leaf) -> None:
        """Fetches what is below a node, or the rest of what is beside one."""
        client = await self._link.client()
        from tui.remote.client import ClientError  # imported by now: the link needed it

        try:
            found = await (_places(client, leaf) if leaf.kind in _OF_PLACES else _sources(client, leaf))
        except ClientError as error:
            node.collapse()
            self.post_message(self.Failed(error))
            return
        above = node
        if leaf.kind is Kind.MORE and node.parent is not None:
            above = node.parent
            node.remove()
        elif node.children:  # opened twice before the first answer came
            return
        for below in found:
            self._add(above, below)
        if not found:
            node.allow_expand = False
            self.relabel()

    # -------------------------------------------------------------------------------------------------------- choosing

    @on(Tree.NodeSelected)
    def _node_selected(self, event: Tree.NodeSelected[Leaf]) -> None:
        event.stop()
        leaf = event.node.data
        if leaf is None:
            return
        if leaf.kind is Kind.MORE:
            self._fill(event.node, leaf)
        else:
            self.post_message(self.Chosen(leaf))

    def action_toggle_node(self) -> None:
        """Space marks here as it does among the articles; → and ← open and close."""
        self.post_message(self.MarkWanted())

    def action_open(self) -> None:
        """Opens a node, or goes to the first one below it."""
        node = self.cursor_node
        if node is not None and node.allow_expand:
            if node.is_expanded:
                self.action_cursor_down()
            else:
                node.expand()

    def action_close(self) -> None:
        """Closes a node, or goes to the one above it."""
        node = self.cursor_node
        if node is not None and node.is_expanded and node.allow_expand:
            node.collapse()
        else:
            self.action_cursor_parent()


def _depth(node: TreeNode[Leaf]) -> int:
    """How many nodes are above one, the root that is not shown left out."""
    depth, above = 0, node.parent
    while above is not None and above.parent is not None:
        depth, above = depth + 1, above.parent
    return depth


_OF_PLACES = frozenset({Kind.PLACES, Kind.PLACE})


async def _sources(client: Client, leaf: Leaf) -> list[Leaf]:
    page = await client.sources(under=leaf.under, limit=LEVEL, cursor=leaf.cursor or None)
    found = [Leaf(Kind.SOURCE, one.source, one.source, one.articles) for one in page.items]
    return [*found, Leaf(Kind.MORE, under=leaf.under, cursor=page.next_cursor)] if page.next_cursor else found


async def _places(client: Client, leaf: Leaf) -> list[Leaf]:
    page = await client.places(under=leaf.under, limit=LEVEL)
    return [Leaf(Kind.PLACE, one.place[-1], "/".join(one.place), one.articles) for one in page.items]
