"""Prove Markdown pages: run their console sessions in a disposable Docker lab and compare."""
