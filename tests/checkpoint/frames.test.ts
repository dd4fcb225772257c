/**
 * Frames of a checkpoint file: what was written comes back, a torn tail is told from damage, at every byte.
 */
import { expect, test } from "bun:test";
import { frame, unframe } from "../../src/checkpoint/frames.ts";

const BODIES = ["first", "", "the third, a little longer"].map((text) => new TextEncoder().encode(text));
const FRAMES = BODIES.map((body) => Buffer.concat(frame([body.subarray(0, 3), body.subarray(3)])));
const FILE = new Uint8Array(Buffer.concat(FRAMES));
const LAST_AT = FILE.length - FRAMES[2].length;
/** Behind the first byte of the last frame that is no zero anyway, and of the second. */
const LAST_TORN_AT = LAST_AT + 4;
const SECOND_TORN_AT = FRAMES[0].length + 9;

test("frames come back as they were written", () => {
  const { bodies, wholeBytes, damage } = unframe(FILE);
  expect(bodies.map((body) => new TextDecoder().decode(body))).toEqual(["first", "", "the third, a little longer"]);
  expect(wholeBytes).toBe(FILE.length);
  expect(damage).toBeUndefined();
});

test("a file cut at any byte keeps its whole frames and is no damage", () => {
  for (let length = 0; length < FILE.length; length++) {
    const { bodies, damage } = unframe(FILE.subarray(0, length));
    expect(damage).toBeUndefined();
    const whole = FRAMES.findIndex((_, index) => length < Buffer.concat(FRAMES.slice(0, index + 1)).length);
    expect(bodies).toHaveLength(whole);
  }
});

test("zeros behind the last frame, as a loss of power leaves them, are a torn tail", () => {
  const { bodies, damage } = unframe(new Uint8Array(Buffer.concat([FILE, new Uint8Array(100)])));
  expect(bodies).toHaveLength(3);
  expect(damage).toBeUndefined();
});

/** The file with zeros in `[from, to)`: pages that a loss of power kept from the disk. */
function lost(from: number, to: number, file = FILE): Uint8Array {
  return file.slice().fill(0, from, to);
}

test("a last frame is torn whichever of its bytes a loss of power kept from the disk", () => {
  for (let from = LAST_AT; from < FILE.length - 1; from++) {
    for (let to = from + 1; to <= FILE.length; to++) {
      // Zeros may be what was written.
      if (Buffer.compare(lost(from, to), FILE) === 0) continue;
      const { bodies, wholeBytes, damage } = unframe(lost(from, to));
      expect([bodies.length, wholeBytes, damage]).toEqual([2, LAST_AT, undefined]);
    }
  }
});

test("so are several, none of them whole: confirmations are not fsynced before the epoch behind them", () => {
  for (let to = LAST_TORN_AT; to < FILE.length; to++) {
    const { bodies, damage } = unframe(lost(FRAMES[0].length, to));
    expect([bodies.length, damage]).toEqual([1, undefined]);
  }
  // A frame whose body alone is lost.
  const { bodies, damage } = unframe(lost(12, LAST_TORN_AT));
  expect([bodies.length, damage]).toEqual([0, undefined]);
});

test("bytes that are no frame, with a whole one behind them, are damage at their beginning", () => {
  for (let to = SECOND_TORN_AT; to <= LAST_AT; to++) {
    const { bodies, damage } = unframe(lost(FRAMES[0].length, to));
    expect([bodies.length, damage?.at]).toEqual([1, FRAMES[0].length]);
  }
});

test("a flipped bit anywhere before the last frame is damage, and its place is reported", () => {
  for (let at = 0; at < LAST_AT; at++) {
    const flipped = FILE.slice();
    flipped[at] ^= 0x10;
    const { damage } = unframe(flipped);
    expect(damage).toBeDefined();
    expect(damage?.at).toBeLessThanOrEqual(at);
  }
});

test("a flipped bit in the last frame cannot be told from a torn tail: the frame does not count", () => {
  for (let at = LAST_AT; at < FILE.length; at++) {
    const flipped = FILE.slice();
    flipped[at] ^= 1;
    const { bodies, wholeBytes, damage } = unframe(flipped);
    expect([bodies.length, wholeBytes, damage]).toEqual([2, LAST_AT, undefined]);
  }
});
