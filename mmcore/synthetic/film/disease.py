"""What disease does to synthetic lungs: the share of air it replaces at each pixel, and its name."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mmcore.synthetic.film.anatomy import LEFT, RIGHT, Body, Frame, cloud
from mmcore.synthetic.film.vessels import tree

SIDE_NAMES = {LEFT: "left", RIGHT: "right"}


@dataclass(frozen=True)
class Chest:
    """The healthy chest: chord of air in each lung (H, W) in cm, and vessels as (starts, ends, radii)."""

    frame: Frame
    body: Body
    left: np.ndarray
    right: np.ndarray
    vessels: tuple[np.ndarray, np.ndarray, np.ndarray]

    def lung(self, side: float) -> np.ndarray:
        """Chord of air in the lung of that side (H, W), cm."""
        return self.left if side == LEFT else self.right


@dataclass(frozen=True)
class Disease:
    """fill: share of air replaced, 0 to 1; bronchi: cm of air left in it, both (H, W); findings: codes."""

    fill: np.ndarray
    bronchi: np.ndarray
    findings: tuple[str, ...]


def no_finding(chest: Chest, rng: np.random.Generator) -> Disease:
    """Clear lungs."""
    nothing = np.zeros_like(chest.left)
    return Disease(nothing, nothing, ())


def covid19(chest: Chest, rng: np.random.Generator) -> Disease:
    """Hazy patches in both lungs, denser towards the chest wall and the bases, from faint to confluent."""
    f = chest.frame
    severity = rng.uniform(0.25, 1.0)
    fill = np.zeros_like(chest.left)
    for side in (LEFT, RIGHT):
        wall = np.exp(-to_chest_wall(chest, side) / rng.uniform(2.2, 4.2))
        basal = soft_step((f.y - rng.uniform(-6, 1)) / 2.6)
        patches = 0.75 * cloud(rng, f.size, 9) + 0.45 * cloud(rng, f.size, 18)
        reach = (0.25 + 0.75 * wall) * (0.2 + 0.8 * basal) * rng.uniform(0.75, 1.15)
        haze = soft_step((patches + 5.4 * reach - 2.2 + 1.2 * severity) / 0.55)
        strands = 1 + 0.12 * cloud(rng, f.size, 48) + 0.1 * cloud(rng, f.size, 100)
        dense = soft_step((patches + 3.2 * reach - 3.1 + 1.3 * severity) / 0.35)
        share = (0.32 + 0.26 * severity) * haze * strands + 0.4 * severity * dense
        fill += share * (chest.lung(side) > 0)
    findings = ["bilateral_peripheral_ground_glass", "basal_predominance"]
    if severity > 0.65:
        findings.append("patchy_consolidation")
    return Disease(np.clip(fill, 0, 0.92), bronchograms(chest, 0.5 * np.clip(fill, 0, 1)), tuple(findings))


def other_pneumonia(chest: Chest, rng: np.random.Generator) -> Disease:
    """Mostly one lobe filled with open bronchi inside, at times scattered patches, at times with fluid."""
    side = RIGHT if rng.random() < 0.58 else LEFT
    if rng.random() < 0.22:
        fill, findings = bronchopneumonia(chest, side, rng)
    else:
        name, place = LOBES[side][rng.integers(len(LOBES[side]))]
        fill = place(chest, side, rng) * rng.uniform(0.72, 0.95) * (chest.lung(side) > 0)
        findings = [f"{SIDE_NAMES[side]}_{name}_consolidation", "air_bronchograms"]
    bronchi = bronchograms(chest, fill)
    if rng.random() < 0.3:
        fill = np.maximum(fill, effusion(chest, side, rng))
        findings.append(f"pleural_effusion_{SIDE_NAMES[side]}")
    return Disease(np.clip(fill, 0, 0.97), bronchi, tuple(findings))


def bronchopneumonia(chest: Chest, side: float, rng: np.random.Generator) -> tuple[np.ndarray, list[str]]:
    """Ill-defined patches of about a centimetre in one lower zone, often a few on the other side.

    The share of air that is replaced (H, W), and the names of what is seen.
    """
    f = chest.frame
    fill = np.zeros_like(chest.left)
    for where, strength in ((side, 1.0), (-side, rng.choice([0.0, 0.5]))):
        fluff = 0.5 * cloud(rng, f.size, 14) + 0.6 * cloud(rng, f.size, 28) + 0.35 * cloud(rng, f.size, 60)
        near = blob(f, (where * rng.uniform(6, 8.5), rng.uniform(2, 5.5)), (4.8, 5.2))
        fill += (
            strength
            * 0.72
            * soft_step((fluff + 1.9 * near - 1.1) / 0.6)
            * soft_step(near / 0.2)
            * (chest.lung(where) > 0)
        )
    return fill, [f"{SIDE_NAMES[side]}_lower_zone_patchy_opacities", "multifocal_bronchopneumonia"]


def upper_lobe(chest: Chest, side: float, rng: np.random.Generator) -> np.ndarray:
    """Above the horizontal fissure, whose edge is sharp; on the left without one. (H, W), 0 to 1."""
    f = chest.frame
    level = rng.uniform(-2.4, -0.8) + 0.06 * (side * f.x - 8) + 0.012 * (side * f.x - 8) ** 2
    sharp = 0.16 if side == RIGHT else 1.1
    near = blob(f, (side * rng.uniform(6, 10), rng.uniform(-6.5, -4.5)), (8.0, 7.0))
    share: np.ndarray = soft_step((level - f.y) / sharp) * soft_step(
        (near + 0.3 * cloud(rng, f.size, 12) + 0.12) / 0.14
    )
    return share


def middle_lobe(chest: Chest, side: float, rng: np.random.Generator) -> np.ndarray:
    """Beside the heart, whose border it hides: the middle lobe, on the left the lingula. (H, W), 0 to 1."""
    f = chest.frame
    near = blob(
        f, (side * (4.6 if side == RIGHT else 7.0), chest.body.dome - rng.uniform(3.2, 4.0)), (5.4, 5.0)
    )
    level = rng.uniform(-0.9, 0.2) + 0.02 * (side * f.x - 6) ** 2
    above = soft_step((f.y - level) / (0.18 if side == RIGHT else 0.9))
    share: np.ndarray = above * soft_step((near + 0.3 * cloud(rng, f.size, 12)) / 0.2)
    return share


def lower_lobe(chest: Chest, side: float, rng: np.random.Generator) -> np.ndarray:
    """Behind and beside the heart down to the diaphragm, whose outline it hides. (H, W), 0 to 1."""
    f = chest.frame
    near = blob(f, (side * rng.uniform(6.0, 8.5), chest.body.dome + rng.uniform(-2.2, 0.2)), (6.2, 5.4))
    return soft_step((near + 0.38 * cloud(rng, f.size, 11) - 0.05) / 0.2)


LOBES = {
    RIGHT: (("upper_lobe", upper_lobe), ("middle_lobe", middle_lobe), ("lower_lobe", lower_lobe)),
    LEFT: (("upper_lobe", upper_lobe), ("lingula", middle_lobe), ("lower_lobe", lower_lobe)),
}


def effusion(chest: Chest, side: float, rng: np.random.Generator) -> np.ndarray:
    """Fluid in the recess with a meniscus that climbs at the chest wall. (H, W), 0 to 1."""
    f = chest.frame
    level = chest.body.dome + rng.uniform(-1.5, 2.2)
    climb = 4.2 * np.exp(-to_chest_wall(chest, side) / 1.3)
    return 0.96 * soft_step((f.y - level + climb) / 0.3) * (chest.lung(side) > 0)


def bronchograms(chest: Chest, filled: np.ndarray) -> np.ndarray:
    """Chord in cm of the air in bronchi of 2 to 6 mm, which run beside the arteries.

    filled (H, W), 0 to 1; the chord is (H, W).
    """
    starts, ends, radii = chest.vessels
    wide = (radii > 0.11) & (radii < 0.4)
    aside = np.array([0.18, 0.12, 0.0])
    air = tree(chest.frame, starts[wide] + aside, ends[wide] + aside, radii[wide] * 0.9)
    branches: np.ndarray = air * filled * np.clip((chest.left + chest.right - 2) / 6, 0, 1)
    return branches


def to_chest_wall(chest: Chest, side: float) -> np.ndarray:
    """Distance in cm along the row to the outer edge of one lung, (H, W)."""
    lung = chest.lung(side) > 0.5
    inward = lung[:, ::-1] if side == LEFT else lung
    run = np.cumsum(inward, axis=1) / chest.frame.pixels_per_cm
    return run[:, ::-1] if side == LEFT else run


def blob(f: Frame, centre: tuple[float, float], axes: tuple[float, float]) -> np.ndarray:
    """1 at the centre of an ellipse, 0 on its edge, negative outside. (H, W)."""
    return 1 - np.hypot((f.x - centre[0]) / axes[0], (f.y - centre[1]) / axes[1])


def soft_step(values: np.ndarray) -> np.ndarray:
    """0 far below zero, 1 far above. (H, W) -> the same."""
    share: np.ndarray = 1 / (1 + np.exp(-np.clip(values, -30, 30)))
    return share


DISEASES: dict[str, Callable[[Chest, np.random.Generator], Disease]] = {
    "covid19": covid19,
    "other_pneumonia": other_pneumonia,
    "no_finding": no_finding,
}
