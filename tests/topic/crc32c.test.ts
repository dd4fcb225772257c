/** CRC-32C: the vectors of RFC 3720 B.4, and the same as bit by bit at every length and alignment, folded or not. */
import { describe, expect, test } from "bun:test";
import { crc32c, FOLD_BYTES_MAX, FOLD_BYTES_MIN } from "../../src/topic/crc32c.ts";
import { Random } from "../generate/random.ts";
import { naiveCrc32c } from "./naive-batch.ts";

const hex = (bytes: Uint8Array) => crc32c(bytes, 0, bytes.length).toString(16).padStart(8, "0");

describe("crc32c", () => {
  test("gives the known checksums", () => {
    expect(hex(new TextEncoder().encode("123456789"))).toBe("e3069283");
    expect(hex(new Uint8Array(0))).toBe("00000000");
    expect(hex(new Uint8Array(32))).toBe("8a9136aa");
    expect(hex(new Uint8Array(32).fill(0xff))).toBe("62a8ab43");
    expect(hex(Uint8Array.from({ length: 32 }, (_, at) => at))).toBe("46dd794e");
    expect(hex(Uint8Array.from({ length: 32 }, (_, at) => 31 - at))).toBe("113fdb5c");
  });

  test("gives the same as bit by bit, wherever the bytes lie", () => {
    const seed = Date.now() % 1_000_000;
    console.log(`seed ${seed}`);
    const random = new Random(seed);
    // Not at the start of its buffer.
    const bytes = random.bytes(300).subarray(3);
    for (let start = 0; start < 20; start++) {
      for (let end = start; end < start + 40; end++)
        expect(crc32c(bytes, start, end)).toBe(naiveCrc32c(bytes, start, end));
    }
    expect(crc32c(bytes, 0, bytes.length)).toBe(naiveCrc32c(bytes, 0, bytes.length));
  });

  test("gives the same where it folds: short, over the end of its memory, and behind other bytes", () => {
    const seed = Date.now() % 1_000_000;
    console.log(`seed ${seed}`);
    const random = new Random(seed);
    const bytes = random.bytes(700_000).subarray(5);
    const lengths = Array.from({ length: 40 }, (_, i) => FOLD_BYTES_MIN - 4 + i);
    // More than is folded at a time, and what is left then is short or not.
    const overEnds = [1, 2].flatMap((times) =>
      [-17, 0, 1, FOLD_BYTES_MIN + 1].map((more) => times * FOLD_BYTES_MAX + more),
    );
    for (const length of [...lengths, ...overEnds, bytes.length - 40]) {
      const start = random.whole(0, 32);
      const whole = naiveCrc32c(bytes, start, start + length);
      expect(crc32c(bytes, start, start + length)).toBe(whole);
      const middle = start + random.whole(0, length);
      expect(crc32c(bytes, middle, start + length, crc32c(bytes, start, middle))).toBe(whole);
    }
  });
});
