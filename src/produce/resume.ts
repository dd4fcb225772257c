/**
 * Where `produce --resume` goes on: the first record of every batch that `produce` sends bears, in its headers, the
 * file and line that it came from, so the last batch of a partition tells which of its lines are on the topic. Only
 * reads the topic. A partition that holds nothing of ours has everything to come.
 */
import { stateError } from "../errors.ts";
import { type HeaderBlock, headerBlock } from "../topic/batch-builder.ts";
import type { TopicReader } from "../topic/contract.ts";
import { batchFault, readBatchHeader } from "../topic/record-batch.ts";
import { recordsOf } from "../topic/record-cursor.ts";

const FILE_HEADER = "tidemark-file";
const LINE_HEADER = "tidemark-line";
const READ_BYTES = 64 * 1024;
/** At most this many batches of other producers may follow our last one. */
const FOREIGN_BATCHES_MAX = 10_000;

/** The last of our batches in a partition. */
export interface ResumePoint {
  readonly file: string;
  /** Number of its first line in the file, from 1 on; all its lines are of that file and partition. */
  readonly line: number;
  readonly lineCount: number;
  /** What that line says. */
  readonly firstLine: Uint8Array;
}

/** The mark of a batch whose first line is this one. */
export function batchMark(file: string, line: number): HeaderBlock {
  const encoder = new TextEncoder();
  return headerBlock([
    [FILE_HEADER, encoder.encode(file)],
    [LINE_HEADER, encoder.encode(String(line))],
  ]);
}

/** The last marked batch of each partition. Exit 4 where too many batches of others follow it. */
export async function findResumePoints(reader: TopicReader): Promise<(ResumePoint | undefined)[]> {
  const points: (ResumePoint | undefined)[] = [];
  for (let partition = 0; partition < reader.partitions; partition++) points.push(await lastMark(reader, partition));
  return points;
}

async function lastMark(reader: TopicReader, partition: number): Promise<ResumePoint | undefined> {
  const { start, end } = await reader.bounds(partition);
  let offset = end - 1;
  for (let tries = 0; offset >= start; tries++) {
    if (tries === FOREIGN_BATCHES_MAX) {
      throw stateError(
        `the last ${FOREIGN_BATCHES_MAX} batches in partition ${partition} of topic ${reader.topic} are not of produce`,
        "another program writes the topic: send without --resume what it does not hold yet",
      );
    }
    const { bytes } = await reader.read(partition, offset, READ_BYTES);
    if (bytes.length === 0) {
      offset--; // A control record, say.
      continue;
    }
    const header = readBatchHeader(bytes, 0);
    const fault = batchFault(bytes, header);
    if (fault !== undefined) {
      throw stateError(
        `partition ${partition} of topic ${reader.topic} is damaged at offset ${header.baseOffset}: ${fault}`,
        "put the topic back from a copy",
      );
    }
    const { value: first } = recordsOf(bytes, header).next();
    const text = (name: string) => new TextDecoder().decode(first?.headers.get(name) ?? undefined);
    const line = Number(text(LINE_HEADER));
    if (line > 0) {
      return {
        file: text(FILE_HEADER),
        line,
        lineCount: header.recordCount,
        firstLine: Uint8Array.from(first?.value ?? []),
      };
    }
    offset = Math.min(offset, header.baseOffset) - 1;
  }
  return undefined;
}

/** Tells, line by line in the order of produce, which lines the topic holds. */
export class Resume {
  readonly #points: readonly (ResumePoint | undefined)[];
  /** Lines of each partition's last batch that are still to come by. */
  readonly #left: number[];

  constructor(points: readonly (ResumePoint | undefined)[]) {
    this.#points = points;
    this.#left = points.map((point) => point?.lineCount ?? 0);
  }

  /** Whether every line of the file is on the topic. */
  holdsFile(file: string): boolean {
    return this.#points.every((point) => point !== undefined && before(file, point.file));
  }

  /** Whether the line, which goes to that partition, is on the topic. Exit 4 where the file is not the one sent. */
  holdsLine(partition: number, file: string, line: number, bytes: Uint8Array, start: number, end: number): boolean {
    const point = this.#points[partition];
    if (point === undefined || before(point.file, file)) return false;
    if (before(file, point.file) || line < point.line) return true;
    if (line === point.line && Buffer.compare(point.firstLine, bytes.subarray(start, end)) !== 0) {
      throw stateError(
        `line ${line} of ${file} is not the one that the topic holds: the file has changed since it was sent`,
        "put the file back as it was, or send without --resume what the topic does not hold yet",
      );
    }
    if (this.#left[partition] === 0) return false;
    this.#left[partition]--;
    return true;
  }

  /** For the log: `after a.csv line 12`. */
  describe(): string {
    const [last] = this.#points
      .filter((point) => point !== undefined)
      .sort((a, b) => (a.file === b.file ? b.line - a.line : before(a.file, b.file) ? 1 : -1));
    return last === undefined
      ? "the topic holds nothing of produce yet: sending everything"
      : `going on behind ${last.file}, about line ${last.line + last.lineCount}`;
  }
}

/** In the order in which files are sent: by the bytes of their names. */
function before(file: string, other: string): boolean {
  return Buffer.compare(Buffer.from(file), Buffer.from(other)) < 0;
}
