/**
 * The measure for reading Kafka: fetches a topic over a bare socket and counts records by their batches' headers, no
 * more: no CRC, no record is looked at. Prints `{"records":…,"seconds":…}`, connecting left out. `bun
 * bench/bare-fetch.ts HOST:PORT TOPIC RECORDS [PARTITIONS, 1]`. Kafka protocol guide, Fetch version 4; one broker, one
 * connection, all partitions in each request: the broker fills its answer from the first that has more.
 */
import { Buffer } from "node:buffer";
import { connect } from "node:net";

const FETCH_BYTES = 4 * 1024 * 1024;
const FETCH_KEY = 1;
const FETCH_VERSION = 4;
const RECORD_COUNT_AT = 57;
/** Of a partition in a request. */
const PARTITION_BYTES = 4 + 8 + 4;

const [broker = "", topic = "", wanted = "0", partitions = "1"] = process.argv.slice(2);
const [host, port] = broker.split(":");
const socket = connect({ host, port: Number(port) });
await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
socket.setNoDelay(true);

const offsets = Array.from({ length: Number(partitions) }, () => 0n);
let records = 0;
const response = Buffer.alloc(FETCH_BYTES + 1024 * 1024);
let filled = 0;
const startMs = performance.now();
socket.write(request());
for await (const piece of socket as AsyncIterable<Buffer>) {
  filled += piece.copy(response, filled);
  if (filled < 4 || filled < 4 + response.readInt32BE(0)) continue;
  count(response.subarray(0, filled));
  filled = 0;
  if (records >= Number(wanted)) break;
  socket.write(request());
}
const seconds = (performance.now() - startMs) / 1000;
process.stdout.write(`${JSON.stringify({ records, seconds })}\n`);
socket.destroy();

function request(): Buffer {
  const name = Buffer.from(topic);
  const body = Buffer.alloc(
    2 + 2 + 4 + 2 + 4 + 4 + 4 + 4 + 1 + 4 + 2 + name.length + 4 + offsets.length * PARTITION_BYTES,
  );
  let at = body.writeInt16BE(FETCH_KEY, 0);
  at = body.writeInt16BE(FETCH_VERSION, at);
  at = body.writeInt32BE(1, at); // Correlation id.
  at = body.writeInt16BE(-1, at); // No client id.
  at = body.writeInt32BE(-1, at); // No replica.
  at = body.writeInt32BE(500, at); // Wait, in ms.
  at = body.writeInt32BE(1, at); // Least bytes.
  at = body.writeInt32BE(FETCH_BYTES, at);
  at = body.writeInt8(1, at); // Read committed.
  at = body.writeInt32BE(1, at); // One topic.
  at = body.writeInt16BE(name.length, at);
  at += name.copy(body, at);
  at = body.writeInt32BE(offsets.length, at);
  for (const [partition, offset] of offsets.entries()) {
    at = body.writeInt32BE(partition, at);
    at = body.writeBigInt64BE(offset, at);
    at = body.writeInt32BE(FETCH_BYTES, at);
  }
  const size = Buffer.alloc(4);
  size.writeInt32BE(body.length);
  return Buffer.concat([size, body]);
}

/** Size, correlation id, throttle time, topics, the topic's name, partitions: each its head, then its batches. */
function count(bytes: Buffer): void {
  let at = 4 + 4 + 4 + 4;
  at += 2 + bytes.readInt16BE(at) + 4;
  while (at < bytes.length) at = countPartition(bytes, at);
}

/** Returns where the next one begins. */
function countPartition(bytes: Buffer, from: number): number {
  const partition = bytes.readInt32BE(from);
  const errorCode = bytes.readInt16BE(from + 4);
  if (errorCode !== 0) throw new Error(`the broker answered error ${errorCode}`);
  let at = from + 4 + 2 + 8 + 8;
  at += 4 + Math.max(0, bytes.readInt32BE(at)) * 16;
  const end = at + 4 + bytes.readInt32BE(at);
  for (at += 4; at + RECORD_COUNT_AT + 4 <= end; at += 12 + bytes.readInt32BE(at + 8)) {
    if (at + 12 + bytes.readInt32BE(at + 8) > end) break;
    records += bytes.readInt32BE(at + RECORD_COUNT_AT);
    offsets[partition] = bytes.readBigInt64BE(at) + BigInt(bytes.readInt32BE(at + 23)) + 1n;
  }
  return end;
}
