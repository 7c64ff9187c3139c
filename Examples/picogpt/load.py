"""Has picoGPT load a model whose files modelfetch brings, prints what is in it, and runs the network once. See `check`."""

import sys

import numpy
import utils  # picoGPT's
from download import download_gpt2_files

models, source = sys.argv[1:]
calls = []


def download(model_size, model_dir):
    calls.append((model_size, model_dir))
    # What is served in place of the real model is called tiny.
    download_gpt2_files("tiny", model_dir, "--source", source)


def show(name, value):
    if isinstance(value, dict):
        for key in sorted(value):
            show(f"{name}/{key}" if name else key, value[key])
    elif isinstance(value, list):
        for index, item in enumerate(value):
            show(f"{name}/{index}", item)
    else:
        assert numpy.isfinite(value).all(), name
        print(f"{name}: {value.dtype} {value.shape}")


utils.download_gpt2_files = download
utils.load_encoder_hparams_and_params("124M", models)
# The second time it finds them there.
encoder, hparams, params = utils.load_encoder_hparams_and_params("124M", models)
assert calls == [("124M", f"{models}/124M")], calls

print("hparams:", hparams)
show("", params)
assert params["wte"].shape == (hparams["n_vocab"], hparams["n_embd"])
assert len(params["blocks"]) == hparams["n_layer"]

from gpt2 import gpt2  # picoGPT's

tokens = encoder.encode("The cat")
logits = gpt2(tokens, **params, n_head=hparams["n_head"])
assert logits.shape == (len(tokens), hparams["n_vocab"]) and numpy.isfinite(logits).all()
best = int(logits[-1].argmax())
print(f"{tokens} -> {best} ({encoder.decode([best])!r})")

try:
    download_gpt2_files("tiny", f"{models}/other", "--source", source + "nowhere/")
    raise SystemExit("a source without files was no error")
except RuntimeError as error:
    assert "404" in str(error), error
print("picoGPT loads what modelfetch brings")
