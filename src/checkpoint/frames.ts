/**
 * Frames: how records lie in a checkpoint file. Pure: bytes in, frames or damage out. A torn tail, which is cut, is
 * told from damage by one rule: what is no whole frame is torn if no whole frame begins behind it.
 *
 * Why: an epoch's frame is fsynced before anything is written behind it, so nothing whole lies behind what a loss of
 * power tears. And that may hold anything, as pages reach the disk in any order: zeros where the last frame's head
 * should be, and its body in the page behind. Only confirmations are not fsynced before the epoch that follows. So one
 * torn tail is taken for damage: where a confirmation's page was lost while all of the epoch behind it, not fsynced
 * either, was not. That is an exit 4 too many, at a page's border, and never a wrong result. The reverse, damage in a
 * last frame that was fsynced, cannot be told from a torn one: if that epoch had reached the table or the topics, the
 * start finds them ahead of the log, which is exit 4.
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

/** The bodies of all whole frames up to the first bytes that are none. */
export function unframe(bytes: Uint8Array): Unframed {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const bodies: Uint8Array[] = [];
  let at = 0;
  for (;;) {
    const end = frameEnd(bytes, view, at);
    if (end === undefined || !isWhole(bytes, view, at, end)) break;
    bodies.push(bytes.subarray(at + HEAD_BYTES, end));
    at = end;
  }
  // A head that is right tells where the next frame begins, so that what its own body says is not taken for one.
  const headEnd = frameEnd(bytes, view, at);
  for (let behind = headEnd ?? at + 1; behind + HEAD_BYTES <= bytes.length; behind++) {
    const end = frameEnd(bytes, view, behind);
    if (end === undefined || !isWhole(bytes, view, behind, end)) continue;
    const fault = headEnd === undefined ? "a wrong checksum of a frame's head" : "a wrong checksum";
    return { bodies, wholeBytes: at, damage: { at, fault } };
  }
  return { bodies, wholeBytes: at };
}

/** Where the frame at `at` ends, as its head says; undefined where no head lies there. */
function frameEnd(bytes: Uint8Array, view: DataView, at: number): number | undefined {
  if (at + HEAD_BYTES > bytes.length || view.getUint32(at + 8) !== crc32c(bytes, at, at + 8)) return undefined;
  return at + HEAD_BYTES + view.getUint32(at);
}

function isWhole(bytes: Uint8Array, view: DataView, at: number, end: number): boolean {
  return end <= bytes.length && view.getUint32(at + 4) === crc32c(bytes, at + HEAD_BYTES, end);
}
