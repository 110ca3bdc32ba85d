"""Write the source folders of the catalogue from the reference files beside the checkout; φ_an where none is published.

Run ``python tools/import_tg43_sources.py`` from the repository root. Folders of seeds are written anew from
``../shared/reference/tg43/*.json`` and ``tools/tg43_source_facts.toml``; folders without a reference file (afterloading
sources, transcribed by hand) get their ``phi_an.csv`` only. Nothing of the library is imported: the tables are
checked by the library, not made by it.
"""

import csv
import json
import math
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT.parent / "shared" / "reference" / "tg43"
SOURCES = ROOT / "src" / "trocar" / "catalogue" / "sources"
FACTS: dict[str, Any] = tomllib.loads((Path(__file__).parent / "tg43_source_facts.toml").read_text(encoding="utf-8"))
LICENCE = "The numbers are published facts, transcribed; no code was taken from the repositories named."


def main() -> None:
    for file in sorted(REFERENCE.glob("*.json")):
        write_seed(file.stem, json.loads(file.read_text(encoding="utf-8")))
    for folder in sorted(SOURCES.glob("*_HDR/*")):
        write_computed_phi_an(folder, length_cm=tomllib.loads((folder / "source.toml").read_text())["active_length_cm"])


def write_seed(key: str, entry: dict[str, Any]) -> None:
    nuclide, name = key.split("_", 1)
    folder = SOURCES / f"{nuclide}_LDR" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "g.csv").write_text(radial_csv("g_L", key, entry, entry["g_L"]), encoding="utf-8")
    (folder / "F.csv").write_text(anisotropy_csv(key, entry), encoding="utf-8")
    if entry["phi_an"]:
        (folder / "phi_an.csv").write_text(radial_csv("phi_an", key, entry, entry["phi_an"]), encoding="utf-8")
    else:
        write_computed_phi_an(folder, length_cm=entry["active_length_cm"])
    (folder / "source.toml").write_text(source_toml(key, entry), encoding="utf-8")


def radial_csv(symbol: str, key: str, entry: dict[str, Any], table: dict[str, Any]) -> str:
    lines = [f"# {symbol}(r) of {key}. Radius in cm; value without unit.", f"# {entry['citation']}"]
    lines += [f"radius_cm,{symbol}"]
    lines += [f"{r:g},{value:g}" for r, value in zip(table["r_cm"], table["values"], strict=True)]
    return "\n".join(lines) + "\n"


def anisotropy_csv(key: str, entry: dict[str, Any]) -> str:
    table = entry["F"]
    lines = [
        f"# F(r, theta) of {key}. Header: radius in cm; first column: polar angle in degrees. Blank: not tabulated.",
        f"# {entry['citation']}",
        ",".join(["theta_deg", *(f"{r:g}" for r in table["r_cm"])]),
    ]
    for theta, row in zip(table["theta_deg"], table["values"], strict=True):
        lines.append(",".join([f"{theta:g}", *("" if value is None else f"{value:g}" for value in row)]))
    return "\n".join(lines) + "\n"


def source_toml(key: str, entry: dict[str, Any]) -> str:
    model, activity = FACTS["model"][key], FACTS["nuclide"][entry["nuclide"]]
    published = next((p for start, p in FACTS["publication"].items() if entry["citation"].startswith(start)), {})
    origin = "PUBLISHED" if entry["phi_an"] else "COMPUTED"
    lines = [
        f"key = {q(key)}",
        f"model = {q(entry['model'])}",
        f"manufacturer = {q(entry['manufacturer'])}",
        f"aliases = {q(model['aliases'])}",
        f"nuclide = {q(entry['nuclide'])}",
        'rate = "LDR"',
        f"dose_rate_constant_cgy_per_h_per_u = {entry['Lambda_cGy_per_h_per_U']}",
        f"active_length_cm = {entry['active_length_cm']}",
        f"status = {q(status(entry))}",
        f"status_text = {q(entry['consensus_status'])}",
        f"flags = {q(model.get('flags', []))}",
        f"notes = {q(entry['notes'])}",
        f"licence_note = {q(LICENCE)}",
        "",
        "[citation]",
        f"text = {q(entry['citation'])}",
        f"doi = {q(published.get('doi', ''))}",
        f"edition = {q(published.get('edition', 'not a task-group report'))}",
        'table_and_page = "not stated by the transcription; to be checked against the print"',
        "",
        "[transcription]",
        f"transcriber = {q('; '.join(entry['found_in']))}",
        f"independent_checker = {q('second transcription' if len(entry['found_in']) > 1 else 'none')}",
        f"provenance = {q(entry['provenance'])}",
        "",
        "[phi_an]",
        f"origin = {q(origin)}",
        f"source = {q(entry['phi_an']['where'] if entry['phi_an'] else 'tools/import_tg43_sources.py')}",
        "",
        "[capsule]",
        f"length_mm = {model['length_mm']}",
        f"diameter_mm = {model['diameter_mm']}",
        f"source = {q(FACTS['dimension_source']['text'])}",
        "",
        "[apparent_activity]",
        f"u_per_mci = {activity['u_per_mci']}",
        f"source = {q(activity['source'])}",
    ]
    return "\n".join(lines) + "\n"


def status(entry: dict[str, Any]) -> str:
    text = entry["consensus_status"]
    if "not consensus" in text.lower():
        return "NOT_CONSENSUS"
    if "believed" in text:
        return "CONSENSUS_BELIEVED"
    if "consensus" in text:
        return "CONSENSUS_SINGLE" if "single" in text else "CONSENSUS"
    return "PUBLISHED_SINGLE"


def q(value: str | list[str]) -> str:
    """Return a TOML literal; a JSON string or array of strings is one."""
    return json.dumps(value, ensure_ascii=False)


def write_computed_phi_an(folder: Path, *, length_cm: float) -> None:
    lines = (folder / "F.csv").read_text(encoding="utf-8").splitlines()
    header, *rows = list(csv.reader(line for line in lines if not line.startswith("#")))
    theta_deg = [float(row[0]) for row in rows]
    text = [
        "# phi_an(r), computed from F and G_L by the definition of TG-43U1 (2004): the mean over 4 pi of G_L F,",
        "# divided by G_L at 90 degrees; F linear in theta. Radius in cm; value without unit.",
        "radius_cm,phi_an",
    ]
    for column, radius in enumerate(header[1:], start=1):
        cells = [row[column].strip() for row in rows]
        if all(cells) and float(radius) > length_cm / 2 + 0.05:
            values = [float(cell) for cell in cells]
            text.append(f"{radius},{phi_an(float(radius), theta_deg, values, length_cm):.4f}")
    (folder / "phi_an.csv").write_text("\n".join(text) + "\n", encoding="utf-8")


def phi_an(radius_cm: float, theta_deg: list[float], values: list[float], length_cm: float) -> float:
    """Return the mean of G_L F over the sphere, divided by G_L at 90 degrees, by the midpoint rule."""
    n = 18_000
    last = theta_deg[-1]
    total = weight = 0.0
    for i in range(n):
        theta = (i + 0.5) * last / n
        sine = math.sin(math.radians(theta))
        total += g_line(radius_cm, math.radians(theta), length_cm) * linear(theta, theta_deg, values) * sine
        weight += sine
    return total / weight / g_line(radius_cm, math.pi / 2, length_cm)


def g_line(radius_cm: float, theta: float, length_cm: float) -> float:
    z, rho = radius_cm * math.cos(theta), radius_cm * math.sin(theta)
    beta = math.atan2(z + length_cm / 2, rho) - math.atan2(z - length_cm / 2, rho)
    return beta / (length_cm * rho)


def linear(x: float, nodes: list[float], values: list[float]) -> float:
    i = max(k for k in range(len(nodes) - 1) if nodes[k] <= x)
    return values[i] + (values[i + 1] - values[i]) * (x - nodes[i]) / (nodes[i + 1] - nodes[i])


if __name__ == "__main__":
    main()
