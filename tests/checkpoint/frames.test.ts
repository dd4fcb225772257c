/**
 * Frames of a checkpoint file: what was written comes back, a torn tail is told from damage, at every byte.
 */
import { expect, test } from "bun:test";
import { frame, unframe } from "../../src/checkpoint/frames.ts";

const BODIES = ["first", "", "the third, a little longer"].map((text) => new TextEncoder().encode(text));
const FRAMES = BODIES.map((body) => Buffer.concat(frame([body.subarray(0, 3), body.subarray(3)])));
const FILE = new Uint8Array(Buffer.concat(FRAMES));
const LAST_AT = FILE.length - FRAMES[2].length;

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

test("a flipped bit anywhere before the last frame is damage, and its place is told", () => {
  for (let at = 0; at < LAST_AT; at++) {
    const flipped = FILE.slice();
    flipped[at] ^= 0x10;
    const { damage } = unframe(flipped);
    expect(damage).toBeDefined();
    expect(damage?.at).toBeLessThanOrEqual(at);
  }
});

test("a flipped bit in the last frame's body cannot be told from a torn tail: the frame does not count", () => {
  const flipped = FILE.slice();
  flipped[FILE.length - 1] ^= 1;
  const { bodies, wholeBytes, damage } = unframe(flipped);
  expect(bodies).toHaveLength(2);
  expect(wholeBytes).toBe(LAST_AT);
  expect(damage).toBeUndefined();
});
