"""The page in a real browser: a camera fed from a real clip, MediaPipe, a recogniser, and what people do with it."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import av
import pytest

from ishara.clips.corpora.synthetic import synthetic_clip
from ishara.live.app import create_app
from ishara.live.limits import Limits
from ishara.live.security import Access
from ishara.live.server import bind, make_server, prepare
from ishara.pose.files import write_pose
from ishara.recognizer import Recognizer
from live.camera import CHROMIUM, browser_with, film

from .conftest import Background, real_data

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, WebSocketRoute

pytestmark = [pytest.mark.slow, pytest.mark.real, pytest.mark.timeout(300)]

PAGE_MS = 60_000


@pytest.fixture(scope="module")
def clip() -> Path:
    return min((real_data() / "wlasl/videos").glob("*.mp4"), key=lambda path: path.stat().st_size)


@pytest.fixture(scope="module")
def browser(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Browser]":
    if CHROMIUM is None:
        pytest.skip("chromium is not installed (apt-get install chromium)")
    pytest.importorskip("playwright.sync_api")
    with browser_with(film([clip], tmp_path_factory.mktemp("camera") / "camera.mjpeg")) as browser:
        yield browser


@pytest.fixture(scope="module")
def recognizer(tiny_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Recognizer:
    folder = tmp_path_factory.mktemp("page") / "recognizer"
    return Recognizer.load(shutil.copytree(tiny_run / "recognizer", folder), threads=1)


@pytest.fixture(scope="module")
def address(recognizer: Recognizer) -> Iterator[str]:
    # A take that ends by itself need not be waited for; in so long the fake camera has shown the sign.
    live = prepare(recognizer, Access(), Limits(take_seconds=4))
    if live.camera_problem:
        pytest.skip(live.camera_problem)
    with Background(make_server(create_app(live), live.limits), bind("127.0.0.1", 0)) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def page(browser: "Browser", address: str) -> "Iterator[Page]":
    """The page as it is first seen; at the end nothing was complained of."""
    # Without motion, or axe would judge colours half-way from one to another.
    context = browser.new_context(
        locale="en-GB", color_scheme="light", reduced_motion="reduce", viewport={"width": 1280, "height": 900}
    )
    context.grant_permissions(["camera", "clipboard-read", "clipboard-write"], origin=address)
    context.set_default_timeout(PAGE_MS)
    page = context.new_page()
    complaints: list[str] = []
    page.on(
        "console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address)
    page.wait_for_selector("#start:visible")
    yield page
    context.close()
    assert complaints == []


def faults(page: "Page") -> list[str]:
    """What axe-core finds that is serious."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    found = axe.Axe().run(page).response["violations"]
    return [
        f"{fault['id']}: {node['html']}"
        for fault in found
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
    ]


def test_a_sign_before_the_camera_becomes_a_gloss(page: "Page", recognizer: Recognizer) -> None:
    page.click("#start")
    page.wait_for_selector("#state.live")
    page.wait_for_selector("#now-bars li")
    page.wait_for_selector("#transcript li")
    gloss = page.inner_text("#transcript li:first-child .name")
    assert gloss in recognizer.glosses
    assert page.inner_text("#last-gloss") in recognizer.glosses
    assert page.inner_text("#announce").split(",")[0] in recognizer.glosses
    assert page.locator("#last-strip rect").count() > 3
    drawn = "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(value => value > 0)"
    assert page.locator("#overlay").evaluate(drawn)
    assert "ms" in page.inner_text("#speed")
    assert faults(page) == []
    page.click("#copy")
    # Not `wait_for_function`, which evaluates text: the page forbids that, as it should.
    page.locator("#announce", has_text="copied").wait_for(state="attached")
    assert gloss in page.evaluate("navigator.clipboard.readText()")
    with page.expect_download() as download:
        page.click("#download")
    assert gloss in Path(download.value.path()).read_text(encoding="utf-8")
    page.click("#pause")
    page.wait_for_selector("#state.paused")
    page.click("#pause")
    page.wait_for_selector("#state.live")
    page.click("#off")
    page.wait_for_selector("#start:visible")


def test_an_uploaded_video_has_the_recognisers_own_prediction(page: "Page", recognizer: Recognizer, clip: Path) -> None:
    page.set_input_files("#file", clip)
    page.wait_for_selector("#result[aria-busy=false] .bars li")
    expected = recognizer.predict(clip)
    assert page.inner_text("#result-gloss") == expected.gloss
    shown = page.locator("#result-bars .name").all_inner_texts()
    assert shown == [candidate.gloss for candidate in expected.ranked[:5]]
    shares = page.locator("#result-bars .share").all_inner_texts()
    assert shares == [f"{candidate.probability:.0%}" for candidate in expected.ranked[:5]]
    assert faults(page) == []


def test_a_clip_that_is_dropped_on_the_page_is_predicted(page: "Page", recognizer: Recognizer, tmp_path: Path) -> None:
    pose = write_pose(synthetic_clip("SYN-02"), tmp_path / "tea.pose")
    drag = """([kind, bytes, name]) => {
        const data = new DataTransfer();
        data.items.add(new File([new Uint8Array(bytes)], name));
        // Whether the page takes it; else the browser would go and show the file.
        return !window.dispatchEvent(new DragEvent(kind, {dataTransfer: data, cancelable: true}));
    }"""
    content = [list(pose.read_bytes()), "tea.pose"]
    assert page.evaluate(drag, ["dragover", *content])
    page.wait_for_selector("#upload.over")
    page.evaluate(drag, ["dragleave", *content])
    page.wait_for_selector("#upload:not(.over)")
    assert page.evaluate(drag, ["drop", *content])
    page.wait_for_selector("#result[aria-busy=false] .bars li")
    assert page.inner_text("#result-gloss") == recognizer.predict(pose).gloss


def test_language_and_theme_switch_and_are_remembered(page: "Page") -> None:
    page.focus("input[value=en]")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("html[lang=bn]")
    page.locator("#start", has_text="ক্যামেরা চালু করুন").wait_for()
    light = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    page.check("input[value=dark]")
    page.wait_for_selector("html[data-theme=dark]")
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") != light
    assert faults(page) == []
    page.reload()
    page.wait_for_selector("html[lang=bn][data-theme=dark]")


def test_everything_can_be_reached_by_keyboard_on_a_phone(page: "Page") -> None:
    page.set_viewport_size({"width": 375, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    reached = set()
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.name"))
    assert {"language", "theme", "start", "choose"} <= reached
    page.focus("#start")
    page.keyboard.press("Enter")
    page.wait_for_selector("#state.live")
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    assert faults(page) == []


def press(page: "Page", control: str, key: str = "Enter") -> None:
    """Go to a control by Tab alone, and press a key there."""
    for _ in range(40):
        if page.evaluate("document.activeElement.id") == control:
            page.keyboard.press(key)
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"#{control} cannot be reached by Tab")


def until(page: "Page", selector: str, condition: str) -> None:
    """Wait until something holds of an ``element``, as JavaScript."""
    wait = f"""([element, most]) => new Promise((done, fail) => {{
        const end = performance.now() + most;
        const look = () => {{
            if ({condition}) done();
            else if (performance.now() > end) fail(new Error("not: " + {json.dumps(condition)}));
            else requestAnimationFrame(look);
        }};
        look();
    }})"""
    page.evaluate(wait, [page.locator(selector).element_handle(), PAGE_MS])


# Of a copy: Chromium warns of canvases that are read again and again.
DRAWN = """(() => {
    const [width, height] = [element.width || 1, element.height || 1];
    const copy = new OffscreenCanvas(width, height).getContext("2d", {willReadFrequently: true});
    copy.drawImage(element, 0, 0);
    return copy.getImageData(0, 0, width, height).data.some(value => value > 0);
})()"""
# Chromium has one camera that shows a file; another, of another size, stands in for one that is plugged in beside it.
SECOND_CAMERA = """
    const devices = navigator.mediaDevices;
    const [list, open] = [devices.enumerateDevices.bind(devices), devices.getUserMedia.bind(devices)];
    const second = {kind: "videoinput", deviceId: "second", label: "Second camera"};
    devices.enumerateDevices = async () => [...await list(), second];
    devices.getUserMedia = async (wanted) => {
        if (wanted.video.deviceId?.exact !== "second") return open(wanted);
        const canvas = Object.assign(document.createElement("canvas"), {width: 320, height: 200});
        setInterval(() => canvas.getContext("2d").fillRect(0, 0, Math.random() * 320, 200), 40);
        const stream = canvas.captureStream(25);
        stream.getVideoTracks()[0].getSettings = () => ({deviceId: "second"});
        return stream;
    };
"""


@pytest.fixture
def two_cameras(page: "Page") -> "Page":
    page.add_init_script(SECOND_CAMERA)
    page.reload()
    page.wait_for_selector("#start:visible")
    return page


def test_every_control_does_what_it_says_by_keyboard_alone(two_cameras: "Page") -> None:
    page = two_cameras
    said: list[str | bytes] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda message: said.append(message)))
    with page.expect_websocket() as opening:
        press(page, "start")
    socket = opening.value
    until(page, "#overlay", DRAWN)

    # A pause: the picture stands, nothing more is sent, and what is pressed meanwhile holds afterwards.
    press(page, "pause", "Space")
    page.wait_for_selector("#state.paused")
    until(page, "#overlay", f"!({DRAWN})")
    assert page.locator("#video").evaluate("video => video.paused")
    assert page.inner_text("#pause-text") == "Go on"
    assert page.locator("#video").evaluate("video => getComputedStyle(video).transform").startswith("matrix(-1")
    press(page, "mirror", "Space")
    assert page.locator("#video").evaluate("video => getComputedStyle(video).transform") == "none"
    press(page, "bones", "Space")
    with socket.expect_event("framesent"):
        press(page, "left-handed", "Space")
    since = said[said.index('{"type":"pause"}') + 1 :]
    # The server is told who signs, and of the mirror nothing: that is the page's own.
    assert since == ['{"type":"options","left_handed":true}']

    # It goes on, without the skeleton until that is wanted again.
    press(page, "pause", "Space")
    page.wait_for_selector("#state.live")
    socket.wait_for_event("framesent", lambda message: isinstance(message, bytes))
    socket.wait_for_event("framereceived", lambda message: '"type":"frame"' in message)
    assert not page.locator("#overlay").evaluate(f"element => {DRAWN}")
    press(page, "bones", "Space")
    until(page, "#overlay", DRAWN)

    press(page, "save", "Space")
    page.locator("#save-text", has_text="Stop and save").wait_for()
    for _ in range(15):
        socket.wait_for_event("framesent", lambda message: isinstance(message, bytes))
    with page.expect_download() as download:
        press(page, "save", "Space")
    with av.open(download.value.path()) as saved:
        assert next(saved.decode(video=0)).width == 640

    press(page, "teach")
    assert page.evaluate("document.activeElement.id") == "teach-gloss"
    press(page, "teach-cancel")
    assert page.evaluate("document.activeElement.id") == "teach"

    press(page, "off")
    page.wait_for_selector("#start:visible")
    press(page, "start")
    page.wait_for_selector("#state.live")
    hellos = [json.loads(message) for message in said if isinstance(message, str) and '"type":"hello"' in message]
    assert [hello["left_handed"] for hello in hellos] == [False, True]
    page.reload()
    page.wait_for_selector("#start:visible")
    assert page.get_attribute("#left-handed", "aria-pressed") == "true"
    assert page.get_attribute("#mirror", "aria-pressed") == "false"


def test_a_camera_is_chosen_and_one_that_is_unplugged_ends(two_cameras: "Page") -> None:
    page = two_cameras
    press(page, "start")
    page.wait_for_selector("#state.live")
    page.wait_for_selector("#camera-choice:visible")
    assert len(page.locator("#camera option").all()) == 2
    until(page, "#video", "element.videoWidth === 640")
    page.evaluate("window.first = document.getElementById('video').srcObject.getVideoTracks()[0]")
    # Also in a pause: who chooses another camera wants to see it.
    press(page, "pause")
    page.wait_for_selector("#state.paused")
    press(page, "camera", "ArrowDown")
    page.wait_for_selector("#state.live")
    until(page, "#video", "element.videoWidth === 320 && !element.paused")
    assert page.evaluate("window.first.readyState") == "ended"
    assert page.locator("#camera").evaluate("choice => choice.selectedOptions[0].text") == "Second camera"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.reload()
    # It is shown once it works, and not before.
    page.wait_for_selector("#start:visible")
    press(page, "start")
    until(page, "#video", "element.videoWidth === 320")
    press(page, "camera", "ArrowUp")
    until(page, "#video", "element.videoWidth === 640")
    page.locator("#video").evaluate("video => video.srcObject.getVideoTracks()[0].dispatchEvent(new Event('ended'))")
    page.locator("#notice", has_text="No camera was found").wait_for()
    assert page.is_visible("#start")


def test_a_sign_is_taught_from_three_takes(page: "Page", recognizer: Recognizer) -> None:
    page.click("#start")
    page.wait_for_selector("#state.live")
    page.click("#teach")
    page.fill("#teach-gloss", "TEA")
    for takes in (1, 2, 3):
        page.click("#take")
        page.wait_for_selector("#screen.recording")
        page.wait_for_selector(f"#takes li.done >> nth={takes - 1}")
    assert faults(page) == []
    page.check("#teach-consent")
    page.click("#teach-go")
    page.wait_for_selector("#teaching", state="hidden")
    assert "TEA" in recognizer.glosses
    assert f"{len(recognizer.glosses)} signs" in (page.text_content("#model-name") or "")


def test_a_full_server_is_told_as_long_as_it_is_full(page: "Page") -> None:
    def refuse(socket: "WebSocketRoute") -> None:
        told = {"type": "error", "code": "full", "message": "full", "fatal": True}

        def answer(_: str | bytes) -> None:
            socket.send(json.dumps(told))
            socket.close(code=1013)

        socket.on_message(answer)

    page.route_web_socket("**/ws", refuse)
    page.click("#start")
    page.wait_for_selector("#state.waiting")
    assert "All places are taken" in (page.text_content("#notice-text") or "")


def test_a_recogniser_without_a_threshold_says_so(page: "Page", recognizer: Recognizer) -> None:
    tells = recognizer.open_set is not None and recognizer.open_set.threshold is not None
    page.locator("#model-name", has_text="signs").wait_for()
    assert page.is_visible("#no-threshold") is not tells


def test_off_and_on_at_once_is_no_broken_connection(page: "Page") -> None:
    states = page.evaluate(
        """async () => {
            const { Connection } = await import("/page/js/socket.js");
            const states = [];
            return new Promise((done) => {
                const connection = new Connection(() => ({}), {
                    message: () => {},
                    ended: (code) => done([code]),
                    state: (state) => {
                        states.push(state);
                        if (state !== "live") return;
                        connection.close();
                        if (states.length > 2) done(states);
                        else connection.open();
                    },
                });
                connection.open();
            });
        }"""
    )
    assert states == ["connecting", "live", "connecting", "live"]


def test_a_camera_that_is_refused_is_told_and_clips_still_work(
    browser: "Browser", address: str, tmp_path: Path
) -> None:
    # This browser refuses what nobody has allowed.
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector("#start:visible")
    press(page, "start")
    page.locator("#notice", has_text="was not allowed to use the camera").wait_for()
    assert page.get_attribute("#notice", "role") == "alert"
    assert page.is_visible("#start")
    assert page.is_hidden("#controls")
    assert json.loads(page.request.get(f"{address}/health").text())["sessions"] == 0
    press(page, "notice-close")
    page.wait_for_selector("#notice", state="hidden")
    assert page.evaluate("document.activeElement.id") == "main"
    # And when it has been allowed, it works without the page being loaded again.
    context.grant_permissions(["camera"], origin=address)
    press(page, "start")
    page.wait_for_selector("#state.live")
    press(page, "off")
    page.set_input_files("#file", write_pose(synthetic_clip("SYN-02"), tmp_path / "tea.pose"))
    page.wait_for_selector("#result[aria-busy=false] .bars li")
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"this is not a video")
    page.set_input_files("#file", bad)
    page.wait_for_selector("#notice-detail:has-text('bad.mp4: is truncated')")
    context.close()


def test_plain_http_from_elsewhere_offers_upload_and_says_why(browser: "Browser", address: str) -> None:
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    page.add_init_script("Object.defineProperty(window, 'isSecureContext', {value: false})")
    page.goto(address)
    # The texts come after the page itself.
    page.locator("#invitation-text", has_text="start Ishara with --certfile and --keyfile").wait_for()
    page.wait_for_selector("#choose:visible")
    assert not page.is_visible("#start")
    context.close()
