"""The look of what Streamlit has no element for; colours are translucent, so that they serve light and dark alike."""

from __future__ import annotations

STYLE = """<style>
.stMainBlockContainer { max-width: 84rem; }
.cw-question { font-size: 1.35rem; line-height: 1.35; font-weight: 600; margin: 0; padding: 0;
  overflow-wrap: anywhere; }
.cw-answer { font-size: 1.05rem; line-height: 1.65; white-space: pre-wrap; overflow-wrap: anywhere; margin: 0; }
.cw-excerpt { line-height: 1.6; white-space: pre-wrap; overflow-wrap: anywhere; margin: 0 0 .75rem 0;
  padding: .15rem 0 .15rem .9rem; border-left: 3px solid rgba(128, 128, 128, .35); }
.cw-excerpt mark { background: rgba(255, 196, 0, .38); color: inherit; border-radius: .2rem; padding: .05rem 0; }
.cw-chip { font-size: .8em;
  font-weight: 600; padding: .1em .45em; margin: 0 .1em; border-radius: .5em; background: rgba(40, 120, 150, .22); }
.cw-doubted { text-decoration: underline wavy rgba(200, 90, 0, .9); text-decoration-thickness: 1.5px;
  text-underline-offset: .22em; }
.cw-place { margin: 0; font-weight: 600; overflow-wrap: anywhere; }
.cw-earlier { margin: 1.5rem 0 0 0; font-weight: 600; }
.cw-small { margin: 0; font-size: .875rem; opacity: .8; overflow-wrap: anywhere; }
ol.cw-considered { list-style: none; margin: 0 !important; padding: 0 !important; }
ol.cw-considered li { margin: 0 !important; padding: .35rem 0; border-top: 1px solid rgba(128, 128, 128, .25); }
.cw-considered li:first-child { border-top: 0; }
.cw-considered summary { cursor: pointer; overflow-wrap: anywhere; }
.cw-considered .cw-excerpt { margin-top: .5rem; }
.stImage img { border: 1px solid rgba(128, 128, 128, .35); border-radius: .4rem; }
.stButtonGroup button[data-selected="true"], .stButtonGroup button[data-selected="true"] * {
  color: inherit !important; }
</style>"""
