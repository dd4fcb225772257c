/**
 * Frames: how records lie in a checkpoint file. Each has a head of its own, with a checksum of its own, so that a
 * damaged length is never taken for a torn tail. Pure: bytes in, frames or damage out.
 */
import { crc32c } from "../topic/crc32c.ts";

/** Length and CRC of the body, then the CRC of those eight bytes. */
const HEAD_BYTES = 12;

/** The frame around a body that comes in parts: its head, then the parts as they are, none of them copied. */
export function frame(parts: readonly Uint8Array[]): Uint8Array[] {
  const head = new Uint8Array(HEAD_BYTES);
  const view = new DataView(head.buffer);
  view.setUint32(0, bytesOf(parts));
  view.setUint32(
    4,
    parts.reduce((crc, part) => crc32c(part, 0, part.length, crc), 0),
  );
  view.setUint32(8, crc32c(head, 0, 8));
  return [head, ...parts];
}

export function bytesOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}

export interface Unframed {
  readonly bodies: readonly Uint8Array[];
  /** Where the last whole frame ends: what lies behind is a torn tail. */
  readonly wholeBytes: number;
  /** What is wrong, and where, if it is more than a torn tail. */
  readonly damage?: { readonly at: number; readonly fault: string };
}

/**
 * The bodies of all whole frames. A write that was cut off leaves a part of a frame at the end, or, after a loss of
 * power, zeros or a last frame that was not all written: that is a torn tail. Anything else is damage.
 */
export function unframe(bytes: Uint8Array): Unframed {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const bodies: Uint8Array[] = [];
  let at = 0;
  while (at + HEAD_BYTES <= bytes.length) {
    if (view.getUint32(at + 8) !== crc32c(bytes, at, at + 8)) {
      if (bytes.subarray(at).every((byte) => byte === 0)) break;
      return { bodies, wholeBytes: at, damage: { at, fault: "a wrong checksum of a frame's head" } };
    }
    const bodyAt = at + HEAD_BYTES;
    const end = bodyAt + view.getUint32(at);
    if (end > bytes.length) break;
    if (view.getUint32(at + 4) !== crc32c(bytes, bodyAt, end)) {
      if (end === bytes.length) break;
      return { bodies, wholeBytes: at, damage: { at, fault: "a wrong checksum" } };
    }
    bodies.push(bytes.subarray(bodyAt, end));
    at = end;
  }
  return { bodies, wholeBytes: at };
}
