/**
 * What `cleanup` removes of a run, and how: the checkpoint, then the table, then topics and the consumers'
 * places in them, last the manifest that tells what setup made. Files go by the names that Tidemark gives them, folders
 * only when they are empty then: what somebody else put there stays. Killed half-way, it finishes when run again.
 */
import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { checkpointLockPath, holdsCheckpoint, removeCheckpoint } from "./checkpoint/files.ts";
import { diskError } from "./disk/durable-file.ts";
import { lockFiles } from "./disk/file-lock.ts";
import { namesIn, removeIfEmpty } from "./disk/folder.ts";
import { type Home, homeLockPath, MANIFEST_NAME, resumeLockPath, setupLockPath } from "./disk/home.ts";
import { TOTALS_FILE_NAMES } from "./process/totals-file.ts";
import type { TableAdmin } from "./table/contract.ts";
import { visible } from "./terminal/visible-text.ts";
import type { GroupOffsets, TopicAdmin } from "./topic/contract.ts";
import { topicsPath } from "./topic/local/topic-folder.ts";

/** Names shown of what stays in a folder. */
const KEPT_NAMES_MAX = 5;

export interface Removal {
  readonly home: Home;
  readonly checkpoints: string;
  /** The ratings topic and the two output topics. */
  readonly topics: readonly string[];
  /** Where the topics are, for messages. */
  readonly place: string;
  /** What the home's manifest calls a topic that setup made. */
  readonly manifestName: (topic: string) => Promise<string>;
  /** The groups of the run, whose places are forgotten also in a topic that stays. */
  readonly groups: readonly { readonly group: string; readonly topic: string }[];
  readonly table: TableAdmin;
  readonly topicAdmin: TopicAdmin;
  readonly groupOffsets: GroupOffsets;
}

/** What `remove` is going to remove, in words; nothing where there is nothing of ours. */
export async function planRemoval(removal: Removal): Promise<string[]> {
  const { home, checkpoints, topics, table, groupOffsets } = removal;
  const lines: string[] = [];
  if (await holdsCheckpoint(checkpoints)) lines.push(`the checkpoint in ${checkpoints}`);
  lines.push(...(await table.inventory()));
  for (const topic of topics) {
    if (home.made(await removal.manifestName(topic))) {
      lines.push(`topic ${topic} ${removal.place}, with all its records`);
    }
  }
  for (const { group, topic } of removal.groups) {
    if (await groupOffsets.has(topic, group)) lines.push(placeOf(group, topic));
  }
  return lines;
}

/** Removes it, under `process`'s locks; `say` is told what went, and what stays and why. */
export async function remove(removal: Removal, say: (text: string) => void): Promise<void> {
  const { home, checkpoints, topics, table, topicAdmin, groupOffsets } = removal;
  // A topic that is being written is refused before anything is gone.
  for (const topic of topics) if (home.made(await removal.manifestName(topic))) await topicAdmin.checkIdle(topic);

  const { removed, kept } = await table.cleanup(async () => {
    if (await removeCheckpointAndTotals(checkpoints)) say(`removed the checkpoint in ${checkpoints}`);
  });
  for (const what of removed) say(`removed ${what}`);
  for (const what of kept) say(`(kept: ${what})`);
  for (const { group, topic } of removal.groups) {
    if (await groupOffsets.remove(topic, group)) say(`removed ${placeOf(group, topic)}`);
  }
  for (const topic of topics) {
    const name = await removal.manifestName(topic);
    if (home.made(name)) {
      await topicAdmin.remove(topic).catch(refused(topicsPath(home.path)));
      await home.forgetTopic(name);
      say(`removed topic ${topic} ${removal.place}`);
    } else if (await topicAdmin.exists(topic)) {
      say(`(kept: topic ${topic} ${removal.place}, as setup did not make it)`);
    }
  }
}

/** Whether there is anything of ours in the folder, so that a living process could hold its lock. */
export async function holdsOurs(folder: string): Promise<boolean> {
  const ours = [...lockFilesIn(folder), join(folder, MANIFEST_NAME), topicsPath(folder)];
  return (await namesIn(folder)).some((name) => ours.includes(join(folder, name))) || (await holdsCheckpoint(folder));
}

/** The locks' own files, which go while the locks are held. */
export async function removeLockFiles(folder: string): Promise<void> {
  for (const path of lockFilesIn(folder)) await removeFile(path);
}

/** The end, without locks: removes the folders that are empty now, and says what is in the others. */
export async function removeEmptyFolders({ home, checkpoints }: Removal, say: (text: string) => void): Promise<void> {
  // The checkpoints may lie anywhere: in the home or around it. An inner folder's path is longer.
  const folders = new Map([checkpoints, topicsPath(home.path), home.path].map((folder) => [resolve(folder), folder]));
  const innermostFirst = [...folders].sort(([a], [b]) => b.length - a.length);
  for (const [, folder] of innermostFirst) {
    if (await removeIfEmpty(folder)) continue;
    const names = (await namesIn(folder)).sort();
    if (names.length === 0) continue; // A mount point, say.
    const more = names.length > KEPT_NAMES_MAX ? `, and ${names.length - KEPT_NAMES_MAX} more` : "";
    say(`(kept: folder ${folder}, which holds ${visible(names.slice(0, KEPT_NAMES_MAX).join(", "))}${more})`);
  }
}

/** Says whether there was a checkpoint; the totals beside it go with it. */
async function removeCheckpointAndTotals(folder: string): Promise<boolean> {
  if (!(await holdsCheckpoint(folder))) return false;
  // First: without the rest, nothing would tell that it is ours.
  for (const name of await namesIn(folder)) {
    if (TOTALS_FILE_NAMES.test(name)) await removeFile(join(folder, name));
  }
  await removeCheckpoint(folder).catch(refused(folder));
  return true;
}

async function removeFile(path: string): Promise<void> {
  await rm(path, { force: true }).catch(refused(path));
}

/** For `catch`: a file system that refuses is the user's error, at the path that it names, or else at this one. */
function refused(path: string): (error: unknown) => never {
  return (error) => {
    const named = error instanceof Error && "path" in error && typeof error.path === "string" ? error.path : path;
    throw diskError("remove", named, error);
  };
}

/** Of a folder that may be the home, the checkpoints', or both. */
function lockFilesIn(folder: string): string[] {
  return [homeLockPath, setupLockPath, resumeLockPath, checkpointLockPath].flatMap((pathIn) =>
    lockFiles(pathIn(folder)),
  );
}

function placeOf(group: string, topic: string): string {
  return `the place of group ${group} in topic ${topic}`;
}
