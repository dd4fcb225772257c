/**
 * Takes in one large response of a broker as its pieces arrive, into one of a few buffers that are used again and
 * again: joining pieces into fresh memory for each fetch costs more than parsing what is in it. A response is good
 * until the `BUFFERS`th large one after it begins to arrive on its connection.
 */
import { Buffer } from "node:buffer";
import { release } from "../../released.ts";

/** Smaller responses are left to KafkaJS. */
const LARGE_BYTES = 256 * 1024;
/** One is worked on, one is arriving. */
const BUFFERS = 2;
/** The size of a response stands before it, in this many bytes. */
const SIZE_BYTES = 4;

export class LargeResponses {
  readonly #buffers: Buffer[] = [];
  #turn = 0;
  #under: Buffer | undefined;
  #filled = 0;

  /** Whether a response is under way here. */
  get isReceiving(): boolean {
    return this.#under !== undefined;
  }

  /** Whether `piece`, the first of a response, begins a large one that is not all there; then it is taken in. */
  begins(piece: Buffer): boolean {
    if (piece.length < SIZE_BYTES) return false;
    const bytes = piece.readInt32BE(0);
    if (bytes < LARGE_BYTES || piece.length >= SIZE_BYTES + bytes) return false;
    this.#under = this.#nextBuffer(bytes);
    this.#filled = piece.copy(this.#under, 0, SIZE_BYTES);
    giveBack(piece);
    return true;
  }

  /** Takes in the next piece; the whole response, without its size, when it is all there, and what lies behind it. */
  receive(piece: Buffer): { response: Buffer; rest: Buffer } | undefined {
    const response = this.#under as Buffer;
    const taken = piece.copy(response, this.#filled);
    this.#filled += taken;
    const rest = piece.subarray(taken);
    if (rest.length === 0) giveBack(piece);
    if (this.#filled < response.length) return undefined;
    this.#under = undefined;
    return { response, rest };
  }

  #nextBuffer(bytes: number): Buffer {
    this.#turn = (this.#turn + 1) % BUFFERS;
    const known = this.#buffers[this.#turn];
    if (known !== undefined && known.length >= bytes) return known.subarray(0, bytes);
    // A little more than asked for, as responses of one reader are of about one size.
    const buffer = Buffer.allocUnsafeSlow(bytes + (bytes >> 3));
    this.#buffers[this.#turn] = buffer;
    return buffer.subarray(0, bytes);
  }
}

/** A piece, of which all was taken, is up to 512 KiB of fresh memory. */
function giveBack(piece: Buffer): void {
  if (piece.length === piece.buffer.byteLength) release(piece);
}
