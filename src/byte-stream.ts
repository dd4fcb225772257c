/**
 * Numbers and strings to bytes and back, for the checkpoint: varints as in Kafka's and Protobuf's formats, but of up
 * to 53 bits. The reader asserts that it stays within its bytes; that they are the right ones is for a CRC.
 */
import { Buffer } from "node:buffer";
import { assert } from "./errors.ts";

const FIRST_CAPACITY_BYTES = 1024;
/** Pieces grow up to this size, unless a single value needs more. */
const PIECE_BYTES_MAX = 512 * 1024;
const VARINT_BYTES_MAX = 8;
const VARINT_BYTES_OF_INT32 = 5;
/** Its length in bytes is a varint of one byte. */
const SHORT_TEXT_MAX = 127;
/** A character of a string is at most this many bytes. */
export const UTF8_BYTES_MAX = 3;
/** A title may begin with U+FEFF. */
const DECODER = new TextDecoder("utf-8", { ignoreBOM: true });

/** Grows by further pieces, and so never holds what it wrote twice. */
export class ByteWriter {
  /** Pieces left behind, cut to what was written. */
  readonly #left: Uint8Array<ArrayBuffer>[] = [];
  #leftBytes = 0;
  #bytes: Buffer<ArrayBuffer>;
  #at = 0;

  /** `capacityBytes`: about what will be written, if known; it saves growing. */
  constructor(capacityBytes = FIRST_CAPACITY_BYTES) {
    this.#bytes = Buffer.allocUnsafeSlow(capacityBytes);
  }

  get length(): number {
    return this.#leftBytes + this.#at;
  }

  /** What was written, in pieces: views of the writer's own bytes, good until the next write. */
  pieces(): Uint8Array[] {
    return [...this.#left, this.#bytes.subarray(0, this.#at)];
  }

  /** The same in one piece, which is a copy where there is more than one. */
  finish(): Uint8Array {
    return joined(this.pieces());
  }

  /** A whole number from 0 to 2^53 - 1. */
  varint(value: number): void {
    if (this.#at + VARINT_BYTES_MAX > this.#bytes.length) this.#grow(VARINT_BYTES_MAX);
    const bytes = this.#bytes;
    let at = this.#at;
    let rest = value;
    if (value >= 2 ** 31) {
      assert(value <= Number.MAX_SAFE_INTEGER, "a varint takes at most 2^53 - 1");
      for (; rest >= 2 ** 31; rest = Math.floor(rest / 128)) bytes[at++] = (rest & 0x7f) | 0x80;
    } else assert(value >= 0, "a varint takes no negative number");
    for (; rest >= 0x80; rest >>>= 7) bytes[at++] = (rest & 0x7f) | 0x80;
    bytes[at++] = rest;
    this.#at = at;
  }

  /**
   * Values from place `start` up to, not including, `end`, none negative: as by `varint`, and several times as fast,
   * also before it is compiled: most take a byte or two, which are no loop, and the sign of all is looked at once.
   */
  varints(values: Int32Array, start: number, end: number): void {
    let signs = 0;
    for (let place = start; place < end; ) {
      this.#reserve(VARINT_BYTES_OF_INT32);
      const bytes = this.#bytes;
      let at = this.#at;
      const fitting = Math.floor((bytes.length - at) / VARINT_BYTES_OF_INT32);
      for (const stop = Math.min(end, place + fitting); place < stop; place++) {
        let rest = values[place];
        signs |= rest;
        // What does not fit a byte is cut off as it is put there.
        if (rest >= 0x80) {
          bytes[at++] = rest | 0x80;
          rest >>>= 7;
          if (rest >= 0x80) {
            bytes[at++] = rest | 0x80;
            rest >>>= 7;
            for (; rest >= 0x80; rest >>>= 7) bytes[at++] = rest | 0x80;
          }
        }
        bytes[at++] = rest;
      }
      this.#at = at;
    }
    assert(signs >= 0, "a varint takes no negative number");
  }

  /** A whole number of either sign. */
  signed(value: number): void {
    this.varint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  /** Any double, infinities included. */
  double(value: number): void {
    this.#reserve(8);
    new DataView(this.#bytes.buffer).setFloat64(this.#at, value);
    this.#at += 8;
  }

  bytes(value: Uint8Array): void {
    this.varint(value.length);
    this.#reserve(value.length);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
  }

  text(value: string): void {
    // Most are short: written where they will be, as that is where their length in bytes becomes known.
    if (value.length <= SHORT_TEXT_MAX) {
      this.#reserve(1 + value.length * UTF8_BYTES_MAX);
      const length = this.#bytes.write(value, this.#at + 1);
      if (length <= SHORT_TEXT_MAX) {
        this.#bytes[this.#at] = length;
        this.#at += 1 + length;
        return;
      }
    }
    this.bytes(Buffer.from(value));
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes > this.#bytes.length) this.#grow(bytes);
  }

  #grow(bytes: number): void {
    if (this.#at > 0) this.#left.push(this.#bytes.subarray(0, this.#at));
    this.#leftBytes += this.#at;
    this.#bytes = Buffer.allocUnsafeSlow(Math.max(bytes, Math.min(this.#bytes.length * 2, PIECE_BYTES_MAX)));
    this.#at = 0;
  }
}

/** Byte strings joined into one; a single one is returned as it is. */
export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  if (pieces.length === 1) return pieces[0];
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at === this.#bytes.length;
  }

  varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      assert(this.#at < this.#bytes.length && scale <= Number.MAX_SAFE_INTEGER, "a varint ends within its bytes");
      const byte = this.#bytes[this.#at++];
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }

  signed(): number {
    const raw = this.varint();
    return raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2;
  }

  double(): number {
    assert(this.#at + 8 <= this.#bytes.length, "a double lies within its bytes");
    const value = new DataView(this.#bytes.buffer, this.#bytes.byteOffset).getFloat64(this.#at);
    this.#at += 8;
    return value;
  }

  /** A view, not a copy. */
  bytes(): Uint8Array {
    const length = this.varint();
    assert(this.#at + length <= this.#bytes.length, "a byte string lies within its bytes");
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** Everything up to the end, as a view. */
  rest(): Uint8Array {
    const rest = this.#bytes.subarray(this.#at);
    this.#at = this.#bytes.length;
    return rest;
  }

  text(): string {
    return DECODER.decode(this.bytes());
  }
}
