"""The colours of plots, widgets and the report. A colour has the same meaning everywhere.

Marks are from the Okabe-Ito palette, which people with colour blindness can tell apart. Each model
also has its own marker and name, so that no colour is needed to read a chart.
"""

COLORS = {
    "before": "#6b7280",
    "lora": "#0072B2",
    "fsdp": "#D55E00",
    "teacher": "#009E73",
    "human": "#CC79A7",
}
MARKERS = {"before": "s", "lora": "o", "fsdp": "^"}
NAMES = {"before": "before", "lora": "after LoRA", "fsdp": "after full FSDP"}
INK = "#1f2933"

# The same colours as variables of the report's page, in its light and its dark theme. There the
# text of a model's name has its colour, so FSDP's is darker than in charts.
REPORT_VARIABLES = """
:root { --ink: #1f2933; --paper: #fff; --soft: #5a6572; --rule: #d9dee3; --panel: #f5f7f8;
  --before: #6b7280; --lora: #0072b2; --fsdp: #b84f00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --paper: #111418; --soft: #a4adb8;
  --rule: #2c333b; --panel: #191e24; --before: #a4adb8; --lora: #59b3e6; --fsdp: #f08a4b; } }
"""
