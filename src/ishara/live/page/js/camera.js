/** The camera: asked for, chosen, and given back. */

const WANTED = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } };

/** @typedef {"insecure" | "camera-refused" | "camera-missing" | "camera-busy" | "camera-other"} Trouble */

/** @returns {boolean} Whether browsers give this page a camera at all. */
export function cameraAllowed() {
  return window.isSecureContext && Boolean(navigator.mediaDevices?.getUserMedia);
}

/**
 * @param {string} [id] Of the camera; any without.
 * @returns {Promise<MediaStream>}
 */
export async function openCamera(id) {
  const video = id ? { ...WANTED, deviceId: { exact: id } } : { ...WANTED, facingMode: "user" };
  try {
    return await navigator.mediaDevices.getUserMedia({ video, audio: false });
  } catch (error) {
    // The camera that was chosen before may have been unplugged.
    if (id && error instanceof DOMException && ["OverconstrainedError", "NotFoundError"].includes(error.name)) {
      return openCamera();
    }
    throw error;
  }
}

/**
 * @param {unknown} error Of `openCamera`.
 * @returns {Trouble}
 */
export function troubleOf(error) {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "camera-refused";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "camera-missing";
  if (name === "NotReadableError" || name === "AbortError") return "camera-busy";
  return "camera-other";
}

/** @returns {Promise<MediaDeviceInfo[]>} */
export async function listCameras() {
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices.filter((device) => device.kind === "videoinput");
}

/** @param {MediaStream | null} stream */
export function closeCamera(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}
