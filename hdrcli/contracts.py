"""What ONE file must offer to join a stage folder. Each plugin file ends with one record of these types.

readers/       READER = Reader(...)            file -> Exposure
classical/     FUSER = Fuser(...)              aligned Bracket -> RadianceMap | DisplayImage
networks/      NETWORK = Network(...)          the same, through tiling and weights
alignment/     ALIGNER = Aligner(...)          Bracket -> aligned Bracket
tone_mapping/  TONE_MAPPER = ToneMapper(...)   RadianceMap -> DisplayImage
writers/       WRITER = Writer(...)            image -> bytes of a file
metrics/       METRIC = Metric(...)            picture and truth -> figures
datasets/      LAYOUT = Layout(...)            folder -> scenes with truth
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from hdrcli.adjustments import Adjustments
from hdrcli.comparison import Comparison, Kind
from hdrcli.development import Development
from hdrcli.image import Bracket, DisplayImage, Exposure, FrameHeader, RadianceMap

if TYPE_CHECKING:
    from hdrcli.tiling import TiledModule


@dataclass(frozen=True)
class Reader:
    """How files of some suffixes become an Exposure.

    `suffixes` are lower case with the dot. `read_header` decodes no pixels. `read` applies Orientation once, converts
    tagged colours to BT.709 primaries and raises ReadError for a file that is not whole; its second argument is how a
    RAW file becomes light (other formats ignore it). `read_light`, of formats that hold light above white, gives all
    that is stored: (H, W, 3) float32, also below 0 and not finite. All that decodes pixels runs in a process of its
    own (`hdrcli.sandbox`), and so does `read_header` if it is `native`: if it lets a library loose on the file's bytes.
    `modules` are the libraries to load there beforehand.
    """

    suffixes: tuple[str, ...]
    read_header: Callable[[Path], FrameHeader]
    read: Callable[[Path, Development | None], Exposure]
    read_light: Callable[[Path], np.ndarray] | None = None
    native: bool = False
    modules: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fuser:
    """A classical fuser: no weights.

    `makes` is the type of its result; `needs_times` says whether it is lost without relative exposures.
    """

    fuse: Callable[[Bracket], RadianceMap | DisplayImage]
    makes: type[RadianceMap] | type[DisplayImage]
    needs_times: bool
    summary: str
    source: str
    min_frames: int = 2


@dataclass(frozen=True)
class Network:
    """A fusion network: how it is built, fed and read.

    `build(**settings)` returns the module; `planes(bracket, module)` the (C, H, W) float32 input, or, for a module with
    several `strides`, a tuple of such maps, one for each; `conditions(bracket)` what the module needs beside pixels
    (name -> numbers); `finish(output, bracket)` turns the (3, H, W) output into the result at the border's conventions.
    A network of `frames` = 2 is given the darkest and the brightest frame, one of 3 the reference and its neighbours.
    `priors` are the values of `--prior` it knows, the default first; `build` takes one as `prior`. `bytes_per_pixel` is
    the measured peak of fp32 activations, for choosing tiles. Its weights are files with records (`hdrcli.records`).
    `bf16_on_cpu` says whether bf16 shows what fp32 does, so that a CPU that is fast at it takes it by itself.
    `from_authors` turns the state dicts of the authors'
    checkpoints into build settings and a state dict of ours; it raises KeyError when a part is missing.
    """

    build: Callable[..., TiledModule]
    planes: Callable[[Bracket, Any], Any]
    conditions: Callable[[Bracket], dict[str, list[float]]]
    finish: Callable[[Any, Bracket], RadianceMap | DisplayImage]
    makes: type[RadianceMap] | type[DisplayImage]
    frames: int
    needs_times: bool
    summary: str
    source: str
    bytes_per_pixel: int
    priors: tuple[str, ...] = ()
    bf16_on_cpu: bool = True
    from_authors: Callable[[list[dict[str, Any]]], tuple[dict[str, Any], dict[str, Any]]] | None = None


@dataclass(frozen=True)
class Aligner:
    """A way to bring the frames of a bracket onto its reference frame.

    Sets `valid` on every exposure it warps; the reference frame, and frames found to be in place, stay bit-equal.
    """

    align: Callable[[Bracket], Bracket]
    summary: str


@dataclass(frozen=True)
class ToneMapper:
    """A tone mapping operator: scene-referred to display-referred.

    `apply` heeds all adjustments, `strength` only if the operator is `local`: if it looks at a pixel's surroundings. It
    sets itself by statistics: those of the map, or the ones that it is given. `measure` takes these of several maps,
    each some of its pixels on a grid, (h, w, 3) of linear light on one scale, so that the pictures of all agree: equal
    light is shown alike but for its surroundings.
    """

    apply: Callable[[RadianceMap, Adjustments, Any], DisplayImage]
    measure: Callable[[Sequence[np.ndarray], Adjustments], Any]
    summary: str
    source: str
    local: bool = False


@dataclass(frozen=True)
class OutputInfo:
    """What a writer may say about a result beside its pixels.

    `exif` is the reference frame's Exif block and `exposure_time` (s), `f_number`, `iso` and `taken` (local time,
    "YYYY:MM:DD hh:mm:ss" as Exif writes it) are that frame's; `exposure_times` are those of all frames, darkest first.
    `scene_referred` says what linear pixels mean; `white_luminance` is the luminance of 1.0 in cd/m^2, where known.
    `attributes` are text and numbers for the header by name: model, weights digest. `quality`, 1 to 100, is how well a
    lossy format shall keep the picture. `xmp` is the reference frame's XMP packet; `sources` are the names of the
    frames, darkest first.
    """

    exif: bytes | None = None
    attributes: Mapping[str, str | float] = field(default_factory=dict)
    scene_referred: bool = True
    exposure_times: tuple[float, ...] = ()
    f_number: float | None = None
    iso: float | None = None
    taken: str | None = None
    exposure_time: float | None = None
    white_luminance: float | None = None
    quality: int = 95
    xmp: bytes | None = None
    sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class Writer:
    """How an image becomes the bytes of a file whose name ends in `suffix`, which begins with the format's name.

    `takes` is the type of image it encodes: linear light ("linear"), a display picture ("display"), "both" of a
    scene-referred result, or light that is "shown": linear, scaled to the picture's middle tones, highlights above 1.
    `encode(pixels, info, bit_depth)` returns the whole file; putting it on disk, all or nothing,
    is `write_all`. `pixels` are (H, W, 3) float32: linear BT.709 light, or sRGB-encoded [0, 1], or the pair (display,
    linear). Raises WriteError for a picture that the format cannot hold. `bit_depths` are bits a channel, the default
    first; `lossy` says whether `OutputInfo.quality` counts.
    """

    suffix: str
    takes: Literal["linear", "display", "both", "shown"]
    encode: Callable[[Any, OutputInfo, int], bytes]
    bit_depths: tuple[int, ...]
    lossy: bool = False

    def depth(self, wanted: int | None) -> int:
        """The bit depth to write when `wanted` is asked for: the format's own default where it has no such depth."""
        return wanted if wanted in self.bit_depths else self.bit_depths[0]


@dataclass(frozen=True)
class Metric:
    """A measure of how good a picture is, larger the better.

    `measure` returns one number for each of `figures`, their names in results; the first is the file's own name. Those
    of the others that are `falling` are smaller the better.
    `compares` are the kinds of comparison it can judge, the preferred first. `best` is the first figure of a picture
    held against itself: infinite for PSNR, None where that can't be done. `usual` says whether it is measured when none
    are asked for. `peaks_at_white` says whether it is defined for light in [0, 1] only: what is above counts as white.
    `variant` tells which of the definitions in use it is, `unit` what it counts in, `needs` the module of an optional
    package that it cannot do without; such a one is not among the usual. `error_map` gives the
    (H, W) float32 error of each pixel in `map_unit`, larger the worse. Both raise MetricError for pictures that they
    cannot judge: too small, say.
    """

    measure: Callable[[Comparison], tuple[float, ...]]
    figures: tuple[str, ...]
    compares: tuple[Kind, ...]
    best: float | None
    summary: str
    variant: str
    source: str
    unit: str = ""
    usual: bool = True
    peaks_at_white: bool = False
    needs: str | None = None
    falling: tuple[str, ...] = ()
    error_map: Callable[[Comparison], np.ndarray] | None = None
    map_unit: str = ""


@dataclass(frozen=True)
class Scene:
    """A scene of a data set: its frames in file order and its truth.

    `unit` is the frame whose white is 1.0 in a linear truth: the "shortest" or the "reference" one; None where only the
    pixels tell.
    """

    name: str
    frames: tuple[Path, ...]
    truth: Path
    unit: Literal["shortest", "reference"] | None = None


@dataclass(frozen=True)
class Layout:
    """How a data set lies in folders.

    `scenes(root)` finds its scenes, in natural order, and says what is missing or left over; it finds none in a folder
    that is laid out otherwise.
    """

    scenes: Callable[[Path], tuple[list[Scene], list[str]]]
    summary: str
    source: str
