/** Each codec there and back, what Java's client wrote, and damage: refused, never a crash, never endless. */
import { describe, expect, test } from "bun:test";
import { constants, zstdCompressSync } from "node:zlib";
import { UserError } from "../../../src/errors.ts";
import { BATCH_HEADER_BYTES } from "../../../src/topic/batch-layout.ts";
import {
  COMPRESSION_NAMES,
  compress,
  DECOMPRESSED_BYTES_MAX,
  decompress,
} from "../../../src/topic/kafka/compression.ts";
import { xxh32 } from "../../../src/topic/kafka/xxh32.ts";
import { failure as errorOf } from "../../failure.ts";
import { Random } from "../../generate/random.ts";
import { JAVA_RECORDS, javaBatch, javaRecord } from "./java-batches.ts";

const CODECS = [1, 2, 3, 4] as const;
const SNAPPY = 2;
const LZ4 = 3;
const LONG_MS = 60_000;

/** `lz4 -B4 -BD -BX --content-size` (1.10) of 8000 lines "tidemark". */
const LINKED_BLOCKS = [
  "BCJNGFxAQBkBAAAAAAAREwEAAJ90aWRlbWFyawoJAP//////////////////////////////////////////////////////////////////",
  "////////////////////////////////////////////////////////////////////////////////////////////////////////////",
  "////////////////////////////////////////////////////////////////////////////////////////////////////////////",
  "///////////////////////////////////////////////////////////fUGRlbWFy7VkKtyMAAAAP+f//////////////////////////",
  "////////QVBtYXJrCrT4CEgAAAAAPlk9UA==",
];

const bytesOf = (text: string) => new TextEncoder().encode(text);
const equal = (one: Uint8Array, other: Uint8Array) => Buffer.compare(one, other) === 0;

/** Bytes with runs, repeats near and far, and noise: what match finders trip over. */
function mixture(random: Random, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; ) {
    const part = Math.min(length - at, random.pick([1, 3, 4, 5, 11, 12, 13, 270, 5000, 70_000]));
    const kind = random.whole(0, 3);
    if (kind === 0) bytes.set(random.bytes(part), at);
    else if (kind === 1) bytes.fill(random.whole(0, 255), at, at + part);
    else {
      const back = random.whole(1, kind === 2 ? 20 : 66_000);
      for (let index = at; index < at + part; index++) bytes[index] = index < back ? 7 : bytes[index - back];
    }
    at += part;
  }
  return bytes;
}

describe.each(CODECS)("codec %p", (codec) => {
  test(
    "gives back what it was given",
    () => {
      const seed = Date.now() % 1_000_000;
      console.log(`seed ${seed}`);
      const random = new Random(seed);
      const lengths = [...Array(40).keys(), 32_768, 65_535, 65_536, 65_537, 65_548, 131_072, 1_000_003];
      for (const length of lengths) {
        for (const bytes of [random.bytes(length), new Uint8Array(length), mixture(random, length)]) {
          const packed = compress(codec, bytes);
          if (!equal(decompress(codec, packed), bytes)) throw new Error(`seed ${seed}, length ${length}: not the same`);
        }
      }
      for (let round = 0; round < 200; round++) {
        const bytes = mixture(random, random.whole(1, 300_000));
        if (!equal(decompress(codec, compress(codec, bytes)), bytes)) throw new Error(`seed ${seed}: not the same`);
      }
    },
    LONG_MS,
  );

  test("makes less of lines, the same each time", () => {
    const lines = bytesOf(Array.from({ length: 5000 }, (_, line) => `2002-09-20,${line % 70},${line},4`).join("\n"));
    const packed = compress(codec, lines);
    expect(packed.length).toBeLessThan(lines.length * 0.6);
    expect(equal(packed, compress(codec, lines))).toBe(true);
  });

  test("reads what Java's client wrote, wherever it lies", () => {
    const batch = javaBatch(COMPRESSION_NAMES[codec] as "gzip");
    const around = Uint8Array.from([1, 2, 3, ...batch, 4, 5, 6]);
    const records = decompress(codec, around.subarray(3 + BATCH_HEADER_BYTES, 3 + batch.length));
    const text = new TextDecoder().decode(records);
    for (let index = 0; index < JAVA_RECORDS; index++) expect(text).toContain(javaRecord(index).value);
  });

  test(
    "refuses damage, and ends",
    () => {
      const seed = Date.now() % 1_000_000;
      console.log(`seed ${seed}`);
      const random = new Random(seed);
      for (let round = 0; round < 1500; round++) {
        const packed = compress(codec, mixture(random, random.whole(20, 2000)));
        const cut = packed.slice(0, random.chance(0.3) ? random.whole(0, packed.length - 1) : packed.length);
        for (let hits = random.whole(1, 4); hits > 0 && cut.length > 0; hits--) {
          cut[random.whole(0, cut.length - 1)] = random.whole(0, 255);
        }
        try {
          decompress(codec, cut, "the batch at offset 5");
        } catch (error) {
          if (!(error instanceof UserError)) throw error;
          expect(error.exitCode).toBe(4);
          expect(error.message).toContain("the batch at offset 5");
        }
      }
      const error = errorOf(() => decompress(codec, bytesOf("this was never compressed"), "it"));
      expect(error.message).toBe(`it cannot be decompressed: its ${COMPRESSION_NAMES[codec]} data is damaged`);
    },
    LONG_MS,
  );

  test(
    "refuses what would be too large",
    () => {
      const packed = compress(codec, new Uint8Array(DECOMPRESSED_BYTES_MAX + 1));
      const error = errorOf(() => decompress(codec, packed, "the batch"));
      expect(error.exitCode).toBe(4);
      expect(error.message).toContain(`holds more than ${DECOMPRESSED_BYTES_MAX} bytes`);
    },
    LONG_MS,
  );
});

test("no codec changes nothing, an unknown one is refused", () => {
  const bytes = bytesOf("as it is");
  expect(decompress(0, bytes)).toBe(bytes);
  expect(compress(0, bytes)).toBe(bytes);
  const error = errorOf(() => decompress(6, bytes, "the batch at offset 9"));
  expect(error.exitCode).toBe(4);
  expect(error.message).toBe("the batch at offset 9 is compressed with the unknown codec 6");
});

test("snappy without Java's framing is one block", () => {
  const framed = compress(SNAPPY, bytesOf("abcdabcdabcdabcdabcdabcd"));
  expect(new TextDecoder().decode(decompress(SNAPPY, framed.subarray(20)))).toBe("abcdabcdabcdabcdabcdabcd");
  expect(errorOf(() => decompress(SNAPPY, Uint8Array.of(255, 255, 255, 255, 7))).exitCode).toBe(4);
});

test("zstd that hides its size is limited too", () => {
  const bomb = zstdCompressSync(new Uint8Array(DECOMPRESSED_BYTES_MAX + 1000), {
    params: { [constants.ZSTD_c_contentSizeFlag]: 0 },
  });
  expect(errorOf(() => decompress(4, bomb)).message).toContain("holds more than");
});

describe("an LZ4 frame", () => {
  const TEXT = bytesOf("tidemark tidemark tidemark tidemark tidemark");

  /** A frame of plain blocks of `size` bytes, with all that the flags ask for. */
  function frame(flags: number, blocks: Uint8Array[]): Uint8Array {
    const word = (value: number) => [value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24];
    const content = Uint8Array.from(blocks.flatMap((block) => [...block]));
    const descriptor = [0x40 | flags, 0x40, ...((flags & 8) === 0 ? [] : [...word(content.length), 0, 0, 0, 0])];
    const sum = (bytes: ArrayLike<number>) => xxh32(Uint8Array.from(bytes), 0, bytes.length);
    return Uint8Array.from([
      ...word(0x184d2204),
      ...descriptor,
      (sum(descriptor) >>> 8) & 255,
      ...blocks.flatMap((block) => [
        ...word((block.length | 0x80000000) >>> 0),
        ...block,
        ...((flags & 0x10) === 0 ? [] : word(sum(block))),
      ]),
      ...word(0),
      ...((flags & 4) === 0 ? [] : word(sum(content))),
    ]);
  }

  test.each([0x20, 0, 0x30, 0x28, 0x24, 0x3c])("with the flags %p is read", (flags) => {
    const bytes = frame(flags, [TEXT.subarray(0, 9), TEXT.subarray(9)]);
    expect(decompress(LZ4, bytes)).toEqual(TEXT);
    const two = Uint8Array.from([...bytes, ...bytes]);
    expect(decompress(LZ4, two)).toEqual(Uint8Array.from([...TEXT, ...TEXT]));
  });

  test.each([
    ["block checksum", 0x30],
    ["content checksum", 0x24],
    ["content size", 0x28],
  ])("with a wrong %s is refused", (_, flags) => {
    const bytes = frame(flags, [TEXT]);
    if ((flags & 8) !== 0) {
      bytes[6]++;
      const descriptor = bytes.subarray(4, 14);
      bytes[14] = (xxh32(descriptor, 0, 10) >>> 8) & 255;
    } else {
      bytes[bytes.indexOf(TEXT[0], 7)] ^= 1;
    }
    expect(errorOf(() => decompress(LZ4, bytes)).exitCode).toBe(4);
  });

  test("written by the lz4 tool, with linked blocks and all checksums", () => {
    const content = decompress(LZ4, new Uint8Array(Buffer.from(LINKED_BLOCKS.join(""), "base64")));
    expect(new TextDecoder().decode(content)).toBe("tidemark\n".repeat(8000));
  });
});

test("xxh32 gives what its authors say", () => {
  const sum = (text: string) => xxh32(bytesOf(text), 0, text.length).toString(16);
  expect([sum(""), sum("a"), sum("abc"), sum("Nobody inspects the spammish repetition")]).toEqual([
    "2cc5d05",
    "550d7456",
    "32d153ff",
    "e2293b2f",
  ]);
});
