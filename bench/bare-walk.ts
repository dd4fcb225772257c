/**
 * The measure's own work: walks record batches and parses every line, and does nothing with them but a sum that keeps
 * the loop from being left out: no CRC, no windows, no epochs.
 */
import { RatingParser } from "../src/shard/rating.ts";
import { readBatchHeader } from "../src/topic/record-batch.ts";
import { RecordCursor } from "../src/topic/record-cursor.ts";

export class BareWalk {
  ratings = 0;
  sum = 0;
  readonly #parser = new RatingParser();
  readonly #cursor = new RecordCursor();

  /** Whole batches, uncompressed. */
  walk(bytes: Uint8Array): void {
    const parser = this.#parser;
    const cursor = this.#cursor;
    parser.attach(bytes);
    for (let at = 0; at < bytes.length; ) {
      const header = readBatchHeader(bytes, at);
      at += header.bytes;
      cursor.open(bytes, header);
      while (cursor.next()) {
        if (!parser.parse(cursor.valueStart, cursor.valueEnd)) continue;
        this.ratings++;
        this.sum += parser.day + parser.movieId + parser.rating;
      }
    }
  }
}
