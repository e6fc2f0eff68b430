"""Small sound frames of every kind that cameras and programs write, made on the spot: what mutations begin with.

Each kind is a function of the exposure, so that three of one kind are a bracket.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image, ImageCms

from tests.readers.cameras import Camera
from tests.readers.samples import dng, exif, ramp

Make = Callable[[float], bytes]
"""The bytes of a frame exposed so many times as long as the middle one."""

SIZE = (32, 48)
"""Height and width of all but RAW frames."""

XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="3" '
    b'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title><rdf:Alt><rdf:li xml:lang="x-default">A</rdf:li></rdf:Alt>'
    b"</dc:title></rdf:Description></rdf:RDF></x:xmpmeta>"
)


def seeds() -> dict[str, tuple[str, Make]]:
    """Suffix and maker of each kind, by name ("tiff-lzw"); the part before the dash is its format."""
    kinds = {"raw-bayer": (".dng", _bayer), "raw-linear": (".dng", _linear_raw)}
    for form, suffix, makers in (
        ("jpeg", ".jpg", _jpegs()),
        ("png", ".png", _pngs()),
        ("tiff", ".tif", _tiffs()),
        ("exr", ".exr", _exrs()),
        ("hdr", ".hdr", _radiances()),
        ("webp", ".webp", _webps()),
        ("bmp", ".bmp", _bmps()),
    ):
        kinds |= {f"{form}-{name}": (suffix, make) for name, make in makers}
    return kinds


def _light(exposure: float) -> np.ndarray:
    """(H, W, 3) float32 from 0 to 1, exposed."""
    return ramp(*SIZE, levels=65536).astype(np.float32) / 65535 * np.float32(exposure)


def _codes(exposure: float, bits: int = 8) -> np.ndarray:
    """(H, W, 3) sRGB-like codes."""
    top = (1 << bits) - 1
    return np.round(np.clip(_light(exposure), 0, 1) ** (1 / 2.2) * top).astype(f"uint{bits}")


def _by_pillow(form: str, exposure: float, mode: str = "RGB", **options: object) -> bytes:
    stream = BytesIO()
    Image.fromarray(_codes(exposure)).convert(mode).save(stream, form, **options)
    return stream.getvalue()


def _profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def _with_all() -> dict[str, object]:
    return {"exif": exif(), "xmp": XMP, "icc_profile": _profile()}


def _jpegs() -> Iterator[tuple[str, Make]]:
    pillow = partial(_by_pillow, "JPEG")
    yield "baseline", pillow
    yield "progressive", partial(pillow, progressive=True)
    yield "grey", partial(pillow, mode="L")
    yield "cmyk", partial(pillow, mode="CMYK")
    yield "restarts", partial(pillow, subsampling="4:2:0", restart_marker_blocks=2)
    yield "metadata", lambda exposure: pillow(exposure, **_with_all())
    yield "canon", lambda exposure: pillow(exposure, exif=_maker_note("Canon"))
    yield "nikon", lambda exposure: pillow(exposure, exif=_maker_note("NIKON CORPORATION"))
    yield "gainmap", _gain_map


def _maker_note(make: str) -> Image.Exif:
    """An Exif block with a note as `make` writes it, of a bracket."""
    from tests.readers.test_maker_note import note, shorts

    entries = {4: (3, shorts(40, *[0] * 15, -1, 32, 0, 0))}
    if make.startswith("NIKON"):
        entries = {0x19: (10, struct.pack("<ii", -4, 3)), 0x89: (3, shorts(16))}
    block = exif(more={0xA402: 2, 0x927C: note(make, entries, 0).ljust(80, b"\0")})
    block[0x010F] = make
    return block


def _gain_map(exposure: float) -> bytes:
    """An Ultra HDR picture: gain map, multi-picture index, ISO segment, XMP directory."""
    from hdrcli.contracts import OutputInfo
    from hdrcli.writers import uhdr

    light = _light(exposure)
    return uhdr.encode((np.clip(light, 0, 1), light * 4), OutputInfo(quality=90), 8)


def _pngs() -> Iterator[tuple[str, Make]]:
    import imagecodecs

    pillow = partial(_by_pillow, "PNG")
    yield "8", pillow
    yield "16", lambda exposure: imagecodecs.png_encode(_codes(exposure, 16))
    yield "palette", partial(pillow, mode="P")
    yield "bilevel", partial(pillow, mode="1")
    yield "alpha", partial(pillow, mode="RGBA")
    yield "interlaced", _interlaced
    yield "metadata", _png_with_all


def _png_with_all(exposure: float) -> bytes:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_itxt("XML:com.adobe.xmp", XMP.decode(), zip=True)
    info.add(b"gAMA", (45455).to_bytes(4, "big"))
    return _by_pillow("PNG", exposure, pnginfo=info, exif=exif(), icc_profile=_profile())


def chunk(name: bytes, body: bytes) -> bytes:
    """A PNG chunk."""
    return len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")


def _interlaced(exposure: float) -> bytes:
    """An RGB picture in the seven passes of Adam7 (PNG, third edition, 8.2), none filtered."""
    codes = _codes(exposure)
    passes = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
    rows = [row for top, left, down, right in passes for row in codes[top::down, left::right]]
    data = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    start = struct.pack(">IIBBBBB", SIZE[1], SIZE[0], 8, 2, 0, 0, 1)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", start) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def _tiffs() -> Iterator[tuple[str, Make]]:
    rgb = {"photometric": "rgb"}
    kinds: dict[str, dict[str, object]] = {
        "strips": {**rgb, "rowsperstrip": 8},
        "tiles": {**rgb, "tile": (16, 16)},
        "lzw": {**rgb, "compression": "lzw", "predictor": 2},
        "deflate-tiles": {**rgb, "compression": "zlib", "tile": (16, 16)},
        "packbits": {**rgb, "compression": "packbits"},
        "jpeg": {**rgb, "compression": "jpeg"},
        "zstd": {**rgb, "compression": "zstd"},
        "big-endian": {**rgb, "byteorder": ">"},
        "bigtiff": {**rgb, "bigtiff": True},
        "planar": {**rgb, "planarconfig": "separate"},
    }
    for name, options in kinds.items():
        yield name, partial(_tiff, 16 if name in ("lzw", "big-endian") else 8, options)
    yield "float", partial(_tiff, 32, {**rgb, "compression": "zlib", "predictor": 3})
    yield "metadata", lambda exposure: _by_pillow("TIFF", exposure, compression="tiff_lzw", **_with_all())
    yield "palette", partial(_by_pillow, "TIFF", mode="P")
    yield "fax", partial(_by_pillow, "TIFF", mode="1", compression="group4")


def _tiff(bits: int, options: dict[str, object], exposure: float) -> bytes:
    import tifffile

    stream = BytesIO()
    pixels = _light(exposure) if bits == 32 else _codes(exposure, bits)
    tifffile.imwrite(stream, np.moveaxis(pixels, 2, 0) if "planarconfig" in options else pixels, **options)
    return stream.getvalue()


def _exrs() -> Iterator[tuple[str, Make]]:
    for name in ["NO", "RLE", "ZIPS", "ZIP", "PIZ", "PXR24", "B44", "B44A", "DWAA", "DWAB", "HTJ2K32", "ZSTD"]:
        yield name.lower(), partial(_exr, name, False, np.float16)
    for name in ["NO", "ZIP", "PIZ"]:
        yield f"{name.lower()}-tiles", partial(_exr, name, True, np.float32)
    yield "parts", _exr_parts


def _exr(compression: str, tiled: bool, kind: type, exposure: float) -> bytes:
    import OpenEXR

    header = {"compression": getattr(OpenEXR, f"{compression}_COMPRESSION"), "expTime": 0.01, "software": "seeds"}
    if tiled:
        header |= {"type": OpenEXR.tiledimage, "tiles": OpenEXR.TileDescription()}
        header["tiles"].xSize = header["tiles"].ySize = 16
    else:
        header["type"] = OpenEXR.scanlineimage
    return _written_exr(OpenEXR.File(header, {"RGB": _light(exposure).astype(kind)}))


def _exr_parts(exposure: float) -> bytes:
    import OpenEXR

    parts = [
        OpenEXR.Part({"type": OpenEXR.scanlineimage, "name": name}, {"RGB": _light(exposure * gain)})
        for name, gain in (("left", 1), ("right", 2))
    ]
    return _written_exr(OpenEXR.File(parts))


def _written_exr(file: object) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.exr"
        file.write(str(path))  # type: ignore[attr-defined]
        return path.read_bytes()


def _radiances() -> Iterator[tuple[str, Make]]:
    import cv2

    yield "rle", lambda exposure: cv2.imencode(".hdr", _light(exposure)[:, :, ::-1] * 4)[1].tobytes()
    yield "flat", partial(_flat_radiance, b"32-bit_rle_rgbe", b"-Y 32 +X 48")
    yield "turned", partial(_flat_radiance, b"32-bit_rle_rgbe", b"+X 32 -Y 48")
    yield "xyz", partial(_flat_radiance, b"32-bit_rle_xyze", b"-Y 32 +X 48")


def _flat_radiance(form: bytes, resolution: bytes, exposure: float) -> bytes:
    """Pixels one after the other, without run lengths: mantissas for a common exponent of 1."""
    pixels = np.full((*SIZE, 4), 129, np.uint8)
    pixels[..., :3] = np.clip(_light(exposure) * 128, 0, 255)
    return b"#?RADIANCE\nFORMAT=" + form + b"\nSOFTWARE=seeds\n\n" + resolution + b"\n" + pixels.tobytes()


def _webps() -> Iterator[tuple[str, Make]]:
    pillow = partial(_by_pillow, "WEBP")
    yield "lossy", pillow
    yield "lossless", partial(pillow, lossless=True)
    yield "metadata", lambda exposure: pillow(exposure, **_with_all())
    yield "alpha", partial(pillow, mode="RGBA")
    yield (
        "animated",
        lambda exposure: pillow(exposure, save_all=True, append_images=[Image.fromarray(_codes(2 * exposure))]),
    )


def _bmps() -> Iterator[tuple[str, Make]]:
    for mode in ("RGB", "P", "1", "RGBA"):
        yield mode.lower(), partial(_by_pillow, "BMP", mode=mode)


def _bayer(exposure: float) -> bytes:
    with TemporaryDirectory() as folder:
        return dng(Path(folder) / "a.dng", _light(1)[..., 0].repeat(2, 0).repeat(2, 1) * 0.8, exposure).read_bytes()


def _linear_raw(exposure: float) -> bytes:
    light = (0.1 + 0.6 * _light(1)).repeat(2, 0).repeat(2, 1) * exposure
    camera = Camera(shot=1e-4, read=1e-6, tells_noise=True)
    with TemporaryDirectory() as folder:
        return camera.write(Path(folder) / "a.dng", light, linear=True).read_bytes()
