/** Binary messages of the schema, version 1 (docs/live.md). */

export const VERSION = 1;
const JPEG = 1;
const HEAD = 16;

/**
 * @param {number} seq
 * @param {number} time Seconds.
 * @param {ArrayBuffer} jpeg
 * @returns {ArrayBuffer}
 */
export function pictureMessage(seq, time, jpeg) {
  const message = new ArrayBuffer(HEAD + jpeg.byteLength);
  const head = new DataView(message);
  head.setUint8(0, JPEG);
  head.setUint8(1, VERSION);
  head.setUint32(4, seq, true);
  head.setFloat64(8, time, true);
  new Uint8Array(message).set(new Uint8Array(jpeg), HEAD);
  return message;
}
