"""Move the theme's inline scripts into files, because the content security policy blocks them."""

import hashlib
import re
from pathlib import Path
from typing import Any

from mkdocs.utils import get_relative_url

INLINE = re.compile(r"<script>(.+?)</script>", re.DOTALL)


def on_post_page(output: str, /, *, page: Any, config: Any) -> str:
    return replace_scripts(output, page.url, Path(config.site_dir))


def on_post_template(output_content: str, /, *, template_name: str, config: Any) -> str:
    return replace_scripts(output_content, template_name, Path(config.site_dir))


def replace_scripts(html: str, url: str, site: Path) -> str:
    """Write each inline script below `site`, and return the page at `url` with links to them."""

    def replace_script(match: re.Match[str]) -> str:
        name = f"assets/javascripts/{hashlib.sha256(match[1].encode()).hexdigest()[:8]}.js"
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(match[1])
        return f'<script src="{get_relative_url(name, url)}"></script>'

    return INLINE.sub(replace_script, html)
