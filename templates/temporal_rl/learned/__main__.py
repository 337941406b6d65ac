"""Drifts that are networks: meta-train them, ship them as baselines, compare them.

    python -m templates.temporal_rl.learned train --time --generations 60
    python -m templates.temporal_rl.learned train --no-time --generations 60
    python -m templates.temporal_rl.learned ship
    python -m templates.temporal_rl.learned compare --seeds 16

`train` goes on where it was, also after Ctrl-C. A generation of 32 trainings on Breakout takes
about a minute on one core.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from templates.errors import UserError
from templates.temporal_rl.learned.comparison import COMPARISON, compare
from templates.temporal_rl.learned.evolution import MetaSettings, meta_train, read_result
from templates.temporal_rl.learned.shipping import ship

_TASKS = (
    *(f"cartpole{horizon}" for horizon in ("_quarter", "", "_quadruple")),
    *(f"breakout{horizon}" for horizon in ("_quarter", "_half", "", "_double", "_quadruple")),
    "frozen_lake",
)


def main() -> int:
    """Run one of the commands; 2 where something must be changed first."""
    parser = argparse.ArgumentParser(
        prog="python -m templates.temporal_rl.learned",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--folder", type=Path, default=Path("discoveries/meta-training"))
    commands = parser.add_subparsers(dest="command", required=True)
    train = commands.add_parser("train", help="meta-train, or go on meta-training")
    train.add_argument("--time", action=argparse.BooleanOptionalAction, default=True)
    train.add_argument("--generations", type=int, default=60)
    train.add_argument("--population", type=int, default=32)
    train.add_argument("--tasks", nargs="+", default=list(MetaSettings.tasks))
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--begun", default="", help="file of a network without time to begin with")
    train.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    commands.add_parser("ship", help="write both networks as baselines")
    comparing = commands.add_parser("compare", help="what time features buy, at each horizon")
    comparing.add_argument("--seeds", type=int, default=16)
    comparing.add_argument("--tasks", nargs="+", default=list(_TASKS))
    chosen = parser.parse_args()
    try:
        if chosen.command == "train":
            settings = MetaSettings(
                chosen.time,
                tuple(chosen.tasks),
                population=chosen.population,
                seed=chosen.seed,
                begun=chosen.begun,
            )
            folder = _folder(chosen.folder, timed=chosen.time)
            meta_train(settings, folder, chosen.generations, workers=chosen.workers)
        elif chosen.command == "ship":
            baselines = Path(__file__).resolve().parents[1] / "baselines" / "drift"
            for timed in (False, True):
                print(ship(*read_result(_folder(chosen.folder, timed=timed)), baselines))
        elif chosen.seeds < 2:
            raise UserError("--seeds must be at least 2: an interval needs a spread")
        else:
            found = compare(chosen.tasks, chosen.seeds)
            COMPARISON.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; the same command goes on from the last generation", file=sys.stderr)
        return 130
    return 0


def _folder(folder: Path, *, timed: bool) -> Path:
    return folder / ("with-time" if timed else "without-time")


if __name__ == "__main__":
    sys.exit(main())
