/**
 * The measure for `process`: a loop that reads the same topic, walks its batches and parses every line, and does
 * nothing with them: no CRC, no windows, no epochs. Prints ratings and seconds as JSON. `bun bench/bare-loop.ts HOME`.
 */
import { RatingParser } from "../src/rating.ts";
import { LocalTopicReader } from "../src/topic/local/reader.ts";
import { RecordCursor, readBatchHeader } from "../src/topic/record-batch.ts";

const READ_BYTES = 4 * 1024 * 1024;

const [home, topic = "netflix-ratings"] = process.argv.slice(2);
const reader = await LocalTopicReader.open(home, topic);
const parser = new RatingParser();
const cursor = new RecordCursor();
let ratings = 0;
let sum = 0;
const startMs = performance.now();
const { start, end } = await reader.bounds(0);
let next = reader.read(0, start, READ_BYTES);
for (let offset = start; offset < end; ) {
  const { bytes, nextOffset } = await next;
  next = reader.read(0, nextOffset, READ_BYTES);
  parser.attach(bytes);
  for (let at = 0; at < bytes.length; ) {
    const header = readBatchHeader(bytes, at);
    at += header.bytes;
    cursor.open(bytes, header);
    while (cursor.next()) {
      if (!parser.parse(cursor.valueStart, cursor.valueEnd)) continue;
      ratings++;
      sum += parser.day + parser.movieId + parser.rating;
    }
  }
  offset = nextOffset;
}
const seconds = (performance.now() - startMs) / 1000;
await next;
await reader.close();
console.log(JSON.stringify({ ratings, seconds, sum }));
