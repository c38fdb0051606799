"""Object erasers, one file each, and the one door through which others use them.

Only the names below are public. Each is imported when it is first asked for, so that
`import methods` costs nothing and brings no heavy library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from methods._base import JSON as JSON
    from methods._base import BadInput as BadInput
    from methods._base import Canvas as Canvas
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
    from methods._diffusion.published import EMBEDDINGS as EMBEDDINGS
    from methods._diffusion.publishing import Made as Made
    from methods._diffusion.publishing import constant_words as constant_words
    from methods._diffusion.publishing import make_embeddings as make_embeddings
    from methods._diffusion.publishing import model_card as model_card
    from methods._engine.before_fetch import demand_memory as demand_memory
    from methods._engine.consent import demand_agreed as demand_agreed
    from methods._engine.events import Borrowing as Borrowing
    from methods._engine.events import Event as Event
    from methods._engine.events import Failed as Failed
    from methods._engine.events import Fetching as Fetching
    from methods._engine.events import Finished as Finished
    from methods._engine.events import Judged as Judged
    from methods._engine.events import Loading as Loading
    from methods._engine.events import Started as Started
    from methods._engine.events import Stepped as Stepped
    from methods._engine.events import Stopping as Stopping
    from methods._engine.events import Waiting as Waiting
    from methods._engine.fingerprint import fingerprint as fingerprint
    from methods._engine.job import LARGEST_NUMBER as LARGEST_NUMBER
    from methods._engine.job import MAX_SETTINGS as MAX_SETTINGS
    from methods._engine.job import EraserId as EraserId
    from methods._engine.job import Job as Job
    from methods._engine.job import PlainJob as PlainJob
    from methods._engine.job import SettingName as SettingName
    from methods._engine.job import SettingValue as SettingValue
    from methods._engine.judging import Judge as Judge
    from methods._engine.obstacles import Hurdle as Hurdle
    from methods._engine.obstacles import Obstacle as Obstacle
    from methods._engine.obstacles import in_packages_or_device as in_packages_or_device
    from methods._engine.outlook import Machine as Machine
    from methods._engine.outlook import Outlook as Outlook
    from methods._engine.outlook import idle_machine as idle_machine
    from methods._engine.outlook import imagined as imagined
    from methods._engine.outlook import survey as survey
    from methods._engine.pace import Ahead as Ahead
    from methods._engine.pace import Expected as Expected
    from methods._engine.pace import ahead_of as ahead_of
    from methods._engine.pace import expected as expected
    from methods._engine.pace import note_pace as note_pace
    from methods._engine.readiness import Readiness as Readiness
    from methods._engine.readiness import Report as Report
    from methods._engine.readiness import report as report
    from methods._engine.registry import BrokenEraser as BrokenEraser
    from methods._engine.registry import broken_erasers as broken_erasers
    from methods._engine.registry import default_erasers as default_erasers
    from methods._engine.registry import get_eraser as get_eraser
    from methods._engine.registry import is_small_download as is_small_download
    from methods._engine.registry import list_erasers as list_erasers
    from methods._engine.registry import list_given as list_given
    from methods._engine.registry import missing_packages as missing_packages
    from methods._engine.registry import needed_weights as needed_weights
    from methods._engine.registry import settings_of as settings_of
    from methods._engine.residency import with_device_room as with_device_room
    from methods._engine.result_cache import picture_key as picture_key
    from methods._engine.runner import run as run
    from methods._engine.standing import BY_HAND as BY_HAND
    from methods._engine.standing import Family as Family
    from methods._engine.standing import Standing as Standing
    from methods._engine.standing import family_of as family_of
    from methods._engine.standing import standing_of as standing_of
    from methods._engine.stuck import most_silent_seconds as most_silent_seconds
    from methods._engine.worker import Picture as Picture
    from methods._engine.worker import results as results
    from methods._geometry.canvas import check_mask as check_mask
    from methods._geometry.edge import margin_around as margin_around
    from methods._geometry.masks import reduce_mask as reduce_mask
    from methods._geometry.paste import changed_outside as changed_outside
    from methods._geometry.paste import erase_in_patches as erase_in_patches
    from methods._metrics.judge import METRICS as METRICS
    from methods._metrics.judge import Features as Features
    from methods._metrics.judge import Finds as Finds
    from methods._metrics.judge import Metric as Metric
    from methods._metrics.judge import PlainReading as PlainReading
    from methods._metrics.judge import Reading as Reading
    from methods._metrics.judge import judge as judge
    from methods._metrics.judge import why_missing as why_missing
    from methods._metrics.lpips import LPIPS_WEIGHTS as LPIPS_WEIGHTS
    from methods._own.beginning import OWN_CLIENT as OWN_CLIENT
    from methods._own.beginning import begin_own as begin_own
    from methods._own.folder import check_own_folder as check_own_folder
    from methods._own.folder import own_folder as own_folder
    from methods._own.folder import use_own_folder as use_own_folder
    from methods._own.given import GivenResults as GivenResults
    from methods._own.manifest import own_schema as own_schema
    from methods._own.reloading import wish_reload as wish_reload
    from methods._own.trying import Trial as Trial
    from methods._own.trying import try_late as try_late
    from methods._own.trying import try_no_pictures as try_no_pictures
    from methods._own.trying import try_stop as try_stop
    from methods._photo.decode import read_source as read_source
    from methods._photo.decode import shown_name as shown_name
    from methods._photo.files import decoding_by as decoding_by
    from methods._photo.files import load_image as load_image
    from methods._photo.files import load_mask as load_mask
    from methods._photo.files import read_mask as read_mask
    from methods._photo.load import Limits as Limits
    from methods._photo.load import Photo as Photo
    from methods._photo.load import png_bytes as png_bytes
    from methods._photo.load import view_jpeg as view_jpeg
    from methods._photo.mask import ReadMask as ReadMask
    from methods._photo.mask import fitted as fitted
    from methods._photo.mask import nothing_marked as nothing_marked
    from methods._photo.mask_levels import MaskReading as MaskReading
    from methods._photo.told import pixels_told as pixels_told
    from methods._photo.transparency import flattened as flattened
    from methods._photo.transparency import on_checkerboard as on_checkerboard
    from methods._saving.contract import Change as Change
    from methods._saving.contract import FileFormat as FileFormat
    from methods._saving.contract import MadeBy as MadeBy
    from methods._saving.contract import SavedFile as SavedFile
    from methods._saving.contract import SavingWish as SavingWish
    from methods._saving.contract import WantedFormat as WantedFormat
    from methods._saving.metadata.carried import describe_metadata as describe_metadata
    from methods._saving.save import formats_for as formats_for
    from methods._saving.save import save_result as save_result
    from methods._system.arguments import with_their_numbers as with_their_numbers
    from methods._system.cache import BoundedCache as BoundedCache
    from methods._system.console import leave_at_once as leave_at_once
    from methods._system.console import readable as readable
    from methods._system.console import takes_all_text as takes_all_text
    from methods._system.console import write_any_text as write_any_text
    from methods._system.container import cores as cores
    from methods._system.container import free_memory as free_memory
    from methods._system.container import keep_to_cores as keep_to_cores
    from methods._system.container import total_memory as total_memory
    from methods._system.data_folder import data_folder as data_folder
    from methods._system.device import best_device as best_device
    from methods._system.device import job_device as job_device
    from methods._system.files import file_fault as file_fault
    from methods._system.files import write_atomic as write_atomic
    from methods._system.ledger.ledger import COMPOSING as COMPOSING
    from methods._system.ledger.ledger import DECODING as DECODING
    from methods._system.ledger.ledger import RUNNING as RUNNING
    from methods._system.ledger.ledger import SELECTING as SELECTING
    from methods._system.ledger.ledger import full_size as full_size
    from methods._system.ledger.ledger import held as held
    from methods._system.ledger.ledger import running as running
    from methods._system.ledger.ledger import set_up_ledger as set_up_ledger
    from methods._system.ledger.room import Room as Room
    from methods._system.ledger.room import Ticket as Ticket
    from methods._system.ledger.room import covered as covered
    from methods._system.ledger.room import on_behalf_of as on_behalf_of
    from methods._system.lent import gpu_is_lent as gpu_is_lent
    from methods._system.lock import Patience as Patience
    from methods._system.lock import PoliteLock as PoliteLock
    from methods._system.lock import StopToken as StopToken
    from methods._system.lock import device_lock as device_lock
    from methods._system.lock import patiently as patiently
    from methods._system.logs import adopt_logger as adopt_logger
    from methods._system.logs import begin_logging as begin_logging
    from methods._system.logs import current_run as current_run
    from methods._system.logs import keep_private as keep_private
    from methods._system.logs import keeping_private as keeping_private
    from methods._system.memory import share_heaps as share_heaps
    from methods._system.memory import trim_heaps as trim_heaps
    from methods._system.requirements import unmet_requirements as unmet_requirements
    from methods._system.space import on_a_space as on_a_space
    from methods._system.space import said_here as said_here
    from methods._system.threads import begin_thread as begin_thread
    from methods._system.units import in_bytes as in_bytes
    from methods._system.versions import PROGRAM as PROGRAM
    from methods._system.versions import versions as versions
    from methods._texts.catalogue import ENGLISH as ENGLISH
    from methods._texts.catalogue import Catalogue as Catalogue
    from methods._texts.catalogue import Sentence as Sentence
    from methods._texts.catalogue import catalogues as catalogues
    from methods._texts.catalogue import languages as languages
    from methods._texts.text import PlainText as PlainText
    from methods._texts.text import Value as Value
    from methods._texts.text import Verbatim as Verbatim
    from methods._weights.download import download as download
    from methods._weights.errors import megabytes as megabytes
    from methods._weights.errors import to_be_brought as to_be_brought
    from methods._weights.facts import WeightFacts as WeightFacts
    from methods._weights.facts import examine as examine
    from methods._weights.facts import known_facts as known_facts
    from methods._weights.fetch_set import Observer as Observer
    from methods._weights.fetch_set import adopt_in_background as adopt_in_background
    from methods._weights.fetch_set import fetch_all as fetch_all
    from methods._weights.fetch_set import fetch_in_background as fetch_in_background
    from methods._weights.pins.manifest import MANIFESTS as MANIFESTS
    from methods._weights.pins.manifest import Manifests as Manifests
    from methods._weights.pins.pin import Finding as Finding
    from methods._weights.pins.pin import Wish as Wish
    from methods._weights.pins.pin import begin_manifest as begin_manifest
    from methods._weights.pins.pin import pin as pin
    from methods._weights.progress import Notice as Notice
    from methods._weights.room import know_sets as know_sets
    from methods._weights.room import room_to_have as room_to_have
    from methods._weights.room import weights_cap as weights_cap
    from methods._weights.sources.hub import network_forbidden as network_forbidden
    from methods._weights.status import WeightState as WeightState
    from methods._weights.status import WeightStatus as WeightStatus
    from methods._weights.status import weight_status as weight_status
    from methods._weights.store import fetch as fetch
    from methods._weights.store import find_weights as find_weights
    from methods._weights.store import use_local as use_local
    from methods._weights.uses import keep_weights as keep_weights
    from methods._workers.choice import make_executor as make_executor
    from methods._workers.choice import make_room as make_room
    from methods._workers.choice import prepare_lending as prepare_lending
    from methods._workers.executor import Executor as Executor
    from methods._workers.executor import Place as Place
    from methods._workers.executor import SweepJob as SweepJob
    from methods._workers.helper import HELPER_LOST as HELPER_LOST
    from methods._workers.helper import Helper as Helper
    from methods._workers.in_process import InProcess as InProcess
    from methods._workers.lookout import known_places as known_places
    from methods._workers.process.answering import Answers as Answers
    from methods._workers.process.answering import Given as Given
    from methods._workers.zerogpu.pace import Cost as Cost
    from methods._workers.zerogpu.pace import gpu_cost as gpu_cost

_HOME = {
    "_base": (
        "JSON BadInput Canvas Eraser EraserSpec HubFile Image Mask NpmMember Paper PipMember"
        " Progress Settings Stopped Text Unavailable UrlFile UserError WeightFile"
        " WeightsUnavailable"
    ),
    "_diffusion.hardware_fit": "CARDS Fit fits",
    "_diffusion.published": "EMBEDDINGS",
    "_diffusion.publishing": "Made constant_words make_embeddings model_card",
    "_engine.before_fetch": "demand_memory",
    "_engine.events": (
        "Borrowing Event Failed Fetching Finished Judged Loading Started Stepped Stopping Waiting"
    ),
    "_engine.fingerprint": "fingerprint",
    "_engine.job": "EraserId Job LARGEST_NUMBER MAX_SETTINGS PlainJob SettingName SettingValue",
    "_engine.judging": "Judge",
    "_engine.consent": "demand_agreed",
    "_engine.registry": (
        "BrokenEraser broken_erasers default_erasers get_eraser is_small_download"
        " list_erasers list_given missing_packages"
        " needed_weights settings_of"
    ),
    "_engine.obstacles": "Hurdle Obstacle in_packages_or_device",
    "_engine.outlook": "Machine Outlook idle_machine imagined survey",
    "_engine.pace": "Ahead Expected ahead_of expected note_pace",
    "_engine.readiness": "Readiness Report report",
    "_engine.residency": "with_device_room",
    "_engine.result_cache": "picture_key",
    "_engine.runner": "run",
    "_engine.standing": "BY_HAND Family Standing family_of standing_of",
    "_engine.stuck": "most_silent_seconds",
    "_engine.worker": "Picture results",
    "_geometry.canvas": "check_mask",
    "_geometry.edge": "margin_around",
    "_geometry.masks": "reduce_mask",
    "_geometry.paste": "changed_outside erase_in_patches",
    "_metrics.judge": "METRICS Features Finds Metric PlainReading Reading judge why_missing",
    "_metrics.lpips": "LPIPS_WEIGHTS",
    "_own.beginning": "OWN_CLIENT begin_own",
    "_own.folder": "check_own_folder own_folder use_own_folder",
    "_own.given": "GivenResults",
    "_own.manifest": "own_schema",
    "_own.reloading": "wish_reload",
    "_own.trying": "Trial try_late try_no_pictures try_stop",
    "_photo.transparency": "flattened on_checkerboard",
    "_photo.decode": "read_source shown_name",
    "_photo.files": "decoding_by load_image load_mask read_mask",
    "_photo.load": "Limits Photo png_bytes view_jpeg",
    "_photo.mask": "ReadMask fitted nothing_marked",
    "_photo.mask_levels": "MaskReading",
    "_photo.told": "pixels_told",
    "_saving.contract": "Change FileFormat MadeBy SavedFile SavingWish WantedFormat",
    "_saving.metadata.carried": "describe_metadata",
    "_saving.save": "formats_for save_result",
    "_system.arguments": "with_their_numbers",
    "_system.cache": "BoundedCache",
    "_system.console": "leave_at_once readable takes_all_text write_any_text",
    "_system.container": "cores free_memory keep_to_cores total_memory",
    "_system.data_folder": "data_folder",
    "_system.device": "best_device job_device",
    "_system.files": "file_fault write_atomic",
    "_system.ledger.ledger": (
        "COMPOSING DECODING RUNNING SELECTING full_size held running set_up_ledger"
    ),
    "_system.ledger.room": "Room Ticket covered on_behalf_of",
    "_system.lent": "gpu_is_lent",
    "_system.lock": "Patience PoliteLock StopToken device_lock patiently",
    "_system.logs": "adopt_logger begin_logging current_run keep_private keeping_private",
    "_system.memory": "share_heaps trim_heaps",
    "_system.requirements": "unmet_requirements",
    "_system.space": "on_a_space said_here",
    "_system.threads": "begin_thread",
    "_system.units": "in_bytes",
    "_system.versions": "PROGRAM versions",
    "_texts.catalogue": "Catalogue ENGLISH Sentence catalogues languages",
    "_texts.text": "PlainText Value Verbatim",
    "_weights.download": "download",
    "_weights.errors": "megabytes to_be_brought",
    "_weights.facts": "WeightFacts examine known_facts",
    "_weights.fetch_set": "Observer adopt_in_background fetch_all fetch_in_background",
    "_weights.sources.hub": "network_forbidden",
    "_weights.pins.manifest": "MANIFESTS Manifests",
    "_weights.pins.pin": "Finding Wish begin_manifest pin",
    "_weights.progress": "Notice",
    "_weights.room": "know_sets room_to_have weights_cap",
    "_weights.status": "WeightState WeightStatus weight_status",
    "_weights.store": "fetch find_weights use_local",
    "_weights.uses": "keep_weights",
    "_workers.process.answering": "Answers Given",
    "_workers.choice": "make_executor make_room prepare_lending",
    "_workers.executor": "Executor Place SweepJob",
    "_workers.helper": "HELPER_LOST Helper",
    "_workers.in_process": "InProcess",
    "_workers.lookout": "known_places",
    "_workers.zerogpu.pace": "Cost gpu_cost",
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names.split()}

__all__ = sorted(_MODULE_OF)


def __getattr__(name: str) -> object:
    """Import a public name from its home at its first use (PEP 562)."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'methods' has no attribute {name!r}")
    value = getattr(import_module(f"methods.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value
