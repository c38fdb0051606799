"""PixelHacker against the outputs of its authors' code, stage by stage; and that mistakes show."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKL, DDIMScheduler
from safetensors import safe_open
from torch import Tensor
from torch.nn import functional

from golden_cases import golden_files
from golden_measure import needs, ratio, worst
from methods._diffusion.eraser import to_uint8
from methods._diffusion.tensors import pixel_tensor
from methods.pixelhacker.attention_network import GatedLinearAttention, chunked
from methods.pixelhacker.network import Checkpoint, PixelHackerPipeline, fold
from methods.pixelhacker.weights import scheduler

pytestmark = pytest.mark.golden

ATTENTION = "methods.pixelhacker.attention_network"
NETWORK = "methods.pixelhacker.network"


def read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """A file's tensors and its remarks. Skips the test where the file is not there."""
    if not path.is_file():
        pytest.skip(f"the case has no {path.name}")
    with safe_open(path, "pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        return tensors, file.metadata() or {}


def beside(path: Path, kind: str) -> Path:
    """The file of another kind for the same model: "gla_h64_T16" -> "gla_h64_weights"."""
    tag = path.stem.rpartition("_T" if "_T" in path.stem else "_")[0]
    tag = tag.removesuffix("_unet").removesuffix("_sample")
    return path.with_name(f"{tag}_{kind}")


@pytest.fixture(autouse=True)
def no_gradients() -> Any:
    with torch.no_grad():
        yield


# --- one layer -------------------------------------------------------------------------------


def layer_of(path: Path) -> tuple[GatedLinearAttention, dict[str, Tensor], dict[str, float]]:
    """The layer with the case's weights, the case's tensors, and how far each may be off, as a
    share of its spread."""
    weights, _ = read(beside(path, "weights.safetensors"))
    tensors, facts = read(path)
    layer = GatedLinearAttention(int(facts["hidden_size"]), int(facts["num_heads"]))
    layer.load_state_dict(weights)
    hard = tensors["gk"].abs().mean() > 1  # the gates forget almost everything
    return layer, tensors, {"o_raw": 2e-3 if hard else 1e-4, "y": 6e-4 if hard else 5e-5}


def off(path: Path) -> dict[str, float]:
    """By how much of its bound each stage of the layer is off."""
    layer, known, allowed = layer_of(path)
    q, k, v, gate, gates = layer.projected(known["x"])
    out = chunked(q, k, v, gates)
    normed = layer.g_norm_swish_gate(out, gate).flatten(2)
    found = {"q": q, "k": k, "v": v, "gk": gates, "g": gate.flatten(2)}
    ratios = {name: ratio(value, known[name], 1e-5) for name, value in found.items()}
    ratios["o_raw"] = ratio(out, known["o_raw"], allowed["o_raw"])
    ratios["o_normed"] = ratio(normed, known["o_normed"], allowed["y"])
    ratios["y"] = ratio(layer(known["x"]), known["y"], allowed["y"])
    return ratios


layers = pytest.mark.parametrize("path", golden_files("pixelhacker", "gla_*_T*.safetensors"))


@layers
def test_a_layer_meets_the_authors(path: Path) -> None:
    ratios = off(path)
    assert max(ratios.values()) < 1, ratios


@layers
def test_both_forms_meet_the_authors(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, known, allowed = layer_of(path)
    for most in (0.0, 1e9):  # no chunk may decay; any chunk may
        monkeypatch.setattr(f"{ATTENTION}._MOST_DECAY", most)
        out = chunked(known["q"], known["k"], known["v"], known["gk"])
        if most == 0 or known["gk"].sum(dim=1).min() > -80:
            assert ratio(out, known["o_raw"], allowed["o_raw"]) < 1


def without_gate(self: Any, out: Tensor, gate: Tensor) -> Tensor:
    return out * torch.rsqrt(out.square().mean(-1, keepdim=True) + self.eps) * self.weight


def tokens(path: Path) -> int:
    """How many the case has."""
    return int(read(path)[0]["x"].shape[1])


def telling() -> list[Any]:
    """The case with the fewest tokens of those with more than a chunk and soft gates."""
    every = golden_files("pixelhacker", "gla_*_T*.safetensors")
    there = [param for param in every if param.values[0] is not None]
    soft = [param for param in there if read(param.values[0])[0]["gk"].abs().mean() <= 1]
    long = [param for param in soft if tokens(param.values[0]) > 64]
    return (sorted(long, key=lambda param: tokens(param.values[0])) or soft or every)[:1]


LAYER_MISTAKES: dict[str, tuple[str, Any]] = {
    "the gates are not divided": (f"{ATTENTION}.GATE_NORMALIZER", 1.0),
    "a token sees later ones": ("torch.Tensor.tril_", lambda scores: scores),
    "no output gate": (f"{ATTENTION}.GatedNorm.forward", without_gate),
    "sigmoid for silu": (f"{ATTENTION}.functional.silu", torch.sigmoid),
    "no state between chunks": (f"{ATTENTION}._states", lambda decay, added: 0 * added),
}


@pytest.mark.parametrize("mistake", LAYER_MISTAKES)
@pytest.mark.parametrize("path", telling())
def test_a_mistake_in_the_layer_shows(
    path: Path, mistake: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs("chunks" not in mistake or tokens(path) > 64, "it has one chunk of tokens")
    target, value = LAYER_MISTAKES[mistake]
    monkeypatch.setattr(target, value)
    if mistake == "a token sees later ones":
        monkeypatch.setattr(f"{ATTENTION}._MOST_DECAY", 1e9)
    assert max(off(path).values()) > 1


@layers
def test_a_gate_that_comes_late_shows(path: Path) -> None:
    _, known, allowed = layer_of(path)
    out = chunked(known["q"], known["k"], known["v"], known["gk"].roll(1, dims=1))
    assert ratio(out, known["o_raw"], allowed["o_raw"]) > 1


# --- the network -----------------------------------------------------------------------------


def checkpoint_of(path: Path) -> Checkpoint:
    """The case's network, loaded strictly."""
    weights, _ = read(beside(path, "lcg_weights.safetensors"))
    facts = json.loads(beside(path, "config.json").read_text(encoding="utf-8"))["config"]
    config = {key: value for key, value in facts["model"].items() if key != "model_type"}
    latent = facts["data"]["image_size"] // facts["vae"]["downsample_ratio"]
    checkpoint = Checkpoint(config | {"sample_size": latent})
    checkpoint.load_state_dict(weights)
    return checkpoint.eval()


BLOCK = "down_blocks.0.attentions.0.transformer_blocks.0"


def stages_of(unet: Any) -> dict[str, Any]:
    """The modules whose outputs the cases hold, by their names there."""
    named = {"time_emb": unet.time_embedding, "conv_in": unet.conv_in, "mid": unet.mid_block}
    block = unet.get_submodule(BLOCK)
    named |= {"block0": block, "block0.attn1": block.attn1, "block0.attn2": block.attn2}
    for kind in ("down", "up"):
        for index, part in enumerate(getattr(unet, f"{kind}_blocks")):
            named[f"{kind}{index}"] = part
    return named


def traced(unet: Any, call: Callable[[], Any]) -> dict[str, Tensor]:
    """What goes into and comes out of each stage during the call."""
    seen: dict[str, Tensor] = {}

    def watch(name: str) -> Callable[..., None]:
        def note(module: Any, given: tuple[Any, ...], words: Any, out: Any) -> None:
            out = out[0] if isinstance(out, tuple) else out
            inside = "." in name or name == "block0"
            seen[f"{name}.out" if inside else name] = out
            if inside:
                seen[f"{name}.in"] = given[0] if given else words["hidden_states"]

        return note

    hooks = [
        module.register_forward_hook(watch(name), with_kwargs=True)
        for name, module in stages_of(unet).items()
    ]
    try:
        call()
    finally:
        for hook in hooks:
            hook.remove()
    return seen


def network_off(path: Path) -> dict[str, float]:
    """By how much of its bound each stage of the whole network is off."""
    known, _ = read(path)
    checkpoint = checkpoint_of(path)
    ids = known["input_ids"]
    vectors = checkpoint.embedding_layer(ids)
    context = checkpoint.diff_model.encoder_hid_proj(vectors)
    unet = fold(checkpoint)
    seen: dict[str, Tensor] = {"lcg_embedding": vectors, "encoder_hid_proj": context}

    def call() -> None:
        args = (known["noisy_latents"], known["timesteps"], ids)
        seen["noise_pred"] = unet(*args).sample

    seen |= traced(unet, call)
    return {name: ratio(seen[name], known[name], allowed(name)) for name in known.keys() & seen}


def allowed(stage: str) -> float:
    """How far a stage of the network may be off, as a share of its spread."""
    if stage.startswith("block0"):
        return 2e-4
    exact = {"lcg_embedding": 1e-11, "noise_pred": 2e-3}
    early = ("encoder_hid_proj", "time_emb", "conv_in")
    return exact.get(stage, 5e-5 if stage in early else 2e-3)


networks = pytest.mark.parametrize("path", golden_files("pixelhacker", "*_unet_*.safetensors"))


@networks
def test_the_network_meets_the_authors(path: Path) -> None:
    ratios = network_off(path)
    assert "noise_pred" in ratios
    assert max(ratios.values()) < 1, ratios


def one_head(self: Any, hidden_states: Tensor, encoder_hidden_states: Tensor, **_: Any) -> Tensor:
    keys, values = self.keys[encoder_hidden_states], self.values[encoder_hidden_states]
    out = functional.scaled_dot_product_attention(self.to_q(hidden_states), keys, values)
    return torch.as_tensor(self.to_out[0](out))


NETWORK_MISTAKES: dict[str, tuple[str, Any]] = {
    "the vectors lie the other way round": (
        f"{NETWORK}.nn.Module.register_buffer",
        lambda self, name, value, persistent=True: setattr(self, name, value.flip(0)),
    ),
    "cross-attention with one head": (f"{NETWORK}.ConstantAttention.forward", one_head),
    "self-attention sees nothing": (
        f"{NETWORK}.GatedLinearAttention.forward",
        lambda self, hidden_states, **_: torch.zeros_like(hidden_states),
    ),
}


@pytest.mark.parametrize("mistake", NETWORK_MISTAKES)
@pytest.mark.parametrize("path", golden_files("pixelhacker", "*_unet_*.safetensors")[:1])
def test_a_mistake_in_the_network_shows(
    path: Path, mistake: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = checkpoint_of(path)  # before the mistake: others register buffers too
    monkeypatch.setattr(f"{__name__}.checkpoint_of", lambda _: checkpoint)
    monkeypatch.setattr(*NETWORK_MISTAKES[mistake])
    assert network_off(path)["noise_pred"] > 1


# --- the sampling ----------------------------------------------------------------------------


class Run:
    """A whole run of the authors' pipeline, repeated by ours. seed: None = with the random
    numbers that they stored."""

    def __init__(
        self, path: Path, monkeypatch: pytest.MonkeyPatch, seed: int | None = None
    ) -> None:
        self.known, facts = read(path)
        self.call: Mapping[str, Any] = json.loads(facts["call"])
        self.pipeline = PixelHackerPipeline(fold(checkpoint_of(path)), vae_of(path), scheduler())
        self.seen: dict[str, Any] = {"encoded": [], "noise_pred_model": [], "latents_after": []}
        if seed is None:
            self._use_stored(monkeypatch)
        self.pipeline.unet.register_forward_hook(self._note, with_kwargs=True)
        self.result = self._run(seed or 0)

    def _use_stored(self, monkeypatch: pytest.MonkeyPatch) -> None:
        factor = self.pipeline.vae.config.scaling_factor
        names = ["masked_latents_unscaled"]
        if self.call["strength"] < 1:
            names.insert(0, "image_latents_unscaled")
        latents = [self.known[name] * factor for name in names]

        def encoded(pixels: Tensor, generator: Any) -> Tensor:
            self.seen["encoded"].append(pixels)
            return latents[len(self.seen["encoded"]) - 1]

        monkeypatch.setattr(self.pipeline, "encoded", encoded)
        monkeypatch.setattr(f"{NETWORK}.offset_noise", lambda *_: self.known["noise"])

    def _note(self, unet: Any, given: Any, words: Any, out: Any) -> None:
        self.seen.setdefault("model_input_first", given[0].clone())
        self.seen["noise_pred_model"].append(out.sample)

    def _run(self, seed: int) -> Any:
        pixels = self.known["vae_in_image"]
        hole = (self.known["vae_in_masked"] != pixels).any(dim=1, keepdim=True)
        options = ("strength", "guidance_scale", "noise_offset")
        return self.pipeline(
            pixels,
            hole.float(),
            height=pixels.shape[2],
            width=pixels.shape[3],
            num_inference_steps=self.call["num_steps"],
            generator=torch.Generator().manual_seed(seed),
            output_type="np",
            callback_on_step_end=self._keep,
            **{name: self.call[name] for name in options},
        ).images[0]

    def _keep(self, pipeline: Any, index: int, time: Any, tensors: dict[str, Tensor]) -> Any:
        self.seen["latents_after"].append(tensors["latents"])
        return tensors

    def off(self) -> dict[str, float]:
        """By how much of its bound each stage is off."""
        decoded = torch.from_numpy(self.result).permute(2, 0, 1)[None]
        names = ("noise_pred_model", "latents_after")
        steps = {name: (torch.stack(self.seen[name]), len(self.seen[name])) for name in names}
        found: dict[str, tuple[Tensor, int]] = steps | {
            "model_input_first": (self.seen["model_input_first"], 1),
            "decoded": (decoded * 2 - 1, 1),
        }
        theirs = {**self.known, "decoded": self.known["decoded"].clamp(-1, 1)}
        return {n: ratio(v, theirs[n], SHARES[n], times) for n, (v, times) in found.items()}


SHARES = {
    "noise_pred_model": 4e-3,
    "latents_after": 1e-3,
    "model_input_first": 2e-4,
    "decoded": 6e-3,
}
"""Of a stage's spread, for each step in the first two. The attention's state is long: its rounding
is a hundred times that of other networks."""


def vae_of(path: Path) -> Any:
    weights, _ = read(beside(path, "vae_weights.safetensors"))
    config = json.loads(beside(path, "vae_config.json").read_text(encoding="utf-8"))
    vae = AutoencoderKL.from_config(config)
    vae.load_state_dict(weights)
    return vae.eval()


samples = pytest.mark.parametrize("path", golden_files("pixelhacker", "*_sample_*.safetensors"))


@samples
def test_a_run_meets_the_authors(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(path, monkeypatch)
    ratios = run.off()
    assert max(ratios.values()) < 1, ratios
    wanted = ["vae_in_image", "vae_in_masked"][-len(run.seen["encoded"]) :]
    for pixels, name in zip(run.seen["encoded"], wanted, strict=True):
        assert torch.equal(pixels, run.known[name])
    timesteps = run.pipeline.steps(run.call["num_steps"], run.call["strength"])
    assert torch.equal(timesteps, run.known["timesteps"])
    image, expected = run.known["image"].numpy(), run.known["result"].numpy()
    if image.shape[:2] == run.result.shape[:2]:  # elsewhere the authors resize the photo
        assert worst(pixel_tensor(image), run.known["vae_in_image"]) < 1e-6
        if not run.call["paste"]:
            assert np.abs(to_uint8(run.result).astype(int) - expected).max() <= 2


@samples
def test_a_seed_means_the_same_as_to_the_authors(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also the random numbers are drawn in their order."""
    facts = json.loads(read(path)[1]["call"])
    if facts["strength"] >= 1:
        pytest.skip("a clean start does not encode the photo, as the authors still do")
    ratios = Run(path, monkeypatch, seed=0).off()
    assert max(ratios.values()) < 1, ratios


denoised = PixelHackerPipeline.denoised


def with_inverted_mask(self: Any, latents: Tensor, given: Tensor, *rest: Any) -> Tensor:
    return denoised(self, latents, torch.cat([1 - given[:, :1], given[:, 1:]], dim=1), *rest)


def with_mask_last(self: Any, latents: Tensor, given: Tensor, *rest: Any) -> Tensor:
    return denoised(self, latents, given.roll(-1, dims=1), *rest)


with_trailing_steps = DDIMScheduler.from_config(scheduler().config, timestep_spacing="trailing")


RUN_MISTAKES: dict[str, dict[str, Any]] = {
    "guidance the other way": {
        f"{NETWORK}.TOWARDS": range(10, 20),
        f"{NETWORK}.AWAY": range(10),
    },
    "an inverted mask": {f"{NETWORK}.PixelHackerPipeline.denoised": with_inverted_mask},
    "the mask after the picture": {f"{NETWORK}.PixelHackerPipeline.denoised": with_mask_last},
    "another schedule": {f"{__name__}.scheduler": lambda: with_trailing_steps},
}


@pytest.mark.slow
@pytest.mark.parametrize("mistake", RUN_MISTAKES)
@pytest.mark.parametrize("path", golden_files("pixelhacker", "*_sample_*.safetensors")[:1])
def test_a_mistake_in_a_run_shows(
    path: Path, mistake: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scale = json.loads(read(path)[1]["call"])["guidance_scale"]
    needs(scale > 1 or "guidance" not in mistake, "it has no guidance")
    for target, value in RUN_MISTAKES[mistake].items():
        monkeypatch.setattr(target, value)
    assert max(Run(path, monkeypatch).off().values()) > 1
