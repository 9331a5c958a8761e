"""dead_profile.py FILE WIDTH HEIGHT KIND SEED [SHARE]: wse2 with that mesh, 1 % (or SHARE) of its PEs and links dead
(zoo.defects)."""

import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "python"))

from zoo import defects

path, width, height, kind, seed, *share = sys.argv[1:]
profile = defects.profile("wse2", int(width), int(height), float(*share or [0.01]), kind, int(seed))
pathlib.Path(path).write_text(json.dumps(profile))
