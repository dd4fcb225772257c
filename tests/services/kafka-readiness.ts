/**
 * Asks a broker, in Kafka's protocol by hand, whether its coordinators serve: until they do it answers NOT_COORDINATOR
 * or COORDINATOR_LOAD_IN_PROGRESS. The first question also makes the broker create their topics. Leaves behind the
 * transactional ids `0` and following, which wrote nothing, and no group.
 */
import { connect } from "node:net";
import { setTimeout as after } from "node:timers/promises";

/** Nothing tells of a port or a coordinator that has become ready; a client can only ask again. */
const ASK_AGAIN_MS = 50;
const TRANSACTION_TIMEOUT_MS = 30_000;
/** Behind the answer's length and number. */
const ERROR_AT = 12;

const int16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
};
const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};
const text = (value: string): Buffer => Buffer.concat([int16(value.length), Buffer.from(value)]);

/** A request by number and version, of those whose answers have four other bytes before their error code. */
interface Question {
  readonly key: number;
  readonly version: number;
  readonly body: Buffer;
}

/** What has to be answered without error. The ids are digits, so each falls into another partition (of at most 10). */
function questions(partitions: number, isTransactional: boolean): Question[] {
  const all = Array.from({ length: partitions }, (_, partition) => String(partition)).flatMap((id) => [
    // FindCoordinator, for a group and for a transaction.
    { key: 10, version: 1, body: Buffer.concat([text(id), Buffer.of(0)]) },
    { key: 10, version: 1, body: Buffer.concat([text(id), Buffer.of(1)]) },
    // OffsetFetch of all topics (none), and InitProducerId: what a group's and a transaction's first step ask.
    { key: 9, version: 2, body: Buffer.concat([text(id), int32(-1)]) },
    { key: 22, version: 0, body: Buffer.concat([text(id), int32(TRANSACTION_TIMEOUT_MS)]) },
  ]);
  // The second and the last of four.
  return isTransactional ? all : all.filter((_, index) => index % 2 === 0);
}

/** The error code of the answer; undefined where there is none. */
function ask(host: string, port: number, { key, version, body }: Question): Promise<number | undefined> {
  const request = Buffer.concat([int16(key), int16(version), int32(1), text("tidemark-tests"), body]);
  return new Promise((resolve) => {
    let answer: Buffer = Buffer.alloc(0);
    const socket = connect(port, host, () => socket.write(Buffer.concat([int32(request.length), request])));
    socket.on("data", (bytes: Buffer) => {
      answer = Buffer.concat([answer, bytes]);
      if (answer.length < 4 || answer.length < 4 + answer.readInt32BE(0)) return;
      resolve(answer.readInt16BE(ERROR_AT));
      socket.destroy();
    });
    socket.on("error", () => socket.destroy()).on("close", () => resolve(undefined));
  });
}

/** Resolves once the coordinators of all partitions serve; rejects when `signal` aborts. */
export async function untilServing(
  brokers: string,
  partitions: number,
  isTransactional: boolean,
  signal: AbortSignal,
): Promise<void> {
  const [host, port] = brokers.split(":");
  for (const question of questions(partitions, isTransactional)) {
    while ((await ask(host, Number(port), question)) !== 0) await after(ASK_AGAIN_MS, undefined, { signal });
  }
}
