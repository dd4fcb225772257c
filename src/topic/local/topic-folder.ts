/**
 * The folder of one embedded topic, `<home>/topics/<topic>/`: where its files lie and what `topic.json` says. The
 * topic exists if and only if that file does. Making and removing the folder is `admin.ts`, what is in the partitions
 * `segment.ts` and `partition-end.ts`.
 */
import { join } from "node:path";
import { readTextIfThere } from "../../disk/durable-file.ts";
import { stateError, usageError } from "../../errors.ts";

/** The newest layout of a topic's folder that is known here. */
export const TOPIC_FORMAT = 1;

/** What Kafka allows, so that a topic's name never leads out of its folder. */
const TOPIC_NAME = /^[a-zA-Z0-9._-]{1,249}$/;

/** An embedded topic that is there. */
export interface TopicFolder {
  readonly topic: string;
  readonly path: string;
  readonly partitions: number;
}

/** The topic as `topic.json` describes it. Exit 2 where there is none, exit 4 where it cannot be understood. */
export async function openTopicFolder(home: string, topic: string): Promise<TopicFolder> {
  const folder = await findTopicFolder(home, topic);
  if (folder !== undefined) return folder;
  throw usageError(
    `there is no topic ${topic} in ${home}`,
    "make it with `tidemark setup`, or check --home and the topic's name",
  );
}

/** As `openTopicFolder`, but undefined where there is none. */
export async function findTopicFolder(home: string, topic: string): Promise<TopicFolder | undefined> {
  const path = topicPath(home, topic);
  const text = await readTextIfThere(topicFilePath(path));
  if (text === undefined) return undefined;
  return { topic, path, partitions: parseTopicFile(topicFilePath(path), text) };
}

/** Where the topics lie in a home. */
export function topicsPath(home: string): string {
  return join(home, "topics");
}

/** The folder of a topic, whether it is there or not. Exit 2 for a name that Kafka would not take either. */
export function topicPath(home: string, topic: string): string {
  if (!TOPIC_NAME.test(topic) || topic === "." || topic === "..") {
    throw usageError(
      `"${topic}" cannot be a topic's name`,
      "use 1 to 249 letters, digits, dots, underscores and hyphens, but not . or .. alone",
    );
  }
  return join(topicsPath(home), topic);
}

export function topicFilePath(path: string): string {
  return join(path, "topic.json");
}

/** One writer at a time holds it: see `FileLock`. */
export function writeLockPath(path: string): string {
  return join(path, "write.lock");
}

export function partitionPath(path: string, partition: number): string {
  return join(path, String(partition));
}

export function formatTopicFile(partitions: number): string {
  return `${JSON.stringify({ format: TOPIC_FORMAT, partitions })}\n`;
}

function parseTopicFile(path: string, text: string): number {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    content = undefined;
  }
  const { format, partitions } = (content ?? {}) as { format?: unknown; partitions?: unknown };
  if (typeof format === "number" && format > TOPIC_FORMAT) {
    throw stateError(
      `${path} has format ${format}: the topic was made by a newer Tidemark`,
      `use that one; this one knows formats up to ${TOPIC_FORMAT}`,
    );
  }
  if (format !== TOPIC_FORMAT || !Number.isSafeInteger(partitions) || (partitions as number) < 1) {
    throw stateError(
      `${path} is damaged: it does not name a format and a number of partitions`,
      "restore it from a copy",
    );
  }
  return partitions as number;
}
