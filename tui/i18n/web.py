"""Words of the page that holds the terminal in a browser, and of the replies to those who may not have it."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "web.title": ("问报", "wenbao"),
    "web.starting": ("正在启动……", "Starting …"),
    "web.closed": ("会话已结束。", "The session has ended."),
    "web.again": ("重新开始", "Start again"),
    "web.no_script": ("请为本页启用 JavaScript。", "Allow JavaScript for this page."),
    "web.failed": (
        "浏览器画不出终端：请打开 WebGL，或换一个浏览器。",
        "The terminal cannot be drawn: turn WebGL on, or use another browser.",
    ),
    "web.host": ("请用 wenbao web 显示的地址打开本页。", "Open this page by the address that wenbao web has shown."),
    "web.origin": ("其他网站的页面不能使用这个终端。", "Pages of other sites may not use this terminal."),
    "web.key": (
        "缺少密钥：请用 wenbao web 显示的完整地址打开本页。",
        "The key is missing: open the whole address that wenbao web has shown.",
    ),
}
