/**
 * The measure for `process`: a loop that reads the same topic, walks its batches and parses every line, and does
 * nothing with them (`bare-walk.ts`). Prints ratings and seconds as JSON. `bun bench/bare-loop.ts HOME [TOPIC]`.
 */
import { LocalTopicReader } from "../src/topic/local/reader.ts";
import { BareWalk } from "./bare-walk.ts";

const READ_BYTES = 4 * 1024 * 1024;

const [home, topic = "netflix-ratings"] = process.argv.slice(2);
const reader = await LocalTopicReader.open(home, topic);
const walk = new BareWalk();
const startMs = performance.now();
const { start, end } = await reader.bounds(0);
let next = reader.read(0, start, READ_BYTES);
for (let offset = start; offset < end; ) {
  const { bytes, nextOffset } = await next;
  next = reader.read(0, nextOffset, READ_BYTES);
  walk.walk(bytes);
  offset = nextOffset;
}
const seconds = (performance.now() - startMs) / 1000;
await next;
await reader.close();
console.log(JSON.stringify({ ratings: walk.ratings, seconds, sum: walk.sum }));
