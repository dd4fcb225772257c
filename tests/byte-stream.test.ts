/** Numbers and strings to bytes and back: what was written is read, at every edge, and nothing past the end. */
import { expect, test } from "bun:test";
import { ByteReader, ByteWriter, joined } from "../src/byte-stream.ts";

/** Writes, and gives a reader of what was written. */
function written(write: (out: ByteWriter) => void): ByteReader {
  const out = new ByteWriter();
  write(out);
  return new ByteReader(out.finish());
}

const EDGES = [0, 1, 127, 128, 16_383, 16_384, 2 ** 28, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 40 + 1, 2 ** 52 - 1];

test.each([...EDGES, Number.MAX_SAFE_INTEGER])("a varint of %d", (value) => {
  const reader = written((out) => out.varint(value));
  expect(reader.varint()).toBe(value);
  expect(reader.done).toBe(true);
});

test.each([...EDGES, ...EDGES.slice(1).map((value) => -value)])("a signed number: %d", (value) => {
  const reader = written((out) => out.signed(value));
  expect(reader.signed()).toBe(value);
  expect(reader.done).toBe(true);
});

test.each([-1, Number.MAX_SAFE_INTEGER + 1, Number.POSITIVE_INFINITY])("no varint takes %d", (value) => {
  expect(() => new ByteWriter().varint(value)).toThrow("assertion failed");
});

test.each([0, -0, 0.1, -1.5e300, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])("a double: %d", (value) => {
  expect(written((out) => out.double(value)).double()).toBe(value);
});

const LONG = ["x".repeat(127), "x".repeat(128), `${"x".repeat(126)}é`, "é".repeat(64), "x".repeat(5000)];
test.each(["", "K-Pax", "Čapek 😀", "nul\0inside", "\u007f\u0080", "\ufeffa mark", ...LONG])("a text: %j", (text) => {
  const reader = written((out) => {
    out.text(text);
    out.varint(7);
  });
  expect([reader.text(), reader.varint(), reader.done]).toEqual([text, 7, true]);
});

test("many values, one behind the other, past the writer's first capacity", () => {
  const reader = written((out) => {
    for (let index = 1; index <= 20_000; index++) {
      out.varint(index);
      out.double(-index);
      out.signed(-index);
    }
    out.bytes(new Uint8Array(300_000).fill(7));
    out.text("end");
  });
  for (let index = 1; index <= 20_000; index++) {
    expect([reader.varint(), reader.double(), reader.signed()]).toEqual([index, -index, -index]);
  }
  expect(reader.bytes()).toEqual(new Uint8Array(300_000).fill(7));
  expect(reader.text()).toBe("end");
  expect(reader.done).toBe(true);
});

test("what was written comes in pieces, too, none of them longer than it is", () => {
  const values = Int32Array.from({ length: 300_000 }, (_, place) => place * 7);
  const out = new ByteWriter(10);
  out.varints(values, 0, values.length);
  const pieces = out.pieces();
  expect(pieces.length).toBeGreaterThan(2);
  expect(pieces.reduce((sum, piece) => sum + piece.length, 0)).toBe(out.length);
  expect(Buffer.concat(pieces)).toEqual(Buffer.from(out.finish()));
  const reader = new ByteReader(joined(pieces));
  expect(Array.from(values, () => reader.varint())).toEqual([...values]);
  expect(reader.done).toBe(true);
});

test("many varints at once are the same as one by one", () => {
  const values = Int32Array.from(EDGES.filter((edge) => edge < 2 ** 31).flatMap((edge) => Array(300).fill(edge)));
  const reader = written((out) => out.varints(values, 1, values.length - 1));
  expect(Array.from({ length: values.length - 2 }, () => reader.varint())).toEqual([...values.subarray(1, -1)]);
  expect(reader.done).toBe(true);
  expect(() => new ByteWriter().varints(Int32Array.of(1, -1), 0, 2)).toThrow("assertion failed");
});

test("what was finished stays as it is while the writer goes on", () => {
  const out = new ByteWriter();
  out.varint(1);
  const first = out.finish();
  out.varint(2);
  expect([[...first], [...out.finish()]]).toEqual([[1], [1, 2]]);
});

test("a reader reads its own part of a buffer, and never past it", () => {
  const part = Uint8Array.from([9, 0x80, 3, 65, 66, 67, 9]).subarray(1, 3);
  expect(new ByteReader(part).varint()).toBe(384);
  expect(() => new ByteReader(part.subarray(0, 1)).varint()).toThrow("within its bytes");
  expect(() => new ByteReader(part).double()).toThrow("within its bytes");
  expect(() => new ByteReader(Uint8Array.from([3, 65, 66])).text()).toThrow("within its bytes");
  expect(() => new ByteReader(new Uint8Array(9).fill(0xff)).varint()).toThrow("within its bytes");
});
