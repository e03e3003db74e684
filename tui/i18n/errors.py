"""Failures, and what to do about them."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    # Failures, and what to do about them.
    "error.address": ("“{where}”不是可用的服务地址", "“{where}” is not the address of a server"),
    "error.unreachable": ("连不上 {where}", "{where} cannot be reached"),
    "error.broken": ("与 {where} 的连接中途断了", "the connection to {where} broke"),
    "error.timeout": ("{where} 迟迟没有答复", "{where} takes too long to reply"),
    "error.key": ("{where} 不接受这个密钥", "{where} does not accept this key"),
    "error.problem": ("{where} 报告：{detail}", "{where} says: {detail}"),
    "error.reply": ("{where} 的答复不是问报接口的格式", "{where} does not reply as wenbao's API does"),
    "error.start": ("服务没能启动：{detail}", "the server did not start: {detail}"),
    "hint.address": ("地址要像 http://127.0.0.1:8000 这样写。", "Write it like http://127.0.0.1:8000."),
    "hint.unreachable": (
        "看看服务是否在运行、地址是否正确；会自动重试，F5 立即重试。",
        "See whether the server runs and the address is right; it is tried again by itself, or at once with F5.",
    ),
    "hint.broken": ("按 ↑ 取回问题再发一次。", "Bring the question back with ↑ and send it again."),
    "hint.timeout": ("稍后再问一次，或把问题改短。", "Ask again in a while, or more briefly."),
    "hint.key": (
        "退出后用 --api-key 或 WENBAO_API_KEY 给出密钥。",
        "Quit, and give the key with --api-key or WENBAO_API_KEY.",
    ),
    "hint.problem": ("F5 重试。", "F5 tries again."),
    "hint.reply": ("看看地址是否正确、两端版本是否一致。", "See whether the address is right and both versions agree."),
    "hint.start": ("退出后用 wenbao doctor 检查。", "Quit and look with: wenbao doctor"),
    "error.detail": ("（{detail}）", " ({detail})"),
    "error.hint": ("→ {hint}", "→ {hint}"),
}
