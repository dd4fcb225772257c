/**
 * How far an embedded partition is known to be durable: `<partition>/confirmed`, one line that the writer sets after
 * each fsync of a segment. Damage before this place is damage; after it, it is what a crash left of a write. The file
 * is a lower bound: old, missing or torn, it never says too much, so it needs no fsync of its own.
 */
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { diskError, readTextIfThere } from "../../disk/durable-file.ts";
import { crc32c } from "../crc32c.ts";

/** A place between two batches of a partition. */
export interface LogPlace {
  /** Base offset of the segment. */
  readonly segment: number;
  /** Bytes of that segment before the place. */
  readonly position: number;
  /** Offset of the next record. */
  readonly offset: number;
}

export const CONFIRMED_NAME = "confirmed";

const LINE = /^((\d{20}) (\d{20}) (\d{20})) ([0-9a-f]{8})\n$/;

/** What the file says, or undefined where it says nothing that can be relied on. */
export async function readConfirmedEnd(folder: string): Promise<LogPlace | undefined> {
  const line = LINE.exec((await readTextIfThere(join(folder, CONFIRMED_NAME))) ?? "");
  if (line === null || line[5] !== checksum(line[1])) return undefined;
  return { segment: Number(line[2]), position: Number(line[3]), offset: Number(line[4]) };
}

/** The writing side: the file stays open, and its one line always has the same length. */
export class ConfirmedEndFile {
  readonly #path: string;
  readonly #handle: FileHandle;

  private constructor(path: string, handle: FileHandle) {
    this.#path = path;
    this.#handle = handle;
  }

  static async open(folder: string): Promise<ConfirmedEndFile> {
    const path = join(folder, CONFIRMED_NAME);
    try {
      return new ConfirmedEndFile(path, await openOrMake(path));
    } catch (error) {
      throw diskError("open", path, error);
    }
  }

  /** To be called after the fsync that made everything before `place` durable. */
  async write(place: LogPlace): Promise<void> {
    const places = [place.segment, place.position, place.offset]
      .map((number) => String(number).padStart(20, "0"))
      .join(" ");
    const line = new TextEncoder().encode(`${places} ${checksum(places)}\n`);
    try {
      let at = 0;
      while (at < line.length) at += (await this.#handle.write(line, at, line.length - at, at)).bytesWritten;
    } catch (error) {
      throw diskError("write", this.#path, error);
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

async function openOrMake(path: string): Promise<FileHandle> {
  return (await readTextIfThere(path)) === undefined ? open(path, "w+") : open(path, "r+");
}

function checksum(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return crc32c(bytes, 0, bytes.length).toString(16).padStart(8, "0");
}
