"""Ours and the naive stack side by side on one case: ratios, and whether the two agree where they must.

python -m benchmarks.compare [TASK]
"""

import sys
from collections.abc import Mapping

from mmcore.cards.report import number, part
from mmcore.evaluation.speed import bench

LIMITS = {"case_over_forward_quick": 2, "case_over_forward": 8}
RATIOS = ("case_over_forward_quick", "case_over_forward", "what_if_over_forward", "naive_over_case")


def main(task: str = "chest_infection") -> int:
    """Print the table; 1 if a ratio misses its limit or the naive results disagree with ours."""
    found = bench(task)
    agreement = {name: number(part(found, "agreement"), name) for name in part(found, "agreement")}
    version, threads = part(found, "model")["version"], found["threads"]
    print(f"{task} {version}: one forward pass {found['forward_ms']} ms on {threads} threads")
    for name in RATIOS:
        print(f"  {name:26} {number(found, name):>10}")
    for name, value in agreement.items():
        print(f"  {name:26} {value:>10.5f}")
    slow = [name for name, limit in LIMITS.items() if number(found, name) > limit]
    slow += ["naive_over_case"] if number(found, "naive_over_case") < 100 else []
    print("misses: " + ", ".join(slow) if slow else "every ratio within its limit")
    print("the two stacks disagree" if apart(agreement) else "the two stacks agree")
    return int(bool(slow) or apart(agreement))


def apart(agreement: Mapping[str, float]) -> bool:
    """Whether the naive explanations contradict ours where both are exact."""
    maps = [value for name, value in agreement.items() if name.endswith("grad_cam_correlation")]
    return (
        any(value < 0.999 for value in maps)
        or agreement.get("token_correlation", 1) < 0.99
        or agreement.get("clinical_largest_gap", 0) > 1e-3
    )


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
