"""Runs a role with a bug in it: `python -m tests.faults.bugs <bug> <role>`."""

import sys
from importlib import import_module

from infra import cli

bug, role = sys.argv[1:]
for owner, name, instead in import_module(f"tests.faults.bugs.{bug}").PATCHES:
    setattr(owner, name, instead)
sys.argv = ["annal", role]
cli.main()
