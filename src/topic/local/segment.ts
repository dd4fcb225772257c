/**
 * One segment file of an embedded partition: Kafka record batches one after another, named by the offset of the first
 * (`00000000000000000000.log`, as Kafka names them). Bytes in and out, nothing more: which of them are whole batches
 * is for `partition-end.ts` to say.
 */
import { type FileHandle, open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { diskError } from "../../disk/durable-file.ts";
import { stateError, systemErrorCode } from "../../errors.ts";

/** A segment that would grow beyond this is left, and the next one begun. A larger batch has a segment of its own. */
export const SEGMENT_BYTES_MAX = 256 * 1024 * 1024;

const SEGMENT_NAME = /^(\d{20})\.log$/;

export interface SegmentState {
  readonly bytes: number;
  readonly modifiedMs: number;
}

export class Segment {
  readonly baseOffset: number;
  readonly path: string;
  readonly #handle: FileHandle;

  private constructor(baseOffset: number, path: string, handle: FileHandle) {
    this.baseOffset = baseOffset;
    this.path = path;
    this.#handle = handle;
  }

  /** Opens a segment that is there ("r", "r+") or makes an empty one ("wx+"); undefined where there is none to open. */
  static async open(folder: string, baseOffset: number, flags: "r" | "r+" | "wx+"): Promise<Segment | undefined> {
    const path = segmentPath(folder, baseOffset);
    try {
      return new Segment(baseOffset, path, await open(path, flags));
    } catch (error) {
      if (systemErrorCode(error) === "ENOENT") return undefined;
      throw diskError("open", path, error);
    }
  }

  /** Reads into `buffer[from, end)`; returns the bytes read, fewer only at the end of the file. */
  async read(buffer: Uint8Array, from: number, end: number, position: number): Promise<number> {
    let at = from;
    try {
      while (at < end) {
        const { bytesRead } = await this.#handle.read(buffer, at, end - at, position + at - from);
        if (bytesRead === 0) break;
        at += bytesRead;
      }
    } catch (error) {
      throw diskError("read", this.path, error);
    }
    return at - from;
  }

  /** Writes all of `bytes` at `position`. On an error of the disk a part of them may stand there. */
  async write(bytes: Uint8Array, position: number): Promise<void> {
    let at = 0;
    try {
      while (at < bytes.length) {
        const { bytesWritten } = await this.#handle.write(bytes, at, bytes.length - at, position + at);
        at += bytesWritten;
      }
    } catch (error) {
      throw diskError("write", this.path, error);
    }
  }

  async truncate(bytes: number): Promise<void> {
    try {
      await this.#handle.truncate(bytes);
    } catch (error) {
      throw diskError("cut", this.path, error);
    }
  }

  /** The file's content is durable when this resolves; works on a file opened for reading, too. */
  async sync(): Promise<void> {
    try {
      await this.#handle.datasync();
    } catch (error) {
      throw diskError("fsync", this.path, error);
    }
  }

  /** Exit 4 where the file was removed while it was open. */
  async state(): Promise<SegmentState> {
    const { size, mtimeMs, nlink } = await this.#handle.stat();
    if (nlink === 0) {
      throw stateError(
        `${this.path} was removed while it was in use`,
        "the topic was removed or replaced; start again, after `tidemark setup` if it is gone",
      );
    }
    return { bytes: size, modifiedMs: mtimeMs };
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

export function segmentPath(folder: string, baseOffset: number): string {
  return join(folder, `${String(baseOffset).padStart(20, "0")}.log`);
}

/** Whether a file of that name, in a partition's folder, is a segment of ours. */
export function isSegmentName(name: string): boolean {
  return SEGMENT_NAME.test(name);
}

/** Base offsets of the partition's segments, ascending: never none. Exit 4 where the files are gone. */
export async function listSegments(folder: string): Promise<number[]> {
  let names: string[] = [];
  try {
    names = await readdir(folder);
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") throw diskError("read", folder, error);
  }
  const offsets = names.flatMap((name) => SEGMENT_NAME.exec(name)?.[1] ?? []).map(Number);
  if (offsets.length === 0) {
    throw stateError(
      `${folder} holds no segment file: the topic was removed or damaged`,
      "restore it from a copy, or make the topic anew with `tidemark setup --drop`",
    );
  }
  return offsets.sort((a, b) => a - b);
}

/** What is said of damage in a segment, at a place where it cannot be the torn tail of an interrupted write. */
export function damagedSegment(path: string, position: number, offset: number, fault: string): Error {
  return stateError(
    `${path} is damaged at byte ${position} (offset ${offset}): ${fault}`,
    "restore the file from a copy, or make the topic anew with `tidemark setup --drop` and send the ratings again",
  );
}
