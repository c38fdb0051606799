"""Where the parts of a diffusion model lie: estimates for a UNet and for a transformer."""

from __future__ import annotations

import weakref
from types import SimpleNamespace
from typing import Any

import pytest

import tiny_flux
import tiny_models
from methods._diffusion.placement import Need, denoiser, need_of, plan_memory

PIXELS = 1024 * 1024
GB = 1_000_000_000
FLUX = {"transformer": int(23.8 * GB), "vae": int(0.17 * GB)}


def pipeline(**components: Any) -> Any:
    return SimpleNamespace(components=components)


def on_meta(kind: str, config: dict[str, Any], dtype: str) -> Any:
    import diffusers
    import torch

    with torch.device("meta"):
        return getattr(diffusers, kind)(**config).to(getattr(torch, dtype))


def test_a_unet_needs_what_it_ever_did() -> None:
    unet = on_meta("UNet2DConditionModel", tiny_models.unet_config(), "float16")
    need = need_of(pipeline(unet=unet, vae=None), PIXELS)
    assert need == Need(60 * 2 * PIXELS, 1100 * 4 * PIXELS)


def test_a_transformer_needs_by_tokens_and_width() -> None:
    wide = tiny_flux.transformer_config(num_attention_heads=24, attention_head_dim=128)
    wide |= {"num_layers": 1, "num_single_layers": 1, "axes_dims_rope": (16, 56, 56)}
    network = on_meta("FluxTransformer2DModel", wide, "bfloat16")
    whole = pipeline(transformer=network, vae=None)
    assert denoiser(whole) == "transformer"
    one, two = (need_of(whole, PIXELS, pictures).denoise for pictures in (1, 2))
    assert one == (4096 + 512) * 3072 * 20 * 2
    assert two - one == 4096 * 3072 * 20 * 2


@pytest.mark.parametrize(
    ("free", "placement"), [(40, "device"), (25, "model_offload"), (10, "group_offload")]
)
def test_a_wish_is_lowered_to_what_fits(free: int, placement: str) -> None:
    sizes = FLUX | {"others": 4 * GB}
    plan = plan_memory("fast", "cuda", sizes, Need(GB, 4 * GB), free * GB)
    assert plan.placement == placement
    assert plan_memory("fast", "cpu", sizes, Need(GB, 4 * GB), free * GB).placement == "device"


def test_the_decoder_works_in_tiles_where_it_would_not_fit() -> None:
    sizes = {"transformer": 20 * GB}
    assert plan_memory("fast", "cuda", sizes, Need(GB, 8 * GB), 25 * GB).tile_vae
    assert not plan_memory("fast", "cuda", sizes, Need(GB, 8 * GB), 29 * GB).tile_vae


def test_the_estimate_covers_what_a_pass_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted on the meta device: the bytes of all tensors that live at once in a pass, with
    attention that needs no score matrix."""
    import torch
    from diffusers.models.transformers import transformer_flux

    monkeypatch.setattr(
        transformer_flux, "dispatch_attention_fn", lambda query, *_, **__: torch.empty_like(query)
    )

    config = tiny_flux.transformer_config(num_attention_heads=8, attention_head_dim=32)
    config |= {"axes_dims_rope": (8, 12, 12), "joint_attention_dim": 64}
    network = on_meta("FluxTransformer2DModel", config, "bfloat16")
    tokens, texts = 1024, 512
    place = {"device": "meta", "dtype": torch.bfloat16}
    with torch.no_grad(), _Living(network) as living:
        network(
            hidden_states=torch.empty(1, tokens, 16, **place),
            encoder_hidden_states=torch.empty(1, texts, 64, **place),
            pooled_projections=torch.empty(1, 16, **place),
            timestep=torch.empty(1, **place),
            guidance=torch.empty(1, **place),
            img_ids=torch.empty(tokens, 3, **place),
            txt_ids=torch.empty(texts, 3, **place),
        )
    estimate = need_of(pipeline(transformer=network, vae=None), tokens * 256).denoise
    assert 0.8 * estimate < living.most <= estimate


class _Living:
    """Counts the bytes of the tensors that operations make and nobody has dropped yet."""

    def __init__(self, network: Any) -> None:
        self.now = self.most = 0
        self._mode = _mode(self._note)
        self._kept = [tensor.untyped_storage() for tensor in network.state_dict().values()]
        self._seen = {storage._cdata for storage in self._kept}

    def __enter__(self) -> _Living:
        self._mode.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._mode.__exit__(*error)

    def _note(self, tensor: Any) -> None:
        storage = tensor.untyped_storage()
        key, size = storage._cdata, storage.nbytes()
        if key not in self._seen:
            self._seen.add(key)
            self.now += size
            self.most = max(self.most, self.now)
            weakref.finalize(storage, self._forget, key, size)

    def _forget(self, key: int, size: int) -> None:
        self._seen.discard(key)
        self.now -= size


def _mode(note: Any) -> Any:
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils._pytree import tree_leaves

    class Mode(TorchDispatchMode):
        def __torch_dispatch__(self, func: Any, _: Any, args: Any = (), kwargs: Any = None) -> Any:
            result = func(*args, **(kwargs or {}))
            for leaf in tree_leaves(result):
                if isinstance(leaf, torch.Tensor):
                    note(leaf)
            return result

    return Mode()
