"""CLIPAway against the outputs of its authors' code, stage by stage; and that mistakes show."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from attention_tools import one_thread as one_thread
from attention_tools import state_of
from golden_cases import golden_folder
from golden_measure import STEP, bound, needs, ratio, worst
from golden_sdxl import config_of, embedding, every_case, off, save_base, source_of, tensors_of
from methods import Stopped, Unavailable
from methods._base import no_progress
from methods._diffusion.repositories import SD15_INPAINTING
from methods._weights.store import use_local
from methods.clipaway import eraser as clipaway
from methods.clipaway.eraser import ClipAway
from methods.clipaway.network import PictureAdapter, projection
from methods.clipaway.weights import (
    ALPHA_CLIP,
    IP_ADAPTER,
    REPOSITORY,
    read_alpha_clip,
)
from tiny_removers import alpha_clip

METHOD = "clipaway"
EMBEDDINGS, LEVELS = 1e-5, 1
"""A share of the embeddings' spread; of a picture, grey levels."""
golden = pytest.mark.golden
every = pytest.mark.parametrize("case", every_case(METHOD))
smallest = pytest.mark.parametrize("case", every_case(METHOD)[-1:])


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The cases' tiny networks in place of the published ones, and a random Alpha-CLIP."""
    import torch

    home = tmp_path_factory.mktemp("golden")
    use_local(SD15_INPAINTING.name, save_base(METHOD, home / "base", "PNDMScheduler"))
    clip, mlp = (home / "own" / file.path for file in REPOSITORY.files)
    adapter = home / "adapter" / IP_ADAPTER.files[0].path
    for file in (clip, mlp, adapter):
        file.parent.mkdir(parents=True)
    torch.save(alpha_clip(config_of(METHOD)["clipaway"]["alpha_clip_embed_dim"]), clip)
    shutil.copyfile(source_of(METHOD) / "mlp_projection.safetensors", mlp)
    shutil.copyfile(source_of(METHOD) / "ip_adapter.safetensors", adapter)
    use_local(REPOSITORY.name, home / "own")
    use_local(IP_ADAPTER.name, home / "adapter")
    yield
    for used in (SD15_INPAINTING, REPOSITORY, IP_ADAPTER):
        use_local(used.name, None)


@pytest.fixture
def eraser(model: None) -> Iterator[ClipAway]:
    made = ClipAway()
    made.load("cpu", None)
    yield made
    made.unload()


class Run:
    """One run on a case, from the given views on, with all that the authors wrote down."""

    def __init__(
        self,
        eraser: ClipAway,
        case: dict[str, Any],
        patch: pytest.MonkeyPatch,
        *,
        own_masked: bool = False,
        **changes: Any,
    ) -> None:
        """own_masked: encode the photo, of which the latents of all steps keep a trace."""
        import torch

        self.theirs = tensors_of(METHOD, case)
        self.latents: list[Any] = []
        self.call: dict[str, Any] = {}
        self.image, self.mask = self.theirs["input_image"], self.theirs["input_mask"] > 127
        views = [torch.from_numpy(self.theirs[f"alpha_clip_{name}"]) for name in ("fg", "bg")]
        texts = [embedding(self.theirs, f"{sign}prompt_embeds") for sign in ("", "negative_")]
        patch.setattr(eraser, "embed", lambda *_: texts)
        patch.setattr(eraser, "views", lambda *_: views)
        call = eraser.call

        def called(pipeline: Any, seed: int, progress: Any, **given: Any) -> Any:
            self.call = dict(given)
            # What the authors' UNet was given in the case: first latents that are not those of
            # a seed, and prompts whose own last four words count as those of the picture.
            seen = torch.from_numpy(self.theirs["encoder_hidden_states_cfg"])
            given["negative_prompt_embeds"], given["prompt_embeds"] = seen[:1], seen[-1:]
            given["latents"] = torch.from_numpy(self.theirs["latents_initial"])
            if not own_masked:
                masked = torch.from_numpy(self.theirs["masked_image_latents"])
                given["masked_image_latents"] = masked[:1]
            return call(pipeline, seed, progress, callback_on_step_end=self._step, **given)

        patch.setattr(eraser, "call", called)
        self.settings = eraser.Settings(
            num_inference_steps=case["steps"],
            **{"guidance_scale": case["cfg"], "scale": case["scale"], **changes},
        )
        self.erased = eraser.erase(
            self.image, self.mask, self.settings, case["generator_seed"], no_progress
        )

    def _step(self, _pipeline: Any, _index: int, _time: Any, tensors: dict[str, Any]) -> Any:
        self.latents.append(tensors["latents"][None].clone().numpy())
        return tensors

    @property
    def off(self) -> dict[str, float]:
        """How far each stage is from theirs, in units of what it may be."""
        theirs, steps = self.theirs, np.concatenate(self.latents)
        latents = theirs["latents_after_each_step"]
        found = {"latents": ratio(steps, latents, STEP, len(self.latents))}
        for sign, name in (("", "image"), ("negative_", "uncond_image")):
            words = self.call[f"{sign}prompt_embeds"].split([77, 4], dim=1)
            both = (theirs[f"{sign}prompt_embeds"], theirs[f"{name}_prompt_embeds"])
            for place, (ours, expected) in enumerate(zip(words, both, strict=True)):
                found[f"{sign}{place}"] = ratio(ours, expected, EMBEDDINGS)
        return found


@golden
@every
def test_every_stage_is_theirs(
    eraser: ClipAway, case: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        run = Run(eraser, case, patch)
    assert max(run.off.values()) < 1, run.off
    whole = Run(eraser, case, monkeypatch, own_masked=True)
    assert whole.off["latents"] < 1
    assert off(whole.erased, whole.theirs["output_uint8"]) <= LEVELS


@golden
@every
def test_the_projection_is_theirs(eraser: ClipAway, case: dict[str, Any]) -> None:
    import torch

    theirs = tensors_of(METHOD, case)
    mlp = eraser.loaded(eraser.Settings())["projection"]
    with torch.no_grad():
        thing, rest = (mlp(torch.from_numpy(theirs[f"alpha_clip_{name}"])) for name in ("fg", "bg"))
        kept = clipaway.without(rest, thing)
        for found, name in ((thing, "mlp_fg"), (rest, "mlp_bg")):
            assert ratio(found, theirs[name], EMBEDDINGS) < 1, name
        # What is left is a small difference of two large vectors, and rounded as these are.
        assert worst(kept, theirs["projected"]) < bound(theirs["mlp_bg"], EMBEDDINGS)
        assert float((kept * thing).sum()) == pytest.approx(0, abs=1e-4)


def _kept_whole(patch: pytest.MonkeyPatch) -> dict[str, Any]:
    patch.setattr(clipaway, "without", lambda rest, thing: rest)
    return {}


def _swapped(patch: pytest.MonkeyPatch) -> dict[str, Any]:
    own = ClipAway.picture_words
    patch.setattr(ClipAway, "picture_words", lambda self, *given: own(self, *given)[::-1])
    return {}


MISTAKES: dict[str, Callable[[pytest.MonkeyPatch], dict[str, Any]]] = {
    "nothing is taken away": _kept_whole,
    "swapped halves": _swapped,
    "a lower scale": lambda _: {},
}


@pytest.mark.slow
@golden
@smallest
@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_seen(
    eraser: ClipAway, case: dict[str, Any], mistake: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = MISTAKES[mistake](monkeypatch)
    if mistake == "a lower scale":
        changes = {"scale": case["scale"] * 0.9}
    needs(mistake != "a lower scale" or case["scale"] > 0, "the picture has no weight")
    needs(mistake != "swapped halves" or case["cfg"] > 1, "it has no guidance")
    assert max(Run(eraser, case, monkeypatch, **changes).off.values()) > 5


# --- full size, stop ---------------------------------------------------------------------------


@golden
def test_the_published_networks_load_strictly() -> None:
    import torch

    folder = golden_folder(METHOD)
    path = folder.parent / "full_size_keys.json" if folder else Path()
    if not path.is_file():
        pytest.skip("there is no clipaway/full_size_keys.json")
    shapes = json.loads(path.read_text(encoding="utf-8"))
    with torch.device("meta"):
        mlp = {k: torch.empty(v) for k, v in shapes["mlp_projection_layer"].items()}
        words = {f"image_proj.{k}": torch.empty(v) for k, v in shapes["image_proj"].items()}
        made = projection(mlp)
        PictureAdapter(words)
    assert sum(p.numel() for p in made.parameters()) == shapes["mlp_params"]
    kinds = [type(layer).__name__ for layer in made]
    assert kinds == [*["Linear", "LayerNorm", "GELU"] * 6, "Linear"]


@pytest.mark.slow
@golden
@smallest
def test_a_stop_leaves_the_networks_as_they_were(
    eraser: ClipAway, case: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        run = Run(eraser, case, patch)
    unet = eraser.loaded(run.settings)["unet"]
    before = state_of(unet)
    texts = [embedding(run.theirs, f"{sign}prompt_embeds") for sign in ("", "negative_")]
    monkeypatch.setattr(eraser, "embed", lambda *_: texts)
    first = eraser.erase(run.image, run.mask, run.settings, 0, no_progress)

    def stop(step: int, total: int) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        eraser.erase(run.image, run.mask, run.settings, 0, stop)
    assert state_of(unet) == before
    again = eraser.erase(run.image, run.mask, run.settings, 0, no_progress)
    assert (again == first).all()


# --- Alpha-CLIP --------------------------------------------------------------------------------


def openais(tensors: dict[str, Any], pixels: Any, alpha: Any) -> Any:
    """Alpha-CLIP's picture side written out, as OpenAI's CLIP computes it."""
    import torch
    from torch.nn import functional

    def norm(x: Any, name: str) -> Any:
        return functional.layer_norm(
            x, x.shape[-1:], tensors[f"{name}.weight"], tensors[f"{name}.bias"]
        )

    def linear(x: Any, name: str) -> Any:
        return functional.linear(x, tensors[f"{name}.weight"], tensors[f"{name}.bias"])

    x = functional.conv2d(pixels, tensors["conv1.weight"], stride=8)
    x = x + functional.conv2d(alpha, tensors["conv1_alpha.weight"], stride=8)
    x = x.flatten(2).mT
    x = torch.cat([tensors["class_embedding"].expand(len(x), 1, -1), x], dim=1)
    x = norm(x + tensors["positional_embedding"], "ln_pre")
    for place in range(2):
        start = f"transformer.resblocks.{place}"
        query, key, value = linear(norm(x, f"{start}.ln_1"), f"{start}.attn.in_proj").chunk(3, -1)
        scores = (query @ key.mT / query.shape[-1] ** 0.5).softmax(-1)
        x = x + linear(scores @ value, f"{start}.attn.out_proj")
        inner = linear(norm(x, f"{start}.ln_2"), f"{start}.mlp.c_fc")
        x = x + linear(inner * torch.sigmoid(1.702 * inner), f"{start}.mlp.c_proj")
    return norm(x[:, 0], "ln_post") @ tensors["proj"]


@pytest.mark.parametrize("prefix", ["", "visual."])
def test_alpha_clip_in_other_names_computes_the_same(tmp_path: Path, prefix: str) -> None:
    import torch

    torch.manual_seed(3)
    tensors = alpha_clip(12)
    torch.save({prefix + name: value for name, value in tensors.items()}, tmp_path / "x.pth")
    model = read_alpha_clip(tmp_path, torch.float32).eval()
    pixels, alpha = torch.randn(2, 3, 32, 32), torch.randn(2, 1, 32, 32)
    with torch.no_grad():
        ours = model(torch.cat([pixels, alpha], 1)).image_embeds
        assert off(ours, openais(tensors, pixels, alpha)) < EMBEDDINGS
        assert off(ours, openais(tensors, pixels, -alpha)) > 100 * EMBEDDINGS


def test_an_alpha_clip_that_lacks_a_layer_is_refused(tmp_path: Path) -> None:
    import torch

    tensors = alpha_clip(12)
    del tensors["transformer.resblocks.1.mlp.c_fc.weight"]
    torch.save(tensors, tmp_path / "x.pth")
    with pytest.raises(Unavailable) as caught:
        read_alpha_clip(tmp_path, torch.float32)
    assert caught.value.code == "weights_unreadable"


@golden
def test_the_two_views_look_at_the_mask_and_at_the_rest(eraser: ClipAway) -> None:
    loaded = eraser.loaded(eraser.Settings())
    made = np.random.default_rng(5)
    image = made.integers(0, 256, (64, 128, 3), np.uint8)
    mask = np.zeros((64, 128), bool)
    mask[20:40, 30:60] = True
    thing, rest = eraser.views(image, mask, loaded)
    other_rest, other_thing = eraser.views(image, ~mask, loaded)
    assert off(thing, other_thing) == off(rest, other_rest) == 0
    assert off(thing, rest) > 1e-3
    assert ALPHA_CLIP.path().is_dir()
