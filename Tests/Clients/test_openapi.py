"""The interface's own description, and what happens to one who takes it at its word, or not."""
import importlib.util
import os
import pathlib
import subprocess
import sys

import pytest

from hub import clean_environment


def test_the_description_is_that_of_an_interface(hub):
    description = hub.get("/api/openapi.json").json
    assert description["openapi"].startswith("3.")
    assert len(description["paths"]) > 40
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"] and operation["responses"], f"{method} {path}"


@pytest.mark.skipif(importlib.util.find_spec("schemathesis") is None,
                    reason="schemathesis belongs to the other environment")
@pytest.mark.parametrize("who", ["nobody", "alice"])
def test_nothing_that_fits_the_description_or_does_not_makes_the_hub_fail(hub, alice, repository, who,
                                                                          tmp_path):
    program = pathlib.Path(sys.executable).parent / "st"
    examples = os.environ.get("ADAPTERHUB_EXAMPLES", "12")
    words = [str(program), "run", f"{hub.url}/api/openapi.json", "--checks", "not_a_server_error",
             "--mode", "all", "--max-examples", examples, "--workers", "2", "--seed", "1",
             "--request-timeout", "20", "--phases", "examples,fuzzing", "--max-failures", "20"]
    if who == "alice":
        words += ["--header", f"Authorization: Bearer {alice}"]
    done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path, timeout=600,
                          env=clean_environment(SCHEMATHESIS_HOOKS="schemathesis_hooks",
                                                PYTHONPATH=str(pathlib.Path(__file__).parent)))
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
