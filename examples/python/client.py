#!/usr/bin/env python3
"""A client of Keyturn over gRPC; README.md says how to generate what it needs and what it can do."""
import os
import sys
from pathlib import Path

generated = Path(__file__).resolve().with_name("generated")
os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # what it has to say comes as an error, too
sys.path.insert(0, str(generated))

try:
    from keyturn_example.main import main
except ImportError as error:
    sys.exit(f"{error}: the first two commands of {generated.with_name('README.md')} provide what is imported")

sys.exit(main())
