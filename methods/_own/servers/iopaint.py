"""IOPaint's own interface, as its version 1.6 has it: one request for one picture.

Source: github.com/Sanster/IOPaint, `iopaint/schema.py` (InpaintRequest) and `iopaint/api.py`.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from methods._own.parts import Line, Part
from methods._own.servers.errors import ServerError

if TYPE_CHECKING:
    from methods._own.servers.call import Call

Share = Annotated[float, Field(ge=0, le=1)]
Pixels = Annotated[int, Field(ge=0, le=16384)]
Steps = Annotated[int, Field(ge=1, le=1000)]
Prompt = Annotated[str, Field(max_length=4000)]


class IopaintPart(Part):
    """What IOPaint is told beside photo, mask and seed; what is left out is as IOPaint has it.

    model: the one that must run there, as `iopaint start --model` names it; it is never switched.
    All others are IOPaint's own names; a setting of the same name goes before.
    """

    model: Line | None = None

    hd_strategy: Literal["Original", "Resize", "Crop"] | None = None
    hd_strategy_crop_trigger_size: Pixels | None = None
    hd_strategy_crop_margin: Pixels | None = None
    hd_strategy_resize_limit: Pixels | None = None

    cv2_flag: Literal["INPAINT_NS", "INPAINT_TELEA"] | None = None
    cv2_radius: Annotated[int, Field(ge=1, le=500)] | None = None
    ldm_steps: Steps | None = None
    ldm_sampler: Literal["ddim", "plms"] | None = None
    zits_wireframe: bool | None = None

    prompt: Prompt | None = None
    negative_prompt: Prompt | None = None
    sd_steps: Steps | None = None
    sd_sampler: Line | None = None
    sd_strength: Share | None = None
    sd_guidance_scale: Annotated[float, Field(ge=0, le=100)] | None = None
    sd_scale: Annotated[float, Field(gt=0, le=1)] | None = None
    sd_mask_blur: Pixels | None = None
    sd_match_histograms: bool | None = None
    sd_keep_unmasked_area: bool | None = None
    sd_lcm_lora: bool | None = None
    p2p_image_guidance_scale: Annotated[float, Field(ge=0, le=100)] | None = None

    enable_controlnet: bool | None = None
    controlnet_method: Line | None = None
    controlnet_conditioning_scale: Share | None = None
    enable_brushnet: bool | None = None
    brushnet_method: Line | None = None
    brushnet_conditioning_scale: Share | None = None
    enable_powerpaint_v2: bool | None = None
    powerpaint_task: (
        Literal["text-guided", "context-aware", "shape-guided", "object-remove"] | None
    ) = None
    fitting_degree: Annotated[float, Field(gt=0, le=1)] | None = None


PARAMETERS = tuple(name for name in IopaintPart.model_fields if name != "model")
"""What a setting may be called: a name that IOPaint does not know would reach nothing."""


def ask(part: IopaintPart, call: Call) -> bytes:
    """The result picture's bytes. Raises ServerError, and what `call.progress` raises."""
    if part.model is not None:
        _check_model(part.model, call)
    wish = {
        **part.model_dump(exclude_none=True, exclude={"model"}),
        **call.values,
        "sd_seed": call.seed,
        "image": base64.b64encode(call.photo).decode("ascii"),
        "mask": base64.b64encode(call.mask).decode("ascii"),
    }
    url = f"{call.url}/api/v1/inpaint"
    return bytes(call.web.send("POST", url, json=wish, headers=call.headers).content)


def _check_model(wanted: str, call: Call) -> None:
    answer = call.web.send("GET", f"{call.url}/api/v1/model", headers=call.headers)
    try:
        found = json.loads(answer.content)["name"]
    except (ValueError, KeyError, TypeError) as error:
        raise ServerError("bad") from error
    if found != wanted:
        raise ServerError("model", str(found))
