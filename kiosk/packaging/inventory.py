"""The parts of a package as a software bill of materials (CycloneDX 1.6, JSON): libraries by cyclonedx-py, models, interpreter."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from kiosk.packaging.stage import run


def bill(
    tool: Path, python: Path, version: str, name: str, interpreter: list[tuple[str, str]], models: list[dict[str, str]]
) -> str:
    """Return the bill of materials.

    tool: cyclonedx-py; python: the untrimmed environment's interpreter; interpreter: Debian packages and versions. The same
    environment gives the same text.
    """
    made: dict[str, Any] = json.loads(
        run(str(tool), "environment", "--output-reproducible", "--spec-version", "1.6", "--of", "JSON", str(python))
    )
    made["metadata"]["component"] = {"type": "application", "bom-ref": name, "name": name, "version": version}
    parts = [_without_paths(part) for part in made.get("components", []) if part["name"] not in ("pip", "setuptools")]
    for package, of in interpreter:
        parts.append(
            {
                "type": "library",
                "bom-ref": f"deb:{package}",
                "name": package,
                "version": of,
                "purl": f"pkg:deb/debian/{package}@{of}",
            }
        )
    parts += [
        {
            "type": "machine-learning-model",
            "bom-ref": f"model:{file['path']}",
            "name": Path(file["path"]).name,
            "licenses": [{"license": {"name": file["licence"]}}],
            "hashes": [{"alg": "SHA-256", "content": file["sha256"]}],
        }
        for file in models
    ]
    made["components"] = parts
    made["dependencies"] = [one for one in made.get("dependencies", []) if one["ref"] in {part["bom-ref"] for part in parts}]
    return json.dumps(made, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _without_paths(part: dict[str, Any]) -> dict[str, Any]:
    """Leave out where a package came from: addresses of registries and folders of this machine are nobody's business."""
    return {key: value for key, value in part.items() if key not in ("externalReferences", "evidence")}
