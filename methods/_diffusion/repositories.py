"""The base models that several erasers share, pinned to one revision each.

Half-precision files: they serve the GPU as they are and are widened on the CPU. Sizes and
hashes are those of the hub's own manifests; the few small files whose hash could not be seen
are recorded at their first download.
"""

from __future__ import annotations

from methods._weights.repository import RepoFile as File
from methods._weights.repository import Repository

OPENRAIL_M = "CreativeML-OpenRAIL-M"
OPENRAIL_PLUS = "CreativeML-OpenRAIL++-M"

_VOCAB = "e089ad92ba36837a0d31433e555c8f45fe601ab5c221d4f607ded32d9f7a4349"
_MERGES = "9fd691f7c8039210e0fced15865466c65820d09b63988b0174bfe25de299051a"
_SPECIAL = "c4864a9376a8401918425bed71fc14fc0e81f9b59ec45c1cf96cccb2df508eac"
_SPECIAL_2 = "f118ab3a983206e4f32583448de6bd6aae4ee21869135cef1f5848a753cdaab6"
_SDXL_TOKENIZER = "19d7b034cb0cc3ce9766c2231373ab8aa8991fc72e2c8f76558bfaae3de0d563"
_SDXL_TOKENIZER_2 = "c9d23941f76a41cbd50eda9290f57be7828f0a7a677939e9ef181f7e12bd1bdf"
_SD15_TOKENIZER = "00439066fcba73de57644cf41e4e3b9f2dbb09d7f3fc2005898ba52399045882"

_SD15_VAE = "4fbcf0ebe55a0984f5a5e00d8c4521d52359af7229bb4d81890039d2aa16dd7c"
_SD15_TEXT = "77795e2023adcf39bc29a884661950380bd093cf0750a966d473d1718dc9ef4e"
_SD2_VAE = "3e4c08995484ee61270175e9e7a072b66a6e4eeb5f0c266667fe1f45b90daf9a"
_SD2_TEXT = "681c555376658c81dc273f2d737a2aeb23ddb6d1d8e5b3a7064636d359a22668"

_UNET = "unet/diffusion_pytorch_model.fp16.safetensors"
_VAE = "vae/diffusion_pytorch_model.fp16.safetensors"
_TEXT = "text_encoder/model.fp16.safetensors"
_TEXT_2 = "text_encoder_2/model.fp16.safetensors"


def _tokenizer(
    folder: str, special: File, config: tuple[int, str | None]
) -> tuple[File, File, File, File]:
    """CLIP's vocabulary is the same in all of them."""
    return (
        File(f"{folder}/merges.txt", 524_619, _MERGES),
        File(f"{folder}/vocab.json", 1_059_962, _VOCAB),
        special,
        File(f"{folder}/tokenizer_config.json", *config),
    )


def _special(folder: str = "tokenizer") -> File:
    return File(f"{folder}/special_tokens_map.json", 472, _SPECIAL)


def _special_2(folder: str) -> File:
    return File(f"{folder}/special_tokens_map.json", 460, _SPECIAL_2)


SD15_INPAINTING = Repository(
    name="sd15-inpainting",
    repo="stable-diffusion-v1-5/stable-diffusion-inpainting",
    revision="8a4288a76071f7280aedbdb3253bdb9e9d5d84bb",
    license=OPENRAIL_M,
    files=(
        File("unet/config.json", 750),
        File(
            _UNET,
            1_719_154_104,
            "24b788b4a777748377cc20364eea4ae113c8c42f4468c16bc8c02fdae5492af9",
        ),
        File("vae/config.json", 550),
        File(_VAE, 167_335_342, _SD15_VAE),
        File("text_encoder/config.json", 620),
        File(_TEXT, 246_144_864, _SD15_TEXT),
        *_tokenizer("tokenizer", _special(), (810, None)),
        File("scheduler/scheduler_config.json", 320),
    ),
)
"""Stable Diffusion 1.5 inpainting (Runway), in its own first home's successor."""

SD15 = Repository(
    name="sd15",
    repo="stable-diffusion-v1-5/stable-diffusion-v1-5",
    revision="451f4fe16113bff5a5d2269ed5ad43b0592e9a14",
    license=OPENRAIL_M,
    files=(
        File(
            "unet/config.json",
            743,
            "78f474de6bab3d893868f37be97b636ae65c0df3073ed3256ca458ff599b5f96",
        ),
        File(
            _UNET,
            1_719_125_304,
            "c83908253f9a64d08c25fc90874c9c8aef9a329ce1ca5fb909d73b0c83d1ea21",
        ),
        File(
            "vae/config.json",
            547,
            "786a7d21647ddea6a04b9675c03d3cb45e90a2f3c6da5fbda2c54ade040036de",
        ),
        File(_VAE, 167_335_342, _SD15_VAE),
        File(
            "text_encoder/config.json",
            617,
            "845df614cb9327ae7bbea027316246fae917827407da6df13572e41b5f93b4cc",
        ),
        File(_TEXT, 246_144_864, _SD15_TEXT),
        *_tokenizer("tokenizer", _special(), (806, _SD15_TOKENIZER)),
        File(
            "scheduler/scheduler_config.json",
            308,
            "699cce92eb7c122e2eb7dfdea78e6187fda76a5ed4a8e42319b85610e620e091",
        ),
    ),
)
"""Stable Diffusion 1.5."""

SD2_INPAINTING = Repository(
    name="sd2-inpainting",
    repo="sd2-community/stable-diffusion-2-inpainting",
    revision="5f74973cbb64c8568780732c17f43eb269d63a0d",
    license=OPENRAIL_PLUS,
    files=(
        File("unet/config.json", 914),
        File(
            _UNET,
            1_731_933_536,
            "29a698f37775d5904a958c9cebed98184483dfb441729a8e5f98dd5b65df70c8",
        ),
        File("vae/config.json", 616),
        File(_VAE, 167_335_342, _SD2_VAE),
        File("text_encoder/config.json", 638),
        File(_TEXT, 680_821_096, _SD2_TEXT),
        *_tokenizer("tokenizer", _special_2("tokenizer"), (824, None)),
        File("scheduler/scheduler_config.json", 310),
    ),
)
"""Stable Diffusion 2 inpainting: a mirror, because Stability AI withdrew the original."""

SD21 = Repository(
    name="sd21-base",
    repo="Manojb/stable-diffusion-2-1-base",
    revision="0094d483a120f3f33dafbd187ea4aa60d10de75c",
    license=OPENRAIL_PLUS,
    files=(
        File(
            "unet/config.json",
            911,
            "ce0c6d379e3b1d3e1f79338de70c80a1e36f17a6372439a8249b6fb0dfa1b608",
        ),
        File(
            _UNET,
            1_731_904_736,
            "28ec9cf3b239c0751c201b1f6fb46b551df5862731b30a37aa1360101cb3fbab",
        ),
        File("vae/config.json", 553),
        File(_VAE, 167_335_342, _SD2_VAE),
        File("text_encoder/config.json", 613),
        File(_TEXT, 680_821_096, _SD2_TEXT),
        *_tokenizer("tokenizer", _special_2("tokenizer"), (807, None)),
        File(
            "scheduler/scheduler_config.json",
            346,
            "11ac5627d7df0fa344b875c4b5722b1767a8a2aa1684c2cf8b4d614300127234",
        ),
    ),
)
"""Stable Diffusion 2.1 base (512 pixels): a mirror, because the original was withdrawn."""

SDXL_INPAINTING = Repository(
    name="sdxl-inpainting",
    repo="diffusers/stable-diffusion-xl-1.0-inpainting-0.1",
    revision="115134f363124c53c7d878647567d04daf26e41e",
    license=OPENRAIL_PLUS,
    files=(
        File(
            "unet/config.json",
            1_932,
            "aaedf41fbcb29d2d8725241413b8525bd97005dea3f86d8056199469032537e9",
        ),
        File(
            _UNET,
            5_135_178_560,
            "6470840731e98cc16713ddf3ac7ee458c9fdbcb881a98c6727cd4a938f227d3f",
        ),
        File(
            "vae/config.json",
            659,
            "b822341e6125efedebffb8e3f35e7288aab06bb4c49853d50a16964bf104a727",
        ),
        File(
            _VAE,
            167_335_338,
            "4ad62825e5c8b31eefb77355ba6693785619bf7d669d9b1a6fd9f19dec6d65b3",
        ),
        File(
            "text_encoder/config.json",
            746,
            "46ae51fa8bde7817168d97faa0556cc0ac42ec0a7a53248bab4a52f8f5866f13",
        ),
        File(
            _TEXT,
            246_144_867,
            "fc83cf401d930147807e7c44021c164bcc5508c9d4cc0ff35f4e354685ca9cd0",
        ),
        File(
            "text_encoder_2/config.json",
            758,
            "fbcd3aad07a99e28d4c51550bd798903922083527ec69ad026f25699518af82d",
        ),
        File(
            _TEXT_2,
            1_389_382_884,
            "a8622bd41f8d359df484fdf9de091edb9337a2fd747f0a5c9c320a62e24d1fd3",
        ),
        *_tokenizer("tokenizer", _special(), (737, _SDXL_TOKENIZER)),
        *_tokenizer("tokenizer_2", _special_2("tokenizer_2"), (725, _SDXL_TOKENIZER_2)),
        File(
            "scheduler/scheduler_config.json",
            479,
            "a8e9a8517e8739938ea85819012bad195d41ccb3e11e2501cf196da64099b1f6",
        ),
    ),
)
"""SDXL inpainting 0.1 by the makers of diffusers."""

SDXL = Repository(
    name="sdxl-base",
    repo="stabilityai/stable-diffusion-xl-base-1.0",
    revision="462165984030d82259a11f4367a4eed129e94a7b",
    license=OPENRAIL_PLUS,
    files=(
        File(
            "unet/config.json",
            1_680,
            "30ebc70750223e59006f7f2b4e1e6c102570aa19a9c4ae3e1fbe7591332dbae6",
        ),
        File(
            _UNET,
            5_135_149_760,
            "83e012a805b84c7ca28e5646747c90a243c65c8ba4f070e2d7ddc9d74661e139",
        ),
        File(
            "vae/config.json",
            642,
            "0b331c8ac22ded5f9997a144a575c1d113d6169aff262c353f39015bd24a6264",
        ),
        File(
            _VAE,
            167_335_342,
            "bcb60880a46b63dea58e9bc591abe15f8350bde47b405f9c38f4be70c6161e68",
        ),
        File(
            "text_encoder/config.json",
            565,
            "39b8b2e4b1949e36969caa425b6c81c68bace99198dd9078ce05d16ad401fe7f",
        ),
        File(
            _TEXT,
            246_144_152,
            "660c6f5b1abae9dc498ac2d21e1347d2abdb0cf6c0c0c8576cd796491d9a6cdd",
        ),
        File(
            "text_encoder_2/config.json",
            575,
            "a892d1c3a69a7e9247a24de2bc1d5891e3109a54696e53be20093af671072c34",
        ),
        File(
            _TEXT_2,
            1_389_382_176,
            "ec310df2af79c318e24d20511b601a591ca8cd4f1fce1d8dff822a356bcdb1f4",
        ),
        *_tokenizer("tokenizer", _special(), (737, _SDXL_TOKENIZER)),
        *_tokenizer("tokenizer_2", _special_2("tokenizer_2"), (725, _SDXL_TOKENIZER_2)),
        File(
            "scheduler/scheduler_config.json",
            479,
            "af3e45a949aff8b8341ab8b811429ec03fee857a700a1d9477363e4fff9666e2",
        ),
    ),
)
"""Stable Diffusion XL 1.0."""
