"""The style sheet of the report: for light and dark pages, and for narrow screens."""

from helpers.display.colours import REPORT_VARIABLES

_RULES = """\
* { box-sizing: border-box } body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, sans-serif; }
main { max-width: 58rem; margin: 0 auto; padding: 3rem 1.25rem 5rem; }
h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 .5rem; } h2 { margin: 3rem 0 .5rem; }
.lead { font-size: 1.15rem; color: var(--soft); margin: 0 0 2rem; max-width: 46rem; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .5rem .75rem .5rem 0;
  border-top: 1px solid var(--rule); overflow-wrap: anywhere; }
th { overflow-wrap: normal; } thead th { border-top: 0; color: var(--soft); font-weight: 600; }
td small { color: var(--soft); display: block; } td.better strong::after { content: " ✓"; }
figure { margin: 1.25rem 0; background: #fff; border-radius: 6px; padding: .75rem; }
figure svg { max-width: 100%; height: auto; display: block; margin: 0 auto; }
ol.path { list-style: none; display: grid; gap: .75rem; padding: 0;
  grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); }
ol.path li { background: var(--panel); border-radius: 6px; padding: .75rem .9rem; }
ol.path b { display: block; } ol.path span { color: var(--soft); font-size: .9rem; }
article { border-top: 1px solid var(--rule); padding: 1rem 0; }
article p.ask { font-weight: 600; white-space: pre-wrap; margin: 0 0 .5rem;
  overflow-wrap: anywhere }
article dl { display: grid; grid-template-columns: 9.5rem 1fr; gap: .4rem 1rem; margin: 0; }
dt { font-weight: 600; } dd { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
dt.before { color: var(--before) } dt.lora { color: var(--lora) } dt.fsdp { color: var(--fsdp) }
dd em { color: var(--soft); } p.note { color: var(--soft); max-width: 46rem; }
blockquote { margin: 1rem 0; padding: .25rem 0 .25rem 1rem; border-left: 4px solid var(--before); }
@media (max-width: 40rem) { article dl { grid-template-columns: 1fr; gap: .1rem; }
  dd { margin-bottom: .6rem } }
"""
CSS = REPORT_VARIABLES + _RULES
