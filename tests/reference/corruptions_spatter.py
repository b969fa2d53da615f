"""Plain version of spatter: x float64 [3, h, w] in [0, 1] and the image's random numbers to x."""

from __future__ import annotations

import heapq

import numpy as np
from scipy import ndimage

from reference.corruptions_filters import gaussian
from reference.corruptions_random import PlainRandom

STEPS = {1: {(0, 1), (1, 0)}, 1.4: {(1, 1)}, 2.1969: {(1, 2), (2, 1)}}


def spatter(x: np.ndarray, constant: tuple, random: PlainRandom) -> np.ndarray:
    mean, std, sigma, threshold, strength, kind = constant
    liquid = gaussian(mean + std * random.normal(1, *x.shape[1:]), sigma)[0]
    if kind == "mud":
        mud = gaussian((liquid > threshold).astype(float)[None], strength)
        mud[mud < 0.8] = 0
        return x * (1 - mud) + mud * np.array([63, 42, 20])[:, None, None] / 255
    liquid[liquid < threshold] = 0
    liquid = np.floor(liquid * 255) % 256
    distance = np.minimum(distances_to(canny(liquid, 50, 150)), 20)
    light = equalize(np.floor(box_mean(distance)).astype(int))
    rim = np.array([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]])
    light = np.clip(ndimage.correlate(light, rim, mode="mirror"), 0, 255)
    light = liquid * np.rint(box_mean(light))
    return x + strength * light / max(light.max(), 1) * np.array([175, 238, 238])[:, None, None] / 255


def box_mean(x: np.ndarray) -> np.ndarray:
    return ndimage.correlate(x.astype(float), np.ones((3, 3)), mode="mirror") / 9


def canny(levels: np.ndarray, low: int, high: int) -> np.ndarray:
    """Edges: largest gradients across the edge, followed from the large ones to their neighbours."""
    dx, dy = (ndimage.sobel(levels, axis, mode="nearest") for axis in (1, 0))
    size = np.pad(abs(dx) + abs(dy), 1)
    candidates = set()
    for row in range(levels.shape[0]):
        for column in range(levels.shape[1]):
            across, down = dx[row, column], dy[row, column]
            here = size[row + 1, column + 1]
            if abs(down) < 13573 / 2**15 * abs(across):
                y, x = 0, 1
            elif abs(down) > (2 + 13573 / 2**15) * abs(across):
                y, x = 1, 0
            else:
                y, x = 1, 1 if (across < 0) == (down < 0) else -1
            before, behind = size[row + 1 - y, column + 1 - x], size[row + 1 + y, column + 1 + x]
            larger = here > before and (here > behind if x and y else here >= behind)
            if here > low and larger:
                candidates.add((row, column))
    edges = np.zeros(levels.shape, bool)
    reached = [place for place in candidates if size[place[0] + 1, place[1] + 1] > high]
    while reached:
        row, column = reached.pop()
        edges[row, column] = True
        for place in [(row + y, column + x) for y in (-1, 0, 1) for x in (-1, 0, 1)]:
            if place in candidates and not edges[place]:
                reached.append(place)
    return edges


def distances_to(edges: np.ndarray) -> np.ndarray:
    """Lengths of the shortest ways by steps, by Dijkstra's algorithm; float32 as OpenCV's."""
    height, width = edges.shape
    steps = [
        (sign_y * y, sign_x * x, np.float32(length))
        for length, places in STEPS.items()
        for y, x in places
        for sign_y in (-1, 1)
        for sign_x in (-1, 1)
    ]
    distances = np.where(edges, np.float32(0), np.float32(np.inf))
    reached = [(np.float32(0), row, column) for row, column in np.argwhere(edges).tolist()]
    while reached:
        distance, row, column = heapq.heappop(reached)
        if distance > distances[row, column]:  # a shorter way was found meanwhile
            continue
        for y, x, length in steps:
            place = row + y, column + x
            if 0 <= place[0] < height and 0 <= place[1] < width and distance + length < distances[place]:
                distances[place] = distance + length
                heapq.heappush(reached, (distance + length, *place))
    return distances


def equalize(levels: np.ndarray) -> np.ndarray:
    """Levels in proportion to how many pixels lie at most there, above those of the lowest one."""
    lowest = np.sum(levels == levels.min())
    if lowest == levels.size:
        return levels
    scale = np.float32(255) / np.float32(levels.size - lowest)
    table = {level: np.rint(np.float32(np.sum(levels <= level) - lowest) * scale) for level in np.unique(levels)}
    return np.vectorize(table.get)(levels).astype(int)
