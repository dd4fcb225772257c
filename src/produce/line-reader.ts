/**
 * The lines of a file as places in a buffer, without a string or a copy a line: chunks are read ahead while lines are
 * worked on. A line ends with LF or CRLF, the last one also without. Judges nothing but a line's length.
 */
import { open } from "node:fs/promises";
import { diskError } from "../disk/durable-file.ts";
import { serviceError, stateError, systemErrorCode, UserError } from "../errors.ts";

const CHUNK_BYTES = 1024 * 1024;
/** A longer line is not text that we know. */
export const LINE_BYTES_MAX = 8 * 1024 * 1024;

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** Whole lines: walk them with `nextLine`. */
export class LineChunk {
  readonly bytes: Uint8Array;
  /** The line at hand, without its line end. */
  start = 0;
  end = 0;
  #next = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** Moves to the next line; false after the last. */
  nextLine(): boolean {
    const bytes = this.bytes;
    const start = this.#next;
    if (start >= bytes.length) return false;
    let end = start;
    while (end < bytes.length && bytes[end] !== LINE_FEED) end++;
    this.#next = end + 1;
    this.start = start;
    this.end = end > start && bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end;
    return true;
  }
}

/** The file's lines, chunk by chunk. A chunk is good until the next one is asked for. */
export async function* readLines(path: string): AsyncGenerator<LineChunk> {
  const file = await open(path, "r").catch((error) => {
    throw unreadable(path, error);
  });
  try {
    // Each buffer has room in front for the part of a line that the chunk before ended with.
    let [current, ahead] = [new Uint8Array(2 * CHUNK_BYTES), new Uint8Array(2 * CHUNK_BYTES)];
    let rest = 0;
    /** Its failure is met when it is awaited; until then it must not count as unhandled. */
    const read = (into: Uint8Array, at: number) => {
      const bytes = file.read(into, at, CHUNK_BYTES, null);
      bytes.catch(() => {});
      return bytes;
    };
    let reading = read(current, 0);
    for (;;) {
      const { bytesRead } = await reading.catch((error) => {
        throw unreadable(path, error);
      });
      const filled = rest + bytesRead;
      if (bytesRead === 0) {
        if (filled > 0) yield new LineChunk(current.subarray(0, filled));
        return;
      }
      const wholeEnd = current.lastIndexOf(LINE_FEED, filled - 1) + 1;
      const nextRest = filled - wholeEnd;
      if (nextRest > LINE_BYTES_MAX) throw lineTooLong(path);
      if (ahead.length < nextRest + CHUNK_BYTES) ahead = new Uint8Array(2 * nextRest + CHUNK_BYTES);
      ahead.set(current.subarray(wholeEnd, filled));
      reading = read(ahead, nextRest);
      if (wholeEnd > 0) yield new LineChunk(current.subarray(0, wholeEnd));
      [current, ahead] = [ahead, current];
      rest = nextRest;
    }
  } finally {
    await file.close();
  }
}

/** Disks fail in ways that are known; shares on a network in many more. */
function unreadable(path: string, error: unknown): unknown {
  const known = diskError("read", path, error);
  const code = systemErrorCode(error);
  if (known instanceof UserError || code === undefined) return known;
  return serviceError(`cannot read ${path} (${code})`, "look at the disk, or the network share, that it is on", error);
}

function lineTooLong(path: string): Error {
  return stateError(
    `${path} holds a line of more than ${LINE_BYTES_MAX} bytes`,
    "that is no rating file: take it out of the folder; the lines before it were sent",
  );
}
