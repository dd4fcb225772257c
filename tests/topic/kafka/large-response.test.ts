/** Large responses in pieces of any size: each comes out whole, whatever stands before and behind it. */
import { expect, test } from "bun:test";
import { Buffer } from "node:buffer";
import Connection from "kafkajs/src/network/connection.js";
import "../../../src/topic/kafka/kafkajs-patch.ts";
import { LargeResponses } from "../../../src/topic/kafka/large-response.ts";
import { Random } from "../../generate/random.ts";

const KIB = 1024;

function framed(response: Buffer): Buffer {
  const size = Buffer.alloc(4);
  size.writeInt32BE(response.length);
  return Buffer.concat([size, response]);
}

/** The responses that come out, each copied at once; small ones are to be left to others. */
function receiveAll(large: LargeResponses, stream: Buffer, random: Random): Buffer[] {
  const received: Buffer[] = [];
  for (let at = 0; at < stream.length; ) {
    let piece = stream.subarray(at, at + random.whole(4, 100 * KIB));
    at += piece.length;
    while (piece.length > 0) {
      if (!large.isReceiving) {
        expect(large.begins(piece)).toBe(true);
        break;
      }
      const whole = large.receive(piece);
      if (whole === undefined) break;
      received.push(Buffer.from(whole.response));
      piece = whole.rest;
      // What is left of a piece may be too little to tell a size: the rest of it belongs to it then.
      if (piece.length > 0 && piece.length < 4) {
        piece = stream.subarray(at - piece.length, at + 4);
        at += 4;
      }
    }
  }
  return received;
}

test("comes out whole, in order", () => {
  const seed = Date.now() % 1_000_000;
  console.log(`seed ${seed}`);
  const random = new Random(seed);
  const responses = Array.from({ length: 12 }, (_, number) =>
    Buffer.alloc(random.whole(256 * KIB, 900 * KIB), number + 1),
  );
  const received = receiveAll(new LargeResponses(), Buffer.concat(responses.map(framed)), random);
  expect(received.map((response) => response.length)).toEqual(responses.map(({ length }) => length));
  for (const [number, response] of received.entries()) expect(response.equals(responses[number])).toBe(true);
});

test("stays good while the next one arrives", () => {
  const large = new LargeResponses();
  const receive = (value: number) => {
    const bytes = framed(Buffer.alloc(300 * KIB, value));
    large.begins(bytes.subarray(0, 1000));
    return large.receive(bytes.subarray(1000))?.response;
  };
  const first = receive(1);
  receive(2);
  expect(first?.every((byte) => byte === 1)).toBe(true);
});

test("a small response, or one that is all there, is left to others", () => {
  const large = new LargeResponses();
  for (const bytes of [framed(Buffer.alloc(100)), framed(Buffer.alloc(300 * KIB)), Buffer.alloc(2)]) {
    expect(large.begins(bytes)).toBe(false);
    expect(large.isReceiving).toBe(false);
  }
});

/** Kafka protocol guide, "API keys". */
const FETCH = 1;
const METADATA = 3;

test("a large answer to another request than a fetch stays good, however many fetches follow", () => {
  const requests = [METADATA, FETCH, FETCH, FETCH, FETCH];
  const payloads: Buffer[] = [];
  const connection = Object.assign(Object.create(Connection.prototype), {
    socket: {},
    authHandlers: null,
    bytesBuffered: 0,
    bytesNeeded: 4,
    chunks: [],
    requestQueue: {
      inflight: new Map(requests.map((apiKey, correlationId) => [correlationId, { entry: { apiKey } }])),
      fulfillRequest: ({ payload }: { payload: Buffer }) => payloads.push(payload),
    },
  });
  for (const correlationId of requests.keys()) {
    const response = Buffer.alloc(300 * KIB, correlationId);
    response.writeInt32BE(correlationId);
    const bytes = framed(response);
    for (const piece of [bytes.subarray(0, 1000), bytes.subarray(1000)]) connection.processData(piece);
  }
  expect(payloads.map(({ length }) => length)).toEqual(requests.map(() => 300 * KIB - 4));
  expect(payloads[0].every((byte) => byte === 0)).toBe(true);
  expect(payloads[4].every((byte) => byte === 4)).toBe(true);
});

test("gives back the memory of pieces that it took all of, and of no others", () => {
  const large = new LargeResponses();
  const bytes = framed(Buffer.alloc(900 * KIB, 7));
  const own = (from: number, to?: number) => Buffer.from(new Uint8Array(bytes.subarray(from, to)).buffer);
  const pieces = [own(0, 300 * KIB), own(300 * KIB, 600 * KIB), bytes.subarray(600 * KIB, 700 * KIB)];
  const last = Buffer.concat([own(700 * KIB), Buffer.from("the next response")]);
  expect(large.begins(pieces[0])).toBe(true);
  for (const piece of pieces.slice(1)) expect(large.receive(piece)).toBeUndefined();
  const { response, rest } = large.receive(last) ?? {};
  expect(response?.equals(Buffer.alloc(900 * KIB, 7))).toBe(true);
  expect(String(rest)).toBe("the next response");
  expect(pieces.map(({ length }) => length)).toEqual([0, 0, 100 * KIB]);
  expect(bytes.length).toBe(4 + 900 * KIB);
});
