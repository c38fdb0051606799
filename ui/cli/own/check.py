"""`python -m methods check`: what of the contract an eraser keeps, on a small photo, in words.

Its own answers are looked at before they are pasted back, because that hides what they change.
"""

from __future__ import annotations

import argparse
import time
import traceback
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from methods import (
    Eraser,
    Failed,
    Finished,
    GivenResults,
    Image,
    Job,
    Mask,
    Settings,
    UserError,
    demand_agreed,
    erase_in_patches,
    get_eraser,
    list_given,
    make_executor,
)
from ui.cli.output import DONE, FAILED, say, say_json
from ui.cli.own.ends import of_ends
from ui.cli.own.finding import Finding

SIZE = (192, 256)
"""Height and width of the photo."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the eraser gave for one canvas, beside what it was given."""

    image: Image
    mask: Mask
    result: Image

    def changed(self, inside: bool) -> float:
        """The share of pixels that it changed inside or outside of the mask."""
        different = np.abs(self.result.astype(int) - self.image).max(axis=2) > 8
        return float(different[self.mask if inside else ~self.mask].mean())


def check(args: argparse.Namespace) -> int:
    """The command `check`."""
    findings: list[Finding] = []
    demand_agreed([args.name], args.agree)
    for finding in _found(args.name):
        findings.append(finding)
        if not args.json:
            say(f"{finding.verdict:<6} {finding.about}: {finding.text}")
    if args.json:
        say_json([asdict(finding) for finding in findings])
    wrong = sum(finding.verdict == "wrong" for finding in findings)
    if not args.json:
        say("It keeps the contract." if not wrong else f"{wrong} to be mended.")
    return FAILED if wrong else DONE


def _found(name: str) -> Iterator[Finding]:
    for results in list_given():
        if results.id == name:
            return of_results(results)
    return found(get_eraser(name))


def of_results(results: GivenResults) -> Iterator[Finding]:
    """Of a folder of results: what is wrong with its manifest, and how many pictures it holds."""
    if results.fault is not None:
        yield Finding("file", "wrong", str(results.fault))
        return
    yield Finding("file", "ok", f"it is read; results are called {results.wanted('ROW', 'PHOTO')}")
    if not results.folder.is_dir():
        yield Finding("folder", "wrong", f"there is no folder {results.folder}")
        return
    count = results.count()
    yield Finding("folder", "ok" if count else "wrong", f"it holds {count} pictures")


def found(eraser: type[Eraser]) -> Iterator[Finding]:
    """All that can be found; nothing more after what makes it useless."""
    if eraser.spec.unavailable is not None:
        yield Finding("file", "wrong", str(eraser.spec.unavailable))
        return
    yield Finding("file", "ok", "it is read, and its settings are sound")
    instance, settings = eraser(), eraser.Settings()
    try:
        begun = time.perf_counter()
        instance.load("cpu" if "cpu" in eraser.spec.devices else eraser.spec.devices[0], None)
        yield Finding("load", "ok", f"in {time.perf_counter() - begun:.1f} s")
        yield from _of_answers(instance, settings)
    except UserError as error:
        printed = str(error.details.get("printed", ""))
        yield Finding("answer", "wrong", "\n       | ".join([str(error), *printed.splitlines()]))
        return
    except ValueError as error:  # of the geometry, which checks what it is given back
        yield Finding("answer", "wrong", str(error))
        return
    except Exception as error:  # of a Python file's own code
        yield Finding("answer", "wrong", _told(error))
        return
    finally:
        instance.unload()
    yield from _of_runs(eraser)


# --- its own answers ----------------------------------------------------------------------


def _of_answers(instance: Eraser, settings: Settings) -> Iterator[Finding]:
    photo, (first, second) = small_photo(), two_masks()
    one = _answer(instance, photo, first, settings, 1)
    size = f"{one.result.shape[1]} × {one.result.shape[0]}"
    yield Finding("size", "ok", f"{size}, as it was asked, 8 bits, RGB")
    yield _of_polarity(one, _answer(instance, photo, second, settings, 1))
    outside = one.changed(inside=False)
    text = f"it changes {outside:.0%} of what is outside of the mask; that is thrown away"
    yield Finding("outside", "note" if outside > 0.001 else "ok", text)
    same = _answer(instance, photo, first, settings, 1)
    yield from _of_seeds(one, same, _answer(instance, photo, first, settings, 2), instance)
    yield from of_ends(instance, one.image, one.mask, settings)
    _answer(instance, photo, second, settings, 1)
    yield Finding("again", "ok", "after all this it still answers")


def _told(error: Exception) -> str:
    """With the line, as the file's own would say it."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({Path(last.filename).name}, line {last.lineno})"


def _of_polarity(*answers: Answer) -> Finding:
    inside = [answer.changed(inside=True) for answer in answers]
    outside = [answer.changed(inside=False) for answer in answers]
    if all(i < 0.05 and o > 0.2 for i, o in zip(inside, outside, strict=True)):
        return Finding("mask", "wrong", "it fills what is to stay: turn `erase` in [pictures]")
    if min(inside) < 0.001:
        return Finding("mask", "wrong", "it changes nothing where it is to erase")
    return Finding("mask", "ok", f"it changes {min(inside):.0%} of what is to be erased, or more")


def _of_seeds(one: Answer, same: Answer, other: Answer, instance: Eraser) -> Iterator[Finding]:
    hole = one.mask
    if np.array_equal(one.result[hole], same.result[hole]):
        yield Finding("seed", "ok", "the same seed gives the same picture")
    else:
        yield Finding("seed", "note", "the same seed gives another picture: it cannot be repeated")
        return
    differs = not np.array_equal(one.result[hole], other.result[hole])
    if instance.spec.seeded and not differs:
        yield Finding("seed", "wrong", "another seed gives the same picture: say seeded = false")
    elif differs and not instance.spec.seeded:
        yield Finding("seed", "wrong", "another seed gives another picture: say seeded = true")


def _answer(instance: Eraser, photo: Image, mask: Mask, settings: Settings, seed: int) -> Answer:
    """What it gives for the first canvas of a photo."""
    answers: list[Answer] = []

    def call(image: Image, hole: Mask, patch: int, patches: int) -> Image:
        result = instance.erase(image, hole, settings, seed, lambda step, total: None)
        answers.append(Answer(image, hole, result))
        return result

    canvas = type(instance).canvas_for(settings)
    erase_in_patches(photo, mask, canvas, call, sees_object=instance.spec.sees_object)
    return answers[0]


# --- runs, as everybody begins them ---------------------------------------------------------


def _of_runs(eraser: type[Eraser]) -> Iterator[Finding]:
    photo, mask = small_photo(), two_masks()[0]
    with make_executor() as executor:
        *_, last = executor.run([Job(eraser.spec.id)], photo, mask)
        if isinstance(last, Failed):
            yield Finding("run", "wrong", last.text)
            return
        assert isinstance(last, Finished)
        outside = last.changed_outside
        text = f"in {last.erase_seconds:.1f} s; {outside} pixels changed outside"
        yield Finding("run", "wrong" if outside else "ok", text)
        yield _of_memory(last, eraser.spec.memory)


def _of_memory(last: Finished, declared: int) -> Finding:
    used, said = f"{last.peak_memory / 1e9:.1f} GB", f"{declared / 1e9:.1f} GB"
    if declared and last.peak_memory > 1.25 * declared:
        return Finding("memory", "wrong", f"it took {used}, and {said} are declared")
    if not declared and last.peak_memory > 1e9:
        return Finding("memory", "note", f"it took {used}: say so by memory_gb, so that others go")
    return Finding("memory", "ok", f"{used} at most")


# --- what it is tried on ---------------------------------------------------------------------


def small_photo() -> Image:
    """(192, 256, 3) uint8: slopes and noise, so that every change is seen."""
    height, width = SIZE
    rows, columns = np.mgrid[0:height, 0:width]
    slopes = np.dstack(
        (rows * 255 // height, columns * 255 // width, (rows + columns) * 255 // 448)
    )
    noise = np.random.default_rng(7).integers(-20, 21, slopes.shape)
    return np.clip(slopes + noise, 0, 255).astype(np.uint8)


def two_masks() -> tuple[Mask, Mask]:
    """Small ones that lie apart, and like neither their mirror image nor their opposite."""
    first, second = np.zeros(SIZE, bool), np.zeros(SIZE, bool)
    first[40:80, 50:110] = first[60:110, 50:70] = True
    second[110:150, 150:200] = second[90:150, 190:210] = True
    return first, second
