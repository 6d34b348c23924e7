"""The wheel carries all that the French engine needs, and the engine works from it alone."""

import json
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[3]
LEXICON = "lqs/generators/french/lexicon"
CARRIED = [
    "lqs/generators/french/frames.txt",
    f"{LEXICON}/french.lexicon",
    f"{LEXICON}/french.lexicon.sha256",
    f"{LEXICON}/french.aff.xz",
    f"{LEXICON}/french.dic.xz",
    f"{LEXICON}/NOTICE.md",
]
PROGRAM = """
import json, socket

class Refused(socket.socket):
    def __init__(self, *_, **__):
        raise OSError("the engine asked for a network")

socket.socket = Refused
import lqs
from lqs.domain.entities.problem import ProblemConstraints
from lqs.generators.problem.constraints import check_constraints
from lqs.generators.problem.offline import compose
from lqs.generators.problem.verify import verify_problem
from lqs.generators.problem.wanted import wanted

asked = ProblemConstraints(cefr=["A2", "B1"], statement_count=4)
check_constraints(asked)
made = [verify_problem(compose(wanted(asked), 7, slot), asked) for slot in range(10)]
print(json.dumps({"from": lqs.__file__, "checked": [problem.verification.status for problem in made]}))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this source."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=300,
    )
    return next(folder.glob("lqs-*.whl"))


def test_the_wheel_carries_lexicon_frames_source_and_notice(wheel: Path):
    with ZipFile(wheel) as packed:
        names = set(packed.namelist())
        assert set(CARRIED) <= names
        for name in CARRIED:
            assert packed.read(name) == (ROOT / "src" / name).read_bytes()
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/")) or name.endswith(".pyc")]


def test_the_engine_makes_verified_problems_from_an_installed_wheel_without_a_network(wheel: Path, tmp_path: Path):
    venv.create(tmp_path / "venv", with_pip=False, symlinks=True)
    inside = sysconfig.get_path("purelib", vars={"base": str(tmp_path / "venv"), "platbase": str(tmp_path / "venv")})
    with ZipFile(wheel) as packed:
        packed.extractall(inside)
    # A path file names the dependencies alone: the path files beside them, which lead to this source, are not read.
    (Path(inside) / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")

    ran = subprocess.run(
        [str(tmp_path / "venv" / "bin" / "python"), "-I", "-c", PROGRAM],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        timeout=300,
    )
    found = json.loads(ran.stdout)
    assert Path(found["from"]).is_relative_to(inside)
    assert found["checked"] == ["verified"] * 10
