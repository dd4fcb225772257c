/**
 * `consume-kafka`: prints the anomaly lines, each unchanged, and goes on where it left off: a line counts as read only
 * after it was written to stdout. Follows the topic until it is stopped; with `--once` to the topic's end.
 */
import { joined } from "../byte-stream.ts";
import type { CommandContext } from "../command.ts";
import { Home } from "../disk/home.ts";
import { stateError, systemErrorCode } from "../errors.ts";
import { holderText } from "../holder.ts";
import { SliceWalk } from "../shard/slice-walk.ts";
import { DamagedBatch, RemadeTopic, type Slice, type TopicReader } from "../topic/contract.ts";
import { topicsOf } from "../topic/topics.ts";

/** Read and printed at once. */
const READ_BYTES = 256 * 1024;
/** While there is more to print, the offset is committed at most once in this time: each commit costs an fsync. */
const COMMIT_INTERVAL_MS = 200;
const LINE_END = new Uint8Array([0x0a]);
const NO_VALUE = new Uint8Array(0);
const REPLACED_HINT =
  "the topic was replaced or cut: put it back from a copy, or print the one that is there with --from-beginning";
const DAMAGED_HINT = "put the topic back from a copy; what came before this offset was printed";

/** What of a slice is printed, and where reading goes on. */
interface Printable {
  readonly lines: Uint8Array;
  readonly nextOffset: number;
}

/** The consumer group of `consume-kafka`, beside `process`'s own. */
export function anomaliesGroup(group: string): string {
  return `${group}-anomalies`;
}

export async function consumeKafka(context: CommandContext): Promise<void> {
  const { settings, stdout, signal, now } = context;
  await Home.read(settings.home); // Refuses a home of a newer Tidemark.
  const group = anomaliesGroup(settings.group);
  const topics = topicsOf(settings, holderText("consume-kafka", now()), context);
  const reader = await topics.reader(settings.anomalyTopic);
  const offsets = topics.groupOffsets();
  try {
    const { start, end } = await reader.bounds(0);
    const committed = settings.fromBeginning ? undefined : await offsets.read(group, reader.topic);
    if (committed !== undefined && (committed < start || committed > end))
      throw replaced(group, committed, reader.topic, end);

    topics.beginWork();
    let offset = committed ?? start;
    let committedOffset = committed;
    let committedMs = now();
    const commit = async () => {
      if (offset !== committedOffset) {
        // A loss of power must not take back what the group has passed.
        await reader.sync();
        await offsets.commit(group, reader.topic, offset);
      }
      committedOffset = offset;
      committedMs = now();
    };
    const goal = settings.once ? end : Number.POSITIVE_INFINITY;
    try {
      while (!signal.aborted && offset < goal) {
        const slice = await reader.read(0, offset, READ_BYTES);
        if (slice.nextOffset === offset) {
          await commit();
          await reader.waitForMore(0, offset, signal);
          continue;
        }
        const { lines, nextOffset } = linesOf(slice, offset, goal, reader);
        await stdout.write(lines);
        offset = Math.min(nextOffset, goal);
        if (now() - committedMs >= COMMIT_INTERVAL_MS) await commit();
      }
    } catch (error) {
      if (!(error instanceof RemadeTopic)) throw error;
      // Our place in the old topic means nothing in the new one, which a commit on its way may have reached.
      offset = 0;
      throw stateError(error.message, REPLACED_HINT, error);
    } finally {
      await commit();
    }
  } catch (error) {
    // Whoever read our lines (`| head`) has seen enough.
    if (systemErrorCode(error) !== "EPIPE") throw error;
  } finally {
    await offsets.close();
    await reader.close();
  }
}

/**
 * The values of the slice's records from `offset` up to `goal`, a line each, byte for byte: not all are text. At
 * damage, those before it; reading on after them meets it again.
 */
function linesOf(slice: Slice, offset: number, goal: number, reader: TopicReader): Printable {
  const walk = new SliceWalk(`topic ${reader.topic}`);
  walk.load(slice.bytes, goal);
  const pieces: Uint8Array[] = [];
  let nextOffset = offset;
  try {
    while (walk.next(offset)) {
      pieces.push(walk.value() ?? NO_VALUE, LINE_END);
      nextOffset = walk.cursor.offset + 1;
    }
  } catch (error) {
    if (!(error instanceof DamagedBatch)) throw error;
    // Its own hint names a flag of `process`.
    if (pieces.length === 0) throw stateError(error.message, DAMAGED_HINT, error);
    return { lines: joined(pieces), nextOffset };
  }
  return { lines: joined(pieces), nextOffset: slice.nextOffset };
}

function replaced(group: string, committed: number, topic: string, end: number): Error {
  return stateError(
    `group ${group} has read topic ${topic} up to offset ${committed}, which it does not hold: it ends at ${end}`,
    REPLACED_HINT,
  );
}
