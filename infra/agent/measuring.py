"""How well messages are understood: measured on public sets, beside what was published of them."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from agent.understanding.classifier import Classifier, Example
from infra.agent.datasets import Dataset, banking77, clinc150, shots
from infra.bench.measure import Reading, Row
from infra.bench.report import Result, as_json, mark

SEEDS = range(5)
"""Draws of few examples; what is told is their mean."""

PUBLISHED = {
    "clinc150.full": "BERT 96.9, USE 93.5, DialogFlow 91.7, Rasa 91.5 (Larson et al. 2019, table 1)",
    "clinc150.5-shot": "ICDA 92.6, CPFT 92.3, USE 87.8 (Few-Shot-Intent-Detection)",
    "clinc150.10-shot": "ICDA 94.8, CPFT 94.2, USE 90.9 (Few-Shot-Intent-Detection)",
    "clinc150.outside.caught": "BERT 52.3, USE 49.1 (Larson et al. 2019, table 1)",
    "banking77.5-shot": "ICDA 84.0, CPFT 80.9, USE 76.3 (Few-Shot-Intent-Detection)",
    "banking77.10-shot": "ICDA 89.8, CPFT 87.2, USE 84.2 (Few-Shot-Intent-Detection)",
}
