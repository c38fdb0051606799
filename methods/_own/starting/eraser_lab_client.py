"""Keeps a method running for Eraser Lab. Copy this file beside your code.

    from eraser_lab_client import serve

    def load(device):  # "cuda", "mps" or "cpu"
        return Network().to(device)

    def erase(network, image, mask, seed, settings, progress):
        # image: (H, W, 3) uint8; mask: (H, W) bool, True = erase; progress(step, steps)
        return network(image, mask)  # (H, W, 3) uint8

    serve(load, erase)

numpy and Pillow, Python 3.7 and newer. What you print goes to standard error; the protocol has
the output. A Stop takes effect where `progress` is called.
"""

import json
import os
import queue
import sys
import threading

import numpy as np
from PIL import Image


class Stopped(Exception):
    """Nobody wants this picture any more; raised by `progress`."""


def serve(load, erase):
    """Until Eraser Lab has no further wish."""
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what is printed must not come between the lines of the protocol
    wishes, stopped, model = queue.Queue(), set(), [None]
    threading.Thread(target=_listen, args=(wishes, stopped), daemon=True).start()
    while True:
        wish = wishes.get()
        if wish is None or wish.get("do") == "unload":
            return
        answer = {"id": wish.get("id")}
        try:
            if wish.get("do") == "load":
                model[0] = load(wish["device"])
            elif wish.get("do") == "erase":
                _erase(model[0], erase, wish, stopped, out)
            answer["done"] = True
        except Stopped:
            answer["stopped"] = True
        except Exception as error:
            answer["error"] = "%s: %s" % (type(error).__name__, error)
        out.write(json.dumps(answer) + "\n")


def _erase(model, erase, wish, stopped, out):
    def progress(step, steps):
        if wish["id"] in stopped:
            raise Stopped
        out.write(json.dumps({"id": wish["id"], "progress": [int(step), int(steps)]}) + "\n")

    image = np.array(Image.open(wish["image"]).convert("RGB"))
    mask = np.array(Image.open(wish["mask"]))
    mask = mask[..., 3] < 128 if mask.ndim == 3 and mask.shape[2] == 4 else mask > 127
    mask = mask if mask.ndim == 2 else mask[..., 0]
    result = erase(model, image, mask, wish["seed"], wish["settings"], progress)
    Image.fromarray(np.asarray(result, dtype=np.uint8)).save(wish["output"])


def _listen(wishes, stopped):
    for line in sys.stdin:
        wish = json.loads(line)
        stopped.add(wish["id"]) if wish.get("do") == "stop" else wishes.put(wish)
    wishes.put(None)
