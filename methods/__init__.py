"""Object erasers, one file each, and the one door through which others use them.

Only the names below are public. Each is imported when it is first asked for, so that
`import methods` costs nothing and brings no heavy library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from methods._base import BadInput as BadInput
    from methods._base import Eraser as Eraser
    from methods._base import EraserSpec as EraserSpec
    from methods._base import HubFile as HubFile
    from methods._base import Image as Image
    from methods._base import Mask as Mask
    from methods._base import NpmMember as NpmMember
    from methods._base import Paper as Paper
    from methods._base import PipMember as PipMember
    from methods._base import Progress as Progress
    from methods._base import Settings as Settings
    from methods._base import Stopped as Stopped
    from methods._base import Text as Text
    from methods._base import Unavailable as Unavailable
    from methods._base import UrlFile as UrlFile
    from methods._base import UserError as UserError
    from methods._base import WeightFile as WeightFile
    from methods._base import WeightsUnavailable as WeightsUnavailable
    from methods._diffusion.hardware_fit import CARDS as CARDS
    from methods._diffusion.hardware_fit import Fit as Fit
    from methods._diffusion.hardware_fit import fits as fits
    from methods._error_texts import ERRORS_ZH as ERRORS_ZH
    from methods._events import Event as Event
    from methods._events import Failed as Failed
    from methods._events import Fetching as Fetching
    from methods._events import Finished as Finished
    from methods._events import Judged as Judged
    from methods._events import Loading as Loading
    from methods._events import Started as Started
    from methods._events import Stepped as Stepped
    from methods._events import Stopping as Stopping
    from methods._events import Waiting as Waiting
    from methods._fingerprint import fingerprint as fingerprint
    from methods._geometry.canvas import changed_outside as changed_outside
    from methods._geometry.canvas import check_mask as check_mask
    from methods._judging import Judge as Judge
    from methods._metrics.judge import METRICS as METRICS
    from methods._metrics.judge import Finds as Finds
    from methods._metrics.judge import Metric as Metric
    from methods._metrics.judge import Reading as Reading
    from methods._metrics.judge import judge as judge
    from methods._metrics.judge import why_missing as why_missing
    from methods._metrics.lpips import LPIPS_WEIGHTS as LPIPS_WEIGHTS
    from methods._photo.load import Limits as Limits
    from methods._photo.load import Photo as Photo
    from methods._photo.load import load_image as load_image
    from methods._photo.load import load_mask as load_mask
    from methods._photo.load import png_bytes as png_bytes
    from methods._photo.load import view_jpeg as view_jpeg
    from methods._registry import BrokenEraser as BrokenEraser
    from methods._registry import broken_erasers as broken_erasers
    from methods._registry import default_erasers as default_erasers
    from methods._registry import get_eraser as get_eraser
    from methods._registry import list_erasers as list_erasers
    from methods._registry import missing_packages as missing_packages
    from methods._registry import needed_weights as needed_weights
    from methods._registry import settings_of as settings_of
    from methods._residency import with_device_room as with_device_room
    from methods._result_cache import picture_key as picture_key
    from methods._runner import Job as Job
    from methods._runner import run as run
    from methods._system.device import StopToken as StopToken
    from methods._system.device import best_device as best_device
    from methods._system.device import device_lock as device_lock
    from methods._system.memory import is_out_of_memory as is_out_of_memory
    from methods._system.memory import share_heaps as share_heaps
    from methods._system.memory import trim_heaps as trim_heaps
    from methods._system.versions import PROGRAM as PROGRAM
    from methods._system.versions import versions as versions
    from methods._weights.download import download as download
    from methods._weights.errors import megabytes as megabytes
    from methods._weights.store import WeightState as WeightState
    from methods._weights.store import WeightStatus as WeightStatus
    from methods._weights.store import fetch as fetch
    from methods._weights.store import fetch_in_background as fetch_in_background
    from methods._weights.store import find_weights as find_weights
    from methods._weights.store import use_local as use_local
    from methods._weights.store import weight_status as weight_status
    from methods._worker import results as results

_HOME = {
    "_base": (
        "BadInput Eraser EraserSpec HubFile Image Mask NpmMember Paper PipMember Progress"
        " Settings Stopped Text Unavailable UrlFile UserError WeightFile WeightsUnavailable"
    ),
    "_diffusion.hardware_fit": "CARDS Fit fits",
    "_error_texts": "ERRORS_ZH",
    "_events": "Event Failed Fetching Finished Judged Loading Started Stepped Stopping Waiting",
    "_fingerprint": "fingerprint",
    "_geometry.canvas": "changed_outside check_mask",
    "_judging": "Judge",
    "_metrics.judge": "METRICS Finds Metric Reading judge why_missing",
    "_metrics.lpips": "LPIPS_WEIGHTS",
    "_photo.load": "Limits Photo load_image load_mask png_bytes view_jpeg",
    "_registry": (
        "BrokenEraser broken_erasers default_erasers get_eraser list_erasers missing_packages"
        " needed_weights settings_of"
    ),
    "_residency": "with_device_room",
    "_result_cache": "picture_key",
    "_runner": "Job run",
    "_system.device": "StopToken best_device device_lock",
    "_system.memory": "is_out_of_memory share_heaps trim_heaps",
    "_system.versions": "PROGRAM versions",
    "_weights.download": "download",
    "_weights.errors": "megabytes",
    "_weights.store": (
        "WeightState WeightStatus fetch fetch_in_background find_weights use_local weight_status"
    ),
    "_worker": "results",
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names.split()}

__all__ = sorted(_MODULE_OF)


def __getattr__(name: str) -> Any:
    """Import a public name from its home at its first use (PEP 562)."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'methods' has no attribute {name!r}")
    value = getattr(import_module(f"methods.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value
