"""Where the libraries fall back without an error: docs/libraries.md, row by row.

A check that fails tells that a library has changed under us: its workaround may go, or the same
is needed elsewhere. Each holds both sides: what the library does, and what the program does.
"""

from __future__ import annotations

import inspect
import json
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeAlias

import numpy as np
import pytest
from PIL import Image as Pillow

import tiny_models
from methods import Unavailable, get_eraser, list_erasers
from methods._diffusion.components import store
from methods._diffusion.eraser import DiffusionEraser, Part
from methods._diffusion.lora import adapted, additions_of
from methods._diffusion.patching import attention_processors
from methods._diffusion.pipelines import sd_inpaint_pipeline, sdxl_inpaint_pipeline
from methods._diffusion.prompts import CLIP_TOKENS, ClipPrompts
from methods._diffusion.readers import read_model, read_scheduler, read_tokenizer
from methods._diffusion.repositories import SD15_INPAINTING
from methods.migan import eraser as migan
from tiny_onnx import field

PAGE = Path(__file__).resolve().parent.parent / "docs" / "libraries.md"

Check: TypeAlias = Callable[[Path], None]


def picture_places(_: Path) -> None:
    """Held in full, on a tiny model, by test_qwen_picture_tokens.py."""
    from diffusers import QwenImageEditPlusPipeline

    asked = inspect.getsource(QwenImageEditPlusPipeline._get_qwen_prompt_embeds)
    assert "image_grid_thw" in asked and "mm_token_type_ids" not in asked


def missing_weights(folder: Path) -> None:
    from safetensors.torch import load_file, save_file
    from transformers import CLIPTextModel

    file = tiny_models.save_text_encoder(folder) / "model.safetensors"
    tensors = load_file(file)
    lost = next(name for name in tensors if name.endswith("fc1.weight"))
    save_file({n: t for n, t in tensors.items() if n != lost}, file, {"format": "pt"})
    noise = dict(CLIPTextModel.from_pretrained(folder).named_parameters())
    assert any(name.endswith(lost) for name in noise)
    with pytest.raises(Unavailable):
        read_model(CLIPTextModel, folder, noise[lost].dtype)


def precision(folder: Path) -> None:
    import torch
    from diffusers import UNet2DConditionModel
    from transformers import CLIPTextModel

    words = tiny_models.save_text_encoder(folder / "words")
    unet = tiny_models.save_unet(folder / "unet", tiny_models.unet_config())
    half, full = torch.float16, torch.float32
    for kind, place, theirs in ((CLIPTextModel, words, half), (UNet2DConditionModel, unet, full)):
        read_model(kind, place, half).save_pretrained(place)
        assert kind.from_pretrained(place).dtype == theirs
        for wanted in (half, full):
            assert read_model(kind, place, wanted).dtype == wanted


def training_mode(folder: Path) -> None:
    import torch
    from diffusers import UNet2DConditionModel

    assert UNet2DConditionModel.from_config(tiny_models.unet_config()).training
    tiny_models.save_unet(folder, tiny_models.unet_config())
    part = Part(SD15_INPAINTING, "unet", read=lambda path, dtype: _in_training(folder))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Part, "path", lambda _part: folder)
        with store.borrow(part, torch.float32) as found:
            assert not found.training
            assert not any(parameter.requires_grad for parameter in found.parameters())


def _in_training(folder: Path) -> Any:
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel.from_pretrained(folder).train()


def attention_arguments(_: Path) -> None:
    import torch
    from diffusers.models.attention_processor import Attention

    layer, tokens = Attention(8, heads=2, dim_head=4), torch.randn(1, 4, 8)
    assert (layer(tokens, reference=tokens) == layer(tokens)).all()
    for parts in Path(inspect.getfile(get_eraser("catdiffusion"))).parent.glob("*.py"):
        if "_REFERENCE]" in parts.read_text("utf-8"):
            return  # CAT-Diffusion's blocks take it out themselves: a KeyError where it is not
    raise AssertionError("nobody reads CAT-Diffusion's reference")


def attention_processors_given(_: Path) -> None:
    from diffusers import UNet2DConditionModel

    unet = UNet2DConditionModel.from_config(tiny_models.unet_config())
    given = dict(unet.attn_processors)
    unet.set_attn_processor(given)
    assert not given
    own = dict(unet.attn_processors)
    changed = {next(iter(own)): type(next(iter(own.values())))()}
    with attention_processors(unet, changed):
        assert len(changed) == 1
    assert unet.attn_processors == own
    with pytest.raises(KeyError), attention_processors(unet, {"nowhere": None}):
        pass


def lora_layers(_: Path) -> None:
    import torch
    from diffusers import UNet2DConditionModel

    unet = UNet2DConditionModel.from_config(tiny_models.unet_config())
    name = next(name for name, _ in unet.named_modules() if name.endswith("to_q"))
    width = unet.get_submodule(name).in_features
    pair = {"lora_A.weight": torch.ones(2, width), "lora_B.weight": torch.ones(width, 2)}
    strange = {f"{layer}.{key}": t for layer in (name, "nowhere") for key, t in pair.items()}
    additions = additions_of("x", strange, {}, torch.float32)
    with pytest.raises(Unavailable), adapted(unet, additions):
        pass
    unet.load_lora_adapter({f"transformer.{key}": t for key, t in strange.items()})
    assert not [name for name, _ in unet.named_parameters() if "nowhere" in name]


def scheduler_settings(folder: Path) -> None:
    from diffusers import DDIMScheduler

    bare = DDIMScheduler.from_config({"unknown": 1})
    assert (bare.config.beta_schedule, bare.config.beta_start) == ("linear", 0.0001)
    found = read_scheduler(tiny_models.save_scheduler(folder))
    assert (found.config.beta_schedule, found.config.beta_start) == ("scaled_linear", 0.00085)
    (folder / "scheduler_config.json").write_text(json.dumps({"_class_name": "Unknown"}), "utf-8")
    with pytest.raises(Unavailable):
        read_scheduler(folder)


def scheduler_corrected(folder: Path) -> None:
    from diffusers import DDIMScheduler

    bare = DDIMScheduler()
    assert bare.config.steps_offset == 0
    with pytest.warns(FutureWarning, match="outdated"):
        assert _sd_pipeline(sd_inpaint_pipeline, bare).scheduler.config.steps_offset == 1
    published = read_scheduler(tiny_models.save_scheduler(folder, clip_sample=False))
    before = dict(published.config)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert dict(_sd_pipeline(sd_inpaint_pipeline, published).scheduler.config) == before


def scheduler_eta(_: Path) -> None:
    from diffusers import DDIMScheduler, EulerDiscreteScheduler, StableDiffusionInpaintPipeline

    kept = {}
    for kind in (DDIMScheduler, EulerDiscreteScheduler):
        holder: Any = SimpleNamespace(scheduler=kind())
        prepared = StableDiffusionInpaintPipeline.prepare_extra_step_kwargs(holder, None, 0.5)
        kept[kind.__name__] = prepared.get("eta")
    assert kept == {"DDIMScheduler": 0.5, "EulerDiscreteScheduler": None}
    offered = [
        spec.id for spec in list_erasers() if "eta" in get_eraser(spec.id).Settings.model_fields
    ]
    assert offered == []


def tokenizer_length(folder: Path) -> None:
    long = "a " * 200
    tokenizer = read_tokenizer(tiny_models.save_tokenizer(folder))
    (folder / "tokenizer_config.json").unlink()  # which says 77
    bare = read_tokenizer(folder)
    assert len(bare(long, truncation=True).input_ids) == 202
    prompts = ClipPrompts(*(Part(SD15_INPAINTING, name) for name in ("tokenizer", "text_encoder")))
    ids = prompts.ids(bare, long)
    assert len(ids) == CLIP_TOKENS == 77 and ids == prompts.ids(tokenizer, long)
    assert ids[-1] == bare.eos_token_id  # cut, and ended as it should be


def guidance(_: Path) -> None:
    from diffusers import Flux2KleinPipeline, StableDiffusionInpaintPipeline

    klein: Any = Flux2KleinPipeline.do_classifier_free_guidance
    stable: Any = StableDiffusionInpaintPipeline.do_classifier_free_guidance
    distilled = SimpleNamespace(_guidance_scale=4, config=SimpleNamespace(is_distilled=True))
    embedded = SimpleNamespace(time_cond_proj_dim=256)
    told = SimpleNamespace(_guidance_scale=4, unet=SimpleNamespace(config=embedded))
    assert not klein.fget(distilled) and not stable.fget(told)
    assert "guidance_scale" not in get_eraser("flux2_klein").Settings.model_fields


def safety_checker(_: Path) -> None:
    import torch
    from diffusers import DDIMScheduler

    pipeline = _sd_pipeline(sd_inpaint_pipeline, DDIMScheduler(**STABLE))
    assert pipeline.safety_checker is None
    picture = torch.zeros(1, 3, 8, 8)
    assert pipeline.run_safety_checker(picture, "cpu", torch.float32) == (picture, None)
    blanks = inspect.getsource(type(pipeline).run_safety_checker)
    assert "image, has_nsfw_concept = self.safety_checker" in blanks


def watermark(_: Path) -> None:
    from diffusers import DDIMScheduler
    from diffusers.pipelines.stable_diffusion_xl import pipeline_stable_diffusion_xl_inpaint as xl

    scheduler = DDIMScheduler(**STABLE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(xl, "is_invisible_watermark_available", lambda: True)
        patch.setattr(xl, "StableDiffusionXLWatermarker", lambda: "a mark", raising=False)
        assert _sd_pipeline(sdxl_inpaint_pipeline, scheduler).watermark is None
        assert _sd_pipeline(_as_the_library_does, scheduler).watermark == "a mark"


STABLE = {"steps_offset": 1, "clip_sample": False}


def _sd_pipeline(make: Callable[..., Any], scheduler: Any) -> Any:
    from diffusers import AutoencoderKL, UNet2DConditionModel

    unet = UNet2DConditionModel.from_config(tiny_models.unet_config())
    return make({"unet": unet, "vae": AutoencoderKL()}, scheduler)


def _as_the_library_does(loaded: Any, scheduler: Any) -> Any:
    from diffusers import StableDiffusionXLInpaintPipeline

    names = ("text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2")
    nothing: dict[str, Any] = dict.fromkeys(names)
    return StableDiffusionXLInpaintPipeline(scheduler=scheduler, **loaded, **nothing)


def picture_size(_: Path) -> None:
    from diffusers.image_processor import VaeImageProcessor

    found = VaeImageProcessor(vae_scale_factor=8).preprocess(Pillow.new("RGB", (67, 66)))
    assert tuple(found.shape[2:]) == (64, 64)
    of_diffusion = [s for s in list_erasers() if issubclass(get_eraser(s.id), DiffusionEraser)]
    for canvas in (spec.canvas for spec in of_diffusion):
        assert (canvas.square or canvas.multiple_of) % 8 == 0
    assert len(of_diffusion) > 10


def picture_range(_: Path) -> None:
    import torch
    from diffusers.image_processor import VaeImageProcessor

    processor, grey = VaeImageProcessor(), torch.full((1, 3, 8, 8), 0.25)
    assert processor.preprocess(grey).unique().tolist() == [-0.5]
    with pytest.warns(FutureWarning, match="range"):
        assert processor.preprocess(-grey).unique().tolist() == [-0.25]  # as it was given
    levels = Pillow.new("RGB", (8, 8), (64, 64, 64))
    assert processor.preprocess(levels).unique().item() == pytest.approx(64 / 127.5 - 1)


def picture_resampling(_: Path) -> None:
    import transformers

    noise = np.random.default_rng(0).integers(0, 256, (50, 70, 3), np.uint8)
    for name, size in (
        ("CLIPImageProcessor", {"size": {"shortest_edge": 32}, "crop_size": 32}),
        ("GroundingDinoImageProcessor", {"size": {"height": 32, "width": 32}}),
    ):
        kinds = (getattr(transformers, name), getattr(transformers, f"{name}Pil"))
        fast, pillow = (
            kind(**size)(images=Pillow.fromarray(noise), return_tensors="pt").pixel_values
            for kind in kinds
        )
        assert 0.001 < (fast - pillow).abs().max() < 0.1
    house = PAGE.parent.parent
    for file in (
        "methods/_diffusion/clip_vision.py",
        "segmentation/_detection/grounding_dino.py",
        "segmentation/_detection/groundingdino_py.py",
    ):
        assert re.search(
            r"import\W+(\w+,\s+)*\w+ImageProcessorPil", (house / file).read_text("utf-8")
        )


def picture_order(_: Path) -> None:
    """A picture is reduced along its rows first, then along its columns."""
    tall = np.random.default_rng(0).integers(0, 256, (448, 74, 3), np.uint8)
    whole = Pillow.fromarray(tall)
    both = np.asarray(whole.resize((32, 194)))
    rows_first = whole.resize((32, 448)).resize((32, 194))
    columns_first = whole.resize((74, 194)).resize((32, 194))
    assert (both == np.asarray(rows_first)).all() and (both != np.asarray(columns_first)).any()
    needed = (PAGE.parent.parent / "requirements.txt").read_text("utf-8")
    assert "pillow>=11.3,<13\n" in needed


def onnx_providers(folder: Path) -> None:
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this onnxruntime has the device's provider")
    (folder / "net.onnx").write_bytes(_identity())
    wished = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    with pytest.warns(UserWarning, match="not in available provider"):
        session = onnxruntime.InferenceSession(str(folder / "net.onnx"), providers=wished)
    assert session.get_providers() == wished[1:]
    asked = inspect.getsource(migan)
    assert 'providers=["CPUExecutionProvider"]' in asked and "CUDAExecution" not in asked


def _identity() -> bytes:
    """A network of ONNX that gives back its one number."""
    one = field(2, field(1, field(1, 1) + field(2, field(1, field(1, 1)))))
    ends = field(11, field(1, "in") + one) + field(12, field(1, "out") + one)
    graph = field(1, field(1, "in") + field(2, "out") + field(4, "Identity")) + field(2, "net")
    return field(1, 8) + field(7, graph + ends) + field(8, field(2, 13))


CHECKS: dict[str, Check] = {
    "picture-places": picture_places,
    "missing-weights": missing_weights,
    "precision": precision,
    "training-mode": training_mode,
    "attention-arguments": attention_arguments,
    "attention-processors": attention_processors_given,
    "lora-layers": lora_layers,
    "scheduler-settings": scheduler_settings,
    "scheduler-corrected": scheduler_corrected,
    "scheduler-eta": scheduler_eta,
    "tokenizer-length": tokenizer_length,
    "guidance": guidance,
    "safety-checker": safety_checker,
    "watermark": watermark,
    "picture-size": picture_size,
    "picture-range": picture_range,
    "picture-resampling": picture_resampling,
    "picture-order": picture_order,
    "onnx-providers": onnx_providers,
}
"""By the row's name on the page."""


@pytest.mark.parametrize("name", CHECKS)
def test_the_library_still_falls_back_and_the_program_does_not(name: str, tmp_path: Path) -> None:
    CHECKS[name](tmp_path)


def test_the_page_has_a_row_for_each_check() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \|", PAGE.read_text("utf-8"), re.MULTILINE)
    assert rows == list(CHECKS)
