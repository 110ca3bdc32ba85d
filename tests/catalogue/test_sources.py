"""The shelf of sources: keys, names, units, and folders that are not what they should be."""

import importlib
import shutil
import sys
from importlib import metadata, resources
from pathlib import Path

import pytest

from trocar.catalogue import shelf, sources
from trocar.catalogue.sources import SourceRate, find_sources, load_source, read_source_folder, source_keys
from trocar.errors import CatalogueError

FOLDER_6711 = Path(str(resources.files("trocar.catalogue"))) / "sources" / "I125_LDR" / "6711"


def test_the_catalogue_holds_every_reference_seed_and_the_afterloading_sources() -> None:
    keys = source_keys()
    assert len(keys) >= 27
    assert {"I125_6711", "Pd103_TheraSeed200", "Cs131_CS-1_Rev2", "Ir192_GammaMedPlus", "Ir192_mHDR-v2"} <= set(keys)


def test_tables_equal_the_reference_entry_by_entry(repository: Path) -> None:
    json = pytest.importorskip("json")
    reference = repository.parent / "shared" / "reference" / "tg43"
    if not reference.is_dir():
        pytest.skip("the reference tables are not here: ../shared/reference/tg43 beside the checkout is absent")
    for file in sorted(reference.glob("*.json")):
        entry, source = json.loads(file.read_text(encoding="utf-8")), load_source(file.stem)
        assert source.dose_rate_constant_cgy_per_h_per_u == entry["Lambda_cGy_per_h_per_U"]
        assert source.active_length_cm == entry["active_length_cm"]
        assert source.nuclide.half_life_d == entry["half_life_days"]
        assert source.g_L.radius_cm.tolist() == entry["g_L"]["r_cm"]
        assert source.g_L.values.tolist() == entry["g_L"]["values"]
        rows = [[None if value != value else value for value in row] for row in source.F.values.tolist()]
        assert rows == entry["F"]["values"]


def test_an_unknown_key_names_the_keys_there_are() -> None:
    with pytest.raises(CatalogueError, match="I125_6711") as caught:
        load_source("I125_6712")
    assert caught.value.code == "catalogue.source-unknown"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("OncoSeed 6711", "I125_6711"),
        ("oncoseed-6711", "I125_6711"),
        ("Nucletron selectSeed", "I125_SelectSeed_130.002"),
        ("GammaMed Plus HDR source 0.9 mm", "Ir192_GammaMedPlus"),
        ("mHDR v2", "Ir192_mHDR-v2"),
    ],
)
def test_a_source_is_found_as_people_write_it(text: str, key: str) -> None:
    assert key in {source.key for source in find_sources(text)}


def test_nothing_is_found_for_nothing() -> None:
    assert find_sources("") == ()
    assert find_sources("-- ") == ()
    assert find_sources("no such seed") == ()


def test_iodine_strength_is_127_hundredths_u_per_mci() -> None:
    source = load_source("I125_6711")
    assert source.u_from_mci(0.5) == pytest.approx(0.635)
    assert source.u_from_mbq(18.5) == pytest.approx(0.635)


def test_an_unknown_conversion_is_refused_not_guessed() -> None:
    source = load_source("Ir192_GammaMedPlus")
    assert source.rate is SourceRate.HDR
    with pytest.raises(CatalogueError, match="certificate"):
        source.u_from_mci(10_000.0)


@pytest.mark.parametrize("missing", ["source.toml", "g.csv", "F.csv", "phi_an.csv"])
def test_a_folder_without_one_of_its_files_is_refused(tmp_path: Path, missing: str) -> None:
    folder = tmp_path / "6711"
    shutil.copytree(FOLDER_6711, folder)
    (folder / missing).unlink()
    with pytest.raises(CatalogueError) as caught:
        read_source_folder(folder, key="I125_6711")
    assert caught.value.code == "catalogue.source-folder-invalid"


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("source.toml", 'key = "I125_6711"', 'key = "I125_6702"'),
        ("source.toml", "active_length_cm = 0.3", "active_length_cm = 0.0"),
        (
            "source.toml",
            "dose_rate_constant_cgy_per_h_per_u = 0.965",
            "dose_rate_constant_cgy_per_h_per_u = 'about one'",
        ),
        ("g.csv", "0.15,", "0.05,"),
        ("g.csv", "0.908", "-0.908"),
        ("g.csv", "0.908", "nearly 0.9"),
        ("F.csv", "\n90,", "\n89,"),
        ("F.csv", "0.333", "-0.333"),
    ],
)
def test_a_table_that_cannot_be_right_is_refused(tmp_path: Path, name: str, old: str, new: str) -> None:
    folder = tmp_path / "6711"
    shutil.copytree(FOLDER_6711, folder)
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CatalogueError):
        read_source_folder(folder, key="I125_6711")


def _package_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str) -> None:
    package = tmp_path / "neighbours_sources"
    folder = package / "I125_LDR" / model
    shutil.copytree(FOLDER_6711, folder)
    (package / "__init__.py").write_text("", encoding="utf-8")
    text = (folder / "source.toml").read_text(encoding="utf-8")
    (folder / "source.toml").write_text(text.replace("I125_6711", f"I125_{model}"), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    entry = metadata.EntryPoint(name="neighbour", value="neighbours_sources", group="trocar.sources")
    monkeypatch.setattr(shelf.metadata, "entry_points", lambda *, group: [entry] if group == entry.group else [])


@pytest.fixture
def fresh_shelf() -> object:
    sources._shelf.cache_clear()
    yield
    sources._shelf.cache_clear()
    sys.modules.pop("neighbours_sources", None)


@pytest.mark.usefixtures("fresh_shelf")
def test_a_package_adds_a_source_by_entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _package_with(tmp_path, monkeypatch, "neighbour")
    assert "I125_neighbour" in source_keys()
    assert load_source("I125_neighbour").dose_rate_constant_cgy_per_h_per_u == 0.965


@pytest.mark.usefixtures("fresh_shelf")
def test_two_folders_of_one_key_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _package_with(tmp_path, monkeypatch, "6711")
    with pytest.raises(CatalogueError) as caught:
        source_keys()
    assert caught.value.code == "catalogue.key-twice"
