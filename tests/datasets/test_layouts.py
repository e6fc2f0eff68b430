"""The layouts of data sets, as they lie on disk, and what is missing in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from hdrcli import datasets, plugins
from hdrcli.errors import ReadError, UsageError


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def kalantari(folder: Path) -> None:
    touch(*(folder / name for name in ("262A0898.tif", "262A0899.tif", "262A0900.tif", "exposure.txt", "HDRImg.hdr")))


def test_kalantari_with_its_two_groups_of_test_scenes(tmp_path: Path) -> None:
    for name in ("Training/001", "Test/PAPER/BarbequeDay", "Test/EXTRA/010", "Test/EXTRA/002"):
        kalantari(tmp_path / name)
    layout, scenes, notes = datasets.find(tmp_path)
    assert layout == "kalantari"
    assert [scene.name for scene in scenes] == ["EXTRA-002", "EXTRA-010", "PAPER-BarbequeDay"]
    assert [path.name for path in scenes[0].frames] == ["262A0898.tif", "262A0899.tif", "262A0900.tif"]
    assert (scenes[0].truth.name, scenes[0].unit) == ("HDRImg.hdr", "shortest")
    assert notes == [f"{tmp_path / 'Training'} is left: only the scenes of {tmp_path / 'Test'} count."]


def test_tel_is_laid_out_as_kalantari(tmp_path: Path) -> None:
    for name in ("scene_0052_3", "scene_0007_1"):
        folder = tmp_path / "Test" / name
        touch(*(folder / f"input_{i}.tif" for i in (1, 2, 3)), folder / "exposure.txt", folder / "HDRImg.hdr")
    layout, scenes, _ = datasets.find(tmp_path)
    assert (layout, [scene.name for scene in scenes]) == ("kalantari", ["scene_0007_1", "scene_0052_3"])
    assert datasets.find(tmp_path / "Test")[1][0].name == "scene_0007_1"


def test_a_scene_without_truth_is_named(tmp_path: Path) -> None:
    kalantari(tmp_path / "001")
    kalantari(tmp_path / "002")
    (tmp_path / "002" / "HDRImg.hdr").unlink()
    _, scenes, notes = datasets.find(tmp_path)
    assert [scene.name for scene in scenes] == ["001"]
    assert notes == [f"{tmp_path / '002'} is left: it has no HDRImg.hdr."]


def test_sice_in_two_parts(tmp_path: Path) -> None:
    for part, number in (("Dataset_Part1", 2), ("Dataset_Part1", 10), ("Dataset_Part2", 3)):
        touch(*(tmp_path / part / str(number) / f"{i}.JPG" for i in (1, 2, 3, 10)))
        touch(tmp_path / part / "Label" / f"{number}.JPG")
    layout, scenes, notes = datasets.find(tmp_path)
    assert (layout, notes) == ("sice", [])
    assert [scene.name for scene in scenes] == ["Dataset_Part1-2", "Dataset_Part1-10", "Dataset_Part2-3"]
    assert [path.stem for path in scenes[0].frames] == ["1", "2", "3", "10"]
    assert scenes[1].truth == tmp_path / "Dataset_Part1" / "Label" / "10.JPG"


def test_sice_names_what_has_no_partner(tmp_path: Path) -> None:
    touch(tmp_path / "1" / "1.JPG", tmp_path / "1" / "2.JPG", tmp_path / "2" / "1.JPG")
    touch(tmp_path / "Label" / "1.JPG", tmp_path / "Label" / "7.JPG")
    _, scenes, notes = datasets.find(tmp_path, "sice")
    assert [scene.name for scene in scenes] == ["1"]
    assert notes == [
        f"{tmp_path / '2'} is left: {tmp_path / 'Label'} has no 2.JPG.",
        f"{tmp_path / 'Label' / '7.JPG'} is left: {tmp_path} has no folder 7.",
    ]


def test_plain_scenes_and_one_alone(tmp_path: Path) -> None:
    for name in ("m10", "m2"):
        touch(*(tmp_path / name / f"{i}.png" for i in (1, 2, 3)), tmp_path / name / "times.txt")
        touch(tmp_path / name / "truth.exr", tmp_path / name / "reference.jpg")
    touch(tmp_path / "m3" / "1.png")
    layout, scenes, notes = datasets.find(tmp_path)
    assert (layout, [scene.name for scene in scenes]) == ("plain", ["m2", "m10"])
    assert [path.name for path in scenes[0].frames] == ["1.png", "2.png", "3.png"]
    assert scenes[0].truth.name == "truth.exr"
    assert f"{tmp_path / 'm3'} is left: it has no truth.exr." in notes
    assert f"{tmp_path / 'm2' / 'reference.jpg'} is left: truth.exr is the truth." in notes
    alone = datasets.find(tmp_path / "m2")[1]
    assert [scene.name for scene in alone] == ["m2"]


def test_what_is_no_data_set_is_refused_with_the_layouts_there_are(tmp_path: Path) -> None:
    touch(tmp_path / "a" / "1.png")
    with pytest.raises(ReadError, match="holds no scenes with truth") as caught:
        datasets.find(tmp_path)
    assert all(f"{name}: " in caught.value.hint for name in datasets.names())
    with pytest.raises(ReadError, match="does not exist"):
        datasets.find(tmp_path / "b")
    with pytest.raises(UsageError, match='--layout has no "tel"'):
        datasets.find(tmp_path, "tel")


@pytest.mark.parametrize("name", datasets.names())
def test_every_layout_says_what_it_is_and_finds_nothing_in_nothing(name: str, tmp_path: Path) -> None:
    layout = plugins.load("datasets", name).LAYOUT
    assert layout.scenes(tmp_path) == ([], [])
    assert layout.summary.endswith(".")
    assert layout.source
