"""What a browser says while it has no connection to the server: a sentence in the page's language, in Streamlit's dialog.

Streamlit says there, in English, how a developer starts his script, or asks for the internet in a room that needs none. The page
cannot be told then, so it is told in advance: by style alone, which holds while there is no connection. Where another version of
Streamlit draws its dialog in another way, its own words are back.
"""

from __future__ import annotations

import json

from mnist_core.ui.texts import _

_LOST = 'body:has([data-testid="stApp"][data-test-connection-state]:not([data-test-connection-state="CONNECTED"]))'
# Not those of Streamlit's menu: they have controls, or a link.
_DIALOG = f'{_LOST} [data-testid="stDialog"] [role="dialog"]:not(:has(input, a))'


def style() -> str:
    """The style, for a page to have from its first drawing on."""
    sentence = json.dumps(
        _(
            "There is no connection to the server. What you see stays here. As soon as the server answers again, the page goes on by itself."
        ),
        ensure_ascii=False,  # CSS reads quotation marks and backslashes as JSON has them, other letters as they are
    )
    return f"""<style>
{_DIALOG} > :is(h2, div) {{ display: none; }}
{_DIALOG}::after {{ content: {sentence}; display: block; padding: 1.5rem 3.5rem 1.5rem 1.5rem; line-height: 1.6; word-break: keep-all; }}
</style>"""
