/**
 * `produce`: sends the rating files of a folder to the ratings topic, one after another with a pause between. Every
 * line that it says it sent is durable.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { CommandContext } from "../command.ts";
import { FileLock } from "../disk/file-lock.ts";
import { Home, openHome, resumeLockPath } from "../disk/home.ts";
import { holderText } from "../holder.ts";
import { readLines } from "../produce/line-reader.ts";
import { type FirstLine, Producer } from "../produce/producer.ts";
import { listRatingFiles, type RatingFile } from "../produce/rating-files.ts";
import { findResumePoints, Resume } from "../produce/resume.ts";
import type { Settings } from "../settings/settings.ts";
import { visible } from "../terminal/visible-text.ts";
import { type Topics, topicsOf } from "../topic/topics.ts";

export async function produce(context: CommandContext): Promise<void> {
  const { settings, now } = context;
  await Home.read(settings.home); // Refuses a home of a newer Tidemark.
  const files = await listRatingFiles(settings.ratings);
  const holder = holderText("produce", now());
  // Before looking where to go on: two that looked at once would both send the rest.
  const lock = settings.resume ? await lockResume(settings, holder) : undefined;
  try {
    await send(context, files, topicsOf(settings, holder, context));
  } finally {
    lock?.release();
  }
}

async function send(context: CommandContext, files: readonly RatingFile[], topics: Topics): Promise<void> {
  const { settings, log, now } = context;
  const writer = await topics.writer(settings.topic);
  const resume = settings.resume ? await readResume(topics, settings.topic) : undefined;
  topics.beginWork();
  if (resume !== undefined) log.info(`resuming: ${visible(resume.describe())}`);
  for (const { bytes, partition } of writer.cut) {
    log.warn(`cut ${bytes} bytes that a crash left at the end of partition ${partition}: they were never confirmed`);
  }
  const producer = new Producer(writer, now, resume);
  let isStopped = false;
  try {
    // Closed before anything is said, so that nothing is on its way then.
    const unsent = files.filter(({ name }) => !resume?.holdsFile(name));
    isStopped = await sendFiles(context, unsent, producer).finally(() => writer.close());
  } catch (error) {
    if (producer.arrived > 0)
      log.warn(`${producer.arrived} lines are on the topic: go on with --resume, as sent again they would count twice`);
    throw error;
  }
  if (isStopped) context.signal.throwIfAborted();
}

/** Returns whether the signal came before the end of the last file. */
async function sendFiles(
  { settings, log, progress, signal }: CommandContext,
  files: readonly RatingFile[],
  producer: Producer,
): Promise<boolean> {
  const display = progress("ratings");
  for (const [index, file] of files.entries()) {
    if (index > 0) await pause(settings.sleepSeconds, signal);
    if (signal.aborted) break;
    const detail = () => `file ${index + 1} of ${files.length}`;
    const before = producer.sent + producer.held;
    const firstLine = await producer.sendFile(file.name, readLines(file.path), signal, () =>
      display.update(producer.sent, detail),
    );
    // Where it was stopped, nobody knows the rest.
    const hasMore = signal.aborted || producer.sent + producer.held > before;
    warnOf(file, firstLine, hasMore, log.warn);
  }
  display.end();
  if (producer.keyless > 0) {
    log.warn(`${producer.keyless} lines have no valid movie id: sent without a key; process will reject them`);
  }
  if (producer.held > 0) log.info(`${producer.held} lines more were passed over, as the topic holds them`);
  if (signal.aborted) log.warn(`stopped early: ${producer.sent} lines were sent, and all of them are durable`);
  return signal.aborted;
}

/** Keeps out another one that resumes from the same home; on another machine, nothing does. */
async function lockResume({ brokers, home, topic }: Settings, holder: string): Promise<FileLock | undefined> {
  if (brokers === undefined) return undefined;
  await openHome(home);
  return FileLock.acquire(resumeLockPath(home), `sending topic ${topic} with --resume from the home ${home}`, holder);
}

async function readResume(topics: Topics, topic: string): Promise<Resume> {
  const reader = await topics.reader(topic);
  try {
    return new Resume(await findResumePoints(reader));
  } finally {
    await reader.close();
  }
}

/** `hasMore`: the file has lines beside the first one. */
function warnOf(file: RatingFile, firstLine: FirstLine, hasMore: boolean, warn: (text: string) => void): void {
  const name = visible(file.name);
  if (firstLine === "none") warn(`${name} is empty: nothing of it was sent`);
  else if (firstLine === "rating") warn(`${name} has no header line: its first line is a rating and was sent`);
  else if (!hasMore) {
    warn(`${name} holds one line only, taken for a header: nothing of it was sent (a line ends with LF or CRLF)`);
  } else if (firstLine === "doubtful") {
    warn(`${name}: its first line is no valid rating, so it was taken for a header, and not sent`);
  }
}

async function pause(seconds: number, signal: AbortSignal): Promise<void> {
  // Rejects only when the signal aborts.
  await sleep(seconds * 1000, undefined, { signal }).catch(() => {});
}
