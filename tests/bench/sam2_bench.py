"""SAM 2.1: our click against the transformers library's own way, same weights, same photo.

    python tests/bench/sam2_bench.py [--repeats 9] [--threads 2] [--folder sam2.1-hiera-tiny]

Without --folder the weights are random ones in the published sizes of "tiny": speed does not
depend on their values. The library's way is its documented one: the processor scales the
prompt, the model decodes the embeddings of the photo, and `post_process_masks` enlarges.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from methods import Image
from segmentation.sam2_1_tiny import Sam21Tiny
from segmentation_bench import SIZES, Calls, in_turns, our_click, photo, verdict


def random_tiny(folder: Path) -> Path:
    """SAM 2.1 tiny as it is published, with random weights."""
    import torch
    from transformers import Sam2Config, Sam2Model

    torch.manual_seed(0)
    Sam2Model(Sam2Config()).save_pretrained(folder)  # the defaults are those of "tiny"
    return folder


def encoders(image: Image, ours: Sam21Tiny, model: Any, processor: Any) -> Calls:
    def library_encode() -> object:
        pixels = processor(images=image, return_tensors="pt")["pixel_values"]
        return model.get_image_embeddings(pixels)

    return {"library encode": library_encode, "our encode": lambda: ours.encode(image, "bench")}


def clicks(image: Image, ours: Sam21Tiny, model: Any, processor: Any) -> Calls:
    """Each of ours at another place, so that no cache helps."""
    import torch

    height, width = image.shape[:2]
    x, y = width * 0.5, height * 0.386
    embedding, nudges = ours.encode(image, f"bench {image.shape}"), itertools.count()

    def library_click() -> object:
        asked = processor(
            input_points=[[[[x, y]]]],
            input_labels=[[[1]]],
            original_sizes=[[height, width]],
            return_tensors="pt",
        )
        with torch.inference_mode():
            answer = model(
                image_embeddings=list(embedding.data),
                input_points=asked["input_points"],
                input_labels=asked["input_labels"],
            )
        return processor.post_process_masks(answer.pred_masks, asked["original_sizes"])

    return {
        "library click -> masks": library_click,
        "our click -> overlay": lambda: our_click(ours, embedding, x + next(nudges) / 100, y),
    }


def measure(folder: Path, repeats: int) -> None:
    from transformers import Sam2ImageProcessor, Sam2Model, Sam2Processor

    ours = Sam21Tiny.from_files(folder / "config.json", folder / "model.safetensors")
    model = Sam2Model.from_pretrained(folder).eval()
    processor = Sam2Processor(Sam2ImageProcessor())
    for size, sooner in SIZES.items():
        image = photo(*size)
        times = in_turns(encoders(image, ours, model, processor), max(2, repeats // 3))
        times |= in_turns(clicks(image, ours, model, processor), repeats)
        print(f"\n{size[0]}x{size[1]}")
        for name, value in times.items():
            print(f"  {name:<24}{value:9.1f} ms")
        ratio = times["our encode"] / times["library encode"]
        verdict("our encode / library encode", ratio, 1.1, at_most=True)
        ratio = times["library click -> masks"] / times["our click -> overlay"]
        verdict("library click / our click", ratio, sooner, at_most=False)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    arguments.add_argument("--repeats", type=int, default=9)
    arguments.add_argument("--threads", type=int, default=2)
    arguments.add_argument("--folder", type=Path, help="config.json and model.safetensors")
    chosen = arguments.parse_args()
    import torch

    torch.set_num_threads(chosen.threads)
    with tempfile.TemporaryDirectory() as spare:
        measure(chosen.folder or random_tiny(Path(spare)), chosen.repeats)


if __name__ == "__main__":
    main()
