"""Executed notebooks to pages that open from a mail attachment; the site around them."""

from __future__ import annotations

from cncb_analysis.report.exporter import name_page, render_page
from cncb_analysis.report.site import render_site

__all__ = ["name_page", "render_page", "render_site"]
