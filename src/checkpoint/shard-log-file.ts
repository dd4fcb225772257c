/**
 * The log of one shard in one append-only file: what an epoch changed costs what it changed. When the file has outgrown
 * the state, the next epoch brings the whole state as a new base: temporary file, fsync, rename, fsync of the folder;
 * epochs not yet confirmed go along. A torn tail is cut; damage elsewhere is exit 4.
 */
import { type FileHandle, open, readFile, rename } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { ByteReader, ByteWriter, joined } from "../byte-stream.ts";
import { diskError, syncFolder } from "../disk/durable-file.ts";
import { type Epoch, type EpochIdentity, sameEpoch } from "../epoch.ts";
import { assert, stateError } from "../errors.ts";
import { release } from "../released.ts";
import type { Movies } from "../shard/movies.ts";
import type { OutputEnds } from "../topic/contract.ts";
import type { LogEntry, Replaced, ShardLog, StateTaker } from "./contract.ts";
import { outputBytes, readOutputs, writeOutputs } from "./epoch-codec.ts";
import { bytesOf, frame, unframe } from "./frames.ts";
import {
  type BaseRecord,
  type EpochRecord,
  type HeaderRecord,
  type LogRecord,
  readHeader,
  readRecord,
  writeHeader,
  writeRecord,
} from "./log-records.ts";

/** A log smaller than this is never compacted. */
export const LOG_BYTES_MIN = 16 * 1024 * 1024;
/** A log this many times its base's size is compacted: then each byte is rewritten half a time on average. */
const LOG_GROWTH_MAX = 2;
const NO_STATE: readonly Uint8Array[] = [];

export class ShardLogFile implements ShardLog {
  readonly partition: number;
  last: EpochIdentity;
  confirmed: EpochIdentity;
  ends: OutputEnds;
  readonly replaced: Replaced | undefined;
  bytesWritten = 0;

  readonly #path: string;
  readonly #header: HeaderRecord;
  #file: FileHandle;
  #bytes: number;
  #baseBytes: number;
  /** Epochs after `confirmed`: they go along into a new base. */
  #unconfirmed: EpochRecord[] = [];
  /** Writes one after another: appends and confirmations come from stages that overlap. */
  #writes: Promise<void> = Promise.resolve();
  /** Every epoch at which a side may stand at start. */
  readonly #known: EpochIdentity[];
  /** What was read at start, until `replay`. */
  #records: readonly LogRecord[] | undefined;

  private constructor(path: string, file: FileHandle, header: HeaderRecord, records: LogRecord[], bytes: number) {
    const base = records[0] as BaseRecord;
    this.partition = header.partition;
    this.#path = path;
    this.#file = file;
    this.#header = header;
    this.#records = records;
    this.#bytes = bytes;
    this.#baseBytes = bytesOf(base.state);
    this.replaced = base.replaced;
    this.last = base.last;
    this.confirmed = base.confirmed;
    this.ends = base.ends;
    this.#known = [base.confirmed];
    for (const record of records) {
      this.#note(record);
      if (record.kind === "epoch") this.#known.push(record.identity);
    }
  }

  /**
   * Opens a log; a torn tail is cut off. Damage elsewhere is exit 4. `check` is called with the header before anything
   * else is looked at: in another format that may be of any make.
   */
  static async open(
    path: string,
    check: (header: HeaderRecord) => void,
  ): Promise<{ log: ShardLogFile; cutBytes: number }> {
    const bytes = await readFile(path).catch((error) => {
      throw diskError("read", path, error);
    });
    const { bodies, wholeBytes, damage } = unframe(bytes);
    const [head, ...rest] = bodies;
    const header = head === undefined ? undefined : readHeader(head);
    if (header !== undefined) check(header);
    if (damage !== undefined) throw damaged(path, damage.at, damage.fault);
    if (header === undefined || rest.length === 0) throw damaged(path, 0, "no whole beginning");
    // Records are read into memory of their own: what is kept of them is small.
    const records = rest.map(readRecord);
    const file = await open(path, "r+").catch((error) => {
      throw diskError("write", path, error);
    });
    if (wholeBytes < bytes.length) await file.truncate(wholeBytes);
    const log = new ShardLogFile(path, file, header, records, wholeBytes);
    return { log, cutBytes: bytes.length - wholeBytes };
  }

  /** Makes a log with its base; durable except for its name in the folder. */
  static async create(path: string, header: HeaderRecord, base: BaseRecord): Promise<ShardLogFile> {
    const content = [...frame([writeHeader(header)]), ...frame(writeRecord(base))];
    const file = await writeNew(path, content);
    const log = new ShardLogFile(path, file, header, [base], bytesOf(content));
    log.bytesWritten = bytesOf(content);
    return log;
  }

  get wantsWhole(): boolean {
    return this.#bytes > Math.max(LOG_BYTES_MIN, LOG_GROWTH_MAX * this.#baseBytes);
  }

  holds(epoch: EpochIdentity): boolean {
    return this.#known.some((known) => sameEpoch(known, epoch));
  }

  replay(shard: StateTaker, from: EpochIdentity): Epoch[] {
    assert(this.holds(from), "a replay begins at an epoch of the log");
    const epochs: Epoch[] = [];
    let base: BaseRecord | undefined;
    let previous: EpochIdentity | undefined;
    for (const record of this.#records ?? []) {
      if (record.kind === "base") {
        shard.restore(new ByteReader(joined(record.state)));
        base = record;
        previous = record.confirmed;
      } else if (record.kind === "epoch") {
        assert(base !== undefined && previous !== undefined, "a log begins with its base");
        const { identity, offset } = record;
        assert(identity.number === previous.number + 1, "epochs follow one another");
        if (identity.number > base.last.number) shard.restore(new ByteReader(joined(record.state)));
        if (identity.number > from.number) {
          const outputs = readOutputs(joined(record.outputs), shard.movies);
          epochs.push({ partition: this.partition, identity, previous, offset, ...outputs });
        }
        previous = identity;
      }
    }
    this.#records = undefined;
    return epochs;
  }

  append({ epoch, state, whole }: LogEntry, movies: Movies): Promise<void> {
    const outputs = new ByteWriter(outputBytes(epoch));
    writeOutputs(outputs, epoch, movies);
    const { identity, offset } = epoch;
    return this.#inOrder(async () => {
      assert(identity.number === this.last.number + 1, "epochs are appended in order");
      const record: EpochRecord = { kind: "epoch", identity, offset, state, outputs: outputs.pieces() };
      this.last = identity;
      if (!whole) await this.#write(record, true);
      // From here on only the outputs are asked for: by a new base, for a side that lacks them.
      this.#unconfirmed.push({ ...record, state: NO_STATE });
      if (whole) await this.#rewrite(state);
    });
  }

  confirm(epoch: EpochIdentity, ends: OutputEnds): Promise<void> {
    return this.#inOrder(async () => {
      const record: LogRecord = { kind: "confirm", number: epoch.number, ends };
      this.#note(record);
      await this.#write(record, false);
    });
  }

  async close(): Promise<void> {
    // A failure has already reached whoever wrote.
    await this.#writes.catch(() => {});
    await this.#file.close();
  }

  /** After a failure nothing more is written: behind what it left, a torn tail would be damage. */
  #inOrder(work: () => Promise<void>): Promise<void> {
    this.#writes = this.#writes.then(work);
    // Met by who called, and by every later call.
    this.#writes.catch(() => {});
    return this.#writes;
  }

  #note(record: LogRecord): void {
    if (record.kind === "epoch") {
      this.last = record.identity;
      // A copy, so that each has its own memory, which is given back with it.
      this.#unconfirmed.push({
        ...record,
        state: NO_STATE,
        outputs: record.outputs.map((piece) => new Uint8Array(piece)),
      });
    } else if (record.kind === "confirm") {
      const confirmed = this.#unconfirmed.find(({ identity }) => identity.number === record.number);
      assert(confirmed !== undefined, "a confirmed epoch is in the log");
      this.confirmed = confirmed.identity;
      this.ends = record.ends;
      while (this.#unconfirmed.length > 0 && this.#unconfirmed[0].identity.number <= record.number) {
        release(...(this.#unconfirmed.shift() as EpochRecord).outputs);
      }
    }
  }

  async #write(record: LogRecord, durable: boolean): Promise<void> {
    const framed = frame(writeRecord(record));
    try {
      const at = this.#bytes;
      this.#bytes += bytesOf(framed);
      this.bytesWritten += bytesOf(framed);
      await writeAll(this.#file, framed, at);
      if (durable) await this.#file.datasync();
    } catch (error) {
      throw diskError("write", this.#path, error);
    }
  }

  async #rewrite(state: readonly Uint8Array[]): Promise<void> {
    const { last, confirmed, ends, replaced } = this;
    const base: BaseRecord = { kind: "base", last, confirmed, ends, replaced, state };
    const content = [
      ...frame([writeHeader(this.#header)]),
      ...frame(writeRecord(base)),
      ...this.#unconfirmed.flatMap((record) => frame(writeRecord(record))),
    ];
    const temporary = `${this.#path}.new`;
    const file = await writeNew(temporary, content);
    try {
      await rename(temporary, this.#path);
      await syncFolder(dirname(this.#path));
      await this.#file.close();
    } catch (error) {
      await file.close();
      throw diskError("replace", this.#path, error);
    }
    this.#file = file;
    this.#bytes = bytesOf(content);
    this.#baseBytes = bytesOf(state);
    this.bytesWritten += bytesOf(content);
  }
}

/** A file with this content, fsynced, open for more. */
async function writeNew(path: string, content: readonly Uint8Array[]): Promise<FileHandle> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, "w+");
    await writeAll(file, content, 0);
    await file.sync();
    return file;
  } catch (error) {
    // Left open, it would be collected some day, and that be taken for a bug.
    await file?.close();
    throw diskError("write", path, error);
  }
}

async function writeAll(file: FileHandle, parts: readonly Uint8Array[], position: number): Promise<void> {
  let at = position;
  for (const part of parts) {
    for (let written = 0; written < part.length; ) {
      const { bytesWritten } = await file.write(part, written, part.length - written, at);
      written += bytesWritten;
      at += bytesWritten;
    }
  }
}

function damaged(path: string, at: number, fault: string): Error {
  return stateError(
    `the checkpoint file ${path} is damaged at byte ${at}: ${fault}`,
    `put ${basename(path)} back from a copy, or start \`tidemark process --rebuild\`, which reads the topic again`,
  );
}
