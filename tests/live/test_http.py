"""The page's files, uploads, health and metrics over HTTP."""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from ishara.clips.corpora.synthetic import synthetic_clip
from ishara.live.app import create_app
from ishara.live.limits import Limits
from ishara.live.security import Access
from ishara.live.server import prepare
from ishara.pose.estimate.shared import SharedEstimator
from ishara.pose.files import read_pose, write_pose
from ishara.pose.pose import Pose
from ishara.recognizer import Recognizer
from ishara.recognizer.open_set import OpenSet

from .conftest import TOKEN, Puppet

BASE = "http://127.0.0.1:8000"
PAGE = Path(__file__).parents[2] / "src" / "ishara" / "live" / "page"


def client_of(recognizer: Recognizer, token: str | None = None, **limits: float) -> TestClient:
    access = Access(token=SecretStr(token) if token else None)
    live = prepare(recognizer, access, Limits(**limits), make_estimator=Puppet)  # type: ignore[arg-type]
    return TestClient(create_app(live), base_url=BASE)


@pytest.fixture
def client(recognizer: Recognizer) -> Iterator[TestClient]:
    with client_of(recognizer) as client:
        yield client


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_pose(synthetic_clip("SYN-02"), tmp_path / "tea.pose")


def video(frames: int = 10, width: int = 64, height: int = 48) -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as file:
        stream = file.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for level in range(frames):
            frame = av.VideoFrame.from_ndarray(np.full((height, width, 3), level * 9 % 256, np.uint8), "rgb24")
            for packet in stream.encode(frame):
                file.mux(packet)
        for packet in stream.encode(None):
            file.mux(packet)
    return buffer.getvalue()


def test_the_page_comes_with_headers_that_keep_it_to_itself(client: TestClient) -> None:
    page = client.get("/")
    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in policy


def test_everything_that_the_page_names_is_there(client: TestClient) -> None:
    html = client.get("/").text
    named = set(re.findall(r'(?:src|href)="(/[^"]+)"', html))
    modules = {f"/page/js/{path.name}" for path in (PAGE / "js").glob("*.js")}
    imported = {"/page/js/main.js"} | {
        f"/page/js/{name}"
        for path in (PAGE / "js").glob("*.js")
        for name in re.findall(r'from "\./([^"]+)"', path.read_text(encoding="utf-8"))
    }
    assert modules == imported
    for path in named | modules:
        assert client.get(path).status_code == 200, path
    assert client.get("/page/js/main.js").headers["content-type"].startswith("text/javascript")


def test_the_page_asks_nothing_of_other_sites() -> None:
    for path in PAGE.rglob("*.*"):
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|//[a-z]+\.[a-z]", text), path


def test_the_page_has_no_inline_script_or_style() -> None:
    html = (PAGE / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<style|style=|\son\w+=|javascript:", html)
    assert re.findall(r"<script[^>]*>", html) == ['<script type="module" src="/page/js/main.js">']


def test_both_languages_say_all_that_the_page_says() -> None:
    spoken = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (PAGE / "messages").glob("*.json")}
    assert set(spoken) == {"en", "bn"}
    assert spoken["en"].keys() == spoken["bn"].keys()
    for key, text in spoken["en"].items():
        assert text.strip(), key
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", spoken["bn"][key])), key
    html = (PAGE / "index.html").read_text(encoding="utf-8")
    used = set(re.findall(r'data-i18n(?:-label|-title)?="([^"]+)"', html))
    for path in (PAGE / "js").glob("*.js"):
        used |= set(re.findall(r'\b(?:say|warn)\("([^"]+)"', path.read_text(encoding="utf-8")))
    assert used <= spoken["en"].keys()


def test_an_uploaded_clip_is_predicted_as_from_the_disk(client: TestClient, recognizer: Recognizer, clip: Path) -> None:
    answer = client.post("/predict?top=2", files={"clip": ("tea.pose", clip.read_bytes())})
    assert answer.status_code == 200, answer.text
    told, expected = answer.json(), recognizer.predict(clip)
    assert told["clip"] == "tea.pose"
    assert told["gloss"] == expected.gloss
    assert told["probability"] == pytest.approx(expected.probability, abs=1e-6)
    assert [guess["gloss"] for guess in told["ranked"]] == [c.gloss for c in expected.ranked[:2]]
    assert len(told["attention"]) == len(expected.attention)


def test_an_uploaded_video_is_predicted(client: TestClient, monkeypatch: pytest.MonkeyPatch, clip: Path) -> None:
    seen = []

    def landmarks(_: object, source: io.BytesIO, *__: object):
        seen.append(source.read())
        return read_pose(clip)

    monkeypatch.setattr(SharedEstimator, "landmarks", landmarks)
    answer = client.post("/predict", files={"clip": ("a.mp4", video())})
    assert answer.status_code == 200, answer.text
    assert seen == [video()]


def _bomb() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a", bytes(5_000_000))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "status", "expected"),
    [
        ("a.mp4", b"this is not a video", 422, "a.mp4: is truncated, damaged or not a video"),
        ("a.mp4", b"", 422, "a.mp4: is empty"),
        ("a.mp4", video()[:300], 422, "a.mp4: is truncated, damaged or not a video"),
        ("a.npz", _bomb(), 422, "a.npz: is truncated, damaged or not a video"),
        ("a.m3u8", b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", 422, "not a video"),
        ("a.pose", b"\x00\x00\x00\x00junk", 422, "a.pose: is truncated, damaged or not a .pose file"),
        ("../../etc/passwd", b"x", 422, "^passwd: is truncated"),
        ("a\n\x1b[31mb.mp4", b"x", 422, r"^a\[31mb.mp4: is truncated|^a%0A"),
        ("long.mp4", video(300), 422, "long.mp4: is 12 seconds long; at most 10"),
        ("big.mp4", bytes(70_000), 413, "larger than 0.0625 MiB"),
    ],
)
def test_an_upload_that_is_no_clip_is_refused_in_words(
    recognizer: Recognizer, name: str, content: bytes, status: int, expected: str
) -> None:
    with client_of(recognizer, clip_seconds=10, upload_bytes=2**16) as client:
        answer = client.post("/predict", files={"clip": (name, content)})
        assert answer.status_code == status, answer.text
        assert re.search(expected, answer.json()["detail"]), answer.json()["detail"]
        assert "/tmp" not in answer.text
        assert client.get("/health").json()["status"] == "ok"


def open_set(threshold: float | None) -> OpenSet:
    return OpenSet(threshold=threshold, false_accept=0.1, known_clips=10, unknown_clips=10, unknown="other glosses")


@pytest.mark.parametrize(
    ("found", "told"),
    [(None, False), (open_set(None), False), (open_set(0.5), True)],
)
def test_info_says_whether_unknown_signs_are_told(
    client: TestClient, recognizer: Recognizer, monkeypatch: pytest.MonkeyPatch, found: OpenSet | None, told: bool
) -> None:
    monkeypatch.setattr(recognizer, "open_set", found)
    assert client.get("/info").json()["tells_unknown"] is told


def test_a_pose_file_of_many_frames_is_long_whatever_its_rate(recognizer: Recognizer, tmp_path: Path) -> None:
    pose = synthetic_clip("SYN-02")
    frames = np.arange(360) % len(pose)
    fast = Pose(pose.coordinates[frames], pose.confidence[frames], 10_000, pose.skeleton)
    content = write_pose(fast, tmp_path / "fast.pose").read_bytes()
    with client_of(recognizer, clip_seconds=2) as client:
        answer = client.post("/predict", files={"clip": ("fast.pose", content)})
    assert answer.status_code == 422, answer.text
    assert "fast.pose: is 3 seconds long; at most 2" in answer.json()["detail"]


def test_an_upload_that_does_not_say_how_large_it_is_is_counted(recognizer: Recognizer) -> None:
    head = b'--x\r\nContent-Disposition: form-data; name="clip"; filename="a.mp4"\r\n\r\n'
    with client_of(recognizer, upload_bytes=50_000) as client:
        answer = client.post(
            "/predict",
            content=iter([head, *[bytes(10_000)] * 9]),
            headers={"content-type": "multipart/form-data; boundary=x"},
        )
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ({"content": b"abc"}, 415),
        ({"data": {"clip": "text"}, "headers": {"content-type": "multipart/form-data; boundary=x"}}, 400),
        ({"files": {"other": ("a.mp4", b"x")}}, 422),
        ({"files": [("clip", ("a.mp4", b"x")), ("clip", ("b.mp4", b"x"))]}, 400),
        ({"content": b"--x", "headers": {"content-type": "multipart/form-data"}}, 400),
        ({"files": {"clip": ("a.mp4", b"x")}, "params": {"top": 0}}, 422),
    ],
)
def test_a_form_that_is_none_is_refused(client: TestClient, request_, status: int) -> None:
    assert client.post("/predict", **request_).status_code == status


def test_a_slow_upload_is_not_waited_for(recognizer: Recognizer) -> None:
    import asyncio

    from fastapi import HTTPException
    from starlette.requests import Request

    from ishara.live.upload import Uploads

    live = prepare(recognizer, Access(), Limits(body_seconds=0.05), make_estimator=Puppet)

    async def never():
        await asyncio.Event().wait()

    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", b"multipart/form-data; boundary=x")]}
    with pytest.raises(HTTPException) as refused:
        asyncio.run(Uploads(live).predict(Request(scope, never), 5))
    assert refused.value.status_code == 408


def test_a_token_is_needed_for_all_but_the_page_and_health(recognizer: Recognizer, clip: Path) -> None:
    with client_of(recognizer, TOKEN) as client:
        for path in ("/", "/page/js/main.js", "/health"):
            assert client.get(path).status_code == 200
        for path in ("/info", "/metrics", "/openapi.json", "/schema.json", "/nothing"):
            assert client.get(path).status_code == 401
        files = {"clip": ("tea.pose", clip.read_bytes())}
        assert client.post("/predict", files=files).status_code == 401
        header = {"Authorization": f"Bearer {TOKEN}"}
        assert client.post("/predict", files=files, headers=header).status_code == 200
        assert client.get("/info", headers=header).json()["glosses"] == recognizer.glosses


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"Origin": BASE}, 200), ({"Origin": "http://evil.example"}, 403), ({"Host": "evil.example:8000"}, 421)],
)
def test_another_sites_page_cannot_upload(client: TestClient, clip: Path, headers, status: int) -> None:
    answer = client.post("/predict", files={"clip": ("tea.pose", clip.read_bytes())}, headers=headers)
    assert answer.status_code == status


def test_metrics_count_what_happened(client: TestClient, clip: Path) -> None:
    client.post("/predict", files={"clip": ("tea.pose", clip.read_bytes())})
    client.post("/predict", files={"clip": ("a.mp4", b"x")})
    client.get("/", headers={"Host": "evil.example"})
    text = client.get("/metrics").text
    for line in (
        'ishara_live_uploads_total{outcome="predicted"} 1.0',
        'ishara_live_uploads_total{outcome="422"} 1.0',
        'ishara_live_refused_total{reason="host"} 1.0',
        "ishara_live_sessions 0.0",
    ):
        assert line in text


def test_the_upload_is_described_in_openapi(client: TestClient) -> None:
    described = client.get("/openapi.json").json()["paths"]["/predict"]["post"]
    form = described["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert form["properties"]["clip"]["format"] == "binary"
    assert {"200", "401", "413", "422"} <= described["responses"].keys()
    assert client.get("/docs").status_code == 404
