"""Loads what each build of the site needs, in the process that the builds are forked from.

MkDocs and the theme take half a second to import and the search's Chinese dictionary takes another
one to load; a fork has them from its parent (see :mod:`dockproof.site`).
"""

from __future__ import annotations

import contextlib
import logging
import signal

# Whoever asked for the builds hears Ctrl-C, and ends them.
signal.signal(signal.SIGINT, signal.SIG_IGN)

import mkdocs.commands.build  # noqa: E402 - as above
import mkdocs.config  # noqa: E402, F401 - as above

# A site may do without Material, and Material without jieba.
with contextlib.suppress(ImportError):
    import material.plugins.search.plugin  # noqa: F401 - as above
with contextlib.suppress(ImportError):
    import jieba

    logging.getLogger("jieba").disabled = True  # it reports each dictionary it loads
    jieba.initialize()
