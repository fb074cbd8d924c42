"""The plugin `metrics`: Prometheus knows where the numbers of a service are, and when to alert somebody.

Reading order: `metrics/schema.py` is what may be said; `metrics/__init__.py` has the calls; `target.py` is where numbers are, `alerts.py`
when somebody is told, `questions.py` what the running machine is asked; `rules.py` has the checks.
"""

from metrics import Metrics
from rick_plugin import export

# componentize-py looks for these six in this module.
Meta, Claim, Contribute, Check, CheckFiles, Render = export(Metrics())
