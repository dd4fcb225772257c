/**
 * Turns the lines of rating files into record batches and hands them to the ratings topic: keyed by the movie id, in
 * the order of the lines, each partition's batches one after another with one in flight while the next is filled. A
 * line is sent as it is, valid or not: judging it is `process`'s work.
 */
import { csvColumns, isMovieId, MOVIE_ID_MAX, RatingParser } from "../shard/rating.ts";
import { BatchBuilder } from "../topic/batch-builder.ts";
import type { TopicWriter } from "../topic/contract.ts";
import { partitionOfKey } from "../topic/murmur2.ts";
import type { LineChunk } from "./line-reader.ts";
import { batchMark, type Resume } from "./resume.ts";

const COMMA = 0x2c;
const QUOTE = 0x22;
const ZERO = 0x30;
const NINE = 0x39;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/** What a file's first line is taken for; "doubtful": for a header, though it looks more like a rating. */
export type FirstLine = "header" | "doubtful" | "rating" | "none";

export class Producer {
  /** Lines sent so far. */
  sent = 0;
  /** Lines that were not sent, as the topic holds them already. */
  held = 0;
  /** Lines that are on the topic: fewer than sent, until they are flushed. */
  arrived = 0;
  /** Among them, lines without a valid movie id: they have no key. */
  keyless = 0;

  readonly #writer: TopicWriter;
  readonly #now: () => number;
  readonly #fillers: PartitionFiller[];
  readonly #parser = new RatingParser();
  // The key of the current line: where it is, in the line itself or, unquoted, in bytes of its own.
  #keySource: Uint8Array = new Uint8Array(0);
  #keyStart = -1;
  #keyEnd = -1;

  // Where the current line is.
  #file = "";
  #line = 0;
  readonly #resume: Resume | undefined;

  /** With `resume`, what the topic holds is passed over. */
  constructor(writer: TopicWriter, now: () => number, resume?: Resume) {
    this.#writer = writer;
    this.#now = now;
    this.#resume = resume;
    this.#fillers = Array.from({ length: writer.partitions }, () => new PartitionFiller());
  }

  /**
   * Sends a file's lines. The first is a header, unless it is a valid rating itself; blank lines are not sent, nor is a
   * byte order mark.
   */
  async sendFile(
    file: string,
    chunks: AsyncIterable<LineChunk>,
    signal: AbortSignal,
    onProgress: () => void,
  ): Promise<FirstLine> {
    let firstLine: FirstLine = "none";
    this.#file = file;
    this.#line = 0;
    for await (const chunk of chunks) {
      this.#parser.attach(chunk.bytes);
      while (chunk.nextLine()) {
        this.#line++;
        if (chunk.start === chunk.end) continue;
        if (firstLine === "none") {
          if (this.#line === 1 && skipMark(chunk)) continue;
          firstLine = this.#judgeFirst(chunk);
          if (firstLine !== "rating") continue;
        }
        // Awaited only when a batch is full: awaiting each line would cost more than the line.
        const full = this.#add(chunk);
        if (full !== undefined) await full;
      }
      onProgress();
      if (signal.aborted) break;
    }
    await this.flush();
    return firstLine;
  }

  /** Everything sent so far is durable when this resolves. */
  async flush(): Promise<void> {
    for (const [partition, filler] of this.#fillers.entries()) await this.#append(partition, filler);
    for (const filler of this.#fillers) await filler.inFlight;
    await this.#writer.flush();
  }

  #judgeFirst({ bytes, start, end }: LineChunk): FirstLine {
    if (this.#parser.parse(start, end)) return "rating";
    this.#findKey(bytes, start, end);
    const beginsWithDigit = bytes[start] >= ZERO && bytes[start] <= NINE;
    return beginsWithDigit || this.#keyStart >= 0 ? "doubtful" : "header";
  }

  /** Adds the line; a promise where its batch was full and another is still on its way. */
  #add({ bytes, start, end }: LineChunk): Promise<void> | undefined {
    this.#findKey(bytes, start, end);
    const keyless = this.#keyStart < 0;
    const partition = keyless ? 0 : partitionOfKey(this.#keySource, this.#keyStart, this.#keyEnd, this.#fillers.length);
    if (this.#resume?.holdsLine(partition, this.#file, this.#line, bytes, start, end)) {
      this.held++;
      return undefined;
    }
    const filler = this.#fillers[partition];
    const lineBytes = end - start + (this.#keyEnd - this.#keyStart);
    if (!filler.builder.fits(lineBytes)) {
      const key = this.#keySource.slice(Math.max(0, this.#keyStart), Math.max(0, this.#keyEnd));
      return this.#append(partition, filler).then(() => {
        this.#put(filler, key, keyless ? -1 : 0, key.length, bytes, start, end);
      });
    }
    this.#put(filler, this.#keySource, this.#keyStart, this.#keyEnd, bytes, start, end);
    return undefined;
  }

  #put(
    filler: PartitionFiller,
    keySource: Uint8Array,
    keyStart: number,
    keyEnd: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    if (filler.builder.count === 0) {
      const key = keyStart < 0 ? null : keySource.subarray(keyStart, keyEnd);
      filler.builder.addWithHeaders(key, bytes.subarray(start, end), [batchMark(this.#file, this.#line)]);
    } else {
      filler.builder.add(keySource, keyStart, keyEnd, bytes, start, end);
    }
    this.sent++;
    if (keyStart < 0) this.keyless++;
  }

  /** Sends the partition's batch once the one before has arrived. */
  async #append(partition: number, filler: PartitionFiller): Promise<void> {
    const { count } = filler.builder;
    if (count === 0) return;
    await filler.inFlight;
    const batch = filler.builder.finish(this.#now());
    filler.inFlight = this.#writer.append(partition, batch, count).then(() => {
      this.arrived += count;
    });
    // Its failure is met at the next await; until then it must not count as unhandled.
    filler.inFlight.catch(() => {});
    filler.swap();
  }

  /** Finds the movie id: the second column, a decimal number from 1 to 2^31 - 1 without leading zeros. */
  #findKey(bytes: Uint8Array, start: number, end: number): void {
    this.#keySource = bytes;
    this.#keyStart = -1;
    this.#keyEnd = -1;
    let at = start;
    while (at < end && bytes[at] !== COMMA && bytes[at] !== QUOTE) at++;
    if (at < end && bytes[at] === COMMA) {
      const keyStart = ++at;
      let movieId = 0;
      for (; at < end && at - keyStart < 10; at++) {
        const digit = bytes[at] - ZERO;
        if (digit < 0 || digit > 9 || (digit === 0 && at === keyStart)) break;
        movieId = movieId * 10 + digit;
      }
      const isKey = at > keyStart && (at === end || bytes[at] === COMMA) && movieId <= MOVIE_ID_MAX;
      if (isKey) {
        this.#keyStart = keyStart;
        this.#keyEnd = at;
        return;
      }
      if (at === end || bytes[at] !== QUOTE) return;
    }
    if (at >= end) return;
    const movie = csvColumns(bytes, start, end)?.[1] ?? "";
    if (!isMovieId(movie)) return;
    this.#keySource = new TextEncoder().encode(movie);
    this.#keyStart = 0;
    this.#keyEnd = movie.length;
  }
}

/** Moves the line's start past a UTF-8 byte order mark, if there is one. Returns whether the line is blank without. */
function skipMark(line: LineChunk): boolean {
  if (!BYTE_ORDER_MARK.every((byte, at) => line.bytes[line.start + at] === byte)) return false;
  line.start += BYTE_ORDER_MARK.length;
  return line.start === line.end;
}

/** Two batches of a partition: one is filled while the other is in flight. */
class PartitionFiller {
  builder = new BatchBuilder();
  inFlight: Promise<void> = Promise.resolve();
  #other = new BatchBuilder();

  swap(): void {
    [this.builder, this.#other] = [this.#other, this.builder];
  }
}
