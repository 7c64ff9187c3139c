"""picoGPT's download_gpt2_files, done by modelfetch. Copy it, or in utils.py: from download import download_gpt2_files"""

import json
import os
import subprocess
import sys


def download_gpt2_files(model_size, model_dir, *options):
    """Brings the files of a model into a directory; raises RuntimeError with what went wrong. Call it again to go on."""
    program = os.environ.get("MODELFETCH", "modelfetch")
    report, have, total = {}, {}, 0
    # Its messages for people go to stderr, as they are; one JSON object a line comes on stdout, the report last.
    with subprocess.Popen([program, model_size, model_dir, "--json", *options], stdout=subprocess.PIPE) as process:
        for line in process.stdout:
            event = json.loads(line)
            if event["event"] == "started":
                total = event["bytes"]
            elif event["event"] == "progress":
                have[event["path"]] = event["bytes_received"] + event["bytes_reused"]
                print(f"\r{sum(have.values()) / 1e6:.1f} of {total / 1e6:.1f} MB", end="", file=sys.stderr)
            elif event["event"] == "report":
                report = event
    if have:
        print(file=sys.stderr)
    if process.returncode != 0:
        errors = [file["error"]["message"] for file in report.get("files", []) if file["error"]]
        raise RuntimeError(f"modelfetch ended with {process.returncode}: {'; '.join(errors) or 'see above'}")
