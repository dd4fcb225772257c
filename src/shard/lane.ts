/**
 * The lane: the functions of `wasm/lane.ts` over a memory of their own. The caller chooses what lies where in it. Pure.
 */
import { Buffer } from "node:buffer";
import { LANE_WASM } from "./lane-wasm.ts";

/** WebAssembly's memory comes in pages. */
const PAGE_BYTES = 64 * 1024;
/** What `fold` leaves: 209 words of 16 bytes, and less than one more. */
export const REST_BYTES = 209 * 16;
/** What `fold` needs at its scratch. */
export const SCRATCH_BYTES = REST_BYTES + 1025 * 16;

export interface Lane {
  readonly memory: ArrayBuffer;
  /** See `wasm/lane.ts`. */
  readonly fold: (from: number, bytes: number, scratch: number) => number;
  readonly gather: (
    from: number,
    batchEnd: number,
    records: number,
    date: number,
    table: number,
    idsEnd: number,
    givenTo: number,
    slotsEnd: number,
    cells: number,
    touched: number,
    report: number,
  ) => number;
  readonly handOut: (cells: number, slots: number, entries: number, values: number) => number;
}

let compiled: WebAssembly.Module | undefined;

/** A lane with a memory of at least `bytes` bytes, all 0. */
export function makeLane(bytes: number): Lane {
  compiled ??= new WebAssembly.Module(Buffer.from(LANE_WASM, "base64"));
  const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / PAGE_BYTES) });
  const { exports } = new WebAssembly.Instance(compiled, { env: { memory } });
  return {
    memory: memory.buffer as ArrayBuffer,
    fold: exports.fold as Lane["fold"],
    gather: exports.gather as Lane["gather"],
    handOut: exports.handOut as Lane["handOut"],
  };
}
