"""Ours and the naive stack side by side on one case: ratios, and whether the two agree where they must.

python benchmarks/compare.py [TASK]
"""

import sys

from mmcore.evaluation.speed import bench

LIMITS = {"case_over_forward_quick": 2, "case_over_forward": 8}


def main(task: str = "chest_infection") -> int:
    """Print the table; 1 if a ratio misses its limit or the naive results disagree with ours."""
    found = bench(task)
    print(
        f"{task} {found['model']['version']}: one forward pass {found['forward_ms']} ms on {found['threads']} threads"
    )
    for name in ("case_over_forward_quick", "case_over_forward", "what_if_over_forward", "naive_over_case"):
        print(f"  {name:26} {found[name]:>10}")
    for name, value in found["agreement"].items():
        print(f"  {name:26} {value:>10.5f}")
    slow = [name for name, limit in LIMITS.items() if found[name] > limit]
    slow += ["naive_over_case"] if found["naive_over_case"] < 100 else []
    apart = found["agreement"]
    disagree = any(v < 0.999 for n, v in apart.items() if n.endswith("grad_cam_correlation"))
    disagree = (
        disagree or apart.get("token_correlation", 1) < 0.99 or apart.get("clinical_largest_gap", 0) > 1e-3
    )
    print("misses: " + ", ".join(slow) if slow else "every ratio within its limit")
    print("the two stacks disagree" if disagree else "the two stacks agree")
    return int(bool(slow) or disagree)


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
