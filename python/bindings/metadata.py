"""metadata.py PYPROJECT FOLDER: writes what a package's installation would say of it, so that importlib.metadata finds its
name and its entry points."""

import pathlib
import sys
import tomllib

project = tomllib.loads(pathlib.Path(sys.argv[1]).read_text())["project"]
folder = pathlib.Path(sys.argv[2]) / f"{project['name']}-{project['version']}.dist-info"
folder.mkdir(parents=True, exist_ok=True)
(folder / "METADATA").write_text(
    f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
)
groups = {"console_scripts": project["scripts"], **project["entry-points"]}
lines = []
for group, entries in groups.items():
    lines += [f"[{group}]", *(f"{name} = {where}" for name, where in entries.items())]
(folder / "entry_points.txt").write_text("\n".join(lines) + "\n")
