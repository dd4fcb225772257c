/**
 * The fields of Kafka's flexible messages (KIP-482): lengths are varints and say one more than there is, so that 0 is
 * null, and every structure ends with its tagged fields. None of those is ever written, and all are passed over. Knows
 * fields, no messages. Numbers of 64 bits are exact up to 2^53.
 */
import { Buffer } from "node:buffer";

/** Of an id that says there is none. */
const ZERO_ID = Buffer.alloc(16);
const LOW_BITS = 0x7f;
const MORE_BIT = 0x80;

/** Writes small messages, field by field. */
export class FlexibleWriter {
  readonly #bytes: number[] = [];

  finish(): Buffer {
    return Buffer.from(this.#bytes);
  }

  int8(value: number): this {
    this.#bytes.push(value & 0xff);
    return this;
  }

  int32(value: number): this {
    return this.int8(value >> 24)
      .int8(value >> 16)
      .int8(value >> 8)
      .int8(value);
  }

  int64(value: number): this {
    return this.int32(Math.floor(value / 2 ** 32)).int32(value % 2 ** 32);
  }

  /** `id` as Kafka prints it, in base64; undefined: none. */
  uuid(id: string | undefined): this {
    this.#bytes.push(...(id === undefined ? ZERO_ID : Buffer.from(id, "base64url")));
    return this;
  }

  string(text: string): this {
    const bytes = Buffer.from(text);
    this.#length(bytes.length);
    this.#bytes.push(...bytes);
    return this;
  }

  array<T>(items: readonly T[] | null, write: (item: T) => void): this {
    this.#length(items?.length ?? -1);
    for (const item of items ?? []) write(item);
    return this;
  }

  /** The end of a structure, which has no tagged fields. */
  end(): this {
    return this.int8(0);
  }

  #length(length: number): void {
    let rest = length + 1;
    for (; rest > LOW_BITS; rest >>>= 7) this.int8((rest & LOW_BITS) | MORE_BIT);
    this.int8(rest);
  }
}

/** Reads a message, field by field; a message that ends too early is a RangeError. */
export class FlexibleReader {
  readonly #message: Buffer;
  #at = 0;

  constructor(message: Buffer) {
    this.#message = message;
  }

  int8(): number {
    return this.#message.readInt8(this.#pass(1));
  }

  int16(): number {
    return this.#message.readInt16BE(this.#pass(2));
  }

  int32(): number {
    return this.#message.readInt32BE(this.#pass(4));
  }

  int64(): number {
    return this.int32() * 2 ** 32 + this.#message.readUInt32BE(this.#pass(4));
  }

  /** As Kafka prints it, in base64; undefined where there is none. */
  uuid(): string | undefined {
    const at = this.#pass(ZERO_ID.length);
    const bytes = this.#message.subarray(at, this.#at);
    return bytes.equals(ZERO_ID) ? undefined : bytes.toString("base64url");
  }

  string(): string | null {
    return this.bytes()?.toString() ?? null;
  }

  /** A view of the message. */
  bytes(): Buffer | null {
    const length = this.#varint() - 1;
    if (length < 0) return null;
    const at = this.#pass(length);
    return this.#message.subarray(at, this.#at);
  }

  /** Empty where it is null. */
  array<T>(read: () => T): T[] {
    const length = this.#varint() - 1;
    const items: T[] = [];
    for (let index = 0; index < length; index++) items.push(read());
    return items;
  }

  /** The end of a structure: its tagged fields, each a tag, a length and that many bytes. */
  end(): void {
    for (let left = this.#varint(); left > 0; left--) {
      this.#varint();
      this.#pass(this.#varint());
    }
  }

  /** Where the next `length` bytes begin, which are passed. */
  #pass(length: number): number {
    const at = this.#at;
    if (at + length > this.#message.length) throw new RangeError("a Kafka message ends within a field");
    this.#at += length;
    return at;
  }

  #varint(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.#message[this.#pass(1)];
      value |= (byte & LOW_BITS) << shift;
      if (byte < MORE_BIT) return value >>> 0;
    }
  }
}
