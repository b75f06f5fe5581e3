"""One projection in a process of its own, to measure what it alone can do."""

import sys

import uvloop

from infra.settings import Settings
from projections.run import run

if __name__ == "__main__":
    uvloop.run(run(Settings(), sys.argv[1:]))
