"""What a homography leaves: parallax and rolling shutter, as a smooth field of small offsets.

Dense optical flow (Kroeger et al. 2016, "Fast Optical Flow using Dense Inverse Search") between the reference frame and
the warped one, in common tones and even contrast, says how far each place is off. Where both frames are well exposed,
textured and agree in both directions, that is believed, and a mesh is fitted to it by robust least squares. It begins
flat and follows what continues: an object that moved is apart from its surroundings, and stays an outlier.
"""

from __future__ import annotations

import numpy as np

from hdrcli.alignment._photometry import Pair, Picture, even_contrast, pair

CELL = 48
"""Pixels of the working picture between the nodes of the mesh."""

SPACING = 6
"""One place of the most texture is taken from each square of so many pixels."""

CONSISTENT = 0.5
"""Pixels by which forward and backward flow may disagree."""

LEAST_TEXTURE = 0.02
"""Smaller eigenvalue of the structure tensor, of detail in local contrasts, that tells displacement in both axes."""

FOLLOWED = 1.0
"""Pixels of difference from the mesh at which a place counts a quarter."""

ROUNDS = 20

BENDING, STRETCHING = 0.03, 0.005
"""Weights of squared second and first differences of the mesh, for each cell full of places."""

FARTHEST = 8.0
"""No node moves by more than so many pixels of the working picture."""

LARGEST = 32_000
"""Pixels of a side beyond which OpenCV remaps no picture by a field."""

LEAST_PLACES = 400
"""Fewer tell no field."""

LEFT = 0.3
"""Pixels of the full frame that must be off, in a twentieth of the places, for a field to be worth its resampling."""

LEAST_GAIN = 0.9
"""A field must leave at most this share of the distances that it was fitted to."""


def offsets(still: Picture, moved: Picture, warp: np.ndarray) -> np.ndarray | None:
    """The field (rows, columns, 2) float32 of offsets, in pixels of the full frame, that `warp` leaves; None for none.

    `warp` maps full pixels of `still` to those of `moved`; a place x of `still` is seen at warp(x + offset(x)). Nodes
    are spread evenly over the frame, from its first pixel to its last.
    """
    frames = pair(still, _warped(moved, warp))
    if min(frames.still.shape) < 4 * CELL or max(frames.still.shape) > LARGEST * still.scale:
        return None
    for finest in (1, 0):  # at half size first, which takes a quarter of the time
        places, seen = _believed(frames, finest)
        if len(places) < LEAST_PLACES or np.quantile(np.hypot(*seen.T), 0.95) < LEFT * still.scale:
            return None
    mesh = _fitted(places, seen, frames.still.shape)
    after = np.hypot(*(seen - _interpolated(mesh, places, frames.still.shape)).T)
    before = np.hypot(*seen.T)
    supported = before < FARTHEST
    if np.minimum(after, 1)[supported].mean() > LEAST_GAIN * np.minimum(before, 1)[supported].mean():
        return None
    if np.hypot(mesh[..., 0], mesh[..., 1]).max() < LEFT * still.scale:
        return None
    return (mesh / still.scale).astype(np.float32)


def _warped(moved: Picture, warp: np.ndarray) -> Picture:
    """A picture brought to the place of the other; what it does not cover is black, and says nothing."""
    import cv2

    height, width = moved.luma.shape
    luma = cv2.warpPerspective(
        moved.luma, moved.working_size(warp), (width, height), flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    )
    return Picture(np.clip(luma, 0, 255), moved.scale, moved.darkest)


def _believed(frames: Pair, finest: int) -> tuple[np.ndarray, np.ndarray]:
    """Places (N, 2) as (x, y), and the flow (N, 2) from the still frame to the moved one there.

    It is searched for down to the pyramid level `finest`, 0 being full size.
    """
    import cv2

    pictures = [even_contrast(luma, frames) for luma in (frames.still, frames.moved)]
    codes = [np.clip(detail * 32 + 128, 0, 255).astype(np.uint8) for detail in pictures]
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    search.setFinestScale(finest)
    there, back = search.calc(codes[0], codes[1], None), search.calc(codes[1], codes[0], None)
    height, width = frames.still.shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    returned = cv2.remap(back, x + there[..., 0], y + there[..., 1], cv2.INTER_LINEAR)
    agree = np.hypot(*(there + returned).transpose(2, 0, 1)) < CONSISTENT
    both = cv2.erode((frames.still_mask & frames.moved_mask).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    texture = cv2.cornerMinEigenVal(pictures[0], 7, 3) * (agree & both)
    rows, columns = height // SPACING, width // SPACING
    squares = texture[: rows * SPACING, : columns * SPACING].reshape(rows, SPACING, columns, SPACING)
    squares = squares.transpose(0, 2, 1, 3).reshape(rows, columns, -1)
    best, row, column = squares.argmax(-1), *np.mgrid[:rows, :columns]
    chosen = squares.max(-1) > LEAST_TEXTURE
    at = np.stack([column * SPACING + best % SPACING, row * SPACING + best // SPACING], -1)[chosen]
    return at, there[at[:, 1], at[:, 0]]


def _fitted(places: np.ndarray, seen: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The mesh (rows, columns, 2), in pixels, that follows the flow `seen` at `places` where it continues."""
    nodes = _nodes(shape)
    design = _design(places, shape)
    prior = _smoothness(nodes)
    full = (CELL / SPACING) ** 2
    mesh = np.zeros((nodes[0] * nodes[1], 2))
    for _ in range(ROUNDS):
        squared = ((design @ mesh - seen) ** 2).sum(1)
        weight = 1 / (1 + squared / FOLLOWED**2) ** 2 / full
        weighted = design.T.multiply(weight).tocsr()
        normal = (weighted @ design).toarray() + prior
        mesh = np.clip(np.linalg.solve(normal, weighted @ seen), -FARTHEST, FARTHEST)
    return mesh.reshape(*nodes, 2)


def _nodes(shape: tuple[int, int]) -> tuple[int, int]:
    """Rows and columns of the mesh over a picture of (height, width)."""
    return round(shape[0] / CELL) + 1, round(shape[1] / CELL) + 1


def _design(places: np.ndarray, shape: tuple[int, int]):  # type: ignore[no-untyped-def]
    """Sparse (N, nodes): the share of each node in each place, bilinear."""
    from scipy import sparse

    rows, columns = _nodes(shape)
    x = places[:, 0] * (columns - 1) / (shape[1] - 1)
    y = places[:, 1] * (rows - 1) / (shape[0] - 1)
    left, top = np.minimum(x.astype(int), columns - 2), np.minimum(y.astype(int), rows - 2)
    u, v = x - left, y - top
    index = np.arange(len(places))
    corners = [
        (top, left, (1 - u) * (1 - v)), (top, left + 1, u * (1 - v)),
        (top + 1, left, (1 - u) * v), (top + 1, left + 1, u * v),
    ]  # fmt: skip
    values = np.concatenate([share for _, _, share in corners])
    node = np.concatenate([row * columns + column for row, column, _ in corners])
    return sparse.csr_matrix((values, (np.tile(index, 4), node)), shape=(len(places), rows * columns))


def _smoothness(nodes: tuple[int, int]) -> np.ndarray:
    """(nodes, nodes): the quadratic form of the mesh's bending and stretching."""
    total = np.zeros((nodes[0] * nodes[1],) * 2)
    for order, strength in ((2, BENDING), (1, STRETCHING)):
        along = [np.diff(np.eye(count), order, axis=0) for count in nodes]
        for difference in (np.kron(along[0], np.eye(nodes[1])), np.kron(np.eye(nodes[0]), along[1])):
            total += strength * difference.T @ difference
    return total


def _interpolated(mesh: np.ndarray, places: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The mesh's offsets (N, 2) at places."""
    return _design(places, shape) @ mesh.reshape(-1, 2)
