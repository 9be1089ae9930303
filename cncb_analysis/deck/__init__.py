"""The decks: PowerPoint with native charts, tables and drawings, from what a page shows."""

from __future__ import annotations

from cncb_analysis.deck.layouts import build_deck

__all__ = ["build_deck"]
