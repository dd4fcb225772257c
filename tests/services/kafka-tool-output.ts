/**
 * What Kafka's tools print, read back: records of the console consumer, told to separate by characters that no test
 * writes, and how far it is; offsets of a group and of a topic. Keys and values are taken as UTF-8.
 */

const FIELD = "\u0001";
const RECORD = "\u0002";
const HEADER = "\u0003";
const NULL = "\u0004";

/** As the console consumer shows it. Null is a key or value that is not there; of a header too. */
export interface ConsoleRecord {
  readonly partition: number;
  readonly offset: number;
  readonly timestampMs: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly (readonly [name: string, value: string | null])[];
}

export interface GroupOffset {
  readonly topic: string;
  readonly partition: number;
  /** Undefined where the group has committed none. */
  readonly offset: number | undefined;
  readonly endOffset: number;
}

/** The console consumer's options for `parseRecords`. */
export function consoleFormat(): string[] {
  const shown = ["timestamp", "partition", "offset", "headers", "key", "value"].map((field) => `print.${field}=true`);
  const separators = ["key", "line", "headers"].map(
    (what, index) => `${what}.separator=${[FIELD, RECORD, HEADER][index]}`,
  );
  return [...shown, ...separators, `null.literal=${NULL}`].flatMap((property) => ["--property", property]);
}

export function parseRecords(output: string): ConsoleRecord[] {
  const orNull = (text: string) => (text === NULL ? null : text);
  const records = output.split(RECORD).slice(0, -1);
  return records.map((record) => {
    const [timestamp, partition, offset, headers, key, value] = record.split(FIELD);
    return {
      partition: Number(partition.replace("Partition:", "")),
      offset: Number(offset.replace("Offset:", "")),
      timestampMs: Number(timestamp.replace(/^\w+:/, "")),
      key: orNull(key),
      value: orNull(value),
      headers: headers === "NO_HEADERS" ? [] : headers.split(HEADER).map(parseHeader),
    };
  });

  function parseHeader(header: string): [string, string | null] {
    const colon = header.indexOf(":");
    return [header.slice(0, colon), orNull(header.slice(colon + 1))];
  }
}

/** How far the console consumer is in each partition, and how far it could be, by its own log. */
export class Progress {
  readonly #partitions: number;
  readonly #endPattern: RegExp;
  readonly #positions = new Map<string, number>();
  readonly #ends = new Map<string, number>();

  constructor(partitions: number, isolation: "read_committed" | "read_uncommitted") {
    this.#partitions = partitions;
    const end = isolation === "read_committed" ? "last stable offset" : "high watermark";
    this.#endPattern = new RegExp(`Updating ${end} for partition (\\S+) to (\\d+)`);
  }

  note(line: string): void {
    const reset = /Resetting offset for partition (\S+) to position FetchPosition\{offset=(\d+)/.exec(line);
    if (reset !== null) this.#positions.set(reset[1], Number(reset[2]));
    const moved = /Updating fetch position from .* to FetchPosition\{offset=(\d+).* for partition (\S+) /.exec(line);
    if (moved !== null) this.#positions.set(moved[2], Number(moved[1]));
    const end = this.#endPattern.exec(line);
    if (end !== null) this.#ends.set(end[1], Number(end[2]));
  }

  get isComplete(): boolean {
    if (this.#ends.size < this.#partitions) return false;
    return [...this.#ends].every(([partition, end]) => (this.#positions.get(partition) ?? -1) >= end);
  }
}

/** The lines of `kafka-get-offsets`, by partition. */
export function parseOffsets(output: string): number[] {
  const rows = output.trim().split("\n");
  const offsets: number[] = [];
  for (const row of rows) {
    const [, partition, offset] = row.split(":");
    offsets[Number(partition)] = Number(offset);
  }
  return offsets;
}

/** The table of `kafka-consumer-groups --describe --offsets`; topics have no spaces. */
export function parseGroup(output: string): GroupOffset[] {
  const rows = output.split("\n").map((line) => line.trim().split(/\s+/));
  const header = rows.findIndex(([first]) => first === "GROUP");
  const column = (row: string[], name: string) => row[rows[header].indexOf(name)];
  return rows
    .slice(header + 1)
    .filter((row) => header >= 0 && row.length > 1)
    .map((row) => ({
      topic: column(row, "TOPIC"),
      partition: Number(column(row, "PARTITION")),
      offset: column(row, "CURRENT-OFFSET") === "-" ? undefined : Number(column(row, "CURRENT-OFFSET")),
      endOffset: Number(column(row, "LOG-END-OFFSET")),
    }));
}
